"""`finding`: explain the codes, rules and switches of this program."""

import sys
from collections.abc import Iterable
from typing import NoReturn

import click

from segment_pendo.base import js_json
from segment_pendo.base.finding_code import Code
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest
from segment_pendo.base.switch import Switch, table
from segment_pendo.cli import completing
from segment_pendo.cli.terminal.tables import width
from segment_pendo.mapping.catalogue import DROPS, FINDINGS, OF_CALLS, find
from segment_pendo.mapping.examples import EXAMPLES, Example
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment import rules as segment_rules
from segment_pendo.segment.switches import Switches
from segment_pendo.words import LEVELS

__all__ = ["command"]


@click.command()
@click.argument("code", required=False, shell_complete=completing.codes)
@click.option("--assumptions", is_flag=True, help="List the names and values of --assume.")
def command(code: str | None, *, assumptions: bool) -> None:
    """Explain a CODE, a rule or a switch.

    CODE is the code of a finding (NESTED_IGNORED), the reason why a call was skipped (no_user_anon_id), a
    rule (W-20, "pendo 1.38"), a switch of --assume (nested), or a part of a code (NESTED). Without CODE,
    lists all codes.

    --assumptions lists the questions that no source settles, and the answers to choose from with --assume
    NAME=VALUE.

    \b
    Examples:
      segment-pendo finding NESTED_IGNORED
      segment-pendo finding ANON
      segment-pendo finding --assumptions
    """
    if assumptions and code is None:
        _list_assumptions()
    elif code is None:
        _list_codes()
    elif not any(explain(code) for explain in (_explain_rule, _explain_code, _explain_switch, _explain_part)):
        _miss(code)


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
            if switch.name == name
        ),
        None,
    )
    if known is not None:
        formatter = click.HelpFormatter(width=_width())
        _write_assumption(formatter, known)
        click.echo(formatter.getvalue(), nl=False)
    return known is not None


def _explain_code(name: str) -> bool:
    """Print the code of this name; return whether there is such a code."""
    known = find(name)
    if known is not None:
        _explain(*known)
    return known is not None


def _explain_part(part: str) -> bool:
    """Print the code that `part` is a part of, or list them if they are several; return whether one is.

    A single code that begins with it goes before those that only contain it; these are named below it.
    """
    having = [name for name in (*FINDINGS, *DROPS) if part.lower() in name.lower()] if part else []
    starting = [name for name in having if name.lower().startswith(part.lower())]
    chosen = next((names[0] for names in (having, starting) if len(names) == 1), None)
    if chosen is not None:
        _explain_code(chosen)
        others = [name for name in having if name != chosen]
        if others:
            click.echo(f"  Also with {part.upper()} in it: {', '.join(others)}")
    elif having:
        formatter = click.HelpFormatter(width=_width())
        with formatter.section(f"{len(having)} codes have {part.upper()} in them"):
            formatter.write_dl(_rows((name, (FINDINGS | DROPS)[name]) for name in having))
        click.echo(formatter.getvalue().lstrip("\n"), nl=False)
    return bool(having)


def _miss(name: str) -> NoReturn:
    """Say that there is no such code, rule or switch, and which one may be meant."""
    switches = [switch.name for kind in (Switches, PendoSwitches) for switch in table(kind)]
    near = nearest(name, [*FINDINGS, *DROPS, *switches])
    hint = f"Did you mean {near}?" if near else "`segment-pendo finding` lists them."
    message = f"there is no code {name[:60]!r}. {hint}"
    raise click.UsageError(message)


def _explain(spelled: str, code: Code) -> None:
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
    click.echo("\nHow a real Pendo reads webhooks: segment-pendo pendo probe --help")


def _write_assumption(formatter: click.HelpFormatter, switch: Switch) -> None:
    formatter.write_text(f"{switch.name}: {switch.asks}")
    with formatter.indentation():
        default, *choices = switch.values.items()
        formatter.write_dl([(default[0], f"{default[1]}  [default]"), *choices])
