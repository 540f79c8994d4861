"""The calls that give a Pendo the final record of each visitor and account, not each event.

1. An identify call for each visitor that has fields of its own, or that nothing else would make.
2. A group call for each account of a visitor, in the order of joining; its current account comes last. Each
   has the account's fields, so that it does not matter whether absent ones are kept (pendo 1.36).
3. A group call without a user for each account that has no visitor (pendo 1.53).

Sent again, they change nothing (pendo 8.07): the same events make the same calls, with the same messageIds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from segment_pendo.archive.kept import Entry
from segment_pendo.archive.record import Record
from segment_pendo.archive.state import accounts_of, metadata
from segment_pendo.base import times
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.words import Json, JsonObject

__all__ = ["Counts", "FinalCalls", "as_sent"]

_ID: Final = 20  # bytes of a messageId's hash


@dataclass(slots=True)
class Counts:
    """How many records there are, how often a visitor has an account, and how many calls it takes."""

    visitors: int = 0
    accounts: int = 0
    memberships: int = 0
    calls: int = 0


def as_sent(setup: Setup) -> Setup:
    """Return the setup for the final calls: each is sent; what is filtered is not in the records."""
    return Setup(webhook=setup.webhook, switches=setup.switches, pendo=setup.pendo)


class FinalCalls:
    """Makes the calls of some records; `counts` says how many, when `of` has come to its end."""

    def __init__(self, switches: PendoSwitches) -> None:
        self._switches = switches
        self._by_group = switches.group_visitor == "joined"  # 1.52; else an identify call joins them (1.40)
        self._accounts: dict[str, Record] = {}
        self._joined: set[str] = set()
        self.counts = Counts()

    def of(self, entries: Iterable[Entry]) -> Iterator[JsonObject]:
        """Yield the calls of all records, of which the accounts come first."""
        for kind, id, record in entries:
            if kind == "account":
                self._accounts[id] = record
                self.counts.accounts += 1
            else:
                self.counts.visitors += 1
                yield from map(self._counted, self._visitor(id, record))
        for id, record in self._accounts.items():
            if id not in self._joined:
                yield self._counted(self._call("group", "", record, group=id, traits=self._traits(record)))

    def _counted(self, call: JsonObject) -> JsonObject:
        self.counts.calls += 1
        return call

    def _visitor(self, id: str, record: Record) -> Iterator[JsonObject]:
        traits, accounts = self._traits(record), accounts_of(record)
        self.counts.memberships += len(accounts)
        if self._by_group:  # whose calls then have the account's fields
            self._joined.update(accounts)
        if traits or not accounts:
            yield self._call("identify", id, record, traits=traits)
        current = record.current.account if record.current is not None else None
        if current is not None and accounts[-1:] != [current]:
            accounts.append(current)  # whoever comes back to an account is joined to it once more
        for number, account in enumerate(accounts):
            yield self._join(id, record, account, traits, number)

    def _join(self, id: str, record: Record, account: str, traits: JsonObject, number: int) -> JsonObject:
        if not self._by_group:
            call = self._call("identify", id, record, traits=traits, number=number + 1)
            return call | {"context": {"groupId": account}}
        of_account = self._traits(self._accounts[account])
        return self._call("group", id, record, group=account, traits=of_account, number=number)

    def _traits(self, record: Record) -> JsonObject:
        """Return traits that set the fields of a record, and remove those that a value removed."""
        switches, traits = self._switches, metadata(record)
        if switches.list == "text" and switches.empty != "stored":
            # Only an empty list became an empty text (3.04), which is stored by nothing else (3.10).
            traits = {name: [] if value == "" else value for name, value in traits.items()}
        removing: Json = None if switches.null == "removed" else ""
        if "removed" in {switches.null, switches.empty}:
            traits |= {name: removing for name, cell in sorted(record.fields.items()) if cell.removed}
        return traits

    def _call(
        self, kind: str, id: str, record: Record, *, traits: JsonObject, group: str = "", number: int = 0
    ) -> JsonObject:
        at = times.text(datetime.fromtimestamp(record.updated.at / 1000, UTC))
        name = "\n".join((kind, id, group, str(number))).encode("utf-8", "surrogatepass")
        user: JsonObject = {"userId": id} if id else {}
        account: JsonObject = {"groupId": group} if group else {}
        return {
            "type": kind,
            **user,
            **account,
            "traits": traits,
            "messageId": f"backfill-{blake2b(name, digest_size=_ID).hexdigest()}",
            "timestamp": at,
            "receivedAt": at,
            "context": {},
            "integrations": {},
        }
