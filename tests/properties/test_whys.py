"""What Pendo's records hold, why says is there; of every trait that is not, it says why not."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from segment_pendo import strategies
from segment_pendo.base import js_json
from segment_pendo.base.times import parse
from segment_pendo.explain.prediction import Event, predicted
from segment_pendo.explain.why.answers import Answer, answer
from segment_pendo.explain.why.traces import Delivery, Seen
from segment_pendo.explain.why.whys import Question, Whys
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import ids
from segment_pendo.pendo.ids import Kind
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.words import JsonObject

AT: Any = parse("2024-05-09T10:00:00Z")
ID = st.sampled_from(["ann", "bob", " ", "", "x" * 200, "é\x00"])
TRAITS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional={"plan": st.none() | st.just("") | st.just("pro")}
) | (strategies.traits() | strategies.hostile_traits())
CALLS = st.lists(
    strategies.identify_calls(user_ids=ID, traits=TRAITS)
    | strategies.group_calls(user_ids=ID, group_ids=ID, traits=TRAITS)
    | strategies.calls(),
    min_size=1,
    max_size=6,
)
SETUPS = st.sampled_from(
    [
        Setup(track=True),
        *(
            Setup.of(assume=[assume])
            for assume in (
                "null=removed", "null=ignored", "empty=removed", "absent_traits=removed", "nested=dot",
                "nested=underscore", "key_case=sent", "list=ignored", "anonymous=visitor",
                "group_visitor=ignored", "identify_account=joined", "same_key=first", "long_id=kept",
                "id_check=none", "repeats=dropped",
            )
        ),
    ]
)  # fmt: skip
STATES = st.sampled_from([None, None, Delivery("delivered", 200), Delivery("dead", 403), Delivery("waiting")])


def seen(calls: list[JsonObject], setup: Setup, states: list[Delivery | None]) -> list[Seen]:
    data = "\n".join(json.dumps(call) for call in calls).encode()
    made = [item for item in mapped(data, Options(AT, setup)) if isinstance(item, Mapped)]
    return [
        Seen(f"line {item.line}", AT + timedelta(seconds=item.line), item.judged, item.setup,
            states[item.line % len(states)] if item.judged.webhook else None)
        for item in made
    ]  # fmt: skip


def why(stream: list[Seen], kind: Kind, id: str, trait: str | None) -> Answer:
    whys = Whys(Question(kind, id, trait))
    for one in stream:
        whys.take(one)
    return answer(whys.answer())


def fields(stream: list[Seen], setup: Setup) -> dict[tuple[Kind, str], Any]:
    events = [
        Event(js_json.read(one.judged.webhook.body).value, int(one.at.timestamp() * 1000), one.call)
        for one in stream
        if one.arrived and one.judged.webhook
    ]
    state: Any = predicted(events, setup.pendo, track=setup.pendo_track).state()
    kinds: tuple[Kind, ...] = ("visitor", "account")
    return {
        (kind, id): record["metadata"]["segmentio"]
        for kind in kinds
        for id, record in state[f"{kind}s"].items()
    }


@given(CALLS, SETUPS, st.lists(STATES, min_size=1, max_size=3))
def test_what_the_records_hold_is_there(
    calls: list[JsonObject], setup: Setup, states: list[Delivery | None]
) -> None:
    stream = seen(calls, setup, states)
    for (kind, id), held in fields(stream, setup).items():
        whole = why(stream, kind, id, None)
        assert whole.there
        rows: Any = whole.details["fields"]
        assert {row["field"]: row["value"] for row in rows} == held
        for name in held:
            made = why(stream, kind, id, name)
            assert made.there, (name, made.verdict)
            assert [label for label, _ in made.told][:1] == ["sent"]
            assert any(label == "set by" for label, _ in made.told)


@given(CALLS, SETUPS, st.lists(STATES, min_size=1, max_size=3))
def test_of_what_is_not_there_a_rule_is_named(
    calls: list[JsonObject], setup: Setup, states: list[Delivery | None]
) -> None:
    stream = seen(calls, setup, states)
    records = fields(stream, setup)
    for one in stream:
        call: Any = one.judged.call.data
        kind: Kind = "account" if call["type"] == "group" else "visitor"
        id = call.get("groupId" if kind == "account" else "userId")
        if call["type"] == "track" or not isinstance(id, str):
            continue
        held = records.get((kind, ids.effective(id, kind, setup.pendo) or ""), {})
        for trait in call.get("traits", {}):
            made = why(stream, kind, id, trait)
            assert made.there == (trait in held), (trait, made.verdict)
            if not made.there:
                assert made.verdict.startswith("No: ")
                ruled = {"because", "lost at"} & {label for label, _ in made.told}
                assert made.reason == "removed" or ruled
        missing = why(stream, kind, id, None)
        lost: Any = missing.details["lost"]
        assert all(kept["last"][-1]["rule"] for kept in lost.values())
