"""What a run prints while people are redacted."""

import asyncio
import io
import json
import os
import threading
from datetime import UTC, datetime
from typing import Literal

import pytest

from segment_pendo.cli.run.report import Reporter
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.words import SdkRequest

MAIL = "mira.holt@northwind-mail.net"
CALLS = [
    {"type": "identify", "userId": MAIL, "traits": {"email": MAIL, "a": {"b": 1}}},
    {"type": "page", "userId": MAIL},
    {"type": f"{MAIL}", "userId": "u"},
]


def printed(style: Literal["text", "ndjson"], people: People | None) -> str:
    async def main() -> str:
        out = io.StringIO()
        reporter = Reporter(out, style, people=people)
        body = json.dumps({"batch": CALLS}).encode()
        request = SdkRequest("POST", "/v1/batch", body=body)
        reporter.take(assess(request, id="r", at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
        reporter.finish()
        return out.getvalue()

    return asyncio.run(main())


def test_lines_have_pseudonyms_where_people_are_redacted() -> None:
    lines = printed("text", People(b"a key of ours"))
    assert lines.count("@example.com") >= 2
    assert MAIL not in lines
    assert printed("text", None).count(MAIL) >= 3


@pytest.mark.parametrize("people", [People(b"a key of ours"), None])
def test_rows_are_what_was_sent(people: People | None) -> None:
    assert MAIL in json.loads(printed("ndjson", people).splitlines()[0])["body"]


def test_no_line_is_lost_where_a_child_made_the_shared_pipe_non_blocking() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # as Node does with a pipe that is its stderr, and so ours
    lines: list[str] = []

    def read() -> None:
        with os.fdopen(reading, encoding="utf-8") as pipe:
            lines.extend(pipe)

    with os.fdopen(writing, "w", encoding="utf-8") as out:
        reporter = Reporter(out, "ndjson")
        reader = threading.Timer(0.1, read)  # when the pipe is full
        reader.start()
        for number in range(3000):
            reporter.event({"number": number, "text": "x" * 100})
        assert reporter.finish() == 0
    reader.join()
    assert [json.loads(line)["number"] for line in lines] == list(range(3000))
