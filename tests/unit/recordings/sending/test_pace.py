"""The pace of a replay, and its order."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.recordings.sending.pace import Item, Pace, replay

START = datetime(2024, 5, 9, 10, tzinfo=UTC)


def due(pace: Pace, *seconds: float) -> list[float]:
    return [round(pace.due(START + timedelta(seconds=after)), 3) for after in seconds]


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), [0, 0, 0, 0]),
        (Pace(speed=1), [0, 1, 61, 61]),
        (Pace(speed=10), [0, 0.1, 6.1, 6.1]),
        (Pace(speed=1, max_gap=5), [0, 1, 6, 6]),
        (Pace(speed=10, max_gap=5), [0, 0.1, 0.6, 0.6]),
        (Pace(rate=2), [0, 0.5, 1, 1.5]),
        (Pace(speed=1, rate=2), [0, 1, 61, 61.5]),
    ],
)
def test_when_what_is_due(pace: Pace, expected: list[float]) -> None:
    # The last is received before the one before it: never a step back.
    assert due(pace, 0, 1, 61, 60) == expected


@given(
    st.lists(st.floats(0, 1e5), min_size=1, max_size=30),
    st.floats(0, 100),
    st.none() | st.floats(0, 50),
    st.none() | st.floats(0.1, 1e3),
)
def test_time_never_runs_back(
    seconds: list[float], speed: float, max_gap: float | None, rate: float | None
) -> None:
    times = due(Pace(speed, max_gap, rate), *seconds)
    assert times == sorted(times)
    assert times[0] == 0


def run(
    items: Iterator[Item], *, concurrency: int, stop_after: int | None = None
) -> tuple[list[tuple[int, str]], int | None]:
    ended: list[tuple[int, str]] = []

    async def main() -> int | None:
        stop = asyncio.Event()

        def told(item: Item, wrong: str) -> None:
            ended.append((item.line, wrong))
            if len(ended) == stop_after:
                stop.set()

        return await replay(items, Pace(), told, concurrency=concurrency, stop=stop)

    return ended, asyncio.run(main())


@given(st.lists(st.sampled_from("abc"), max_size=40), st.integers(1, 5), st.integers(0, 9))
def test_every_item_is_sent_once_and_in_order_within_its_chain(
    chains: list[str], concurrency: int, seed: int
) -> None:
    dice = random.Random(seed)
    live, most = 0, 0
    sent: defaultdict[str, list[int]] = defaultdict(list)

    def items() -> Iterator[Item]:
        for line, chain in enumerate(chains):

            async def send(line: int = line, chain: str = chain) -> str:
                nonlocal live, most
                live += 1
                most = max(most, live)
                for _ in range(dice.randint(0, 3)):
                    await asyncio.sleep(0)
                sent[chain].append(line)
                live -= 1
                return ""

            yield Item(line, START, chain, send)

    ended, left = run(items(), concurrency=concurrency)
    assert left is None
    assert sorted(line for line, _ in ended) == list(range(len(chains)))
    assert all(lines == sorted(lines) for lines in sent.values())
    assert most <= concurrency


def test_what_is_read_stays_little_ahead_of_what_is_sent() -> None:
    read = ended = ahead = 0

    async def send() -> str:
        nonlocal ended
        await asyncio.sleep(0)
        ended += 1
        return ""

    def items() -> Iterator[Item]:
        nonlocal read, ahead
        for line in range(2000):
            read += 1
            ahead = max(ahead, read - ended)
            yield Item(line, START, "same", send)

    run(items(), concurrency=8)
    assert ended == 2000
    assert ahead <= 10


def test_a_stop_ends_what_is_on_its_way_and_names_the_next() -> None:
    sent: list[int] = []

    def items() -> Iterator[Item]:
        for line in range(100):

            async def send(line: int = line) -> str:
                await asyncio.sleep(0)
                sent.append(line)
                return "" if line % 2 else "no"

            yield Item(line, START, str(line % 3), send)

    ended, left = run(items(), concurrency=4, stop_after=10)
    assert left is not None
    assert sorted(sent) == list(range(left)), "nothing before it is missing, nothing after it was sent"
    assert sorted(ended) == [(line, "" if line % 2 else "no") for line in range(left)]
