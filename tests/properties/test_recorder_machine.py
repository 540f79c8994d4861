"""A recording over many runs: written over, added to, not replaced, wanted by two: it holds what it must."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.check import differences
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import load, load_header
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.lock import InUse
from segment_pendo.recordings.recorder import Mode, Recorder
from segment_pendo.words import SdkRequest

AT = datetime(2024, 5, 9, tzinfo=UTC)
CALLS = st.builds(
    lambda kind, user, n: {"type": kind, "userId": user, "traits": {"n": n}},
    st.sampled_from(["identify", "page"]),
    st.just("a"),
    st.integers(0, 1),
)
BATCHES = st.lists(st.lists(CALLS, min_size=1, max_size=3), max_size=3)


def text(call: Any) -> str:
    return json.dumps(call, sort_keys=True)


class Recordings(RuleBasedStateMachine):
    """Runs on one file; `calls` is what it must hold, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.file = Path(self.folder.name, "r.jsonl")
        self.calls: list[str] = []

    @rule(mode=st.sampled_from(["over", "add"]), batches=BATCHES, replacing=st.booleans())
    def run(self, *, mode: Mode, batches: list[list[Any]], replacing: bool) -> None:
        recorder = Recorder(self.file, setup=Setup(), mode=mode)
        over = recorder.target != self.file.resolve()
        with pytest.raises(InUse):
            Recorder(self.file, setup=Setup(), mode=mode)
        for batch in batches:
            body = json.dumps({"batch": batch}).encode()
            request = SdkRequest("POST", "/v1/batch", body=body)
            recorder.take(assess(request, id="r", at=AT, setup=Setup()))
        recorder.close(replacing=replacing)
        came = [text(call) for batch in batches for call in batch]
        if mode == "add":
            left = Counter(self.calls)
            for call in came:
                if left[call] > 0:
                    left[call] -= 1
                else:
                    self.calls.append(call)
        elif came and (replacing or not over):
            self.calls = came
        if recorder.kept_in is not None:
            recorder.kept_in.unlink()

    @invariant()
    def holds_what_it_must(self) -> None:
        if not self.file.exists():
            return
        judge, found = Judge(load_header(self.file).setup), []
        for entry in load(self.file):
            for call, judged in zip(entry.calls, judge.entry(entry), strict=True):
                found.append(text(call.call))
                assert list(differences(call, judged, Meaning())) == []
        assert found == self.calls
        assert [path.name for path in self.file.parent.iterdir()] == ["r.jsonl"]

    def teardown(self) -> None:
        self.folder.cleanup()


TestRecordings = Recordings.TestCase
TestRecordings.settings = settings(max_examples=40, stateful_step_count=8, deadline=None)
