"""Each value of each switch, by an example that only it changes."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from destinations import file_of

from segment_pendo.base.switch import SwitchError, changed, settings, table
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import consent
from segment_pendo.segment.filters.filters import ActionSpec, FilterSpec, Passed, compiled
from segment_pendo.segment.functions import Returned
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Receipt, SdkRequest, Skipped, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
BASIC = (("Authorization", "Basic " + base64.b64encode(b"HEADER_KEY:").decode()),)
IOS = {"library": {"name": "analytics-ios", "version": "4.1.8"}}
WEB = {"library": {"name": "analytics.js", "version": "4"}}


def received(body: Any, path: str = "/v1/batch", headers: Any = (), **setup: Any) -> Receipt:
    request = SdkRequest("POST", path, headers=headers, body=json.dumps(body).encode(), ip="192.0.2.7")
    return assess(request, id="r-1", at=AT, setup=Setup(**setup))


def call(**more: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u", "messageId": "m", **more}


def fate(receipt: Receipt) -> Any:
    """The answer's status, and for each call its code or its event."""
    outcomes = [
        one.outcome.code if isinstance(one.outcome, Skipped) else json.loads(one.outcome.body)
        for one in receipt.judged
    ]
    return receipt.reply.status, receipt.refusal.code if receipt.refusal else None, outcomes


def event(receipt: Receipt) -> Any:
    (judged,) = receipt.judged
    assert isinstance(judged.outcome, Webhook)
    return json.loads(judged.outcome.body)


type Look = Callable[[Receipt], Any]
LONG = "x" * 101
BATCH = {"batch": [call(context={"a": {"x": 1}})], "context": {"a": {"x": 2, "y": 3}, "b": 4}}
LARGE = {"batch": [call(traits={"t": "x" * 33_000}), call()]}
MANY = {"batch": [call()] * 2501}
CASES: list[tuple[str, Any, dict[str, Any], Look, Any, Any]] = [
    # switch=value, body, how it is sent, what to look at, by default, with the switch
    ("context_merge=item_shallow", BATCH, {}, lambda r: event(r)["context"]["a"], {"x": 1, "y": 3}, {"x": 1}),
    ("context_merge=batch", BATCH, {}, lambda r: event(r)["context"]["a"], {"x": 1, "y": 3}, {"x": 2,
        "y": 3}),
    ("ip=direct", {"batch": [call(context=IOS)]}, {}, lambda r: event(r)["context"].get("ip"), "192.0.2.7",
        None),
    ("ip=always", {"batch": [call()]}, {}, lambda r: event(r)["context"].get("ip"), None, "192.0.2.7"),
    ("ip=never", {"batch": [call(context={"direct": True})]}, {}, lambda r: event(r)["context"].get("ip"),
        "192.0.2.7", None),
    (
        "write_key=header",
        {"batch": [call()], "writeKey": "BODY_KEY"},
        {"headers": BASIC},
        lambda r: (event(r)["writeKey"], r.judged[0].findings[0].message.partition(";")[2]),
        ("BODY_KEY", " the body's is taken here. Send only one key."),
        ("HEADER_KEY", " the header's is taken here. Send only one key."),
    ),
    (
        "no_sent_at=received",
        call(timestamp="2024-05-01T00:00:00Z"),
        {"path": "/v1/identify"},
        lambda r: event(r)["timestamp"],
        "2024-05-01T00:00:00.000Z",
        "2024-05-09T10:00:01.000Z",
    ),
    (
        "large_item=request",
        LARGE,
        {},
        lambda r: (*fate(r)[:2], fate(r)[2][:1]),
        (200, None, ["message_too_large"]),
        (400, "message_too_large", []),
    ),
    ("surplus=rest", MANY, {}, lambda r: fate(r)[2].count("too_many_messages"), 2501, 1),
    ("key_order=sorted", call(traits={"b": [{"d": 1, "c": 2}], "a": 1}), {"path": "/v1/identify"},
        lambda r: list(event(r))[:2],
     ["type", "userId"], ["channel", "context"]),
    ("bad_shape=accepted", [], {}, fate, (400, "bad_request", []), (200, "bad_request", [])),
    ("bad_shape=accepted", {"batch": 5}, {}, fate, (400, "bad_request", []), (200, "bad_request", [])),
    ("empty_batch=refused", {"batch": []}, {}, fate, (200, "empty_batch", []), (400, "empty_batch", [])),
    ("empty_id=dropped", {"batch": [call(userId="", anonymousId="a")]}, {},
        lambda r: isinstance(r.judged[0].outcome, Webhook), True, False),
    ("empty_id=dropped", {"batch": [call(userId="")]}, {}, lambda r: fate(r)[2], ["no_user_anon_id"],
        ["id_not_string"]),
    ("long_message_id=dropped", {"batch": [call(messageId=LONG)]}, {},
        lambda r: isinstance(r.judged[0].outcome, Webhook), True, False),
    ("type_conflict=body", call(type="group", groupId="g"), {"path": "/v1/identify"},
        lambda r: event(r)["type"], "identify", "group"),
    ("channel=documented", {"batch": [call(context=IOS)]}, {}, lambda r: event(r)["channel"], "server",
        "mobile"),
    ("channel=documented", call(context=WEB), {"path": "/v1/i"}, lambda r: event(r)["channel"], "client",
        "browser"),
    ("channel=documented", {"batch": [call()]}, {}, lambda r: event(r)["channel"], "server", "server"),
    (
        "name_conflict=on",
        {"batch": [call(integrations={"Webhook": False, "Webhooks (Actions)": True})]},
        {},
        lambda r: isinstance(r.judged[0].outcome, Webhook),
        False,
        True,
    ),
    (
        "classic_dates=rewritten",
        {"batch": [call(traits={"since": "2024-05-09T12:00:00+02:00"})]},
        {"webhook": "classic"},
        lambda r: event(r)["traits"]["since"],
        "2024-05-09T12:00:00+02:00",
        "2024-05-09T10:00:00.000Z",
    ),
]  # fmt: skip


HALF = FilterSpec("half", "all", (ActionSpec("SAMPLE", percent=0.5),))
MOST = FilterSpec("most", "all", (ActionSpec("SAMPLE", percent=0.9, path="userId"),))
NOBODY = FilterSpec("nobody", "userId = null", (ActionSpec("DROP"),))


def passes(spec: FilterSpec, event: Any) -> Callable[[Switches], bool]:
    return lambda switches: isinstance(compiled([spec], switches).applied(event), Passed)


def consents(switches: Switches) -> bool:
    event: Any = {"context": {"consent": {}}, "integrations": {"All": True}}
    return consent.blocked(event, ("ads",), switches) is None


def selected_as_sent(switches: Switches) -> bool:
    """Whether a trigger that the event meets only as it was sent selects it."""
    file = file_of({"function": "f.js", "mappings": [{"trigger": 'event = "e"'}]})
    assume = [f"{name}={value}" for name, value in settings(switches).items()]
    setup = Setup.of(
        destination=file, function=lambda data, _: Returned({**data, "event": "E"}), assume=assume
    )
    (judged,) = assess(
        SdkRequest("POST", "/v1/track", body=b'{"userId": "u", "event": "e"}'), id="r", at=AT, setup=setup
    ).judged
    return judged.webhook is not None


# Filters, consent, function: switch=value, whether the event is delivered, by default, with the switch
FILTERS: list[tuple[str, Callable[[Switches], bool], bool, bool]] = [
    ("filter_engine=documented", passes(NOBODY, {"type": "track", "anonymousId": "a"}), True, False),
    ("sample_hash=published", passes(MOST, {"userId": "u-1"}), True, False),
    ("sample=dropped", passes(HALF, {"messageId": "m-1"}), True, False),
    ("sample=message_id", passes(HALF, {"messageId": "m-2"}), True, False),
    ("consent_empty=delivered", consents, False, True),
    ("trigger_sees=sent", selected_as_sent, False, True),
]


@pytest.mark.parametrize(("pair", "delivered", "by_default", "with_switch"), FILTERS)
def test_a_switch_of_filters_and_consent_changes_its_example(
    pair: str, delivered: Callable[[Switches], bool], by_default: bool, with_switch: bool
) -> None:
    assert delivered(DEFAULT) == by_default
    assert delivered(changed(DEFAULT, [pair])) == with_switch


@pytest.mark.parametrize(
    ("pair", "body", "how", "look", "by_default", "with_switch"), CASES, ids=[case[0] for case in CASES]
)
def test_a_switch_changes_its_example(
    pair: str, body: Any, how: dict[str, Any], look: Look, by_default: Any, with_switch: Any
) -> None:
    assert look(received(body, **how)) == by_default
    assert look(received(body, **how, switches=changed(DEFAULT, [pair]))) == with_switch


def test_every_value_has_an_example() -> None:
    values = {f"{one.name}={value}" for one in table(Switches) for value in list(one.values)[1:]}
    assert {case[0] for case in [*CASES, *FILTERS]} == values


def test_keys_are_sorted_at_every_level() -> None:
    switches = changed(DEFAULT, ["key_order=sorted"])
    (judged,) = received(
        call(traits={"b": [{"d": 1, "c": 2}], "a": 1}), "/v1/identify", switches=switches
    ).judged
    assert isinstance(judged.outcome, Webhook)
    assert b'"traits":{"a":1,"b":[{"c":2,"d":1}]}' in judged.outcome.body


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        ("key-order=sorted", "Did you mean key_order?"),
        ("key_order", "Write NAME=VALUE"),
        ("key_order=", "key_order is one of sent, sorted"),
        ("nothing=1", "the names are context_merge, ip"),
    ],
)
def test_what_sets_no_switch_is_said(pair: str, words: str) -> None:
    with pytest.raises(SwitchError) as error:
        changed(DEFAULT, [pair])
    assert words in str(error.value)


def test_a_setup_is_described_without_its_secret_and_read_again() -> None:
    setup = Setup(
        track=True,
        webhook="classic",
        switches=changed(DEFAULT, ["ip=never", "surplus=rest"]),
        secret="s3cret",
    )
    described = setup.described()
    assert described == {"track": True, "webhook": "classic", "assume": {"ip": "never", "surplus": "rest"}}
    assert "s3cret" not in repr(setup)
    assert Setup(secret="s3cret").like(described) == setup
    assert Setup().like({}) == Setup()
    assert settings(DEFAULT) == {}
    for wrong in ({"assume": 5}, {"webhook": "x"}, {"assume": {"ip": "x"}}):
        with pytest.raises(ValueError):
            Setup().like(wrong)  # type: ignore[arg-type]
