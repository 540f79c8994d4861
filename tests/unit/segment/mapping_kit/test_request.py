"""The headers of a request with a mapping's own among them."""

from segment_pendo.segment.mapping_kit.request import extra_headers, wire_headers

USUAL = (
    ("user-agent", "Segment (Actions)"),
    ("x-signature", "abc"),
    ("content-type", "application/json"),
    ("accept", "*/*"),
    ("accept-encoding", "gzip,deflate"),
)


def test_without_headers_of_its_own_a_mapping_changes_nothing() -> None:
    assert wire_headers((), "abc") == USUAL


def test_those_of_a_mapping_stand_before_the_content_type() -> None:
    extra = extra_headers({"x-b": 1, "X-C": "c", "X-A": "a", "x-a": "again"})
    assert extra == (("x-a", "a, again"), ("x-c", "c"), ("x-b", "1"))
    assert wire_headers(extra, "abc") == (*USUAL[:2], *extra, *USUAL[2:])


def test_a_mapping_replaces_and_takes_away() -> None:
    extra = extra_headers({"User-Agent": "undefined", "Content-Type": "text/plain", "X-Signature": "mine"})
    assert dict(wire_headers(extra, "abc")) == {
        "x-signature": "mine",
        "content-type": "application/json",
        "accept": "*/*",
        "user-agent": "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "accept-encoding": "gzip,deflate",
    }


def test_without_a_body_there_is_no_content_type() -> None:
    assert "content-type" not in dict(wire_headers((), body=False))
