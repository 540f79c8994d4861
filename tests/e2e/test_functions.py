"""Insert functions in a real Node: what they answer, how they end, and what they cannot reach."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import pytest
from processes import Server, until

from segment_pendo.base import js_json
from segment_pendo.segment.functions import NETWORK_OFF, Blocked, Returned
from segment_pendo.serve import functions
from segment_pendo.serve.functions import FunctionFileError, FunctionRunner, NodeError

EVENT: Any = {"type": "track", "userId": "u-1", "event": "E", "properties": {"plan": "pro"}}
WAYS = Path(__file__).parent / "functions"
LONG = 60  # seconds that are never reached


class Make(Protocol):
    def __call__(self, source: str, **options: Any) -> FunctionRunner: ...


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Write a function and return its runner; what is left at the end is ended."""
    made: list[FunctionRunner] = []

    def runner(source: str, **options: Any) -> FunctionRunner:
        path = tmp_path / "function.js"
        path.write_text(source, "utf-8")
        made.append(FunctionRunner(path, **({"seconds": LONG} | options)))
        return made[-1]

    yield runner
    for one in made:
        one.close()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A port that must see no connection."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made
        made.setblocking(False)
        with pytest.raises(BlockingIOError):
            made.accept()


def answer(runner: FunctionRunner, event: Any = None) -> Any:
    came = runner.run(EVENT if event is None else event)
    assert isinstance(came, Returned), came
    return came.data


def blocked(runner: FunctionRunner, event: Any = None) -> tuple[str, str]:
    came = runner.run(EVENT if event is None else event)
    assert isinstance(came, Blocked), came
    return came.code, came.reason


# --- answers ---


def test_what_a_handler_returns_goes_on(make: Make) -> None:
    runner = make(
        """
        const plan = (event) => ({ ...event.properties, plan: "free", added: [1.5, null] });
        async function onTrack(event, settings) {
          await new Promise((done) => setTimeout(done, 5));
          return { ...event, properties: plan(event), settings };
        }
        const onIdentify = (event) => event;
        let onGroup = 7;
        """,
        settings={"key": "k"},
    )
    assert runner.check() == ("onIdentify", "onTrack")
    assert answer(runner) == EVENT | {
        "properties": {"plan": "free", "added": [1.5, None]},
        "settings": {"key": "k"},
    }
    assert answer(runner, {"type": "identify"}) == {"type": "identify"}
    assert blocked(runner, {"type": "group"})[0] == "FUNCTION_NO_HANDLER"
    assert blocked(runner, {"type": "delete"})[0] == "FUNCTION_NO_HANDLER"


@pytest.mark.parametrize(
    ("body", "code", "reason"),
    [
        ("throw new EventNotSupported('no')", "FUNCTION_EVENT_NOT_SUPPORTED", "EventNotSupported: no (line "),
        ("throw new InvalidEventPayload('no')", "FUNCTION_INVALID_PAYLOAD", "InvalidEventPayload: no (line "),
        ("throw new ValidationError('no')", "FUNCTION_VALIDATION", "ValidationError: no (line 1)."),
        ("throw new RetryError('no')", "FUNCTION_RETRY", "RetryError: no (line 1)."),
        ("throw new DropEvent('no')", "FUNCTION_DROPPED", "DropEvent: no (line 1)."),
        ("throw new (class My extends RetryError {})('no')", "FUNCTION_RETRY", "RetryError: no (line 1)."),
        ("throw Object.assign(new RetryError('no'), {name: 'My'})", "FUNCTION_RETRY", "RetryError: no"),
        ("throw {name: 'RetryError', message: 'no'}", "FUNCTION_RETRY", "RetryError: no."),
        ("event.traits.plan", "FUNCTION_FAILED", "reading 'plan') (line 1)."),
        ("moment()", "FUNCTION_FAILED", "Segment's runtime has moment; it is not part of this program."),
        ("throw 'a text'", "FUNCTION_FAILED", "onTrack threw a text."),
        ("throw null", "FUNCTION_FAILED", "onTrack threw null."),
        ("throw new Proxy({}, {get() { throw 1 }})", "FUNCTION_FAILED", "an error that cannot be read."),
        ("throw Object.create(null)", "FUNCTION_FAILED", "onTrack threw"),
        ("throw new Error('\\u001b[31m\\n\\ud800')", "FUNCTION_FAILED", ": \\x1b[31m\\x0a\\ud800 (line 1)."),
        ("const a = {}; a.a = a; return a", "FUNCTION_FAILED", "circular"),
        ("return {a: 1n}", "FUNCTION_FAILED", "BigInt"),
        ("return {a: 'x'.repeat(1e6)}", "FUNCTION_FAILED", "more than 1,000 KB."),
        ("let a = {}; for (let i = 0; i < 300; i++) a = {a}; return a", "FUNCTION_FAILED", "250 levels."),
        ("let a = {}; for (let i = 0; i < 1e5; i++) a = {a}; return a", "FUNCTION_FAILED", "call stack"),
        ("event.properties.plan = 'changed'", "FUNCTION_DROPPED", "it must be returned"),
        ("return null", "FUNCTION_DROPPED", "nothing (null)"),
        ("return [event]", "FUNCTION_DROPPED", "returned a list"),
        ("return 'text'", "FUNCTION_DROPPED", "returned no object"),
        ("return new Date()", "FUNCTION_DROPPED", "returned no object"),
        ("return Promise.reject(new ValidationError('later'))", "FUNCTION_VALIDATION", "later"),
    ],
)  # fmt: skip
def test_why_a_call_does_not_go_on(make: Make, body: str, code: str, reason: str) -> None:
    runner = make(f"async function onTrack(event) {{ {body} }} const onIdentify = (event) => event")
    came = blocked(runner)
    assert came[0] == code
    assert reason in came[1]
    assert answer(runner, {"type": "identify"}) == {"type": "identify"}


def test_values_are_as_javascript_has_them(make: Make) -> None:
    runner = make(
        """function onTrack(event) {
          return { ...event, b: 2, 1: 1, small: 1e-7, big: 1e21, minus: -0, lost: undefined, nan: NaN,
                   own: JSON.parse('{"__proto__": {"a": 1}}'), date: new Date(0),
                   text: "\\u2028\\ud800é\\n\\t" };
        }"""
    )
    event = {"type": "track", "n": 12345678901234567890, "f": 1.0, "p": {"__proto__": {"polluted": True}}}
    came = answer(runner, event)
    assert list(came) == [
        "1",
        "type",
        "n",
        "f",
        "p",
        "b",
        "small",
        "big",
        "minus",
        "nan",
        "own",
        "date",
        "text",
    ]
    assert js_json.write(came) == (
        b'{"1":1,"type":"track","n":12345678901234567000,"f":1,"p":{},"b":2,"small":1e-7,"big":1e+21,"minus":0,'
        b'"nan":null,"own":{},"date":"1970-01-01T00:00:00.000Z","text":"\xe2\x80\xa8\\ud800\xc3\xa9\\n\\t"}'
    )
    assert came["own"] == {"__proto__": {"a": 1}}


def test_what_the_function_breaks_is_its_own(make: Make) -> None:
    """The events that pass are not changed by what it does to its realm."""
    runner = make(
        """
        JSON.stringify = () => "{}"; JSON.parse = () => ({}); Promise.prototype.then = () => {};
        Object.prototype.toJSON = undefined; Array.prototype.forEach = Array.prototype.map = () => {};
        RegExp.prototype.exec = () => null;
        Function.prototype.call = Function.prototype.apply = () => {}; console.log = 7;
        const onTrack = (event) => event;
        """
    )
    assert runner.check() == ("onTrack",)
    assert answer(runner) == EVENT


def test_what_is_given(make: Make) -> None:
    runner = make(
        """
        let made = 0;
        async function onTrack(event) {
          const load = () => cache.load("key", 60000, async () => ++made);
          await load();
          await load();
          cache.delete("key");
          return {
            type: "track",
            made: await load(),
            sha1: crypto.createHmac("sha1", "k").update("x").digest("hex"),
            base64: Buffer.from(atob(btoa("hé"))).toString("base64"),
            query: new URL("https://a.b/?c=d").searchParams.get("c"),
            zone: new Date(0).getTimezoneOffset(),
            evaluated: eval("1 + 1"),
            absent: [typeof require, typeof process, typeof module, typeof global, typeof _],
          };
        }
        """
    )
    assert answer(runner) == {
        "type": "track",
        "made": 2,
        "sha1": "cb00131fcec602a8fc84413a2a70154d8c06a0d2",
        "base64": "aMOp",
        "query": "d",
        "zone": 0,
        "evaluated": 2,
        "absent": ["undefined"] * 5,
    }


def test_the_log_is_bounded_and_printable(make: Make) -> None:
    runner = make(
        """
        function onTrack(event) {
          console.log("\\u001b[31mred\\n", { a: 1 }, undefined, [1], new TypeError("t"), 5n, Symbol("s"));
          for (let i = 0; i < 1e4; i++) console.warn("x".repeat(1e4));
          return event;
        }
        function onPage(event) { console.error("why"); throw new ValidationError("no"); }
        """
    )
    came = runner.run(EVENT)
    assert came.logs[0] == '\\x1b[31mred\\x0a {"a":1} undefined [1] TypeError: t 5 Symbol(s)'
    assert came.logs[1] == "x" * 500
    assert len(came.logs) == 101
    assert came.logs[-1] == "... and 9901 more"
    came = runner.run({"type": "page"})
    assert (type(came), came.logs) == (Blocked, ("why",))


# --- how it ends ---


def test_a_loop_is_ended_and_the_next_call_works(make: Make) -> None:
    runner = make(
        """
        let calls = 0;
        async function onTrack(event) { calls += 1; await 0; for (;;); }
        async function onPage() { await new Promise(() => {}); }
        const onIdentify = (event) => ({ ...event, calls });
        """,
        seconds=1,
    )
    assert answer(runner, {"type": "identify"})["calls"] == 0
    assert blocked(runner)[0] == "FUNCTION_TIMEOUT"
    assert answer(runner, {"type": "identify"})["calls"] == 0, "it was loaded again"
    assert blocked(runner, {"type": "page"}) == (
        "FUNCTION_TIMEOUT",
        "onPage did not answer within 1 second, so it was ended.",
    )
    assert answer(runner, {"type": "identify"})["calls"] == 0


def test_a_loop_that_begins_after_the_answer_costs_the_next_call(make: Make) -> None:
    """It leaves its pipe unread, and the event is larger than the pipe."""
    runner = make(
        """
        async function onTrack(event) {
          (async () => { for (let i = 0; i < 9; i++) await 0; for (;;); })();
          return event;
        }
        const onPage = (event) => ({ type: event.type });
        """,
        seconds=1,
    )
    large: Any = {"type": "page", "text": "x" * 1_000_000}
    answer(runner)
    assert blocked(runner, large)[0] == "FUNCTION_TIMEOUT"
    assert answer(runner, large) == {"type": "page"}


@pytest.mark.parametrize(
    "body",
    [
        "const all = []; for (;;) all.push({a: [all.length]});",
        "const all = []; for (;;) all.push(new Uint8Array(1e7).fill(1));",
        "const all = []; for (;;) all.push(Buffer.alloc(1e7, 1));",
        "let text = 'x'; const all = []; for (;;) all.push(JSON.stringify(text.repeat(1e6) + all.length));",
    ],
)
def test_memory_is_bounded(make: Make, body: str) -> None:
    runner = make(f"function onTrack(event) {{ {body} }} const onPage = (event) => event")
    code, reason = blocked(runner)
    assert code == "FUNCTION_FAILED"
    assert reason.endswith("while onTrack ran; most often because it needs more than 128 MB of memory.")
    assert answer(runner, {"type": "page"}) == {"type": "page"}


def test_what_a_call_leaves_behind_does_not_disturb_the_next(make: Make) -> None:
    runner = make(
        """
        let ticks = 0;
        const later = (event) => new Promise((done) => setTimeout(() => done({ ...event, ticks }), 20));
        const onTrack = (event) => {
          setInterval(() => { ticks += 1; throw new Error("in a timer") }, 0);
          Promise.reject(new Error("nobody waits"));
          queueMicrotask(() => { throw new Error("in a microtask") });
          return later(event);
        };
        const onPage = later;
        """
    )
    came = runner.run(EVENT)
    assert isinstance(came, Returned)
    assert "outside of the handler: Error: in a timer" in came.logs
    assert "outside of the handler: Error: nobody waits" in came.logs
    came = runner.run({"type": "page"})
    assert (type(came), came.logs) == (Returned, ())
    assert answer(runner, {"type": "page"}) == answer(runner, {"type": "page"})


def test_calls_from_many_threads_get_their_own_answers(make: Make) -> None:
    runner = make("const onTrack = async (event) => { await 0; return event }")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: answer(runner, EVENT | {"i": i}), range(400)))
    assert [one["i"] for one in answers] == list(range(400))


@pytest.mark.parametrize("state", ["idle", "in a loop"])
def test_killed_with_our_process(tmp_path: Path, state: str) -> None:
    (tmp_path / "function.js").write_text("function onTrack() { for (;;); }")
    code = [
        "import sys; from pathlib import Path; from segment_pendo.serve.functions import FunctionRunner",
        f"runner = FunctionRunner(Path({str(tmp_path / 'function.js')!r}), seconds=600)",
        "runner.check(); print(runner._child._process.pid, flush=True)",
        "runner.run({'type': 'track'})" if state == "in a loop" else "sys.stdin.read()",
    ]
    ours = subprocess.Popen(
        [sys.executable, "-c", "\n".join(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert ours.stdin
    assert ours.stdout
    node = int(ours.stdout.readline())
    assert _runs(node)
    if state == "in a loop":
        until(lambda: _processor_time(node) > 0.5)
    ours.send_signal(signal.SIGKILL)
    ours.wait(20)
    until(lambda: not _runs(node), 10)
    ours.stdin.close()
    ours.stdout.close()


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def _processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) / os.sysconf("SC_CLK_TCK")


def test_node_gets_nothing_of_ours_and_leaves_nothing(make: Make) -> None:
    runner = make("const onTrack = (event) => event")
    runner.check()
    child: Any = runner._child
    assert _runs(child._process.pid)
    environment = Path(f"/proc/{child._process.pid}/environ").read_bytes().split(b"\0")
    assert {entry.partition(b"=")[0] for entry in environment if entry} == {b"PATH", b"TZ"}
    assert list(Path(child._directory.name).iterdir()) == []
    runner.close()
    runner.close()
    assert not _runs(child._process.pid)
    assert not Path(child._directory.name).exists()
    with pytest.raises(RuntimeError):
        runner.run(EVENT)


# --- what it cannot reach ---


def test_no_trick_reaches_the_process(make: Make) -> None:
    came = answer(make((WAYS / "tricks.js").read_text("utf-8")))["came"]
    # The function's own realm has no process; that of Node has none either, and compiles no text.
    own = dict.fromkeys(["this", "global", "console", "timer", "overflow"], "ReferenceError")
    of_node = ["buffer", "method", "url", "crypto", "async", "error", "import", "digest"]
    found = {"frames": "nothing", "names": "nothing"}
    shut = dict.fromkeys(["hostFrames", "setter", "importProcess"], "TypeError")
    assert came == own | dict.fromkeys(of_node, "EvalError") | found | shut


def test_the_network_is_off_unless_allowed(make: Make, listener: socket.socket) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    runner = make(
        f"""
        async function onTrack(event) {{
          try {{ await fetch({url!r}) }} catch (error) {{ throw new RetryError(error.message) }}
        }}
        function onPage(event) {{ https.get({url!r}, () => {{}}) }}
        function onScreen() {{
          return {{ absent: [typeof WebSocket, typeof EventSource, typeof XMLHttpRequest, typeof Request] }};
        }}
        """
    )
    off = NETWORK_OFF
    code, reason = blocked(runner)
    assert code == "FUNCTION_RETRY"
    assert off in reason
    code, reason = blocked(runner, {"type": "page"})
    assert code == "FUNCTION_FAILED"
    assert off in reason
    assert answer(runner, {"type": "screen"}) == {"absent": ["undefined"] * 4}


def test_the_network_can_be_allowed(make: Make, server: Server) -> None:
    runner = make(
        f"""
        async function onTrack(event) {{
          const came = await fetch("{server.url}/x", {{ method: "POST", body: JSON.stringify(event) }});
          return {{ ...event, status: came.status }};
        }}
        """,
        allow_network=True,
    )
    assert answer(runner) == EVENT | {"status": 200}
    (seen,) = server.seen
    assert (seen.path, json.loads(seen.body)) == ("/x", EVENT)


@pytest.mark.parametrize("network", [False, True])
def test_who_gets_hold_of_node_all_the_same_is_refused(
    tmp_path: Path, listener: socket.socket, network: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second and the third lock, tried from inside Node's own realm."""
    monkeypatch.setenv("SEGMENT_PENDO_API_KEY", "secret")
    node = functions._node()
    intruder = WAYS / "intruder.cjs"
    # Port 1 where the network is allowed: the listener must see nothing in either case.
    port = "1" if network else str(listener.getsockname()[1])
    program, *flags = node.command(network=network)
    more = [f"--allow-fs-read={intruder}"] if node.version >= (20, 0) else []
    process = subprocess.Popen(
        [program, "--require", str(intruder), *more, *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**functions._environment(), "PORT": port},
    )
    assert process.stdin
    assert process.stderr
    how = {"source": "", "settings": "{}", "milliseconds": 1000, "off": "off", "largest": 9, "memory": 4e8}
    process.stdin.write(json.dumps(how | {"network": network}) + "\n")
    process.stdin.flush()
    came = json.loads(process.stderr.readline())
    process.communicate()
    assert process.returncode == 0
    assert came.pop("environment") == "PATH,PORT,TZ"
    assert came.pop("process") == "undefined"
    of_the_network = {"net", "socket", "tls", "http", "fetch", "listen", "lookup", "resolve", "udp"}
    of_files = {"read", "list", "write", "exec", "spawn"}
    for name, said in came.items():
        if name in of_files:
            assert said == "ERR_ACCESS_DENIED" or node.version < (20, 0), (name, said)
        elif not network or name not in of_the_network:
            assert said != "DONE", name
    assert set(came) > of_the_network | of_files
    if network:
        assert came["lookup"] == "DONE"


# --- what cannot be run ---


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("\n\nfunction onTrack( {", "line 3: the function cannot be loaded. SyntaxError: "),
        ("\nthrow new Error('at once')", "line 2: the function cannot be loaded. Error: at once."),
        ("import fs from 'fs'", "line 1: the function cannot be loaded. SyntaxError: Cannot use import"),
        ("const fs = require('fs')", "Segment's functions cannot import or export."),
        ("const m = AWS.S3", "Segment's runtime has AWS; it is not part of this program."),
        ("throw null", "the function cannot be loaded. null."),
        ("for (;;);", "Script execution timed out after 500ms."),
    ],
)
def test_a_function_that_cannot_be_loaded(make: Make, source: str, said: str) -> None:
    runner = make(source, seconds=0.5)
    with pytest.raises(FunctionFileError) as raised:
        runner.check()
    assert said in str(raised.value)
    assert "function.js:" in str(raised.value)
    assert raised.value.exit_code == 3
    with pytest.raises(FunctionFileError):
        runner.run(EVENT)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "function.js"
    for content, said in (
        (None, "cannot be read: No such file or directory. Correct `function` in the destination file."),
        (b"const a = 1;\n// \xff", "line 2: this is not UTF-8"),
        (b" " * 2_000_001, "at most 2 MB"),
    ):
        if content is not None:
            path.write_bytes(content)
        with FunctionRunner(path) as runner, pytest.raises(FunctionFileError) as raised:
            runner.check()
        assert said in str(raised.value)
    path.write_bytes(b"\xef\xbb\xbffunction onTrack() {}")
    with FunctionRunner(path) as runner:
        assert runner.check() == ("onTrack",)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (None, "there is no node in PATH."),
        ("""echo '["/x/node", "v16.20.2"]'""", "is v16.20.2, which is too old."),
        ("echo hello", "does not say which version it is."),
        ("exit 1", "does not say which version it is."),
        ("""echo '["/no/such/node", "v20.1.0"]'""", "node could not be started: No such file or directory."),
    ],
)
def test_node_that_cannot_be_had(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, said: str
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if script is not None:
        (folder / "node").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "node").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(NodeError) as raised:
        make("").check()
    assert said in str(raised.value)
    assert "The function of a destination runs in Node 18 or newer: install it" in str(raised.value)
    assert raised.value.exit_code == 4
