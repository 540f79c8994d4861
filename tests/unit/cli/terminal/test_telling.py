"""Lines in the order of calls, each when its delivery has ended; later deliveries only where they fail."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import virtual_time

from segment_pendo.cli.terminal.telling import PATIENCE, Telling
from segment_pendo.explain.telling.call_line import CallLine, End
from segment_pendo.words import Attempt, State

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def line(who: str, end: End = "whole") -> CallLine:
    return CallLine(AT, "identify", who, "wait", "good", (), end)


def attempt(state: State, status: int | None = 200, number: int = 1) -> Attempt:
    return Attempt(number, AT, status, "" if state == "delivered" else "the reason", state)


def told(what: Callable[[Telling], Awaitable[None]]) -> tuple[list[str], Telling]:
    """The lines that are shown meanwhile, with the second in which they are."""
    shown: list[str] = []

    async def main() -> Telling:
        def show(line: CallLine) -> None:
            second = asyncio.get_running_loop().time()
            words = " ".join(word.text for word in line.words)
            shown.append(f"{second:g} {line.kind} {line.who} {line.outcome} {words}".rstrip())

        telling = Telling(show)
        await what(telling)
        return telling

    return shown, virtual_time.run(main())


def test_lines_keep_the_order_of_calls_and_wait_for_their_deliveries() -> None:
    async def what(telling: Telling) -> None:
        telling.call("1", line("ann"))
        telling.call("2", line("bob", "lost"))
        telling.call("3", line("cid", "part"))
        telling.settle_later(["1", "2", "3"])
        telling.delivery("3", attempt("delivered"))
        await asyncio.sleep(0.5)
        telling.delivery("1", attempt("dead", 403))

    shown, telling = told(what)
    assert shown == ["0.5 identify ann 403 the reason", "0.5 identify bob wait", "0.5 identify cid 200"]
    assert telling.ends == {"lost": 1, "part": 1, "refused": 1}
    assert telling.on_way == 0


def test_a_line_does_not_wait_for_long_and_a_later_success_is_no_news() -> None:
    async def what(telling: Telling) -> None:
        telling.call("1", line("ann"))
        telling.settle_later(["1"])
        await asyncio.sleep(10)
        telling.delivery("1", attempt("delivered"))
        await asyncio.sleep(10)

    shown, telling = told(what)
    assert shown == [f"{PATIENCE:g} identify ann wait"]
    assert telling.ends == {"whole": 1}


def test_failures_that_come_later_are_one_line_a_second() -> None:
    names = [str(number) for number in range(8)]

    async def what(telling: Telling) -> None:
        for name in names:
            telling.call(name, line(f"u{name}"))
        telling.settle_later(names)
        await asyncio.sleep(10)
        for name in names[:4]:
            telling.delivery(name, attempt("waiting", 503))
        for name in names[4:6]:
            telling.delivery(name, attempt("dead", None))
        await asyncio.sleep(10)
        telling.delivery("0", attempt("waiting", 503, number=2))  # that it goes on failing is no news
        await asyncio.sleep(10)
        telling.delivery("0", attempt("delivered", number=3))
        telling.delivery("6", attempt("delivered"))
        await asyncio.sleep(10)

    shown, telling = told(what)
    assert shown[8:] == [
        "10 delivery u0 503 the reason",
        "11 delivery 5 webhooks  3 to be tried again, 2 given up",
        "31 delivery 1 webhook  1 delivered after all",
    ]
    assert telling.ends == {"unanswered": 2, "whole": 2}
    assert telling.on_way == 4


def test_a_first_failure_stands_in_the_line_and_its_success_is_told_later() -> None:
    async def what(telling: Telling) -> None:
        telling.call("1", line("ann"))
        telling.delivery("1", attempt("waiting", 503))
        await asyncio.sleep(5)
        telling.delivery("1", attempt("delivered", number=2))
        telling.finish()

    shown, telling = told(what)
    assert shown == ["0 identify ann 503 the reason", "5 delivery 1 webhook  1 delivered after all"]
    assert telling.ends == {"whole": 1}


def test_deliveries_of_earlier_calls_are_counted_apart() -> None:
    async def what(telling: Telling) -> None:
        telling.delivery("old", attempt("delivered"))
        telling.delivery("old-2", attempt("dead", 403))
        await asyncio.sleep(5)

    shown, telling = told(what)
    assert shown == ["1 delivery call old-2 403 the reason"]
    assert (telling.earlier, telling.ends) == (1, {})


def test_the_end_shows_what_still_waits() -> None:
    async def what(telling: Telling) -> None:
        telling.call("1", line("ann"))
        telling.finish()

    shown, telling = told(what)
    assert shown == ["0 identify ann wait"]
    assert telling.on_way == 1


def test_a_delivery_may_be_told_before_its_call() -> None:
    async def what(telling: Telling) -> None:
        telling.delivery("1", attempt("waiting", 503))
        telling.delivery("1", attempt("dead", 403, number=2))
        telling.call("1", line("ann"))
        telling.settle_later(["1"])
        await asyncio.sleep(5)

    shown, telling = told(what)
    assert shown == ["0 identify ann 403 the reason"]
    assert (telling.ends, telling.on_way, telling.earlier) == ({"refused": 1}, 0, 0)


def test_many_lines_at_once_are_printed_in_turns_and_all_of_them() -> None:
    async def main(*, ends: bool) -> tuple[int, list[str]]:
        shown: list[str] = []
        telling = Telling(lambda line: shown.append(line.who))
        for number in range(1000):
            telling.call(str(number), line(str(number)))
        telling.settle()
        at_once = len(shown)
        if ends:
            telling.finish()
        else:
            await asyncio.sleep(0.1)  # of a clock that only counts
        return at_once, shown

    for ends in (False, True):
        at_once, shown = virtual_time.run(main(ends=ends))
        assert 0 < at_once < 500
        assert shown == [str(number) for number in range(1000)]
