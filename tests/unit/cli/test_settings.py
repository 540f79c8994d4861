"""The settings of a project at the command line: their order, `config show`, `init`."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from destinations import TWO

from segment_pendo.cli import main
from segment_pendo.serve.sdks import sdks

TRACK = '{"type": "track", "userId": "u", "event": "E"}'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, in which commands run."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str, stdin: str = TRACK, **environment: str) -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, env=environment)


def codes(done: Result) -> list[str | None]:
    assert done.exit_code == 0, done.stderr
    return [json.loads(line)["code"] for line in done.stdout.splitlines()]


def shown(**environment: str) -> dict[str, Any]:
    done = invoke("config", "show", "--format", "json", **environment)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


def test_a_setting_is_below_the_environment_and_flags_and_above_our_default(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.segment-pendo]\ntrack = false\n")
    assert codes(invoke("map")) == ["NO_MATCHING_MAPPING"]
    (project / "segment-pendo.toml").write_text("track = true\n")
    assert codes(invoke("map")) == [None]
    assert codes(invoke("map", SEGMENT_PENDO_MAP_TRACK="0")) == ["NO_MATCHING_MAPPING"]
    assert codes(invoke("map", "--track", SEGMENT_PENDO_MAP_TRACK="0")) == [None]


def test_what_settings_say_gives_way_to_a_destination_file_that_is_named(project: Path) -> None:
    (project / "segment-pendo.toml").write_text('track = true\nwebhook = "classic"\n')
    (project / "d.json").write_text(json.dumps(TWO))
    assert codes(invoke("map", "--destination", "d.json"))


def test_the_port_is_that_of_run_and_the_others_ask_there(project: Path) -> None:
    (project / "segment-pendo.toml").write_text("port = 9\n")
    assert "[default: 9;" in invoke("run", "--help").stdout
    assert "127.0.0.1:9:" in invoke("calls", "list").stderr
    assert "127.0.0.1:8:" in invoke("calls", "list", SEGMENT_PENDO_URL="http://127.0.0.1:8").stderr


def test_a_wrong_setting_ends_each_verb_that_goes_by_it_with_3(project: Path) -> None:
    (project / "segment-pendo.toml").write_text("tracks = true\n")
    for verb in (("map",), ("run", "--no-proxy"), ("config", "show"), ("init",)):
        done = invoke(*verb)
        assert (done.exit_code, "did you mean track?" in done.stderr) == (3, True), verb


def test_config_show_says_where_each_value_comes_from(project: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.segment-pendo]\nport = 4200\nignore = ["$.a"]\n')
    (project / "segment-pendo.toml").write_text('ignore = ["$.b"]\n')
    rows = {row["name"]: (row["value"], row["source"]) for row in shown()["settings"]}
    assert rows["port"] == (4200, "pyproject.toml")
    assert rows["ignore"] == (["$.b", "$.a"], "segment-pendo.toml, pyproject.toml")
    assert rows["webhook"] == ("actions", "default")
    text = invoke("config", "show").stdout
    assert all(name in text for name in rows)


def test_config_show_shows_variables_but_no_secret_and_nothing_of_what_it_does_not_know(
    project: Path,
) -> None:
    given = {
        "SEGMENT_PENDO_API_KEY": "hush-1",
        "SEGMENT_PENDO_RUN_PORT": "4300",
        "SEGMENT_PENDO_RUN_TO": "hush-2",
        "SEGMENT_PENDO_RUN_TRAK": "hush-3",
    }
    for style in ("text", "json"):
        assert "hush" not in invoke("config", "show", "--format", style, **given).stdout
    rows = {row["name"]: (row["value"], row["source"]) for row in shown(**given)["environment"]}
    assert rows["SEGMENT_PENDO_API_KEY"] == ("set", "environment (a secret)")
    assert rows["SEGMENT_PENDO_RUN_PORT"] == ("4300", "environment, as --port")
    assert rows["SEGMENT_PENDO_RUN_TRAK"][1].endswith("did you mean SEGMENT_PENDO_RUN_TRACK?")


# --- init ---

MANIFESTS = {
    "Python": ("requirements-dev.txt", "segment-analytics-python[proxy]>=2\n"),
    "Node": ("services/api/package.json", '{"dependencies": {"@segment/analytics-node": "2"}}'),
    "Browser": ("package.json", '{"devDependencies": {"@segment/analytics-next": "1"}}'),
    "RudderStack, browser": (
        "apps/web/package.json",
        '{"dependencies": {"@rudderstack/analytics-js": "3"}}',
    ),
    "Ruby": ("Gemfile", "gem 'analytics-ruby', require: 'segment/analytics'\n"),
    "Go": ("go.mod", "require github.com/segmentio/analytics-go/v3 v3.3.0\n"),
    "PHP": ("composer.json", '{"require": {"segmentio/analytics-php": "^3"}}'),
    "Java": ("pom.xml", "<groupId>com.segment.analytics.java</groupId>"),
    ".NET": ("App/App.csproj", '<PackageReference Include="Segment.Analytics.CSharp" Version="2.5.4" />'),
    "iOS": ("ios/Podfile", "pod 'AnalyticsSwift'"),
    "Android": ("app/build.gradle.kts", 'implementation("com.segment.analytics.kotlin:android:1.16.0")'),
    "React Native": ("mobile/package.json", '{"dependencies": {"@segment/analytics-react-native": "2"}}'),
}


def test_init_finds_each_sdk_by_its_package_file_and_prints_the_line_that_points_it_here(
    project: Path,
) -> None:
    for path, text in MANIFESTS.values():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    done = invoke("init", "--port", "4200")
    told = done.stdout.splitlines()
    heads = [line for line in told if not line.startswith("    ")][:-1]
    assert [head.partition(":")[0] for head in heads] == [sdk.name for sdk in sdks() if sdk.packages]
    assert {head.partition(":")[0]: head.split(" in ")[1].split(";")[0] for head in heads} == {
        name: path for name, (path, _) in MANIFESTS.items()
    }
    assert '    analytics.host = "http://127.0.0.1:4200"' in told
    assert "{{" not in done.stdout


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("node_modules/x/package.json", '{"dependencies": {"@segment/analytics-node": "2"}}'),
        ("package.json", '{"dependencies": {"@segment/analytics-node-plugin": "2"}}'),
        ("package.json", '{"dependencies": {"@mine/analytics-node.js": "2"}}'),
        ("requirements.txt", "# segment-analytics-python is no longer needed\nmy-segment-analytics-python\n"),
        ("go.mod", "require example.com/github.com/segmentio/analytics-golang v1\n"),
    ],
)
def test_what_is_no_sdk_of_the_project_is_not_named(project: Path, path: str, text: str) -> None:
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text(text)
    assert "No SDK of Segment's is named" in invoke("init").stdout


@pytest.mark.parametrize("name", ["segment-pendo.toml", "pyproject.toml"])
def test_init_writes_the_settings_once_and_keeps_what_is_there(project: Path, name: str) -> None:
    before = '[project]\nname = "shop"' if name == "pyproject.toml" else ""
    if before:
        (project / name).write_text(before)
    done = invoke("init", "--track", "--mute", "ID_INVALID", "--ignore", '$["a \\" b"]')
    assert f"Wrote {name}." in done.stderr
    text = (project / name).read_text()
    assert text.startswith(before)
    value = tomllib.loads(text)
    table = value["tool"]["segment-pendo"] if before else value
    assert table == {"track": True, "mute": ["ID_INVALID"], "ignore": ['$["a \\" b"]']}
    again = invoke("init", "--port", "1")
    assert (again.exit_code, "Add there: port = 1" in again.stderr) == (2, True)
    assert invoke("init").exit_code == 0
    assert (project / name).read_text() == text


def test_what_init_leaves_out_is_there_to_be_uncommented(project: Path) -> None:
    assert invoke("init").exit_code == 0
    text = (project / "segment-pendo.toml").read_text()
    for line in text.splitlines():
        (project / "segment-pendo.toml").write_text(line.removeprefix("# "))
        name = line.removeprefix("# ").partition(" ")[0]
        (row,) = [row for row in shown()["settings"] if row["name"] == name]
        assert row["source"] == "segment-pendo.toml"


@pytest.mark.parametrize(
    ("line", "words", "code"),
    [
        ("--mute NOPE", "there is no code 'NOPE'", 3),
        ("--ignore $.a[", "the setting ignore", 3),
        ("--track --destination d.json", "the destination file says", 3),
        ("--force", "init destination.json --force", 2),
        ("d.json --track", "leave FILE and --from out", 2),
    ],
)
def test_what_init_cannot_write_it_does_not(project: Path, line: str, words: str, code: int) -> None:
    done = invoke("init", *line.split())
    assert (done.exit_code, words in done.stderr) == (code, True), done.stderr
    assert [path.name for path in project.iterdir()] == [".git"]
