"""Segment's published filter engine (npm @segment/tsub, @segment/fql-ts) as something to ask, beside ours."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from node_process import NodeProcess
from strategies import event_texts

from segment_pendo.base import js_json
from segment_pendo.segment.filters.condition import condition_of
from segment_pendo.segment.filters.filters import ActionSpec, Dropped, FilterSpec, compiled
from segment_pendo.segment.filters.tokens import ConditionError, tokens
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Json

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "filters.jsonl"
PROGRAM = "filters.cjs"
BROWSER = Switches(filter_engine="published", sample_hash="published")
TYPES = {
    "SAMPLE": "sample_event",
    "DROP": "drop",
    "DROP_PROPERTIES": "drop_properties",
    "ALLOW_PROPERTIES": "allow_properties",
}


class Case(NamedTuple):
    """An event as JSON text, and the filters that it meets."""

    event: str
    filters: Sequence[FilterSpec]


type Verdict = tuple[str, str]  # "body" and the JSON, or "dropped" or "error" and ""
type Rule = Callable[[Case], Verdict]


# --- asking ---


class FilterOracle(NodeProcess):
    """Segment's code; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, cases: Sequence[Case]) -> list[Verdict]:
        """What the engine did with each case. Its conditions are ours, compiled: that is not published."""
        asked = [
            {
                "event": case.event,
                "filters": [
                    {"ir": condition_of(one.condition).tree, "transformers": [*_transformers(one)]}
                    for one in case.filters
                ],
            }
            for case in cases
        ]
        return [_verdict(answer) for answer in self.answers(asked)]

    def lexed(self, conditions: Sequence[str]) -> list[Any]:
        """The tokens of each condition, or None."""
        return [answer.get("tokens") for answer in self.answers([{"condition": one} for one in conditions])]


def _transformers(spec: FilterSpec) -> Iterator[dict[str, Any]]:
    for action in spec.actions:
        config: dict[str, Any] = {}
        if action.type == "SAMPLE":
            config = {"sample": {"path": action.path}}
            if action.percent is not None:
                config["sample"]["percent"] = action.percent
        elif action.fields is not None:
            config = {"drop" if action.type == "DROP_PROPERTIES" else "allow": action.fields}
        yield {"type": TYPES.get(action.type, action.type), "config": config}


def _verdict(answer: dict[str, Any]) -> Verdict:
    (kind,) = answer
    return kind, answer["body"] if kind == "body" else ""


def ours(case: Case) -> Verdict:
    """What our code does with a case."""
    data = js_json.read(case.event.encode()).value
    assert isinstance(data, dict)
    result = compiled(case.filters, BROWSER).applied(data)
    if isinstance(result, Dropped):
        return ("error" if result.code == "FILTER_BROKEN" else "dropped"), ""
    if not result.changed_by:
        assert result.data is data
    return "body", js_json.write(result.data).decode()


def our_tokens(condition: str) -> Any:
    """Our tokens of a condition, or None."""
    try:
        return [[token.kind, token.value] for token in tokens(condition)]
    except ConditionError:
        return None


# --- kept verdicts ---


def row(case: Case, verdict: Verdict) -> str:
    """A line of the kept verdicts."""
    filters = [
        {
            "if": one.condition,
            "actions": [[action.type, action.percent, action.path, action.fields] for action in one.actions],
        }
        for one in case.filters
    ]
    # A body that says what the event said is not kept twice.
    as_sent = verdict == ("body", js_json.write(js_json.read(case.event.encode()).value).decode())
    return json.dumps([case.event, filters, *(("body", None) if as_sent else verdict)], separators=(",", ":"))


def kept() -> Iterator[tuple[Case, Verdict]]:
    """The verdicts of fixtures/oracles, made by tests/tools/make_oracles.py."""
    for line in KEPT.read_text("ascii").splitlines():
        event, filters, kind, body = json.loads(line)
        specs = [
            FilterSpec(str(at), one["if"], tuple(ActionSpec(*action) for action in one["actions"]))
            for at, one in enumerate(filters)
        ]
        if body is None:
            body = js_json.write(js_json.read(event.encode()).value).decode()
        yield Case(event, specs), (kind, body)


def differing(rule: Rule) -> list[Case]:
    """The kept cases of which a rule says something else."""
    return [case for case, verdict in kept() if rule(case) != verdict]


# --- events and filters, made so that they often meet ---

TEXTS = [
    "pro", "Pro", "PRO", "", "a@acme.com", "b@other.org", "1.10.0", "1.9", "2", " 1 .2", "v1", "☺b", "😀",
    "*",
    "a*b", "[x]", "event", "properties.plan", "lowercase", "string", "null", "Signed Up", "ΑΣ", "İ", "\\",
    "u-1", "u-2", "u-3", "u-17", "u-104", "q", "0",
]  # fmt: skip
GLOBS = [
    "*", "a*", "*.com", "*@acme.*", "p?o", "[pP]ro", "[^p]ro", "[a-z]*", "P*", "??", "?b", "*b", "a\\*b", "[",
    "[]a]", "[x-]", "[\\]x]*", "**o", "*r*", "\\", "*[!-~]", "1.*.?", "\\p\\r\\o", "[P-p]*o*", "*[.-@]acme*",
]  # fmt: skip
VERSIONS = ["1.10.0", "1.9", "2", "1.10", "0", "1.2.3.4", "x", "", "1.10.0-beta", "-1", "+1.9", "01.9"]
KEYS = ["plan", "email", "n", "tags", "products", "value", "price", "id", "length", "constructor", "x y", "0"]
PLACES = ["properties", "traits", "context", "context.traits"]
ODD = ["toString", "length", "constructor", "__proto__", "hasOwnProperty", "slice", "0", "-1", "map"]
NUMBERS = ["0", "1", "5", "-1", "2.5", "+5", "3", "12345678901234567890", "9007199254740993", "007"]
scalars = st.sampled_from(TEXTS) | st.sampled_from([0, 1, 5, -1, 2.5, 3, 2**53 + 1, True, False, None])
CALLS: list[Json] = [
    ["lowercase", "event"], ["length", "userId"], ["length", {"value": "abc"}], ["typeof", "traits"],
    ["contains", "event", {"value": "pro"}], ["match", "event", "userId"], ["lowercase", None],
    ["semver", "event", {"value": ">"}, "event"], ["typeof", 5], ["lowercase"], ["!", 1],
]  # fmt: skip
values = st.recursive(
    scalars | st.sampled_from(CALLS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)
members = st.dictionaries(st.sampled_from(KEYS), values, max_size=6)


@st.composite
def events(draw: st.DrawFn) -> str:
    """An event as JSON text."""
    if draw(st.integers(0, 5)) == 0:
        return draw(event_texts())
    event: dict[str, Json] = {"type": draw(st.sampled_from(["track", "identify"]))}
    for key in ("event", "userId", "anonymousId"):
        if draw(st.booleans()):
            event[key] = draw(scalars)
    for key in ("properties", "traits", "context"):
        if draw(st.integers(0, 3)):
            event[key] = draw(members)
    if draw(st.booleans()):
        context = event.setdefault("context", {})
        assert isinstance(context, dict)
        context["traits"] = draw(members)
    text = js_json.keep(event).decode()
    # Numbers in spellings that JavaScript changes.
    return text.replace(": 5", ": 5.0").replace(":5", draw(st.sampled_from([":5", ":5.0", ":50e-1"])))


paths = st.one_of(
    st.sampled_from(["type", "event", "userId", "anonymousId", "properties", "traits", "missing.x"]),
    st.builds("{}.{}".format, st.sampled_from(PLACES), st.sampled_from(KEYS)),
    st.builds("{}.{}.{}".format, st.sampled_from(PLACES), st.sampled_from(KEYS), st.sampled_from(ODD + KEYS)),
)


def escaped(path: str) -> str:
    """A path as FQL spells it."""
    return ".".join(
        "".join(
            char if char.isalnum() and (at or not char.isdigit()) else f"\\{char}"
            for at, char in enumerate(key)
        )
        if key != "n"
        else "\\n"
        for key in path.split(".")
    )


def quoted(text: str) -> str:
    """A text as FQL spells it, as far as it can."""
    return f'"{text}"' if '"' not in text else f"'{text}'"


literals = st.sampled_from(TEXTS).map(quoted) | st.sampled_from([*NUMBERS, "null", "true", "false"])
fql_paths = paths.map(escaped)
lists = st.lists(literals | fql_paths, max_size=3).map(lambda items: f"[{', '.join(items)}]")
calls = st.one_of(
    st.builds(
        "{}({})".format, st.sampled_from(["length", "lowercase", "typeof"]), fql_paths | literals | lists
    ),
    st.builds("contains({}, {})".format, fql_paths | literals, fql_paths | literals),
    st.builds("match({}, {})".format, fql_paths | literals, st.sampled_from(GLOBS).map(quoted) | fql_paths),
    st.builds(
        "semver({}, {}, {})".format,
        fql_paths | st.sampled_from(VERSIONS).map(quoted),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]).map(quoted),
        fql_paths | st.sampled_from(VERSIONS).map(quoted),
    ),
    st.builds("{}({})".format, st.sampled_from(["uppercase", "bool", "number"]), fql_paths),
)
OPERATORS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
operands = fql_paths | literals | calls | lists
atoms = st.one_of(
    st.builds("{} {} {}".format, operands, OPERATORS, operands),
    st.builds("{} {} {}".format, fql_paths, st.sampled_from(["=", "!="]), literals),
    st.builds("{} in {}".format, operands, lists | fql_paths),
    st.builds("length({}) {} {}".format, fql_paths, OPERATORS, st.sampled_from(NUMBERS)),
    st.builds("typeof({}) = {}".format, fql_paths,
              st.sampled_from(["string", "number", "object", "boolean", "undefined", "function"])
              .map(quoted)),
    calls,
    fql_paths,
    st.sampled_from(["true", "false", 'type = "track"', 'type = "identify"']),
)  # fmt: skip


def conditions_of(atom: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Conditions that are made of these, mostly of one."""
    joined = st.recursive(
        atom,
        lambda inner: st.one_of(
            st.builds("{} and {}".format, inner, inner),
            st.builds("{} or {}".format, inner, inner),
            st.builds("!({})".format, inner),
            st.builds("({})".format, inner),
        ),
        max_leaves=4,
    )
    return st.one_of(atom, atom, joined, joined, st.just("all"))


conditions = conditions_of(atoms)
names = st.lists(st.sampled_from([*KEYS, "type", "event", "userId", "traits"]), min_size=1, max_size=4)
odd_names: st.SearchStrategy[Json] = st.sampled_from(
    ["plan", 5, None, {"plan": 1}, [5, None, True, ["plan"]], []]
)
fields = st.dictionaries(
    st.sampled_from(["", *PLACES, "properties.products", "traits.tags", "properties.value.plan", "userId"])
    | paths.filter(lambda path: not {"__proto__", "constructor"} & set(path.split("."))),
    st.one_of(names, names, names, odd_names),
    min_size=1,
    max_size=2,
)
actions = st.one_of(
    st.builds(
        ActionSpec,
        st.just("SAMPLE"),
        st.sampled_from([0.08, 0.1, 0.5, 0.9, 0.001, 0, 1, 2, -1, None]),
        st.sampled_from(
            [None, "", "userId", "event", "properties", "traits.plan", "context.traits", "event.at"]
        ),
    ),
    st.just(ActionSpec("DROP")),
    st.builds(ActionSpec, st.just("DROP_PROPERTIES"), fields=fields | st.none()),
    st.builds(ActionSpec, st.just("DROP_PROPERTIES"), fields=fields),
    st.builds(ActionSpec, st.just("ALLOW_PROPERTIES"), fields=fields),
    st.just(ActionSpec("MAP")),
)


# --- conditions about what the event has: near hits ---


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """The paths of an event that lead to something, and what."""
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            if key and not set(key) & set(".\\"):
                yield from leaves(inner, f"{path}.{key}" if path else key)


def spelled(value: Json) -> str:
    """A literal of FQL for a value, as far as it can be one."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    return "null" if isinstance(value, dict) else json.dumps(value)


SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="]).map(quoted)


@st.composite
def near(draw: st.DrawFn, event: str) -> str:
    """A condition that nearly holds for the event, or holds."""
    places = [one for one in leaves(js_json.read(event.encode()).value) if one[0].isprintable()]
    if not places:
        alone: str = draw(atoms)
        return alone
    path, value = draw(st.sampled_from(places))
    name = escaped(path)
    text = value if isinstance(value, str) else ""
    own = draw(
        st.sampled_from([spelled(value), spelled(value), spelled(str(value)), spelled(text.swapcase())])
    )
    size = len(text) if text else len(value) if isinstance(value, list | dict) else 0
    literal, path_of = st.just(own), st.just(name)
    patterns = [text[:1] + "*", "*" + text[1:], f"{text[:-1]}?", f"[{text[:1]}-z]{text[1:]}", text[1:], text]
    items = [spelled(one) for one in value] if isinstance(value, list) else []
    fixed = [
        f"{name} in [{own}]",
        f"{own} in {name}",
        f"{name}.length = {size}",
        f"contains({own}, lowercase({name}))",
        f"contains({name}, {quoted(text[1:3])})",
        f"lowercase({name}) = {quoted(text.lower())}",
        *(f"{item} in {name}" for item in items),
        *(f"{name} = {escaped(place)}" for place, _ in places[:3]),
    ]
    condition: str = draw(
        st.one_of(
            st.builds("{} {} {}".format, path_of, OPERATORS, literal),
            st.builds("{} in [{}, {}]".format, path_of, literals, literal),
            st.builds("length({}) {} {}".format, path_of, OPERATORS, st.sampled_from([size, size + 1])),
            st.builds("match({}, {})".format, path_of, st.sampled_from(patterns).map(quoted)),
            st.builds("semver({}, {}, {})".format, path_of, SIGNS, st.sampled_from(VERSIONS).map(quoted)),
            st.sampled_from(fixed),
            st.sampled_from(fixed),
        )
    )
    return condition


def readable(condition: str) -> str:
    """The condition, or `all` where it is none: FQL cannot spell every key and text."""
    try:
        condition_of(condition)
    except ConditionError:
        return "all"
    return condition


@st.composite
def filtered(draw: st.DrawFn) -> Case:
    """An event and the filters that it meets."""
    event = draw(events())
    condition = conditions_of(near(event) | near(event) | near(event) | atoms).map(readable)
    several = st.lists(actions, min_size=1, max_size=2).map(tuple)
    one = st.builds(FilterSpec, st.just("f"), condition, st.just((ActionSpec("DROP"),)) | several)
    return Case(event, draw(st.lists(one, min_size=1, max_size=1) | st.lists(one, min_size=1, max_size=3)))


cases = filtered()
# What chance seldom makes, and a wrong rule would get wrong.
_CART: Final = (
    '{"type":"track","event":"a/b","properties":{"plan":"pro","n":5,"5":1,"products":[{"id":1,"price":2},5,'
    '[1,2],{"price":3,"5":1}],"tags":["plan","x"]}}'
)


def _spec(condition: str, kind: str = "DROP", **fields: Any) -> FilterSpec:
    return FilterSpec("f", condition, (ActionSpec(kind, fields=fields or None),))


SPECIAL: Final = (
    [
        Case(_CART, [_spec("all", kind, **{"properties.products": names})])
        for kind in ("DROP_PROPERTIES", "ALLOW_PROPERTIES")
        for names in (["price"], [5], ["0"], [], ["length"], "price", None)
    ]
    + [
        Case(_CART, [_spec(condition)])
        for condition in (
            "properties.plan.constructor != null",
            "typeof(properties.toString) = 'function'",
            "properties.plan.length = 3",
            "properties.tags.length = 2",
            "match(properties.plan, '[^p]ro')",
            "match(properties.plan, '[^q]ro')",
            "match(properties.plan, '[!q]ro')",
            "match(event, 'a*')",
            "'x' in properties.tags",
            "!(type = 'track')",
            "userId = null",
        )
    ]
    + [
        Case(
            _CART,
            [
                _spec("all", "ALLOW_PROPERTIES", properties=["n"]),
                _spec("properties.plan = 'pro'", "DROP_PROPERTIES", properties=["n"]),
            ],
        ),
        Case(_CART, [_spec("all"), FilterSpec("f", "all", (ActionSpec("SAMPLE", 0),))]),
    ]
)
# Conditions that are mostly none: words in any order.
WORDS = [
    "a", "an", "and", "andy", "o", "or", "n", "nu", "null", "nullx",
    "x", "_x", "\\", "\\ ", "\\😀", ".", ",", "(",
    ")", "[", "]", "=", "!=", "!", "<", "<=", ">", ">=", " ", " ",
    "\t", "\n", "\r", "5", "-", "+", "5.", "1.2.3",
    "é",
    '"a"', "'a\"'", '"', "'", "true", "in", "contains", "😀", "\ud800", "-x", "`a`",
]  # fmt: skip
scraps = st.lists(st.sampled_from(WORDS), max_size=8).map("".join) | conditions
