"""Pendo's side: regions, ids, findings, and the model's worked examples."""

import asyncio
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from segment_pendo.base.hosts import is_loopback
from segment_pendo.base.json_path import json_path
from segment_pendo.cli.run.report import Reporter
from segment_pendo.pendo import findings, ids
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.regions import caveat, destination, examine, webhook_url
from segment_pendo.words import Attempt, CallRef

KEY = "0123abcd-0000-1111-2222-0123456789ab"


@pytest.mark.parametrize(
    ("to", "url"),
    [
        ("us", f"https://data.pendo.io/data/segmentio/{KEY}"),
        ("EU", f"https://data.eu.pendo.io/data/segmentio/{KEY}"),
        ("us1", f"https://us1.data.pendo.io/data/segmentio/{KEY}"),
        ("jp", f"https://data.jpn.pendo.io/data/segmentio/{KEY}"),
        ("au", f"https://data.au.pendo.io/data/segmentio/{KEY}"),
        ("https://data.product.example.com/", f"https://data.product.example.com/data/segmentio/{KEY}"),
        ("http://localhost:8080/base", f"http://localhost:8080/base/data/segmentio/{KEY}"),
        ("http://[::1]:9", f"http://[::1]:9/data/segmentio/{KEY}"),
    ],
)
def test_where_a_destination_is(to: str, url: str) -> None:
    where = destination(to, KEY)
    assert webhook_url(where) == url
    assert KEY not in repr(where)


@pytest.mark.parametrize(
    "to",
    [
        "mars",
        "",
        "http://data.pendo.io",
        "ftp://localhost",
        "https://",
        "https://user:pw@host",
        "https://h/?q=1",
        f"https://data.pendo.io/data/segmentio/{KEY}",
        "http://[bad",
        "http://localhost:99999",
    ],
)
def test_what_is_no_destination_is_refused_without_the_key(to: str) -> None:
    with pytest.raises(ValueError) as refused:
        destination(to, KEY)
    assert KEY not in str(refused.value)


@pytest.mark.parametrize(
    ("to", "key", "codes"),
    [
        ("us", KEY, []),
        ("eu", KEY, []),
        ("us1", KEY, ["UNDOCUMENTED_REGION"]),
        ("jp", KEY, ["UNDOCUMENTED_REGION"]),
        ("au", "short-key", ["UNDOCUMENTED_REGION", "KEY_SHAPE"]),
        ("https://data.own.example", KEY, []),
        ("https://segment.eu.pendo.io", KEY, ["OLD_HOST"]),
        ("https://pendo-io.appspot.com:443", KEY, ["OLD_HOST"]),
        ("http://localhost:1", "short-key", []),
    ],
)
def test_what_to_know_about_a_destination(to: str, key: str, codes: list[str]) -> None:
    found = examine(destination(to, key))
    assert [finding.code for finding in found] == codes
    assert all(key not in finding.message for finding in found)


def test_a_key_cannot_leave_its_place_in_the_path() -> None:
    assert (
        webhook_url(destination("us", "a/../b?c#d"))
        == "https://data.pendo.io/data/segmentio/a%2F..%2Fb%3Fc%23d"
    )


def test_small_questions() -> None:
    assert [
        is_loopback(h)
        for h in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "10.0.0.1", "localhost.example", "")
    ] == [True] * 4 + [False] * 3


@pytest.mark.parametrize(
    ("value", "effective", "codes"),
    [
        ("u-1", "u-1", []),
        ("", None, ["ID_INVALID"]),
        (" ", None, ["ID_INVALID"]),
        ("\t", None, ["ID_INVALID"]),
        ("::", None, ["ID_INVALID"]),
        (True, None, ["ID_INVALID"]),
        ({}, None, ["ID_INVALID"]),
        ([], None, ["ID_INVALID"]),
        (0, "0", ["ID_NUMERIC"]),
        (123, "123", ["ID_NUMERIC"]),
        (1.5, "1.5", ["ID_NUMERIC"]),
        ("a" * 128, "a" * 128, []),
        ("a" * 129, "a" * 128, ["ID_TOO_LONG"]),
        ("é" * 65, "é" * 64, ["ID_TOO_LONG"]),
        ("a" + "é" * 64, "a" + "é" * 63, ["ID_TOO_LONG"]),
        (float("inf"), None, ["ID_INVALID"]),
        ("\ufeff", None, ["ID_INVALID"]),
        ("\x1f", "\x1f", []),
        ("ACCOUNT-UNIQUE-ID", "ACCOUNT-UNIQUE-ID", []),
        ("é" * 64, "é" * 64, []),
        (" a", " a", ["ID_WHITESPACE"]),
        ("a ", "a ", ["ID_WHITESPACE"]),
        ("null", "null", ["ID_SUSPICIOUS"]),
        ("undefined", "undefined", ["ID_SUSPICIOUS"]),
        ("_PENDO_T_abc", "_PENDO_T_abc", ["ID_ANON_PREFIX"]),
        ("VISITOR-UNIQUE-ID", None, ["ID_PLACEHOLDER"]),
        ("ann@example.com", "ann@example.com", ["ID_EMAIL"]),
        ("\ud83d", "\ud83d", []),
    ],
)
def test_visitor_ids(value: Any, effective: str | None, codes: list[str]) -> None:
    assert ids.effective(value, "visitor") == effective
    assert [finding.code for finding in ids.examine(value, "visitor", "$.userId")] == codes


def test_a_double_colon_matters_in_accounts_only() -> None:
    assert [f.code for f in ids.examine("x::y", "account", "$.groupId")] == ["ID_DOUBLE_COLON"]
    assert ids.examine("x::y", "visitor", "$.userId") == []


IDENTIFY: dict[str, Any] = {
    "type": "identify",
    "userId": "u-1",
    "traits": {
        "email": "ann@example.com",
        "planName": "pro",
        "logins": 5,
        "ok": True,
        "since": "2024-05-09T10:00:00.000Z",
        "address": {"city": "Brno"},
        "tags": ["a", "b"],
        "mix": ["a", {"x": 1}],
        "300": "x",
        "gone": None,
    },
}
GROUP: dict[str, Any] = {
    "type": "group",
    "userId": "u-1",
    "groupId": "acme",
    "traits": {"name": "Initech", "employees": 329, "total billed": 830},
}


def told(event: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(f.code, f.level, f.path) for f in findings.examine(event)]


def test_the_findings_of_the_worked_identify() -> None:
    assert sorted(told(IDENTIFY)) == sorted(
        [
            ("NESTED_IGNORED", "warning", "$.traits.address"),
            ("LIST_IN_SEGMENTIO", "info", "$.traits.tags"),
            ("NESTED_IGNORED", "warning", "$.traits.mix[1]"),
            ("KEY_SYNTAX", "warning", '$.traits["300"]'),
            ("NULL_VALUE", "info", "$.traits.gone"),
        ]
    )


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (GROUP, [("KEY_SYNTAX", "warning", '$.traits["total billed"]')]),
        ({"type": "identify", "anonymousId": "a"}, [("ANON_IDENTIFY", "warning", "$.userId")]),
        ({"type": "group", "userId": "u", "traits": {"a": 1}}, [("GROUP_WITHOUT_ID", "error", "$.groupId")]),
        (
            {"type": "group", "groupId": "g", "traits": {"a": 1}},
            [("GROUP_WITHOUT_USER", "warning", "$.userId")],
        ),
        ({"type": "group", "groupId": "g", "userId": "u"}, [("GROUP_NO_TRAITS", "info", "$.traits")]),
        (
            {"type": "group", "groupId": 7, "userId": "u", "traits": {"a": 1}},
            [("ID_NUMERIC", "info", "$.groupId")],
        ),
        (
            {"type": "identify", "userId": "u", "traits": {"id": "v"}},
            [("TRAIT_ID_CONFLICT", "info", "$.traits.id")],
        ),
        ({"type": "identify", "userId": "u", "traits": {"id": "u"}}, []),
        (
            {"type": "identify", "userId": "u", "traits": {"planName": 1, "planname": 2}},
            [("KEY_CASE_COLLISION", "error", "$.traits.planname")],
        ),
        (
            {"type": "identify", "userId": "u", "traits": {"a": "TRUE"}},
            [("BOOL_AS_STRING", "info", "$.traits.a")],
        ),
        ({"type": "identify", "userId": "u", "traits": {"a": ""}}, [("EMPTY_VALUE", "info", "$.traits.a")]),
        (
            {"type": "identify", "userId": "u", "traits": {"a": "x" * 1501}},
            [("VALUE_LONG", "info", "$.traits.a")],
        ),
        (
            {"type": "identify", "userId": "u", "traits": {"createdAt": 1700000000}},
            [("DATE_FORMAT", "info", "$.traits.createdAt")],
        ),
        (
            {"type": "identify", "userId": "u", "traits": {"createdAt": "2024-05-09"}},
            [("DATE_FORMAT", "info", "$.traits.createdAt")],
        ),
        ({"type": "identify", "userId": "u", "traits": {"createdAt": "2024-05-09T10:00:00.5+02:00"}}, []),
        (
            {"type": "group", "groupId": "g", "userId": "u", "traits": {"companyId": "h"}},
            [("CUSTOM_ACCOUNT_ID", "info", "$.traits.companyId")],
        ),
        (
            {"type": "track", "userId": "u", "event": "E"},
            [("TRACK_NO_GROUP", "warning", "$.properties.groupId")],
        ),
        ({"type": "track", "userId": "u", "event": "E", "properties": {"groupId": "g"}}, []),
        ({"type": "alias"}, [("UNSUPPORTED_TYPE", "info", "$.type")]),
    ],
)
def test_findings(event: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert told(event) == expected
    for finding in findings.examine(event):
        assert finding.message.endswith(".")
        assert any(word in finding.source for word in ("Pendo", "Segment", "documented nowhere"))


def test_json_paths() -> None:
    assert json_path("a", "x y", 'q"\\', 3) == '$.a["x y"]["q\\"\\\\"][3]'


def test_the_worked_examples_as_the_model_holds_them() -> None:
    pendo = Records()
    pendo.apply(IDENTIFY, 1000)
    assert pendo.visitor("u-1") == {
        "id": "u-1",
        "accountIds": [],
        "metadata": {
            "auto": {"id": "u-1", "lastupdated": 1000},
            "segmentio": {
                "email": "ann@example.com",
                "planname": "pro",
                "logins": 5,
                "ok": True,
                "since": "2024-05-09T10:00:00.000Z",
                "tags": ["a", "b"],
                "mix": ["a"],
                "300": "x",
                "gone": None,
            },
        },
    }
    pendo.apply(GROUP, 2000)
    assert pendo.account("acme") == {
        "id": "acme",
        "metadata": {
            "auto": {"id": "acme", "lastupdated": 2000},
            "segmentio": {"name": "Initech", "employees": 329, "total billed": 830},
        },
    }
    pendo.apply(GROUP | {"groupId": "beta"}, 3000)
    visitor: Any = pendo.visitor("u-1")
    assert visitor["accountIds"] == ["acme", "beta"]
    assert visitor["metadata"]["auto"] == {
        "id": "u-1",
        "lastupdated": 3000,
        "accountid": "beta",
        "accountids": ["acme", "beta"],
    }
    pendo.apply({"type": "identify", "userId": "u-1", "traits": {"planname": "free"}}, 4000)
    later: Any = pendo.visitor("u-1")
    assert (later["metadata"]["segmentio"]["planname"], later["metadata"]["segmentio"]["logins"]) == (
        "free",
        5,
    )


def test_records_are_case_sensitive_and_never_made_of_nothing() -> None:
    pendo = Records()
    pendo.apply(
        [
            {"type": "identify", "userId": "Ann"},
            {"type": "identify", "userId": None},
            {"type": "group", "groupId": 7},
        ],
        1,
    )
    assert pendo.visitor("Ann")
    assert pendo.visitor("ann") is None
    assert pendo.visitor("None") is None
    assert pendo.account("7")


def test_what_a_2xx_of_a_real_pendo_means_is_told_once() -> None:
    assert caveat(destination("http://localhost:1", KEY)) is None
    finding = caveat(destination("us", KEY))
    assert finding is not None
    assert finding.code == "NO_EFFECT_ASSURED"
    out = StringIO()
    reporter = Reporter(out, "text", finding)
    when = datetime(2024, 5, 9, tzinfo=UTC)

    async def main() -> None:
        for number, state in enumerate(("dead", "delivered", "delivered")):
            reporter.heard(CallRef("r", number), Attempt(1, when, 200, "", state))  # type: ignore[arg-type]
        reporter.finish()

    asyncio.run(main())
    lines = [line.strip().split(":")[0] for line in out.getvalue().splitlines()]
    assert lines.count("info NO_EFFECT_ASSURED") == 1
