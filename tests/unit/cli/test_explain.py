"""`explain` as a verb: files, running instances, and what has no effect."""

import json
from pathlib import Path
from typing import Any

import pytest
from background import background
from click.testing import CliRunner, Result

from segment_pendo.cli import main
from segment_pendo.explain.fate import WHERE
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.inspector import Inspector
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import SdkRequest

IDENTIFY = rb'{"type": "identify", "userId": "u", "traits": {"a": {"b": 1}, "esc": "\u001b[31m"}}'
BODY = b'{"batch": [' + IDENTIFY + b', {"type": "page", "userId": "u"}]}'


def invoke(*words: Any, given: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["explain", *map(str, words)], input=given, env={"SEGMENT_PENDO_URL": ""})


def test_text_tells_line_fate_skip_and_findings() -> None:
    done = invoke("--short", given=BODY)
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
        "line 1",
        "  warning NESTED_IGNORED at $.traits.a",
        "  info IDENTIFY_NO_ACCOUNT at $.userId",
        "line 1",
        "  skipped NO_MATCHING_MAPPING",
    ]
    table = invoke(given=BODY).stdout
    assert "\x1b" not in table
    assert "visitor segmentio.esc" in table
    assert "Also in the webhook, but nothing says that Pendo reads it: context" in table


def test_ndjson_rows_hold_what_the_contract_names() -> None:
    done = invoke("--format", "ndjson", "--compare-device", given=BODY)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stdout.isascii()
    assert rows[0].keys() >= {
        "line",
        "index",
        "type",
        "user",
        "group",
        "outcome",
        "code",
        "reason",
        "body",
        "headers",
        "findings",
        "delivery",
    }
    assert rows[0].keys() >= {"fate", "fields", "effect", "device"}
    assert {"from", "to", "value", "rule", "grade"} <= rows[0]["fields"][0].keys()
    assert rows[0]["effect"] == {"visitor": {"id": "u", "metadata": {"esc": "\x1b[31m"}}, "account": None}
    assert (rows[1]["fields"], rows[1]["effect"]) == ([], {"visitor": None, "account": None})


def test_a_skipped_call_is_shown_as_segment_passes_it_on() -> None:
    batch = {
        "writeKey": "k" * 32,
        "batch": [
            {"type": "page", "userId": "u", "messageId": "m-1", "timestamp": "2024-05-09T10:00:00Z"},
            {"type": "identify", "userId": "u"},
            {"type": "identify"},
        ],
    }
    given = json.dumps(batch).encode()
    options = ("--received-at", "2024-05-09T10:00:00Z")
    done = invoke(*options, "--format", "ndjson", given=given)
    page, identify, dropped = (json.loads(line) for line in done.stdout.splitlines())
    assert (identify["message"], dropped["message"]) == (None, None)
    message = json.loads(page["message"])
    assert (message["type"], message["receivedAt"], message["channel"], message["writeKey"]) == (
        "page",
        "2024-05-09T10:00:00.000Z",
        "server",
        "k" * 32,
    )
    text = invoke(*options, given=given).stdout
    assert text.count("Segment passes it on to other destinations as {") == 1
    assert ('"messageId":"m-1"' in text, "kkkk" in text) == (True, False)


def test_what_is_no_call_is_told_and_ends_with_1() -> None:
    done = invoke("--short", given=b'{"type": "identify", "userId": "u"}\nnonsense\n')
    assert (done.exit_code, done.stdout.splitlines()[-1].startswith("line 2: bad_json")) == (1, True)
    assert done.stderr == f"{WHERE}\nstdin: 1 value is not a call (of 2)\n"


def test_where_to_look_in_pendo_is_said_once_and_only_for_what_shows_there() -> None:
    two = b'{"type": "identify", "userId": "u"}\n{"type": "group", "userId": "u", "groupId": "g"}\n'
    done = invoke("--short", given=two)
    assert (done.output.count(WHERE), WHERE in done.stderr) == (1, True)
    rows = [json.loads(line) for line in invoke("--format", "ndjson", given=two).stdout.splitlines()]
    assert all(row["fate"].endswith(WHERE) for row in rows)
    nothing = b'{"type": "identify", "anonymousId": "a"}\n{"type": "page", "userId": "u"}\n'
    assert WHERE not in invoke("--short", given=nothing).output


@pytest.fixture
def running() -> Any:
    """A store with the two calls above behind the inspector's API."""
    held: dict[str, Any] = {}

    def routes() -> Any:
        # Made in the thread that serves: SQLite wants it so.
        store = held["store"] = Store(None, setup=Setup())
        held["receipt"] = Relay([store], setup=Setup()).receive(SdkRequest("POST", "/v1/batch", body=BODY))
        return Inspector(store).routes()

    with background(routes) as url:
        yield url, held["receipt"].id


def test_a_running_instance_explains_one_call_or_all(running: tuple[str, str]) -> None:
    url, receipt = running
    done = invoke("--url", url, "--short")
    lines = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line.partition(": ")[0] for line in lines] == [f"call {receipt}.0", f"call {receipt}.1"]
    one = invoke("--url", url, "--call", f"{receipt}.0", "--compare-device", "--short").stdout
    assert "In the browser Pendo Web (Actions) makes visitor u" in one
    assert one.startswith(lines[0])


@pytest.mark.parametrize("name", ["nothing", "", "x.y", "a.99999999999999999999", "\ud83d.0"])
def test_an_unknown_call_is_an_error(running: tuple[str, str], name: str) -> None:
    done = invoke("--url", running[0], "--call", name)
    assert done.exit_code == 1
    url = running[0]
    shown = name.replace("\ud83d", "\\ud83d") or '""'
    said = f"Error: {url} has no call {shown}; `segment-pendo calls list {url}` lists its calls."
    assert " ".join(done.stderr.split()) == said


def test_what_cannot_have_an_effect_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_bytes(BODY)
    for words in (["--assume", "nested=dot"], ["--track"], [file], ["--no-ingest"]):
        done = invoke("--url", "http://127.0.0.1:9", "--call", "x", *words)
        assert done.exit_code == 2, words
        assert "cannot change what a running segment-pendo did" in done.stderr
    assert invoke("--no-pendo-track", given=BODY).exit_code == 2
    assert invoke("--url", "foo", "--call", "x").exit_code == 2
    assert invoke("--url", "http://127.0.0.1:9", "--call", "x").exit_code == 4


def test_where_no_call_meets_all_conditions_it_is_said(running: tuple[str, str]) -> None:
    done = invoke("--only", "user=uu", given=BODY)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "No call with user=uu; nearest: user=u.\n")
    done = invoke("--only", "trait=escs", "--format", "ndjson", given=BODY)
    assert (done.exit_code, done.stderr) == (0, "No call with trait=escs; nearest: trait=esc.\n")
    done = invoke("--url", running[0], "--only", "user=uu")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "No call with user=uu; nearest: user=u.\n")


@pytest.mark.parametrize("verb", ["map", "explain", "races", "why"])
def test_where_there_is_no_call_at_all_it_is_said(tmp_path: Path, verb: str) -> None:
    folder, file = tmp_path / "folder", tmp_path / "empty.jsonl"
    folder.mkdir()
    file.touch()
    words = [verb, "ann", "--from"] if verb == "why" else [verb]
    for given, says in (
        (folder, f"{folder}: no file there, and so no call.\n"),
        (file, f"{file}: there is no call in it.\n"),
    ):
        done = CliRunner().invoke(main, [*words, str(given)])
        assert done.exit_code == (1 if verb == "why" else 0)
        assert says in done.stderr
