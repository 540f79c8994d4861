"""Archives: folded in any partition and any order, the records are those of an in-order replay."""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from segment_pendo import archive
from segment_pendo.archive.final_calls import FinalCalls
from segment_pendo.archive.kept import Entry
from segment_pendo.archive.state import state
from segment_pendo.base import js_json
from segment_pendo.base.switch import table
from segment_pendo.explain.prediction import state_changes
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.ids import Kind
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import PendoSwitches

LATE: Final = "2026-02-02T03:00:0{}.000Z"
KINDS: Final[tuple[Kind, ...]] = ("account", "visitor")
# repeats=dropped is refused.
some_switches = st.fixed_dictionaries(
    {},
    optional={
        switch.name: st.sampled_from(list(switch.values))
        for switch in table(PendoSwitches)
        if switch.name != "repeats"
    },
).map(lambda chosen: PendoSwitches(**chosen))
users = st.sampled_from(["u", "v", "Ü", "a" * 130, " ", 7, None])
groups = st.sampled_from(["acme", "beta", "gamma", 7, None])
values: Any = st.sampled_from(["pro", "free", None, "", 1, 1.0, True, 2**60, {"city": "Brno"}, ["a", 2], []])
traits = st.dictionaries(st.sampled_from(["plan", "Plan", "a_city", "a", "gone"]), values, max_size=3)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An archived event of few people, at one of few times."""
    kind = draw(st.sampled_from(["identify", "identify", "group", "group", "track", "page", "delete"]))
    event: dict[str, Any] = {"type": kind, "userId": draw(users), "anonymousId": "anon"}
    if draw(st.integers(0, 9)):
        event["receivedAt"] = LATE.format(draw(st.integers(0, 4)))
    if kind == "track":
        return event | {"event": "e", "properties": {"groupId": draw(groups)}}
    return event | {"groupId": draw(groups), "traits": draw(traits)}


def held(pendo_state: Any) -> Any:
    """What a state says of each record and of the schema, without longer histories."""
    return {
        "schema": pendo_state["schema"],
        **{
            kind: {
                name: {key: value for key, value in record.items() if key != "history"}
                for name, record in pendo_state[kind].items()
            }
            for kind in ("visitors", "accounts")
        },
    }


def replayed(rows: Sequence[archive.Row], switches: PendoSwitches, *, track: bool) -> Any:
    """The state after all webhooks, applied one after another in the order of the events."""
    pendo = Records(switches, track=track)
    for row in sorted(rows, key=lambda row: row.order):
        webhook: Any = row.item.judged.webhook if row.is_webhook else None  # type: ignore[union-attr]
        if webhook is not None:
            pendo.apply(js_json.read(webhook.body).value, row.order.at, row.order.place)
    return pendo.state()


@given(st.lists(st.lists(events(), max_size=6), max_size=4), some_switches, st.booleans(), st.randoms())
def test_folded_in_any_partition_and_order_is_an_in_order_replay(
    parts: list[list[dict[str, Any]]], switches: PendoSwitches, pendo_track: bool, random: Any
) -> None:
    setup = Setup(track=True, pendo=switches, pendo_track=pendo_track)
    rows = [
        row
        for number, part in enumerate(parts)
        for row in archive.webhooks(map(js_json.write, part), setup, part=f"{number}.gz")
    ]
    expected = replayed(rows, switches, track=pendo_track)
    random.shuffle(rows)
    cuts = sorted(random.randint(0, len(rows)) for _ in range(3))
    pieces = [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    partials = [archive.fold(piece) for piece in pieces]
    # in another shape of the tree, and after a journey to another process
    random.shuffle(partials)
    left, right = partials[:2], pickle.loads(pickle.dumps(partials[2:]))
    folded = archive.merge(reduce(archive.merge, left), reduce(archive.merge, right))
    assert js_json.write(_sorted(held(state(folded, switches)))) == js_json.write(_sorted(held(expected)))
    assert folded.webhooks == expected["webhooks"]
    assert sum(folded.nothing.values()) == len(expected["nothing"])


@given(st.lists(events(), max_size=12), some_switches, st.booleans())
def test_the_final_calls_give_the_records_of_an_in_order_replay(
    part: list[dict[str, Any]], switches: PendoSwitches, track: bool
) -> None:
    switches = replace(switches, eventless="shown")  # a backfill sends no track events
    setup = Setup(track=track, pendo=switches)
    rows = [*archive.webhooks(map(js_json.write, part), setup, part="a")]
    expected: Any = replayed(rows, switches, track=True)
    records = archive.fold(rows)
    final = FinalCalls(switches)
    entries = (Entry(kind, *item) for kind in KINDS for item in sorted(records.of(kind).items()))
    pendo = Records(switches)
    calls = [*final.of(entries)]
    for _ in range(2):  # once more changes nothing
        for call in calls:
            pendo.apply(js_json.read(js_json.write(call)).value, 1)
        assert not [*state_changes(_without_events(expected), _without_events(pendo.state()))]
    counts = final.counts
    assert len(calls) == counts.calls <= 2 * counts.visitors + counts.accounts + counts.memberships
    assert len({call["messageId"] for call in calls}) == len(calls)


def _without_events(pendo_state: Any) -> Any:
    return {kind: pendo_state[kind] for kind in ("visitors", "accounts")}


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return value


@given(st.lists(events(), max_size=8))
def test_merge_changes_neither_of_its_arguments(part: list[dict[str, Any]]) -> None:
    rows = [*archive.webhooks(map(js_json.write, part), Setup(), part="a")]
    one, other = archive.fold(rows[::2]), archive.fold(rows[1::2])
    before = pickle.dumps((one, other))
    assert archive.merge(one, other) == archive.merge(other, one)
    assert archive.merge(one, archive.Partial()) == one
    assert pickle.dumps((one, other)) == before


@given(st.lists(events(), max_size=4))
def test_rows_and_the_function_go_to_other_processes(part: list[dict[str, Any]]) -> None:
    mapped = partial(archive.webhooks, map(js_json.write, part), part="a")
    rows = [*mapped(Setup())]
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert pickle.loads(pickle.dumps(archive.webhooks)) is archive.webhooks
