"""Pendo's records as this model predicts them after a stream of webhooks (facts 1, 3, 4, 6).

Visitors, accounts and track events. `effect` says what one webhook does; here it is kept, with the call that
did it. Times are epoch milliseconds (6.03). Memory is bounded: the records changed longest ago go first.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from segment_pendo.base.bounded import Bounded
from segment_pendo.pendo import ids
from segment_pendo.pendo.effect import Effect, Update, updates
from segment_pendo.pendo.effect import effect as effect_of
from segment_pendo.pendo.metadata import Field, type_of
from segment_pendo.pendo.rules import RULES
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches, spoken
from segment_pendo.words import Json, JsonObject

__all__ = ["Records", "message_id_of"]

_MOST_RECORDS: Final = 10_000  # of each kind
_MOST_WEIGHT: Final = 64 * 1024 * 1024  # characters of values, about
_CHANGES: Final = 20  # of one field
_LONGEST_NAME: Final = 1000  # of a field in the schema, of a call and of a type in the state
_MOST_ACCOUNTS: Final = 1000  # of one visitor
_LARGEST: Final = 10_000  # of the properties of an event that is kept
_EVENTS: Final = 1000
_MESSAGES: Final = 10_000


class _Change(NamedTuple):
    """What set a field, when and to what; `removed` where it removed the field."""

    at: int
    by: str
    value: Json
    removed: bool = False

    def row(self) -> JsonObject:
        value: JsonObject = {"removed": True} if self.removed else {"value": self.value}
        return {**value, "at": self.at, "call": self.by}


@dataclasses.dataclass(slots=True)
class _Record:
    id: str
    updated: int = 0
    first_visit: int | None = None
    last_visit: int | None = None
    metadata: JsonObject = dataclasses.field(default_factory=dict)
    history: dict[str, deque[_Change]] = dataclasses.field(default_factory=dict)
    accounts: dict[str, _Change] = dataclasses.field(default_factory=dict)
    current_account: str | None = None
    weight: int = 0

    def change(self, name: str, change: _Change) -> None:
        changes = self.history.get(name)
        if changes is None:
            changes = self.history[name] = deque()
        elif len(changes) == _CHANGES:
            gone = changes.popleft()
            self.weight -= _weight(gone.value) + len(gone.by) + len(name)
        changes.append(change)
        self.weight += _weight(change.value) + len(change.by) + len(name)
        if change.removed:
            self.metadata.pop(name, None)
        else:
            self.metadata[name] = change.value


def _weight(value: Json) -> int:
    if isinstance(value, str):
        return 64 + len(value)
    if isinstance(value, list):
        return 64 + sum(map(_weight, value))
    if isinstance(value, dict):
        return 64 + sum(len(key) + _weight(inner) for key, inner in value.items())
    return 64


def _has(record: _Record | None, wanted: str) -> bool:
    if record is None or wanted in record.id.casefold():
        return record is not None
    return any(
        wanted in name.casefold() or wanted in (value if isinstance(value, str) else str(value)).casefold()
        for name, value in record.metadata.items()
    )


def message_id_of(event: Json) -> str | None:
    """Return by which messageId an event is remembered; None where it has none."""
    message_id = event.get("messageId") if isinstance(event, dict) else None
    return message_id[:_LONGEST_NAME] if isinstance(message_id, str) else None


@dataclasses.dataclass(slots=True)
class _Typed:
    """The first type that was seen of a field, and its first spelling."""

    spelled: str
    type: str = ""
    element: str = ""
    sample: Json = None


class _Table:
    """The records of one kind, the one changed longest ago first, and the schema of their metadata."""

    def __init__(self, most: int) -> None:
        self._most = most
        # One more than `most`, so that its weight is known when it goes.
        self.by_id = Bounded[str, _Record](most + 1, "use")
        self.schema: dict[str, _Typed] = {}
        self.weight = 0

    def at(self, record_id: str) -> _Record:
        """Return the record, a new one where there is none; it is now the last to be forgotten."""
        record = self.by_id.first_made(record_id, lambda: _Record(record_id))
        self._forget()
        return record

    def update(self, update: Update, now: int, by: str) -> _Record:
        record = self.at(update.id)
        record.updated = now
        before = record.weight
        if update.replaces:
            given = {field.name for field in update.fields}
            for name in [name for name in record.metadata if name not in given]:
                record.change(name, _Change(now, by, None, removed=True))
        for field in update.fields:
            if field.name is not None:
                record.change(field.name, _Change(now, by, field.value, removed=field.removes))
                self._type(field.name, field)
        self.weight += record.weight - before
        self._forget()
        return record

    def _type(self, name: str, field: Field) -> None:
        known = self.schema.get(name)
        if known is None:
            if len(self.schema) >= self._most or len(name) > _LONGEST_NAME:
                return
            known = self.schema[name] = _Typed(str(field.path[-1]))
        # 3.06, 3.09: the first type that is seen; null has none.
        if not known.type and field.value is not None:
            known.type = type_of(field.value)
            known.sample = field.value
            if isinstance(field.value, list):
                known.element = next((type_of(item) for item in field.value if item is not None), "")

    def _forget(self) -> None:
        while len(self.by_id) > self._most or (self.weight > _MOST_WEIGHT and len(self.by_id) > 1):
            self.weight -= self.by_id.forget_oldest().weight


class Records:
    """What Pendo holds: `apply` takes a webhook, `visitor` and `account` answer as its API (6.01, 6.02).

    `track`: the subscription has the setting for track calls (1.60). `name_of` returns the name of the call
    with a messageId.
    """

    def __init__(
        self,
        switches: PendoSwitches = DEFAULT,
        *,
        track: bool = True,
        name_of: Callable[[str], str] = str,
        most: int = _MOST_RECORDS,
    ) -> None:
        self.switches = switches
        self._name_of = name_of
        self._track = track
        self._visitors, self._accounts = _Table(most), _Table(most)
        self._events: deque[JsonObject] = deque(maxlen=_EVENTS)
        self._nothing: deque[JsonObject] = deque(maxlen=_EVENTS)
        self._messages = Bounded[str, bool](_MESSAGES)
        self._webhooks = 0

    def apply(self, event: Json, now: int, by: str = "") -> list[Effect]:
        """Take one webhook body, or a list of them (1.12), and return the effect of each event.

        `by` names the call; where it is empty, the messageId does. Ignores what it cannot use; never raises.
        """
        if isinstance(event, list):
            if self.switches.array_body == "read":
                return [self._apply(item, now, by) for item in event]
            self._webhooks += 1
            self._ignored("1.12", None, by, now)
            return [Effect(nothing="1.12")]
        return [self._apply(event, now, by)]

    def _apply(self, event: Json, now: int, by: str) -> Effect:
        self._webhooks += 1
        message_id = message_id_of(event)
        name = by or self.called(event)
        repeated = message_id is not None and not self._messages.is_new(message_id)
        effect = effect_of(event, self.switches, track=self._track)
        if repeated and self.switches.repeats == "dropped":
            effect = Effect(nothing="1.16")
        if effect.nothing is not None:
            kind = event.get("type") if isinstance(event, dict) else None
            self._ignored(effect.nothing, kind, name, now)
        else:
            self._keep(effect, now, name)
        return effect

    def called(self, event: Json) -> str:
        """Return the name of an event: that of the call with its messageId; '' where it has no messageId."""
        message_id = message_id_of(event)
        return self._name_of(message_id) if message_id is not None else ""

    def _ignored(self, rule: str, kind: Json, name: str, now: int) -> None:
        shown = kind[:_LONGEST_NAME] if isinstance(kind, str) else None
        row: JsonObject = {"call": name, "at": now, "type": shown, "why": self._why(rule)}
        self._nothing.append(row)

    def _why(self, rule: str) -> str:
        return spoken(rule, self.switches) or RULES[rule].says

    def _keep(self, effect: Effect, now: int, by: str) -> None:
        if effect.event is not None:
            self.tracked(effect.event, effect.visitor_id or "", effect.account_id, effect.properties, now, by)
            return
        for update in updates(effect, self.switches):
            table = self._visitors if update.kind == "visitor" else self._accounts
            record = table.update(update, now, by)
            if update.joins is not None:
                if len(record.accounts) < _MOST_ACCOUNTS:
                    record.accounts.setdefault(update.joins, _Change(now, by, update.joins))
                record.current_account = update.joins  # 1.55

    def tracked(
        self, event: str, visitor_id: str, account_id: str | None, properties: Json, now: int, by: str
    ) -> None:
        """Keep one track event, from a webhook or from the track API (section 2)."""
        row: JsonObject = {
            "event": event[:_LONGEST_NAME],
            "visitorId": visitor_id,
            "accountId": account_id,
            "properties": properties if _weight(properties) <= _LARGEST else "(too large to be kept)",
            "at": now,
            "call": by,
        }
        self._events.append(row)
        visitor = self._visitors.at(visitor_id)
        visitor.updated = now
        visitor.first_visit = visitor.first_visit or now
        visitor.last_visit = now

    def visitor(self, visitor_id: str) -> JsonObject | None:
        """Return the body of GET /api/v1/visitor/ID, or None where there is no such visitor."""
        record = self._visitor(visitor_id)
        if record is None:
            return None
        accounts: list[Json] = list(record.accounts)
        auto: JsonObject = {"id": record.id, "lastupdated": record.updated}
        if record.first_visit is not None:  # 6.04
            auto |= {"firstvisit": record.first_visit, "lastvisit": record.last_visit}
        if record.current_account is not None:
            auto |= {"accountid": record.current_account, "accountids": accounts}
        # 1.32, 1.34: no other group is written.
        metadata: JsonObject = {"auto": auto, "segmentio": dict(record.metadata)}
        return {"id": record.id, "accountIds": accounts, "metadata": metadata}

    def _visitor(self, visitor_id: str) -> _Record | None:
        taken = ids.effective(visitor_id, "visitor", self.switches)
        record = self._visitors.by_id.get(taken) if taken is not None else None
        hidden = record is not None and self.switches.eventless == "hidden" and record.first_visit is None
        return None if hidden else record

    def account(self, account_id: str) -> JsonObject | None:
        """Return the body of GET /api/v1/account/ID, or None where there is no such account."""
        record = self._accounts.by_id.get(account_id)
        if record is None:
            return None
        auto: JsonObject = {"id": record.id, "lastupdated": record.updated}
        return {"id": record.id, "metadata": {"auto": auto, "segmentio": dict(record.metadata)}}

    def schema(self, kind: str) -> JsonObject | None:
        """Return the body of GET /api/v1/metadata/schema/KIND (6.05).

        None where KIND is neither visitor nor account.
        """
        records = {"visitor": self._visitors, "account": self._accounts}.get(kind)
        if records is None:
            return None
        group: JsonObject = {}
        for name, known in records.schema.items():
            row: JsonObject = {"Type": known.type, "DisplayName": known.spelled, "sample": known.sample}
            if known.type == "list":
                row["ElementType"] = known.element
            group[name] = row
        return {"segmentio": group}

    def history(self, kind: str, record_id: str) -> JsonObject | None:
        """Return the calls that set each field of a visitor or an account, the last 20, oldest first.

        None where there is no such record.
        """
        record = self._visitor(record_id) if kind == "visitor" else self._accounts.by_id.get(record_id)
        if record is None:
            return None
        changes: JsonObject = {
            name: [change.row() for change in kept] for name, kept in record.history.items()
        }
        joined: list[Json] = [change.row() for change in record.accounts.values()]
        return {"fields": changes, "accounts": joined} if kind == "visitor" else {"fields": changes}

    def state(self) -> JsonObject:
        """Return everything: visitors and accounts with their history, track events, ignored webhooks."""
        visitors: JsonObject = dict(self._rows("visitor", self._visitors))
        accounts: JsonObject = dict(self._rows("account", self._accounts))
        return {
            "visitors": visitors,
            "accounts": accounts,
            "events": list(self._events),
            "nothing": list(self._nothing),
            "schema": {"visitor": self.schema("visitor"), "account": self.schema("account")},
            "webhooks": self._webhooks,
            "forgotten": self._visitors.by_id.cut + self._accounts.by_id.cut,
        }

    def counts(self) -> JsonObject:
        """Return how many visitors and accounts there are."""
        return {"visitors": len(self.found("visitor")), "accounts": len(self.found("account"))}

    def found(self, kind: Literal["visitor", "account"], q: str = "") -> list[str]:
        """Return the ids, in order, of the records in which a text stands: in the id, a field or its value.

        Upper and lower case are the same.
        """
        table = self._visitors if kind == "visitor" else self._accounts
        wanted = q.casefold()
        return [
            name
            for name in sorted(table.by_id)
            if (kind == "account" or self._visitor(name) is not None)
            and (not wanted or _has(table.by_id.get(name), wanted))
        ]

    def _rows(self, kind: str, records: _Table) -> Iterator[tuple[str, Json]]:
        for name in sorted(records.by_id):
            record = self.visitor(name) if kind == "visitor" else self.account(name)
            if record is not None:
                yield name, record | {"history": self.history(kind, name)}
