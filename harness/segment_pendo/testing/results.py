"""What became of some calls: rows, webhooks, findings, and the records that Pendo would hold.

`pendo_after` computes it from calls alone, without a network, for property tests; `harness.Harness` from what
an app really sends.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, TypedDict, cast
from uuid import UUID, uuid5

from segment_pendo.base import js_json
from segment_pendo.base.suggestion import nearest
from segment_pendo.explain.records import Account, Visitor, account_of, plain_record, visitor_of
from segment_pendo.explain.rows import CallRow, FindingRow, call_row
from segment_pendo.explain.telling.teller import finding_line, refused
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.records import Records
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.testing.expectation import Expectation, checked
from segment_pendo.testing.held import Metadata, no_such
from segment_pendo.testing.literals import Sdk, WebhookKind
from segment_pendo.testing.options import setup_of
from segment_pendo.testing.timeline import Arrival, Event, Note, called, problems
from segment_pendo.testing.values import as_sent
from segment_pendo.words import LEVELS, JsonObject, Judged, Level, Receipt

__all__ = ["Results", "Snapshot", "pendo_after", "row_of"]


class Snapshot(TypedDict):
    """What should be the same in each run: no ids of messages, no times, no versions of SDKs."""

    webhooks: list[dict[str, Any]]
    skipped: list[str]
    findings: list[str]
    visitors: dict[str, Visitor]
    accounts: dict[str, Account]


class Results(ABC):
    """What became of calls; `events` are in the order in which they came."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.misses: list[str] = []  # sentences on visitors and accounts that were asked for in vain

    @abstractmethod
    def _ask[T](self, what: Callable[[Records], T]) -> T:
        """Return what `what` reads from Pendo's records."""

    def _arrivals(self) -> list[Arrival]:
        return [event for event in tuple(self.events) if isinstance(event, Arrival)]

    @property
    def calls(self) -> list[CallRow]:
        """Return a row for each call that came, in order."""
        return [row_of(arrival) for arrival in self._arrivals()]

    @property
    def webhooks(self) -> list[dict[str, Any]]:
        """Return the body of each webhook, in order, as JSON."""
        webhooks = (arrival.judged.webhook for arrival in self._arrivals())
        return [json.loads(webhook.body) for webhook in webhooks if webhook is not None]

    @property
    def findings(self) -> list[FindingRow]:
        """Return every finding, in the order of calls; `call` is the id of its call."""
        return [finding | {"call": row["id"]} for row in self.calls for finding in row["findings"]]

    def problems(self, level: Level = "warning") -> list[str]:
        """Return a sentence for each problem.

        Problems are findings of this level or worse, calls that Segment would drop, and requests that it
        would refuse. Raises ValueError for a level that there is none of.
        """
        if level not in LEVELS:
            near = nearest(str(level), LEVELS)
            hint = f"; did you mean {near!r}?" if near else ""
            msg = f"level is one of {', '.join(map(repr, LEVELS))}, not {level!r}{hint}"
            raise ValueError(msg)
        return problems(tuple(self.events), level)

    def matching(self, expected: Expectation) -> list[CallRow]:
        """Return the rows of the calls that match the expectation."""
        checked(expected)
        return [row_of(arrival) for arrival in self._arrivals() if expected.matches(arrival.judged)]

    def visitor(self, id: str) -> Visitor | None:
        """Return the visitor that Pendo would hold, or None."""
        visitor = visitor_of(self._ask(lambda pendo: pendo.visitor(id)))
        if visitor is None:
            self._miss("visitor", id)
            return None
        return visitor | {"metadata": Metadata(visitor["metadata"])}

    def account(self, id: str) -> Account | None:
        """Return the account that Pendo would hold, or None."""
        account = account_of(self._ask(lambda pendo: pendo.account(id)))
        if account is None:
            self._miss("account", id)
            return None
        return account | {"metadata": Metadata(account["metadata"])}

    def _miss(self, kind: Literal["visitor", "account"], id: str) -> None:
        state = cast("dict[str, dict[str, Any]]", self.state())
        held, others = state["visitors"], state["accounts"]
        if kind == "account":
            held, others = others, held
        self.misses.append(no_such(kind, id, held, others))

    def state(self) -> JsonObject:
        """Return all that Pendo would hold, with the call that set each field, as `/_/state` shows it."""
        return self._ask(Records.state)

    def snapshot(self) -> Snapshot:
        """Return what is the same in each run, as plain dicts and lists for snapshot tests."""
        arrivals = self._arrivals()
        state = cast("dict[str, dict[str, Any]]", self.state())
        return {
            "webhooks": [_steady(webhook) for webhook in self.webhooks],
            "skipped": [
                f"{called(arrival.judged)}: {arrival.judged.skipped.code}"
                for arrival in arrivals
                if arrival.judged.skipped
            ],
            "findings": [
                f"{called(arrival.judged)}: {line}"
                for arrival in arrivals
                for line in _finding_lines(arrival.judged)
            ],
            "visitors": {
                name: cast("Visitor", plain_record(record)) for name, record in state["visitors"].items()
            },
            "accounts": {
                name: cast("Account", plain_record(record)) for name, record in state["accounts"].items()
            },
        }


def _finding_lines(judged: Judged) -> list[str]:
    return [
        finding_line(finding.level, finding.code, finding.path, finding.message)
        for finding in judged.findings
        if finding.level != "info"
    ]


_LATER: Final = frozenset({"receivedAt", "writeKey"})


def _steady(webhook: dict[str, Any]) -> dict[str, Any]:
    kept = cast("dict[str, Any]", Meaning().steady(webhook))
    return {key: value for key, value in kept.items() if key not in _LATER}


def row_of(arrival: Arrival) -> CallRow:
    """Return the row of a call.

    Its webhook counts as delivered: in a test, webhooks go straight into the Pendo on loopback, unless a
    fault of the test says otherwise.
    """
    attempt = arrival.attempt
    state, status = ("delivered", 200) if attempt is None else (attempt.state, attempt.status)
    sends = arrival.judged.webhook is not None
    delivery: JsonObject | None = {"state": state, "status": status, "attempts": 1} if sends else None
    return cast("CallRow", call_row(arrival.receipt, arrival.judged, delivery=delivery))


# --- calls alone ---

_NOTHING: Final[Mapping[str, str]] = {}
_AT: Final = datetime(2024, 1, 1, tzinfo=UTC)
_NAMES: Final = UUID("5e9a2d0c-0000-4000-8000-000000000000")


class _Predicted(Results):
    def __init__(self, setup: Setup, at: datetime) -> None:
        super().__init__()
        self._pendo = Records(setup.pendo, track=setup.track and setup.pendo_track)
        self._earlier = EarlierCalls(setup)
        self._at = int(at.timestamp() * 1000)

    def _ask[T](self, what: Callable[[Records], T]) -> T:
        return what(self._pendo)

    def take(self, receipt: Receipt) -> None:
        receipt = self._earlier.annotated(receipt)
        if receipt.refusal is not None:
            self.events.append(Note(0.0, " ".join(refused(receipt)), wrong=True))
        for judged in receipt.each:
            self.events.append(Arrival(0.0, receipt, judged))
            webhook = judged.webhook
            if webhook is not None:
                self._pendo.apply(js_json.read(webhook.body).value, self._at, str(receipt.ref(judged)))


def pendo_after(
    calls: Iterable[Mapping[str, Any]],
    *,
    sdk: Sdk = "node",
    at: datetime = _AT,
    track: bool = False,
    pendo_track: bool = True,
    webhook: WebhookKind = "actions",
    assume: Mapping[str, str] = _NOTHING,
    destination: str | PathLike[str] | None = None,
) -> Results:
    """Return what becomes of these calls (`type`, ids, `traits` or `properties`), sent by an SDK at a time.

    It is for property tests: it opens no port and keeps nothing. `sdk` is a key of `segment.wire.SDKS`;
    values that are not JSON are converted as that SDK does it. The other options are those of
    `segment-pendo run`; `destination` is the path of a destination file. What Segment would refuse is among
    `problems()`.

    Raises TypeError for a call that is not a dict, or a value that the SDK cannot send; ValueError for a
    setting or an SDK that does not exist.
    """
    if isinstance(calls, Mapping | str) or not isinstance(calls, Iterable):
        msg = f"pendo_after() takes a list of calls such as [{{'type': 'identify', ...}}], not {calls!r:.100}"
        raise TypeError(msg)
    if sdk not in SDKS:
        near = nearest(sdk, SDKS)
        hint = f"did you mean {near!r}?" if near else f"the SDKs are {', '.join(SDKS)}"
        msg = f"there is no SDK {sdk!r}; {hint}"
        raise ValueError(msg)
    settings = {"track": track, "pendo_track": pendo_track, "webhook": webhook, "assume": assume}
    setup = setup_of(settings, None if destination is None else Path(destination))
    results = _Predicted(setup, at)
    sent = [as_sent(call, sdk) for call in calls]
    for call in sent:
        if "type" not in call:
            msg = f"a call is a dict such as {{'type': 'identify', 'userId': 'u1'}}, not {call!r:.100}"
            raise TypeError(msg)
    count = iter(range(10**9))
    sdk_requests = (
        requests(sent, sdk, write_key="WRITE_KEY", at=at, unique=lambda: str(uuid5(_NAMES, str(next(count)))))
        if sent
        else []
    )
    for number, request in enumerate(sdk_requests):
        results.take(assess(request, id=f"call-{number}", at=at, setup=setup))
    return results
