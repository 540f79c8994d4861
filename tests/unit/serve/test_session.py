"""A session: who is answered has every sink behind it; all is closed in reverse; what cannot be opened leaves
nothing behind.
"""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from segment_pendo.recordings.format import RecordingError
from segment_pendo.serve.delivering.delivery import Delivery
from segment_pendo.serve.listener import ListenerError
from segment_pendo.serve.session import Plan, Session, SessionError
from segment_pendo.words import Attempt, CallRef, Receipt

BODY = json.dumps({"batch": [{"type": "identify", "userId": "u-1", "traits": {"a": 1}}]}).encode()


class Report:
    def __init__(self) -> None:
        self.receipts: list[Receipt] = []
        self.attempts: list[Attempt] = []

    def take(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    def heard(self, _ref: CallRef, attempt: Attempt) -> None:
        self.attempts.append(attempt)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


async def until_answered(port: int) -> int:
    """Send the same call until somebody answers; the status."""
    async with aiohttp.ClientSession() as client:
        while True:
            try:
                async with client.post(f"http://127.0.0.1:{port}/v1/batch", data=BODY) as answer:
                    return answer.status
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0.005)


def test_a_call_that_comes_while_the_session_opens_is_delivered_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = Delivery.start

    async def slow_start(delivery: Delivery) -> None:
        await asyncio.sleep(0.3)  # the delay that is planted between what was opened and delivery
        await start(delivery)

    monkeypatch.setattr(Delivery, "start", slow_start)

    async def main() -> None:
        report = Report()
        plan = Plan(port=free_port(), with_proxy=False)
        assert plan.port
        early = asyncio.create_task(until_answered(plan.port))
        async with Session(plan, report, report.heard) as session:
            assert await early == 200
        assert [len(receipt.judged) for receipt in report.receipts] == [1]
        assert [attempt.state for attempt in report.attempts] == ["delivered"]
        assert session.home.loopback_pendo.took == 1
        assert session.left == 0

    asyncio.run(main())


def test_nobody_is_answered_before_the_session_is_open() -> None:
    async def main() -> None:
        report = Report()
        plan = Plan(port=free_port(), with_proxy=False)
        session = Session(plan, report, report.heard)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", plan.port)
        async with session:
            _, writer = await asyncio.open_connection("127.0.0.1", plan.port)
            writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", plan.port)

    asyncio.run(main())


def test_the_end_of_the_run_decides_whether_an_old_recording_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"

    async def record(user: str, *, replaces: bool) -> Any:
        report = Report()
        async with Session(Plan(port=0, with_proxy=False, record=file), report, report.heard) as session:
            async with aiohttp.ClientSession() as client:
                await client.post(f"{session.home.url}/v1/batch", data=BODY.replace(b"u-1", user.encode()))
            session.replaces = replaces
        return session.recorder

    asyncio.run(record("first", replaces=True))
    old = file.read_bytes()
    recorder = asyncio.run(record("second", replaces=False))
    assert file.read_bytes() == old
    assert b"second" in recorder.kept_in.read_bytes()
    asyncio.run(record("third", replaces=True))
    assert b"third" in file.read_bytes()
    assert b"first" not in file.read_bytes()


@pytest.mark.parametrize("port", ["same", "tls"])
def test_what_cannot_be_opened_closes_what_was(port: str, tmp_path: Path) -> None:
    class Side:
        """The proxy's module where its certificate cannot be made."""

        @staticmethod
        def authority(directory: Path) -> Path:
            return directory

        @staticmethod
        def server_context(_directory: Path, _hosts: list[str], _also: object) -> Any:
            message = "no certificate"
            raise SessionError(message)

    async def main() -> None:
        report = Report()
        record = tmp_path / "calls.jsonl"
        async with Session(Plan(port=0, with_proxy=False), report) as first:
            taken = int(first.home.url.rpartition(":")[2])
            if port == "same":
                with pytest.raises(ListenerError, match=f"port {taken} .*Is another segment-pendo running"):
                    Session(Plan(port=taken, record=record), report)
                assert not record.exists()
                return
        with pytest.raises(SessionError):
            await Session(Plan(port=taken, tls_port=0, with_proxy=False), report, side=Side).__aenter__()
        async with Session(Plan(port=taken, with_proxy=False), report):  # the port is free again
            pass

    asyncio.run(main())


def test_a_recording_that_cannot_be_written_gives_the_port_back(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text("no recording\n")
    port = free_port()
    with pytest.raises(RecordingError):
        Session(Plan(port=port, record=tmp_path / "calls.jsonl"), Report())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
