"""The vocabulary: frozen values that know themselves and do nothing. All else is written in these words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Self, dataclass_transform

type Json = None | bool | int | float | str | list[Json] | dict[str, Json]
type JsonObject = dict[str, Json]
type Headers = tuple[tuple[str, str], ...]
type Level = Literal["error", "warning", "info"]
type State = Literal["waiting", "delivered", "held", "dead"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def made_often[T](cls: type[T]) -> type[T]:
    """Make a frozen dataclass, which only the type checker keeps from being changed.

    Each call makes many of these, and one that is also guarded at run time takes three to six times as long.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)


LEVELS: Final[tuple[Level, ...]] = ("error", "warning", "info")  # the worst first


def is_as_bad(level: Level, least: str) -> bool:
    """Whether a finding of this level is as bad as `least`, or worse."""
    return LEVELS.index(level) <= tuple(map(str, LEVELS)).index(least)


@dataclass(frozen=True, slots=True)
class SdkRequest:
    """One HTTP request as it came from an SDK: headers in wire order and case, body still encoded.

    `session`: the id of the session to whose address it came, else an empty text; `path` is what comes after
    that address. `source`: the name of the app that it came from, else an empty text.
    """

    method: str
    path: str
    query: str = field(default="", repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    host: str = ""
    ip: str = "127.0.0.1"
    door: str = "home"
    session: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer that the SDK gets."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a whole request brought no call: Segment's status for it, a code, a sentence."""

    status: int
    code: str
    message: str


@made_often
class Call:
    """One identify / group / track / page / screen / alias message, whole and untouched.

    `data` is whatever JSON value stood there; `type` is None where neither it nor the path names one.
    """

    index: int
    type: str | None
    data: Json

    def member(self, name: str) -> Json:
        """Return a member of the call as it was sent, or None where the call does not have it."""
        return self.data.get(name) if isinstance(self.data, dict) else None


@dataclass(frozen=True, slots=True)
class Batch:
    """The calls of one SdkRequest and what its envelope says for all of them.

    `single` is true for the paths that carry one event; `client` where Analytics.js sends from a browser.
    `ordinary` promises that no number or key needs the exact JSON writer (js_json); `size` is the size of the
    decoded body in bytes, `shared` that of what each call gets from the envelope, where that may be large.
    `notes` are findings about the request, and so about each of its calls.
    """

    calls: tuple[Call, ...]
    single: bool
    client: bool
    ordinary: bool
    envelope: JsonObject
    size: int
    write_key: str | None = field(default=None, repr=False)
    notes: tuple["Finding", ...] = ()
    shared: int = 0


@made_often
class Message:
    """A call after Segment's servers: what a destination sees."""

    call: Call
    data: JsonObject
    notes: tuple["Finding", ...] = ()


@made_often
class Webhook:
    """One message bound for Pendo: exact body bytes, headers and method. It has no URL."""

    body: bytes
    headers: Headers
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A call that Segment would not deliver: Segment's code where it has one, and a sentence saying why."""

    code: str
    reason: str


type Outcome = Webhook | Skipped


@made_often
class Finding:
    """A diagnostic about one call; `path` is a JSON path into the call, `source` names the rule."""

    code: str
    level: Level
    path: str
    message: str
    source: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a stage after ingest made of a message: `data`. `by` names the filters or the mapping."""

    stage: str
    by: str
    data: JsonObject


MOST_COPIES: Final = 64  # of one call: a destination has at most 50 mappings


@made_often
class Judged:
    """One call and what became of it. `message` is None where ingest dropped the call.

    `mapping`: the name of the destination's mapping that selected it, None for the only one. `changes`: what
    was changed after ingest, in order. `more`: where further mappings select the same call, a Judged for each
    of them, whose `copy` is 2, 3, ... `function`: what the insert function made of the message, in the form
    of segment.functions.kept; None where it was not run, or changed nothing.
    """

    call: Call
    outcome: Outcome
    findings: tuple[Finding, ...]
    message: Message | None
    mapping: str | None = None
    changes: tuple[Change, ...] = ()
    copy: int = 1
    more: tuple["Judged", ...] = ()
    function: JsonObject | None = field(default=None, repr=False)

    @property
    def place(self) -> int:
        """Return the place of its webhook in its receipt, as CallRef has it."""
        return self.call.index * MOST_COPIES + self.copy - 1

    @property
    def each(self) -> tuple["Judged", ...]:
        """Return this and what further mappings made of the call, in the order of the mappings."""
        return (self, *self.more)

    def also(self, findings: tuple[Finding, ...]) -> "Judged":
        """Return the same with these findings: dataclasses.replace takes as long as half of the mapping."""
        return Judged(
            self.call, self.outcome, findings, self.message, self.mapping, self.changes, self.copy, self.more,
            self.function,
        )  # fmt: skip

    @property
    def content(self) -> JsonObject | None:
        """Return what the webhook's body holds: the message, or what the last change made of it."""
        if self.changes:
            return self.changes[-1].data
        return None if self.message is None else self.message.data

    @property
    def webhook(self) -> Webhook | None:
        """Return the webhook, or None where the call was skipped."""
        return self.outcome if isinstance(self.outcome, Webhook) else None

    @property
    def skipped(self) -> Skipped | None:
        """Return why the call was skipped, or None where it became a webhook."""
        return self.outcome if isinstance(self.outcome, Skipped) else None


@made_often
class CallRef:
    """Names one call of one receipt, or what a further mapping made of it.

    Written `RECEIPT.INDEX`, and `RECEIPT.INDEX.2` for the second mapping that selects the call.
    """

    receipt: str
    index: int
    copy: int = 1

    def __str__(self) -> str:
        return f"{self.receipt}.{self.index}" + (f".{self.copy}" if self.copy > 1 else "")

    @property
    def place(self) -> int:
        """Return index and copy as one number, which is in the order of the webhooks."""
        return self.index * MOST_COPIES + self.copy - 1

    @classmethod
    def at(cls, receipt: str, place: int) -> Self:
        """Return the name of what stands at a place of a receipt."""
        return cls(receipt, place // MOST_COPIES, place % MOST_COPIES + 1)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the name that a text writes, or None where it is none. A receipt's id has no dot."""
        receipt, *numbers = text.split(".")
        if len(numbers) not in {1, 2} or any(
            not (number.isascii() and number.isdecimal() and len(number) < 10) for number in numbers
        ):
            return None
        ref = cls(receipt, *map(int, numbers))
        return ref if str(ref) == text and ref.copy <= MOST_COPIES else None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One SdkRequest with its reply, its calls, their outcomes and findings."""

    id: str
    at: datetime
    request: SdkRequest
    reply: Reply
    judged: tuple[Judged, ...]
    refusal: Refusal | None = None

    @property
    def each(self) -> Iterator[Judged]:
        """Yield what each mapping made of each call, in order; a skipped call once."""
        for judged in self.judged:
            yield from judged.each

    def ref(self, judged: Judged) -> CallRef:
        """Return the name of one of this receipt's calls, or of one of its webhooks."""
        return CallRef(self.id, judged.call.index, judged.copy)


@made_often
class Attempt:
    """One POST to Pendo, and the state of its webhook afterwards.

    `status` is None where no answer came; `detail` says what went wrong and what follows. `seconds` until the
    answer, whose `headers` and first bytes (`answer`) are kept.
    """

    number: int
    at: datetime
    status: int | None
    detail: str
    state: State
    seconds: float = 0.0
    headers: Headers = ()
    answer: bytes = b""


@dataclass(frozen=True, slots=True)
class Destination:
    """A data host of Pendo and the API key. Nothing else knows the key; the repr hides it."""

    name: str
    base: str
    key: str = field(repr=False)
    loopback: bool = False

    @property
    def fingerprint(self) -> str:
        """Return what tells this key from others, and does not reveal it."""
        from hashlib import sha256  # noqa: PLC0415 - a slow import, needed only for delivery

        return sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
