"""docs/lan.md names every option by which a run listens beyond loopback, and no other one."""

import re

import click
from pages import ROOT

from segment_pendo.cli.help_groups import OF_RUN
from segment_pendo.cli.verbs.run import command

TEXT = (ROOT / "docs" / "lan.md").read_text("utf-8")


def test_the_options_exist_and_all_of_them_are_named() -> None:
    known = {text for option in command.params if isinstance(option, click.Option) for text in option.opts}
    named = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert named <= known
    assert {"--host", "--lan", "--allow-host", "--token-file", "--open-ingest"} <= named
    assert named - {"--to"} <= set(OF_RUN["Where it listens"])
