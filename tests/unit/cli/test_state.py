"""`state`: shown, compared with another state, compared with a (loopback) Pendo; `finding CODE`."""

import json
from pathlib import Path
from typing import Any

import pytest
from background import background
from click.testing import CliRunner, Result

from segment_pendo.base.times import parse
from segment_pendo.cli import main
from segment_pendo.explain.prediction import Event, compared
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.api.inspector import Inspector
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, SdkRequest

CALLS = """{"type":"identify","userId":"u-1","traits":{"plan":"pro","address":{"city":"Brno"},"tags":["a"]}}
{"type":"group","userId":"u-1","groupId":"acme","traits":{"name":"Initech"}}
{"type":"identify","userId":"u-1","traits":{"plan":"free"}}
{"type":"identify","anonymousId":"a-1","traits":{"plan":"free"}}
"""


def invoke(*words: Any, **env: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=env)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    file = tmp_path / "calls.jsonl"
    file.write_text(CALLS, "utf-8")
    return file


def test_show_tells_who_would_be_there(calls: Path) -> None:
    done = invoke("state", "show", "--from", calls)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "1 visitor, 1 account, 0 track events, 1 webhook without effect",
        "visitor u-1  2 fields  accounts acme",
        "account acme  1 field",
        "nothing came of identify line 4: there is no userId, which is Pendo's visitor ID",
    ]


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("U-1", "There is u-1; ids are case-sensitive."),
        ("u-11", "It would hold 1 visitor; the nearest is u-1."),
        ("zz", "It would hold 1 visitor."),
    ],
)
def test_of_an_unknown_id_the_nearest_is_named(calls: Path, record: str, says: str) -> None:
    done = invoke("state", "show", "visitor", record, "--from", calls)
    assert (done.exit_code, done.stderr) == (1, f"Error: Pendo would hold no visitor {record}. {says}\n")


def test_white_space_around_an_id_can_be_seen(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text('{"type":"group","userId":"u-1 ","groupId":" acme","traits":{"name":"Initech"}}', "utf-8")
    assert invoke("state", "show", "--from", file).stdout.splitlines()[1:] == [
        'visitor "u-1 "  0 fields  accounts " acme"',
        'account " acme"  1 field',
    ]
    missing = invoke("state", "show", "visitor", "u-2 ", "--from", file)
    assert 'no visitor "u-2 "' in missing.stderr


def test_show_tells_a_record_and_which_call_set_it(calls: Path) -> None:
    lines = invoke("state", "show", "visitor", "u-1", "--from", calls, "--history").stdout.splitlines()
    assert [line.split()[:4] for line in lines if line.startswith(" plan")] == [
        ["plan", '"pro"', "line", "1"],
        ["plan", '"free"', "line", "3"],
    ]
    plain = invoke("state", "show", "account", "acme", "--from", calls).stdout
    assert "Initech" in plain
    record = json.loads(invoke("state", "show", "visitor", "u-1", "--from", calls, "--format", "json").stdout)
    assert record["accountIds"] == ["acme"]


def test_show_says_what_is_missing(calls: Path, tmp_path: Path) -> None:
    done = invoke("state", "show", "visitor", "U-1", "--from", calls)
    assert done.exit_code == 1
    assert "There is u-1; ids are case-sensitive." in done.stderr
    assert invoke("state", "show", "visitor", "--from", calls).exit_code == 2
    assert invoke("state", "show", "--from", tmp_path / "nothing").exit_code == 2
    (tmp_path / "junk").write_text("no json")
    assert invoke("state", "show", "--from", tmp_path / "junk").exit_code == 3
    assert invoke("state", "show", "--from", "http://127.0.0.1:9").exit_code == 4


def test_a_saved_state_and_a_model_differ_from_the_calls(calls: Path, tmp_path: Path) -> None:
    saved = tmp_path / "before.json"
    saved.write_text(invoke("state", "show", "--from", calls, "--format", "json").stdout, "utf-8")
    assert invoke("state", "diff", saved, calls).stdout == "No difference.\n"
    done = invoke("state", "diff", saved, calls, "--assume", "nested=underscore", "--format", "json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == [
        {
            "kind": "visitor",
            "id": "u-1",
            "path": "$.metadata.segmentio.address_city",
            "before": "(absent)",
            "after": '"Brno"',
        }
    ]
    (tmp_path / "none.jsonl").write_text("")
    everything = json.loads(
        invoke("state", "diff", calls, tmp_path / "none.jsonl", "--format", "json").stdout
    )
    assert [(one["kind"], one["id"], one["path"], one["after"]) for one in everything] == [
        ("visitor", "u-1", "$", "(absent)"),
        ("account", "acme", "$", "(absent)"),
    ]


def events() -> list[Event]:
    return [Event(json.loads(line), 1, "c") for line in CALLS.splitlines()]


@pytest.mark.parametrize(
    ("other", "verdicts"),
    [
        ({}, {}),
        ({"nested": "dot"}, {"segmentio.address.city": ("more", ("nested=dot",))}),
        ({"group_visitor": "ignored"}, {"accountIds": ("missing", ("group_visitor=ignored",))}),
        (
            {"absent_traits": "removed"},
            {"segmentio.tags": ("missing", ("absent_traits=removed", "list=ignored"))},
        ),
        ({"list": "text"}, {"segmentio.tags": ("differs", ("list=text",))}),
    ],
)
def test_a_difference_names_the_switch_that_explains_it(
    other: dict[str, str], verdicts: dict[str, Any]
) -> None:
    """Somebody else's Pendo, which reads one rule otherwise."""
    pendo = Records(PendoSwitches(**other))
    for event in events():
        pendo.apply(event.body, event.at, event.call)
    found = compared("visitor", "u-1", events(), pendo.visitor("u-1"))
    assert {one.field: (one.verdict, one.switches) for one in found if one.verdict != "same"} == verdicts


def test_a_record_that_pendo_lacks() -> None:
    found = compared("visitor", "u-1", events(), None)
    assert {one.verdict for one in found} == {"missing"}
    assert found[0].switches == ("eventless=hidden",)
    assert compared("visitor", "nobody", events(), None) == []


def test_compare_asks_a_pendo_with_its_key_and_never_shows_it(calls: Path) -> None:
    answers = Answers(PendoSwitches(nested="underscore"), integration_key="secret-key")
    pendo = LoopbackPendo(answers=answers)
    for line in CALLS.splitlines():
        pendo.pendo.apply(json.loads(line), 1)
    with background(pendo.routes()) as url:
        visitor = ["state", "compare", "visitor", "u-1", "--to", url, "--from", calls]
        refused = invoke(*visitor, SEGMENT_PENDO_INTEGRATION_KEY="wrong-key")
        assert refused.exit_code == 3
        assert "wrong-key" not in refused.output
        done = invoke(*visitor, SEGMENT_PENDO_INTEGRATION_KEY="secret-key")
        assert done.exit_code == 0, done.output
        lines = [line.split() for line in done.stdout.splitlines() if "address_city" in line]
        assert lines[0][1:] == ["(absent)", '"Brno"', "only", "in", "Pendo"]
        assert "segmentio.address_city would be predicted with --assume nested=underscore.\n" in done.stdout
        assert "secret-key" not in done.output
        same = [*visitor, "--assume", "nested=underscore", "--format", "json"]
        rows = json.loads(invoke(*same, SEGMENT_PENDO_INTEGRATION_KEY="secret-key").stdout)
        assert {row["verdict"] for row in rows} == {"same"}
        early = invoke(
            "state",
            "compare",
            "account",
            "acme",
            "--to",
            url,
            "--from",
            calls,
            SEGMENT_PENDO_INTEGRATION_KEY="secret-key",
        )
        assert early.exit_code == 0
        nobody = invoke(
            "state",
            "compare",
            "account",
            "nobody",
            "--to",
            url,
            "--from",
            calls,
            SEGMENT_PENDO_INTEGRATION_KEY="secret-key",
        )
        assert nobody.exit_code == 1
    assert (
        invoke(
            "state",
            "compare",
            "visitor",
            "u-1",
            "--to",
            "us",
            "--from",
            calls,
            SEGMENT_PENDO_INTEGRATION_KEY="",
        ).exit_code
        == 3
    )
    assert invoke("state", "compare", "visitor", "u-1", "--to", "mars", "--from", calls).exit_code == 3


# --- finding ---


def test_finding_explains_a_code_in_whatever_case() -> None:
    done = invoke("finding", "nested_ignored")
    assert done.exit_code == 0
    for word in (
        "NESTED_IGNORED (warning)",
        "Pendo ignores objects",
        "address_city",
        "Pendo's browser agent",
        '{"type":"identify"',
    ):
        assert word in done.stdout
    assert "why a call is skipped" in invoke("finding", "no_user_anon_id").stdout
    wrong = invoke("finding", "NESTED_IGNORDE")
    assert (wrong.exit_code, "Did you mean NESTED_IGNORED?" in wrong.stderr) == (2, True)


def test_finding_explains_rules_and_switches() -> None:
    assert invoke("finding", "pendo 1.38").stdout.startswith("pendo 1.38: there is no userId")
    assert invoke("finding", "3.20").stdout.splitlines()[1] == "  Pendo's code: Pendo's browser agent 2.291.4"
    assert invoke("finding", "w-20").stdout.startswith("W-20: The body is the whole event")
    assert "--assumptions" not in invoke("finding", "nested", "--assumptions").stdout
    assert "underscore" in invoke("finding", "nested").stdout


def test_finding_lists_codes_and_switches() -> None:
    everything = invoke("finding").stdout
    assert all(
        code in everything for code in ("KEY_CASE_COLLISION", "IDENTIFY_NO_ACCOUNT", "NO_MATCHING_MAPPING")
    )
    models = invoke("finding", "--assumptions").stdout
    assert "context_merge:" in models
    assert "nested:" in models


# --- sources ---


def test_a_long_file_forgets_nobody(tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text(
        "".join(
            f'{{"type":"identify","userId":"u-{number}","traits":{{"a":1}}}}\n' for number in range(10_500)
        ),
        "ascii",
    )
    assert (
        json.loads(invoke("state", "show", "visitor", "u-0", "--from", file, "--format", "json").stdout)["id"]
        == "u-0"
    )


def test_a_recording_is_predicted_with_the_models_that_it_was_recorded_with(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    setup = Setup(track=True, pendo=PendoSwitches(key_case="sent", anonymous="visitor"))
    recorder = Recorder(file, setup=setup)
    body = b'{"batch": [{"type": "identify", "anonymousId": "a", "traits": {"planName": 1}}]}'
    at = parse("2024-05-09T10:00:00Z")
    assert at is not None
    recorder.take(assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=at, setup=setup))
    recorder.close()
    shown = json.loads(invoke("state", "show", "--from", file, "--format", "json").stdout)
    assert shown["visitors"]["_PENDO_T_a"]["metadata"]["segmentio"] == {"planName": 1}
    assert (
        json.loads(
            invoke("state", "show", "--from", file, "--format", "json", "--assume", "key_case=sent").stdout
        )["visitors"]
        == {}
    )


@pytest.mark.parametrize(
    "text",
    [
        '{"visitors":{}}',
        '{"visitors":{"a":5},"accounts":{},"events":[],"nothing":[]}',
        '{"visitors":{"a":{"metadata":{}}},"accounts":{}}',
    ],
)
def test_what_is_no_state_is_an_error_and_no_traceback(text: str, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text(text)
    for words in (["show"], ["show", "visitor", "a"]):
        done = invoke("state", *words, "--from", tmp_path / "s.json")
        assert (done.exit_code, done.stderr.startswith("Error: ")) == (3, True)


def test_a_saved_state_holds_no_calls_to_compare(calls: Path, tmp_path: Path) -> None:
    saved = tmp_path / "s.json"
    saved.write_text(invoke("state", "show", "--from", calls, "--format", "json").stdout, "utf-8")
    done = invoke("state", "compare", "visitor", "u-1", "--to", "http://127.0.0.1:9", "--from", saved)
    assert done.exit_code == 3
    assert "give the calls or the recording" in done.stderr


def test_a_password_in_a_url_is_refused_and_not_shown() -> None:
    for words in (["state", "show", "--from"], ["explain", "--call", "1", "--url"]):
        done = invoke(*words, "http://user:s3cret@127.0.0.1:9")
        assert done.exit_code == 2
        assert "s3cret" not in done.output


def test_compare_minds_the_setting_for_track_calls() -> None:
    track = [Event({"type": "track", "userId": "t", "event": "e"}, 1, "c")]
    assert compared("visitor", "t", track, None, track=False) == []
    assert compared("visitor", "t", track, None)[0].verdict == "missing"


def test_a_change_of_the_current_account_is_a_difference(tmp_path: Path) -> None:
    def file(name: str, *groups: str) -> Path:
        path = tmp_path / name
        path.write_text("".join(f'{{"type":"group","userId":"u","groupId":"{group}"}}\n' for group in groups))
        return path

    done = invoke("state", "diff", file("a", "x", "y"), file("b", "x", "y", "x"), "--format", "json")
    assert [one["path"] for one in json.loads(done.stdout)] == ["$.metadata.auto.accountid"]


def test_every_page_of_a_running_instance_is_read() -> None:
    batch = [{"type": "identify", "userId": f"u-{number}", "traits": {"a": number}} for number in range(1500)]
    body = json.dumps({"batch": batch}).encode()

    def routes() -> Any:
        store = Store(None, setup=Setup())  # made in the thread that serves
        receipt = Relay([store], setup=Setup()).receive(SdkRequest("POST", "/v1/batch", body=body))
        for judged in receipt.judged[1:]:
            store.outbox.attempted(receipt.ref(judged), Attempt(1, receipt.at, 200, "", "delivered"))
        return [*Inspector(store).routes(), *LoopbackPendo().routes()]

    with background(routes) as url:
        done = invoke("state", "compare", "visitor", "u-1499", "--to", url, "--from", url, "--format", "json")
        assert [(row["field"], row["verdict"]) for row in json.loads(done.stdout)] == [
            ("the record", "missing"),
            ("segmentio.a", "missing"),
        ]
        assert done.exit_code == 1
        told = invoke("state", "compare", "visitor", "u-1499", "--to", url, "--from", url)
        assert told.stdout.startswith("Pendo has no visitor u-1499.")
        assert "1 webhook at http" in told.stderr
        assert "not delivered, and so left out" in told.stderr
        # This instance delivers to another Pendo than its own: what it holds is what was delivered.
        shown = json.loads(invoke("state", "show", "--from", url, "--format", "json").stdout)
        assert len(shown["visitors"]) == 1499
