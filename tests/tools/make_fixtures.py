"""Make fixtures/sdk/expected.json and fixtures/recordings/ again from fixtures/sdk/: `uv run python
tests/tools/make_fixtures.py`.

Look at the difference before you commit it: a changed expectation is a changed rule.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from segment_pendo.base import js_json
from segment_pendo.explain.fate import fate
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.calls_file import items
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import Json, JsonObject, Receipt, SdkRequest, Webhook

ROOT = Path(__file__).parents[2]
SDK = ROOT / "fixtures" / "sdk"
RECORDINGS = ROOT / "fixtures" / "recordings"
RECEIVED = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
# Recording -> captured requests it is made of, and which of their scenarios.
MADE_OF = {
    "segment-analytics-python.jsonl": (
        "segment-analytics-python-2.4.0.jsonl",
        "identify-|group-|track-|page-",
    ),
    "analytics-next.jsonl": (
        "analytics-next-1.84.3-standard.jsonl",
        "identify-doc|identify-hard|identify-anon|group-",
    ),
    "analytics-node.jsonl": (
        "analytics-node-3.1.0.jsonl",
        "identify-doc|identify-full|identify-bare|group-|track-|js-timestamps",
    ),
    "analytics-ruby.jsonl": (
        "analytics-ruby-2.5.0.jsonl",
        "identify-doc|identify-numeric|identify-full|group-|track-|rb-extras",
    ),
    "analytics-go.jsonl": (
        "analytics-go-3.0.0.jsonl",
        "identify-doc|identify-hard|identify-full|group-|alias-|go-extras",
    ),
}
# What no captured request shows: a recording made of these covers every code that a recording can hold.
RARE = "rare.jsonl"
FATES = ROOT / "fixtures" / "fates.json"
RARE_CALLS: list[JsonObject] = [
    {
        "type": "identify",
        "userId": "u-1",
        "traits": {"active": "true", "__proto__": {"plan": "x"}},
        "integrations": {"Pendo": False},
    },
    {"type": "identify", "userId": " u-1"},
    {"type": "identify", "userId": "undefined"},
    {"type": "identify", "userId": "VISITOR-UNIQUE-ID"},
    {"type": "identify", "userId": "::"},
    {"type": "identify", "userId": "_PENDO_T_x1"},
    {"type": "identify", "userId": "ann@example.com"},
    {"type": "identify", "userId": "é" * 65},
    {"type": "identify", "userId": "u-2", "messageId": "m" * 101},
    {
        "type": "group",
        "userId": "u-1",
        "groupId": "parent::child",
        "traits": {"accountId": "other", "parentAccount": {"id": "parent"}},
    },
    {"type": "group", "userId": "u-1", "traits": {"name": "Initech"}},
    {"type": "identify", "userId": "u-1", "messageId": "twice"},
    {"type": "identify", "userId": "u-1", "messageId": "twice"},
    {"type": "track", "userId": "u-1"},
    {"type": "track", "userId": "u-1", "event": ""},
    {"type": "track", "userId": "u-1", "event": "e", "properties": {}},
    {"type": "track", "userId": "u-1", "event": "e", "properties": []},
    {
        "type": "track",
        "userId": "u-1",
        "event": "e",
        "timestamp": "2001-01-01T00:00:00Z",
        "properties": {"total billed": "x" * 512},
    },
    {"type": "track", "userId": "u-1", "event": "e", "timestamp": "2100-01-01T00:00:00Z"},
    {"type": "page", "userId": "u-1", "name": ""},
    {"type": "page", "userId": "u-1", "category": 5},
    {"type": "identify", "userId": "u-1", "traits": "text"},
    {"type": "Identify", "userId": "u-1"},
    {"type": "identify", "user_id": "u-1", "traits": {"plan": "pro"}},
    {"type": "identify", "userId": "u-1", "traits": {"mrr": "12.50", "plan": "undefined"}},
]


def captured(path: Path) -> Iterator[tuple[int, str, SdkRequest]]:
    """Line, scenario and request of every captured request."""
    data = path.read_bytes()
    marks = [json.loads(line).get("mark") or "start" for line in data.splitlines()]
    for item in items(data):
        assert item.request is not None, (path, item)
        yield item.line, marks[item.line - 1], item.request


def verdict(receipt: Receipt) -> dict[str, int]:
    """How often which type met which outcome."""
    counted: Counter[str] = Counter()
    if receipt.refusal:
        counted[f"refused {receipt.refusal.status} {receipt.refusal.code}"] += 1
    for judged in receipt.judged:
        outcome = "webhook" if isinstance(judged.outcome, Webhook) else judged.outcome.code
        counted[f"{judged.call.type} {outcome}"] += 1
    return dict(counted)


def expectations() -> dict[str, dict[str, dict[str, int]]]:
    """File -> "line scenario" -> verdict, without the requests that carry no call."""
    made: dict[str, dict[str, dict[str, int]]] = {}
    for path in sorted(SDK.glob("*.jsonl")):
        entries = made[path.name] = {}
        for line, mark, request in captured(path):
            receipt = assess(request, id=str(line), at=RECEIVED, setup=Setup())
            if receipt.judged or receipt.refusal:
                entries[f"{line} {mark}"] = verdict(receipt)
    return made


def record(name: str, to: Path) -> None:
    """Make one recording."""
    source, scenarios = MADE_OF[name]
    recording = Recorder(to, setup=Setup())
    at = RECEIVED
    for line, mark, request in captured(SDK / source):
        if any(mark.startswith(scenario) for scenario in scenarios.split("|")):
            at += timedelta(seconds=1)
            recording.take(assess(request, id=str(line), at=at, setup=Setup()))
    recording.close()


def record_rare(to: Path) -> None:
    """Make the recording of what is rare, with --track."""
    setup = Setup(track=True)
    recording = Recorder(to, setup=setup)
    basic = base64.b64encode(b"ANOTHER_WRITE_KEY:").decode()
    calls: list[Json] = [*RARE_CALLS, "no object"]
    body = js_json.keep(
        {"batch": calls, "writeKey": "WRITE_KEY_of_a_test", "sentAt": "2026-11-23T17:59:59.000Z"}
    )
    bodies = (body, b'{"batch": []}', b'{"batch": ')
    for number, one in enumerate(bodies):
        request = SdkRequest("POST", "/v1/batch", headers=(("Authorization", f"Basic {basic}"),), body=one)
        recording.take(assess(request, id=str(number), at=RECEIVED, setup=setup))
    recording.close()


# File, line, index of ten calls whose fates are worth reading.
TOLD = [
    ("segment-analytics-python-2.4.0.jsonl", 1, 0),
    ("analytics-node-3.1.0.jsonl", 9, 0),
    ("analytics-node-3.1.0.jsonl", 10, 0),
    ("analytics-node-3.1.0.jsonl", 44, 0),
    ("analytics-next-1.84.3-batching.jsonl", 39, 4),
    ("analytics-next-1.84.3-standard.jsonl", 25, 0),
    ("analytics-react-native-2.24.1-stubbed.jsonl", 6, 0),
    ("analytics-go-3.0.0.jsonl", 7, 0),
    ("analytics-go-3.0.0.jsonl", 11, 0),
    ("analytics-ruby-2.5.0.jsonl", 2, 0),
]


def fates() -> list[JsonObject]:
    """What became of them, in a sentence each."""
    made: list[JsonObject] = []
    for name, line, index in TOLD:
        every = mapped((SDK / name).read_bytes(), Options(RECEIVED, Setup(track=True)))
        calls = {(one.line, one.judged.call.index): one for one in every if isinstance(one, Mapped)}
        one = calls[line, index]
        made.append({"file": name, "line": line, "index": index, "fate": fate(one.judged, one.setup)})
    return made


if __name__ == "__main__":
    FATES.write_text(json.dumps(fates(), indent=1) + "\n", "utf-8")
    (SDK / "expected.json").write_text(json.dumps(expectations(), indent=1) + "\n", "utf-8")
    for name in MADE_OF:
        (RECORDINGS / name).unlink(missing_ok=True)
        record(name, RECORDINGS / name)
    (RECORDINGS / RARE).unlink(missing_ok=True)
    record_rare(RECORDINGS / RARE)
