"""The relay: ids, clock, sinks."""

from datetime import UTC, datetime

import pytest

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.relay import Relay
from segment_pendo.words import Receipt, SdkRequest

CALL = SdkRequest("POST", "/v1/identify", body=b'{"userId":"u"}')


class Kept:
    def __init__(self) -> None:
        self.receipts: list[Receipt] = []

    def take(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)


def test_every_request_has_its_id_and_a_time_in_milliseconds() -> None:
    kept = Kept()
    relay = Relay([kept], setup=Setup(), clock=lambda: datetime(2024, 5, 9, 10, 0, 1, 123_987, tzinfo=UTC))
    made = [relay.receive(CALL), relay.receive(CALL)]
    assert kept.receipts == made
    assert made[0].id != made[1].id
    assert {receipt.at.microsecond for receipt in made} == {123_000}


@pytest.mark.parametrize(
    ("method", "path", "count"),
    [("OPTIONS", "/v1/i", 0), ("GET", "/v1/projects/k/settings", 0), ("POST", "/v1/m", 0), ("POST", "/x", 1)],
)
def test_sinks_hear_of_calls_and_refusals_only(method: str, path: str, count: int) -> None:
    kept = Kept()
    Relay([kept], setup=Setup()).receive(SdkRequest(method, path))
    assert len(kept.receipts) == count


def test_a_sink_that_cannot_keep_it_is_not_hidden() -> None:
    class Full:
        def take(self, _receipt: Receipt) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Relay([Full()], setup=Setup()).receive(CALL)
