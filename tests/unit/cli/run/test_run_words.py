"""What a run says at its start, and at its end."""

import asyncio
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from destinations import WHOLE, setup_of

from segment_pendo.cli.run.report import Reporter
from segment_pendo.cli.run.words import banner, summary
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Mode, Recorder
from segment_pendo.serve.session import Plan, Session
from segment_pendo.words import SdkRequest


def said(file: Path, mode: Mode = "over") -> str:
    async def main() -> str:
        plan = Plan(port=0, with_proxy=False, record=file, record_mode=mode)
        async with Session(plan, Reporter(StringIO(), "text")) as session:
            return "\n".join(banner(session))

    return asyncio.run(main())


def record(file: Path) -> None:
    recorder = Recorder(file, setup=Setup())
    request = SdkRequest("POST", "/v1/identify", body=b'{"userId":"a"}')
    recorder.take(assess(request, id="s", at=datetime(2024, 5, 9, 10, tzinfo=UTC), setup=Setup()))
    recorder.close()


def said_at_the_end(file: Path, mode: Mode = "over") -> list[str]:
    async def main() -> list[str]:
        plan = Plan(port=0, with_proxy=False, record=file, record_mode=mode)
        reporter, lines = Reporter(StringIO(), "text"), list[str]()
        async with Session(plan, reporter) as session:
            pass
        summary(session, reporter, lines.append)
        return lines

    return asyncio.run(main())


def test_a_run_without_a_call_says_what_became_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    assert said_at_the_end(file)[-1] == f"No call was recorded: {file} has none."
    record(file)
    before = file.read_bytes()
    left = f"No call was recorded: {file} was left as it is, with 1 call."
    assert said_at_the_end(file)[-1] == left
    assert said_at_the_end(file, "add")[-1] == f"No new call was recorded: {file} keeps what it had."
    assert file.read_bytes() == before


def test_the_first_mappings_are_named_with_their_triggers() -> None:
    some = {"name": "Orders\x1b", "trigger": f'type = "track" and event = "{"o" * 90}"', "mapping": WHOLE}

    async def main(count: int) -> list[str]:
        setup = setup_of(
            {"mappings": [{**some, "name": f"{number}{some['name']}"} for number in range(count)]}
        )
        async with Session(
            Plan(port=0, with_proxy=False, setup=setup), Reporter(StringIO(), "text")
        ) as session:
            return [*banner(session)]

    lines = asyncio.run(main(5))
    first = lines.index("Destination as in production: 5 mappings:")
    names, rest = lines[first + 1 : first + 4], lines[first + 4]
    assert [name[:36] for name in names] == [f'  {n}Orders\\x1b: type = "track" and ev' for n in range(3)]
    assert {len(name) for name in names} == {79}
    assert rest == "  and 2 more"
    assert not [line for line in asyncio.run(main(3)) if " more" in line]


def test_that_a_recording_is_written_again_is_said_beforehand(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    assert "written again" not in said(file)
    record(file)
    line = f"{file} has 1 call and is written again at a good end; --record-mode add keeps them."
    assert line in said(file).splitlines()
    assert "written again" not in said(file, "add")
