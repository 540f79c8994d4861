"""Notes of a run: what is said again and again is counted."""

import asyncio

import virtual_time

from segment_pendo.cli.run.notes import Seldom


def test_the_same_note_is_told_once_a_second_with_its_number() -> None:
    told: list[str] = []

    async def main() -> None:
        seldom = Seldom(lambda text: told.append(f"{asyncio.get_running_loop().time():g} {text}"))
        for _ in range(3):
            seldom("a")
        seldom("b")
        await asyncio.sleep(1.5)
        seldom("a")
        await asyncio.sleep(10)
        seldom("a")
        seldom("a")
        seldom.finish()

    virtual_time.run(main())
    assert told == ["0 a", "0 b", "1 a (2 times more)", "2 a (1 time more)", "11.5 a", "11.5 a (1 time more)"]
