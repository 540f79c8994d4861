"""What the sender of a webhook should know about how Pendo takes it (facts section 7).

Here are the findings that need one webhook only; those that need earlier ones are made in `pendo/across.py`.
Findings never change a webhook.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base.bounded import Made
from segment_pendo.base.js_json import write
from segment_pendo.base.json_path import json_path
from segment_pendo.pendo import ids
from segment_pendo.pendo.age import OLDEST, SOONEST, age
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.effect import is_anonymous
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["examine"]

_DATE_KEY = re.compile(r"(?:[a-z0-9]At|_at|(?:^|_)date|[a-z0-9]Date|(?:ed|es)On|_on)$")
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = re.compile(r"\d{10}|\d{13}", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,15}\.\d+", re.ASCII)  # whole numbers in quotes are mostly ids and codes
_BOOLEANS: Final = frozenset({"true", "false"})
_NOTHING: Final = frozenset({"undefined", "null", "none", "nan", "[object object]"})
_WORDS: Final = _BOOLEANS | _NOTHING
_LONGEST_WORD: Final = max(map(len, _WORDS))
_DIGITS: Final = frozenset("-0123456789")
_LONG_TEXT: Final = 1500  # 3.41
_LONGEST_NAME: Final = 32  # 2.09
_MOST_PROPERTIES: Final = 512  # 2.10, in bytes
_ACCOUNT_KEYS: Final = {"accountid", "account_id", "companyid", "company_id"}


class _Trait(NamedTuple):
    """What the name of a trait alone says: its path, whether its value must be a date, what is wrong with it.

    `names_account`: it is a name by which apps send the id of an account.
    """

    name: str
    path: str
    is_date: bool
    names_account: bool
    findings: tuple[Finding, ...]


def _shape(names: tuple[str, ...], *, lower: bool) -> tuple[_Trait, ...]:
    spellings: dict[str, str] = {}
    traits: list[_Trait] = []
    for name in names:
        if name == "__proto__":  # no JavaScript writes it into the body
            continue
        earlier = spellings.setdefault(name.lower(), name) if lower else name
        path, is_date = json_path("traits", name), _DATE_KEY.search(name) is not None
        traits.append(
            _Trait(name, path, is_date, name.lower() in _ACCOUNT_KEYS, tuple(_key(name, earlier, path)))
        )
    return tuple(traits)


# The traits of a call by their names: an app sends few combinations, over and over again.
_SHAPES: Final = {
    "lower": Made[tuple[str, ...], tuple[_Trait, ...]](lambda names: _shape(names, lower=True), 512),
    "sent": Made[tuple[str, ...], tuple[_Trait, ...]](lambda names: _shape(names, lower=False), 512),
}


# The one finding about a value that nearly every app has, by its path.
_NESTED: Final = Made[str, Finding](
    lambda path: note(
        "NESTED_IGNORED", path, "Pendo ignores objects; send its parts as traits of their own."
    ),
    512,
)


def examine(event: JsonObject, switches: PendoSwitches = DEFAULT) -> tuple[Finding, ...]:
    """Return the findings about one webhook body; none of them names a rule that a switch turned off.

    Never raises, whatever the JSON.
    """
    kind = event.get("type")
    if kind == "identify":
        return (*_identify(event, switches), *_metadata(event.get("traits"), switches))
    if kind == "group":
        return (*_group(event, switches), *_metadata(event.get("traits"), switches))
    if kind == "track":
        return tuple(_track(event, switches))
    if isinstance(kind, str) and kind in {"page", "screen", "alias"} and switches.other_types == "visitor":
        return ()
    if kind is None:
        text = "The webhook has no type, by which Pendo tells identify from group; let the mapping send it."
        return (note("TYPE_MISSING", "$.type", text),)
    return (
        note(
            "UNSUPPORTED_TYPE",
            "$.type",
            "Pendo documents only identify, group and track for Segment; do not select other types.",
        ),
    )


def _visitor(event: JsonObject, switches: PendoSwitches) -> list[Finding]:
    user = event.get("userId")
    if not ids.is_absent(user):
        return ids.examine(user, "visitor", "$.userId", switches)
    text = (
        "There is no userId, so Pendo has no visitor to attach this to; identify the user first, or "
        "expect no effect."
    )
    return [note("ANON_IDENTIFY", "$.userId", text)]


def _identify(event: JsonObject, switches: PendoSwitches) -> list[Finding]:
    findings = [] if is_anonymous(event, switches) else _visitor(event, switches)
    return findings + _trait_id(event, "userId", "visitor")


def _group(event: JsonObject, switches: PendoSwitches) -> Iterator[Finding]:
    group = event.get("groupId")
    if ids.is_absent(group):
        text = "There is no groupId, so Pendo has no account to keep the traits in; send a groupId."
        yield note("GROUP_WITHOUT_ID", "$.groupId", text)
    else:
        yield from ids.examine(group, "account", "$.groupId", switches)
    if switches.group_visitor == "joined":
        yield from _joined(event, switches)
    traits = event.get("traits")
    if not traits:
        text = "The group call has no traits, so the account gets no metadata from it; send some traits."
        yield note("GROUP_NO_TRAITS", "$.traits", text)
    yield from _trait_id(event, "groupId", "account")
    if isinstance(traits, dict):
        if isinstance(traits.get("parentAccount"), dict) and switches.nested == "ignored":
            text = (
                "Pendo's browser agent understands parentAccount; in a webhook it is an object, and Pendo "
                "ignores objects. Send its id as a trait."
            )
            yield note("PARENT_ACCOUNT", "$.traits.parentAccount", text)
        for trait in _SHAPES[switches.key_case][tuple(traits)]:
            if trait.names_account and _differ(traits[trait.name], group):
                text = (
                    f"{trait.name} differs from groupId, and Pendo takes only groupId as the account id. If "
                    f"{trait.name} names the account, send it as groupId."
                )
                yield note("CUSTOM_ACCOUNT_ID", trait.path, text)


def _joined(event: JsonObject, switches: PendoSwitches) -> Iterator[Finding]:
    if ids.is_absent(event.get("userId")):
        text = "There is no userId, so no visitor is joined to the account; send the userId too."
        yield note("GROUP_WITHOUT_USER", "$.userId", text)
    else:
        yield from ids.examine(event["userId"], "visitor", "$.userId", switches)


def _trait_id(event: JsonObject, id_key: str, kind: str) -> list[Finding]:
    traits = event.get("traits")
    if not isinstance(traits, dict) or "id" not in traits or not _differ(traits["id"], event.get(id_key)):
        return []
    text = (
        f"The trait id differs from {id_key}; it never replaces the {kind} id, which is {id_key}. "
        "Leave it out, or rename it."
    )
    return [note("TRAIT_ID_CONFLICT", "$.traits.id", text)]


def _differ(left: Json, right: Json) -> bool:
    # By their text: comparing values in Python recurses as deeply as they nest, and takes True for 1.
    if isinstance(left, str) and isinstance(right, str):
        return left != right
    return write(left) != write(right)


def _track(event: JsonObject, switches: PendoSwitches) -> Iterator[Finding]:
    yield from _visitor(event, switches)
    properties = event.get("properties")
    group = properties.get("groupId") if isinstance(properties, dict) else None
    if group is not None:
        yield from ids.examine(group, "account", "$.properties.groupId", switches)
    if group is None or ids.refusal(group, "account"):
        text = "Pendo learns the account of a track event only from properties.groupId; put its id there."
        yield note("TRACK_NO_GROUP", "$.properties.groupId", text)
    if isinstance(properties, dict):
        for key in properties:
            if (
                not _is_usable(key)
                or len(key) > _LONGEST_NAME
                or (key.startswith("__") and key.endswith("__"))
            ):
                text = (
                    "Pendo does not display a property of this name; use ASCII letters, digits and _, at "
                    f"most {_LONGEST_NAME} characters."
                )
                yield note("PROP_NAME", json_path("properties", key), text)
        size = len(write(properties))
        if size > _MOST_PROPERTIES:
            text = (
                f"The properties have {size:,} bytes of JSON; Pendo shows properties of more than "
                f"{_MOST_PROPERTIES} bytes as too large. Send fewer."
            )
            yield note("PROPS_TOO_LARGE", "$.properties", text)
    yield from _when(event)


def _when(event: JsonObject) -> Iterator[Finding]:
    """Yield what is wrong with the time of a track event (2.13)."""
    before = age(event)
    if before is None:
        return
    if before > OLDEST:
        text = (
            "The event is more than seven days old, and Pendo processes no events as old as that; send "
            "events when they happen."
        )
        yield note("TRACK_TOO_OLD", "$.timestamp", text)
    elif -before > SOONEST:
        text = (
            "The event's time is more than five minutes in the future; what Pendo does then is documented "
            "nowhere. Check the app's clock."
        )
        yield note("TRACK_FUTURE", "$.timestamp", text)


def _metadata(traits: Json, switches: PendoSwitches) -> list[Finding]:
    findings: list[Finding] = []
    if not isinstance(traits, dict):
        return findings
    for trait in _SHAPES[switches.key_case][tuple(traits)]:
        if trait.findings:
            findings += trait.findings
        value = traits[trait.name]
        if not _is_plain(value, trait):
            findings += _value(trait, value, switches)
    return findings


def _is_plain(value: Json, trait: _Trait) -> bool:
    """Whether a trait can have no finding about its value: a quick look, as this is so for most traits."""
    if isinstance(value, str):
        return (
            not trait.is_date
            and 0 < len(value) <= _LONG_TEXT
            and (len(value) > _LONGEST_WORD or value.lower() not in _WORDS)
            and (value[0] not in _DIGITS or _DECIMAL.fullmatch(value) is None)
        )
    return isinstance(value, bool) or (isinstance(value, int | float) and not trait.is_date)


def _is_usable(key: str) -> bool:
    return key.isascii() and key.isidentifier()  # 3.30: [A-Za-z_][A-Za-z0-9_]*


def _key(key: str, earlier: str, path: str) -> Iterator[Finding]:
    if not _is_usable(key):
        text = (
            "Pendo stores the field but cannot use it in segments or reports; use only letters, digits and "
            "_, and no digit first."
        )
        yield note("KEY_SYNTAX", path, text)
    if earlier != key:
        text = (
            f"Pendo lower-cases keys, so this and {earlier!r} are one field, and one value is lost; rename "
            "one of them."
        )
        yield note("KEY_CASE_COLLISION", path, text)


def _value(trait: _Trait, value: Json, switches: PendoSwitches) -> Iterator[Finding]:
    path = trait.path
    if isinstance(value, dict):
        if switches.nested == "ignored":
            yield _NESTED[path]
    elif isinstance(value, list):
        if switches.list != "ignored":
            yield from _list(trait, value, switches)
    elif value is None:
        if switches.null == "stored":
            yield note(
                "NULL_VALUE",
                path,
                "What Pendo does with null is documented "
                f"nowhere{_left_out(switches, ' to keep its value')}.",
            )
    elif value == "" and isinstance(value, str):
        if switches.empty == "stored":
            text = (
                "The value is an empty text, and we assume that Pendo stores "
                f"it{_left_out(switches, ' if there is nothing to say')}."
            )
            yield note("EMPTY_VALUE", path, text)
    elif isinstance(value, str):
        yield from _string(trait, value)
    elif trait.is_date and not isinstance(value, bool) and _EPOCH.fullmatch(str(value)):
        yield _date(path)


def _left_out(switches: PendoSwitches, why: str) -> str:
    """Return the advice to leave a trait out, where that does not remove the field."""
    return f"; leave the trait out{why}" if switches.absent_traits == "kept" else ""


def _list(trait: _Trait, value: list[Json], switches: PendoSwitches) -> Iterator[Finding]:
    inside = [index for index, item in enumerate(value) if isinstance(item, dict | list)]
    for index in inside:
        yield note(
            "NESTED_IGNORED",
            json_path("traits", trait.name, index),
            "Pendo ignores objects inside a list; send texts, numbers or booleans.",
        )
    if not inside and switches.list == "kept":
        text = (
            "Pendo documents lists only for the metadata of its own agent. If you must be sure that the "
            "field is usable, send a text."
        )
        yield note("LIST_IN_SEGMENTIO", trait.path, text)


def _string(trait: _Trait, value: str) -> Iterator[Finding]:
    path = trait.path
    if value.lower() in _BOOLEANS:
        text = "A boolean in quotes is a text to Pendo until the field's type is changed; send true or false."
        yield note("BOOL_AS_STRING", path, text)
    elif _DECIMAL.fullmatch(value):
        text = "A number in quotes is a text to Pendo until the field's type is changed; send a number."
        yield note("NUMBER_AS_STRING", path, text)
    elif value.lower() in _NOTHING:
        text = (
            f"{value!r} looks like a missing value turned into text, and Pendo keeps the text; leave the "
            "trait out until its value is known."
        )
        yield note("VALUE_SUSPICIOUS", path, text)
    if len(value) > _LONG_TEXT:
        text = (
            f"The value has {len(value):,} characters; Pendo recommends fewer than {_LONG_TEXT:,}. Send a "
            "shorter text."
        )
        yield note("VALUE_LONG", path, text)
    if trait.is_date and not _RFC3339.fullmatch(value):
        yield _date(path)


def _date(path: str) -> Finding:
    text = (
        "The key looks like a date, but Pendo reads only RFC 3339 with a zone as a date; send texts like "
        "2024-05-09T10:00:00.000Z."
    )
    return note("DATE_FORMAT", path, text)
