"""Each value of each switch of Pendo's, by an example that only it changes."""

import asyncio
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from segment_pendo.base.switch import changed, changed_both, table
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.answers import MAX_BODY
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.rules import RULES
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.segment.switches import Switches
from segment_pendo.serve.listener import Listener
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo

type Look = Callable[[Records], Any]
CASES: list[
    tuple[str, list[Any], Look, Any, Any]
] = []  # switch=value, events, what to look at, by default, with the switch
LONG = "é" * 65


def identify(traits: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u", "traits": traits or {}, **more}


def group(traits: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": "group", "userId": "u", "groupId": "g", "traits": traits or {}, **more}


def fields(pendo: Records) -> Any:
    record: Any = pendo.visitor("u")
    return record["metadata"]["segmentio"]


def accounts(pendo: Records) -> Any:
    record: Any = pendo.visitor("u")
    return record["accountIds"] if record else None


def visitors(pendo: Records) -> Any:
    state: Any = pendo.state()
    return list(state["visitors"])


def properties(pendo: Records) -> Any:
    state: Any = pendo.state()
    return state["events"][0]["properties"]


def is_there(record_id: str) -> Look:
    return lambda pendo: pendo.visitor(record_id) is not None


TRACK = {"type": "track", "userId": "u", "event": "E", "properties": {"groupId": "g", "a": 1}}
CASES += [
    ("anonymous=visitor", [identify(userId=None, anonymousId="a-1")], is_there("_PENDO_T_a-1"), False, True),
    ("group_visitor=ignored", [group()], accounts, ["g"], None),
    ("identify_account=joined", [identify(context={"groupId": "c"})], accounts, [], ["c"]),
    ("identify_account=joined", [identify(groupId="c")], accounts, [], ["c"]),
    ("absent_traits=removed", [identify({"a": 1, "b": 2}), identify({"b": 3})], fields, {"a": 1, "b": 3},
        {"b": 3}),
    ("absent_traits=removed", [identify({"a": 1}), group({"b": 3})], fields, {"a": 1}, {"a": 1}),
    ("null=removed", [identify({"a": 1}), identify({"a": None})], fields, {"a": None}, {}),
    ("null=ignored", [identify({"a": 1}), identify({"a": None})], fields, {"a": None}, {"a": 1}),
    ("empty=removed", [identify({"a": 1}), identify({"a": ""})], fields, {"a": ""}, {}),
    ("empty=ignored", [identify({"a": 1}), identify({"a": ""})], fields, {"a": ""}, {"a": 1}),
    ("nested=underscore", [identify({"a": {"B": {"c": 1}}})], fields, {}, {"a_b_c": 1}),
    ("nested=dot", [identify({"a": {"B": {"c": 1}}})], fields, {}, {"a.b.c": 1}),
    ("list=text", [identify({"a": ["x", 1, True, {}]})], fields, {"a": ["x", 1, True]}, {"a": "x,1,true"}),
    ("list=ignored", [identify({"a": ["x"]})], fields, {"a": ["x"]}, {}),
    ("key_case=sent", [identify({"planName": 1})], fields, {"planname": 1}, {"planName": 1}),
    ("same_key=first", [identify({"Plan": 1, "plan": 2})], fields, {"plan": 2}, {"plan": 1}),
    ("id_check=none", [identify(userId=" ")], visitors, [], [" "]),
    ("long_id=kept", [identify(userId=LONG)], visitors, [LONG[:64]], [LONG]),
    ("other_types=visitor", [{"type": "page", "userId": "u"}], is_there("u"), False, True),
    ("track_group=moved", [TRACK], properties, {"groupId": "g", "a": 1}, {"a": 1}),
    ("array_body=ignored", [[identify()]], is_there("u"), True, False),
    ("repeats=dropped", [identify({"a": 1}, messageId="m"), identify({"a": 2}, messageId="m")], fields,
        {"a": 2}, {"a": 1}),
    ("eventless=hidden", [identify()], is_there("u"), True, False),
    ("eventless=hidden", [identify(), TRACK], is_there("u"), True, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("pair", "events", "look", "by_default", "with_switch"), CASES, ids=[case[0] for case in CASES]
)
def test_a_switch_changes_its_example(
    pair: str, events: list[Any], look: Look, by_default: Any, with_switch: Any
) -> None:
    for switches, expected in ((DEFAULT, by_default), (changed(DEFAULT, [pair]), with_switch)):
        pendo = Records(switches)
        for event in events:
            pendo.apply(event, 1)
        assert look(pendo) == expected


def answers(pair: str, method: str, body: bytes) -> tuple[int, int]:
    """The status by default and with the switch."""

    async def ask(switches: PendoSwitches) -> int:
        door = Listener(LoopbackPendo(answers=Answers(switches)).routes())
        await door.start(0)
        try:
            async with (
                aiohttp.ClientSession() as client,
                client.request(method, f"{door.url}/data/segmentio/k", data=BytesIO(body)) as answer,
            ):
                return answer.status
        finally:
            await door.stop()

    return asyncio.run(ask(DEFAULT)), asyncio.run(ask(changed(DEFAULT, [pair])))


LARGE = json.dumps(identify({"a": "x" * MAX_BODY})).encode()
HTTP = [
    ("methods=any", "PUT", b"{}", (405, 200)),
    ("size_limit=none", "POST", LARGE, (413, 200)),
    ("answer=strict", "POST", b'{"type": "page", "userId": "u"}', (200, 400)),
]


@pytest.mark.parametrize(("pair", "method", "body", "expected"), HTTP, ids=[case[0] for case in HTTP])
def test_a_switch_of_the_answers(pair: str, method: str, body: bytes, expected: tuple[int, int]) -> None:
    assert answers(pair, method, body) == expected


def test_every_value_has_an_example_and_every_switch_a_rule() -> None:
    values = {f"{one.name}={value}" for one in table(PendoSwitches) for value in list(one.values)[1:]}
    assert {case[0] for case in CASES} | {case[0] for case in HTTP} == values
    for one in table(PendoSwitches):
        assert one.rules, one.name
        assert set(one.rules) <= set(RULES), one.name


def test_both_worlds_share_no_name_and_survive_a_recording() -> None:
    assert not {one.name for one in table(Switches)} & {one.name for one in table(PendoSwitches)}
    switches, pendo = changed_both(Switches(), PendoSwitches(), ["nested=dot", "ip=never"])
    setup = Setup(track=True, switches=switches, pendo=pendo, pendo_track=False)
    assert Setup().like(setup.described()) == setup
