"""How each SDK is pointed at a home port: statements that can be pasted as they are."""

import pytest

from segment_pendo.serve.sdks import Sdk, sdks

HOME = "http://127.0.0.1:4200"
PAIRS = (("(", ")"), ("{", "}"), ("[", "]"))


@pytest.mark.parametrize("sdk", sdks(), ids=lambda sdk: sdk.name)
def test_what_points_an_sdk_is_whole(sdk: Sdk) -> None:
    pointing = sdk.pointing(HOME)
    text = "\n".join(pointing)
    if not sdk.packages:
        return
    assert all(text.count(opening) == text.count(closing) for opening, closing in PAIRS), text
    assert not pointing[0].startswith((" ", "\t")), "a statement's beginning is there"
    assert not text.endswith(","), "and its end"
    assert "{{" not in text


def test_the_snippet_of_a_browser_is_the_whole_call() -> None:
    browser = next(sdk for sdk in sdks() if sdk.name == "Browser")
    assert browser.pointing(HOME) == [
        "const analytics = AnalyticsBrowser.load(",
        '  { writeKey: "WRITE_KEY", cdnURL: "http://127.0.0.1:4200" },',
        '  { integrations: { "Segment.io": { apiHost: "127.0.0.1:4200/v1", protocol: "http" } } },',
        ");",
    ]


def test_where_a_line_is_enough_it_is_one() -> None:
    python = next(sdk for sdk in sdks() if sdk.name == "Python")
    assert python.pointing(HOME) == ['analytics.host = "http://127.0.0.1:4200"']
