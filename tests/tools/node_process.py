"""A Node program that answers a line of JSON with a line of JSON."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from package_folders import folder


class NodeProcess:
    """A context manager; the program is a file of tests/oracles, beside its packages."""

    def __init__(self, program: str) -> None:
        self._program = folder("oracles") / program

    def __enter__(self) -> Self:
        node = shutil.which("node")
        assert node, "node is not installed"
        environment = {**os.environ, "TZ": "UTC"}  # as a server's
        self._process = subprocess.Popen(
            [node, self._program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)

    def answers(self, questions: Sequence[Any]) -> list[dict[str, Any]]:
        """What it says to each question."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(questions) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "the program ended; was `npm ci` run in tests/oracles?"
        answers: list[dict[str, Any]] = json.loads(line)
        return answers
