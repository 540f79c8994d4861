"""A few cases for each rule that is known from published code: where the code changes, its rule is named.

The tests of tests/oracles that ask at random find more; these say which rule it is. A probe yields pairs of
what our code says and what the published code says.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Final, NamedTuple

import filters_oracle
import fql_oracle
import mapping_oracle
import mapping_traps
import pendo_oracle
import plan_oracle
import segment_oracle
from node_process import NodeProcess

from segment_pendo.base import js_json
from segment_pendo.segment import facade, webhooks
from segment_pendo.segment.filters.filters import ActionSpec, FilterSpec
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Call, Json, Message

__all__ = [
    "ACTIONS", "AJV", "CORE", "FACADE", "FORMATS", "LEXER", "PENDO", "PENDOS", "PROBES", "TRIGGERS", "TSUB",
    "Oracles", "Probe",
]  # fmt: skip

type Pairs = Iterator[tuple[Any, Any]]
ACTIONS: Final = "@segment/action-destinations"
CORE: Final = "@segment/actions-core"
TRIGGERS: Final = "@segment/destination-subscriptions"
FACADE: Final = "segmentio-facade"
TSUB: Final = "@segment/tsub"
LEXER: Final = "@segment/fql-ts"
AJV: Final = "ajv"
FORMATS: Final = "ajv-formats"
PENDO: Final = "@pendo/agent"


class Oracles:
    """The published programs, each started when it is asked first; a context manager's stack ends them."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._running: dict[Callable[[], NodeProcess], Any] = {}

    def __getitem__[Oracle: NodeProcess](self, kind: Callable[[], Oracle]) -> Oracle:
        if kind not in self._running:
            self._running[kind] = self._stack.enter_context(kind())
        running: Oracle = self._running[kind]
        return running


class Probe(NamedTuple):
    """A rule, the package whose code it is known from, and what compares both.

    `rule`: an id of Segment's rules, or "pendo " and one of Pendo's.
    """

    rule: str
    package: str
    pairs: Callable[[Oracles], Pairs]


# --- webhooks ---

_USER: Final = (
    '{"type": "identify", "userId": "u-1", "traits": {"plan": "pro", "deep": {"a": [null, {}]}}, "x": 1}'
)
_GROUP: Final = '{"type": "group", "userId": "u-1", "groupId": "g-1", "traits": {"n": 5}}'
_SPELLED: Final = (
    '{"type": "identify", "userId": "u", "traits": {"a": 1.0, "b": 1e21, "__proto__": 1, "2": 0}}'
)


def _posted(part: int, kind: str, texts: Sequence[str], *secrets: str) -> Callable[[Oracles], Pairs]:
    """Compare the bodies (part 0) or the signatures (part 1) of a POST."""

    def pairs(oracles: Oracles) -> Pairs:
        cases = [segment_oracle.Case(kind, texts, secret) for secret in secrets]
        for case, answer in zip(cases, oracles[segment_oracle.SegmentOracle].ask(cases), strict=True):
            yield segment_oracle.ours(case)[part], segment_oracle.heard(answer)[part]

    return pairs


def _headers(oracles: Oracles) -> Pairs:
    (answer,) = oracles[segment_oracle.SegmentOracle].ask([segment_oracle.Case("event", [_USER], "s3cret")])
    event = js_json.read(_USER.encode()).value
    assert isinstance(event, dict)
    webhook, _ = webhooks.webhook(Message(Call(0, "identify", event), event), ordinary=True, secret="s3cret")
    yield [(name.lower(), value) for name, value in webhook.headers], segment_oracle.wire_headers(answer)


# --- the classic destination ---


def _enabled(*parts: dict[str, Any]) -> Callable[[Oracles], Pairs]:
    def pairs(oracles: Oracles) -> Pairs:
        for part in parts:
            event = {"type": "identify", "userId": "u", "timestamp": "2024-05-09T10:00:00.000Z", **part}
            case = segment_oracle.Case("facade", [js_json.keep(event).decode()])
            (answer,) = oracles[segment_oracle.SegmentOracle].ask([case])
            yield facade.enabled(event, "Webhooks"), answer["enabled"]

    return pairs


_ON_OR_OFF: Final[tuple[Any, ...]] = (True, False, {}, 0, "")


def _dates(oracles: Oracles) -> Pairs:
    event: Any = {
        "timestamp": "2024-05-09T10:00:00.000Z",
        "traits": {"a": "2024-05-09", "b": "2024-05-09T10:00Z"},
    }
    (answer,) = oracles[segment_oracle.SegmentOracle].ask(
        [segment_oracle.Case("facade", [js_json.keep(event).decode()])]
    )
    message = Message(Call(0, "identify", event), event)
    switches = Switches(classic_dates="rewritten")
    mine, _ = webhooks.webhook(message, webhooks.CLASSIC, switches, ordinary=False)
    yield mine.body.decode(), answer["body"]


# --- destination filters ---

_CART: Final = (
    '{"type":"track","event":"a/b","userId":"u-104","properties":{"plan":"pro","email":"a@acme.com",'
    '"tags":["plan","x"],"products":[{"id":1,"price":2},5,{"price":3}]}}'
)


def _filtered(*filters: tuple[str, ActionSpec]) -> Callable[[Oracles], Pairs]:
    """Compare what each filter alone makes of an event."""

    def pairs(oracles: Oracles) -> Pairs:
        cases = [
            filters_oracle.Case(_CART, [FilterSpec("f", condition, (action,))])
            for condition, action in filters
        ]
        for case, verdict in zip(cases, oracles[filters_oracle.FilterOracle].ask(cases), strict=True):
            yield filters_oracle.ours(case), verdict

    return pairs


def _dropping(*conditions: str) -> Callable[[Oracles], Pairs]:
    return _filtered(*((condition, ActionSpec("DROP")) for condition in conditions))


def _samples() -> tuple[tuple[str, ActionSpec], ...]:
    paths = ("userId", "event", "properties.plan", "properties.email")
    return tuple(
        ("all", ActionSpec("SAMPLE", share, path)) for path in paths for share in (0.1, 0.3, 0.5, 0.7, 0.9)
    )


def _fields(kind: str) -> Iterator[tuple[str, ActionSpec]]:
    some: tuple[dict[str, Json], ...] = (
        {"properties.products": ["price"]},
        {"properties": ["plan"]},
        {"": ["type"]},
    )
    for fields in some:
        yield "all", ActionSpec(kind, fields=fields)


def _lexed(*texts: str) -> Callable[[Oracles], Pairs]:
    def pairs(oracles: Oracles) -> Pairs:
        for text, theirs in zip(texts, oracles[filters_oracle.FilterOracle].lexed(texts), strict=True):
            yield filters_oracle.our_tokens(text), theirs

    return pairs


# --- triggers ---

_EVENT: Final = (
    '{"type":"track","userId":"u","event":"Signed Up","properties":{"n":5,"text":"5","no":null,"plan":"pro"}}'
)


def _triggered(*triggers: str) -> Callable[[Oracles], Pairs]:
    def pairs(oracles: Oracles) -> Pairs:
        cases = [fql_oracle.Case(trigger, _EVENT) for trigger in triggers]
        for case, theirs in zip(cases, oracles[fql_oracle.FqlOracle].ask(cases), strict=True):
            yield fql_oracle.ours(case), theirs

    return pairs


# --- mappings ---


def _mapped(
    *mappings: dict[str, Any], event: dict[str, Any] = mapping_traps.EVENT
) -> Callable[[Oracles], Pairs]:
    def pairs(oracles: Oracles) -> Pairs:
        cases = [mapping_oracle.Case(json.dumps(event), json.dumps(mapping)) for mapping in mappings]
        for case, answer in zip(cases, oracles[mapping_oracle.MappingOracle].ask(cases), strict=True):
            mine = mapping_oracle.ours(case)
            # What ours refuses to work out, it does not send either.
            mine = mapping_oracle.NOTHING if mine == mapping_oracle.UNKNOWN else mine
            yield mine, mapping_oracle.theirs(answer)

    return pairs


def _data(*values: Any) -> Callable[[Oracles], Pairs]:
    return _mapped(*({"data": value} for value in values))


_P: Final = "$.properties."
_ALL: Final = {"@path": "$."}
_REPAIR: Final = {
    "@merge": {
        "objects": [
            _ALL,
            {
                "properties": {
                    "@merge": {
                        "objects": [{"@path": "$.properties"}, {"groupId": {"@path": "$.context.groupId"}}],
                        "direction": "right",
                    }
                }
            },
        ],
        "direction": "right",
    }
}
_DIRECTIVES: Final = (
    {"a": {"@if": {"exists": {"@path": _P + "plan"}, "then": 1, "else": 0}}},
    {"a": {"@case": {"operator": "upper", "value": {"@path": "$.event"}}}},
    {"a": {"@replace": {"pattern": "a", "replacement": "[$&]", "value": {"@path": _P + "text"}}}},
    {"a": {"@json": {"mode": "encode", "value": {"@path": _P + "one"}}}},
    {"a": {"@arrayPath": [_P + "products", {"sku": {"@path": "$.id"}}]}},
    {"a": {"@path": 5}},
    {"a": {"@unknown": 1}},
)


# --- schemas ---


def _judged(*cases: plan_oracle.Case) -> Callable[[Oracles], Pairs]:
    def pairs(oracles: Oracles) -> Pairs:
        for case, verdicts in zip(cases, oracles[plan_oracle.Ajv].ask(cases), strict=True):
            mine = [plan_oracle.ours(*map(plan_oracle.value_of, (case.schema, text))) for text in case.values]
            yield mine, verdicts

    return pairs


_SCHEMAS: Final = (
    plan_oracle.Case('{"type": "integer", "minimum": 1}', ("1", "1.0", "0", "1.5", '"1"')),
    plan_oracle.Case('{"maxLength": 2, "pattern": "^a"}', ('"ab"', '"abc"', '"b"', '"a\\ud83d\\ude00"')),
    plan_oracle.Case(
        '{"required": ["a"], "additionalProperties": {"enum": [1]}}', ('{"a": 1}', '{"a": 2}', "{}")
    ),
    plan_oracle.Case('{"items": {"const": 1}, "uniqueItems": true}', ("[1]", "[1, 1]", "[2]")),
)
_FORMATS: Final = (
    plan_oracle.Case('{"format": "date"}', ('"2024-02-29"', '"2023-02-29"')),
    plan_oracle.Case('{"format": "email"}', ('"a@b.org"', '"a@"')),
    plan_oracle.Case('{"format": "ipv4"}', ('"127.0.0.1"', '"127.0.0.256"')),
)


# --- Pendo's agent ---


def _agent(part: Callable[[dict[str, Any]], Any], *cases: dict[str, Any]) -> Callable[[Oracles], Pairs]:
    """Compare a part of the verdicts on visitors and accounts."""

    def pairs(oracles: Oracles) -> Pairs:
        texts = [json.dumps({"visitor": {}, "account": {}, **case}) for case in cases]
        for text, verdict in zip(texts, oracles[pendo_oracle.PendoAgent].ask(texts), strict=True):
            yield part(pendo_oracle.ours(text)), part(pendo_oracle.tidied(verdict))

    return pairs


def _ids(*values: Any) -> list[dict[str, Any]]:
    return [{"visitor": {"id": value}, "account": {"id": value}} for value in values]


def _taken(verdict: dict[str, Any]) -> Any:
    return verdict["visitorId"], verdict["accountId"]


def _about(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda verdict: (verdict["visitor"][name], verdict["account"][name])


def _traits(**traits: Any) -> dict[str, Any]:
    return {"visitor": {"id": "v", **traits}, "account": {"id": "a", **traits}}


PROBES: Final = (
    Probe("W-6", ACTIONS, _posted(1, "event", [_USER], "", "s3cret", "é😀")),
    Probe("W-20", ACTIONS, _posted(0, "event", [_USER], "")),
    Probe("W-21", ACTIONS, _posted(0, "batch", [_USER, _GROUP], "")),
    Probe("W-22", ACTIONS, _posted(1, "batch", [_USER, _GROUP], "s3cret")),
    Probe("W-23", CORE, _headers),
    Probe("W-28", ACTIONS, _posted(0, "event", [_SPELLED], "")),
    Probe(
        "N-3",
        FACADE,
        _enabled(*({"integrations": {"Webhooks": value}} for value in _ON_OR_OFF)),
    ),
    Probe(
        "N-4",
        FACADE,
        _enabled(
            {"integrations": {"all": False}},
            {"integrations": {"ALL": False, "Webhooks": True}},
            {"options": {"All": False}},
            {"options": {"providers": {"all": False}}},
            {"options": {"providers": {"Webhooks": False}}},
        ),
    ),
    Probe("W-7", FACADE, _dates),
    Probe("D-31", TSUB, _filtered(*_samples())),
    Probe("D-33", TSUB, _filtered(*_fields("DROP_PROPERTIES"), *_fields("ALLOW_PROPERTIES"))),
    Probe(
        "D-35",
        TSUB,
        _dropping(
            "properties.missing = null",
            "'x' in properties.tags",
            "lowercase(event) = 'a/b'",
            "length(event) = 3",
        ),
    ),
    Probe(
        "D-36",
        TSUB,
        _dropping(
            "match(event, 'a*')",
            "match(event, 'a?b')",
            "match(event, '[a')",
            "match(properties.plan, '[^p]ro')",
        ),
    ),
    Probe(
        "D-37", LEXER, _lexed("a.b = 'x'", "a and !b or c", "a\\ b in [1, -2.5, null]", "a = 'x", "n > 5.")
    ),
    Probe(
        "D-10",
        TRIGGERS,
        _triggered('event = "signed up"', "properties.n = 5", "properties.text > 4", "event = yes"),
    ),
    Probe(
        "D-11",
        TRIGGERS,
        _triggered(
            '!contains(event, "Up")', '!contains(event, "x")', '!match(event, "S*")', '!(type = "track")'
        ),
    ),
    Probe(
        "D-12", TRIGGERS, _triggered("properties.no != null", "properties.n != null", 'properties.x != "pro"')
    ),
    Probe(
        "D-13",
        TRIGGERS,
        _triggered(
            'type = "a" AND type = "track"',
            '`event` = "x"',
            '(type = "track" and (event = "x"))',
            "",
            'a!="b"',
        ),
    ),
    Probe("D-20", CORE, _data(*_DIRECTIVES)),
    Probe(
        "D-21",
        ACTIONS,
        _mapped({"data": "text"}, {"data": 5}, {"data": None}, {"method": "GET"}, {"method": "PUT"}),
    ),
    Probe(
        "D-22",
        CORE,
        _data(
            {"@flatten": {"value": {"@path": "$.properties"}, "separator": "_"}},
            {"@flatten": {"value": {"@path": "$.properties"}, "separator": ".", "omitArrays": True}},
            {"@excludeWhenNull": {"@path": "$.properties"}},
        ),
    ),
    Probe("D-23", CORE, _data(_REPAIR)),
    Probe(
        "D-24",
        CORE,
        _data({name: {"@path": _P + name} for name in ("none.x", "empty.x", "tags.length", "a.b")}),
    ),
    Probe(
        "D-25",
        CORE,
        _data(
            {"t": {"@template": "{{userId}}/{{ $.userId }}/{{properties.plan}}"}},
            {"t": {"@template": "{{{properties.place}}} {{properties.place}}"}},
        ),
    ),
    Probe(
        "D-26",
        CORE,
        _mapped(
            {"headers": {"X-Null": {"@path": _P + "none"}, "b": "1", "A": "2"}},
            {"headers": {"User-Agent": "undefined"}},
            {"headers": {"two words": "x"}},
        ),
    ),
    Probe("D-27", CORE, _mapped({}, event={"type": "identify", "userId": "u", "context": None})),
    Probe(
        "D-28",
        CORE,
        _data(
            {"a": {"@liquid": "{% if properties.plan contains 'Pro' %}{{ userId | upcase }}{% endif %}"}},
            {"a": {"@liquid": "x" * 1001}},
            {"a": {"@liquid": "{% include 'x' %}"}},
        ),
    ),
    Probe("D-107", AJV, _judged(*_SCHEMAS)),
    Probe("D-107", FORMATS, _judged(*_FORMATS)),
    Probe("pendo 3.20", PENDO, _agent(_about("ignored"), _traits(flat=1, deep={"a": 1}))),
    Probe("pendo 3.21", PENDO, _agent(_about("holding"), _traits(flat=[1], deep=[1, {"a": 1}]))),
    Probe("pendo 3.31", PENDO, _agent(_about("conflicts"), _traits(plan=1, Plan=2, other=3))),
    Probe("pendo 4.2.1", PENDO, _agent(_taken, *_ids("", " ", "null", True, None, [], {}, "a"))),
    Probe("pendo 4.2.2", PENDO, _agent(_taken, *_ids(0, 123, 1.5))),
    Probe(
        "pendo 4.2.4",
        PENDO,
        _agent(
            lambda one: (one["exampleAccount"], *_taken(one)), *_ids("VISITOR-UNIQUE-ID", "ACCOUNT-UNIQUE-ID")
        ),
    ),
    Probe("pendo 4.3.1", PENDO, _agent(lambda one: one["anonymous"], *_ids("_PENDO_T_abc", "abc"))),
)
PENDOS: Final = tuple(one.rule for one in PROBES if one.package == PENDO)
