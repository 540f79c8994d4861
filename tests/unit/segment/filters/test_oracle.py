"""What Segment's published filter engine did with 1,000 events and filters (fixtures/oracles), and ours."""

from collections import Counter

from filters_oracle import differing, kept, ours


def test_the_same_outcome_as_segments_engine() -> None:
    outcomes = Counter(kind for _, (kind, _) in kept())
    assert outcomes.total() == 1000
    assert min(outcomes[kind] for kind in ("body", "dropped", "error")) >= 100
    assert differing(ours) == []
