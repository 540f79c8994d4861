"""The schedule of attempts, as a function of numbers."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.segment.retries import AT_SEGMENT, Schedule, retry_after

AT = datetime(2024, 5, 9, 10, 0, 0, tzinfo=UTC)
seconds = st.floats(0, 1e5)
draws = st.floats(0, 1, exclude_max=True)


def attempts(window: float, draw: float = 0.5, lasting: float = 0.0) -> list[float]:
    """When each attempt is made, from 0, if each of them fails after `lasting` seconds."""
    due: float | None = 0.0
    made: list[float] = []
    while due is not None:
        made.append(due)
        due = Schedule(window).next(len(made), since=0, now=due + lasting, draw=draw)
    return made


def test_nine_attempts_fill_the_window_and_pauses_double() -> None:
    made = attempts(AT_SEGMENT)
    assert len(made) == 9
    assert made[-1] == pytest.approx(AT_SEGMENT)
    assert AT_SEGMENT == 4 * 3600
    pauses = [after - before for before, after in pairwise(made)]
    assert pauses == pytest.approx([AT_SEGMENT / 255 * 2**number for number in range(8)])


def test_the_schedule_scales_with_the_window() -> None:
    assert [at * 120 for at in attempts(30)] == pytest.approx(attempts(3600))


def test_without_a_window_there_is_one_attempt() -> None:
    assert attempts(0) == [0]


def test_attempts_that_last_as_long_as_the_timeout_end_with_the_window() -> None:
    made = attempts(30, lasting=10)
    assert made[-1] <= 30
    assert len(made) == 3


@given(window=seconds, count=st.integers(1, 10_000), now=seconds, draw=draws, after=st.none() | seconds)
def test_the_next_attempt_lies_in_the_window_and_no_sooner_than_was_asked(
    window: float, count: int, now: float, draw: float, after: float | None
) -> None:
    due = Schedule(window).next(count, since=0, now=now, draw=draw, after=after)
    if due is None:
        assert now >= window or (after is not None and now + after > window)
    else:
        assert now < window
        assert now <= due <= window
        assert after is None or due >= min(now + after, window)


@given(draw=draws, again=draws)
def test_the_pause_is_random_within_its_bounds(draw: float, again: float) -> None:
    first, other = (Schedule(255).next(1, since=0, now=0, draw=number) for number in (draw, again))
    assert first is not None
    assert other is not None
    assert (draw < again) <= (first <= other)
    assert 0.5 <= first <= 1.5


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("2", 2),
        (" 1.5 ", 1.5),
        ("-3", 0),
        ("Thu, 09 May 2024 10:00:07 GMT", 7),
        ("Thu, 09 May 2024 10:00:07", 7),
        ("Wed, 08 May 2024 10:00:07 GMT", 0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("1e999", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(value: str, wait: float | None) -> None:
    assert retry_after((("X", "1"), ("retry-After", value)), AT) == wait


@given(st.text())
def test_any_retry_after_is_a_number_or_nothing(value: str) -> None:
    wait = retry_after((("Retry-After", value),), AT)
    assert wait is None or wait >= 0


def test_no_retry_after_asks_for_nothing() -> None:
    assert retry_after((), AT) is None
