"""Make fixtures/sdk/expected.json and fixtures/recordings/ again from fixtures/sdk/: `uv run python tests/make_fixtures.py`.

Look at the difference before you commit it: a changed expectation is a changed rule.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from segment_pendo.calls_file import items
from segment_pendo.mapping import Setup, assess
from segment_pendo.recorder import Recorder
from segment_pendo.words import Receipt, SdkRequest, Webhook

ROOT = Path(__file__).parent.parent
SDK = ROOT / "fixtures" / "sdk"
RECORDINGS = ROOT / "fixtures" / "recordings"
RECEIVED = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
# Recording -> captured requests it is made of, and which of their scenarios.
MADE_OF = {
    "segment-analytics-python.jsonl": ("segment-analytics-python-2.4.0.jsonl", "identify-|group-|track-|page-"),
    "analytics-next.jsonl": ("analytics-next-1.84.3-standard.jsonl", "identify-doc|identify-hard|identify-anon|group-"),
}


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


if __name__ == "__main__":
    (SDK / "expected.json").write_text(json.dumps(expectations(), indent=1) + "\n", "utf-8")
    for name in MADE_OF:
        (RECORDINGS / name).unlink(missing_ok=True)
        record(name, RECORDINGS / name)
