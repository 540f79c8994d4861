"""Whatever ingest takes, every later reader takes: no call is answered 200 and then breaks its readers."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner, Result
from destinations import setup_of
from hypothesis import given, settings
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.cli import main
from segment_pendo.explain.device_mode import compared_row
from segment_pendo.explain.fate import explained
from segment_pendo.explain.rows import dumps
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.records import Records
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.pseudonyms import People, Rules
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import Receipt, SdkRequest

SETUP = Setup(track=True)
# Every stage that walks through a call: filters, and directives that take it apart.
DESTINATION = setup_of(
    {
        "filters": [
            {
                "name": "f",
                "if": 'contains(traits.n, "x") or type != "alias"',
                "actions": [{"type": "DROP_PROPERTIES", "fields": {"traits": ["a.a.a", "phone"]}}],
            }
        ],
        "mappings": [
            {"name": "whole", "trigger": 'type != "page"'},
            {
                "name": "parts",
                "trigger": "traits.n != null or properties.n != null",
                "mapping": {
                    "data": {
                        "flat": {"@flatten": {"value": {"@path": "$.traits"}, "separator": "_"}},
                        "text": {"@json": {"mode": "encode", "value": {"@path": "$.traits"}}},
                        "said": {"@template": "{{traits}} {{properties.n}}"},
                        "rest": {"@excludeWhenNull": {"@path": "$.properties"}},
                    }
                },
            },
        ],
    }
)
# Three levels are those of the batch, its list and the call; one more is that of the traits.
DEEPEST = js_json.MAX_DEPTH - 4
KEYS = st.sampled_from(["n", "phone", "email", "name", "birthday", "address", "ip", "id", "password", "ssn"])
DIGITS = st.sampled_from([1, 16, 400, 4300, 4301, 8600, 20_000]).map("1".__mul__)
SHAPES = [
    "%s",
    "-%s",
    "0.%s",
    "1e%s",
    "-1e%s",
    '"%s"',
    '"+%s"',
    '"a%s@example.com"',
    '"10.0.0.%s"',
    "[%s]",
    '{"x":%s}',
]


def nested(levels: int, pair: str) -> str:
    return (
        pair[0] * levels + "1" + pair[-1] * levels if pair == "[]" else '{"a":' * levels + "1" + "}" * levels
    )


VALUES = st.builds(str.__mod__, st.sampled_from(SHAPES), DIGITS) | st.builds(
    nested, st.sampled_from([1, DEEPEST - 1, DEEPEST]), st.sampled_from(["[]", "{}"])
)
CALLS = st.builds(
    '{{"type":"{}","userId":"u","groupId":"g","event":"e","{}":{{"{}":{}}}}}'.format,
    st.sampled_from(["identify", "group", "track", "page"]),
    st.sampled_from(["traits", "properties"]),
    KEYS,
    VALUES,
)


class Taken:
    """A sink that keeps the receipts."""

    def __init__(self) -> None:
        self.receipts: list[Receipt] = []

    def take(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)


def all_sinks(folder: Path, call: str, setup: Setup = SETUP) -> list[Path]:
    """Send a call through every sink and reader of a run; the recordings that are made of it."""
    body = f'{{"batch":[{call}],"writeKey":"k"}}'.encode()
    files = [folder / name for name in ("keys.jsonl", "people.jsonl", "all.jsonl")]
    rules = Rules(ids="all", allow_list=True)
    makers = [None, People(b"a key of ours", Rules()), People(b"a key of ours", rules)]
    recorders = [
        Recorder(file, setup=setup, people=people) for file, people in zip(files, makers, strict=True)
    ]
    store, taken, pendo = Store(None, setup=setup), Taken(), Records(setup.pendo)
    relay = Relay([*recorders, store, taken], setup=setup)
    relay.receive(SdkRequest("POST", "/v1/batch", body=body))
    for recorder in recorders:
        recorder.close()
    (receipt,) = taken.receipts
    assert receipt.refusal is None
    for row in store.calls.page().calls:
        dumps(row)
    for judged in receipt.each:
        if judged.webhook is not None:
            pendo.apply(js_json.read(judged.webhook.body).value, 0, "call")
            dumps(pendo.state())
        kept = store.calls.one(str(receipt.ref(judged)))
        assert kept is not None
        assert kept.judged.outcome == judged.outcome
        dumps(explained(kept.judged, kept.setup))
        dumps(compared_row(kept.judged, kept.setup))
    store.close()
    return files


@settings(deadline=None, max_examples=60)
@given(CALLS, st.sampled_from([SETUP, DESTINATION]))
def test_a_run_reads_what_it_took(call: str, setup: Setup) -> None:
    with TemporaryDirectory() as folder:
        for file in all_sinks(Path(folder), call, setup):
            assert b'"call"' in file.read_bytes()


# Hypothesis raises the limit of recursion, so these are no properties.
BELOW = 200  # frames: a door stands deep in its frameworks
DEEP = [
    f'{{"type":"{kind}","userId":"u","groupId":"g","event":"e","{name}":{{"n":{nested(DEEPEST, pair)}}}}}'
    for kind, name in (("identify", "traits"), ("group", "traits"), ("track", "properties"))
    for pair in ("[]", "{}")
]


def deep_in_the_stack[T](frames: int, what: Callable[[], T]) -> T:
    return what() if not frames else deep_in_the_stack(frames - 1, what)


@pytest.mark.parametrize("setup", [SETUP, DESTINATION], ids=["default", "destination"])
@pytest.mark.parametrize("call", DEEP, ids=lambda call: call[:30])
def test_the_deepest_call_is_read_from_deep_in_the_stack(tmp_path: Path, call: str, setup: Setup) -> None:
    files = deep_in_the_stack(BELOW, lambda: all_sinks(tmp_path, call, setup))
    for file in files:
        assert b'"call"' in file.read_bytes()


@pytest.mark.parametrize("call", DEEP, ids=lambda call: call[:30])
def test_every_verb_reads_the_deepest_call(tmp_path: Path, call: str) -> None:
    all_sinks(tmp_path, call)
    for verb in VERBS:
        done = invoked(verb, tmp_path, call)
        assert done.exit_code in {0, 1}, (verb, done.output)


VERBS = [
    ("map", "IN"),
    ("explain", "IN"),
    ("explain", "--format", "ndjson", "IN"),
    ("races", "IN"),
    ("races", "--format", "ndjson", "FILE"),
    ("state", "show", "visitor", "u", "--from", "IN"),
    ("check", "FILE"),
    ("diff", "FILE", "FILE"),
    ("recording", "scan", "FILE"),
    ("recording", "export", "--as", "har", "FILE"),
    ("recording", "export", "--as", "curl", "FILE"),
    ("recording", "export", "--as", "pytest", "FILE"),
    ("recording", "merge", "FILE", "-o", "OUT"),
    ("recording", "import", "IN", "-o", "OUT"),
    ("recording", "redact", "FILE"),
    ("replay", "FILE", "--at", "http://127.0.0.1:1", "--dry-run", "--shift-time", "now"),
]


def invoked(verb: tuple[str, ...], folder: Path, call: str) -> Result:
    (folder / "in.json").write_text(call)
    out = folder / "out.jsonl"
    out.unlink(missing_ok=True)
    paths = {"FILE": str(folder / "keys.jsonl"), "IN": str(folder / "in.json"), "OUT": str(out)}
    env = {
        "SEGMENT_PENDO_REDACT_KEY": "a key of ours",
        "SEGMENT_PENDO_URL": "",
        "SEGMENT_PENDO_TRACEBACK": "1",
    }
    return CliRunner().invoke(main, [paths.get(word, word) for word in verb], env=env)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
@settings(deadline=None, max_examples=15)
@given(call=CALLS)
def test_every_verb_reads_what_a_run_took(verb: tuple[str, ...], call: str) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        all_sinks(folder, call)
        done = invoked(verb, folder, call)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    # 1: no such visitor after a page; a find of scan; a change that the importer cannot know
    assert done.exit_code in {0, 1}, done.output


def test_one_level_more_is_refused_at_the_door() -> None:
    receipts = Taken()
    relay = Relay([receipts], setup=SETUP)
    call = f'{{"type":"identify","userId":"u","traits":{{"t":{nested(DEEPEST + 1, "[]")}}}}}'
    reply = relay.receive(SdkRequest("POST", "/v1/batch", body=f'{{"batch":[{call}]}}'.encode())).reply
    assert reply.status == 400


# --- what pytest's export writes of numbers that Python's int refuses ---


def test_a_number_beyond_all_doubles_can_be_expected() -> None:
    with TemporaryDirectory() as folder:
        value = f"[{'1' * 8600}, -{'1' * 8600}, 12345678901234567890]"
        file = all_sinks(Path(folder), f'{{"type":"identify","userId":"u","traits":{{"n":{value}}}}}')[0]
        done = CliRunner().invoke(main, ["recording", "export", "--as", "pytest", str(file)])
    text = done.stdout.partition("traits=")[2].partition("}")[0] + "}"
    assert eval(text) == {"n": [float("inf"), float("-inf"), 12345678901234567890]}
    made: dict[str, Any] = {}
    exec(compile(done.stdout, "made", "exec"), made)
    assert json.dumps(sorted(name for name in made if name.startswith("test_"))) != "[]"
