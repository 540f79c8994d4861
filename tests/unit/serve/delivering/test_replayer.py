"""The replayer: a crash at any moment, its pace, what nobody takes; hours of a clock that is handed in."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
import virtual_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import RecordedCall
from segment_pendo.recordings.reading.mapped_file import Options
from segment_pendo.recordings.sending.pace import Pace
from segment_pendo.recordings.sending.resend import Outgoing, Resend
from segment_pendo.recordings.sending.source import source_of_text
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering import replayer as replaying
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.delivering.replayer import Replayer
from segment_pendo.serve.store.replay import Dead, ReplayStore
from segment_pendo.words import Webhook

type Pendo = Callable[[Webhook], Answer]

AT = datetime(2024, 5, 9, 10, tzinfo=UTC)


class Killed(BaseException):
    """The process is killed: nothing after this happens."""


def ok(_webhook: Webhook) -> Answer:
    return Answer(200)


def resend(users: str) -> Resend:
    calls = [
        json.dumps({"type": "identify", "userId": user, "messageId": f"{user}{place}"})
        for place, user in enumerate(users)
    ]
    return Resend(source_of_text("\n".join(calls).encode(), "calls", Options(AT, Setup())))


def opened(path: Path | None) -> ReplayStore:
    return ReplayStore(path, setup=Setup(), destination="pendo.test", clock=virtual_time.clock)


class Arrived:
    """What arrives at a Pendo in this process."""

    def __init__(self, pendo: Pendo = ok) -> None:
        self.ids: list[str] = []
        self.times: list[float] = []
        self.tried = 0
        self._pendo = pendo

    async def send(self, webhook: Webhook) -> Answer:
        self.tried += 1
        answer = self._pendo(webhook)
        if not answer.wrong:
            self.ids.append(json.loads(webhook.body)["messageId"])
            self.times.append(virtual_time.clock() - virtual_time.BEGAN)
        return answer

    @property
    def in_chains(self) -> dict[str, list[str]]:
        chains: dict[str, list[str]] = defaultdict(list)
        for name in self.ids:
            chains[name[0]].append(name)
        return chains


def replayer(
    items: Iterator[Outgoing],
    store: ReplayStore,
    arrived: Arrived,
    how: How | None = None,
    pace: Pace | None = None,
) -> Replayer:
    return Replayer(
        items,
        store,
        pace or Pace(),
        "pendo.test",
        lambda _client: arrived.send,
        lambda _ref, _attempt: None,
        setup=Setup(),
        how=how or How(),
        clock=virtual_time.clock,
    )


def in_chains(users: str) -> dict[str, list[str]]:
    chains: dict[str, list[str]] = defaultdict(list)
    for place, user in enumerate(users):
        chains[user].append(f"{user}{place}")
    return chains


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "_GROUP", 3)


@pytest.mark.usefixtures("small_groups")
@pytest.mark.parametrize("after", range(21))
def test_after_a_crash_at_any_boundary_the_rest_is_sent_once(after: int, tmp_path: Path) -> None:
    users, path = "abcadbeabcfagbcahiab", tmp_path / "store.sqlite3"
    arrived = Arrived()

    def until_the_crash() -> Iterator[Outgoing]:
        for place, item in enumerate(resend(users).webhooks()):
            if place == after:
                raise Killed
            yield item

    async def main() -> None:
        with closing(opened(path)) as store:
            if after < len(users):
                with pytest.raises(Killed):
                    await replayer(until_the_crash(), store, arrived).run()
            else:
                assert await replayer(until_the_crash(), store, arrived).run()
            assert store.accepted == (max(0, after - 1) // 3 * 3 if after < len(users) else after)
            before = store.delivered
            assert before == len(arrived.ids)
        with closing(opened(path)) as store:
            store.resume()
            assert store.delivered == before
            assert await replayer(resend(users).webhooks(), store, arrived).run()
            assert (store.delivered, store.left, store.dead_count) == (len(users), 0, 0)
            store.remove()

    virtual_time.run(main())
    assert arrived.in_chains == in_chains(users)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("small_groups")
def test_after_a_kill_only_what_was_on_its_way_is_sent_again(tmp_path: Path) -> None:
    users, concurrency = "abcdefghij" * 20, 4
    path, copy = tmp_path / "store.sqlite3", tmp_path / "copy.sqlite3"
    arrived = Arrived()

    def pendo(_webhook: Webhook) -> Answer:
        if arrived.tried == 77:  # what a kill leaves is what the file has at this moment
            for end in ("", "-wal"):
                Path(f"{copy}{end}").write_bytes(Path(f"{path}{end}").read_bytes())
        return Answer(200)

    arrived = Arrived(pendo)

    async def main() -> tuple[Counter[str], Counter[str]]:
        with closing(opened(path)) as store:
            await replayer(resend(users).webhooks(), store, arrived, How(concurrency=concurrency)).run()
        before = Counter(arrived.ids[:77])
        again = Arrived()
        with closing(opened(copy)) as store:
            store.resume()
            assert await replayer(resend(users).webhooks(), store, again).run()
        return before, Counter(again.ids)

    before, after = virtual_time.run(main())
    both = before + after
    assert set(both) == {name for names in in_chains(users).values() for name in names}
    doubled = [name for name, count in both.items() if count > 1]
    assert len(doubled) <= concurrency
    assert max(after.values()) == 1


@pytest.mark.usefixtures("small_groups")
@given(st.text("abcd", min_size=1, max_size=40), st.integers(0, 40))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_at_a_time_they_go_in_the_order_of_the_source_also_after_a_stop(users: str, after: int) -> None:
    async def main(path: Path) -> list[str]:
        run: Replayer

        def pendo(_webhook: Webhook) -> Answer:
            if arrived.tried == after:
                run.stop()
            return Answer(200)

        arrived = Arrived(pendo)
        for _ in range(2):
            with closing(opened(path)) as store:
                store.resume()
                run = replayer(resend(users).webhooks(), store, arrived, How(concurrency=1))
                await run.run()
        return arrived.ids

    with TemporaryDirectory() as folder:
        ids = virtual_time.run(main(Path(folder, "store.sqlite3")))
    assert ids == [f"{user}{place}" for place, user in enumerate(users)]


def test_what_is_tried_again_has_its_turn_before_what_is_new() -> None:
    failed: list[float] = []

    def pendo(webhook: Webhook) -> Answer:
        if b'"a"' in webhook.body and len(failed) < 3:
            failed.append(virtual_time.clock())
            return Answer(503, "pendo.test answered 503")
        return Answer(200)

    async def main() -> Arrived:
        arrived = Arrived(pendo)
        with closing(opened(None)) as store:
            await replayer(resend("a" + "bcdefghij" * 50).webhooks(), store, arrived, How(rate=10)).run()
        return arrived

    arrived = virtual_time.run(main())
    assert arrived.ids.index("a0") < 50, "not after the other 450"


def test_no_window_has_passed_when_its_turn_comes() -> None:
    """A webhook that waited for minutes because of the rate is tried again as often as the first."""
    tried: Counter[bytes] = Counter()

    def pendo(webhook: Webhook) -> Answer:
        tried[webhook.body] += 1
        return Answer(200) if tried[webhook.body] > 3 else Answer(503, "pendo.test answered 503")

    async def main() -> Arrived:
        arrived = Arrived(pendo)
        with closing(opened(None)) as store:
            assert await replayer(resend("abcdefghij" * 30).webhooks(), store, arrived, How(rate=5)).run()
            assert store.dead_count == 0
        return arrived

    arrived = virtual_time.run(main())
    assert arrived.in_chains == in_chains("abcdefghij" * 30)
    assert arrived.times[-1] > 200


def test_what_nobody_takes_for_a_whole_window_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    users = "abcd" * 50

    def down(_webhook: Webhook) -> Answer:
        is_up = virtual_time.clock() - virtual_time.BEGAN < 1
        return Answer(200) if is_up else Answer(503, "pendo.test answered 503")

    async def main() -> Arrived:
        arrived = Arrived(down)
        with closing(opened(path)) as store:
            first = replayer(resend(users).webhooks(), store, arrived, How(Schedule(30), rate=20))
            assert await first.run() is False
            assert first.gave_up
            assert virtual_time.clock() - virtual_time.BEGAN < 70
            assert store.delivered == len(arrived.ids) > 0
            assert store.dead_count <= 4
        later = Arrived()
        with closing(opened(path)) as store:
            store.resume()
            assert store.dead_count == 0
            assert await replayer(resend(users).webhooks(), store, later).run()
        later.ids = [*arrived.ids, *later.ids]
        return later

    assert virtual_time.run(main()).in_chains == in_chains(users)


@pytest.mark.parametrize(
    ("users", "how", "headers"),
    [
        ("a" * 100, How(Schedule(30)), ()),
        ("ab" * 50 + "a" * 20, How(Schedule(30)), ()),
        ("abcdefghij" * 10, How(Schedule(0), concurrency=1), ()),
        ("abcdefghij" * 10, How(Schedule(30), concurrency=1), (("Retry-After", "3600"),)),
    ],
    ids=["one user", "the last user", "one attempt only", "a long Retry-After"],
)
def test_one_that_is_never_taken_does_not_stop_the_others(
    users: str, how: How, headers: tuple[tuple[str, str], ...]
) -> None:
    def pendo(webhook: Webhook) -> Answer:
        is_bad = json.loads(webhook.body)["messageId"] == "a50"
        return Answer(503, "pendo.test answered 503", headers=headers) if is_bad else Answer(200)

    async def main() -> None:
        arrived = Arrived(pendo)
        with closing(opened(None)) as store:
            run = replayer(resend(users).webhooks(), store, arrived, how)
            assert await run.run()
            assert not run.gave_up
            assert (store.delivered, list(store.undelivered())) == (len(users) - 1, [50])

    virtual_time.run(main())


def test_bad_luck_with_one_attempt_each_does_not_stop_the_others() -> None:
    draw = Random(0)

    def pendo(_webhook: Webhook) -> Answer:
        return Answer(503, "pendo.test answered 503") if draw.random() < 0.3 else Answer(200)

    async def main() -> None:
        with closing(opened(None)) as store:
            how = How(Schedule(0), concurrency=2)
            assert await replayer(resend("abcdefghij" * 100).webhooks(), store, Arrived(pendo), how).run()
            assert store.delivered + store.dead_count == 1000

    virtual_time.run(main())


def test_one_whom_pendo_refuses_stops_nobody_and_is_named() -> None:
    def pendo(webhook: Webhook) -> Answer:
        return Answer(400, "pendo.test answered 400") if b'"b"' in webhook.body else Answer(200)

    async def main() -> list[Dead]:
        with closing(opened(None)) as store:
            arrived = Arrived(pendo)
            assert await replayer(resend("abacab").webhooks(), store, arrived).run()
            assert arrived.in_chains == {"a": ["a0", "a2", "a4"], "c": ["c3"]}
            assert list(store.undelivered()) == [1, 5]
            rows = store.store.calls.page({"user": "b"}).calls
            assert [(row["type"], row["user"], row["id"]) for row in rows] == [
                ("identify", "b", "2.0"),
                ("identify", "b", "6.0"),
            ]
            return list(store.dead())

    why = "pendo.test answered 400; Segment would not try again"
    assert virtual_time.run(main()) == [(1, "2", why), (5, "6", why)]


def test_a_replay_that_is_refused_from_the_beginning_ends_soon() -> None:
    async def main() -> int:
        with closing(opened(None)) as store:
            arrived = Arrived(lambda _webhook: Answer(403, "pendo.test answered 403"))
            run = replayer(resend("abcdefghij" * 100).webhooks(), store, arrived)
            assert await run.run() is False
            return arrived.tried

    assert virtual_time.run(main()) < 150


def test_the_pace_is_that_of_the_recording() -> None:
    async def main() -> list[float]:
        items = [
            item._replace(call=_moved(item, seconds))
            for item, seconds in zip(resend("abc").webhooks(), (0, 60, 61), strict=True)
        ]
        arrived = Arrived()
        with closing(opened(None)) as store:
            await replayer(iter(items), store, arrived, pace=Pace(speed=2, max_gap=20)).run()
        return arrived.times

    assert virtual_time.run(main()) == pytest.approx([0, 10, 10.5], abs=0.01)


def _moved(item: Outgoing, seconds: float) -> RecordedCall:
    return replace(item.call, at=AT + timedelta(seconds=seconds))


@pytest.mark.usefixtures("small_groups")
def test_the_store_runs_ahead_only_so_far_and_forgets_what_was_delivered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replaying, "_AHEAD", 20)
    read = ahead = most = 0

    async def main() -> None:
        nonlocal read
        arrived = Arrived()

        def items() -> Iterator[Outgoing]:
            nonlocal read, ahead, most
            for item in resend("abcdefghij" * 50).webhooks():
                read += 1
                ahead = max(ahead, read - len(arrived.ids))
                (count,) = store.store.database.execute("select count(*) from bodies").fetchone()
                most = max(most, count)
                yield item

        with closing(opened(None)) as store:
            assert await replayer(items(), store, arrived, How(rate=100)).run()
            assert store.delivered == len(arrived.ids) == 500

    virtual_time.run(main())
    assert ahead <= 20 + 2 * 3 + 1
    assert most <= 20 + 3 * 3


def test_a_stop_ends_what_is_on_its_way() -> None:
    async def main() -> None:
        with closing(opened(None)) as store:
            run: Replayer

            def pendo(_webhook: Webhook) -> Answer:
                run.stop()
                return Answer(200)

            arrived = Arrived(pendo)
            run = replayer(resend("abcdef").webhooks(), store, arrived, How(concurrency=2, rate=10))
            assert await run.run() is False
            assert not run.gave_up
            assert store.delivered == len(arrived.ids) == 1

    virtual_time.run(main())
