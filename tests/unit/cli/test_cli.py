"""The command line without a listener."""

import errno
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from segment_pendo.base.prose import plain
from segment_pendo.cli import VERBS, main

KEY = "0123abcd-0000-1111-2222-0123456789ab"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str) -> None:
    done = CliRunner().invoke(main, [verb, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: main {verb}")


def test_a_mistyped_verb_is_guessed() -> None:
    done = CliRunner().invoke(main, ["reply"])
    assert done.exit_code == 2
    assert "Did you mean 'replay'?" in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "--to", "mars"], 3, "one of us, eu, us1, jp, au"),
        (["run", "--to", "us"], 3, "SEGMENT_PENDO_API_KEY"),
        (["run", "--to", "http://pendo.example"], 3, "plain http is for loopback only"),
        (["run", "--port", "70000"], 2, "70000"),
        (["run", "--record", "--", "true"], 2, "a file name is missing before"),
        (["run", "--segment-host", "https://x.y/z"], 2, "is not a host name"),
        (["run", "--fault", "on=pendo,stauts=503"], 2, "did you mean status?"),
        (["run", "--fault", '{"match": {"usr": 1}}'], 2, "match has no key 'usr'; did you mean user?"),
        (["run", "--seed", "x"], 2, "'x' is not a whole number from 0\n"),
        (["run", "--port", "x"], 2, "'x' is not a whole number from 0 to 65535\n"),
        (["run", "--concurrency", "0"], 2, "'0' is not a whole number from 1 to 256\n"),
        (["run", "--rate", "nan"], 2, "'nan' is not a finite number from 0.001\n"),
        (["replay", "--seed", "x", __file__], 2, "'x' is not a whole number\n"),
        (["calls", "wait", "--timeout", "soon"], 2, "'soon' is not a finite number from 0 to "),
        (["pendo", "--fault", "on=segment"], 2, "this verb stands in for Pendo only"),
        (["run", "--", "./nothing-here"], 8, "there is no such file"),
        (["run", "--port", "0", "--store", "/dev/null/x"], 4, "/dev/null/x"),
        (["replay", "no-such-file"], 2, "no-such-file"),
        (["replay", __file__], 3, "This is not JSON"),
    ],
)
def test_mistakes_end_with_their_code_and_a_sentence(arguments: list[str], code: int, words: str) -> None:
    done = CliRunner().invoke(main, arguments, env={"SEGMENT_PENDO_API_KEY": None, "CI": None})
    assert (done.exit_code, words in done.output) == (code, True), done.output


@pytest.mark.parametrize("verb", [["run"], ["replay", "fixtures/recordings/segment-analytics-python.jsonl"]])
def test_ci_does_not_reach_a_real_pendo_by_itself(verb: list[str]) -> None:
    for value, code in (("true", 7), ("false", 3), (None, 3)):
        environment = {"SEGMENT_PENDO_API_KEY": None, "CI": value}
        done = CliRunner().invoke(main, [*verb, "--to", "eu"], env=environment)
        assert done.exit_code == code, done.output
        assert ("this is CI, and data.eu.pendo.io is a real Pendo" in done.output) == (code == 7)
    environment = {"SEGMENT_PENDO_API_KEY": None, "CI": "true"}
    done = CliRunner().invoke(main, [*verb, "--to", "eu", "--allow-production"], env=environment)
    assert "Pendo's API key is missing" in done.output


def test_no_real_pendo_is_made_to_fail() -> None:
    done = CliRunner().invoke(
        main, ["run", "--to", "us", "--fault", "on=pendo"], env={"SEGMENT_PENDO_API_KEY": KEY, "CI": None}
    )
    said = " ".join(done.output.split())
    assert (done.exit_code, "webhooks go to data.pendo.io" in said) == (2, True), said


def test_a_key_file_is_read_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("white space\n")
    line = ["run", "--to", "us", "--allow-production", "--api-key-file", str(file)]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 3
    assert "white space or control" in done.output
    file.write_bytes(b"\xff\xfe")
    assert CliRunner().invoke(main, line).exit_code == 3


def test_options_come_from_the_environment_too(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        main, ["map"], input='{"type":"track","userId":"u","event":"e"}', env={"SEGMENT_PENDO_MAP_TRACK": "1"}
    )
    assert '"outcome":"webhook"' in done.output


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, "-"),
        ("u-1", "u-1"),
        ("a\x1b[31m\n", "a\\x1b[31m\\x0a"),
        (5, "5"),
        ({}, "dict"),
        ("x" * 100, "x" * 59 + "…"),
        ("\ud83d", "\\ud83d"),
    ],
)
def test_a_word_for_a_terminal(value: object, word: str) -> None:
    assert plain(value) == word  # type: ignore[arg-type]


def test_redaction_without_a_recording_is_refused() -> None:
    for options in (["--redact", "people"], ["--record-mode", "add"]):
        done = CliRunner().invoke(main, ["run", *options])
        assert done.exit_code == 2
        assert "--record FILE, which is missing" in done.output


class Failing(type(main)):  # type: ignore[misc]
    """The command line with a verb that fails where it should not."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        @click.command()
        def verb() -> None:
            raise ERRORS[name]

        return verb


SECRET = "0123abcd-0000-1111-2222-0123456789ab"
ERRORS: dict[str, BaseException] = {
    "value": ValueError(SECRET),
    "recursion": RecursionError(SECRET),
    "device": OSError(errno.EIO, SECRET),
    "assertion": AssertionError(SECRET),
}


@pytest.mark.parametrize("name", ERRORS)
def test_what_nobody_foresaw_is_a_sentence_with_a_way_to_report_it(name: str) -> None:
    failing = Failing(name="segment-pendo")
    done = CliRunner().invoke(failing, [name], env={"SEGMENT_PENDO_TRACEBACK": ""})
    assert done.exit_code == 4
    kind = type(ERRORS[name]).__name__
    assert re.search(rf"failed where it should not: {kind} at test_cli\.py:\d+\. Please report", done.output)
    assert SECRET not in done.output
    assert "Traceback" not in done.output
    loud = CliRunner().invoke(failing, [name], env={"SEGMENT_PENDO_TRACEBACK": "1"})
    assert loud.exception is ERRORS[name]
