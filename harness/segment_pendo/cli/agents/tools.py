"""The tools: questions to a run on this machine, and to files of this folder. None of them sends anything on.

Whatever a verb of the command line answers is asked in a process of its own, which has none of our secrets.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Mapping
from pathlib import Path
from typing import Final, NoReturn

from segment_pendo.base.hosts import is_loopback
from segment_pendo.base.prose import many
from segment_pendo.cli.agents.pages import page
from segment_pendo.cli.failure import FOUND, Failure
from segment_pendo.cli.instance import chosen
from segment_pendo.cli.running import Answer, get
from segment_pendo.explain.rows import dumps
from segment_pendo.pendo.regions import LOOPBACK
from segment_pendo.serve.environment import without_secrets

__all__ = ["Refused", "Tools", "answered"]

_CALLS: Final = 12  # in an answer
_RECORDS: Final = 5
_LONGEST_WAIT: Final = 30.0
_SPARE: Final = 10.0
_MOST_READ: Final = 1000
_VERB_SECONDS: Final = 120.0
_ID: Final = re.compile(r"[\w.-]{1,80}")
_NOTHING: Final = (
    "No call matches. If none came at all: is the SDK flushed (or closed) before the app ends? Is its host "
    "the address of this run ($SEGMENT_PENDO_URL), or does the app run under `segment-pendo attach -- CMD`?"
)


class Refused(Exception):
    """What an agent asked for is not done; the text says why."""


def refuse(text: str) -> NoReturn:
    """Raise Refused."""
    message = f"Refused: {text}"
    raise Refused(message)


def _one_of(names: str, *given: str) -> None:
    """Raise Refused unless just one of two arguments is given."""
    if all(given):
        refuse(f"give {names}, and not both.")
    if not any(given):
        message = f"Missing: give {names}."
        raise Refused(message)


class Tools:
    """`at`: the home URL of the run, None for the only one on this machine, found anew for each question."""

    def __init__(self, at: str | None) -> None:
        self._at = at

    async def calls(self, filters: Mapping[str, str], cursor: str = "") -> str:
        """Return the newest calls, the newest first, a line each after its id."""
        query = {**_given(filters), "newest": "1", "limit": str(_CALLS)}
        answer = await self._ask("/_/calls", query | ({"before": cursor} if cursor else {}))
        return await self._listed(answer, cursors=True)

    async def wait(self, filters: Mapping[str, str], count: int, seconds: float) -> str:
        """Wait for calls; return them, or what came instead."""
        within = min(max(seconds, 0.0), _LONGEST_WAIT)
        query = {**_given(filters), "count": str(count), "timeout": f"{within:f}"}
        answer = await self._ask("/_/wait", query, seconds=within + _SPARE, also=408)
        text = await self._listed(answer, cursors=False)
        return text if answer.status == 200 else f"Not within {within:g} s. What came:\n{text}"

    async def why(self, user: str, group: str, trait: str, file: str, cursor: int) -> str:
        """Return why a user, an account or a trait of it is, or is not, in Pendo."""
        _one_of("user, or group", user, group)
        about = ["--group", group] if group else []
        source = ["--from", _inside(file)] if file else ["--url", self._home()]
        names = [*([user] if user else []), *([trait] if trait else [])]
        return page(await _verb("why", *about, *source, "--", *names), cursor)

    async def explain(self, call: str, file: str, cursor: int) -> str:
        """Return what became of a call of the run by its id, or of each call of a file."""
        _one_of("call, the id of a call, or file", call, file)
        if file:
            return page(await _verb("explain", "--short", "--", _inside(file)), cursor)
        if not _ID.fullmatch(call):
            refuse("call is an id as `calls` lists it, such as c81476-2.0.")
        return page(await _verb("calls", "show", "--", call, self._home()), cursor)

    async def records(self, kind: str, q: str, cursor: str) -> str:
        """Return visitors or accounts as Pendo would hold them."""
        query = {"kind": kind, "q": q, "limit": str(_RECORDS)} | ({"after": cursor} if cursor else {})
        answer = await self._ask("/_/records", query)
        records = answer.value["records"]
        if not records:
            return f"Pendo would hold no such {kind}."
        rest = answer.value["next"] if len(records) == _RECORDS else None
        more = f"... more: ask again with cursor={rest}" if rest else ""
        lines = [dumps(record) for record in records]
        return page("\n".join([many(answer.value["total"], kind), *lines]), more=more)

    async def findings(self, cursor: int) -> str:
        """Return what Pendo or Segment make otherwise than an app may expect: the worst first, by code."""
        found = (await self._ask("/_/findings", {})).value["findings"]
        if not found:
            return "No findings. " + (_NOTHING if not await self._count() else "Every call arrives as sent.")
        return page("\n".join(map(dumps, found)), cursor)

    async def check(self, file: str, cursor: int) -> str:
        """Return what has changed since a recording was made."""
        return page(await _verb("check", "--", _inside(file)), cursor)

    async def races(self, file: str, cursor: int) -> str:
        """Return what Pendo would hold only because the calls came in this order."""
        if file:
            return page(await _verb("races", "--", _inside(file)), cursor)
        query = {"outcome": "webhook", "limit": str(_MOST_READ)}
        rows = (await self._ask("/_/calls", query)).value["calls"]
        text = "".join(f"{row['body']}\n" for row in rows)
        return page(await _verb("races", "--no-ingest", "--", "-", stdin=text), cursor)

    async def replay(self, file: str, as_sdk: str) -> str:
        """Send the calls of a file to the run once more, if what it takes stays on this machine."""
        path, home = _inside(file), self._home()
        target = (await self._ask("/_/summary", {})).value["destination"]
        if target != LOOPBACK and not is_loopback(str(target).rpartition(":")[0]):
            refuse(f"the webhooks of {home} go to {target}; an agent replays nothing to a real Pendo.")
        encoded = [f"--as={as_sdk}"] if as_sdk else []
        return page(await _verb("replay", "--at", home, *encoded, "--", path, answers=(0,)))

    # --- how ---

    def _home(self) -> str:
        return self._at or chosen(None).home

    async def _ask(
        self, path: str, query: dict[str, str], *, seconds: float = _SPARE, also: int = 200
    ) -> Answer:
        answer = await asyncio.to_thread(get, self._home(), path, query, seconds=seconds)
        if answer.status not in {200, also} or not isinstance(answer.value, dict):
            refuse(answer.error)
        return answer

    async def _count(self) -> int:
        return int((await self._ask("/_/health", {})).value["totals"]["calls"])

    async def _listed(self, answer: Answer, *, cursors: bool) -> str:
        # Slow imports, for lines alone.
        from segment_pendo.cli.terminal.row_lines import judged_and_line, setup_of  # noqa: PLC0415

        rows = answer.value["calls"]
        if not rows:
            return _NOTHING
        setup = setup_of((await self._ask("/_/summary", {})).value)
        lines = []
        for row in rows[:_CALLS]:
            _, line = judged_and_line(row, setup)
            lines.append(f"{row['id']}  {line.text(f'{line.at:%H:%M:%S}')[:280]}")
        more = f"... older ones: ask again with cursor={answer.value['next']}"
        return page("\n".join(lines), more=more if cursors and len(rows) == _CALLS else "")


def _given(filters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value}


def _inside(file: str) -> str:
    """Return the path of a file below the working directory; another one is none of an agent's business."""
    path, here = Path(file).resolve(), Path.cwd().resolve()
    if not path.is_relative_to(here):
        refuse(f"{file} is not below {here}, where this server was started.")
    if not path.is_file():
        refuse(f"there is no file {file}.")
    return str(path)


async def _verb(*arguments: str, stdin: str = "", answers: tuple[int, ...] = (0, FOUND)) -> str:
    """Return what a verb prints, and what it says besides. Raises Refused with both if it failed.

    `answers`: the exit codes with which it has done what was asked.
    """
    environment = without_secrets(os.environ)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "segment_pendo",
        *arguments,
        env=environment | {"NO_COLOR": "1", "PYTHONUTF8": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_VERB_SECONDS):
            out, error = await process.communicate(stdin.encode("utf-8", "replace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        refuse(f"{arguments[0]} took longer than {_VERB_SECONDS:g} s.")
    is_answer = process.returncode in answers
    texts = (out, error) if is_answer else (error, out)
    said = "\n".join(text.decode("utf-8", "replace").strip("\n") for text in texts if text.strip())
    if not is_answer:
        raise Refused(said or f"Failed: {arguments[0]} ended with {process.returncode}.")
    return said


async def answered(question: Awaitable[str]) -> tuple[str, bool]:
    """Return the answer to a question, or what keeps it from being answered; and whether it is an answer."""
    try:
        return await question, True
    except Refused as error:
        return page(str(error)), False
    except Failure as error:
        return page(f"Failed: {error.message}"), False
