"""What holds for Pendo's side, whatever is sent: our model of it (facts 8), not Pendo itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from background import background
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from strategies import any_json, calls, hostile_calls, objects

from segment_pendo.base import js_json
from segment_pendo.base.switch import table
from segment_pendo.explain.device_mode import compared_row
from segment_pendo.explain.fate import explained
from segment_pendo.mapping.assess import judge_message
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import Across
from segment_pendo.pendo.effect import effect
from segment_pendo.pendo.metadata import fields
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo
from segment_pendo.words import Call, Message

any_calls = calls(types=st.sampled_from(["identify", "group", "track"]))
some_switches = st.fixed_dictionaries(
    {}, optional={one.name: st.sampled_from(list(one.values)) for one in table(PendoSwitches)}
).map(lambda chosen: PendoSwitches(**chosen))
# Few ids and keys, so that calls meet each other.
few_ids = st.sampled_from(["u", "v", "Ü", "a" * 130, " ", "::", 7, None, "VISITOR-UNIQUE-ID"])
few_traits = st.dictionaries(st.sampled_from(["plan", "Plan", "a", "b c"]), any_json, max_size=3)


@st.composite
def meeting_calls(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["identify", "group", "track", "page"]))
    call = {"type": kind, "userId": draw(few_ids), "groupId": draw(few_ids), "traits": draw(few_traits)}
    if kind == "track":
        call |= {"event": draw(st.sampled_from(["e", "f"])), "properties": {"groupId": draw(few_ids)}}
    return call


def told(pendo: Records) -> Any:
    """Visitors and accounts without their history."""
    state: Any = pendo.state()
    return {
        kind: {name: {**one, "history": None} for name, one in state[kind].items()}
        for kind in ("visitors", "accounts")
    }


def after(*events: Any, switches: PendoSwitches | None = None) -> Records:
    pendo = Records(switches or PendoSwitches())
    for event in events:
        pendo.apply(event, 1)
    return pendo


@given(hostile_calls | any_json, some_switches)
def test_nothing_makes_the_model_or_its_words_raise(event: Any, switches: PendoSwitches) -> None:
    state = after(event, [event], switches=switches).state()
    json.loads(js_json.write(state))
    if isinstance(event, dict):
        Across().examine(event)
        judged = judge_message(Message(Call(0, event.get("type") if isinstance(event.get("type"),
            str) else None, event), event),
                               ordinary=False, setup=Setup(track=True, pendo=switches))  # fmt: skip
        json.loads(js_json.write(explained(judged, Setup(track=True, pendo=switches))))
        json.loads(js_json.write(compared_row(judged, Setup(track=True, pendo=switches))))


@given(st.lists(meeting_calls(), max_size=4), meeting_calls(), some_switches)
def test_applying_twice_equals_once(before: list[Any], call: Any, switches: PendoSwitches) -> None:
    assert told(after(*before, call, switches=switches)) == told(
        after(*before, call, call, switches=switches)
    )


@given(st.lists(meeting_calls(), max_size=6))
def test_accounts_of_a_visitor_only_grow_and_absent_fields_stay(events: list[Any]) -> None:
    pendo = Records()
    for event in events:
        earlier = told(pendo)
        pendo.apply(event, 1)
        later = told(pendo)
        for kind in ("visitors", "accounts"):
            for name, record in earlier[kind].items():
                now = later[kind][name]
                assert now["metadata"]["segmentio"].keys() >= record["metadata"]["segmentio"].keys()
                if kind == "visitors":
                    assert now["accountIds"][: len(record["accountIds"])] == record["accountIds"]
                    assert len(set(now["accountIds"])) == len(now["accountIds"])


@given(st.lists(meeting_calls(), max_size=5))
def test_account_data_never_leaks_into_visitors_nor_into_other_groups(events: list[Any]) -> None:
    marked = [
        {**event, "traits": {f"{event['type']}_{key}": value for key, value in event["traits"].items()}}
        for event in events
    ]
    state = told(after(*marked))
    for kind, owner in (("visitors", "identify_"), ("accounts", "group_")):
        for record in state[kind].values():
            assert set(record["metadata"]) == {"auto", "segmentio"}
            assert all(key.startswith(owner) for key in record["metadata"]["segmentio"])


@given(any_calls)
def test_findings_and_switches_never_change_a_webhook(call: Any) -> None:
    text = js_json.keep(call)
    message = Message(Call(0, call["type"], call), call)
    plain = judge_message(message, ordinary=False, setup=Setup(track=True)).webhook
    other = Setup(
        track=True, pendo=PendoSwitches(nested="dot", anonymous="visitor", null="removed"), pendo_track=False
    )
    assert judge_message(message, ordinary=False, setup=other).webhook == plain
    assert js_json.keep(call) == text


@given(objects, some_switches)
def test_every_trait_is_accounted_for_once(traits: dict[str, Any], switches: PendoSwitches) -> None:
    made = fields(traits, switches)
    names = [one.name for one in made if one.name is not None]
    assert len(names) == len(set(names))
    holders = {one.path[0] for one in made}
    # Flattened, an object without a leaf leaves nothing.
    assert holders <= set(traits) - {"__proto__"}
    if switches.nested == "ignored":
        assert holders == set(traits) - {"__proto__"}
    assert len({one.path for one in made}) == len(made)


@given(any_calls)
def test_every_member_of_a_call_has_one_line(call: Any) -> None:
    message = Message(Call(0, call["type"], call), call)
    setup = Setup(track=True)
    row: Any = explained(judge_message(message, ordinary=False, setup=setup), setup)
    sources = [line["from"] for line in row["fields"]]
    assert len(sources) == len(set(sources))
    tops = {source.split(".")[1].split("[")[0] for source in sources if source.startswith("$.")}
    assert tops >= {"type", "userId", *(["traits"] if call["type"] != "track" else [])} - (
        {"traits"} if not call.get("traits") else set()
    )
    made = effect(call)
    assert row["effect"]["visitor"] is None or row["effect"]["visitor"]["id"] == made.visitor_id


# --- over HTTP ---


@contextmanager
def loopback(answers: Answers | None = None) -> Iterator[HTTPConnection]:
    with background(LoopbackPendo(answers=answers).routes()) as url:
        connection = HTTPConnection(url.removeprefix("http://"), timeout=20)
        try:
            yield connection
        finally:
            connection.close()


def asked(
    connection: HTTPConnection, method: str, path: str, body: bytes | None = None, *, change: str = "0"
) -> tuple[int, bytes]:
    connection.request(method, path, body, {"X-Segment-Pendo": change})
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.fixture(scope="module")
def open_pendo() -> Iterator[HTTPConnection]:
    with loopback() as connection:
        yield connection


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.binary(max_size=300) | any_json.map(js_json.keep),
    st.sampled_from(["/data/segmentio/k", "/data/track"]),
)
def test_any_bytes_are_answered(open_pendo: HTTPConnection, body: bytes, path: str) -> None:
    status, text = asked(open_pendo, "POST", path, body)
    assert status in {200, 400}
    assert text == b""
    try:
        value = js_json.read(body).value
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        assert status == 200


class PendoOverHttp(RuleBasedStateMachine):
    """The loopback Pendo over HTTP and the pure model, side by side."""

    @initialize()
    def open(self) -> None:
        self.door = loopback()
        self.connection = self.door.__enter__()
        self.model = Records()

    def teardown(self) -> None:
        if hasattr(self, "door"):
            self.door.__exit__(None, None, None)

    @rule(call=meeting_calls())
    def webhook(self, call: Any) -> None:
        assert asked(self.connection, "POST", "/data/segmentio/any", js_json.keep(call)) == (200, b"")
        self.model.apply(js_json.read(js_json.keep(call)).value, 1)

    @rule(some=st.lists(meeting_calls(), min_size=1, max_size=3))
    def batch(self, some: list[Any]) -> None:
        assert asked(self.connection, "POST", "/data/segmentio/any", js_json.keep(some)) == (200, b"")
        self.model.apply(js_json.read(js_json.keep(some)).value, 1)

    @rule()
    def reset(self) -> None:
        assert asked(self.connection, "POST", "/_/reset")[0] == 403
        assert asked(self.connection, "POST", "/_/reset", change="1")[0] == 200
        self.model = Records()

    @invariant()
    def they_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        state: Any = self.model.state()
        for kind in ("visitor", "account"):
            for name, expected in state[f"{kind}s"].items():
                status, body = asked(self.connection, "GET", f"/api/v1/{kind}/{quote(name, safe='')}")
                record = json.loads(body)
                assert status == 200
                assert record["metadata"]["segmentio"] == json.loads(
                    js_json.write(expected["metadata"]["segmentio"])
                )
                assert record.get("accountIds") == expected.get("accountIds")
            assert asked(self.connection, "GET", f"/api/v1/{kind}/nobody-of-this-name")[0] == 404
            assert json.loads(
                asked(self.connection, "GET", f"/api/v1/metadata/schema/{kind}")[1]
            ) == json.loads(js_json.write(self.model.schema(kind)))


TestPendoOverHttp = PendoOverHttp.TestCase
TestPendoOverHttp.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
