"""Faults: any JSON is one or is refused in words, and a fault is the same through each door."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.fault import Fault, FaultError
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import SdkRequest

ANY_TEXT = st.text(st.characters(codec=None), max_size=8)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(["user", "group", "type", "event", "message_id", "traits"])
KEYS = st.sampled_from(Fault.__struct_fields__)
LIKELY = st.sampled_from(
    [None, True, False, 0, 1, 2, 0.5, 503, 10**400, "pendo", "segment", {}, {"user": "u"}]
)
NEARLY = st.dictionaries(KEYS | ANY_TEXT, LIKELY | ANY_JSON, max_size=4)
SECONDS = st.floats(0, 3599.0) | st.integers(0, 3599)


def _fault(plain: dict[str, Any]) -> Fault | None:
    try:
        return Fault.of(plain)
    except FaultError:
        return None


FAULTS: st.SearchStrategy[Any] = (
    st.fixed_dictionaries(
        {},
        optional={
            "on": st.sampled_from(["segment", "pendo"]),
            "status": st.none() | st.integers(200, 599),
            "retry_after": st.none() | st.integers(0, 10**9),
            "delay": SECONDS,
            "hang": st.booleans(),
            "reset": st.booleans(),
            "cut": st.booleans(),
            "outage": SECONDS,
            "times": st.none() | st.integers(1, 10**9),
            "probability": st.floats(0, 1, exclude_min=True),
            "keep": st.booleans(),
            "match": st.none() | st.dictionaries(WORDS, ANY_JSON, max_size=3),
        },
    )
    .map(_fault)
    .filter(bool)
)


@given(FAULTS)
def test_a_fault_survives_its_text_and_its_json(fault: Fault) -> None:
    assert Fault.of(js_json.read(json.dumps(fault.plain()).encode()).value) == fault
    assert Fault.read(str(fault)) == fault
    assert str(fault).isascii() or fault.match


def _refused[T](make: Callable[[T], Fault], given: T) -> str:
    try:
        fault = make(given)
    except FaultError as error:
        return str(error)
    return "" if Fault.of(fault.plain()) == fault else "another fault"


@given(ANY_JSON | NEARLY)
def test_whatever_is_no_fault_is_refused_in_words(value: Any) -> None:
    words = _refused(Fault.of, value)
    assert words != "another fault"
    assert len(words) < 500


@given(st.text(st.characters(codec=None), max_size=30) | st.lists(KEYS, max_size=3).map("=1,".join))
def test_whatever_text_is_no_fault_is_refused_in_words(text: str) -> None:
    assert _refused(Fault.read, text) != "another fault"


@given(
    st.lists(FAULTS, max_size=4),
    st.binary(max_size=30) | ANY_JSON.map(lambda value: json.dumps(value).encode()),
)
def test_a_decision_never_raises_and_never_changes_with_the_same_seed(
    faults: list[Fault], body: bytes
) -> None:
    def run() -> list[Fault | None]:
        held = Faults(seed="s", clock=lambda: 0.0)
        held.add(*faults)
        request = SdkRequest("POST", "/v1/batch", body=body)
        return [held.next("pendo", body) or held.next("segment", request) for _ in range(3)]

    assert run() == run()


def test_any_json_at_the_door_gets_200_or_400() -> None:
    """All examples go to one home port: to open one takes longer than to ask it."""
    runner = asyncio.Runner()

    async def opened() -> tuple[Store, Home, aiohttp.ClientSession]:
        store = Store(None, setup=Setup())
        home = Home(Relay([store], setup=Setup()), store)
        await home.start(0)
        return store, home, aiohttp.ClientSession(base_url=home.url, headers={"X-Segment-Pendo": "1"})

    store, home, client = runner.run(opened())

    async def asked(body: bytes) -> tuple[int, Any]:
        async with client.post("/_/faults", data=body) as answer:
            status, added = answer.status, await answer.json()
        async with client.get("/_/faults") as answer:
            assert answer.status == 200
            listed = await answer.json()
        assert (added == listed) == (status == 200)
        async with client.delete("/_/faults") as answer:
            assert answer.status == 200
        return status, added

    @given(
        st.binary(max_size=20)
        | (ANY_JSON | st.lists(NEARLY | ANY_JSON | FAULTS.map(Fault.plain), max_size=3)).map(
            lambda value: json.dumps(value).encode()
        )
    )
    def any_body(body: bytes) -> None:
        status, answer = runner.run(asked(body))
        assert status in {200, 400}
        assert ("error" in answer) == (status == 400)

    async def closed() -> None:
        await client.close()
        await home.stop()
        store.close()

    try:
        any_body()
    finally:
        runner.run(closed())
        runner.close()
