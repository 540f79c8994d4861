"""Any JSON, and calls as SDKs and as their enemies send them."""

from typing import Any

from hypothesis import strategies as st

texts = st.text(max_size=12) | st.sampled_from(
    ["", "id", "userId", "__proto__", "1", "\ud83d", "plan", "createdAt", " ", "null"]
)
numbers = (
    st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([2**53 + 1, 1e21, 1e-7, -0.0, 1.0])
)
scalars = st.none() | st.booleans() | numbers | texts
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
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
        "integrations": any_json
        | st.dictionaries(st.sampled_from(["All", "Webhook", "Pendo"]), st.booleans()),
        "timestamp": any_json,
        "sentAt": any_json,
        "messageId": any_json,
        "writeKey": any_json,
    },
)

# --- JSON texts, as odd as the grammar allows ---

ODD_NUMBERS = (
    "1.0", "-0", "-0.0", "1e21", "1E21", "123456789012345680000", "1e400", "-1e400", "9007199254740993",
        "12345678901234567890",
    "5e-324", "1E5", "0.000001", "1e-7", "1.5e-7", "0.1234567890123456789", "1.7976931348623157e308",
    "100.00", "4.35", "2.5e-5",
    "1234567890123456.7", "12345678901234567.8", "1.2345678901234567e20", "9007199254740991",
    "-9007199254740992", "1e16", "1e-4",
)  # fmt: skip
_ODD_PIECES = (
    "\\u2028", "\u2028", "\\ud83d", "\\ude00", "\\ud83d\\ude00", "😀", "\\u0000", '\\"', "\\\\", "\\/", "/",
    "\\n", "\\b", "\\u007f",
    "\x7f", "\\u0041", " ", "é", "<&>", "__proto__", "\\u005f", "1", "\\u0031", "",
)  # fmt: skip
ODD_KEYS = (
    '"1"', '"10"', '"2"', '"01"', '"4294967295"', '"4294967294"', '"-1"', '"1.5"', '""', '"constructor"',
    '"toString"', '"\\u0031"',
    '"__proto__"', '"__prot\\u006f__"', '"\\u005f_proto__"', '"@path"', '"$"', '"a"', '"b"', '"plan"',
    '"planName"', '"createdAt"', '"id"',
)  # fmt: skip
_plain_pieces = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1, max_size=6
)
string_texts = st.lists(_plain_pieces | st.sampled_from(_ODD_PIECES), max_size=4).map(
    lambda pieces: '"' + "".join(pieces) + '"'
)
number_texts = (
    st.sampled_from(ODD_NUMBERS)
    | st.integers().map(str)
    | st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.from_regex(r"-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)
)
_blanks = st.sampled_from(["", "", "", " ", "\n", "\t "])


def _listed(inner: list[str]) -> str:
    return "[" + ",".join(inner) + "]"


def _braced(members: list[tuple[str, str, str]]) -> str:
    return "{" + ",".join(f"{key}{blank}:{blank}{value}" for key, blank, value in members) + "}"


key_texts = st.sampled_from(ODD_KEYS) | string_texts


_leaves = st.sampled_from(["true", "false", "null"]) | number_texts | string_texts


def _containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(_listed) | st.lists(
        st.tuples(key_texts, _blanks, inner), max_size=4
    ).map(_braced)


# Two levels by name: st.recursive costs ten times as much, and deeper nesting has tests of its own.
json_texts = _leaves | _containers(_leaves | _containers(_leaves))
object_texts = st.lists(st.tuples(key_texts, _blanks, json_texts), max_size=4).map(_braced)


@st.composite
def event_texts(draw: st.DrawFn) -> str:
    """The JSON text of a message that a webhook destination selects; all but its type is anything that JSON
    can be.
    """
    kind = draw(st.sampled_from(["identify", "group", "track"]))
    traits = draw(object_texts)
    members = [
        ('"userId"', "", draw(_leaves)),
        ('"properties"' if kind == "track" else '"traits"', "", traits),
    ]
    members += draw(st.lists(st.tuples(key_texts, _blanks, _leaves), max_size=2))
    members.insert(draw(st.integers(0, len(members))), ('"type"', " ", f'"{kind}"'))
    return _braced(members)


_names = st.sampled_from(
    [
        "All",
        "all",
        "A.L.L",
        "Webhooks",
        "Webhook",
        "Webhooks (Actions)",
        "webhooks",
        "Pendo",
        "providers",
        "Salesforce",
        "1",
    ]
)
_switches: st.SearchStrategy[Any] = st.booleans() | st.sampled_from([None, 0, 1, "", "x", {}, {"a": 1}, []])
integrations = st.dictionaries(_names, _switches | st.dictionaries(_names, _switches, max_size=3), max_size=4)
date_texts = st.from_regex(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T "
    r"]([01][0-9]|2[0-4]):?[0-6][0-9](:?[0-6][0-9]([,.][0-9]{1,7})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?",
    fullmatch=True,
) | st.sampled_from(
    [
        "2024-05-09",
        "2024-05",
        "20240509",
        "2024",
        "2024-02-31",
        "2024-00-00",
        "0000-01-01",
        "0099-12-31",
        "9999-99-99",
        "2024-05-09T10",
    ]
)


# --- what an app gives to its SDK ---

_routed = st.dictionaries(
    st.sampled_from(["All", "Pendo", "Facebook", "Webhooks"]),
    st.just(True) | st.sampled_from([{}, {"k": "v"}]),
    max_size=3,
)


@st.composite
def app_calls(draw: st.DrawFn) -> dict[str, Any]:
    """A call with the odd cases of every SDK's API: a trait named id, blanks in names, contexts and
    integrations of the app's own.
    """
    kind = draw(st.sampled_from(["identify", "group", "track"]))
    call: dict[str, Any] = {"type": kind}
    who = draw(st.sampled_from(["user", "anonymous", "both"]))
    if who != "anonymous":
        call["userId"] = draw(ids)
    if who != "user":
        call["anonymousId"] = draw(ids)
    if kind == "group":
        call["groupId"] = draw(ids)
    if kind == "track":
        call["event"] = draw(ids)
    call["properties" if kind == "track" else "traits"] = draw(objects) | draw(
        st.sampled_from([{}, {"id": "other"}, {"total billed": 830}])
    )
    if draw(st.booleans()):
        call["context"] = draw(
            objects.map(lambda own: {k: v for k, v in own.items() if k not in {"library", "direct", "ip"}})
        )
    if draw(st.booleans()):
        call["integrations"] = draw(_routed)
    return call
