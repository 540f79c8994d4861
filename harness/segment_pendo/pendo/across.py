"""Findings about a webhook that need earlier webhooks of the same run or file (facts section 7).

The memory for them is bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from segment_pendo.base.bounded import Bounded, Made
from segment_pendo.base.json_path import json_path
from segment_pendo.pendo import ids
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.effect import Effect, hinted_group
from segment_pendo.pendo.effect import effect as effect_of
from segment_pendo.pendo.metadata import Field, fields, plain_types, type_of
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["ACROSS", "LIMIT", "ONCE", "Across"]

LIMIT: Final = 10_000
_ABOUT: Final = frozenset({"identify", "group"})  # whose traits become metadata
_MOST_USUAL: Final = 1000  # shapes of traits of which nothing is new
_MOST_NAMES: Final = 5000  # 2.07
# The codes of the findings that are made here and nowhere else.
ACROSS: Final = frozenset(
    {
        "ACCOUNT_SWITCH",
        "DUAL_GROUP",
        "GROUP_BEFORE_IDENTIFY",
        "HISTORY_CUT",
        "IDENTIFY_NO_ACCOUNT",
        "ID_CASE_VARIANT",
        "ID_COLLISION",
        "KEY_CASE_VARIANT",
        "KEY_LOWERCASED",
        "TOO_MANY_NAMES",
        "TRACK_NOT_ENABLED",
        "TYPE_CHANGED",
    }
)
# Those of them that only the first call brings: of a run, of an id, of a name.
ONCE: Final = ACROSS - {"ACCOUNT_SWITCH", "ID_CASE_VARIANT", "ID_COLLISION", "TYPE_CHANGED"}


@dataclass(slots=True)
class _User:
    """What is known about a visitor id.

    `alone_reported` and `early_reported`: IDENTIFY_NO_ACCOUNT and GROUP_BEFORE_IDENTIFY are not needed any
    more.
    """

    identified: bool = False
    group: str | None = None
    alone_reported: bool = False
    early_reported: bool = False


class _Name(NamedTuple):
    """The name of a trait as it is sent, that of its field, and the keys of the field, by its owner."""

    spelled: str
    field: str
    keys: dict[str, tuple[str, str]]


def _no_fields(_traits: Json, _switches: PendoSwitches) -> tuple[Field, ...]:
    return ()


class Across:
    """Finds what earlier webhooks say about a later one. Give it every webhook's event in order.

    `track`: the Pendo subscription has the setting for track calls.
    """

    def __init__(self, switches: PendoSwitches = DEFAULT, *, track: bool = True, limit: int = LIMIT) -> None:
        self._switches = switches
        self._track = track
        self._limit = limit
        self._users = Bounded[str, _User](limit, "use")
        self._spellings = Bounded[tuple[ids.Kind, str], str](limit, "use")
        self._starts = Bounded[str, str](limit, "use")
        self._keys = Bounded[tuple[str, str], str](limit, "use")
        self._variants = Bounded[tuple[str, str, str], bool](limit, "use")
        self._types = Bounded[tuple[str, str], str](limit, "use")
        self._events = Bounded[str, bool](limit, "use")
        self._names = Made(self._shape, 512)
        self._half = limit // 2
        self._usual: set[tuple[str, tuple[str, ...], tuple[str, ...]]] = set()
        self._reported: set[str] = set()
        self._device = False

    def met_device_mode(self) -> None:
        """Remember that a browser sent data to Pendo directly."""
        self._device = True

    def grouped(self, events: Iterable[JsonObject]) -> None:
        """Remember the users that the group calls of a request name, before its calls are examined."""
        switches = self._switches
        if switches.group_visitor != "joined":
            return
        for event in events:
            is_group = event.get("type") == "group"
            visitor = ids.effective(event.get("userId"), "visitor", switches) if is_group else None
            if visitor is not None and ids.effective(event.get("groupId"), "account", switches) is not None:
                self._users.first_made(visitor, _User).alone_reported = True

    def examine(self, event: JsonObject) -> tuple[Finding, ...]:
        """Return what earlier events say about this one. Never raises, whatever the JSON."""
        effect = effect_of(event, self._switches, fields=_no_fields)  # they are looked at below
        kind = event.get("type")
        findings = self._ids(event, effect)
        if effect.nothing is None and kind in _ABOUT:
            if effect.visitor_id is not None:
                findings += self._people(event, effect)
            findings += self._fields(event.get("traits"), effect.owner)
        if kind == "track":
            findings += self._tracks(event)
        if self._device and isinstance(kind, str) and kind in _ABOUT and self._is_new("DUAL_GROUP"):
            text = (
                "A browser sends data to Pendo as well: the same traits are then in Pendo twice, as agent "
                "and as segment.io. Use only one of the two ways."
            )
            findings.append(note("DUAL_GROUP", "$", text))
        if self._cut() and self._is_new("HISTORY_CUT"):
            text = (
                f"More than {LIMIT:,} ids, fields or names came; the oldest are forgotten, so findings "
                "that need earlier calls may be missing. Look at shorter runs."
            )
            findings.append(note("HISTORY_CUT", "$", text))
        return tuple(findings)

    def _cut(self) -> bool:
        return bool(
            self._users.cut or self._spellings.cut or self._starts.cut or self._keys.cut or self._types.cut
        )

    def _is_new(self, code: str) -> bool:
        new = code not in self._reported
        self._reported.add(code)
        return new

    # --- ids ---

    def _ids(self, event: JsonObject, effect: Effect) -> list[Finding]:
        findings: list[Finding] = []
        user, group = event.get("userId"), event.get("groupId")
        if isinstance(user, str) and effect.visitor_id is not None:
            if self._spellings.first(("visitor", user.casefold()), user) != user:
                findings += self._spelling("visitor", user, "$.userId")
            if len(user) * 4 > ids.MAX_BYTES:
                findings += self._start(user)
        if (
            isinstance(group, str)
            and effect.account_id is not None
            and effect.owner == "account"
            and self._spellings.first(("account", group.casefold()), group) != group
        ):
            findings += self._spelling("account", group, "$.groupId")
        return findings

    def _spelling(self, kind: ids.Kind, value: str, path: str) -> Iterator[Finding]:
        before = self._spellings.first((kind, value.casefold()), value)
        if before != value:
            text = (
                f"An earlier call spelled this id {before!r}; ids are case-sensitive in Pendo, so these "
                f"are two {kind}s. Always spell it the same."
            )
            yield note("ID_CASE_VARIANT", path, text)

    def _start(self, value: str) -> Iterator[Finding]:
        raw = value.encode("utf-8", "surrogatepass")
        if len(raw) < ids.MAX_BYTES - 3:  # cut at a whole character, it may end a little earlier
            return
        before = self._starts.first(ids.effective(value, "visitor", self._switches) or "", value)
        if before != value:
            text = (
                f"An earlier id begins with the same {ids.MAX_BYTES} bytes, and Pendo cuts off the rest: "
                "both are one visitor there. Send shorter ids."
            )
            yield note("ID_COLLISION", "$.userId", text)

    # --- people and accounts ---

    def _people(self, event: JsonObject, effect: Effect) -> Iterator[Finding]:
        assert effect.visitor_id is not None
        if event.get("type") == "identify":
            yield from self._identified(event, effect, self._users.first_made(effect.visitor_id, _User))
        elif effect.joins:
            user = self._users.first_made(effect.visitor_id, _User)
            if not user.identified and not user.early_reported:
                user.early_reported = True
                text = (
                    "No identify call has named this user so far, so Pendo may not know the visitor; "
                    "send identify first, then group."
                )
                yield note("GROUP_BEFORE_IDENTIFY", "$.userId", text)
            yield from self._switched(effect, user)

    def _identified(self, event: JsonObject, effect: Effect, user: _User) -> Iterator[Finding]:
        user.identified = True
        if effect.joins:  # 1.40
            yield from self._switched(effect, user)
        elif user.group is None and not user.alone_reported and self._switches.group_visitor == "joined":
            user.alone_reported = True
            yield note("IDENTIFY_NO_ACCOUNT", "$.userId", _alone(event, self._switches))

    def _switched(self, effect: Effect, user: _User) -> Iterator[Finding]:
        assert effect.account is not None
        if user.group is not None and user.group != effect.account_id:
            text = (
                "The user had another groupId before. Pendo keeps both accounts; the last one is the current "
                "one. Check the groupId if you did not expect this."
            )
            yield note("ACCOUNT_SWITCH", json_path(*effect.account.path), text)
        user.group = effect.account_id

    # --- fields ---

    def _shape(self, names: tuple[str, ...]) -> tuple[_Name, ...]:
        """Return the names of an object of traits; none where two of them are one field."""
        fields = [name.lower() if self._switches.key_case == "lower" else name for name in names]
        if len(set(fields)) < len(fields) or "__proto__" in names:
            return ()
        return tuple(
            _Name(name, field, {"visitor": ("visitor", field), "account": ("account", field)})
            for name, field in zip(names, fields, strict=True)
        )

    def _fields(self, traits: Json, owner: str) -> Iterable[Finding]:
        if not isinstance(traits, dict) or not traits:
            return ()
        spelled = tuple(traits)
        names = self._names[spelled]
        types = plain_types(traits, self._switches) if names else None
        if types is None:
            return self._any_fields(traits, owner)
        # What was first is remembered, so who once said nothing new of these fields says nothing again; but
        # what is used must be the last to be forgotten.
        usual = (owner, spelled, types)
        if usual in self._usual and len(self._keys) < self._half:
            return ()
        findings = [*self._plain_fields(names, types, owner)]
        if not findings and len(self._usual) < _MOST_USUAL:
            self._usual.add(usual)
        return findings

    def _any_fields(self, traits: JsonObject, owner: str) -> Iterator[Finding]:
        for field in fields(traits, self._switches):
            if field.name is not None:
                spelled = str(field.path[-1]) if len(field.path) == 1 else field.name
                key, now = (owner, field.name), type_of(field.value)
                yield from self._field(key, spelled, now, field.path)

    def _plain_fields(
        self, names: tuple[_Name, ...], types: tuple[str, ...], owner: str
    ) -> Iterator[Finding]:
        for name, now in zip(names, types, strict=True):
            key = name.keys[owner]
            # Most fields are spelled as Pendo has them, and as before.
            if now and not (
                self._keys.first(key, name.spelled) == name.spelled == name.field
                and self._types.first(key, now) == now
            ):
                yield from self._field(key, name.spelled, now, (name.spelled,))

    def _field(
        self, key: tuple[str, str], spelled: str, now: str, path: tuple[str | int, ...]
    ) -> Iterator[Finding]:
        before = self._keys.first(key, spelled)
        # Once for each spelling: who wrote it differently once must not read this with every call.
        if before != spelled and self._variants.is_new((*key, spelled)):
            text = (
                f"An earlier call spelled this {before!r}; in Pendo both are one field, and the last "
                "value wins. Always spell it the same."
            )
            yield note("KEY_CASE_VARIANT", json_path("traits", *path), text)
        elif before == spelled != key[1] and self._variants.is_new((*key, spelled)):
            text = f"Pendo lower-cases names, so look for {key[1]} there."
            yield note("KEY_LOWERCASED", json_path("traits", *path), text)
        if now and self._types.first(key, now) != now:
            yield from self._type(key, now, json_path("traits", *path))

    def _type(self, key: tuple[str, str], now: str, path: str) -> Iterator[Finding]:
        before = self._types.first(key, now)
        if (before, now) == ("float", "integer"):
            return
        finding = note(
            "TYPE_CHANGED",
            path,
            f"An earlier call sent {before} for this field, this one sends {now}; always send the same type.",
        )
        # 3.06: a change from whole numbers to fractions is only info
        yield finding if (before, now) != ("integer", "float") else _softened(finding)

    # --- track ---

    def _tracks(self, event: JsonObject) -> Iterator[Finding]:
        name = event.get("event")
        if event.get("type") != "track" or not isinstance(name, str):
            return
        if not self._track and self._is_new("TRACK_NOT_ENABLED"):
            text = (
                "The Pendo subscription does not have the setting for track calls, so they will not show up "
                "in Pendo; ask Pendo for the setting."
            )
            yield note("TRACK_NOT_ENABLED", "$.type", text)
        self._events.is_new(name)
        if len(self._events) > _MOST_NAMES and self._is_new("TOO_MANY_NAMES"):
            text = (
                f"More than {_MOST_NAMES:,} different names of track events came, and Pendo takes no more; "
                "put what varies into properties."
            )
            yield note("TOO_MANY_NAMES", "$.event", text)


def _alone(event: JsonObject, switches: PendoSwitches) -> str:
    _, hinted = hinted_group(event)
    if hinted is not None and switches.identify_account == "ignored":  # 1.40
        return (
            "As far as is known, the groupId of an identify call does not join the user to an account. Send "
            "a group call with userId and groupId."
        )
    return (
        "No group call has joined this user to an account so far. If you use accounts, send one with "
        "userId and groupId."
    )


def _softened(finding: Finding) -> Finding:
    return Finding(finding.code, "info", finding.path, finding.message, finding.source)
