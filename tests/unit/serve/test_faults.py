"""Faults: their plain form and text, and which request meets which."""

import gzip
import json
from http import HTTPStatus
from typing import Any

import pytest

from segment_pendo.serve.fault import Fault, FaultError
from segment_pendo.serve.faults import Faults
from segment_pendo.words import Call, SdkRequest

IDENTIFY = {
    "type": "identify",
    "userId": "u1",
    "traits": {"plan": "pro", "seats": 5, "admins": 1, "tags": ["a", {"b": 1}]},
}
GROUP = {"type": "group", "userId": "u1", "groupId": "acme", "messageId": "m-1"}


def asked(*calls: Any, path: str = "/v1/batch", packed: bool = False) -> SdkRequest:
    body = json.dumps({"batch": calls} if path == "/v1/batch" else calls[0]).encode()
    return SdkRequest("POST", path, body=gzip.compress(body) if packed else body)


def webhook(event: Any) -> bytes:
    return json.dumps(event).encode()


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


# --- the form ---


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("status=503", {}),
        (
            "on=pendo,status=503,probability=0.1,retry_after=1",
            {"on": "pendo", "probability": 0.1, "retry_after": 1, "times": None},
        ),
        (" on = pendo , hang ", {"on": "pendo", "hang": True}),
        ("status=none,delay=2.5", {"status": None, "delay": 2.5}),
        ("reset=true,times=3,keep", {"reset": True, "times": 3, "keep": True}),
        ("cut,status=200,times=null", {"cut": True, "status": 200, "times": None}),
        ("outage=10", {"outage": 10, "times": None}),
        ("probability=0.5,times=2", {"probability": 0.5, "times": 2}),
        (
            "match.type=identify,match.user=007,match.event=",
            {"match": {"type": "identify", "user": "007", "event": ""}},
        ),
        ('{"match": {"traits": {"plan": "a,b"}}}', {"match": {"traits": {"plan": "a,b"}}}),
        ("{}", {}),
    ],
)
def test_a_text_and_json_are_one_form(text: str, plain: dict[str, Any]) -> None:
    fault = Fault.read(text)
    assert fault == Fault.of(plain)
    assert fault.plain() == Fault().plain() | plain
    assert Fault.read(str(fault)) == fault == Fault.of(fault.plain())


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault(), "on=segment,status=503"),
        (Fault(on="pendo", hang=True), "on=pendo,hang=true"),
        (Fault(status=None, delay=0.5), "on=segment,status=none,delay=0.5"),
        (Fault(outage=3, times=None), "on=segment,status=503,outage=3"),
        (Fault(match={"user": "u1"}), "on=segment,status=503,match.user=u1"),
        (Fault(match={"user": "a,b"}), '{"on":"segment","status":503,"match":{"user":"a,b"}}'),
        (Fault(match={}), '{"on":"segment","status":503,"match":{}}'),
    ],
)
def test_a_fault_is_shown_as_the_text_that_asks_for_it(fault: Fault, text: str) -> None:
    assert (str(fault), Fault.read(text)) == (text, fault)


def test_a_door_may_say_where_a_fault_is_by_default() -> None:
    assert Fault.read("hang", "pendo").on == Fault.read('{"hang": true}', "pendo").on == "pendo"
    assert Fault.read("on=segment,hang", "pendo").on == "segment"


def test_numbers_of_other_kinds_are_numbers() -> None:
    assert Fault.of({"status": HTTPStatus.TOO_MANY_REQUESTS, "times": 2.0, "delay": 1}) == Fault(
        status=429, times=2, delay=1
    )


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ([], 'a fault is an object such as {"on": "pendo", "status": 503}'),
        (None, "a fault is an object"),
        ({"probabilty": 1}, "a fault has no key 'probabilty'; did you mean probability?"),
        ({"\ud800": 1}, "a fault has no key '\\ud800'; known: on, status"),
        ({"match": {"usr": 1}}, "match has no key 'usr'; did you mean user?"),
        ({"match": ["u1"]}, "match must be an object with some of type, user, "),
        ({"on": "segmnt"}, "on must be segment, token or pendo; did you mean segment?"),
        ({"on": "zz"}, "on must be segment, token or pendo"),
        (
            {"on": "token", "match": {"user": "u1"}},
            "match looks at calls, and a request for a token has none",
        ),
        ({"on": "\ud800"}, "on must be segment, token or pendo"),
        ({"status": 199}, "status must be a status from 200 to 599, or none"),
        ({"status": 600}, "status must be"),
        ({"status": True}, "status must be"),
        ({"status": "503"}, "status must be"),
        ({"status": 503.5}, "status must be"),
        ({"status": 10**400}, "status must be"),
        ({"times": 0}, "times must be a whole number from 1, or none: for ever"),
        ({"times": True}, "times must be"),
        ({"delay": -1}, "delay must be a number of seconds"),
        ({"delay": float("nan")}, "delay must be"),
        ({"delay": 3600}, "delay must be"),
        ({"delay": 10**400}, "delay must be"),
        ({"outage": None}, "outage must be a number of seconds"),
        ({"probability": 0}, "probability must be a number above 0, up to 1"),
        ({"probability": 1.01}, "probability must be"),
        ({"retry_after": 1.5}, "retry_after must be whole seconds, or none"),
        ({"retry_after": -1}, "retry_after must be"),
        ({"hang": 1}, "hang must be true or false"),
        ({"keep": None}, "keep must be true or false"),
        ({"hang": True, "reset": True}, "hang and reset exclude each other"),
        ({"reset": True, "cut": True}, "reset and cut exclude each other"),
        ({"outage": 1, "times": 2}, "outage and times exclude each other"),
        ({"status": None, "retry_after": 1}, "retry_after is a header of an answer"),
        ({"hang": True, "retry_after": 1}, "retry_after is a header of an answer"),
        ({"cut": True, "status": 204}, "cut breaks off the body of an answer, and 204 has none"),
    ],
)
def test_what_is_no_fault_is_refused_in_words(plain: Any, words: str) -> None:
    with pytest.raises(FaultError) as error:
        Fault.of(plain)
    assert words in str(error.value)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a fault has no key ''"),
        ("503", "a fault has no key '503'"),
        ("on=pendo,stauts=503", "a fault has no key 'stauts'; did you mean status?"),
        ("status=503,status=500", "status is given twice"),
        ("match.user=a,match.user=b", "match.user is given twice"),
        ("match.usr=a", "match has no key 'usr'; did you mean user?"),
        ("match=u1", "match must be an object"),
        ("status=many", "status must be"),
        ("{", "this text is not JSON"),
        ('{"times": ' + "[" * 300 + "]" * 300 + "}", "this text is not JSON"),
    ],
)
def test_a_text_that_is_no_fault_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(FaultError) as error:
        Fault.read(text)
    assert words in str(error.value)


# --- deciding ---


def met(faults: Faults, count: int, on: Any = "segment") -> list[bool]:
    facts = asked(IDENTIFY) if on == "segment" else webhook(IDENTIFY)
    return [faults.next(on, facts) is not None for _ in range(count)]


def test_a_count_is_used_up_in_the_order_of_the_faults() -> None:
    faults = Faults()
    faults.add(Fault(status=429), Fault(status=500, times=2), Fault(on="pendo"))
    answers = [faults.next("segment", asked(IDENTIFY)) for _ in range(4)]
    assert [fault and fault.status for fault in answers] == [429, 500, 500, None]
    assert (faults.concern("segment"), faults.concern("pendo")) == (False, True)
    assert met(faults, 2, "pendo") == [True, False]
    assert faults.happened == {"segment": 3, "pendo": 1}
    assert [(row["met"], row["over"]) for row in faults.rows()] == [(1, True), (2, True), (1, True)]  # type: ignore[index, call-overload]


def test_a_fault_without_an_end_goes_on_until_it_is_cleared() -> None:
    faults = Faults()
    faults.add(Fault(times=None))
    assert met(faults, 50) == [True] * 50
    released = faults.released
    faults.clear()
    assert met(faults, 1) == [False]
    assert (faults.rows(), faults.released) == ([], released + 1)


def test_one_seed_gives_the_same_chances_and_another_one_others() -> None:
    def run(seed: int | None) -> list[bool]:
        faults = Faults(seed=seed)
        faults.add(Fault.of({"probability": 0.3}), Fault.of({"on": "pendo", "probability": 0.5}))
        return met(faults, 200)

    assert run(7) == run(7) != run(8)
    assert 30 < run(7).count(True) < 90
    assert isinstance(Faults().seed, int)


def test_the_chances_at_one_side_do_not_hang_on_what_happens_at_the_other() -> None:
    def run(*, between: bool) -> list[bool]:
        faults = Faults(seed=1)
        faults.add(Fault.of({"probability": 0.5}), Fault.of({"on": "pendo", "probability": 0.5}))
        seen = []
        for _ in range(40):
            seen += met(faults, 1)
            if between:
                met(faults, 3, "pendo")
        return seen

    assert run(between=True) == run(between=False)


def test_a_chance_with_a_count_happens_so_often_and_no_more() -> None:
    faults = Faults(seed=3)
    faults.add(Fault(probability=0.5, times=2))
    seen = met(faults, 100)
    assert (seen.count(True), seen[:2] == [True, True]) == (2, False)


def test_after_a_clear_the_same_chances_come_again() -> None:
    faults = Faults(seed=5)
    faults.add(Fault(probability=0.5, times=None))
    first = met(faults, 50)
    faults.clear()
    faults.add(Fault(probability=0.5, times=None))
    assert met(faults, 50) == first


def test_an_outage_meets_everything_from_the_first_match_on_until_its_end() -> None:
    clock = Clock()
    faults = Faults(clock=clock)
    faults.add(Fault.of({"outage": 10, "match": {"user": "u1"}}))
    other, own = asked({"type": "identify", "userId": "u2"}), asked(IDENTIFY)
    assert faults.next("segment", other) is None  # nothing has matched yet
    clock.now = 200.0
    assert faults.next("segment", own) is not None
    clock.now = 209.9
    assert faults.next("segment", other) is not None
    assert faults.next("pendo", webhook(IDENTIFY)) is None
    clock.now = 210.0
    assert faults.next("segment", own) is None
    assert [(row["met"], row["over"]) for row in faults.rows()] == [(2, True)]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("match", "is_met"),
    [
        ({}, True),
        ({"type": "identify"}, True),
        ({"type": "group", "group": "acme", "message_id": "m-1"}, True),
        ({"type": "identify", "group": "acme"}, False),  # each of them by another call
        ({"user": "u2"}, False),
        ({"user": None}, False),
        ({"anonymous": None}, False),  # absent is not null
        ({"traits": {"plan": "pro"}}, True),
        ({"traits": {"plan": "Pro"}}, False),
        ({"traits": {"seats": 5.0, "tags": ["a", {}]}}, True),
        ({"traits": {"admins": 1}}, True),
        ({"traits": {"admins": True}}, False),
        ({"traits": {"tags": ["a"]}}, False),
        ({"traits": {"none": None}}, False),
        ({"traits": "pro"}, False),
    ],
)
def test_a_match_is_a_part_of_one_call(match: Any, *, is_met: bool) -> None:
    fault = Fault.of({"match": match, "times": None})
    for request in (asked(IDENTIFY, GROUP), asked(GROUP, IDENTIFY, packed=True)):
        faults = Faults()
        faults.add(fault)
        assert (faults.next("segment", request) is not None) == is_met
    faults = Faults()
    faults.add(Fault.of({**fault.plain(), "on": "pendo"}))
    assert (faults.next("pendo", webhook([IDENTIFY, GROUP])) is not None) == is_met


def test_the_path_of_a_request_gives_the_type_and_track_events_have_names_of_their_own() -> None:
    faults = Faults()
    faults.add(Fault.of({"match": {"type": "identify"}}))
    assert faults.next("segment", asked({"userId": "u1"}, path="/v1/identify")) is not None
    faults.add(Fault.of({"on": "pendo", "match": {"user": "u1", "group": "acme", "type": "track"}}))
    event = {"type": "track", "event": "E", "visitorId": "u1", "accountId": "acme"}
    assert faults.next("pendo", webhook(event)) is not None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1000, b"5", b'"x"', b"[1, null, []]"])
def test_what_cannot_be_read_has_no_call_that_matches(body: bytes) -> None:
    faults = Faults()
    faults.add(Fault.of({"match": {"type": "identify"}}), Fault.of({"on": "pendo", "match": {"user": "u1"}}))
    assert faults.next("segment", SdkRequest("POST", "/v1/batch", body=body)) is None
    assert faults.next("pendo", body) is None
    faults.add(Fault())
    assert faults.next("segment", SdkRequest("POST", "/v1/batch", body=body)) is not None


def test_whoever_adds_a_fault_may_say_what_matches() -> None:
    def is_first(call: Call) -> bool:
        return call.index == 0 and call.type == "group"

    faults = Faults()
    faults.add(Fault(), matches=is_first, name="mine")
    assert faults.next("segment", asked(IDENTIFY, GROUP)) is None
    assert faults.unused() == ["mine"]
    assert faults.next("segment", asked(GROUP, IDENTIFY)) is not None


def test_a_fault_is_unused_until_a_request_comes_for_it_whatever_chance_says() -> None:
    faults = Faults(seed=1)
    faults.add(Fault(probability=1e-9, times=None), Fault(match={"user": "u2"}), Fault(on="pendo"))
    assert met(faults, 1) == [False]
    assert faults.unused() == ["on=segment,status=503,match.user=u2", "on=pendo,status=503"]


def test_there_is_an_end_to_how_many_can_wait_and_to_how_many_are_remembered() -> None:
    faults = Faults()
    faults.add(*[Fault()] * 1000)
    with pytest.raises(FaultError, match="more than 1,000 faults cannot wait"):
        faults.add(Fault())
    assert met(faults, 1001) == [True] * 1000 + [False]
    faults.add(Fault(status=500))
    assert [(row["status"], row["over"]) for row in faults.rows()] == [(503, True)] * 100 + [(500, False)]  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("plain", "note"),
    [
        ({}, "POST /x answered 503, as asked; its calls were not taken"),
        ({"keep": True}, "POST /x answered 503, as asked; its calls were taken"),
        (
            {"status": None, "cut": True},
            "POST /x answered as usual, its body cut, as asked; its calls were taken",
        ),
        ({"status": None, "hang": True}, "POST /x not answered, as asked; its calls were not taken"),
        ({"on": "pendo", "reset": True}, "POST /x reset, as asked; Pendo did not take it"),
        ({"on": "pendo", "status": 200, "keep": True}, "POST /x answered 200, as asked; Pendo took it"),
    ],
)
def test_what_happens_is_told_in_a_sentence(plain: dict[str, Any], note: str) -> None:
    notes: list[str] = []
    faults = Faults(notes.append, asked="as asked")
    faults.tell(Fault.of(plain), "POST /x")
    faults.tell_delay(Fault(delay=2.5), "POST /x")
    assert notes == [note, "POST /x held back for 2.5 s, as asked"]
