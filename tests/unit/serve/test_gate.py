"""The gate: which pages may send calls where the destination is a real Pendo."""

from typing import Any

import pytest

from segment_pendo.serve.gate import Gate
from segment_pendo.words import SdkRequest

CROSS = {"Sec-Fetch-Site": "cross-site"}


def asked(host: str = "127.0.0.1:4170", **headers: str) -> SdkRequest:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return SdkRequest("GET", "/v1/pixel/identify", headers=named, host=host)


ALLOWED: list[dict[str, Any]] = [
    {},  # a program
    {"User_Agent": "analytics-python/2.3.4"},
    {"Origin": "http://localhost:3000", "Sec_Fetch_Site": "cross-site"},
    {"Origin": "https://app.example", "Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-origin"},
    {"Sec_Fetch_Site": "none"},
    {"Referer": "http://127.0.0.1:3000/page"},
    {"Referer": "https://app.example/page?x=1"},
    {"host": "api.segment.io"},
    {"host": "API.Segment.io:443"},
    {"host": "segment.internal"},
    {"host": "[::1]:4170"},
    {"host": "localhost"},
    {"host": ""},
]
REFUSED: list[dict[str, Any]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://app.example.evil.example"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"sec_fetch_site": "Cross-Site"},
    {"Referer": "https://evil.example/x"},
    {"Referer": "https://app.example@evil.example/x"},
    {"Referer": "http://["},
    {"host": "evil.example:4170"},
    {"host": "127.0.0.1.evil.example"},
    {"host": "10.0.0.1"},
    {"host": "api.segment.io.evil.example"},
]


@pytest.mark.parametrize("headers", ALLOWED, ids=str)
def test_programs_and_pages_of_this_machine_pass(headers: dict[str, Any]) -> None:
    gate = Gate(is_open=False, origins=["https://app.example"], hosts=["segment.internal:443"])
    assert gate.refused(asked(**headers)) is None


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_other_pages_do_not_and_are_told_once(headers: dict[str, Any]) -> None:
    told: list[str] = []
    gate = Gate(is_open=False, origins=["https://app.example"], tell=told.append)
    for _ in range(3):
        reply = gate.refused(asked(**headers))
        assert reply is not None
        assert reply.status == 403
        assert reply.body.decode() == told[0] + "\n"
    assert len(told) == 1
    assert "real Pendo" in told[0]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_to_a_pendo_on_loopback_everybody_may_send(headers: dict[str, Any]) -> None:
    assert Gate().refused(asked(**headers)) is None


def test_what_is_told_is_short_and_has_no_control_characters() -> None:
    told: list[str] = []
    gate = Gate(is_open=False, tell=told.append)
    gate.refused(asked(host="x\x1b[31m" + "y" * 5000))
    gate.refused(asked(Origin="https://" + "y" * 5000 + "\x1b[31m"))
    assert [len(text) < 400 and text.isprintable() for text in told] == [True, True]
