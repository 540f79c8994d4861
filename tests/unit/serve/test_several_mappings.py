"""A call that several mappings select: a webhook for each, stored, delivered, recorded and sent again."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import virtual_time
from destinations import TWO, file_of, setup_of

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.check import differences
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import load
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.reading.mapped_file import Options
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.sending.resend import Resend
from segment_pendo.recordings.sending.source import source_of
from segment_pendo.segment.functions import Returned
from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering.delivery import Delivery
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.pending import Pending
from segment_pendo.words import CallRef, Receipt, SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
SETUP = setup_of(TWO)
IDS = ["r-1.0", "r-1.0.2", "r-1.1"]


def receipt(setup: Setup = SETUP, at: datetime = AT) -> Receipt:
    """Two calls: both mappings select the first one, one of them the second."""
    calls = [
        {"type": "identify", "userId": "u", "traits": traits, "messageId": f"m-{number}"}
        for number, traits in enumerate(({"plan": "pro"}, {"a": 1}))
    ]
    request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode())
    return assess(request, id="r-1", at=at, setup=setup)


def sent(taken: Receipt) -> list[Webhook]:
    return [judged.webhook for judged in taken.each if judged.webhook is not None]


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store(None, setup=SETUP)) as made:
        yield made


def test_each_webhook_is_a_row_with_its_own_name_and_bytes(store: Store) -> None:
    taken = receipt()
    store.take(taken)
    rows = store.calls.page().calls
    assert [row["id"] for row in rows] == IDS
    assert [row.get("mapping") for row in rows] == ["all", "plan", "all"]
    assert [row["body"] for row in rows] == [webhook.body.decode() for webhook in sent(taken)]
    assert [row["headers"] for row in rows] == [dict(webhook.headers) for webhook in sent(taken)]
    one = store.calls.one("r-1.0.2")
    assert one is not None
    assert one.row == rows[1]
    assert store.calls.one("r-1.0.3") is None
    first = store.calls.page(limit=1)
    assert [row["id"] for row in store.calls.page(after=first.next).calls] == IDS[1:]


def test_each_webhook_waits_by_itself_and_can_be_forgotten(store: Store) -> None:
    store.take(receipt())
    pending = Pending(store.database)
    assert [str(call.ref) for call in pending.all()] == IDS
    assert pending.drop(pending.named(["r-1.0.2"])) == 1
    assert [str(call.ref) for call in pending.all()] == ["r-1.0", "r-1.1"]
    assert [row["id"] for row in store.calls.page().calls] == ["r-1.0", "r-1.1"]


def test_a_killed_run_delivers_each_webhook_as_it_was(tmp_path: Path) -> None:
    arrived: list[Webhook] = []
    heard: list[str] = []

    async def send(webhook: Webhook) -> Answer:
        arrived.append(webhook)
        return Answer(200)

    async def main() -> None:
        path = tmp_path / "store.sqlite3"
        with closing(Store(path, setup=SETUP, destination="pendo.test", clock=virtual_time.clock)) as first:
            first.take(receipt(at=datetime.fromtimestamp(virtual_time.clock(), UTC)))
        # The next run has another destination file: what waits is mapped as it was accepted.
        with closing(
            Store(path, setup=Setup(), destination="pendo.test", clock=virtual_time.clock)
        ) as second:
            second.outbox.resume()
            delivery = Delivery(
                "pendo.test",
                lambda _client: send,
                second,
                lambda ref, _attempt: heard.append(str(ref)),
                clock=virtual_time.clock,
            )
            await delivery.start()
            assert await delivery.drain(None) == 0
            await delivery.close()
            assert second.calls.states() == {"delivered": 3}

    virtual_time.run(main())
    now = receipt(at=datetime.fromtimestamp(virtual_time.BEGAN, UTC))
    assert arrived == sent(now)
    assert heard == IDS


def test_a_recording_keeps_what_each_mapping_made(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, setup=SETUP)
    recorder.take(receipt())
    recorder.close()
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [
        (line.get("mapping"), [more["mapping"] for more in line.get("more", [])]) for line in lines[2:]
    ] == [
        ("all", ["plan"]),
        ("all", []),
    ]
    (entry,) = load(file)
    for call, judged in zip(entry.calls, Judge(SETUP).entry(entry), strict=True):
        assert not list(differences(call, judged, Meaning()))
    again = list(Resend(source_of(file, Options(AT, Setup()))).webhooks())
    assert [item.name for item in again] == ["3", "3-2", "4"]
    assert [item.webhook.headers for item in again] == [webhook.headers for webhook in sent(receipt())]
    assert [len(item.webhook.body) for item in again] == [len(webhook.body) for webhook in sent(receipt())]


def test_another_destination_is_a_difference_with_the_name_of_its_mapping(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, setup=SETUP)
    recorder.take(receipt())
    recorder.close()
    changed: Any = json.loads(json.dumps(TWO))
    changed["mappings"][1]["mapping"]["data"]["userId"] = "fixed"
    (entry,) = load(file)
    found = [
        difference
        for call, judged in zip(entry.calls, Judge(setup_of(changed)).entry(entry), strict=True)
        for difference in differences(call, judged, Meaning())
    ]
    assert [difference.where for difference in found] == ["plan: $.userId"]
    changed["mappings"].pop()
    (entry,) = load(file)
    judged = next(Judge(setup_of(changed)).entry(entry))
    assert [difference.where for difference in differences(entry.calls[0], judged, Meaning())][:1] == [
        "mappings"
    ]


def test_what_a_function_made_is_kept_and_it_is_not_run_again(tmp_path: Path) -> None:
    ran: list[int] = []

    def function(data: Any, index: int) -> Returned:
        ran.append(index)
        return Returned({**data, "traits": {"run": len(ran)}})

    file = file_of({"function": "function.js"})
    setup = Setup.of(destination=file, function=function)
    with closing(Store(tmp_path / "store.sqlite3", setup=setup)) as store:
        taken = receipt(setup)
        store.take(taken)
        bodies = [row["body"] for row in store.calls.page().calls]
    assert bodies == [webhook.body.decode() for webhook in sent(taken)]
    assert ran == [0, 1]
    recording = tmp_path / "r.jsonl"
    recorder = Recorder(recording, setup=setup)
    recorder.take(taken)
    recorder.close()
    (entry,) = load(recording)
    before = list(ran)
    for call, judged in zip(entry.calls, Judge(Setup().like(setup.described())).entry(entry), strict=True):
        assert not list(differences(call, judged, Meaning()))
    assert ran == before


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("r-1.0", CallRef("r-1", 0)),
        ("r-1.0.2", CallRef("r-1", 0, 2)),
        ("r-1.0.1", None),
        ("r-1", None),
        ("r-1.00", None),
        ("r-1.0.65", None),
        ("r-1.0.2.3", None),
        ("r-1.-1", None),
        ("r-1.²", None),
    ],
)
def test_a_name_is_read_only_as_it_is_written(text: str, ref: CallRef | None) -> None:
    assert CallRef.read(text) == ref
    if ref is not None:
        assert str(ref) == text
        assert CallRef.at(ref.receipt, ref.place) == ref
