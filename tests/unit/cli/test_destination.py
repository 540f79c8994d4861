"""The destination file at the command line: the option, the project's settings, `init`."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from destinations import TWO

from segment_pendo.cli import main

FIXTURES = Path(__file__).parents[3] / "fixtures" / "destinations"
IDENTIFY = '{"type": "identify", "userId": "u", "traits": {"plan": "pro"}}'
TRACK = '{"type": "track", "userId": "u", "event": "E"}'
ONLY_TRACK: Any = {"mappings": [{"trigger": 'type = "track"'}]}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, in which commands run."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: object, stdin: str = IDENTIFY) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def rows(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def written(project: Path, value: Any, name: str = "destination.json") -> Path:
    file = project / name
    file.write_text(json.dumps(value))
    return file


def test_each_mapping_gives_a_row(project: Path) -> None:
    done = invoke("map", "--destination", written(project, TWO))
    assert done.exit_code == 0, done.stderr
    assert [row["mapping"] for row in rows(done)] == ["all", "plan"]
    assert "destination: " in done.stderr, "traits.plan != null means that it exists"


def test_the_projects_settings_name_it_from_where_they_are(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "deep").mkdir()
    written(project, ONLY_TRACK, "deep/pendo.json")
    (project / "segment-pendo.toml").write_text('destination = "deep/pendo.json"\n')
    monkeypatch.chdir(project / "deep")
    assert [row["outcome"] for row in rows(invoke("map", stdin=TRACK))] == ["webhook"]
    assert [row["code"] for row in rows(invoke("map"))] == ["NO_MATCHING_MAPPING"]


def test_an_option_that_says_it_too_wins_over_the_settings_and_says_so(project: Path) -> None:
    written(project, ONLY_TRACK)
    (project / "segment-pendo.toml").write_text('destination = "destination.json"\n')
    done = invoke("map", "--track")
    assert [row["outcome"] for row in rows(done)] == ["webhook"]
    assert done.stderr == ("The destination file of the project's settings is not used: --track is given.\n")


def test_said_by_options_twice_it_is_refused(project: Path) -> None:
    done = invoke("map", "--track", "--destination", written(project, TWO))
    assert done.exit_code == 2
    assert "--track: the destination file says this; change it there." in done.stderr


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "this is not JSON"),
        ('{"mapings": []}', "did you mean mappings?"),
        ('{"mappings": [{"mapping": {"data": {"@pth": "$."}}}]}', "$.mappings[0].mapping"),
        ('{"plan": "no.json"}', "its plan"),
        ('{"function": "no.js"}', "there is no file"),
    ],
)
def test_a_file_that_cannot_be_used_ends_with_3_and_its_name(project: Path, content: str, says: str) -> None:
    file = project / "destination.json"
    file.write_text(content)
    done = invoke("map", "--destination", file)
    assert done.exit_code == 3
    assert says in done.stderr
    assert "destination" in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there_is_told(project: Path) -> None:
    done = invoke("map", "--destination", project / "none.json")
    assert done.exit_code == 3
    assert "segment-pendo init" in done.stderr


def test_what_a_running_one_did_cannot_be_explained_with_another(project: Path) -> None:
    done = invoke("explain", "--call", "r.0", "--destination", written(project, TWO))
    assert done.exit_code == 2
    assert "--destination cannot change what a running segment-pendo did" in done.stderr


def test_without_ingest_values_are_what_function_and_trigger_see(project: Path) -> None:
    filters = [{"name": "all", "if": "all", "actions": [{"type": "DROP"}]}]
    file = written(project, {"filters": filters, "consent": ["Ads"]})
    event = '{"type":"identify","userId":"u","integrations":{"All":false},"n":1.0}'
    assert [row["code"] for row in rows(invoke("map", "--destination", file, stdin=event))] == [
        "FILTERED_BY_INTEGRATIONS_OBJECT"
    ]
    (row,) = rows(invoke("map", "--no-ingest", "--destination", file, stdin=event))
    assert row["body"] == '{"type":"identify","userId":"u","integrations":{"All":false},"n":1}'


# --- init ---


def test_init_writes_what_segment_proposes_once(project: Path) -> None:
    done = invoke("init", "destination.json")
    assert done.exit_code == 0
    file = project / "destination.json"
    value = json.loads(file.read_text())
    assert value["mappings"][0]["trigger"] == 'type = "identify" or type = "group"'
    assert rows(invoke("map", "--destination", file))[0]["body"] is not None
    again = invoke("init", "destination.json")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    file.write_text("mine")
    assert invoke("init", "destination.json", "--force").exit_code == 0
    assert json.loads(file.read_text()) == value


def test_init_takes_one_of_terraforms_destinations_and_says_what_it_left_out(project: Path) -> None:
    dump = FIXTURES / "terraform-show.json"
    several = invoke("init", "--from", dump)
    assert several.exit_code == 3
    assert "it holds 2 webhook destinations" in several.stderr
    assert not (project / "destination.json").exists()
    done = invoke("init", "mine.json", "--from", dump, "--named", "Pendo")
    assert done.exit_code == 0, done.stderr
    text = (project / "mine.json").read_text()
    assert len(json.loads(text)["mappings"]) == 2
    assert "url" not in json.loads(text)["mappings"][0]["mapping"]
    assert "is left out" in done.stderr
    assert invoke("map", "--destination", project / "mine.json").exit_code == 0


def test_a_name_without_a_dump_is_refused(project: Path) -> None:
    assert invoke("init", "--named", "Pendo").exit_code == 2
    assert list(project.iterdir()) == [project / ".git"]


def test_to_stdout(project: Path) -> None:
    assert json.loads(invoke("init", "-").stdout)["kind"] == "actions"
    assert list(project.iterdir()) == [project / ".git"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "dump.json is an empty object: it says nothing of a destination; nothing was written."),
        ("[1]", "dump.json: this is a list without answers of the Public API."),
        ('"abc"', "dump.json: this is no JSON object."),
        ('{"name": "app", "version": "1"}', "dump.json: a destination has no member 'name'"),
    ],
)
def test_init_takes_no_destination_from_what_is_none(project: Path, content: str, says: str) -> None:
    (project / "dump.json").write_text(content)
    (project / "destination.json").write_text("as it was")
    done = invoke("init", "--from", "dump.json", "--force")
    assert (done.exit_code, says in done.stderr) == (3, True), done.stderr
    assert (project / "destination.json").read_text() == "as it was"


def test_an_empty_destination_file_is_the_default(project: Path) -> None:
    (row,) = rows(invoke("map", "--destination", written(project, {}), "-"))
    assert row["outcome"] == "webhook"
