"""The outbox: order, retries over hours of a clock that is handed in, restarts, other destinations."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import virtual_time

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.retries import AT_SEGMENT, Schedule
from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering.delivery import Delivery
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.outbox import Elsewhere
from segment_pendo.words import Attempt, CallRef, Receipt, SdkRequest, Webhook

type Pendo = Callable[[Webhook], Answer]


def receipt(name: str, *users: str) -> Receipt:
    calls = [
        {"type": "identify", "userId": user, "messageId": f"{name}.{at}"} for at, user in enumerate(users)
    ]
    at = datetime.fromtimestamp(virtual_time.clock(), UTC)
    return assess(
        SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode()),
        id=name,
        at=at,
        setup=Setup(),
    )


class Run:
    """Delivers what a store holds to a Pendo in this process, and keeps what arrived."""

    def __init__(self, store: Store, pendo: Pendo, how: How | None = None, *, at_once: bool = False) -> None:
        self.heard: list[tuple[CallRef, Attempt]] = []
        self.arrived: dict[str, list[str]] = defaultdict(list)
        self.times: list[float] = []
        self._pendo = pendo
        self._began = virtual_time.clock()
        self.delivery = Delivery(
            "pendo.test",
            lambda _client: self._send,
            store,
            lambda ref, attempt: self.heard.append((ref, attempt)),
            how=how,
            at_once=lambda: at_once,
            clock=virtual_time.clock,
        )

    async def _send(self, webhook: Webhook) -> Answer:
        self.times.append(virtual_time.clock() - self._began)
        answer = self._pendo(webhook)
        if not answer.wrong:
            event = json.loads(webhook.body)
            self.arrived[event["userId"]].append(event["messageId"])
        return answer

    async def to_the_end(self, seconds: float | None = None) -> int:
        await self.delivery.start()
        left = await self.delivery.drain(seconds)
        await self.delivery.close()
        return left


def failing(until: float, status: int = 503, **headers: str) -> Pendo:
    """A Pendo that fails until so many seconds have passed."""

    def pendo(_webhook: Webhook) -> Answer:
        if virtual_time.clock() - virtual_time.BEGAN < until:
            return Answer(status, f"pendo.test answered {status}", b"no", headers=tuple(headers.items()))
        return Answer(200)

    return pendo


def ok(_webhook: Webhook) -> Answer:
    return Answer(200)


def take(store: Store, *receipts: Receipt) -> None:
    for taken in receipts:
        store.take(taken)


@pytest.mark.parametrize("at_once", [False, True])
def test_ten_minutes_of_503_are_lived_through_in_order(*, at_once: bool) -> None:
    async def main() -> Run:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, failing(600), How(Schedule(AT_SEGMENT)), at_once=at_once)
            take(store, receipt("r-1", *"abab"), receipt("r-2", *"abc"))
            assert await run.to_the_end() == 0
            assert store.calls.states() == {"delivered": 7}
            first = store.calls.one("r-1.0")
            assert first is not None
            story = [(attempt.number, attempt.status, attempt.state) for attempt in first.attempts]
            assert story[0] == (1, 503, "waiting")
            assert story[-1] == (len(story), 200, "delivered")
            assert first.attempts[0].answer == b"no"
            assert first.row["delivery"] == {"state": "delivered", "status": 200, "attempts": len(story)}
            return run

    run = virtual_time.run(main())
    assert run.arrived == {"a": ["r-1.0", "r-1.2", "r-2.0"], "b": ["r-1.1", "r-1.3", "r-2.1"], "c": ["r-2.2"]}
    assert run.times[-1] > 600


@pytest.mark.parametrize("at_once", [False, True])
def test_who_waits_for_a_retry_holds_up_nobody_else(*, at_once: bool) -> None:
    def pendo(webhook: Webhook) -> Answer:
        return Answer(503, "pendo.test answered 503") if b'"slow"' in webhook.body else Answer(200)

    async def main() -> tuple[Run, int]:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, pendo, How(Schedule(1000), concurrency=2), at_once=at_once)
            take(store, receipt("r-1", *["slow"] * 500), receipt("r-2", *"abc" * 10))
            return run, await run.to_the_end(1)

    run, left = virtual_time.run(main())
    assert [len(run.arrived[user]) for user in "abc"] == [10, 10, 10]
    assert left == 500
    assert run.times[30] <= 1


def test_after_the_window_a_webhook_is_dead_and_the_next_one_has_its_turn() -> None:
    async def main() -> tuple[Run, list[str]]:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, failing(31), How(Schedule(30)))
            take(store, receipt("r-1", "a", "a"))
            assert await run.to_the_end() == 0
            return run, [str(row["delivery"]["detail"]) for row in store.calls.page().calls]  # type: ignore[index, call-overload]

    run, details = virtual_time.run(main())
    assert run.arrived == {}
    dead = [(ref.index, attempt.number) for ref, attempt in run.heard if attempt.state == "dead"]
    assert [index for index, _ in dead] == [0, 1]
    assert dead[1][1] == 1, "its window has passed meanwhile, but it is tried"
    assert details[0].startswith("pendo.test answered 503; given up after ")
    assert details[0].endswith(" attempts in 30 s; Segment would try for four hours")


@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (403, 1), (404, 1), (501, 1), (307, 1), (429, 9)])
def test_what_segment_does_not_try_again_has_one_attempt(status: int, attempts: int) -> None:
    async def main() -> Run:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, failing(1e9, status))
            take(store, receipt("r-1", "a"))
            await run.to_the_end()
            return run

    heard = virtual_time.run(main()).heard
    assert heard[-1][1].state == "dead"
    assert (len(heard) == 1) is (attempts == 1)


def test_retry_after_is_obeyed_and_told_where_the_window_is_too_short() -> None:
    async def main(wait: str) -> Run:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, failing(1, 429, **{"Retry-After": wait}))
            take(store, receipt("r-1", "a"))
            await run.to_the_end()
            return run

    run = virtual_time.run(main("12"))
    assert run.times == pytest.approx([0, 12])
    ((_, attempt),) = virtual_time.run(main("60")).heard
    assert attempt.detail == (
        "pendo.test answered 429; given up: it asks to wait 60 s, more than is left of 30 s"
    )


def test_one_seed_gives_the_same_pauses_and_another_gives_others() -> None:
    async def main(seed: int) -> list[float]:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, failing(20), How(seed=seed))
            take(store, receipt("r-1", *"abc"))
            await run.to_the_end()
            return run.times

    times = [virtual_time.run(main(seed)) for seed in (1, 1, 2)]
    assert times[0] == times[1] != times[2]


def test_a_rate_spreads_the_posts() -> None:
    async def main() -> list[float]:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            run = Run(store, ok, How(rate=2))
            take(store, receipt("r-1", *"abcde"))
            await run.to_the_end()
            return run.times

    assert virtual_time.run(main()) == pytest.approx([0, 0.5, 1, 1.5, 2])


def test_what_waits_is_counted_by_an_index_alone() -> None:
    async def main() -> None:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            first = receipt("r-1", *"abab")
            take(store, first, receipt("r-2", *"ab"))
            assert (store.outbox.left(), store.outbox.oldest()) == (6, first.at)
            question = "explain query plan select count(*) from calls c where c.state = 'waiting'"
            ((*_, plan),) = store.database.execute(question).fetchall()
        assert plan.endswith("USING COVERING INDEX calls_waiting"), "or each health looks at every call"

    virtual_time.run(main())


def test_the_next_run_delivers_what_the_last_one_left_to_this_destination_only(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"

    def opened(name: str, key: str) -> Store:
        return Store(path, setup=Setup(), destination=name, fingerprint=key, clock=virtual_time.clock)

    async def main() -> None:
        with closing(opened("us", "k1")) as store:
            take(store, receipt("r-1", *"abab"))
        for name, key in (("us", "k2"), ("eu", "k1")):
            with closing(opened(name, key)) as store:
                assert store.outbox.resume() == 0
                assert store.outbox.elsewhere() == [Elsewhere("us", 4)]
                run = Run(store, ok)
                assert (store.outbox.left(), store.outbox.oldest()) == (0, None)
                came = receipt(f"{name}-{key}", "a")
                take(store, came)
                assert (store.outbox.left(), store.outbox.oldest()) == (1, came.at)
                assert await run.to_the_end() == 0
                assert run.arrived == {"a": [f"{name}-{key}.0"]}
                assert store.calls.states()["delivered"] == 1 + (name == "eu")
        with closing(opened("us", "k1")) as store:
            assert store.outbox.resume() == 4
            run = Run(store, ok)
            assert await run.to_the_end() == 0
            assert run.arrived == {"a": ["r-1.0", "r-1.2"], "b": ["r-1.1", "r-1.3"]}

    virtual_time.run(main())


def test_bytes_that_are_made_again_are_the_bytes_that_were_accepted(tmp_path: Path) -> None:
    sent: list[bytes] = []

    def pendo(webhook: Webhook) -> Answer:
        sent.append(webhook.body)
        return Answer(200)

    async def main() -> Sequence[bytes]:
        path = tmp_path / "store.sqlite3"
        with closing(Store(path, setup=Setup(), clock=virtual_time.clock)) as store:
            taken = receipt("r-1", "a", "b", "\ud83d")
            store.take(taken)
        with closing(Store(path, setup=Setup(), clock=virtual_time.clock)) as store:
            store.outbox.resume()
            await Run(store, pendo).to_the_end()
        return [judged.webhook.body for judged in taken.judged if judged.webhook]

    assert sorted(virtual_time.run(main())) == sorted(sent)


def test_what_another_version_kept_is_given_up_and_the_rest_goes_on() -> None:
    async def main() -> list[tuple[int, str]]:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:
            take(store, receipt("r-1", "a"), receipt("r-2", "a"))
            store.database.execute('update receipts set setup = \'{"model": {"x": "y"}}\' where id = \'r-1\'')
            run = Run(store, ok)
            assert await run.to_the_end() == 0
            return [(ref.index, attempt.state) for ref, attempt in run.heard]

    assert virtual_time.run(main()) == [(0, "dead"), (0, "delivered")]


def test_what_is_cleared_while_it_is_sent_is_no_error() -> None:
    async def main() -> None:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:

            def pendo(_webhook: Webhook) -> Answer:
                store.clear()
                return Answer(200)

            run = Run(store, pendo)
            take(store, receipt("r-1", "a", "a"))
            assert await run.to_the_end() == 0
            assert store.calls.totals() == {"requests": 0, "refused": 0, "calls": 0}
            counts = store.database.execute(
                "select (select count(*) from attempts) + (select count(*) from chains)"
            )
            assert counts.fetchone() == (0,)

    virtual_time.run(main())


def test_of_what_is_delivered_together_only_what_is_still_there_is_kept() -> None:
    async def main() -> None:
        with closing(Store(None, setup=Setup(), clock=virtual_time.clock)) as store:

            def pendo(webhook: Webhook) -> Answer:
                if b'"b"' in webhook.body:
                    store.clear_session("s-1")
                return Answer(200)

            mine, other = receipt("r-1", *"abc"), receipt("r-2", *"de")
            run = Run(store, pendo, at_once=True)
            take(store, mine, replace(other, request=replace(other.request, session="s-1")))
            assert await run.to_the_end() == 0
            assert store.calls.states() == {"delivered": 3}
            kept = store.database.execute("select n, place from attempts").fetchall()
            assert sorted(kept) == [(1, 0), (1, 64), (1, 128)]
            assert store.database.execute("select open from receipts").fetchall() == [(0,)]
            assert store.database.execute("select count(*) from chains").fetchone() == (0,)
            taken = {str(ref): attempt.state for ref, attempt in run.heard}
            assert taken == dict.fromkeys(["r-1.0", "r-1.1", "r-1.2", "r-2.0", "r-2.1"], "delivered")

    virtual_time.run(main())


def test_without_an_order_a_seed_says_which_comes_first() -> None:
    async def main(seed: int) -> list[str]:
        with closing(
            Store(None, setup=Setup(), clock=virtual_time.clock, shuffle=random.Random(seed))
        ) as store:
            run = Run(store, ok, How(concurrency=1, ordered=False))
            take(store, receipt("r-1", *"aaaa"), receipt("r-2", *"aaaa"))
            assert await run.to_the_end() == 0
            assert run.times[-1] <= 1
            return run.arrived["a"]

    orders = [virtual_time.run(main(seed)) for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2])
    assert orders[0] != [f"r-{number}.{index}" for number in (1, 2) for index in range(4)]
