"""Help: verbs and options in groups, examples that can be typed, completion, what a miss is told."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from segment_pendo.base.switch import table
from segment_pendo.cli import VERBS, completing, main
from segment_pendo.cli.help_groups import OF_RUN, grouped
from segment_pendo.mapping.catalogue import DROPS, FINDINGS
from segment_pendo.pendo.regions import DATA_HOSTS
from segment_pendo.pendo.switches import PendoSwitches

PROGRAM = "segment-pendo"
CONTEXT = click.Context(main, info_name=PROGRAM)


def verb(name: str) -> click.Command:
    command = main.get_command(CONTEXT, name)
    assert isinstance(command, click.Command)
    return command


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments, prog_name=PROGRAM)
    assert done.exit_code == 0, done.output
    return done.output


def test_every_verb_stands_in_one_group() -> None:
    groups = dict(grouped(VERBS))
    assert list(groups) == ["Look", "Long runs", "Test", "Recordings", "Project", "Plumbing"]
    assert sorted(row for rows in groups.values() for row in rows) == sorted(VERBS.items())
    said = shown("--help")
    assert re.findall(r"^(\w[\w ]*):$", said, re.MULTILINE) == ["Options", *groups]
    assert [name for name in re.findall(r"^  ([a-z]+) ", said, re.MULTILINE) if name in VERBS] == [
        name for rows in groups.values() for name, _ in rows
    ]


def test_a_verb_that_is_not_there_is_left_out_and_a_new_one_is_plumbing() -> None:
    assert dict(grouped({"run": "r", "new": "n"})) == {"Look": [("run", "r")], "Plumbing": [("new", "n")]}
    assert dict(grouped({"run": "r", "why": "w"}))["Look"] == [("run", "r"), ("why", "w")]


def test_every_option_of_run_stands_in_one_group() -> None:
    options = {option.opts[0] for option in verb("run").params if isinstance(option, click.Option)}
    named = [name for names in OF_RUN.values() for name in names]
    assert sorted(named) == sorted(options)
    said = shown("run", "--help")
    titles = re.findall(r"^(\S.*):$", said, re.MULTILINE)
    assert titles == [*OF_RUN, "Options"], "the examples have no title in the first column"
    for name in named:
        assert re.search(rf"^  {name}\b", said, re.MULTILINE), name


def examples(name: str) -> list[str]:
    _, _, after = (verb(name).help or "").partition("Examples:\n")
    return [line.strip() for line in after.splitlines() if line.strip()]


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_has_three_examples(name: str) -> None:
    lines = examples(name)
    assert len(lines) >= 3
    assert len(set(lines)) == len(lines)
    said = shown(name, "--help")
    for line in lines:
        assert f"{PROGRAM} {name}" in line
        assert f"\n    {line}\n" in said, "no example is wrapped"


@pytest.mark.parametrize(
    ("name", "example"), [(name, example) for name in VERBS for example in examples(name)]
)
def test_an_example_has_a_verb_and_options_that_exist(name: str, example: str) -> None:
    found = re.search(rf"\$\({PROGRAM} (.*?)\)", example) or re.search(rf"{PROGRAM} (.*)", example)
    assert found is not None
    words = shlex.split(re.split(r" (?:--|>|\||&&) ", found[1])[0])
    assert words[0] == name
    command = verb(words.pop(0))
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        inner = command.get_command(CONTEXT, words.pop(0))
        assert inner is not None, example
        command = inner
    known = {text for option in command.params for text in option.opts}
    given = [word for word in words if word.startswith("--")]
    assert set(given) <= known, example


@pytest.mark.parametrize(
    ("asked", "starts", "also"),
    [
        ("NESTED", "NESTED_IGNORED (warning)", "Also with NESTED in it: TRIGGER_NESTED_PARENTHESES"),
        ("nested_ign", "NESTED_IGNORED (warning)", ""),
        ("nested", "nested: What becomes", ""),
        ("GROUP_", "", "GROUP_WITHOUT_USER"),
        ("user_anon", "no_user_anon_id (why a call", ""),
        ("pendo 1.38", "pendo 1.38:", ""),
    ],
)
def test_a_part_of_a_code_is_enough(asked: str, starts: str, also: str) -> None:
    said = shown("finding", asked)
    assert said.startswith(starts)
    assert also in said


def test_several_codes_are_listed() -> None:
    said = shown("finding", "group_")
    having = [name for name in (*FINDINGS, *DROPS) if "group_" in name.lower()]
    assert len(having) > 1
    assert said.startswith(f"{len(having)} codes have GROUP_ in them:\n")
    assert re.findall(r"^  (\w+)", said, re.MULTILINE) == having


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["finding", "NESTDE_IGNORED"], "Did you mean NESTED_IGNORED?"),
        (["finding", "nestde"], "Did you mean nested?"),
        (["finding", "zzzzzz"], "`segment-pendo finding` lists them."),
        (["finding", ""], "`segment-pendo finding` lists them."),
        (["explian"], "Did you mean 'explain'?"),
        (["run", "--recrod", "x"], "--record"),
        (["map", "--assume", "nestd=dot"], "Did you mean nested?"),
    ],
)
def test_a_miss_is_told_what_may_be_meant(arguments: list[str], hint: str) -> None:
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, hint in " ".join(done.output.split())) == (2, True), done.output


def completed(*words: str) -> list[str]:
    """What zsh is told for the last of these words."""
    line = " ".join([PROGRAM, *words])
    environment = {
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words)),
        "_SEGMENT_PENDO_COMPLETE": "zsh_complete",
    }
    done = CliRunner().invoke(main, prog_name=PROGRAM, env=environment)
    return done.output.splitlines()[1::3]


def test_a_shell_completes_codes_assumptions_and_regions() -> None:
    assert completed("finding", "nested_i") == ["NESTED_IGNORED"]
    assert completed("explain", "--assume", "nest") == ["nested="]
    nested = next(entry for entry in table(PendoSwitches) if entry.name == "nested")
    assert completed("pendo", "--assume", "nested=") == [f"nested={value}" for value in nested.values]
    assert completed("run", "--to", "e") == [name for name in DATA_HOSTS if name.startswith("e")]
    assert completed("state", "compare", "--to", "us") == ["us", "us1"]
    assert completed("doc") == ["doctor"]


def test_what_is_completed_of_a_strange_word_is_nothing() -> None:
    argument = click.Argument(["code"])
    for word in ("\x1b[31m", "nested=zzz", "=", "🙂" * 1000):
        for complete in (completing.codes, completing.assumptions, completing.regions):
            assert complete(CONTEXT, argument, word) == []
