"""What counts where recorded calls are compared: paths that an app varies in, ids of fresh devices."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.compare import compare
from segment_pendo.recordings.comparing.meaning import DeviceIds, IgnoreError, Known, Meaning, device_ids
from segment_pendo.recordings.files import load
from segment_pendo.recordings.recorder import Mode, Recorder
from segment_pendo.recordings.settings import settings
from segment_pendo.strategies import calls
from segment_pendo.words import SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def device(number: int) -> str:
    return str(UUID(int=0xA1B2C3D4_0000_4000_8000_000000000000 + number))


def record(
    path: Path, *batches: list[dict[str, Any]], ignore: tuple[str, ...] = (), mode: Mode = "over"
) -> Recorder:
    recorder = Recorder(path, setup=Setup(), meaning=Meaning(ignore), mode=mode)
    for number, batch in enumerate(batches):
        request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": batch}).encode())
        recorder.take(assess(request, id=str(number), at=AT, setup=Setup()))
    recorder.close()
    return recorder


def recorded(path: Path) -> list[Any]:
    return [call.call for entry in load(path) for call in entry.calls]


def run_of_the_app(number: int) -> list[dict[str, Any]]:
    """What one run of an app sends that makes values of its own, and starts in a fresh browser."""
    browser, phone = device(number), device(100 + number)
    return [
        {"type": "page", "anonymousId": browser},
        {
            "type": "identify",
            "anonymousId": browser,
            "userId": "c-1",
            "traits": {"plan": "team", "seen": number},
        },
        {"type": "track", "userId": "c-1", "event": "Login", "properties": {"session": {"id": number}}},
        {"type": "identify", "userId": f"test-{number}", "traits": {"plan": "free"}},
        {
            "type": "identify",
            "userId": "c-3",
            "context": {"device": {"id": phone}, "trace": [{"id": number}]},
        },
    ]


VARYING = ("$.traits.seen", "properties.session.id", "$.userId", "context.trace[*].id")


def test_a_run_with_values_of_its_own_keeps_every_line(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, run_of_the_app(1), ignore=VARYING)
    before = file.read_bytes()
    second = record(file, run_of_the_app(2), ignore=VARYING)
    assert (second.done.kept, second.done.new, second.done.gone) == (5, 0, 0)
    assert file.read_bytes() == before


@pytest.mark.parametrize(("left_out", "renewed"), [(path, 1) for path in VARYING[:2]] + [(VARYING[3], 1)])
def test_each_path_is_needed(tmp_path: Path, left_out: str, renewed: int) -> None:
    file, ignore = tmp_path / "r.jsonl", tuple(path for path in VARYING if path != left_out)
    record(file, run_of_the_app(1), ignore=ignore)
    second = record(file, run_of_the_app(2), ignore=ignore)
    assert (second.done.kept, second.done.new) == (5 - renewed, renewed)


def test_new_lines_name_a_device_as_the_old_ones_do(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, [{"type": "page", "anonymousId": device(1)}])
    later = [
        {"type": "page", "anonymousId": device(2)},
        {"type": "page", "name": "new", "anonymousId": device(2)},
    ]
    assert record(file, later).done.new == 1
    assert [call["anonymousId"] for call in recorded(file)] == [device(1), device(1)]
    assert all(device(1) in (call.body or device(1)) for entry in load(file) for call in entry.calls)


def test_two_devices_are_never_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    steps = ["a", "b", "c"]
    record(file, [{"type": "page", "name": step, "anonymousId": device(1)} for step in steps])
    renewing = [
        {"type": "page", "name": step, "anonymousId": device(5 + at)} for at, step in enumerate(steps)
    ]
    second = record(file, renewing)
    assert (second.done.kept, second.done.new) == (1, 2)
    assert len({call["anonymousId"] for call in recorded(file)}) == 3
    back = record(file, [{"type": "page", "name": step, "anonymousId": device(9)} for step in steps])
    assert (back.done.kept, back.done.new) == (1, 2)


def test_adding_and_joining_keep_what_another_device_sent(tmp_path: Path) -> None:
    first, second, out = (tmp_path / name for name in ("a.jsonl", "b.jsonl", "c.jsonl"))
    record(first, [{"type": "page", "anonymousId": device(1), "userId": "u"}])
    record(second, [{"type": "page", "anonymousId": device(2), "userId": "u"}])
    record(first, [{"type": "page", "anonymousId": device(3), "userId": "u"}], mode="add")
    assert len(recorded(first)) == 2
    done = CliRunner().invoke(main, ["recording", "merge", str(first), str(second), "--output", str(out)])
    assert (done.exit_code, len(recorded(out))) == (0, 3)
    arguments = ["recording", "merge", str(first), str(second), "--output", str(tmp_path / "d.jsonl")]
    CliRunner().invoke(main, [*arguments, "--ignore", "anonymousId"])
    assert len(recorded(tmp_path / "d.jsonl")) == 1


def differences(old: list[Any], new: list[Any], folder: Path, *ignore: str) -> list[tuple[str, ...]]:
    for name, batch in (("old", old), ("new", new)):
        record(folder / name, batch)
    made = compare(load(folder / "old"), load(folder / "new"), Meaning(ignore))
    return [(pair.kind, *(path for path, _, _ in pair.changes)) for pair in made.pairs]


def test_the_difference_names_the_fields(tmp_path: Path) -> None:
    assert differences(run_of_the_app(1), run_of_the_app(2), tmp_path) == [
        ("changed", "$.traits.seen"),
        ("changed", "$.properties.session.id"),
        ("changed", "$.userId"),
        ("changed", "$.context.trace[0].id"),
    ]


def test_a_difference_in_who_is_whose_device_is_named(tmp_path: Path) -> None:
    old = [{"type": "page", "name": step, "anonymousId": device(1)} for step in "ab"]
    new = [{"type": "page", "name": step, "anonymousId": device(at)} for at, step in enumerate("ab", start=7)]
    assert differences(old, new, tmp_path) == [("changed", "$.anonymousId")]


def test_a_call_of_another_device_with_another_value_is_a_change_of_both(tmp_path: Path) -> None:
    old = [{"type": "page", "name": step, "anonymousId": device(1), "properties": {"n": 1}} for step in "ab"]
    new = [old[0], old[1] | {"anonymousId": device(2), "properties": {"n": 2}}]
    assert differences(old, new, tmp_path) == [("changed", "$.anonymousId", "$.properties.n")]


def test_an_id_that_nobody_made_at_random_counts(tmp_path: Path) -> None:
    old, new = ([{"type": "page", "anonymousId": id}] for id in ("visitor-1", "visitor-2"))
    assert differences(old, new, tmp_path) == [("changed", "$.anonymousId")]


@pytest.mark.parametrize("path", ["", "$", "traits..", "$.a[", "lastSeen At", "$.*", "$..*", "type"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(IgnoreError, match=r"\$\.traits\.lastSeen"):
        Meaning([path])


PATHS = ["$.traits.*", "$.traits", "$..id", "$[?@.id]", "context.library", "$.nothing.here"]


@given(calls(), st.sampled_from(PATHS))
def test_what_is_ignored_is_taken_out_and_nothing_else_is_touched(call: dict[str, Any], path: str) -> None:
    before, meaning = json.dumps(call), Meaning([path])
    steady = meaning.steady(call)
    assert json.dumps(call) == before
    assert meaning.places(steady) == set() or path == "$[?@.id]"
    if not meaning.places(call):
        assert steady == Meaning().steady(call)


def test_deep_calls_can_be_searched() -> None:
    deep: Any = "end"
    for _ in range(js_json.MAX_DEPTH - 2):
        deep = {"a": deep}
    assert len(Meaning(["$..a"]).places({"traits": deep})) == js_json.MAX_DEPTH - 2


# --- which device is which ---

RUNS = st.lists(st.tuples(st.sampled_from("pq"), st.integers(0, 3)), max_size=12)


@given(RUNS, st.permutations(range(10, 14)))
def test_the_same_calls_from_renamed_devices_are_all_found(
    run: list[tuple[str, int]], names: list[int]
) -> None:
    old: list[tuple[str, Any]] = [(step, {"anonymousId": device(number)}) for step, number in run]
    new: list[tuple[str, Any]] = [(step, {"anonymousId": device(names[number])}) for step, number in run]
    ids = DeviceIds()
    known = Known(ids, ((at, step.encode(), device_ids(call)) for at, (step, call) in enumerate(old)))
    taken = [known.take(step.encode(), device_ids(call)) for step, call in new]
    found = [(was, place) for place, was in enumerate(taken) if was is not None]
    assert len({was for was, _ in found}) == len(found)
    pairs = {(old[was][1]["anonymousId"], new[place][1]["anonymousId"]) for was, place in found}
    assert len({was for was, _ in pairs}) == len({now for _, now in pairs}) == len(pairs)
    # Whoever was found is named as before.
    assert all(ids.in_old_words(new[place][1]) == old[was][1] for was, place in found)


@given(RUNS)
def test_in_order_each_call_finds_its_own(run: list[tuple[str, int]]) -> None:
    ids = DeviceIds()
    old = [
        (at, step.encode(), device_ids({"anonymousId": device(number)}))
        for at, (step, number) in enumerate(run)
    ]
    known = Known(ids, old)
    assert [known.take(mark, of) for _, mark, of in old] == [at for at, _, _ in old]


def test_an_id_that_is_taken_for_another_one_is_not_taken_for_itself() -> None:
    ids, a, b = DeviceIds(), *(device_ids({"anonymousId": device(number)}) for number in (1, 2))
    known = Known(ids, [("first", b"1", a), ("second", b"2", b)])
    assert (known.take(b"1", b), known.take(b"2", b)) == ("first", None)


def test_a_device_with_two_ids_must_fit_in_both() -> None:
    def of(browser: int, phone: int) -> tuple[str, ...]:
        return device_ids({"anonymousId": device(browser), "context": {"device": {"id": device(phone)}}})

    known = Known(DeviceIds(), [("first", b"1", of(1, 11)), ("second", b"2", of(2, 12))])
    assert (known.take(b"1", of(3, 13)), known.take(b"2", of(4, 13))) == ("first", None)


def cli(*arguments: object) -> Any:
    return CliRunner().invoke(main, list(map(str, arguments)))


def test_the_option_and_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, number in (("a.jsonl", 1), ("b.jsonl", 2)):
        record(Path(name), run_of_the_app(number))
    assert cli("diff", "a.jsonl", "b.jsonl").exit_code == 1
    options = [word for path in VARYING for word in ("--ignore", path)]
    assert (cli("diff", "a.jsonl", "b.jsonl", *options).exit_code) == 0
    assert "Nothing was ignored" not in cli("diff", "a.jsonl", "b.jsonl", *options).stderr
    mistaken = cli("diff", "a.jsonl", "b.jsonl", "--ignore", "$.traits.Seen")
    assert "Nothing was ignored by $.traits.Seen: no call has something there." in mistaken.stderr
    Path("segment-pendo.toml").write_text(f"ignore = {json.dumps(VARYING[1:])}\n")
    done = cli("diff", "a.jsonl", "b.jsonl")
    assert (done.exit_code, done.stdout.count("\n    ")) == (1, 1)
    assert cli("diff", "a.jsonl", "b.jsonl", "--ignore", VARYING[0]).exit_code == 0


def test_an_edited_body_is_not_checked_where_it_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record(Path("a.jsonl"), run_of_the_app(1))
    text = Path("a.jsonl").read_text()
    Path("a.jsonl").write_text(text.replace('\\"seen\\":1', '\\"seen\\":2'))
    assert cli("check", "a.jsonl").exit_code == 1
    assert cli("check", "a.jsonl", "--ignore", "$.traits").exit_code == 0
    assert cli("check", "a.jsonl", "--ignore", "$.traits.plan").exit_code == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('ignor = ["a"]', "segment-pendo.toml has no setting 'ignor'; did you mean ignore?"),
        ('ignore = "a"', "segment-pendo.toml: ignore must be a list of JSON paths"),
        ('ignore = ["$.a["]', "the setting ignore: '$.a[' is not a JSONPath"),
        ("redact = 1", "segment-pendo.toml: redact must be a table"),
        ("cdn_settings = 1", "segment-pendo.toml: cdn_settings must be the name of a file"),
        ("mute = 1", "segment-pendo.toml: mute must be a list of codes"),
        ('mute = ["NESTED_IGNORD"]', "mute has no code 'NESTED_IGNORD'; did you mean NESTED_IGNORED?"),
        ('mute = ["zzz"]', "mute: there is no code 'zzz'."),
    ],
)
def test_wrong_settings_end_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    record(Path("a.jsonl"), run_of_the_app(1))
    Path("segment-pendo.toml").write_text(settings)
    done = cli("diff", "a.jsonl", "a.jsonl")
    assert (done.exit_code, words in done.output) == (3, True), done.output


def test_a_wrong_option_ends_with_2(tmp_path: Path) -> None:
    record(tmp_path / "a.jsonl", run_of_the_app(1))
    done = cli("diff", tmp_path / "a.jsonl", tmp_path / "a.jsonl", "--ignore", "$.a[")
    assert (done.exit_code, "--ignore" in done.output) == (2, True)


def test_both_files_of_settings_count_also_from_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        '[tool.segment-pendo]\nignore = ["a"]\nmute = ["ID_SUSPICIOUS"]\n'
        '[tool.segment-pendo.redact]\nids = "users"\n'
    )
    first = 'ignore = ["b"]\ncdn_settings = "config/settings.json"\nmute = ["nested_ignored"]\n'
    (tmp_path / "segment-pendo.toml").write_text(first)
    below = tmp_path / "x" / "y"
    below.mkdir(parents=True)
    for folder in (tmp_path, below):
        monkeypatch.chdir(folder)
        found = settings()
        assert (found.ignore, found.redact.ids) == (["b", "a"], "users")
        assert found.mute == ["NESTED_IGNORED", "ID_SUSPICIOUS"]
        assert found.cdn_settings == str(tmp_path / "config" / "settings.json")
    (tmp_path / "segment-pendo.toml").write_text('[redact]\nids = "all"\n')
    assert (settings().redact.ids, settings().ignore) == ("all", ["a"])
    (tmp_path / "x" / ".git").mkdir()  # another project
    assert (settings().redact.ids, settings().ignore) == ("keep", [])
