"""Redaction and scan on the corpora: what they find may only rise."""

from redaction import corpus, redaction, scan

# Of 60 planted items, 40 of them with a shape, and of 40 benign ones.
MISSED_BY_REDACTION = 0
MISSED_BY_SCAN = 0
WRONGED = 0


def test_the_corpora_are_whole() -> None:
    assert (len(corpus("planted")), len(corpus("benign"))) == (60, 40)
    assert {item["kind"] for item in corpus("planted")} == {"person", "secret"}
    assert sum(item["shape"] for item in corpus("planted")) == 40


def test_what_is_planted_is_replaced() -> None:
    measure = redaction()
    assert len(measure.missed) <= MISSED_BY_REDACTION, measure.missed
    assert len(measure.wronged) <= WRONGED, measure.wronged


def test_what_has_a_shape_is_reported() -> None:
    measure = scan()
    assert len(measure.missed) <= MISSED_BY_SCAN, measure.missed
    assert len(measure.wronged) <= WRONGED, measure.wronged
