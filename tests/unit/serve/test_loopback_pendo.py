"""The loopback Pendo over HTTP: its answers, what is read back, what came to nothing and why."""

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from background import background

from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo

IDENTIFY = {
    "type": "identify",
    "userId": "u/1",
    "messageId": "m-1",
    "traits": {"planName": "pro", "seats": 5, "tags": ["a"], "gone": None},
}
GROUP = {
    "type": "group",
    "userId": "u/1",
    "groupId": "acme",
    "messageId": "m-2",
    "traits": {"name": "Initech", "price": 9.5},
}
TRACK = {
    "type": "track",
    "userId": "u/1",
    "event": "E",
    "timestamp": "2024-05-09T10:00:00.000Z",
    "properties": {"groupId": "acme"},
}


class Asker:
    """Speaks to one loopback Pendo."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=20)

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        self._connection.request(method, path, data, headers or {})
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else None

    def close(self) -> None:
        self._connection.close()


def opened(answers: Answers | None = None) -> Iterator[Asker]:
    with background(LoopbackPendo(answers=answers).routes()) as url:
        asker = Asker(url)
        try:
            yield asker
        finally:
            asker.close()


@pytest.fixture
def ask() -> Iterator[Asker]:
    yield from opened()


@pytest.fixture
def strange() -> Iterator[Asker]:
    """With a key, an integration key and no setting for track calls."""
    yield from opened(
        Answers(
            track=False, key="the-key", integration_key="read-key", name_of=lambda name: f"call of {name}"
        )
    )


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/data/segmentio/any", IDENTIFY, 200),
        ("POST", "/data/segmentio/any", {"type": "page"}, 200),
        ("POST", "/data/segmentio/any", [], 200),
        ("POST", "/data/segmentio/any", {}, 200),
        ("POST", "/data/segmentio/any", 5, 400),
        ("POST", "/data/segmentio/any", b"{", 400),
        ("POST", "/data/segmentio/any", b"", 400),
        ("PUT", "/data/segmentio/any", IDENTIFY, 405),
        ("GET", "/data/segmentio/any", None, 405),
        ("GET", "/data/track", None, 405),
        ("POST", "/data/track", b"event=E", 400),
        ("POST", "/data/track", [], 400),
        ("GET", "/api/v1/visitor/nobody", None, 404),
        ("GET", "/api/v1/metadata/schema/parentAccount", None, 404),
        ("GET", "/api/v1/token/verify", None, 200),
        ("POST", "/_/reset", None, 403),
    ],
)
def test_answers(ask: Asker, method: str, path: str, body: Any, status: int) -> None:
    assert ask(method, path, body)[0] == status


def test_every_refusal_is_a_200_on_request() -> None:
    for ask in opened(Answers(always_200=True, key="the-key")):
        assert ask("PUT", "/data/segmentio/the-key", b"{}") == (200, None)
        assert ask("POST", "/data/segmentio/wrong", b"{}") == (200, None)
        assert ask("POST", "/data/track", b"{") == (200, None)


def test_records_are_read_back_as_pendos_api_names_them(ask: Asker) -> None:
    for event in (IDENTIFY, GROUP, TRACK):
        assert ask("POST", "/data/segmentio/any", event) == (200, None)
    status, visitor = ask("GET", "/api/v1/visitor/u%2F1")
    assert status == 200
    assert visitor["metadata"]["segmentio"] == {"planname": "pro", "seats": 5, "tags": ["a"], "gone": None}
    auto = visitor["metadata"]["auto"]
    assert (auto["accountid"], auto["accountids"], visitor["accountIds"]) == ("acme", ["acme"], ["acme"])
    assert auto["firstvisit"] == auto["lastvisit"] > 1_700_000_000_000  # the track event was a visit
    assert ask("GET", "/api/v1/account/acme")[1]["metadata"]["segmentio"] == {"name": "Initech", "price": 9.5}
    encoded = {"x-pendo-base64-encoded-params": "true"}
    assert (
        ask("GET", "/api/v1/visitor/" + base64.urlsafe_b64encode(b"u/1").decode(), headers=encoded)[1]
        == visitor
    )
    assert ask("GET", "/api/v1/visitor/%", headers=encoded)[0] == 404
    odd = "ÿ?ÿ>"  # whose base64 differs in the two alphabets
    ask("POST", "/data/segmentio/any", {**IDENTIFY, "userId": odd})
    for text in {
        base64.urlsafe_b64encode(odd.encode()).decode(),
        base64.b64encode(odd.encode()).decode().replace("/", "%2F"),
    }:
        assert ask("GET", f"/api/v1/visitor/{text}", headers=encoded)[1]["id"] == odd
    assert ask("GET", "/api/v1/metadata/visitor/segmentio/value/u%2F1/planname") == (200, "pro")
    assert ask("GET", "/api/v1/metadata/visitor/segmentio/value/u%2F1/gone") == (200, None)
    assert ask("GET", "/api/v1/metadata/account/auto/value/acme/id") == (200, "acme")
    for path in (
        "visitor/segmentio/value/u%2F1/nothing",
        "visitor/agent/value/u%2F1/planname",
        "other/segmentio/value/u%2F1/planname",
    ):
        assert ask("GET", f"/api/v1/metadata/{path}")[0] == 404


def test_the_schema_of_what_was_sent(ask: Asker) -> None:
    ask("POST", "/data/segmentio/any", IDENTIFY)
    ask("POST", "/data/segmentio/any", GROUP)
    schema = ask("GET", "/api/v1/metadata/schema/visitor")[1]["segmentio"]
    assert {name: (one["Type"], one["DisplayName"]) for name, one in schema.items()} == {
        "planname": ("string", "planName"),
        "seats": ("integer", "seats"),
        "tags": ("list", "tags"),
        "gone": ("", "gone"),
    }
    assert schema["tags"]["ElementType"] == "string"
    assert ask("GET", "/api/v1/metadata/schema/account")[1]["segmentio"]["price"]["Type"] == "float"


def test_keys_are_asked_for_and_never_shown(strange: Asker) -> None:
    assert strange("POST", "/data/segmentio/wrong", IDENTIFY) == (403, None)
    assert strange("POST", "/data/segmentio/the-key", IDENTIFY) == (200, None)
    assert strange("GET", "/api/v1/visitor/u%2F1") == (403, None)
    assert strange("GET", "/api/v1/token/verify", headers={"x-pendo-integration-key": "wrong"}) == (403, None)
    good = {"x-pendo-integration-key": "read-key"}
    assert strange("GET", "/api/v1/visitor/u%2F1", headers=good)[0] == 200
    assert strange("GET", "/api/v1/token/verify", headers=good) == (
        200,
        {"valid": True, "writeAccess": False},
    )
    assert "key" not in json.dumps(strange("GET", "/_/state")[1])
    assert "the-key" not in repr(Answers(key="the-key", integration_key="read-key")) + repr(
        Answers(integration_key="the-key")
    )


def test_the_state_tells_which_call_set_what_and_what_came_to_nothing(strange: Asker) -> None:
    anonymous = {"type": "identify", "anonymousId": "a", "messageId": "m-3"}
    again = {**GROUP, "messageId": "m-8"}  # who joined them first is kept
    for event in (
        IDENTIFY,
        {**IDENTIFY, "messageId": "m-9", "traits": {"planName": "free"}},
        GROUP,
        again,
        TRACK,
        anonymous,
        {"type": "alias"},
    ):
        strange("POST", "/data/segmentio/the-key", event)
    state = strange("GET", "/_/state")[1]
    visitor = state["visitors"]["u/1"]
    names = [(one["value"], one["call"]) for one in visitor["history"]["fields"]["planname"]]
    assert names == [("pro", "call of m-1"), ("free", "call of m-9")]
    assert [(one["value"], one["call"]) for one in visitor["history"]["accounts"]] == [
        ("acme", "call of m-2")
    ]
    assert [(one["type"], one["call"]) for one in state["nothing"]] == [
        ("track", ""),
        ("identify", "call of m-3"),
        ("alias", ""),
    ]
    assert "setting for track" in state["nothing"][0]["why"]
    assert (state["webhooks"], state["events"], state["forgotten"]) == (7, [], 0)
    assert strange("GET", "/_/state?visitor=u%2F1")[1] == visitor
    assert strange("GET", "/_/state?account=nobody")[0] == 404
    assert strange("POST", "/_/reset", headers={"X-Segment-Pendo": "1"})[0] == 200
    assert strange("GET", "/_/state")[1]["visitors"] == {}


def test_the_track_api_and_what_is_wrong_with_its_requests(ask: Asker) -> None:
    good = {
        "type": "track",
        "event": "E",
        "visitorId": "v",
        "accountId": "a",
        "timestamp": 1,
        "properties": {"x": 1},
    }
    secret = {"x-pendo-track-event-secret": "s"}
    assert ask("POST", "/data/track", good, secret) == (200, None)
    assert ask("GET", "/_/state")[1]["findings"] == []
    (event,) = ask("GET", "/_/state")[1]["events"]
    del event["at"]
    assert event == {
        "event": "E",
        "visitorId": "v",
        "accountId": "a",
        "properties": {"x": 1},
        "call": "track API",
    }
    wrong = [
        {**good, "timestamp": "2024-05-09T10:00:00Z"},
        {**good, "type": "identify"},
        {**good, "visitorId": 7},
        {**good, "event": ""},
    ]
    for body in wrong:
        assert ask("POST", "/data/track", body, secret)[0] == 200
    ask("POST", "/data/track", good)
    found = ask("GET", "/_/state")[1]["findings"]
    assert {one["code"] for one in found} == {"TRACK_EVENT_SHAPE"}
    assert [one["path"] for one in found] == ["$.timestamp", "$.type", "$.visitorId", "$.event", "$"]


def test_a_track_event_that_comes_both_ways_is_told(ask: Asker) -> None:
    ask("POST", "/data/segmentio/any", TRACK)
    ask("POST", "/data/segmentio/any", TRACK)
    body = {"type": "track", "event": "E", "visitorId": "u/1", "timestamp": 1715248800000}
    ask("POST", "/data/track", {**body, "timestamp": 5}, {"x-pendo-integration-key": "s"})
    assert ask("GET", "/_/state")[1]["findings"] == []
    ask("POST", "/data/track", body, {"x-pendo-integration-key": "s"})
    assert [one["code"] for one in ask("GET", "/_/state")[1]["findings"]] == ["DUPLICATE_PATHS"]
    ask("POST", "/_/reset", headers={"X-Segment-Pendo": "1"})
    ask("POST", "/data/track", body, {"x-pendo-integration-key": "s"})
    assert ask("GET", "/_/state")[1]["findings"] == []


def test_an_array_is_read_and_told(ask: Asker) -> None:
    assert ask("POST", "/data/segmentio/any", [IDENTIFY, GROUP])[0] == 200
    state = ask("GET", "/_/state")[1]
    assert [(one["code"], one["call"]) for one in state["findings"]] == [
        ("BATCHED_BODY", "m-1"),
        ("BATCHED_BODY", "m-2"),
    ]
    assert state["visitors"]["u/1"]["accountIds"] == ["acme"]
