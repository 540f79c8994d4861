"""What Segment's published code did with 2,000 events (fixtures/oracles, made by tests/make_oracles.py), and what ours does."""

import json
from pathlib import Path

from segment_pendo import js_json
from segment_pendo.segment import webhooks
from segment_pendo.words import Call, Message

KEPT = Path(__file__).parent.parent.parent / "fixtures" / "oracles" / "segment-webhook.jsonl"


def test_the_same_bytes_and_signature_as_segments_code() -> None:
    rows = [json.loads(line) for line in KEPT.read_text("ascii").splitlines()]
    assert len(rows) == 2000
    for row in rows:
        parsed = js_json.read(row["event"].encode())
        assert isinstance(parsed.value, dict)
        message = Message(Call(0, None, parsed.value), parsed.value)
        webhook, _ = webhooks.webhook(message, ordinary=parsed.ordinary, secret=row["secret"])
        assert webhook.body == row["body"].encode(), row["event"]
        assert dict(webhook.headers).get("X-Signature") == row["signature"], row["event"]
