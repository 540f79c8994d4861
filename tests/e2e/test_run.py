"""`run`: its listeners, its child, its ends."""

import hmac
import json
import re
import resource
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from processes import (
    GROUP,
    HEEDING,
    IDENTIFY,
    KEY,
    RUN,
    Server,
    Start,
    app,
    end_all,
    env_for,
    free_port,
    get,
    only_loopback,
    until,
)
from recorded import calls_of

APP = """
import segment.analytics as analytics
analytics.write_key = 'WRITE_KEY_of_an_app'
analytics.identify('u-1', {'plan': 'pro', 'address': {'city': 'Brno'}})
analytics.group('u-1', 'acme', {'name': 'Acme'})
analytics.flush()
"""


def run_with(
    directory: Path, *options: str, command: list[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    line = [*RUN, *options, "--", *command]
    return subprocess.run(
        line, env=env_for(directory) | environment, capture_output=True, text=True, timeout=60
    )


def test_an_app_behind_the_proxy_reaches_the_loopback_pendo_and_nobody_else(run: Start) -> None:
    running = run("--format", "ndjson")
    done = app(IDENTIFY, GROUP, **running.client_environment())
    assert done.returncode == 0, done.stderr
    status, page = get(f"{running.home}/_/wait?count=2&timeout=10")
    assert status == 200, page
    assert get(f"{running.home}/api/v1/visitor/u-1")[1]["metadata"]["segmentio"] == {
        "name": "Ann",
        "plan": "pro",
    }
    assert get(f"{running.home}/api/v1/account/acme")[1]["metadata"]["segmentio"] == {
        "name": "Acme",
        "employees": 5,
    }
    assert running.end() == 0
    only_loopback(running.seen_file)
    events = [json.loads(line) for line in running.out.read_text().splitlines()]
    assert [e["event"] for e in events] == ["ready", "call", "call", "delivery", "delivery"]
    assert (events[1]["user"], events[1]["outcome"], events[3]["status"]) == ("u-1", "webhook", 200)


def test_the_sdk_may_use_the_home_port_as_its_host(run: Start) -> None:
    running = run("--no-proxy")
    done = app(f"analytics.host = '{running.home}'", IDENTIFY, GROUP)
    assert done.returncode == 0, done.stderr
    assert get(f"{running.home}/_/wait?count=2&timeout=10")[0] == 200
    assert running.doors["proxy"] is None
    assert running.end(signal.SIGINT) == 0
    shown = running.out.read_text()
    assert re.search(r"identify  u-1 +200    2 of 2 traits\n", shown)
    assert re.search(r"group     acme · u-1 +200    2 of 2 traits\n", shown)
    assert "WRITE_KEY" not in shown + running.err.read_text()


def test_a_destination_gets_what_segment_would_post(run: Start, server: Server) -> None:
    running = run("--to", server.url, SEGMENT_PENDO_API_KEY=KEY)
    app(IDENTIFY, **running.client_environment())
    until(lambda: server.seen)
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", f"/data/segmentio/{KEY}")
    assert seen.headers["User-Agent"] == "Segment (Actions)"
    assert seen.headers["Content-Type"] == "application/json"
    body = json.loads(seen.body)
    assert (body["type"], body["userId"], body["traits"]) == (
        "identify",
        "u-1",
        {"name": "Ann", "plan": "pro"},
    )
    assert body["writeKey"] == "WRITE_KEY_of_an_app"
    assert running.end() == 0
    assert KEY not in running.out.read_text() + running.err.read_text()


def test_the_classic_destination_signed_with_the_shared_secret(run: Start, server: Server) -> None:
    running = run(
        "--to",
        server.url,
        "--webhook",
        "classic",
        "--no-proxy",
        SEGMENT_PENDO_WEBHOOK_SECRET="a-shared-secret",
    )
    app(f"analytics.host = '{running.home}'", IDENTIFY)
    until(lambda: server.seen)
    (seen,) = server.seen
    assert seen.headers["User-Agent"] == "Segment.io/1.0"
    assert seen.headers["X-Signature"] == hmac.new(b"a-shared-secret", seen.body, "sha1").hexdigest()
    _, page = get(f"{running.home}/_/calls")
    assert page["calls"][0]["headers"]["X-Signature"] == seen.headers["X-Signature"]
    assert running.end() == 0
    assert "a-shared-secret" not in running.out.read_text() + running.err.read_text()


def test_a_batch_is_one_post_and_the_loopback_pendo_takes_it(run: Start, server: Server) -> None:
    running = run("--to", server.url, "--batch-size", "100", "--no-proxy")
    app(f"analytics.host = '{running.home}'", IDENTIFY, GROUP)
    until(lambda: server.seen)
    (seen,) = server.seen
    assert [event["type"] for event in json.loads(seen.body)] == ["identify", "group"]
    assert running.end() == 0
    loopback = run("--batch-size", "100", "--no-proxy")
    app(f"analytics.host = '{loopback.home}'", IDENTIFY, GROUP)
    until(lambda: get(f"{loopback.home}/api/v1/visitor/u-1")[0] == 200)
    assert loopback.end() == 0
    assert "came straight" not in loopback.err.read_text()


def test_to_eu_is_pendos_european_data_host(run: Start, server: Server, tmp_path: Path) -> None:
    server.use_tls("data.eu.pendo.io", tmp_path)
    trust = str(tmp_path / "mitmproxy-ca-cert.pem")
    running = run(
        "--to",
        "eu",
        "--allow-production",
        SEGMENT_PENDO_API_KEY=KEY,
        MAP_HOST=f"data.eu.pendo.io:{server.port}",
        SSL_CERT_FILE=trust,
    )
    app(IDENTIFY, **running.client_environment())
    until(lambda: server.seen)
    (seen,) = server.seen
    assert (seen.path, seen.headers["Host"]) == (f"/data/segmentio/{KEY}", "data.eu.pendo.io")
    assert json.loads(seen.body)["userId"] == "u-1"
    assert running.end() == 0


def test_a_failed_delivery_is_named_and_ends_with_5(run: Start, server: Server) -> None:
    server.status = 403
    running = run("--to", server.url, SEGMENT_PENDO_API_KEY=KEY)
    assert app(IDENTIFY, **running.client_environment()).returncode == 0, (
        "the SDK's answer never waits for Pendo"
    )
    until(lambda: server.seen)
    status, page = get(f"{running.home}/_/wait?count=1&timeout=10")
    assert status == 200
    assert page["calls"][0]["delivery"] == {
        "state": "dead",
        "status": 403,
        "attempts": 1,
        "detail": f"{server.url[7:]} answered 403; Segment would not try again",
    }
    assert running.end() == 5
    assert f"403    {server.url[7:]} answered 403; Segment would" in running.out.read_text()


def test_the_end_waits_for_deliveries_and_names_the_rest(run: Start, server: Server) -> None:
    server.delay = 1
    running = run("--to", server.url, "--no-proxy")
    app(f"analytics.host = '{running.home}'", IDENTIFY, GROUP)
    assert running.end() == 0
    assert len(server.seen) == 2
    server.delay = 30
    running = run("--to", server.url, "--no-proxy", "--drain", "500ms")
    app(f"analytics.host = '{running.home}'", IDENTIFY)
    assert running.end() == 5
    assert "1 webhook not delivered within 0.5 s" in running.err.read_text()


def test_kill_9_loses_nothing_that_was_answered(run: Start, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    running = run("--no-proxy", "--store", str(store))
    answered: list[str] = []
    stop = threading.Event()

    def send(worker: int) -> None:
        for number in range(10_000):
            if stop.is_set():
                return
            user = f"u-{worker}-{number}"
            body = json.dumps({"batch": [{"type": "identify", "userId": user}]}).encode()
            try:
                with urllib.request.urlopen(
                    urllib.request.Request(f"{running.home}/v1/batch", body), timeout=5
                ) as answer:
                    if answer.status == 200:
                        answered.append(user)
            except OSError:
                return

    workers = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for worker in workers:
        worker.start()
    until(lambda: len(answered) > 200)
    running.process.kill()
    running.process.wait()
    stop.set()
    for worker in workers:
        worker.join()
    again = run("--no-proxy", "--store", str(store))
    kept: set[str] = set()
    after = ""
    while True:
        page = get(f"{again.home}/_/calls?limit=1000&after={after}")[1]
        if not page["calls"]:
            break
        kept |= {row["user"] for row in page["calls"]}
        after = page["next"]
    assert set(answered) <= kept
    assert store.stat().st_mode & 0o077 == 0
    assert again.end() == 0


def test_the_childs_code_is_ours(tmp_path: Path) -> None:
    python = sys.executable
    assert run_with(tmp_path, command=[python, "-c", APP]).returncode == 0
    assert run_with(tmp_path, command=[python, "-c", "raise SystemExit(3)"]).returncode == 3
    killed = run_with(
        tmp_path, command=[python, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"]
    )
    assert killed.returncode == 128 + signal.SIGTERM
    missing = run_with(tmp_path, command=["no-such-command"])
    assert missing.returncode == 8
    assert "no such command" in missing.stderr


def test_stdout_is_the_childs_and_so_is_nothing_of_our_secrets(tmp_path: Path) -> None:
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    done = run_with(
        tmp_path,
        command=[sys.executable, "-c", code],
        SEGMENT_PENDO_API_KEY=KEY,
        NO_PROXY="intern.example,.segment.io",
    )
    child = json.loads(done.stdout)
    assert KEY not in done.stdout + done.stderr
    assert child["HTTPS_PROXY"] == child["http_proxy"]
    assert child["SEGMENT_PENDO_URL"].startswith("http://127.0.0.1:")
    assert child["NO_PROXY"] == "intern.example,127.0.0.1,localhost,::1"
    assert "api.segment.io" in child["SEGMENT_PENDO_HOSTS"].split(",")


def test_no_call_at_all_is_explained(tmp_path: Path) -> None:
    done = run_with(tmp_path, command=[sys.executable, "-c", "pass"])
    assert done.returncode == 0
    assert "No Segment call was seen. Likely causes:" in done.stderr
    assert "  - with OAuth, it may get its token from a host of its own: name that with" in done.stderr


def test_a_command_that_fails_before_its_first_call_is_told_by_its_code(tmp_path: Path) -> None:
    done = run_with(tmp_path, command=[sys.executable, "-c", "import sys; sys.exit('no such module')"])
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ended with exit code 1 before it sent a call.")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--fail-on", "warning"], 1),
        (["--fail-on", "error"], 0),
        (["--expect", "2"], 0),
        (["--expect", "3"], 1),
    ],
)
def test_fail_on_and_expect(tmp_path: Path, options: list[str], code: int) -> None:
    done = run_with(tmp_path, *options, command=[sys.executable, "-c", APP])
    assert done.returncode == code, done.stderr


def test_without_the_extra(tmp_path: Path, run: Start) -> None:
    done = run_with(tmp_path, command=[sys.executable, "-c", APP], WITHOUT="mitmproxy")
    assert done.returncode == 4
    assert f'pip install --python {sys.executable} "mitmproxy>=' in done.stderr
    running = run(WITHOUT="mitmproxy")
    assert running.doors["proxy"] is None
    assert app(f"analytics.host = '{running.home}'", IDENTIFY).returncode == 0
    assert get(f"{running.home}/_/wait?count=1&timeout=10")[0] == 200
    assert running.end() == 0
    assert "No proxy: mitmproxy is not installed" in running.err.read_text()


def test_a_busy_port_is_named(run: Start, tmp_path: Path) -> None:
    running = run()
    for option, name in (("--port", "home"), ("--proxy-port", "proxy")):
        port = running.doors[name].rpartition(":")[2]
        free = "--proxy-port" if option == "--port" else "--port"
        line = [sys.executable, "-m", "segment_pendo", "run", option, port, free, "0"]
        done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, timeout=30)
        assert done.returncode == 4
        assert f"port {port}" in done.stderr
        assert option in done.stderr
        assert "Traceback" not in done.stderr


def test_record_then_replay_gives_the_same_records(run: Start, tmp_path: Path) -> None:
    recording = tmp_path / "calls.jsonl"
    running = run("--record", str(recording))
    app(IDENTIFY, GROUP, **running.client_environment())
    assert get(f"{running.home}/_/wait?count=2&timeout=10")[0] == 200
    before = [get(f"{running.home}{path}")[1] for path in ("/api/v1/visitor/u-1", "/api/v1/account/acme")]
    assert running.end() == 0
    assert "traits are as sent" in running.err.read_text()
    assert "WRITE_KEY_of_an_app" not in recording.read_text()

    fresh = run("--no-proxy")
    line = [sys.executable, "-m", "segment_pendo", "replay", str(recording), "--to", fresh.home]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("2 of 2 webhooks delivered")
    after = [get(f"{fresh.home}{path}")[1] for path in ("/api/v1/visitor/u-1", "/api/v1/account/acme")]
    for record in (*before, *after):
        del record["metadata"]["auto"]["lastupdated"]
    assert before == after


def test_replay_ends_with_5_when_one_failed(server: Server, tmp_path: Path) -> None:
    server.status = 500
    recording = Path(__file__).parents[2] / "fixtures" / "recordings" / "segment-analytics-python.jsonl"
    line = [
        sys.executable,
        "-m",
        "segment_pendo",
        "replay",
        str(recording),
        "--to",
        server.url,
        "--retry-window",
        "0.2",
    ]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, timeout=30)
    assert done.returncode == 5
    assert f"{recording}:3: 127.0.0.1:{server.port} answered 500" in done.stderr


WAITS = (
    "import signal, sys, time; signal.signal(signal.{0}, lambda *_: sys.exit(7)); print('up', "
    "flush=True); time.sleep(60)"
)


def run_with_child(directory: Path, code: str) -> "subprocess.Popen[bytes]":
    """`run` with a child that runs this Python code."""
    line = [
        *HEEDING,
        *RUN,
        "--no-proxy",
        "--",
        sys.executable,
        "-c",
        code,
    ]
    return subprocess.Popen(
        line,
        env=env_for(directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )


SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_passed_on_to_the_child(tmp_path: Path, name: str) -> None:
    with run_with_child(tmp_path, WAITS.format(name)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(getattr(signal, name))
        assert process.wait(20) == 7


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_ends_a_run_whole(run: Start, tmp_path: Path, name: str) -> None:
    file = tmp_path / "calls.jsonl"
    running = run("--no-proxy", "--record", str(file))
    done = app(f"analytics.host = '{running.home}'", "analytics.identify('u', {})")
    assert done.returncode == 0
    assert running.ready.exists()
    assert running.end(getattr(signal, name)) == 0
    assert not running.ready.exists()
    assert [path.name for path in tmp_path.glob("calls*")] == ["calls.jsonl"]
    assert len(calls_of(file)) == 1


def test_what_is_ignored_at_the_start_stays_ignored(tmp_path: Path) -> None:
    code = f"import signal; {WAITS.format('SIGTERM')}"
    line = ["nohup", *RUN, "--no-proxy", "--"]
    with subprocess.Popen(
        [*line, sys.executable, "-c", code],
        env=env_for(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 7


STUBBORN = (
    "import signal, time; [signal.signal(number, signal.SIG_IGN) for number in (2, 15)]; "
    "print('up', flush=True); time.sleep(60)"
)


def test_a_second_signal_ends_all_at_once(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    ready = tmp_path / "ready"
    line = [*RUN, "--ready-file", str(ready), "--"]
    with subprocess.Popen(
        [*line, sys.executable, "-c", STUBBORN],
        env=env_for(tmp_path) | {"TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        # Without the 5 s of a first signal; the system may hand over the two in either order.
        assert process.wait(4) in {128 + signal.SIGINT, 128 + signal.SIGTERM}
        assert process.stdout.read() == b""  # the child has ended too, or it would hold the pipe open
        assert process.stderr is not None
        assert b"Ended at once" in process.stderr.read()
    assert (list(temporary.iterdir()), ready.exists()) == ([], False)


def test_a_child_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with run_with_child(tmp_path, STUBBORN) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGKILL
        assert process.stderr is not None
        told = process.stderr.read().decode()
        assert "to end; the same again ends all at once" in told
        assert "did not end, and was killed" in told


def test_a_signal_after_the_command_ends_the_wait_for_deliveries(tmp_path: Path) -> None:
    code = (
        "import os, urllib.request; "
        'body = b\'{"type": "identify", "userId": "u", "writeKey": "k"}\'; '
        "url = os.environ['SEGMENT_PENDO_URL'] + '/v1/identify'; "
        "urllib.request.build_opener(urllib.request.ProxyHandler({})).open(urllib.request.Request(url, body))"
    )
    nobody = f"http://127.0.0.1:{free_port()}"
    line = [*HEEDING, *RUN, "--no-proxy", "--to", nobody, "--retry-window", "4h", "--drain", "4h", "--"]
    env = env_for(tmp_path) | {"SEGMENT_PENDO_API_KEY": "key"}
    told = tmp_path / "told"
    with told.open("wb") as file:
        process = subprocess.Popen([*line, sys.executable, "-c", code], env=env, stderr=file, stdin=-3)
    try:
        until(lambda: "Still to deliver: 1 webhook." in told.read_text())
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 128 + signal.SIGINT
    finally:
        end_all([process])


@pytest.mark.parametrize("how", ["it ends", "SIGTERM", "SIGHUP"])
def test_children_of_the_child_end_with_it(tmp_path: Path, how: str) -> None:
    grandchild = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]); "
    rest = "time.sleep(0.5)" if how == "it ends" else "time.sleep(60)"
    with run_with_child(tmp_path, grandchild + rest) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        if how != "it ends":
            process.send_signal(getattr(signal, how))
        assert process.wait(20) == (0 if how == "it ends" else 128 + getattr(signal, how))
        assert process.stdout.read() == b""  # the pipe is closed: nobody has it open any more


def test_kill_9_of_a_run_ends_its_command_and_what_that_started(tmp_path: Path) -> None:
    inner = "import time; print('up', flush=True); time.sleep(60)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    with run_with_child(tmp_path, outer) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
        assert process.wait(20) == -signal.SIGKILL
        assert process.stdout.read() == b""  # the pipe is closed: both have ended


def test_a_reader_that_goes_away_stops_no_delivery(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    line = [
        *RUN,
        "--no-proxy",
        "--ready-file",
        str(ready),
    ]
    with (tmp_path / "err").open("wb") as err:
        process = subprocess.Popen(line, env=env_for(tmp_path), stdout=subprocess.PIPE, stderr=err)
    with process:
        home = json.loads(until(lambda: ready.read_text() if ready.exists() else None))["home"]
        assert process.stdout is not None
        process.stdout.close()
        assert (
            app(
                f"analytics.host = '{home}'", *[f"analytics.identify('u-{n}', {{}})" for n in range(40)]
            ).returncode
            == 0
        )
        assert get(f"{home}/_/wait?count=40&timeout=10")[0] == 200
        process.terminate()
        assert process.wait(20) == 0
    assert "Traceback" not in (tmp_path / "err").read_text()


def test_a_request_that_cannot_be_kept_is_counted(tmp_path: Path) -> None:
    # A limit on the size of files stands for a full disk.
    recording = tmp_path / "calls.jsonl"
    limit = (
        f"ulimit -f 2; exec {sys.executable} -m segment_pendo run --port 0 --no-proxy --record "
        f"{recording} -- {sys.executable} -c '{LARGE}'"
    )
    done = subprocess.run(
        ["bash", "-c", limit], env=env_for(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 5, done.stderr
    assert "1 request could not be kept and got the answer 500" in done.stderr


LARGE = """
import os, urllib.request
body = b"{\\"userId\\": \\"u\\", \\"traits\\": {\\"t\\": \\"" + b"x" * 20000 + b"\\"}}"
request = urllib.request.Request(os.environ["SEGMENT_PENDO_URL"] + "/v1/identify", body)
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
except OSError as error:
    print(error)
"""


def test_a_second_run_on_a_recording_ends_with_4_and_names_the_first(run: Start, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    first = run("--no-proxy", "--record", str(file))
    command = [
        *RUN,
        "--no-proxy",
        "--record",
        str(file),
    ]
    second = subprocess.run(
        command, env=env_for(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert second.returncode == 4
    assert f"is being recorded by the process {first.process.pid}." in second.stderr
    assert first.end() == 0
    third = run("--no-proxy", "--record", str(file))
    assert third.end() == 0


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux sets limits of other processes")
@pytest.mark.parametrize("sink", ["--record", "--store"])
def test_a_disk_without_room_is_told_once_and_heals_at_both_doors(
    run: Start, tmp_path: Path, sink: str
) -> None:
    files = {"--record": tmp_path / "calls.jsonl", "--store": tmp_path / "s.db"}
    running = run(*(str(word) for pair in files.items() for word in pair))
    long = "x" * 20_000

    def ask(door: str, user: str) -> int:
        url = f"{running.home}/v1/identify" if door == "home" else "https://api.segment.io/v1/identify"
        proxy = {} if door == "home" else {"https": running.doors["proxy"]}
        context = ssl.create_default_context(cafile=running.doors["ca"])
        handlers = urllib.request.ProxyHandler(proxy), urllib.request.HTTPSHandler(context=context)
        body = json.dumps({"userId": user, "traits": {"x": long}}).encode()
        try:
            with urllib.request.build_opener(*handlers).open(
                urllib.request.Request(url, body), timeout=20
            ) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert ask("home", "before") == 200
    pid, (_, hard) = running.process.pid, resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE)
    # The recording grows by 40 KB a call, the store's log by 24 KB: only one of them is out of room.
    grown = max(path.stat().st_size for path in tmp_path.glob(f"{files[sink].name}*"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (grown + 4096, hard))
    answers = [ask(door, f"{door} {number}") for door in ("home", "proxy") for number in range(3)]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
    refused = answers.count(500)
    assert refused >= 3, answers
    assert ask("proxy", "after") == 200
    users = [row["user"] for row in get(f"{running.home}/_/calls")[1]["calls"]]
    assert running.end() == 5
    assert [one.call["userId"] for one in calls_of(files["--record"])] == users
    assert (users[0], users[-1], len(users)) == ("before", "after", 8 - refused)
    told = running.err.read_text()
    assert told.count("Until it can be written, requests get the answer 500") == 1, told
    assert f"It can be written again; {refused} requests got the answer 500." in told
    assert "Traceback" not in told


def test_a_full_table_of_descriptors_is_told_once_and_survived(run: Start) -> None:
    running = run("--no-proxy")
    pid, (_, hard) = running.process.pid, resource.prlimit(running.process.pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 3, hard))
    port = int(running.home.rpartition(":")[2])
    opened = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    until(lambda: "Too many open files" in running.err.read_text())
    for one in opened:
        one.close()
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert get(f"{running.home}/_/health")[0] == 200
    assert running.end() == 0
    told = [line for line in running.err.read_text().splitlines() if "Too many open files" in line]
    assert len(told) == 1 or (len(told) == 2 and told[1].endswith(" times.")), told
