"""Records as Pendo's API answers them, out of what was folded; `state show` and `state diff` read them."""

from collections.abc import Iterator
from typing import Final

from segment_pendo.archive.partial import Partial, Typed
from segment_pendo.archive.record import Record
from segment_pendo.pendo.ids import Kind
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Json, JsonObject

__all__ = ["accounts_of", "body", "is_shown", "metadata", "row_of", "rows", "state"]

_MOST_ACCOUNTS: Final = 1000  # of one visitor, as in pendo/records


def metadata(record: Record) -> JsonObject:
    """Return the fields of a record, in the order of their names."""
    return {name: cell.value for name, cell in sorted(record.fields.items()) if record.has(cell)}


def accounts_of(record: Record) -> list[str]:
    """Return the accounts of a visitor, in the order of joining."""
    names = sorted(record.accounts, key=lambda name: (record.accounts[name], name))
    return names[:_MOST_ACCOUNTS]


def is_shown(kind: Kind, record: Record, switches: PendoSwitches = DEFAULT) -> bool:
    """Whether Pendo answers with this record (6.04)."""
    return kind == "account" or switches.eventless != "hidden" or record.first_visit is not None


def body(kind: Kind, record_id: str, record: Record) -> JsonObject:
    """Return a record as in `Records.visitor` or `Records.account`."""
    auto: JsonObject = {"id": record_id, "lastupdated": record.updated.at}
    groups: JsonObject = {"auto": auto, "segmentio": metadata(record)}
    if kind == "account":
        return {"id": record_id, "metadata": groups}
    accounts: list[Json] = [*accounts_of(record)]
    if record.first_visit is not None:
        auto |= {"firstvisit": record.first_visit, "lastvisit": record.last_visit}
    if record.current is not None:
        auto |= {"accountid": record.current.account, "accountids": accounts}
    return {"id": record_id, "accountIds": accounts, "metadata": groups}


def _history(kind: Kind, record: Record) -> JsonObject:
    """Return the last change of each field, and when each account was joined."""
    fields: JsonObject = {}
    for name, cell in sorted(record.fields.items()):
        there = record.has(cell)
        order = cell.order if there or cell.removed or record.wiped is None else record.wiped
        value: JsonObject = {"value": cell.value} if there else {"removed": True}
        fields[name] = [{**value, "at": order.at, "call": order.place}]
    history: JsonObject = {"fields": fields}
    if kind == "visitor":
        orders = {name: record.accounts[name] for name in accounts_of(record)}
        history["accounts"] = [
            {"value": name, "at": order.at, "call": order.place} for name, order in orders.items()
        ]
    return history


def row_of(kind: Kind, record_id: str, record: Record) -> JsonObject:
    """Return a record with the last change of each field."""
    return body(kind, record_id, record) | {"history": _history(kind, record)}


def rows(kind: Kind, partial: Partial, switches: PendoSwitches = DEFAULT) -> Iterator[tuple[str, JsonObject]]:
    """Yield each record of a kind in the order of the ids, with the last change of each field."""
    for record_id, record in sorted(partial.of(kind).items()):
        if is_shown(kind, record, switches):
            yield record_id, row_of(kind, record_id, record)


def state(partial: Partial, switches: PendoSwitches = DEFAULT) -> JsonObject:
    """Return everything as a saved state: as `Records.state`, without track events and longer histories."""
    visitors: JsonObject = dict(rows("visitor", partial, switches))
    accounts: JsonObject = dict(rows("account", partial, switches))
    return {
        "visitors": visitors,
        "accounts": accounts,
        "events": [],
        "nothing": [],
        "schema": {
            "visitor": {"segmentio": _schema(partial.visitor_schema)},
            "account": {"segmentio": _schema(partial.account_schema)},
        },
        "webhooks": partial.webhooks,
        "forgotten": 0,
    }


def _schema(schema: dict[str, Typed]) -> JsonObject:
    described: JsonObject = {}
    for name, known in sorted(schema.items()):
        row: JsonObject = {"Type": known.type, "DisplayName": known.spelled, "sample": known.sample}
        if known.type == "list":
            row["ElementType"] = known.element
        described[name] = row
    return described
