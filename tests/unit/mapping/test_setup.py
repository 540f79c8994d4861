"""One maker of a Setup: what is refused at one door is refused at each, with the same reason."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from segment_pendo.cli import main
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.testing import pendo_after
from segment_pendo.testing.options import options_of

# Arguments of Setup.of, the same on the command line, why it is refused.
REFUSED: list[tuple[dict[str, Any], list[str], str]] = [
    (
        {"assume": {"classic_dates": "rewritten"}},
        ["--assume", "classic_dates=rewritten"],
        "only where webhook is classic",
    ),
    (
        {"webhook": "classic", "assume": {"name_conflict": "on"}},
        ["--webhook", "classic", "--assume", "name_conflict=on"],
        "only where webhook is actions",
    ),
    ({"pendo_track": False}, ["--no-pendo-track"], "pendo_track is about track calls, and track is off"),
    (
        {"assume": {"nested": "deep"}},
        ["--assume", "nested=deep"],
        "nested is one of ignored, underscore, dot, not 'deep'",
    ),
    ({"assume": {"nestd": "dot"}}, ["--assume", "nestd=dot"], "Did you mean nested?"),
]


@pytest.mark.parametrize(("settings", "options", "why"), REFUSED)
def test_what_one_door_refuses_all_refuse(settings: dict[str, Any], options: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        Setup.of(**settings)
    result = CliRunner().invoke(main, ["map", *options], input="")
    assert (result.exit_code, why in result.output) == (2, True)
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        pendo_after([], **settings)
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        options_of({"timeout": 1, "quiet": 0, **settings}, Path(), update=False)


@pytest.mark.parametrize(
    ("settings", "of"),
    [
        ({"track": "no"}, "track"),
        ({"webhook": "new"}, "webhook"),
        ({"assume": "nested=dot"}, "assume"),
        ({"assume": 5}, "assume"),
    ],
)
def test_a_value_of_another_type_names_its_setting(settings: dict[str, Any], of: str) -> None:
    with pytest.raises(SetupError) as refused:
        Setup.of(**settings)
    assert refused.value.of == of


def test_what_a_setup_describes_makes_it_again_and_files_of_before_are_read() -> None:
    setup = Setup.of(
        track=True,
        webhook="classic",
        assume=["nested=dot", "classic_dates=rewritten"],
        pendo_track=False,
        secret="s",
    )
    assert Setup(secret="s").like(setup.described()) == setup
    assert setup.described()["assume"] == {"nested": "dot", "classic_dates": "rewritten"}
    assert Setup().like({"model": {"nested": "dot"}}) == Setup.of(assume={"nested": "dot"})
    assert Setup().like({"assume": {"classic_dates": "rewritten"}}).switches.classic_dates == "rewritten"
