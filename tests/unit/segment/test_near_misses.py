"""Near misses of shape: the key that is there and the one that was meant, by what is lost."""

from typing import Any

import pytest

from segment_pendo.segment.near_misses import near_misses
from segment_pendo.words import Call


def told(event: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding.level, finding.path) for finding in near_misses(Call(0, event.get("type"), event))]


USER = {"userId": "u"}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "identify", "user_id": "u"}, [("error", "$.user_id")]),
        ({"type": "identify", "userid": "u"}, [("error", "$.userid")]),
        ({"type": "identify", "UserId": "u"}, [("error", "$.UserId")]),
        ({"type": "identify", "user-id": "u"}, [("error", '$["user-id"]')]),
        ({"type": "identify", "userId": "u", "user_id": "u"}, [("info", "$.user_id")]),
        ({"type": "identify", "anonymous_id": "a"}, [("error", "$.anonymous_id")]),
        ({"type": "group", **USER, "group_id": "g"}, [("error", "$.group_id")]),
        ({"type": "identify", **USER, "Traits": {"a": 1}}, [("warning", "$.Traits")]),
        ({"type": "identify", **USER, "trait": {"a": 1}}, [("warning", "$.trait")]),
        ({"type": "track", **USER, "event": "E", "props": {"a": 1}}, [("warning", "$.props")]),
        ({"type": "track", **USER, "event": "E", "text": "x", "product": 1}, []),
        ({"type": "track", **USER, "event": "E", "propertys": {"a": 1}}, [("warning", "$.propertys")]),
        ({"type": "track", **USER, "event": "E", "traits": {"rows": 1}}, [("warning", "$.traits")]),
        ({"type": "identify", **USER, "properties": {"plan": 1}}, [("warning", "$.properties")]),
        ({"type": "identify", **USER, "properties": {}}, []),
        ({"type": "identify", **USER, "context": {"traits": {"plan": 1}}}, [("warning", "$.context.traits")]),
        ({"type": "track", **USER, "event": "E", "context": {"traits": {"plan": 1}}}, []),
        ({"type": "identify", **USER, "traits": {"a": 1}, "context": {"traits": {"plan": 1}}}, []),
        ({"type": "identify", **USER, "traits": {"traits": {"plan": 1}}}, [("warning", "$.traits.traits")]),
        (
            {"type": "track", **USER, "properties": {"properties": {"a": 1}}},
            [("warning", "$.properties.properties")],
        ),
        ({"type": "identify", "userId": {"userId": "u"}}, [("error", "$.userId")]),
        # What real SDKs and Segment's specification have is no near miss.
        (
            {"type": "identify", **USER, "messageId": "m", "timestamp": "t", "sentAt": "s", "channel": "web"},
            [],
        ),
        ({"type": "page", **USER, "name": "Home", "category": "Docs", "properties": {"path": "/"}}, []),
        ({"type": "track", **USER, "event": "E", "events": 1}, [("info", "$.events")]),
        ({"type": "identify", **USER, "events": 1, "uuid": "x", "library": "y", "revenue": 5}, []),
        ({"type": "screen", **USER, "options": {}, "_metadata": {}}, []),
    ],
)
def test_a_near_miss_is_named_with_its_level(event: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert told(event) == expected


def test_the_words_name_both_keys_and_what_to_do() -> None:
    def text(event: dict[str, Any]) -> str:
        (finding,) = near_misses(Call(0, event["type"], event))
        return finding.message

    assert text({"type": "identify", "user_id": "u"}) == (
        "user_id is not userId, so neither Segment nor Pendo reads it; send it as userId."
    )
    assert text(
        {"type": "identify", **USER, "traits": {"traits": {"a": 1, "b": 2, "c": 3, "d": 4}}}
    ).endswith("send a, b, c and 1 more one level higher.")
    assert "send rows as properties" in text({"type": "track", **USER, "event": "E", "traits": {"rows": 1}})
    assert "which is inside as $.userId.userId" in text({"type": "identify", "userId": {"userId": "u"}})


@pytest.mark.parametrize("data", [None, 5, "x", [], {"x" * 5000: 1}, {f"userI{n}": 1 for n in range(50)}])
def test_whatever_the_json(data: Any) -> None:
    assert len(near_misses(Call(0, "identify", data))) <= 10
