"""What is sent again: whatever `map` takes gives the webhooks that `map` shows."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.recordings.sending.pace import Pace
from segment_pendo.recordings.sending.resend import NoRequest, Resend
from segment_pendo.recordings.sending.source import Source, source_of, source_of_text
from segment_pendo.recordings.sending.undelivered import write_undelivered

FIXTURES = Path(__file__).parents[4] / "fixtures"
OPTIONS = Options(datetime(2024, 5, 9, 10, tzinfo=UTC), Setup(track=True))


def captured(path: str, body: bytes, **more: object) -> str:
    encoded = base64.b64encode(body).decode()
    return json.dumps({"method": "POST", "path": path, "body_b64": encoded} | more)


BATCH = json.dumps(
    {
        "batch": [
            {"type": "identify", "userId": "a"},
            {"type": "page", "userId": "a"},
            {"type": "group", "userId": "b", "groupId": "g", "traits": {"n": 1.0}},
        ],
        "context": {"ip": "1.2.3.4"},
        "sentAt": "2024-05-09T09:59:59Z",
    }
).encode()
INPUTS = {
    "calls": """{"type":"identify","userId":"u-1","traits":{"n":12345678901234567890}}
{"type":"track","userId":"u-1","event":"E"}
{"type":"group","anonymousId":"\\ud83d","groupId":7}
{"type":"nonsense","userId":"u-1"}
""",
    "an array on one line": '[{"type":"identify","userId":"a"},{"type":"identify","userId":"b"}]',
    "requests": "\n".join(
        [
            captured("/v1/batch", BATCH, headers=[["User-Agent", "x"], ["Cookie", "c"]]),
            captured("/v1/i", b'{"userId":"c","sentAt":"2024-05-09T09:00:00Z"}'),
        ]
    ),
}


def source(name: str) -> Source:
    return source_of_text(INPUTS[name].encode(), name, OPTIONS)


@pytest.mark.parametrize("name", INPUTS)
def test_the_webhooks_are_those_of_map(name: str) -> None:
    expected = [
        (item.line, item.judged.webhook.body)
        for item in mapped(INPUTS[name].encode(), OPTIONS)
        if isinstance(item, Mapped) and item.judged.webhook
    ]
    sent = list(Resend(source(name)).webhooks())
    assert [(item.call.number, item.webhook.body) for item in sent] == expected
    assert len({item.name for item in sent}) == len(sent) > 1
    assert Resend(source(name)).measured(Pace(), as_webhooks=True).items == len(sent)


@pytest.mark.parametrize("name", INPUTS)
def test_what_is_written_as_a_recording_is_sent_as_the_same_webhooks(name: str, tmp_path: Path) -> None:
    sent = [item.webhook for item in Resend(source(name)).webhooks()]
    file = tmp_path / "failed.jsonl"
    write_undelivered(file, Resend(source(name)), range(1, 100))
    again = [item.webhook for item in Resend(source_of(file, OPTIONS)).webhooks()]
    assert again == sent[1:]


@pytest.mark.parametrize(
    "file", sorted((FIXTURES / "recordings").glob("*.jsonl")), ids=lambda file: file.stem
)
def test_lines_of_a_recording_are_copied(file: Path, tmp_path: Path) -> None:
    resend = Resend(source_of(file, OPTIONS))
    sent = [item.webhook for item in resend.webhooks()]
    places = range(0, len(sent), 3)
    part = tmp_path / "part.jsonl"
    write_undelivered(part, resend, places)
    assert set(part.read_bytes().split(b"\n")) <= set(file.read_bytes().split(b"\n"))
    assert [item.webhook for item in Resend(source_of(part, OPTIONS)).webhooks()] == [sent[n] for n in places]


def test_a_recording_in_a_text_is_read_as_one() -> None:
    file = next((FIXTURES / "recordings").glob("*.jsonl"))
    text = source_of_text(file.read_bytes(), "stdin", OPTIONS)
    assert text.is_recording
    assert text.digest == source_of(file, OPTIONS).digest
    assert list(Resend(text).webhooks()) == list(Resend(source_of(file, OPTIONS)).webhooks())


def test_a_recording_is_mapped_again_where_a_setup_is_given() -> None:
    file = FIXTURES / "recordings" / "segment-analytics-python.jsonl"
    plain = Resend(source_of(file, OPTIONS))
    tracked = Resend(source_of(file, OPTIONS), setup=Setup(track=True))
    events = [item.entry.type_of(item.call) for item in tracked.webhooks()]
    assert "track" in events
    assert len(events) > len(list(plain.webhooks()))
    assert tracked.measured(Pace(), as_webhooks=True).items == len(events)


def test_some_of_them_are_chosen() -> None:
    chosen = Resend(source("calls"), start=2, only={"user": "u-1"})
    assert [(item.name, item.entry.type_of(item.call)) for item in chosen.webhooks()] == [("2", "track")]
    (coded,) = Resend(source("calls"), only={"code": "NUMBER_CHANGED"}).webhooks()
    assert coded.name == "1"


async def _nobody(_request: object) -> str:
    return ""


def test_captured_requests_go_to_an_ingest_and_calls_need_an_sdk() -> None:
    assert [item.line for item in Resend(source("requests")).requests(_nobody)] == [1, 2]
    (first, _) = (entry.sdk_request() for entry in source("requests").entries())
    assert (first.path, first.headers) == ("/v1/batch", (("User-Agent", "x"),))
    assert json.loads(first.body) == json.loads(BATCH)
    with pytest.raises(NoRequest, match="calls:1: "):
        list(Resend(source("calls")).requests(_nobody))
    assert len(list(Resend(source("calls"), sdk="node").requests(_nobody))) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"type":"identify","userId":"a"}\n{', "x:2: This is not JSON"),
        (b"[1]", "x:1: This value is not a JSON object"),
        (b'{"userId":"a"}', "x:1: This object has no type"),
        (b'{"method":"POST","path":"/v1/i","body_b64":"%"}', "x:1: body_b64 must be base64"),
    ],
)
def test_damage_is_an_error_with_its_line(text: bytes, words: str) -> None:
    with pytest.raises(RecordingError) as caught:
        Resend(source_of_text(text, "x", OPTIONS)).measured(Pace(), as_webhooks=True)
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith("Correct it or take it out; nothing was sent.")


def test_what_segment_refuses_is_counted_and_left_out() -> None:
    lines = [captured("/v1/i", b"{"), captured("/v1/i", b'{"userId":"a"}')]
    resend = Resend(source_of_text("\n".join(lines).encode(), "x", OPTIONS))
    measure = resend.measured(Pace(), as_webhooks=True)
    assert (measure.items, measure.refused) == (1, 1)
    assert [item.name for item in resend.webhooks()] == ["2"]
