"""Races against brute force: what some order of the same calls leaves otherwise, and nothing else."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from random import Random
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.base.json_diff import ABSENT
from segment_pendo.base.json_path import json_path
from segment_pendo.base.switch import changed, table
from segment_pendo.explain.prediction import Event
from segment_pendo.explain.races import Race, races
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches

type Calls = Sequence[dict[str, Any]]
type Place = tuple[str, str, str]

MOST: Final = 6
some_switches = st.fixed_dictionaries(
    {}, optional={switch.name: st.sampled_from(list(switch.values)) for switch in table(PendoSwitches)}
).map(lambda chosen: PendoSwitches(**chosen))

users = st.sampled_from(["u", "u", "v", "a" * 129, "a" * 130, None, " ", "::", 7])
groups = st.sampled_from(["acme", "beta", "beta", None, 7, "::"])
values: Any = st.sampled_from(
    ["pro", "free", None, "", 1, 1.0, True, 2**60, {"city": "Brno"}, {"City": None}, ["a"], [{}, "a"], []]
)
traits = st.dictionaries(st.sampled_from(["plan", "Plan", "a_city", "a", "gone"]), values, max_size=3)


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    """A call of few people and accounts, so that calls meet each other."""
    kind = draw(st.sampled_from(["identify", "identify", "group", "group", "track", "page"]))
    call: dict[str, Any] = {"type": kind, "userId": draw(users)}
    if draw(st.booleans()):
        call["messageId"] = draw(st.sampled_from(["m1", "m2", 5]))
    if kind != "track":
        return call | {"groupId": draw(groups), "anonymousId": "anon", "traits": draw(traits)}
    return call | {"event": "e", "properties": {"groupId": draw(groups)}}


def as_events(trace: Iterable[dict[str, Any]]) -> list[Event]:
    read: Any = [js_json.read(js_json.write(call)).value for call in trace]
    return [Event(call, 1, str(number)) for number, call in enumerate(read)]


def held(events: Iterable[Event], switches: PendoSwitches) -> dict[Place, str]:
    """Each place of each record after these webhooks, as the records themselves have it."""
    pendo = Records(switches)
    for event in events:
        pendo.apply(event.body, event.at, event.call)
    state: Any = pendo.state()
    return {
        (kind, name, path): js_json.ascii_only(js_json.write(value).decode())
        for kind in ("visitor", "account")
        for name, record in state[f"{kind}s"].items()
        for path, value in places(record)
    }


def places(record: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "$", "there"
    if record.get("accountIds"):
        yield "$.accountIds", record["accountIds"]
    if "accountid" in record["metadata"]["auto"]:
        yield "$.metadata.auto.accountid", record["metadata"]["auto"]["accountid"]
    for name, value in record["metadata"]["segmentio"].items():
        yield json_path("metadata", "segmentio", name), value


def endings(trace: Calls, switches: PendoSwitches) -> dict[Place, set[str]]:
    """What each place holds after any order of the calls, by brute force."""
    every = [held(order, switches) for order in permutations(as_events(trace))]
    known = {place for places in every for place in places}
    return {place: {places.get(place, ABSENT) for places in every} for place in known}


def place_of(race: Race) -> Place:
    return race.kind, race.id, race.path


def moved(events: list[Event], race: Race) -> list[Event]:
    (event,) = [event for event in events if event.call == race.other.call]
    rest = [other for other in events if other is not event]
    return [*rest, event] if race.arrives == "last" else [event, *rest]


def check(trace: Calls, switches: PendoSwitches) -> None:
    found = races(as_events(trace), switches)
    possible = endings(trace, switches)
    assert len({place_of(race) for race in found}) == len(found)
    assert {place_of(race) for race in found} == {place for place, ends in possible.items() if len(ends) > 1}
    recorded = held(as_events(trace), switches)
    for race in found:
        place = place_of(race)
        assert race.recorded.value == recorded.get(place, ABSENT)
        assert race.other.value != race.recorded.value
        assert race.other.call != race.recorded.call
        if (switches.eventless, switches.repeats, race.path) != ("hidden", "dropped", "$.accountIds"):
            assert race.other.value in possible[place]
        if race.arrives != "instead":
            assert held(moved(as_events(trace), race), switches).get(place, ABSENT) == race.other.value
        assert race.finding().code == "ORDER_SENSITIVE"
        js_json.write(race.row())


@given(st.lists(calls(), max_size=MOST))
def test_all_orders_and_no_others(trace: Calls) -> None:
    check(trace, DEFAULT)


@given(st.lists(calls(), max_size=5), some_switches)
def test_whatever_is_assumed_of_pendo(trace: Calls, switches: PendoSwitches) -> None:
    check(trace, switches)


@given(
    st.lists(calls(), max_size=5),
    some_switches,
    st.sampled_from(["kept", "removed"]),
    st.sampled_from(["shown", "hidden"]),
)
def test_where_repeats_are_dropped(trace: Calls, switches: PendoSwitches, absent: str, shown: str) -> None:
    pairs = ["repeats=dropped", f"absent_traits={absent}", f"eventless={shown}"]
    check(trace, changed(switches, pairs))


@st.composite
def agreeing_calls(draw: st.DrawFn) -> dict[str, Any]:
    """A call of somebody whose every value is always the same, so that the order does not matter."""
    user = draw(st.sampled_from(["u", "v", "w"]))
    names = draw(st.lists(st.sampled_from(["plan", "Plan", "seats", "tags", "gone"]), max_size=4))
    kept: dict[str, Any] = {"plan": f"plan of {user}", "seats": 2**60, "tags": ["a", {}], "gone": None}
    call = {"userId": user, "traits": {name: kept[name.lower()] for name in names}}
    if draw(st.booleans()):
        return call | {"type": "identify"}
    account = {"groupId": f"account of {user}", "traits": {f"{name}_{user}": 1 for name in names}}
    return call | account | {"type": "group"}


@given(st.lists(agreeing_calls(), max_size=40))
def test_calls_that_agree_have_no_race(trace: Calls) -> None:
    assert races(as_events(trace)) == []


@given(st.lists(calls(), max_size=12), st.randoms(use_true_random=False))
def test_the_same_places_are_found_from_whatever_order(trace: Calls, random: Random) -> None:
    shuffled = list(trace)
    random.shuffle(shuffled)
    found = [{place_of(race) for race in races(as_events(calls))} for calls in (trace, shuffled)]
    assert found[0] == found[1]
