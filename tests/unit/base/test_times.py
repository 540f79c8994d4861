"""One reader of times: what has no zone is UTC, wherever it is read, whatever the zone of the machine."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from segment_pendo.base.times import parse
from segment_pendo.pendo.age import age
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo, Taken


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/New_York"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    "text",
    [
        "2024-05-09T10:00:00Z",
        "2024-05-09T10:00:00",
        "2024-05-09 10:00:00",
        "2024-05-09T12:00:00+02:00",
        "2024-05-09T10:00",
    ],
)
def test_all_readers_agree(text: str) -> None:
    assert parse(text) == datetime(2024, 5, 9, 10, tzinfo=UTC)
    assert age({"timestamp": text, "receivedAt": "2024-05-09T10:00:01Z"}) == timedelta(seconds=1)
    heard: list[Taken] = []
    pendo = LoopbackPendo(heard.append, Answers())
    track: dict[str, Any] = {"type": "track", "userId": "u", "event": "e", "timestamp": text}
    pendo._met("e", "u", int(datetime(2024, 5, 9, 10, tzinfo=UTC).timestamp() * 1000), "track API")
    pendo.take(track)
    assert [finding.code for finding in heard[0].findings] == ["DUPLICATE_PATHS"]


@pytest.mark.parametrize(
    "value",
    [None, 1715248800000, "", "soon", "2024-13-01", "99999-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"],
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert parse(value) is None
