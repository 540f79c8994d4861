"""A plan that is inferred from calls fits them, and does not fit seeded mutations of them."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.recordings.inferred_plan import inferred, written
from segment_pendo.segment.plan.plan import Passed, Plan, read

names = st.sampled_from(["plan", "seats", "a/b", "", "1", "constructor", "__proto__", "é", "\ud800", "tags"])
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.sampled_from(["pro", "free", "x\ud800"]),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
)
parts = st.dictionaries(names, values, max_size=4)
calls = st.one_of(
    st.fixed_dictionaries({"type": st.just("track"), "event": st.sampled_from(["A", "B", "\ud800"])},
                          optional={"properties": parts | values}),
    st.fixed_dictionaries({"type": st.sampled_from(["identify", "group"])}, optional={"traits": parts}),
    st.fixed_dictionaries({"type": st.sampled_from(["page", "screen", "alias"])},
                          optional={"properties": parts}),
)  # fmt: skip


def plan_of(given: Any, *, strict: bool) -> Plan:
    """The plan of calls, as it is read from its file."""
    return read(js_json.read(written(inferred(given, strict=strict)).encode()).value)


@settings(max_examples=300, deadline=None)
@given(st.lists(calls, max_size=12), st.booleans())
def test_a_plan_fits_what_it_was_inferred_from(given: list[Any], strict: bool) -> None:
    plan = plan_of(given, strict=strict)
    for call in given:
        assert plan.judged(call) == Passed(call)


def seeded(seed: int) -> list[dict[str, Any]]:
    """Calls of an app: some members always there, some of several types, small sets of words."""
    r = Random(seed)
    made: list[dict[str, Any]] = []
    for number in range(60):
        properties: dict[str, Any] = {
            "plan": ["pro", "free", "trial"][number % 3],
            "seats": r.choice([1, 2, 2.5]),
            "owner": {"id": f"u-{number}", "admin": r.random() < 0.5},
            "items": [{"sku": f"s{number}", "price": 1}],
        }
        if r.random() < 0.5:
            properties["note"] = r.choice([None, "text"])
        made.append({"type": "track", "event": "AB"[number // 3 % 2], "properties": properties})
        made.append({"type": "identify", "traits": {"email": f"a{number}@example.com", "age": number}})
    return made


def retyped(value: Any) -> Any:
    return [value] if not isinstance(value, list) else {"x": value}


def mutated(call: dict[str, Any], r: Random) -> tuple[str, dict[str, Any]]:
    """A call with one thing wrong in it."""
    members = "traits" if call["type"] == "identify" else "properties"
    part = dict(call[members])
    name = r.choice(sorted(set(part) - {"note"}))
    kind = r.choice(["type", "missing", "unknown", "inner", "word"])
    if kind == "type":
        part[name] = retyped(part[name])
    elif kind == "missing":
        del part[name]
    elif kind == "unknown":
        part[f"{name}2"] = 1
    elif members == "properties" and kind == "inner":
        part["items"] = [{"sku": 1, "price": 1}]
    elif members == "properties":
        part["plan"] = "gold"
    else:
        part["email"] = 5
    return kind, call | {members: part}


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_plan_does_not_fit_mutations(seed: int) -> None:
    r, given = Random(seed), seeded(seed)
    strict, open_plan = plan_of(given, strict=True), plan_of(given, strict=False)
    for call in r.sample(given, 20):
        kind, wrong = mutated(call, r)
        assert strict.judged(wrong).violations, wrong
        assert bool(open_plan.judged(wrong).violations) == (kind != "unknown"), wrong


def test_words_of_small_sets_are_closed_but_ids_and_names_are_not() -> None:
    schema: Any = inferred(seeded(1))["rules"]
    (identify,) = (
        rule["jsonSchema"]["properties"]["traits"] for rule in schema if rule["type"] == "IDENTIFY"
    )
    track = schema[0]["jsonSchema"]["properties"]["properties"]
    assert track["properties"]["plan"] == {"type": "string", "enum": ["free", "pro", "trial"]}
    assert track["properties"]["note"] == {"type": ["null", "string"]}
    assert track["required"] == ["plan", "seats", "owner", "items"]
    assert identify["properties"]["email"] == {"type": "string"}
    people: Any = [{"type": "identify", "traits": {"firstName": n, "userId": n}} for n in ["Ann", "Bob"] * 30]
    assert "enum" not in str(inferred(people))
