"""Pendo's records as this model predicts them: visitors and accounts after a stream of webhooks (facts 1.3 to 1.6, 3, 6).

What Pendo does with a webhook is not published; each rule below is its own agent's, its documents', or, where a line
says so, our assumption. Times are epoch milliseconds (6.03).
"""

from dataclasses import dataclass, field

from segment_pendo.pendo import ids
from segment_pendo.words import Json, JsonObject

__all__ = ["Pendo"]


@dataclass(slots=True)
class _Record:
    id: str
    updated: int = 0
    metadata: JsonObject = field(default_factory=dict)
    accounts: dict[str, None] = field(default_factory=dict)
    current_account: str | None = None


@dataclass(slots=True)
class Pendo:
    """Pendo's memory. `apply` takes one webhook body; `visitor` and `account` answer as Pendo's API does (6.01, 6.02)."""

    _visitors: dict[str, _Record] = field(default_factory=dict)
    _accounts: dict[str, _Record] = field(default_factory=dict)

    def apply(self, event: Json, now: int) -> None:
        """Take one webhook body, or a list of them (1.12, an assumption). Ignores what it cannot use; never raises."""
        for one in event if isinstance(event, list) else [event]:
            if isinstance(one, dict) and one.get("type") == "identify":
                self._identify(one, now)
            elif isinstance(one, dict) and one.get("type") == "group":
                self._group(one, now)

    def _identify(self, event: JsonObject, now: int) -> None:
        visitor_id = ids.effective(event.get("userId"))  # 1.30; without one no record (1.38, assumption)
        if visitor_id is not None:
            _update(self._visitors, visitor_id, event.get("traits"), now)

    def _group(self, event: JsonObject, now: int) -> None:
        account_id = ids.effective(event.get("groupId"))  # 1.50
        if account_id is None:
            return
        _update(self._accounts, account_id, event.get("traits"), now)
        visitor_id = ids.effective(event.get("userId"))
        if visitor_id is not None:  # 1.52, 1.58: association as in device mode, an assumption for the webhook
            visitor = _update(self._visitors, visitor_id, None, now)
            visitor.accounts.setdefault(account_id)
            visitor.current_account = account_id  # 1.55

    def visitor(self, visitor_id: str) -> JsonObject | None:
        """The body of GET /api/v1/visitor/ID, or None where there is no such visitor."""
        record = self._visitors.get(visitor_id)
        if record is None:
            return None
        accounts: list[Json] = list(record.accounts)
        auto: JsonObject = {"id": record.id, "lastupdated": record.updated}
        if record.current_account is not None:
            auto |= {"accountid": record.current_account, "accountids": accounts}
        metadata: JsonObject = {"auto": auto, "segmentio": dict(record.metadata)}
        return {"id": record.id, "accountIds": accounts, "metadata": metadata}

    def account(self, account_id: str) -> JsonObject | None:
        """The body of GET /api/v1/account/ID, or None where there is no such account."""
        record = self._accounts.get(account_id)
        if record is None:
            return None
        auto: JsonObject = {"id": record.id, "lastupdated": record.updated}
        return {"id": record.id, "metadata": {"auto": auto, "segmentio": dict(record.metadata)}}


def _update(records: dict[str, _Record], record_id: str, traits: Json, now: int) -> _Record:
    """Upsert; fields that are not given keep their value (1.36, an assumption)."""
    record = records.get(record_id)
    if record is None:
        record = records[record_id] = _Record(record_id)
    record.updated = now
    if isinstance(traits, dict):
        for key, value in traits.items():
            if not isinstance(value, dict):  # 3.20: objects are ignored
                record.metadata[key.lower()] = _kept(value)  # 3.31: lower-cased, the last wins
    return record


def _kept(value: Json) -> Json:
    # 3.21: objects inside a list are ignored; a list inside a list counts as one.
    return [item for item in value if not isinstance(item, dict | list)] if isinstance(value, list) else value
