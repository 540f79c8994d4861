"""What only the calls before can tell."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from segment_pendo.base.steps import Prepared, Steps, finished
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import CODES, EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS
from segment_pendo.serve.relay import NotKept, Relay
from segment_pendo.words import Receipt, SdkRequest

AT = datetime(2024, 5, 9, 10, tzinfo=UTC)


def received(*calls: dict[str, Any], after: timedelta = timedelta()) -> Receipt:
    body = json.dumps({"batch": [{"type": "identify", "userId": "u", **call} for call in calls]}).encode()
    return assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT + after, setup=Setup())


def codes(receipt: Receipt) -> list[list[str]]:
    return [
        [finding.code for finding in judged.findings if finding.code not in ACROSS]
        for judged in receipt.judged
    ]


def test_a_repeated_message_id_is_told_and_delivered() -> None:
    history = EarlierCalls()
    first = received({"messageId": "m"}, {"messageId": "n"}, {"messageId": "m"})
    assert codes(history.annotated(first)) == [[], [], ["DUPLICATE_MESSAGE_ID"]]
    (judged,) = history.annotated(received({"messageId": "m"})).judged
    (finding,) = (one for one in judged.findings if one.code not in ACROSS)
    assert (finding.code, finding.level, finding.path) == ("DUPLICATE_MESSAGE_ID", "warning", "$.messageId")
    assert finding.code in CODES
    assert judged.outcome == received({"messageId": "m"}).judged[0].outcome


def test_a_day_later_it_is_new() -> None:
    history = EarlierCalls()
    history.annotated(received({"messageId": "m"}))
    assert codes(history.annotated(received({"messageId": "m"}, after=timedelta(hours=24)))) == [
        ["DUPLICATE_MESSAGE_ID"]
    ]
    assert codes(history.annotated(received({"messageId": "m"}, after=timedelta(hours=48, seconds=1)))) == [
        []
    ]


def test_what_has_no_id_or_was_dropped_is_no_repetition() -> None:
    history = EarlierCalls()
    assert (
        codes(history.annotated(received({}, {}, {"messageId": None}, {"messageId": 5}, {"messageId": 5})))
        == [[]] * 5
    )
    history.annotated(received({"messageId": "m", "userId": 5}))
    assert codes(history.annotated(received({"messageId": "m"}))) == [[]]


def test_memory_is_bounded() -> None:
    history = EarlierCalls(limit=3)
    history.annotated(received(*({"messageId": f"m-{number}"} for number in range(4))))
    assert codes(history.annotated(received({"messageId": "m-1"}, {"messageId": "m-0"}))) == [
        ["DUPLICATE_MESSAGE_ID"],
        [],
    ]
    # What came again is among the last: m-1 outlives m-2 and m-3.
    assert codes(history.annotated(received({"messageId": "m-4"}, {"messageId": "m-1"}))) == [
        [],
        ["DUPLICATE_MESSAGE_ID"],
    ]


def test_a_repetition_that_is_not_delivered_is_not_said_to_be() -> None:
    history = EarlierCalls()
    track = {"type": "track", "event": "e", "messageId": "m"}
    assert codes(history.annotated(received(track, track))) == [[], []]
    assert codes(history.annotated(received({"messageId": "m"}))) == [["DUPLICATE_MESSAGE_ID"]]


def test_what_nobody_took_was_not_seen() -> None:
    class Full:
        def __init__(self) -> None:
            self.taken: list[Receipt] = []

        def take(self, receipt: Receipt) -> None:
            finished(self.prepared(receipt)).keep()

        def prepared(self, receipt: Receipt) -> Steps[Prepared]:
            yield None

            def keep() -> None:
                self.taken.append(receipt)
                if len(self.taken) == 1:
                    raise OSError(28, "No space left on device", "FILE")

            return Prepared(keep, self.taken.clear)

    sink = Full()
    relay = Relay([sink], setup=Setup())
    request = received({"messageId": "m"}).request
    with pytest.raises(NotKept):  # the SDK is answered 500 and sends it again
        relay.receive(request)
    assert codes(relay.receive(request)) == [[]]
    assert codes(relay.receive(request)) == [["DUPLICATE_MESSAGE_ID"]]
