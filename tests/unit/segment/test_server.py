"""What Segment's servers do: times (T-1 to T-10) and what they add (S-5 to S-10)."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from segment_pendo.base import times
from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import SdkRequest, Webhook

# originalTimestamp, sentAt, receivedAt, the published timestamp: payloads that came out of the real service
# (T-10).
VECTORS = [
    (
        "2021-06-16T11:10:17.974Z",
        "2021-06-16T11:10:47.458Z",
        "2021-06-16T11:10:48.395Z",
        "2021-06-16T11:10:18.911Z",
    ),
    (
        "2021-06-15T07:57:47.932Z",
        "2021-06-15T07:58:11.343Z",
        "2021-06-15T07:58:11.383Z",
        "2021-06-15T07:57:47.972Z",
    ),
    (
        "2022-07-24T15:53:44.725Z",
        "2022-07-24T15:54:14.659Z",
        "2022-07-24T15:54:14.904Z",
        "2022-07-24T15:53:44.970Z",
    ),
    (
        "2022-07-24T16:24:03.928Z",
        "2022-07-24T16:24:35.407Z",
        "2022-07-24T16:24:38.151Z",
        "2022-07-24T16:24:06.672Z",
    ),
    (
        "2022-07-24T01:41:04.535Z",
        "2022-07-24T01:41:04.554Z",
        "2022-07-24T01:41:06.240Z",
        "2022-07-24T01:41:06.221Z",
    ),
    (
        "2021-02-23T12:13:41.215+00:00",
        "2021-02-23T12:13:41.707Z",
        "2021-02-23T12:13:42.142Z",
        "2021-02-23T12:13:41.650Z",
    ),
    (
        "2022-05-25T01:59:01.319060+00:00",
        "2022-05-25T01:59:01.711Z",
        "2022-05-25T01:59:01.956Z",
        "2022-05-25T01:59:01.563Z",
    ),
    (
        "2021-11-04T19:54:40.029571+01:00",
        "2021-11-04T18:54:40.029Z",
        "2021-11-04T18:54:41.004Z",
        "2021-11-04T18:54:41.004Z",
    ),
    (
        "2020-11-13T17:05:19.512Z",
        "2020-11-13T17:05:49.510Z",
        "2020-11-13T17:05:53.785Z",
        "2020-11-13T17:05:23.787Z",
    ),
    (
        "2019-06-21T16:33:26.060Z",
        "2019-06-21T16:33:26.060Z",
        "2019-06-21T16:33:26.158Z",
        "2019-06-21T16:33:26.158Z",
    ),
    (
        "2019-06-21T17:35:47.381Z",
        "2019-06-21T17:35:47.382Z",
        "2019-06-21T17:35:47.405Z",
        "2019-06-21T17:35:47.404Z",
    ),
    (
        "2019-06-21T17:39:06.142Z",
        "2019-06-21T17:39:06.143Z",
        "2019-06-21T17:39:06.172Z",
        "2019-06-21T17:39:06.171Z",
    ),
    (
        "2020-11-04T10:52:14.616Z",
        "2020-11-04T10:52:14.618Z",
        "2020-11-04T10:52:14.750Z",
        "2020-11-04T10:52:14.748Z",
    ),
    (
        "2023-11-22T18:14:04.099Z",
        "2023-11-22T18:14:04.107Z",
        "2023-11-22T18:14:04.435Z",
        "2023-11-22T18:14:04.427Z",
    ),
]
AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def delivered(call: Any, *, at: datetime = AT, envelope: Any = None) -> tuple[dict[str, Any], list[str]]:
    """The webhook's body, and its finding codes."""
    if envelope is None:
        request = SdkRequest("POST", "/v1/identify", body=json.dumps({"userId": "u"} | call).encode())
    else:
        request = SdkRequest(
            "POST",
            "/v1/batch",
            body=json.dumps({"batch": [{"type": "identify", "userId": "u"} | call]} | envelope).encode(),
        )
    (judged,) = assess(request, id="r", at=at, setup=Setup()).judged
    assert isinstance(judged.outcome, Webhook)
    return json.loads(judged.outcome.body), [finding.code for finding in judged.findings]


@pytest.mark.parametrize(("original", "sent", "received", "published"), VECTORS)
def test_published_vectors(original: str, sent: str, received: str, published: str) -> None:
    at, wanted = times.parse(received), times.parse(published)
    assert at is not None
    assert wanted is not None
    body, _ = delivered({"timestamp": original, "sentAt": sent}, at=at)
    got = times.parse(body["timestamp"])
    assert got is not None
    assert abs((got - wanted).total_seconds()) <= 0.001
    assert body["originalTimestamp"] == original


def test_a_batch_gives_its_sent_at_to_each_call() -> None:
    call = {"timestamp": "2024-05-09T10:00:00+02:00", "sentAt": "1999-01-01T00:00:00Z"}
    body, _ = delivered(call, envelope={"sentAt": "2024-05-09T08:00:00.250000+00:00"})
    assert (body["timestamp"], body["sentAt"]) == ("2024-05-09T10:00:00.750Z", "2024-05-09T08:00:00.250Z")


def test_a_batch_without_sent_at() -> None:
    body, _ = delivered({"timestamp": "2020-01-01T00:00:00Z"}, envelope={})
    assert (body["timestamp"], body["sentAt"]) == ("2020-01-01T00:00:00.000Z", None)


def test_a_single_call_without_times() -> None:
    body, _ = delivered({})
    assert body["timestamp"] == body["receivedAt"] == "2024-05-09T10:00:01.000Z"
    assert not {"originalTimestamp", "sentAt"} & set(body)


def test_a_single_call_with_a_timestamp_only_is_a_historical_import() -> None:
    body, _ = delivered({"timestamp": "2012-12-02T00:30:08.276+05:30"})
    assert body["timestamp"] == "2012-12-01T19:00:08.276Z"


@pytest.mark.parametrize(
    "time", ["soon", 1_700_000_000_000, {"date": 1}, "", True, "9999-12-31T23:59:59-23:00"]
)
def test_an_unreadable_time_counts_as_absent_and_is_told(time: Any) -> None:
    body, codes = delivered({"timestamp": time})
    assert body["timestamp"] == body["receivedAt"]
    assert body["originalTimestamp"] == time
    assert codes == ["TIME_UNREADABLE"]


def test_a_result_outside_the_calendar_is_no_crash() -> None:
    body, _ = delivered({"timestamp": "0001-01-01T00:00:00Z", "sentAt": "9999-12-31T00:00:00Z"})
    assert body["timestamp"] == body["receivedAt"]


def test_what_the_client_says_about_the_server_is_replaced() -> None:
    body, _ = delivered({"receivedAt": "1999", "channel": "x", "version": 9, "projectId": "y"})
    assert (body["receivedAt"], body["channel"], body["version"], body["projectId"]) == (
        "2024-05-09T10:00:01.000Z",
        "server",
        2,
        "local",
    )


def test_library_unknown_and_empty_integrations() -> None:
    body, _ = delivered({"context": None, "integrations": None})
    assert body["context"] == {"library": {"name": "unknown", "version": "unknown"}}
    assert body["integrations"] == {}


def test_a_context_that_is_no_object_stays() -> None:
    assert delivered({"context": "odd"})[0]["context"] == "odd"


def test_made_up_message_ids_depend_on_the_call_and_its_place() -> None:
    same = [delivered({})[0]["messageId"] for _ in range(2)]
    assert same[0] == same[1]
    assert same[0] != delivered({"traits": {}})[0]["messageId"]
    assert delivered({"messageId": "mine"})[0]["messageId"] == "mine"


def test_the_client_channel_is_analytics_js_alone() -> None:
    browser = {"context": {"library": {"name": "analytics.js", "version": "1"}}}
    body, _ = delivered(browser)
    assert (body["channel"], body["context"]["ip"]) == ("client", "127.0.0.1")
    body, _ = delivered(browser, envelope={})
    assert (body["channel"], body["context"]["ip"]) == ("server", "127.0.0.1")


def test_what_is_the_callers_own_passes_untouched() -> None:
    own = {
        "traits": {"id": "other", "total billed": 830, "name": None, "since": "2024-05-09"},
        "context": {"traits": {"name": "old"}, "groupId": "g", "unknown": [1], "library": {"name": "x"}},
        "_metadata": {"bundled": ["Segment.io"], "unbundled": ["Webhooks"]},
        "integrations": {"Segment.io": False, "Facebook": {}, "Odd": {"k": "v"}},
        "anything": {"at": {"all": None}},
    }
    item = {"type": "identify", "userId": "u", **own}
    request = SdkRequest(
        "POST",
        "/v1/batch",
        headers=(("User-Agent", "a browser"),),
        body=json.dumps({"batch": [item]}).encode(),
    )
    (judged,) = assess(request, id="r", at=AT, setup=Setup()).judged
    assert judged.message is not None
    assert {key: judged.message.data[key] for key in own} == own


@pytest.mark.parametrize(("original", "sent", "received", "published"), VECTORS)
def test_map_gives_the_published_timestamps(original: str, sent: str, received: str, published: str) -> None:
    call = {"type": "identify", "userId": "u", "timestamp": original, "sentAt": sent}
    done = CliRunner().invoke(main, ["map", "--received-at", received], input=json.dumps(call))
    body = json.loads(json.loads(done.stdout)["body"])
    assert abs(datetime.fromisoformat(body["timestamp"]) - datetime.fromisoformat(published)) <= timedelta(
        milliseconds=1
    )
    assert (body["originalTimestamp"], body["receivedAt"]) == (original, received)


def test_an_explicit_null_of_an_item_wins_over_its_batch() -> None:
    body, _ = delivered({"context": {"groupId": None}}, envelope={"context": {"groupId": "g", "other": 1}})
    assert (body["context"]["groupId"], body["context"]["other"]) == (None, 1)


def test_an_items_own_sent_at_counts_where_the_batch_has_none() -> None:
    own = {"timestamp": "2024-05-09T09:00:00Z", "sentAt": "2024-05-09T09:59:00Z"}
    body, _ = delivered(own, envelope={})
    assert (body["sentAt"], body["timestamp"]) == ("2024-05-09T09:59:00.000Z", "2024-05-09T09:01:01.000Z")
    body, _ = delivered(own, envelope={"sentAt": "2024-05-09T10:00:01Z"})
    assert (body["sentAt"], body["timestamp"]) == ("2024-05-09T10:00:01.000Z", "2024-05-09T09:00:00.000Z")


def test_a_message_id_of_null_is_none() -> None:
    body, _ = delivered({"messageId": None}, envelope={})
    assert re.fullmatch("api-[0-9A-Za-z]{27}", body["messageId"])


@pytest.mark.parametrize(("length", "codes"), [(100, []), (101, ["MESSAGE_ID_LONG"])])
def test_a_message_id_of_100_characters_is_the_longest(length: int, codes: list[str]) -> None:
    assert delivered({"messageId": "x" * length}, envelope={})[1] == codes
