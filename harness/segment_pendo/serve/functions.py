"""Run a team's insert function: one Node process, asked a call at a time, ended where it takes too long.

What the function may not do (files, programs, the network) is kept from it three times: it runs in a realm
that has none of it (node/function_runner.cjs), that file takes Node's own doors away, and from Node 20 on its
permission model guards files and processes. Nothing of our environment is handed down.
"""

import atexit
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event, Lock, Timer
from types import TracebackType
from typing import IO, ClassVar, Final, Self

from segment_pendo.base import js_json
from segment_pendo.base.errors import CANNOT_START, CONFIGURATION, SegmentPendoError
from segment_pendo.base.prose import printable, short
from segment_pendo.segment import functions
from segment_pendo.segment.functions import Blocked, Returned, Thrown
from segment_pendo.words import Json, JsonObject

__all__ = ["FunctionFileError", "FunctionRunner", "NodeError", "shared"]

RUNNER: Final = Path(__file__).resolve().parent / "function_runner.cjs"
OLDEST: Final = 18
_MEGABYTES: Final = 128  # of JavaScript's heap
_MOST_MEMORY: Final = 400_000_000  # bytes of the whole process, of which Node itself takes some 80 MB
_STARTING: Final = 30.0  # seconds that Node may take before the function runs
_LONGEST_LINE: Final = 8_000_000  # an event and 100 lines of log, all of it escaped
_LARGEST_FILE: Final = 2_000_000


class FunctionFileError(SegmentPendoError, ValueError):
    """A function's file cannot be run; the text says where and why."""

    exit_code: ClassVar[int] = CONFIGURATION


class NodeError(SegmentPendoError):
    """Node, which functions need, is missing, too old or does not start; the text says what to do."""

    exit_code: ClassVar[int] = CANNOT_START


class _TimedOut(Exception):
    """No answer came in time, and the process was ended."""


class _Ended(Exception):
    """The process ended by itself; `code` is what it ended with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class FunctionRunner:
    """Runs one function, as a context manager. Node is started at the first call and asked until the end.

    `settings` is the second argument of each handler. `run` may be called from any thread: calls wait for
    each other, as the function may keep what it likes between them.
    """

    def __init__(
        self,
        path: Path,
        *,
        settings: JsonObject | None = None,
        allow_network: bool = False,
        seconds: float = functions.SECONDS,
    ) -> None:
        self._path = path
        self._settings = settings or {}
        self._network = allow_network
        self._seconds = seconds
        self._lock = Lock()
        self._closed = False
        self._child: _Child | None = None
        self._node: _Node | None = None
        self._source: str | None = None
        self._handlers: tuple[str, ...] = ()
        self._number = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End Node. A call that is being answered is ended too; nothing can be run afterwards."""
        self._closed = True
        child = self._child
        if child is not None:
            child.kill()
        with self._lock:
            self._drop()

    def check(self) -> tuple[str, ...]:
        """Load the function and return the names of its handlers, onBatch among them.

        Raises FunctionFileError where it cannot be loaded, NodeError where Node cannot be had.
        """
        with self._lock:
            self._ready()
            return self._handlers

    def run(self, data: JsonObject) -> Returned | Blocked:
        """Return what the function makes of an event. Raises as `check`, if that was never asked."""
        with self._lock:
            child = self._ready()
            name = functions.handler(data)
            if name not in self._handlers:
                return functions.missing(data, self._handlers)
            self._number += 1
            question = b"%d %s %s" % (self._number, name.encode(), js_json.write(data))
            try:
                answer = child.ask(question, self._seconds)
            except _TimedOut:
                self._drop()
                return functions.timed_out(name, self._seconds)
            except _Ended as end:
                self._drop()
                return functions.ended(name, end.code, _MEGABYTES)
            except BaseException:
                self._drop()  # what it would still say belongs to no later call
                raise
            return _answered(name, answer)

    def __call__(self, data: JsonObject, index: int) -> Returned | Blocked:  # noqa: ARG002 - as Function has it
        """Do the same as `run`."""
        return self.run(data)

    def _ready(self) -> "_Child":
        """Return the process with the function loaded."""
        if self._closed:
            msg = "the function's runner is closed"
            raise RuntimeError(msg)
        if self._child is not None and self._child.is_alive:
            return self._child
        self._drop()
        if self._source is None:
            self._source = _source(self._path)
        if self._node is None:
            self._node = _node()
        self._child = _Child(self._node, network=self._network)
        try:
            self._handlers = self._loaded(self._child, self._source)
        except BaseException:
            self._drop()
            raise
        return self._child

    def _loaded(self, child: "_Child", source: str) -> tuple[str, ...]:
        how = {
            "source": source,
            "settings": js_json.write(self._settings).decode(),
            "milliseconds": int(self._seconds * 1000),
            "network": self._network,
            "off": functions.NETWORK_OFF,
            "largest": functions.LARGEST,
            "memory": _MOST_MEMORY,
        }
        try:
            answer = json.loads(child.ask(json.dumps(how).encode(), _STARTING + self._seconds))
        except _TimedOut:
            msg = f"{self._path}: the function was not loaded within {_STARTING + self._seconds:g} seconds."
            raise FunctionFileError(msg) from None
        except _Ended as end:
            msg = (
                f"node ended ({end.code}) before it ran {self._path}: {child.complaint()}. "
                "Check that `node --version` works, and that the function needs little memory to be loaded."
            )
            raise NodeError(msg) from None
        failed = answer.get("failed")
        if failed is None:
            return tuple(answer["handlers"])
        error = Thrown("", failed["name"], failed["message"])
        line = f" line {failed['line']}:" if failed["line"] else ""
        msg = f"{self._path}:{line} the function cannot be loaded. {functions.said(error)}"
        raise FunctionFileError(msg)

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


@cache
def shared(path: Path) -> FunctionRunner:
    """Return the runner of a file, the same for all who ask, until this process ends."""
    runner = FunctionRunner(path)
    atexit.register(runner.close)
    return runner


def _answered(name: str, line: bytes) -> Returned | Blocked:
    """Return what a line of the runner says about a call."""
    head, _, text = line.partition(b"\t")
    answer = json.loads(head)
    logs = functions.log_of(answer["logs"])
    match answer["what"]:
        case "returned":
            return _returned(name, text, logs)
        case "nothing":
            return functions.nothing(name, answer["returned"], logs)
        case "large":
            return functions.too_large(name, logs)
        case _:
            error = Thrown(answer["kind"], answer["name"], answer["message"], answer["line"])
            return functions.thrown(name, error, logs)


def _returned(name: str, text: bytes, logs: tuple[str, ...]) -> Returned | Blocked:
    try:
        value: Json = js_json.read(text).value
    except RecursionError:
        return functions.unreadable(name, f"it nests more than {js_json.MAX_DEPTH} levels", logs)
    except ValueError as error:
        return functions.unreadable(name, js_json.why(error), logs)
    assert isinstance(value, dict)
    return Returned(value, logs)


def _source(path: Path) -> str:
    """Return the text of a function's file. Raises FunctionFileError."""
    try:
        with path.open("rb") as file:
            source = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        why = f"the function cannot be read: {error.strerror}"
        msg = f"{path}: {why}. Correct `function` in the destination file."
        raise FunctionFileError(msg) from None
    if len(source) > _LARGEST_FILE:
        msg = f"{path}: a function has at most {_LARGEST_FILE // 1_000_000} MB of code; this file is larger."
        raise FunctionFileError(msg)
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        msg = f"{path}: line {line}: this is not UTF-8; save the file in that encoding."
        raise FunctionFileError(msg) from None


@dataclass(frozen=True, slots=True)
class _Node:
    """Node itself (no version manager's shim, which would stay between us) and its version."""

    program: str
    version: tuple[int, int]

    def command(self, *, network: bool) -> list[str]:
        """Return the command line that starts the runner."""
        flags = [
            "--no-warnings",
            "--disallow-code-generation-from-strings",
            f"--max-old-space-size={_MEGABYTES}",
        ]
        if self.version >= (20, 0):
            settled = self.version >= (23, 5) or (22, 13) <= self.version < (23, 0)
            flags.append("--permission" if settled else "--experimental-permission")
            flags += ["--allow-worker", f"--allow-fs-read={RUNNER}"]
        if network and self.version >= (25, 0):
            flags.append("--allow-net")
        return [self.program, *flags, str(RUNNER)]


_WAY_OUT: Final = (
    f"The function of a destination runs in Node {OLDEST} or newer: install it (https://nodejs.org), put it "
    "into PATH, or take `function` out of the destination file."
)


def _node() -> _Node:
    """Return the Node in PATH. Raises NodeError."""
    program = shutil.which("node")
    if program is None:
        msg = f"there is no node in PATH. {_WAY_OUT}"
        raise NodeError(msg)
    ask = "process.stdout.write(JSON.stringify([process.execPath, process.version]))"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own Node
            [program, "-e", ask],
            capture_output=True,
            check=True,
            timeout=_STARTING,
            env={**os.environ, "NODE_OPTIONS": ""},
            stdin=subprocess.DEVNULL,
        )
        path, version = json.loads(done.stdout)
        found = re.match(r"v(\d+)\.(\d+)", version)
    except (OSError, subprocess.SubprocessError, ValueError, TypeError):
        found = None
    if found is None:
        msg = f"{printable(program)} does not say which version it is. {_WAY_OUT}"
        raise NodeError(msg)
    if int(found[1]) < OLDEST:
        msg = f"{printable(program)} is {short(version, 20)}, which is too old. {_WAY_OUT}"
        raise NodeError(msg)
    return _Node(path, (int(found[1]), int(found[2])))


class _Child:
    """A Node process that answers a line with a line."""

    def __init__(self, node: _Node, *, network: bool) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="segment-pendo-function-")
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._expired = Event()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - the user's own Node
                node.command(network=network),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                cwd=self._directory.name,
                env=_environment(),
                process_group=0 if os.name == "posix" else None,
            )
        except OSError as error:
            self._errors.close()
            self._directory.cleanup()
            msg = f"node could not be started: {error.strerror}. {_WAY_OUT}"
            raise NodeError(msg) from None

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return not self._expired.is_set() and self._process.poll() is None

    def ask(self, line: bytes, seconds: float) -> bytes:
        """Return the answer to a line. Raises _TimedOut and _Ended, after which the process is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        clock = Timer(seconds, self._expire)
        clock.daemon = True
        clock.start()
        try:
            # Writing may wait as well: a function that loops leaves its pipe unread.
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write(line + b"\n")
                self._process.stdin.flush()
            answer = self._process.stdout.readline(_LONGEST_LINE)
        finally:
            clock.cancel()
        if answer.endswith(b"\n"):
            return answer
        if self._expired.is_set():
            raise _TimedOut
        self.kill()
        raise _Ended(self._process.wait())

    def _expire(self) -> None:
        self._expired.set()
        self.kill()

    def complaint(self) -> str:
        """Return the first line that Node wrote to stderr."""
        self._errors.seek(0)
        lines = self._errors.read(10_000).decode("utf-8", "replace").split("\n")
        return short(next((line.strip() for line in lines if line.strip()), "it says nothing"), 200)

    def kill(self) -> None:
        """End the process at once, from whatever thread."""
        with contextlib.suppress(OSError):
            if os.name == "posix" and self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def close(self) -> None:
        """End the process and take away what it had."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            with contextlib.suppress(OSError):  # what was not written is nobody's loss
                if pipe is not None:
                    pipe.close()
        self._directory.cleanup()


def _environment() -> dict[str, str]:
    """Return all that a function's process gets of our environment. Segment's machines run in UTC."""
    kept = ["PATH", *(["SYSTEMROOT"] if os.name == "nt" else [])]
    return {name: os.environ[name] for name in kept if name in os.environ} | {"TZ": "UTC"}
