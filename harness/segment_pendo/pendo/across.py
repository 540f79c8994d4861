"""Findings about a webhook that need earlier webhooks of the same run or file, in bounded memory (facts
section 7).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.json_path import json_path
from segment_pendo.pendo import ids
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.effect import Effect, effect, hinted_group
from segment_pendo.pendo.metadata import type_of
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, JsonObject

__all__ = ["ACROSS", "LIMIT", "Across"]

LIMIT: Final = 10_000
_MOST_NAMES: Final = 5000  # 2.07
# The codes of what is found here and nowhere else.
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
        "TOO_MANY_NAMES",
        "TRACK_NOT_ENABLED",
        "TYPE_CHANGED",
    }
)


@dataclass(slots=True)
class _User:
    """What is known of a visitor id."""

    identified: bool = False
    group: str | None = None
    told_alone: bool = False
    told_early: bool = False


class Across:
    """Give it every webhook's event in order.

    `track`: the Pendo subscription has the setting for track calls.
    """

    def __init__(self, switches: PendoSwitches = DEFAULT, *, track: bool = True, limit: int = LIMIT) -> None:
        self._switches = switches
        self._track = track
        self._users = Bounded[str, _User](limit, "use")
        self._spellings = Bounded[tuple[ids.Kind, str], str](limit, "use")
        self._starts = Bounded[str, str](limit, "use")
        self._keys = Bounded[tuple[str, str], str](limit, "use")
        self._variants = Bounded[tuple[str, str, str], bool](limit, "use")
        self._types = Bounded[tuple[str, str], str](limit, "use")
        self._events = Bounded[str, bool](limit, "use")
        self._told: set[str] = set()
        self._device = False

    def met_device_mode(self) -> None:
        """A browser spoke to Pendo by itself."""
        self._device = True

    def grouped(self, events: Iterable[JsonObject]) -> None:
        """Know which users the group calls of a request name, before its calls are examined one by one."""
        switches = self._switches
        if switches.group_visitor != "joined":
            return
        for event in events:
            is_group = event.get("type") == "group"
            visitor = ids.effective(event.get("userId"), "visitor", switches) if is_group else None
            if visitor is not None and ids.effective(event.get("groupId"), "account", switches) is not None:
                self._users.first(visitor, _User()).told_alone = True

    def examine(self, event: JsonObject) -> tuple[Finding, ...]:
        """What earlier events say about this one. Never raises, whatever the JSON."""
        made = effect(event, self._switches)
        found = [
            *self._ids(event, made),
            *self._people(event, made),
            *self._fields(made),
            *self._tracks(event),
        ]
        if self._device and event.get("type") in {"identify", "group"} and self._is_new("DUAL_GROUP"):
            text = (
                "A browser speaks to Pendo as well: the same traits then stand twice in Pendo, as agent "
                "and segment.io. Use one way."
            )
            found.append(note("DUAL_GROUP", "$", text))
        if self._cut() and self._is_new("HISTORY_CUT"):
            text = (
                f"More than {LIMIT:,} ids, fields or names came; the oldest are forgotten, so findings "
                "across calls may be missing."
            )
            found.append(note("HISTORY_CUT", "$", text))
        return tuple(found)

    def _cut(self) -> bool:
        return any(one.cut for one in (self._users, self._spellings, self._starts, self._keys, self._types))

    def _is_new(self, code: str) -> bool:
        new = code not in self._told
        self._told.add(code)
        return new

    # --- ids ---

    def _ids(self, event: JsonObject, made: Effect) -> Iterator[Finding]:
        user, group = event.get("userId"), event.get("groupId")
        if made.visitor is not None and isinstance(user, str) and made.visitor_id is not None:
            yield from self._spelling("visitor", user, "$.userId")
            yield from self._start(user)
        if (
            made.account is not None
            and made.owner == "account"
            and isinstance(group, str)
            and made.account_id is not None
        ):
            yield from self._spelling("account", group, "$.groupId")

    def _spelling(self, kind: ids.Kind, value: str, path: str) -> Iterator[Finding]:
        before = self._spellings.first((kind, value.casefold()), value)
        if before != value:
            text = (
                f"An earlier call spelled this id {before!r}; ids are case-sensitive in Pendo, so these "
                f"are two {kind}s. Spell it one way."
            )
            yield note("ID_CASE_VARIANT", path, text)

    def _start(self, value: str) -> Iterator[Finding]:
        if len(value) * 4 <= ids.MAX_BYTES:
            return
        raw = value.encode("utf-8", "surrogatepass")
        if len(raw) < ids.MAX_BYTES - 3:  # cut at a whole character, it may end a little earlier
            return
        before = self._starts.first(ids.effective(value, "visitor", self._switches) or "", value)
        if before != value:
            text = (
                f"An earlier id begins with the same {ids.MAX_BYTES} bytes, where Pendo cuts: both are "
                "one visitor there. Send shorter ids."
            )
            yield note("ID_COLLISION", "$.userId", text)

    # --- people and accounts ---

    def _people(self, event: JsonObject, made: Effect) -> Iterator[Finding]:
        if (
            made.nothing is not None
            or made.visitor_id is None
            or event.get("type") not in {"identify", "group"}
        ):
            return
        if event.get("type") == "identify":
            yield from self._identified(event, made, self._users.first(made.visitor_id, _User()))
        elif made.joins:
            user = self._users.first(made.visitor_id, _User())
            if not user.identified and not user.told_early:
                user.told_early = True
                text = (
                    "No identify call has named this user so far, so Pendo may not know the visitor; "
                    "identify first, then group."
                )
                yield note("GROUP_BEFORE_IDENTIFY", "$.userId", text)
            yield from self._switched(made, user)

    def _identified(self, event: JsonObject, made: Effect, user: _User) -> Iterator[Finding]:
        user.identified = True
        if made.joins:  # 1.40
            yield from self._switched(made, user)
        elif user.group is None and not user.told_alone and self._switches.group_visitor == "joined":
            user.told_alone = True
            yield note("IDENTIFY_NO_ACCOUNT", "$.userId", _alone(event, self._switches))

    def _switched(self, made: Effect, user: _User) -> Iterator[Finding]:
        assert made.account is not None
        if user.group is not None and user.group != made.account_id:
            text = (
                "The user's earlier groupId was another; Pendo keeps both accounts, the last is the "
                "current one. Check it, if unexpected."
            )
            yield note("ACCOUNT_SWITCH", json_path(*made.account.path), text)
        user.group = made.account_id

    # --- fields ---

    def _fields(self, made: Effect) -> Iterator[Finding]:
        for one in made.fields:
            if one.name is None:
                continue
            key = (made.owner, one.name)
            spelled = str(one.path[-1]) if len(one.path) == 1 else one.name
            before = self._keys.first(key, spelled)
            # Once for each spelling: whoever wrote it otherwise once must not be told for ever.
            if before != spelled and self._variants.is_new((*key, spelled)):
                path = json_path("traits", *one.path)
                text = (
                    f"An earlier call spelled this {before!r}; in Pendo both are one field, and the last "
                    "value wins. Spell it one way."
                )
                yield note("KEY_CASE_VARIANT", path, text)
            now = type_of(one.value)
            if now and self._types.first(key, now) != now:
                yield from self._type(key, now, json_path("traits", *one.path))

    def _type(self, key: tuple[str, str], now: str, path: str) -> Iterator[Finding]:
        before = self._types.first(key, now)
        if (before, now) == ("float", "integer"):
            return
        finding = note(
            "TYPE_CHANGED",
            path,
            f"An earlier call sent {before} for this field, this one sends {now}; send one type always.",
        )
        # 3.06: from whole numbers to fractions is only worth knowing
        yield finding if (before, now) != ("integer", "float") else _softened(finding)

    # --- track ---

    def _tracks(self, event: JsonObject) -> Iterator[Finding]:
        name = event.get("event")
        if event.get("type") != "track" or not isinstance(name, str):
            return
        if not self._track and self._is_new("TRACK_NOT_ENABLED"):
            text = (
                "The Pendo subscription is without the setting for track calls, so nothing of them will "
                "show; ask Pendo for it."
            )
            yield note("TRACK_NOT_ENABLED", "$.type", text)
        self._events.is_new(name)
        if len(self._events) > _MOST_NAMES and self._is_new("TOO_MANY_NAMES"):
            text = (
                f"More than {_MOST_NAMES:,} names of track events came, and Pendo takes no more; put what "
                "varies into properties."
            )
            yield note("TOO_MANY_NAMES", "$.event", text)


def _alone(event: JsonObject, switches: PendoSwitches) -> str:
    _, hinted = hinted_group(event)
    if hinted is not None and switches.identify_account == "ignored":  # 1.40
        return (
            "The groupId of an identify call joins nobody to an account, as far as is known; send a "
            "group call with userId and groupId."
        )
    return (
        "No group call has joined this user to an account so far; send one with userId and groupId, if "
        "you use accounts."
    )


def _softened(finding: Finding) -> Finding:
    return Finding(finding.code, "info", finding.path, finding.message, finding.source)
