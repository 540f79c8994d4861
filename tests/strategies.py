"""Any JSON, and calls as SDKs and as their enemies send them."""

from typing import Any

from hypothesis import strategies as st

texts = st.text(max_size=12) | st.sampled_from(["", "id", "userId", "__proto__", "1", "\ud83d", "plan", "createdAt", " ", "null"])
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([2**53 + 1, 1e21, 1e-7, -0.0, 1.0])
scalars = st.none() | st.booleans() | numbers | texts
any_json = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=12)
objects = st.dictionaries(texts, any_json, max_size=5)
ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


selected = st.sampled_from(["identify", "group"])


@st.composite
def calls(draw: st.DrawFn, types: Any = selected) -> dict[str, Any]:
    """A call that Segment delivers."""
    call: dict[str, Any] = {"type": draw(types), "userId": draw(ids), "traits": draw(objects)}
    if call["type"] == "group":
        call["groupId"] = draw(ids)
    if call["type"] == "track":
        call["event"] = draw(ids)
        call["properties"] = draw(objects)
    if draw(st.booleans()):
        call["timestamp"] = draw(st.datetimes()).isoformat() + draw(st.sampled_from(["", "Z", "+05:30"]))
    return call


# Anything under the keys that the rules look at.
hostile_calls = st.fixed_dictionaries(
    {},
    optional={
        "type": any_json | st.sampled_from(["identify", "group", "track", "page", "screen", "alias"]),
        "userId": any_json,
        "anonymousId": any_json,
        "groupId": any_json,
        "traits": any_json | objects,
        "properties": any_json,
        "event": any_json,
        "name": any_json,
        "context": any_json | objects,
        "integrations": any_json | st.dictionaries(st.sampled_from(["All", "Webhook", "Pendo"]), st.booleans()),
        "timestamp": any_json,
        "sentAt": any_json,
        "messageId": any_json,
        "writeKey": any_json,
    },
)
