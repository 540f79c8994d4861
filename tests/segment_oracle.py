"""Segment's published code (npm, tests/oracles) as something to ask."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

PROGRAM = Path(__file__).parent / "oracles" / "segment.cjs"


class Case(NamedTuple):
    """What to ask: `kind` is event, batch (Webhooks (Actions)) or facade (classic); `texts` are JSON texts of events."""

    kind: str
    texts: Sequence[str]
    secret: str = ""


class SegmentOracle:
    """A Node process; a context manager."""

    def __enter__(self) -> Self:
        node = shutil.which("node")
        assert node, "node is not installed"
        self._process = subprocess.Popen([node, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def ask(self, cases: Sequence[Case]) -> list[dict[str, Any]]:
        """What Segment's code did with each case."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([case._asdict() for case in cases]) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the oracle ended; was `npm ci` run in tests/oracles?"
        answers: list[dict[str, Any]] = json.loads(line)
        return answers
