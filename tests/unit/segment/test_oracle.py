"""What Segment's published code did with 2,000 events and 60 batches
(fixtures/oracles), and what ours does.
"""

import json

from segment_oracle import KEPT_CLASSIC, differing, kept, ours

from segment_pendo.base import js_json
from segment_pendo.segment import facade


def test_the_same_bytes_and_signature_as_segments_code() -> None:
    kinds = [verdict.case.kind for verdict in kept()]
    assert (kinds.count("event"), kinds.count("batch")) == (2000, 60)
    assert differing(ours) == []


def test_the_classic_destination_is_on_and_rewrites_dates_as_segments_facade() -> None:
    rows = [json.loads(line) for line in KEPT_CLASSIC.read_text("ascii").splitlines()]
    assert len(rows) == 300
    assert sum(not row["enabled"] for row in rows) >= 10
    for row in rows:
        event = js_json.read(row["event"].encode()).value
        assert isinstance(event, dict)
        assert facade.enabled(event, "Webhooks") == row["enabled"], event
        assert js_json.write(facade.rewritten(event)).decode() == row["body"], event
