"""What mitmproxy's log says of calls, and that nothing is said where nobody reads it."""

import logging
from datetime import UTC, datetime

import pytest
from mitmproxy.log import LegacyLogEvents
from mitmproxy.test import taddons

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, CallRef, SdkRequest
from segment_pendo_addons.report import Report

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
BODY = b'{"batch": [{"type": "identify", "userId": "u-1"}, {"type": "identify", "userId": "u-2"}]}'
LOG = logging.getLogger("segment_pendo")


class Reader(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


class Deprecated(LegacyLogEvents):
    """What gives records to hooks; here it only counts them."""

    count = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.count += bool(record.getMessage())


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 3), (logging.ERROR, 0)])
def test_calls_are_logged_where_somebody_reads_them(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, level: int, lines: int
) -> None:
    caplog.set_level(logging.DEBUG, LOG.name)  # not the attribute: loggers remember what is enabled
    with taddons.context() as context:
        reader, deprecated = Reader(level), Deprecated(context.master)
        monkeypatch.setattr(LOG, "propagate", False)  # pytest reads all that comes to the root
        monkeypatch.setattr(LOG, "handlers", [reader, deprecated])
        report = Report(Setup(), delivers=False)
        report.take(assess(SdkRequest("POST", "/v1/batch", body=BODY), id="r", at=AT, setup=Setup()))
        report.heard(CallRef("r", 0), Attempt(1, AT, 200, "", "delivered"))
        assert (len(reader.said), deprecated.count) == (lines, lines)
