"""`finding`: explain the codes, rules and switches of this program."""

import sys
from collections.abc import Iterable

import click

from segment_pendo.base import js_json
from segment_pendo.base.finding_code import Code
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest
from segment_pendo.base.switch import Switch, table
from segment_pendo.cli.tables import width
from segment_pendo.mapping.catalogue import DROPS, FINDINGS, OF_CALLS, find
from segment_pendo.mapping.examples import EXAMPLES, Example
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment import rules as segment_rules
from segment_pendo.segment.switches import Switches
from segment_pendo.words import LEVELS

__all__ = ["command"]


@click.command()
@click.argument("code", required=False)
@click.option("--assumptions", is_flag=True, help="List the names and values of --assume.")
def command(code: str | None, *, assumptions: bool) -> None:
    """Explain a CODE, a rule or a switch.

    CODE is the code of a finding (NESTED_IGNORED), the reason why a call was skipped (no_user_anon_id), a
    rule (W-20, "pendo 1.38") or a switch of --assume (nested). Without CODE, lists all codes.

    --assumptions lists the questions that no source settles, and the answers to choose from with --assume
    NAME=VALUE.
    """
    if assumptions and code is None:
        _list_assumptions()
    elif code is None:
        _list_codes()
    elif not _explain_rule(code) and not _explain_switch(code):
        _explain(code)


def _width() -> int:
    return min(100, width())


def _explain_rule(name: str) -> bool:
    """Print the rule of this name; return whether there is such a rule."""
    short_name = name.lower().removeprefix("pendo ")
    if short_name in pendo_rules.RULES:
        rule = pendo_rules.RULES[short_name]
        click.echo(f"pendo {short_name}: {rule.says}\n  {rule.grade}: {rule.source}")
        return True
    known = next((rule for rule in segment_rules.RULES if rule.id.lower() == name.lower()), None)
    if known is not None:
        click.echo(f"{known.id}: {known.says}\n  {known.grade}: {known.source}; proof: {known.proof}")
    return known is not None


def _explain_switch(name: str) -> bool:
    """Print the switch of this name; return whether there is such a switch."""
    known = next(
        (
            switch
            for switches in (Switches, PendoSwitches)
            for switch in table(switches)
            if switch.name == name.lower()
        ),
        None,
    )
    if known is not None:
        formatter = click.HelpFormatter(width=_width())
        _write_assumption(formatter, known)
        click.echo(formatter.getvalue(), nl=False)
    return known is not None


def _explain(name: str) -> None:
    known = find(name)
    if known is None:
        near = nearest(name, [*FINDINGS, *DROPS])
        hint = f"Did you mean {near}?" if near else "`segment-pendo finding` lists them."
        message = f"there is no code {name[:60]!r}. {hint}"
        raise click.UsageError(message)
    spelled, code = known
    formatter = click.HelpFormatter(width=_width())
    kind = f"{code.level}" if spelled in FINDINGS else "why a call is skipped or a request refused"
    formatter.write_text(f"{spelled} ({kind})")
    with formatter.indentation():
        formatter.write_text(code.means)
        formatter.write_dl([("Do", code.do), ("Source", code.source)])
    click.echo(formatter.getvalue(), nl=False)
    if spelled in EXAMPLES:
        _show_example(EXAMPLES[spelled])
    if code.example:
        track = " --track" if '"track"' in code.example and spelled in FINDINGS else ""
        track += " --no-pendo-track" if spelled == "TRACK_NOT_ENABLED" else ""
        click.echo(f"  Example for `segment-pendo {code.shown_by}{track}`, a call on each line:")
        for line in code.example.splitlines():
            click.echo(f"    {short(line, 200) if sys.stdout.isatty() else line}")


def _show_example(example: Example) -> None:
    click.echo("  Example for `segment-pendo explain --destination FILE`, FILE being")
    click.echo(f"    {js_json.write(example.destination).decode()}")
    if example.call:
        click.echo(f"  with the call\n    {example.call}")


def _list_codes() -> None:
    formatter = click.HelpFormatter(width=_width())
    for level in LEVELS:
        with formatter.section(f"Findings, {level}"):
            formatter.write_dl(_rows((name, code) for name, code in OF_CALLS.items() if code.level == level))
    with formatter.section("Findings about a destination file"):
        formatter.write_dl(_rows((name, code) for name, code in FINDINGS.items() if name not in OF_CALLS))
    with formatter.section("Why a call is skipped or a request refused"):
        formatter.write_dl(_rows(DROPS.items()))
    click.echo(formatter.getvalue().lstrip("\n"), nl=False)


def _rows(codes: Iterable[tuple[str, Code]]) -> list[tuple[str, str]]:
    return [(name, code.means) for name, code in codes]


def _list_assumptions() -> None:
    formatter = click.HelpFormatter(width=_width())
    for title, switches in (("Segment", Switches), ("Pendo", PendoSwitches)):
        with formatter.section(title):
            for switch in table(switches):
                _write_assumption(formatter, switch)
    click.echo(formatter.getvalue().lstrip("\n"), nl=False)


def _write_assumption(formatter: click.HelpFormatter, switch: Switch) -> None:
    formatter.write_text(f"{switch.name}: {switch.asks}")
    with formatter.indentation():
        default, *choices = switch.values.items()
        formatter.write_dl([(default[0], f"{default[1]}  [default]"), *choices])
