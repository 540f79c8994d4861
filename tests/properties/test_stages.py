"""The whole path of a call: the stages' differences, one after the other, make the webhook's body exactly."""

import json
import os
from random import Random
from typing import Any

import pytest
from destinations import WHOLE, setup_of
from hypothesis import given
from hypothesis import strategies as st
from mapping_grammar import Grammar
from strategies import event_texts

from segment_pendo.base import js_json
from segment_pendo.base.times import parse
from segment_pendo.explain.stages import applied, differences, stages
from segment_pendo.mapping.destination_file import DestinationError
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.words import Json

COUNT = int(os.environ.get("COUNT", "1000"))
AT: Any = parse("2024-05-09T10:00:00Z")
CONDITIONS = (
    'type = "track"',
    "traits.plan != null",
    "all",
    'event = "E"',
    "userId = 7",
    'match(event, "a*")',
)
ACTIONS: tuple[Json, ...] = (
    {"type": "DROP"},
    {"type": "SAMPLE", "percent": 0.5, "path": "userId"},
    {"type": "DROP_PROPERTIES", "fields": {"traits": ["a", "plan"], "properties": ["b.c"]}},
    {"type": "ALLOW_PROPERTIES", "fields": {"traits": ["a"]}},
)
TRIGGERS = ('type = "track"', 'type = "identify" or type = "group"', 'type != "page"', "traits.a != null")


def destination(seed: int) -> Json:
    """A destination by chance: several mappings, some that Segment refuses, and filters."""
    random, grammar = Random(seed), Grammar(seed)
    mappings: list[Json] = [
        {
            "name": f"m{number}",
            "trigger": random.choice(TRIGGERS),
            "mapping": WHOLE if random.random() < 0.3 else grammar.mapping(),
        }
        for number in range(random.randrange(1, 4))
    ]
    filters: list[Json] = [
        {"name": f"f{number}", "if": random.choice(CONDITIONS), "actions": [random.choice(ACTIONS)]}
        for number in range(random.randrange(3))
    ]
    consent: Json = ["Analytics"] if random.random() < 0.5 else None
    return {"mappings": mappings, "filters": filters, "consent": consent}


def composed(item: Mapped, setup: Setup) -> bytes:
    """What the stages make of the call as it was sent."""
    value = item.judged.call.data
    for stage in stages(item.judged, setup):
        value = applied(value, stage.changes)
    return js_json.write(value)


def test_of_random_destinations_the_differences_compose_to_the_body() -> None:
    bodies = skipped = 0
    for seed in range(COUNT):
        try:
            setup = setup_of(destination(seed))
        except DestinationError:
            continue
        # With ids, or ingest drops it.
        text = f'{Grammar(seed + COUNT).event()[:-1]},"userId":"u-1","groupId":"g","event":"E"}}'
        for item in mapped(text.encode("utf-8", "surrogatepass"), Options(AT, setup)):
            if not isinstance(item, Mapped):
                continue
            passed = list(stages(item.judged, setup))
            webhook = item.judged.webhook
            assert [stage.name for stage in passed if stage.ended] == (
                [passed[-1].name] if webhook is None else []
            )
            if webhook is None:
                skipped += 1
            else:
                bodies += 1
                assert composed(item, setup) == webhook.body, (seed, json.dumps(destination(seed)))
    assert min(bodies, skipped) > COUNT // 10


@given(event_texts(), event_texts())
def test_differences_make_the_second_value_of_the_first(first: str, second: str) -> None:
    before, after = (js_json.read(text.encode(), spelled=True).value for text in (first, second))
    assert js_json.keep(applied(before, tuple(differences(before, after)))) == js_json.keep(after)
    assert not list(differences(before, before))


@given(event_texts(), st.randoms(use_true_random=False))
def test_the_order_of_keys_is_a_difference(text: str, random: Any) -> None:
    before = js_json.read(text.encode(), spelled=True).value
    assert isinstance(before, dict)
    keys = list(before)
    random.shuffle(keys)
    after: Json = {key: before[key] for key in keys}
    assert js_json.keep(applied(before, tuple(differences(before, after)))) == js_json.keep(after)


@pytest.mark.parametrize("code", ["FILTER_BROKEN", "FILTERED_BY_DESTINATION_FILTER", "FILTERED_BY_CONSENT"])
def test_a_stage_is_known_for_each_code(code: str) -> None:
    from segment_pendo.explain.stages import _where_ended

    assert _where_ended(code) != "ingest"
