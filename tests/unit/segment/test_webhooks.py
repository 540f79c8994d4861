"""The two webhook destinations: routing, signatures, and what there is to know about a webhook."""

import base64
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from segment_pendo.cli import main
from segment_pendo.explain.telling.teller import Teller
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.findings import MOST_FINDINGS
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import webhooks
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Call, Finding, Judged, Message, SdkRequest, Skipped, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def judged(call: bytes, setup: Setup | None = None, headers: Any = (), envelope: bytes = b"") -> Judged:
    body = (
        b'{"batch": [{"type": "identify", "userId": "u", "messageId": "m", ' + call + b"}]" + envelope + b"}"
    )
    receipt = assess(
        SdkRequest("POST", "/v1/batch", headers=headers, body=body), id="r", at=AT, setup=setup or Setup()
    )
    (one,) = receipt.judged
    return one


def told(one: Judged) -> list[tuple[str, str, str]]:
    return [(finding.code, finding.level, finding.path) for finding in one.findings]


@pytest.mark.parametrize(
    ("integrations", "actions", "classic"),
    [
        ({}, True, True),
        ({"All": True}, True, True),
        ({"All": False}, False, False),
        ({"all": False}, True, False),
        ({"All": False, "Webhooks (Actions)": True}, True, False),
        ({"All": False, "Webhook": {"a": 1}}, True, False),
        ({"All": False, "Webhooks": True}, False, True),
        ({"All": False, "Webhooks": {}}, False, True),
        ({"Webhooks": False}, True, False),
        ({"Webhook": False}, False, True),
        ({"Webhook": False, "Webhooks (Actions)": True}, False, True),
        ({"Webhooks (Actions)": None}, True, True),
        ({"webhook": False}, True, True),
        ({"Pendo": False}, True, True),
        ({"Pendo Web (Actions)": False}, True, True),
        (False, True, True),
        ([], True, True),
    ],
)
def test_the_integrations_object_routes(integrations: Any, *, actions: bool, classic: bool) -> None:
    call = b'"integrations": ' + json.dumps(integrations).encode()
    for kind, expected in (("actions", actions), ("classic", classic)):
        outcome = judged(call, Setup(webhook=kind)).outcome
        assert isinstance(outcome, Webhook) == expected, kind
        if isinstance(outcome, Skipped):
            assert outcome.code == "FILTERED_BY_INTEGRATIONS_OBJECT"
            assert "integrations" in outcome.reason


def test_pendo_false_is_told_to_stop_nothing() -> None:
    one = judged(b'"integrations": {"Pendo": false}')
    assert isinstance(one.outcome, Webhook)
    assert ("PENDO_INTEGRATION_IGNORED", "info", "$.integrations.Pendo") in told(one)


def test_what_javascript_loses_is_named() -> None:
    one = judged(b'"traits": {"a b": [1, 9007199254740993], "__proto__": {"x": 1e400}, "c": 1.0, "d": 1e400}')
    losses = [finding for finding in told(one) if finding[0] in {"KEY_LOST", "NUMBER_CHANGED"}]
    assert sorted(losses) == [
        ("KEY_LOST", "warning", "$.traits.__proto__"),
        ("NUMBER_CHANGED", "warning", "$.traits.d"),
        ("NUMBER_CHANGED", "warning", '$.traits["a b"][1]'),
    ]
    assert "NESTED_IGNORED" not in [code for code, _, _ in told(one)], (
        "what is lost on the way is not ignored there"
    )
    assert isinstance(one.outcome, Webhook)
    assert b'"traits":{"a b":[1,9007199254740992],"c":1,"d":null}' in one.outcome.body
    messages = [finding.message for finding in one.findings if finding.code == "NUMBER_CHANGED"]
    assert any(message.startswith("9007199254740993 becomes 9007199254740992, ") for message in messages)
    assert any(message.startswith("1e400 becomes null, ") for message in messages)


def test_two_write_keys_are_told_without_showing_them() -> None:
    basic = (("Authorization", "Basic " + base64.b64encode(b"HEADER_KEY:").decode()),)
    one = judged(b'"traits": {}', headers=basic, envelope=b', "writeKey": "BODY_KEY"')
    (finding,) = one.findings
    assert (finding.code, finding.level) == ("WRITE_KEYS_DIFFER", "warning")
    assert "_KEY" not in finding.message
    assert told(judged(b'"traits": {}', headers=basic, envelope=b', "writeKey": "HEADER_KEY"')) == []


def test_a_long_message_id_is_told() -> None:
    assert told(judged(b'"traits": {}')) == []
    body = b'{"type": "identify", "userId": "u", "messageId": "' + b"x" * 101 + b'"}'
    (one,) = assess(SdkRequest("POST", "/v1/identify", body=body), id="r", at=AT, setup=Setup()).judged
    assert told(one) == [("MESSAGE_ID_LONG", "warning", "$.messageId")]


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        # Python's hmac and Node's crypto agreed on these.
        ('{"type":"identify","userId":"u1"}', "ff06c53e2b6fd95f5018f02fee9e5046544a1ef5"),
        (
            '{"type":"identify","userId":"u1","traits":{"name":"Zoë 😀"}}',
            "3b8ac9b50767067e2e4af09377626d11b5ec7cbe",
        ),
    ],
)
def test_known_signatures(body: str, signature: str) -> None:
    done = CliRunner(env={"SEGMENT_PENDO_WEBHOOK_SECRET": "s3cret"}).invoke(
        main, ["map", "--no-ingest"], input=body.encode()
    )
    assert done.exit_code == 0, done.output
    row = json.loads(done.stdout)
    assert (row["body"], row["headers"]["X-Signature"]) == (body, signature)


def test_the_headers_of_both() -> None:
    actions, classic = (
        judged(b'"traits": {}', Setup(webhook=kind)).outcome for kind in ("actions", "classic")
    )
    assert isinstance(actions, Webhook)
    assert isinstance(classic, Webhook)
    assert actions.body == classic.body
    assert dict(actions.headers)["User-Agent"] == "Segment (Actions)"
    assert dict(classic.headers)["User-Agent"] == "Segment.io/1.0"


@pytest.mark.parametrize("library", ["analytics.js", "analytics.js-next"])
def test_a_bare_call_counts_as_its_own_path_would_carry_it(library: str) -> None:
    call = {"type": "identify", "userId": "u", "messageId": "m", "context": {"library": {"name": library}}}
    at_its_path = assess(
        SdkRequest("POST", "/v1/identify", body=json.dumps(call).encode()), id="1", at=AT, setup=Setup()
    )
    (one,) = at_its_path.judged
    done = CliRunner().invoke(main, ["map", "--received-at", "2024-05-09T10:00:01Z"], input=json.dumps(call))
    assert isinstance(one.outcome, Webhook)
    assert json.loads(done.stdout)["body"] == one.outcome.body.decode()
    assert json.loads(one.outcome.body)["channel"] == "client"


def test_findings_are_sentences_with_a_source() -> None:
    found: tuple[Finding, ...] = judged(
        b'"integrations": {"Pendo": false}, "traits": {"__proto__": 1, "n": 1e400}'
    ).findings
    assert len(found) >= 3
    for finding in found:
        assert finding.message.endswith(".")
        assert finding.source


def test_findings_are_bounded() -> None:
    numbers = b'"traits": {"n": [' + b",".join([b"1e400"] * 5000) + b"]}"
    assert len(judged(numbers).findings) == webhooks.MOST_LOSSES + 1  # and LIST_IN_SEGMENTIO
    nested = b'"traits": {' + b",".join(b'"t%d": {}' % number for number in range(500)) + b"}"
    found = judged(nested).findings
    assert len(found) == MOST_FINDINGS
    assert (found[-1].code, found[-1].message) == (
        "MORE_FINDINGS",
        "401 more findings are not shown; fix these first.",
    )


def test_a_secret_of_any_bytes_signs() -> None:
    done = CliRunner(env={"SEGMENT_PENDO_WEBHOOK_SECRET": "geheim\udcff\udcfe"}).invoke(
        main, ["map"], input='{"type":"identify","userId":"u"}'
    )
    row = json.loads(done.stdout)
    assert (
        row["headers"]["X-Signature"] == hmac.new(b"geheim\xff\xfe", row["body"].encode(), "sha1").hexdigest()
    )


def test_the_signature_stands_where_each_destination_puts_it() -> None:
    names = {}
    for kind in ("actions", "classic"):
        outcome = judged(b'"traits": {}', Setup(webhook=kind, secret="s")).outcome
        assert isinstance(outcome, Webhook)
        names[kind] = [name for name, _ in outcome.headers]
    assert names == {
        "actions": ["User-Agent", "X-Signature", "Content-Type", "Accept", "Accept-Encoding"],
        "classic": ["Accept-Encoding", "User-Agent", "Content-Type", "X-Signature", "Connection"],
    }


def test_only_the_classic_destination_may_rewrite_dates() -> None:
    call = b'"traits": {"since": "2024-05-09"}'
    for kind, since in (("actions", "2024-05-09"), ("classic", "2024-05-09T00:00:00.000Z")):
        outcome = judged(call, Setup(webhook=kind, switches=Switches(classic_dates="rewritten"))).outcome
        assert isinstance(outcome, Webhook)
        assert json.loads(outcome.body)["traits"] == {"since": since}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--assume", "classic_dates=rewritten"], "only where webhook is classic"),
        (["--assume", "name_conflict=on", "--webhook", "classic"], "only where webhook is actions"),
        (["--assume", "nothing=1"], "sets no switch"),
        (["--webhook", "other"], "is not one of 'actions', 'classic'"),
    ],
)
def test_options_without_effect_are_refused(options: list[str], words: str) -> None:
    done = CliRunner().invoke(main, ["map", *options], input="{}")
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(("kind", "title"), [("actions", "Webhooks (Actions)"), ("classic", "Webhooks")])
def test_words_name_the_destination_that_is_meant(kind: str, title: str) -> None:
    outcome = judged(b'"integrations": {"All": false}', Setup(webhook=kind)).outcome
    assert isinstance(outcome, Skipped)
    assert (
        outcome.reason
        == f'integrations has "All": false and does not list "{title}"; add it there to deliver.'
    )
    (finding,) = judged(b'"integrations": {"Pendo": false}, "traits": {}', Setup(webhook=kind)).findings
    assert f'use its name: "{title}": false.' in finding.message


@pytest.mark.parametrize("kind", ["actions", "classic"])
def test_the_mark_of_a_tracking_plan_is_told(kind: str) -> None:
    for integrations, is_plans in [
        ({"All": False, "Segment.io": True}, True),
        ({"Mixpanel": True, "All": False, "Segment.io": True}, True),
        ({"All": False, "Segment.io": False}, False),
        ({"All": False, "Segment.io": {}}, False),
        ({"All": False}, False),
    ]:
        one = judged(b'"integrations": ' + json.dumps(integrations).encode(), Setup(webhook=kind))
        assert isinstance(one.outcome, Skipped)
        assert one.outcome.code == "FILTERED_BY_INTEGRATIONS_OBJECT"
        assert ("tracking plan" in one.outcome.reason) == is_plans, integrations


def test_a_call_that_names_the_destination_passes_the_plan() -> None:
    call = b'"integrations": {"Webhooks (Actions)": true, "All": false, "Segment.io": true}'
    assert isinstance(judged(call).outcome, Webhook)


def test_findings_of_skipped_calls_are_shown() -> None:
    body = b'{"batch": [{"type": "track", "userId": "u", "event": "e", "timestamp": "yesterday"}]}'
    receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup())
    line = Teller(Setup()).call(receipt, receipt.judged[0])
    assert "skipped NO_MATCHING_MAPPING" in line
    assert "   ! TIME_UNREADABLE\n" in line
    assert "\n    warning TIME_UNREADABLE at $.timestamp: " in line


@pytest.mark.parametrize(
    ("webhook", "listed", "other"),
    [("actions", "Webhooks", "Webhooks"), ("classic", "Webhooks (Actions)", "Webhooks (Actions)")],
)
def test_the_name_of_the_other_webhook_destination_is_told(webhook: str, listed: str, other: str) -> None:
    data: Any = {"type": "identify", "userId": "u", "integrations": {"All": False, listed: True}}
    message = Message(Call(0, "identify", data), data)
    skipped = webhooks.filtered(message, webhooks.KINDS[webhook])
    assert skipped is not None
    assert skipped.reason.endswith(
        f'"{listed}", which it lists, is Segment\'s other webhook destination, {other}.'
    )
    del data["integrations"][listed]
    plain = webhooks.filtered(message, webhooks.KINDS[webhook])
    assert plain is not None
    assert "other webhook destination" not in plain.reason
