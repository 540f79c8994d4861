"""Flow files of mitmproxy become recordings."""

import json
from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner
from mitmproxy import http
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow
from recorded import calls_of

from segment_pendo.cli import main


def flow(url: str, body: bytes = b"") -> http.HTTPFlow:
    made = tflow.tflow()
    made.request = http.Request.make("POST", url, body, http.Headers(content_type="application/json"))
    made.request.timestamp_start = datetime(2024, 5, 9, 10, tzinfo=UTC).timestamp()
    return made


def test_requests_to_segment_are_taken_and_others_passed_over(tmp_path: Path) -> None:
    source, out = tmp_path / "a.flow", tmp_path / "r.jsonl"
    with source.open("wb") as file:
        writer = FlowWriter(file)
        body = json.dumps({"batch": [{"type": "identify", "userId": "u", "messageId": "m"}]}).encode()
        for one in (
            flow("https://api.segment.io/v1/batch", body),
            flow("https://elsewhere.test/v1/batch", body),
            tflow.ttcpflow(),
        ):
            writer.add(one)
    done = CliRunner().invoke(main, ["recording", "import", str(source), "-o", str(out)])
    assert (done.exit_code, done.stderr) == (
        0,
        f"1 request with 1 call in {out}; 1 request to other hosts passed over.\n",
    )
    (one,) = calls_of(out)
    assert (one.call["userId"], one.at) == ("u", datetime(2024, 5, 9, 10, tzinfo=UTC))


def test_what_is_no_flow_file_is_said(tmp_path: Path) -> None:
    source = tmp_path / "a.flow"
    source.write_bytes(b"4:junk,")
    done = CliRunner().invoke(main, ["recording", "import", str(source), "-o", str(tmp_path / "r.jsonl")])
    assert done.exit_code == 3
    assert "a.flow cannot be imported: it is not a flow file that this mitmproxy can read." in done.stderr
