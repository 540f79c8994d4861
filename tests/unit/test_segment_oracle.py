"""What Segment's published code did with 2,000 events and 60 batches (fixtures/oracles), and what ours does."""

from segment_oracle import differing, kept, ours


def test_the_same_bytes_and_signature_as_segments_code() -> None:
    kinds = [verdict.case.kind for verdict in kept()]
    assert (kinds.count("event"), kinds.count("batch")) == (2000, 60)
    assert differing(ours) == []
