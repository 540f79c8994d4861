"""A probe of the Pendo on loopback finds out how it reads webhooks, for any combination of readings."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from segment_pendo.base.switch import changed, settings, table
from segment_pendo.pendo.probe.inference import Reading, infer, predicted
from segment_pendo.pendo.probe.looks import HIDDEN_FROM_IT, TRACK
from segment_pendo.pendo.probe.plan import EXPECTED, FIELD, MARK, MOST, Probe, Seen
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo

SAMPLES = 200
PROBE = Probe(f"{MARK}0123456789ab", datetime(2026, 5, 1, tzinfo=UTC))
SWITCHES = {switch.name: tuple(switch.values) for switch in table(DEFAULT)}
ALONE = [f"{name}={value}" for name, values in SWITCHES.items() for value in values]


def seen(switches: PendoSwitches, *, track: bool = True) -> Seen:
    """What a loopback Pendo that reads webhooks so answers to the requests of a probe."""
    pendo = LoopbackPendo(answers=Answers(switches, track=track))
    taken: dict[int, bool | None] = {}
    for post in PROBE.posts:
        status = pendo.receive(post.bytes, post.method)
        taken.update(dict.fromkeys(post.numbers, status == 200))
    look = {"visitor": pendo.pendo.visitor, "account": pendo.pendo.account}
    return Seen(taken, {(kind, id): look[kind](id) for kind, id in PROBE.wanted})


def without_times(answers: Seen) -> Any:
    """What came back as a value that can be compared: all but when."""
    records: dict[Any, Any] = {**answers.records}
    there = {
        key: [record["id"], record.get("accountIds"), record["metadata"]["segmentio"]]
        for key, record in records.items()
        if record is not None
    }
    return answers.taken, there


def readings(answers: Seen) -> dict[str, Reading]:
    return {reading.name: reading for reading in infer(PROBE, answers)}


def same_answers(switches: PendoSwitches, *, track: bool) -> dict[str, tuple[str, ...]]:
    """Of each switch the values with which this Pendo would have answered all the same."""
    answers = without_times(predicted(PROBE, switches, track=track))

    def is_same(name: str, value: str) -> bool:
        other: dict[str, Any] = {name: value}
        return bool(without_times(predicted(PROBE, replace(switches, **other), track=track)) == answers)

    return {
        name: tuple(value for value in values if is_same(name, value)) for name, values in SWITCHES.items()
    }


def sample(number: int) -> tuple[PendoSwitches, bool]:
    random = Random(number)
    chosen: dict[str, Any] = {name: random.choice(values) for name, values in SWITCHES.items()}
    return PendoSwitches(**chosen), random.random() < 0.7


@pytest.mark.parametrize("number", range(SAMPLES))
def test_every_switch_is_found_as_far_as_the_answers_depend_on_it(number: int) -> None:
    switches, track = sample(number)
    found = readings(seen(switches, track=track))
    exact = same_answers(switches, track=track)
    assert {name: found[name].possible for name in SWITCHES} == exact
    assert found[TRACK].found == ("on" if track else "off")
    for reading in found.values():
        assert (reading.why == "") == (reading.found is not None), reading
    if track and switches.eventless == "shown":
        never = {name for name, reading in found.items() if reading.found is None}
        same = {"null", "empty"} if switches.absent_traits == "removed" else set()
        keys = {"same_key"} if (switches.key_case, switches.nested) == ("sent", "ignored") else set()
        assert never <= set(HIDDEN_FROM_IT) | same | keys


@pytest.mark.parametrize("pair", ALONE)
def test_each_value_alone_is_found_and_all_others_are_at_their_default(pair: str) -> None:
    switches = changed(DEFAULT, [pair])
    name, _, _ = pair.partition("=")
    found = readings(seen(switches))
    undecided = {name for name, reading in found.items() if reading.found is None}
    hidden = set(HIDDEN_FROM_IT)
    if pair == "eventless=hidden":
        hidden.add("other_types")  # an event, which alone would show the visitor, makes it by itself
    if pair == "key_case=sent":
        hidden.add("same_key")  # no two keys become the same
    assert undecided == hidden
    assert {name: reading.found for name, reading in found.items() if name not in {*hidden, TRACK}} == {
        name: getattr(switches, name) for name in SWITCHES if name not in hidden
    }
    assert name in hidden or settings(switches) in ({}, {name: found[name].found})


def test_the_model_answers_as_the_pendo_on_loopback() -> None:
    for number in range(20):
        switches, track = sample(number)
        answers = seen(switches, track=track)
        assert without_times(predicted(PROBE, switches, track=track)) == without_times(answers)
        assert all(answers.taken[event] for event in EXPECTED)


def test_a_probe_is_small_marked_and_its_own() -> None:
    numbers = [number for post in PROBE.posts for number in post.numbers]
    assert numbers == list(range(1, MOST + 1))
    for post in PROBE.posts:
        for event in post.body if isinstance(post.body, list) else [post.body]:
            assert isinstance(event, dict)
            assert str(event["messageId"]).startswith(PROBE.mark)
            for member in ("userId", "groupId", "anonymousId"):
                id = str(event.get(member) or PROBE.mark)
                assert id.removeprefix("_PENDO_T_").startswith(PROBE.mark)
            traits = event.get("traits", {})
            assert isinstance(traits, dict)
            assert all(name.startswith(FIELD) for name in traits)
    assert all(id.removeprefix("_PENDO_T_").startswith(PROBE.mark) for _, id in PROBE.wanted)
    assert all(len(json.dumps(post.shown)) < 1000 for post in PROBE.posts)
