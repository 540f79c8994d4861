"""`finding`: what the words of this program mean."""

import sys
from collections.abc import Iterable

import click

from segment_pendo.base.finding_code import Code
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest
from segment_pendo.base.switch import Switch, table
from segment_pendo.cli.tables import width
from segment_pendo.mapping.catalogue import DROPS, FINDINGS, find
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment import rules as segment_rules
from segment_pendo.segment.switches import Switches
from segment_pendo.words import LEVELS

__all__ = ["command"]


@click.command()
@click.argument("code", required=False)
@click.option("--assumptions", is_flag=True, help="List what --assume can say.")
def command(code: str | None, *, assumptions: bool) -> None:
    """Explain a CODE, a rule or a switch.

    CODE is of a finding (NESTED_IGNORED), says why a call was skipped (no_user_anon_id), names a rule (W-20,
    "pendo 1.38") or a switch of --assume (nested). Without CODE all codes are listed.

    --assumptions lists the questions that no source settles, and the answers one may choose by --assume
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
    """Whether this is a rule; it is told then."""
    short_name = name.lower().removeprefix("pendo ")
    if short_name in pendo_rules.RULES:
        rule = pendo_rules.RULES[short_name]
        click.echo(f"pendo {short_name}: {rule.says}\n  {rule.grade}: {rule.source}")
        return True
    known = next((one for one in segment_rules.RULES if one.id.lower() == name.lower()), None)
    if known is not None:
        click.echo(f"{known.id}: {known.says}\n  {known.grade}: {known.source}; proof: {known.proof}")
    return known is not None


def _explain_switch(name: str) -> bool:
    """Whether this is a switch; it is told then."""
    known = next(
        (
            one
            for switches in (Switches, PendoSwitches)
            for one in table(switches)
            if one.name == name.lower()
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
    if code.example:
        track = " --track" if '"track"' in code.example and spelled in FINDINGS else ""
        track += " --no-pendo-track" if spelled == "TRACK_NOT_ENABLED" else ""
        click.echo(f"  Example for `segment-pendo explain{track}`, one call a line:")
        for line in code.example.splitlines():
            click.echo(f"    {short(line, 200) if sys.stdout.isatty() else line}")


def _list_codes() -> None:
    formatter = click.HelpFormatter(width=_width())
    for level in LEVELS:
        with formatter.section(f"Findings, {level}"):
            formatter.write_dl(_rows((name, code) for name, code in FINDINGS.items() if code.level == level))
    with formatter.section("Why a call is skipped or a request refused"):
        formatter.write_dl(_rows(DROPS.items()))
    click.echo(formatter.getvalue().lstrip("\n"), nl=False)


def _rows(codes: Iterable[tuple[str, Code]]) -> list[tuple[str, str]]:
    return [(name, code.means) for name, code in codes]


def _list_assumptions() -> None:
    formatter = click.HelpFormatter(width=_width())
    for title, switches in (("Segment", Switches), ("Pendo", PendoSwitches)):
        with formatter.section(title):
            for one in table(switches):
                _write_assumption(formatter, one)
    click.echo(formatter.getvalue().lstrip("\n"), nl=False)


def _write_assumption(formatter: click.HelpFormatter, one: Switch) -> None:
    formatter.write_text(f"{one.name}: {one.asks}")
    with formatter.indentation():
        first, *others = one.values.items()
        formatter.write_dl([(first[0], f"{first[1]}  [default]"), *others])
