"""HTTP archives as they come: packed, without bodies, with requests that never left the browser."""

import base64
import gzip
import io
import json
import zipfile
import zlib
from typing import Any

import pytest

from segment_pendo.recordings.exchange import containers
from segment_pendo.recordings.exchange.containers import opened
from segment_pendo.recordings.exchange.found import NOT_SENT, OF_OAUTH, Imported, ImportFailure, PassedOver
from segment_pendo.recordings.exchange.har import NO_BODY, har

CALL = '{"type":"identify","userId":"u-1","traits":{"name":"Zoë"}}'


def entry(posted: Any = None, *, method: str = "POST", **response: Any) -> dict[str, Any]:
    request = {
        "method": method,
        "url": "https://api.segment.io/v1/i?x=1",
        "headers": [{"name": "A", "value": "b"}],
    }
    if posted is not None:
        request["postData"] = posted
    made = {
        "startedDateTime": "2026-03-02T09:00:00Z",
        "request": request,
        "response": {"status": 200} | response,
    }
    return {key: value for key, value in made.items() if value != {"status": None}}


def test_requests_for_tokens_are_passed_over() -> None:
    asked = entry({"text": "grant_type=client_credentials&client_assertion=eyJ", "mimeType": "x"})
    asked["request"]["url"] = "https://oauth2.segment.io/token"
    assert list(har(archive(asked), {})) == [PassedOver("oauth2.segment.io", OF_OAUTH)]


def archive(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"log": {"entries": entries}}, ensure_ascii=False).encode()


def only(posted: Any, files: dict[str, bytes] | None = None, **how: Any) -> Imported | PassedOver:
    (item,) = har(archive(entry(posted, **how)), files or {})
    return item


@pytest.mark.parametrize(
    ("posted", "files"),
    [
        ({"text": CALL}, {}),
        ({"text": base64.b64encode(CALL.encode()).decode(), "encoding": "base64"}, {}),
        ({"text": base64.b64encode(CALL.encode()).decode()}, {}),
        ({"params": [{"name": CALL, "value": ""}]}, {}),
        (
            {
                "params": [
                    {"name": '{"type":"identify","userId":"u-1","traits":{"name":"Zoë"}}', "value": ""}
                ],
                "text": "",
            },
            {},
        ),
        ({"_file": "a1.json"}, {"a1.json": CALL.encode()}),
    ],
)
def test_a_body_is_rebuilt(posted: Any, files: dict[str, bytes]) -> None:
    item = only(posted, files)
    assert isinstance(item, Imported)
    assert item.request.body == CALL.encode()
    assert (item.request.path, item.request.query, item.request.host) == ("/v1/i", "x=1", "api.segment.io")


@pytest.mark.parametrize("as_text", [True, False])
def test_a_packed_body_stays_packed(as_text: bool) -> None:
    packed = gzip.compress(CALL.encode(), mtime=0)
    text = packed.decode("latin-1") if as_text else base64.b64encode(packed).decode()
    item = only({"text": text} if as_text else {"text": text, "encoding": "base64"})
    assert isinstance(item, Imported)
    assert gzip.decompress(item.request.body) == CALL.encode()


@pytest.mark.parametrize(
    "posted",
    [
        None,
        {},
        {"text": ""},
        {"text": CALL[:-5]},
        {"text": "[object Blob]"},
        {"params": []},
        {"text": "5"},
        5,
        {"params": [{"name": "a", "value": "b"}]},
        {"_file": "lost.json"},
        {"text": "!!", "encoding": "base64"},
    ],
)
def test_what_has_no_usable_body_is_passed_over_and_nobody_is_blamed(posted: Any) -> None:
    assert only(posted) == PassedOver("api.segment.io", NO_BODY, is_loss=True)


def test_a_get_needs_no_body() -> None:
    assert isinstance(only(None, method="GET"), Imported)
    assert isinstance(only(None, method="OPTIONS"), Imported)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ({"status": 0}, NOT_SENT),
        ({"status": -1}, NOT_SENT),
        ({"_error": "net::ERR_BLOCKED_BY_CLIENT"}, NOT_SENT),
        ({"status": 500}, "that was answered 500, which an SDK sends again"),
        ({"status": 429}, "that was answered 429, which an SDK sends again"),
    ],
)
def test_what_did_not_reach_segment_is_passed_over(response: Any, why: str) -> None:
    assert only({"text": CALL}, **response) == PassedOver("api.segment.io", why)


def test_an_archive_that_does_not_say_how_it_was_answered_counts() -> None:
    assert isinstance(only({"text": CALL}, status=None), Imported)


@pytest.mark.parametrize("data", [b"{", b"[]", b"{}", b'{"log":{}}', b'{"log":{"entries":5}}', b"\xff"])
def test_what_is_not_an_archive(data: bytes) -> None:
    with pytest.raises(ImportFailure):
        list(har(data, {}))


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


HAR = archive(entry({"text": CALL}))


@pytest.mark.parametrize(
    "data",
    [
        HAR,
        b"\xef\xbb\xbf" + HAR,
        HAR.decode().encode("utf-16"),
        b"\xfe\xff" + HAR.decode().encode("utf-16-be"),
        gzip.compress(HAR),
        zlib.compress(HAR),
        zipped(har__har=HAR, a1__json=b"{}"),
        gzip.compress(zipped(har__har=HAR)),
        b"  \n" + HAR,
    ],
)
def test_an_archive_is_seen_however_it_is_packed(data: bytes) -> None:
    content = opened(data)
    assert content.kind == "har"
    (item,) = har(content.data, content.files)
    assert isinstance(item, Imported)
    assert item.request.body == CALL.encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"1234:4:type;4:http", "flows"),
        (CALL.encode(), "lines"),
        (gzip.compress(CALL.encode()) + gzip.compress(b"\n" + CALL.encode()), "lines"),
        (b"", "lines"),
        (b'{"logs":1}', "lines"),
        (b"x", "lines"),
    ],
)
def test_what_else_a_file_may_be(data: bytes, kind: str) -> None:
    assert opened(data).kind == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (gzip.compress(HAR)[:-9], "its gzip is damaged"),
        (zipped(har__har=HAR)[:-30], "its zip is damaged or locked"),
        (zipped(a__har=HAR, b__har=HAR), "2 HTTP archives"),
        (b"\xff\xfe\x00", "UTF-16"),
    ],
)
def test_a_damaged_container_is_told(data: bytes, words: str) -> None:
    with pytest.raises(ImportFailure, match=words):
        opened(data)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zipped(a__har=data)])
def test_a_bomb_does_not_fill_the_memory(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "MOST_BYTES", 1 << 20)
    with pytest.raises(ImportFailure, match="unpacked"):
        opened(pack(b" " * (1 << 22)))


def test_a_url_that_is_none_is_counted_and_costs_no_other_entry() -> None:
    entries = [entry({"text": CALL}) for _ in range(3)]
    entries[1]["request"]["url"] = "https://[::1"
    first, second, third = har(archive(*entries), {})
    assert second == PassedOver("", "whose URL is none")
    assert isinstance(first, Imported)
    assert isinstance(third, Imported)
