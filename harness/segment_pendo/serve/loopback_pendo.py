"""A Pendo on loopback: it takes webhooks and track events, and shows the records that Pendo would hold.

Webhooks come to `/data/segmentio/KEY`, track events to `/data/track`. The answers to webhooks are invented
(Pendo publishes none, 1.70, 1.71): 200 with an empty body for any JSON event, also for one that is ignored,
because engineers have to live with this silence. `/_/state` says more: the records, which call set what, and
which events had no effect.
"""

import base64
import binascii
import hmac
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from aiohttp import web

from segment_pendo.base import js_json, times
from segment_pendo.base.bounded import Bounded
from segment_pendo.explain.rows import finding_row
from segment_pendo.pendo import ids
from segment_pendo.pendo.answers import is_too_large, is_without_effect, methods
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.effect import Effect
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.serve.failing import fail
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.listener import Handler, json_answer, refused_change
from segment_pendo.words import CallRef, Finding, Json, Receipt

__all__ = ["Answers", "CallNames", "LoopbackPendo", "Taken"]

_MOST_FINDINGS: Final = 1000
_MOST_NAMES: Final = 20_000
_MOST_EVENTS: Final = 10_000
_SENDING: Final = frozenset({"POST", "PUT", "PATCH"})
_NOT_POST: Final = "a webhook must be a POST request"
_SECRETS: Final = ("x-pendo-integration-key", "x-pendo-track-event-secret")


@dataclass(frozen=True, slots=True)
class Answers:
    """How the loopback Pendo behaves.

    `key`: the only API key that it accepts; `integration_key`: the only one its API accepts ('': any).
    `track`: the subscription has the setting for track calls. `always_200`: nothing sent to /data/ is
    refused. `name_of`: returns the name of the call that a messageId belongs to.
    """

    switches: PendoSwitches = field(default_factory=PendoSwitches)
    track: bool = True
    key: str = field(default="", repr=False)
    integration_key: str = field(default="", repr=False)
    always_200: bool = False
    name_of: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Taken:
    """An event that came, its effect, and the findings that only show when it arrives here."""

    event: Json
    effect: Effect
    findings: tuple[Finding, ...]


class _Refused(Exception):
    """A body that is not taken: the status of the answer, and why."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class CallNames:
    """A sink that remembers the call of each messageId, so that the loopback Pendo can name the call."""

    def __init__(self) -> None:
        self._names = Bounded[str, CallRef](_MOST_NAMES)

    def __call__(self, message_id: str) -> str:
        """Return the id of the call with this messageId, or the messageId if the call is not known."""
        known = self._names.get(message_id)
        return message_id if known is None else str(known)

    def take(self, receipt: Receipt) -> None:
        for judged in receipt.judged:
            message_id = judged.content.get("messageId") if judged.content else None
            if isinstance(message_id, str):
                self._names[message_id] = receipt.ref(judged)


class LoopbackPendo:
    """Pendo's HTTP paths, answered from our model of its records.

    `heard` is called with each event of each webhook, `noted` with a line on everything else that comes. No
    key is kept or shown.
    """

    def __init__(
        self,
        heard: Callable[[Taken], None] | None = None,
        answers: Answers | None = None,
        noted: Callable[[str], None] | None = None,
    ) -> None:
        self._answers = answers or Answers()
        self._heard = heard
        self._noted = noted
        self.took = 0  # webhooks, with an effect or not
        self.posted = 0  # by HTTP
        self.pendo = Records()
        self._findings: deque[Json] = deque(maxlen=_MOST_FINDINGS)
        self._ways = Bounded[tuple[str, str, int], str](_MOST_EVENTS)
        self.reset()

    def reset(self) -> None:
        """Forget all records and findings."""
        self.pendo = self.no_records()
        self._findings.clear()
        self._ways.clear()

    def no_records(self) -> Records:
        """Return the records of a Pendo like this one to which nothing came."""
        answers = self._answers
        return Records(answers.switches, track=answers.track, name_of=answers.name_of)

    def routes(
        self,
        faults: Faults | None = None,
        also: Callable[[], None] | None = None,
        records_of: Callable[[str], Awaitable[Records]] | None = None,
    ) -> list[web.RouteDef]:
        """Return the routes of its paths; `faults` says what goes wrong with what is sent to /data/.

        `also` is called when it is told to forget everything. `records_of` returns what a Pendo would hold to
        which only the calls of a session had come, None where there are no sessions.
        """
        faults = faults or Faults()
        return [
            web.route("*", "/data/segmentio/{key}", self._faulty(faults, "a webhook", self._webhook)),
            web.route("*", "/data/track", self._faulty(faults, "a track event", self._track_event)),
            web.get("/api/v1/visitor/{id:.+}", self._visitor),
            web.get("/api/v1/account/{id:.+}", self._account),
            web.get("/api/v1/metadata/schema/{kind}", self._schema),
            web.get("/api/v1/metadata/{kind}/{group}/value/{id:.+}/{field}", self._value),
            web.get("/api/v1/token/verify", self._verify),
            web.get("/_/state", partial(self._state, records_of)),
            web.post("/_/reset", partial(self._forget, also)),
        ]

    # --- what is sent here ---

    def _faulty(
        self, faults: Faults, what: str, take: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Handler:
        """Return a handler that answers as a fault says, if one happens to a request, else as `take` does."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if request.method not in _SENDING or not faults.concern("pendo"):
                return await take(request)
            try:
                body = await request.read()
            except web.HTTPRequestEntityTooLarge:  # the rest of it must not be read as if it were all
                return self._refused(413, "the body is too large")
            fault = faults.next("pendo", body)
            if fault is None:
                return await take(request)
            return await fail(request, fault, faults, what, partial(take, request), _answered)

        return answer

    def _methods(self) -> frozenset[str]:
        return methods(self._answers.switches)

    async def _webhook(self, request: web.Request) -> web.Response:
        if request.method not in self._methods():
            return self._refused(405, _NOT_POST, {"Allow": ", ".join(sorted(self._methods()))})
        if self._answers.key and not _same(request.match_info["key"], self._answers.key):
            return self._refused(403, "the API key in the path is not the one that is accepted here")
        self.posted += 1
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return self._refused(413, "the body is too large")
        return web.Response(status=self.receive(body))

    def receive(self, body: bytes, method: str = "POST") -> int:
        """Take the bytes of one webhook, as a request brings them; return the status of the answer (1.70)."""
        if method not in self._methods():
            return self._status(405, _NOT_POST)
        try:
            value = self._parsed(body)
        except _Refused as refused:
            return self._status(refused.status, str(refused))
        if not isinstance(value, dict | list) or not value:
            self._note("a webhook without any event: expected one JSON object")
        if not isinstance(value, dict | list):
            return self._status(400, "the body is JSON, but not an event")
        if self.take(value) == 400:
            return self._status(400, "it has no effect in Pendo (answer=strict is assumed)")
        return 200

    def take(self, body: Json) -> int:
        """Take the body of one webhook; return the status of the answer (1.70)."""
        return 400 if is_without_effect(self._take(body), self._answers.switches) else 200

    def _note(self, text: str) -> None:
        if self._noted is not None:
            self._noted(text)

    def _status(self, status: int, why: str) -> int:
        """Return the status of a refusal, which `always_200` hides."""
        answered = 200 if self._answers.always_200 else status
        self._note(f"answered {answered}: {why}")
        return answered

    def _refused(self, status: int, why: str, headers: dict[str, str] | None = None) -> web.Response:
        answered = self._status(status, why)
        return web.Response(status=answered, headers=headers if answered == status else None)

    def _parsed(self, body: bytes) -> Json:
        if is_too_large(len(body), self._answers.switches):
            raise _Refused(413, "the body has more than 1 MiB")
        try:
            # A batch is one level deeper than its events.
            return js_json.read(body, depth=js_json.MAX_DEPTH + 1).value
        except (ValueError, RecursionError):
            raise _Refused(400, "the body is not JSON") from None

    async def _read(self, request: web.Request) -> Json | web.Response:
        try:
            return self._parsed(await request.read())
        except web.HTTPRequestEntityTooLarge:
            return self._refused(413, "the body is too large")
        except _Refused as refused:
            return self._refused(refused.status, str(refused))

    def _take(self, body: Json) -> list[Effect]:
        """Take a webhook's body; return the effect of each of its events."""
        way: tuple[Finding, ...] = ()
        if isinstance(body, list):  # 1.12
            text = (
                "Several events came as one array, but Pendo documents one event per request; switch "
                "batching off in the destination."
            )
            way = (note("BATCHED_BODY", "$", text),)
        self.took += 1
        effects = self.pendo.apply(body, _now())
        events = body if isinstance(body, list) and self._answers.switches.array_body == "read" else [body]
        for event, effect in zip(events, effects, strict=True):
            findings = (*way, *self._twice(event, effect))
            self._say(self.pendo.called(event), findings)
            if self._heard is not None:
                self._heard(Taken(event, effect, findings))
        return effects

    def _say(self, name: str, findings: Sequence[Finding]) -> None:
        self._findings.extend({"call": name, **finding_row(finding)} for finding in findings)

    def _twice(self, event: Json, effect: Effect) -> Sequence[Finding]:
        stamp = event.get("timestamp") if isinstance(event, dict) else None
        happened = times.parse(stamp)
        at = int(happened.timestamp() * 1000) if happened is not None else None
        return self._met(effect.event, effect.visitor_id, at, "webhook") if effect.event is not None else ()

    def _met(self, event: str | None, visitor: str | None, at: int | None, way: str) -> Sequence[Finding]:
        """Return a finding if the same track event came both ways, and so counts twice (1.64)."""
        if event is None or visitor is None or at is None:
            return ()
        before = self._ways.first((event, visitor, at), way)
        if before == way:
            return ()
        text = (
            "This track event came by webhook and by Pendo's track API, so it counts twice; send it only "
            "one way."
        )
        return [note("DUPLICATE_PATHS", "$.event", text)]

    async def _track_event(self, request: web.Request) -> web.Response:
        """Take a track event by Pendo's documented API (section 2); any shared secret is accepted."""
        if request.method != "POST":
            return self._refused(405, "a track event must be a POST request", {"Allow": "POST"})
        read = await self._read(request)
        problems = _problems(read, request)
        self._say("", [note("TRACK_EVENT_SHAPE", path, text) for path, text in problems])
        self._note(
            "track API: "
            + (
                "; ".join(f"TRACK_EVENT_SHAPE at {path}: {text}" for path, text in problems)
                or "a track event"
            )
        )
        if isinstance(read, web.Response):
            return read
        if not isinstance(read, dict):
            return self._refused(400, "the body is not a track event")
        event, visitor, account, at = (
            read.get(key) for key in ("event", "visitorId", "accountId", "timestamp")
        )
        visitor = (
            ids.effective(visitor, "visitor", self._answers.switches) if isinstance(visitor, str) else None
        )
        if isinstance(event, str) and event and visitor is not None:
            name = account if isinstance(account, str) and account else None
            self.pendo.tracked(event, visitor, name, read.get("properties"), _now(), "track API")
            when = at if isinstance(at, int) and not isinstance(at, bool) else None
            self._say("", self._met(event, visitor, when, "track API"))
        elif self._answers.switches.answer == "strict":
            return self._refused(400, "it has no effect in Pendo (answer=strict is assumed)")
        return web.Response(status=200)

    # --- what is read back ---

    async def _visitor(self, request: web.Request) -> web.Response:
        return self._answer(request, lambda: self.pendo.visitor(_id(request)))

    async def _account(self, request: web.Request) -> web.Response:
        return self._answer(request, lambda: self.pendo.account(_id(request)))

    async def _schema(self, request: web.Request) -> web.Response:
        return self._answer(request, lambda: self.pendo.schema(request.match_info["kind"]))

    async def _value(self, request: web.Request) -> web.Response:
        """Answer with one value of one record, as bare JSON (6.06)."""
        kind, name = request.match_info["kind"], request.match_info["field"]
        look = {"visitor": self.pendo.visitor, "account": self.pendo.account}.get(kind)
        record = look(_id(request)) if look is not None else None
        metadata = record.get("metadata") if record is not None else None
        group = metadata.get(request.match_info["group"]) if isinstance(metadata, dict) else None
        if not isinstance(group, dict) or name not in group:
            return self._answer(request, lambda: None)
        return self._answer(request, lambda: group[name], exists=True)

    async def _verify(self, request: web.Request) -> web.Response:
        return self._answer(request, lambda: {"valid": True, "writeAccess": False})

    def _answer(
        self, request: web.Request, look: Callable[[], Json], *, exists: bool = False
    ) -> web.Response:
        given = request.headers.get(_SECRETS[0], "")
        if self._answers.integration_key and not _same(given, self._answers.integration_key):
            return web.Response(status=403)  # 6.08: with an empty body
        record = look()
        if record is None and not exists:
            return web.Response(status=404)
        return web.Response(body=js_json.write(record), content_type="application/json")

    # --- ours ---

    async def _state(
        self, records_of: Callable[[str], Awaitable[Records]] | None, request: web.Request
    ) -> web.Response:
        """Answer with all records, or one with its history: ?visitor=ID, ?account=ID; also of a session."""
        session = request.query.get("session")
        if session is None:
            return self._state_of(self.pendo, self._findings, request)
        if records_of is None:
            return json_answer({"error": "this Pendo runs alone, and has no sessions"}, 400)
        try:
            return self._state_of(await records_of(session), (), request)
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)

    def _state_of(self, records: Records, findings: Iterable[Json], request: web.Request) -> web.Response:
        for kind, look in (("visitor", records.visitor), ("account", records.account)):
            if kind in request.query:
                name = request.query[kind]
                record = look(name)
                if record is None:
                    return json_answer({"error": f"there is no {kind} with this id"}, 404)
                return json_answer(record | {"history": records.history(kind, name)})
        return json_answer(records.state() | {"findings": list(findings)})

    async def _forget(self, also: Callable[[], None] | None, request: web.Request) -> web.Response:
        refused = refused_change(request)
        if refused is None:
            self.reset()
            if also is not None:
                also()
        return refused or json_answer({"status": "reset"})


def _answered(status: int) -> web.Response:
    return web.Response(status=status)


def _same(given: str, key: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), key.encode("utf-8", "surrogatepass"))


def _id(request: web.Request) -> str:
    """Return the id in the path, which is base64 if a header says so (4.1.6)."""
    text = request.match_info["id"]
    if request.headers.get("x-pendo-base64-encoded-params", "").lower() != "true":
        return text
    try:
        return base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_" if {"-", "_"} & set(text) else None
        ).decode()
    except (binascii.Error, ValueError):
        return text


def _problems(read: Json | web.Response, request: web.Request) -> list[tuple[str, str]]:
    """Return what is wrong with a request to the track API (2.02 to 2.04, 2.14): paths and texts."""
    problems = []
    if not any(name in request.headers for name in _SECRETS):
        problems.append(
            (
                "$",
                (
                    f"There is no header {_SECRETS[0]}; send it with the Track Event shared secret, not the "
                    "integration key."
                ),
            )
        )
    if isinstance(read, web.Response) or not isinstance(read, dict):
        return [
            *problems,
            (
                "$",
                "The body is not a JSON object; send one event as JSON, with Content-Type application/json.",
            ),
        ]
    if read.get("type") != "track":
        problems.append(("$.type", 'The type must be "track".'))
    texts = [key for key in ("event", "visitorId") if not isinstance(read.get(key), str) or not read[key]]
    problems += [(f"$.{key}", f"{key} must be a non-empty string.") for key in texts]
    stamp = read.get("timestamp")
    if isinstance(stamp, bool) or not isinstance(stamp, int):
        problems.append(
            ("$.timestamp", "timestamp must be a whole number of milliseconds since 1970, not a string.")
        )
    return problems


def _now() -> int:
    return int(time.time() * 1000)
