"""Pendo's records as tests and exports show them."""

import json
from typing import Any, TypedDict, cast

import msgspec
from msgspec import Struct

from segment_pendo.base import js_json
from segment_pendo.words import Json, JsonObject

__all__ = ["Account", "Visitor", "account_of", "as_state", "plain_record", "visitor_of"]


class Visitor(TypedDict):
    """A visitor as Pendo would hold it: accounts in the order of joining, and metadata from Segment."""

    id: str
    accounts: list[str]
    metadata: dict[str, Any]


class Account(TypedDict):
    """An account as Pendo would hold it, with its metadata from Segment."""

    id: str
    metadata: dict[str, Any]


def plain_record(record: JsonObject) -> JsonObject:
    """Return the body of Pendo's API without groups and times: id, accounts and metadata from Segment.

    Only a visitor has accounts.
    """
    metadata = record.get("metadata")
    group = metadata.get("segmentio") if isinstance(metadata, dict) else None
    accounts: JsonObject = {"accounts": record["accountIds"]} if "accountIds" in record else {}
    return cast("JsonObject", _plain({"id": record.get("id"), **accounts, "metadata": group or {}}))


def visitor_of(record: JsonObject | None) -> Visitor | None:
    """Return the visitor in a body of Pendo's API."""
    return None if record is None else cast("Visitor", plain_record(record))


def account_of(record: JsonObject | None) -> Account | None:
    """Return the account in a body of Pendo's API."""
    return None if record is None else cast("Account", plain_record(record))


def _plain(value: Json) -> Any:
    """Return JSON with ordinary numbers: 1.0 is 1, as in JavaScript."""
    return json.loads(js_json.write(value))


class _Metadata(Struct):
    auto: dict[str, Any]
    segmentio: dict[str, Any]


class _History(Struct):
    fields: dict[str, Any]


class _Record(Struct):
    id: Any
    metadata: _Metadata
    history: _History


class _State(Struct):
    """What every saved state has."""

    events: list[Any]
    nothing: list[Any]
    visitors: dict[str, _Record]
    accounts: dict[str, _Record]


def as_state(value: Json) -> JsonObject | None:
    """Return the value if it is a state with whole records, else None."""
    try:
        msgspec.convert(value, _State)
    except msgspec.ValidationError:
        return None
    return value if isinstance(value, dict) else None
