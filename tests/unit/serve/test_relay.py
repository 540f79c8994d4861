"""The relay in turns: a long request holds nobody up, and every sink keeps the same."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from segment_pendo.base.steps import Prepared, Steps
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.relay import NotKept, Relay, SinkInSteps
from segment_pendo.words import Receipt, SdkRequest


def batch(*users: str) -> SdkRequest:
    calls = [{"type": "identify", "userId": user, "messageId": f"m-{user}"} for user in users]
    return SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode())


AT = datetime(2024, 5, 9, tzinfo=UTC)
MANY = batch(*map(str, range(2500)))


class Kept:
    """A sink that keeps all at once."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def take(self, receipt: Receipt) -> None:
        self.calls += [judged.call.member("userId") for judged in receipt.judged]


class KeptInSteps(Kept):
    """A sink that keeps a call a step; `at` is called with the number of each."""

    def __init__(self, at: Callable[[int], None] = lambda _: None) -> None:
        super().__init__()
        self._at = at

    def take_in_steps(self, receipt: Receipt) -> Steps[None]:
        for number, judged in enumerate(receipt.judged):
            self._at(number)
            self.calls.append(judged.call.member("userId"))
            yield None


def test_a_short_request_is_answered_while_a_long_one_is_worked_on() -> None:
    async def main() -> list[int]:
        ended: list[int] = []
        relay = Relay([KeptInSteps(), Kept()], setup=Setup())

        async def take(request: SdkRequest) -> None:
            receipt = await relay.receive_in_turns(request)
            ended.append(len(receipt.judged))

        await asyncio.gather(take(MANY), take(batch("a")), take(batch("b", "c")))
        return ended

    assert asyncio.run(main()) == [1, 2, 2500]


def test_in_turns_or_at_once_it_is_the_same() -> None:
    relays = [Relay([], setup=Setup()) for _ in range(2)]
    at_once, in_turns = relays[0].receive(MANY), asyncio.run(relays[1].receive_in_turns(MANY))
    for one, other in zip(at_once.judged, in_turns.judged, strict=True):
        assert (one.call, one.findings) == (other.call, other.findings)
        assert type(one.outcome) is type(other.outcome)
    assert at_once.reply == in_turns.reply


def test_who_hangs_up_in_between_leaves_all_sinks_with_the_same() -> None:
    async def main() -> tuple[Kept, Kept]:
        begun = asyncio.Event()
        first, last = KeptInSteps(lambda number: begun.set() if number == 1000 else None), KeptInSteps()
        task = asyncio.create_task(Relay([first, last], setup=Setup(), turn=0).receive_in_turns(MANY))
        await begun.wait()
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return first, last

    first, last = asyncio.run(main())
    assert len(first.calls) == 2500
    assert last.calls == first.calls


AGAIN = "Until it can be written, requests get the answer 500; SDKs send them again."


class Disk(Kept):
    """A keeper on a disk that may be full."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        yield None
        before = list(self.calls)

        def keep() -> None:
            if self.full:
                raise OSError(28, "No space left on device", "calls.jsonl")
            self.take(receipt)

        def undo() -> None:
            self.calls = before

        return Prepared(keep, undo)


def test_either_all_keep_a_request_or_none() -> None:
    told: list[str] = []
    first, second, other = Disk(), Disk(), Kept()
    relay = Relay([first, other, second], setup=Setup(), tell=told.append)
    relay.receive(batch("a"))
    second.full = True
    for _ in range(3):
        with pytest.raises(NotKept, match=r"No space left on device: calls\.jsonl"):
            relay.receive(batch("b", "c"))
    assert first.calls == second.calls == other.calls == ["a"]
    second.full = False
    again = relay.receive(batch("b", "c"))
    assert first.calls == second.calls == other.calls == ["a", "b", "c"]
    codes = {finding.code for judged in again.judged for finding in judged.findings}
    assert "DUPLICATE_MESSAGE_ID" not in codes
    assert (relay.lost, told) == (
        3,
        [
            f"No space left on device: calls.jsonl. {AGAIN}",
            "It can be written again; 3 requests got the answer 500.",
        ],
    )


def test_which_sinks_take_in_steps() -> None:
    assert isinstance(KeptInSteps(), SinkInSteps)
    assert not isinstance(Kept(), SinkInSteps)


def test_what_a_batch_shares_is_bounded() -> None:
    calls = [{"type": "identify", "userId": str(number)} for number in range(2500)]
    context = {"x": "y" * 380_000}
    body = json.dumps({"batch": calls, "context": context}).encode()
    receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup())
    sizes = [len(judged.webhook.body) for judged in receipt.judged if judged.webhook]
    assert 7_000_000 < sum(sizes) < 9_000_000
    told = [judged.skipped for judged in receipt.judged if judged.skipped]
    assert (len(told) + len(sizes), {skipped.code for skipped in told}) == (2500, {"shared_too_large"})
    assert "380,008 bytes of context, which its 2,500 calls would make 950 MB" in told[0].reason


def test_a_context_as_apps_share_it_is_not() -> None:
    calls = [{"type": "identify", "userId": str(number)} for number in range(2500)]
    body = json.dumps({"batch": calls, "context": {"x": "y" * 3000}}).encode()
    receipt = Relay([], setup=Setup()).receive(SdkRequest("POST", "/v1/batch", body=body))
    assert all(judged.webhook for judged in receipt.judged)
