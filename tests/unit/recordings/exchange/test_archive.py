"""Archives of events: as the API would have taken them; what no SDK sends is counted, not lost in silence."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.exchange.archive import NOT_A_CALL, TOO_LARGE, lines
from segment_pendo.recordings.exchange.found import Imported, PassedOver


def only(event: dict[str, Any]) -> Imported | PassedOver:
    (item,) = lines(json.dumps(event).encode())
    return item


def body(event: dict[str, Any]) -> Any:
    item = only(event)
    assert isinstance(item, Imported)
    return json.loads(item.request.body)


def test_a_time_that_the_server_made_is_not_taken_for_the_clients() -> None:
    event = {"type": "track", "userId": "u", "event": "e", "receivedAt": "2020-10-01T19:55:15.068Z"}
    assert "timestamp" not in body(event | {"timestamp": "2020-10-01T19:55:15.068Z"})
    sent = {"timestamp": "2020-10-01T19:55:15.068Z", "originalTimestamp": "2020-10-01T19:55:10Z"}
    assert body(event | sent)["timestamp"] == "2020-10-01T19:55:10Z"
    assert body({"type": "track", "userId": "u", "event": "e", "timestamp": "t"})["timestamp"] == "t"


@pytest.mark.parametrize("kind", ["delete", "Identify", "charge"])
def test_what_no_sdk_sends_is_counted(kind: str) -> None:
    assert only({"type": kind, "userId": "u"}) == PassedOver("", NOT_A_CALL)


def test_what_is_too_large_to_be_sent_again_is_counted() -> None:
    assert only({"type": "identify", "userId": "u", "traits": {"a": "x" * 33_000}}) == PassedOver(
        "", TOO_LARGE
    )


def test_what_its_batch_made_large_is_sent_again_as_a_batch() -> None:
    sent = {
        "type": "identify",
        "userId": "u",
        "context": {"page": {"search": "x" * 20_000}, "library": {"name": "n", "version": "1"}},
        "traits": {"a": "x" * 20_000},
        "messageId": "m-1",
        "timestamp": "2024-05-09T10:00:00.000Z",
    }
    small = sent | {"traits": {"a": "x" * 10_000}}
    for event, path in ((sent, "/v1/batch"), (small, "/v1/identify")):
        item = only(event)
        assert isinstance(item, Imported)
        assert item.request.path == path
        (judged,) = assess(item.request, id="r", at=item.at, setup=Setup()).judged
        assert judged.webhook is not None
        body = json.loads(judged.webhook.body)
        assert {name: body[name] for name in event} == event
        assert list(body)[: len(event) - 1] == list(event)[:-1]


def test_the_command_says_what_was_passed_over_and_ends_with_1_where_the_file_has_lost_something(
    tmp_path: Path,
) -> None:
    entries = [
        {
            "request": {"method": "POST", "url": f"https://{host}/v1/i", "postData": posted},
            "response": {"status": 200},
        }
        for host, posted in (
            ("api.segment.io", {"text": '{"userId":"u"}'}),
            ("api.segment.io", None),
            ("other.example", {"text": "x"}),
            ("other.example", None),
        )
    ]
    file, out = tmp_path / "network.json", tmp_path / "out.jsonl"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    result = CliRunner().invoke(main, ["recording", "import", str(file), "-o", str(out)])
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"1 request with 1 call in {out}.",
        "Passed over: 1 request without a usable body in this archive.",
        "Passed over: 2 requests to other hosts.",
    ]
    file.write_text(json.dumps({"log": {"entries": entries[:1]}}))
    assert CliRunner().invoke(main, ["recording", "import", str(file), "-o", str(out)]).exit_code == 0
