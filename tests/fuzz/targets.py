"""The readers that are fuzzed: each takes any bytes, and raises only what it says."""

import sys
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["segment_pendo", "segment_pendo_addons"]):
    from segment_pendo.base import js_json
    from segment_pendo.base.switch import SwitchError
    from segment_pendo.mapping import destination_file
    from segment_pendo.mapping.assess import assess
    from segment_pendo.mapping.destination_file import DestinationError
    from segment_pendo.mapping.setup import Setup
    from segment_pendo.pendo.records import Records
    from segment_pendo.recordings import format as recording
    from segment_pendo.recordings.exchange import production
    from segment_pendo.recordings.exchange.archive import lines
    from segment_pendo.recordings.exchange.containers import opened
    from segment_pendo.recordings.exchange.found import ImportFailure
    from segment_pendo.recordings.exchange.har import har
    from segment_pendo.recordings.format import RecordingError
    from segment_pendo.recordings.redaction.pseudonyms import People, Rules
    from segment_pendo.recordings.redaction.scan import suspects, without_secrets
    from segment_pendo.segment import ingest
    from segment_pendo_addons.flows import read as flows

from datetime import UTC, datetime

from tests.fuzz import READERS

from segment_pendo.words import SdkRequest

__all__ = ["TARGETS"]

AT = datetime(2024, 5, 9, tzinfo=UTC)
SETUP = Setup(track=True)
IDENTIFY = SdkRequest("POST", "/v1/identify", body=b'{"userId":"u","traits":{"a":[1,{"b":null}]}}')
PEOPLE = (People(b"a key of ours"), People(b"a key of ours", Rules(ids="all", allow_list=True)))


def json(data: bytes) -> None:
    """What is read is written, and what is written is read as the same."""
    try:
        parsed = js_json.read(data)
    except (ValueError, RecursionError):
        return
    written = js_json.write(parsed.value)
    again = js_json.write(js_json.read(written).value)
    assert written == again, (written, again)
    if parsed.ordinary:
        assert js_json.write(parsed.value, ordinary=True) == written


def request(data: bytes) -> None:
    """A request is answered, whatever it is; its calls are mapped, and Pendo's records take them."""
    paths = ("/v1/batch", "/v1/identify", "/v1/pixel/track", "/x", "/v1/b")
    method, path = ("GET" if data[:1] == b"G" else "POST"), paths[len(data) % len(paths)]
    query = data.decode("latin-1") if method == "GET" else ""
    asked = SdkRequest(method, path, query, (("Authorization", query[:50]),), data)
    assert ingest.read(asked) is not None
    pendo = Records(SETUP.pendo)
    for judged in assess(asked, id="r", at=AT, setup=SETUP).judged:
        if judged.webhook is not None:
            pendo.apply(js_json.read(judged.webhook.body).value, 0, "call")
    js_json.write(pendo.state())


def pseudonyms(data: bytes) -> None:
    """Any text has a pseudonym, and a second time the same; what is no secret any more stays."""
    text = data.decode("utf-8", "surrogatepass") if _is_text(data) else data.decode("latin-1")
    for people in PEOPLE:
        assert people.text(text) == people.text(text)
        people.call({"traits": {"name": text, "x": text, text[:20]: [text]}})
    assert without_secrets(without_secrets(text)) == without_secrets(text)
    list(suspects(text))


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except ValueError:
        return False
    return True


def recordings(data: bytes) -> None:
    """A recording is read, or refused with its line."""
    try:
        for entry in recording.read(data.splitlines(keepends=True), "f").entries:
            entry.sdk_request()
    except RecordingError:
        pass


def archives(data: bytes) -> None:
    """A file of another program is read, or refused with a reason."""
    try:
        content = opened(data)
        list(har(content.data, content.files))
    except ImportFailure:
        pass
    try:
        list(lines(data))
    except ImportFailure:
        pass


def flow_files(data: bytes) -> None:
    """A flow file is read up to where it is damaged."""
    try:
        list(flows(data))
    except ImportFailure:
        pass


def destinations(data: bytes) -> None:
    """A destination file is refused with a reason, or maps a call; so is a file of Terraform."""
    try:
        value = destination_file.json_of(data, "f")
        for found in production.destinations(value, "f") or ():
            destination_file.of(found.described, "f")
        setup = Setup.of(destination=destination_file.of(value, "f"))
    except (DestinationError, SwitchError):
        return
    assess(IDENTIFY, id="r", at=AT, setup=setup)


TARGETS: dict[str, Callable[[bytes], None]] = dict(
    zip(READERS, (json, request, pseudonyms, recordings, archives, flow_files, destinations), strict=True)
)

if __name__ == "__main__":
    atheris.Setup([sys.argv[0], *sys.argv[2:]], TARGETS[sys.argv[1]])
    atheris.Fuzz()
