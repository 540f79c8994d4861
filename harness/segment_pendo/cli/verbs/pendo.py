"""`pendo`: the Pendo on loopback alone, for webhooks of another program; `pendo probe` asks a real one."""

import asyncio
import os
import sys
from pathlib import Path

import click

from segment_pendo.base.hosts import HOME_PORT
from segment_pendo.base.prose import printable
from segment_pendo.cli import completing
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.options import credentials
from segment_pendo.cli.options.delivery import Duration
from segment_pendo.cli.options.faults import Asked, fault_options
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.cli.options.setup import pendo_switches
from segment_pendo.cli.probing import Patience, Probing, new_probe, say_before
from segment_pendo.cli.signals import Signals
from segment_pendo.cli.terminal.event_teller import EventTeller
from segment_pendo.cli.terminal.probe_table import print_probe
from segment_pendo.explain import rows
from segment_pendo.pendo.probe.plan import Probe
from segment_pendo.pendo.probe.result import read
from segment_pendo.pendo.regions import api_base
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.serve.environment import INTEGRATION_KEY, secret
from segment_pendo.serve.failing import fault_routes
from segment_pendo.serve.listener import Listener
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo

__all__ = ["command", "probe"]


@click.group(cls=Suggesting, invoke_without_command=True)
@click.option(
    "--port",
    type=Whole(0, 65535),
    default=HOME_PORT,
    show_default=True,
    help="The port; 0 = a free port.",
)
@click.option(
    "--key",
    default="",
    help="Accept only this API key, which you make up; answer 403 to others.  [default: any]",
)
@click.option(
    "--track", is_flag=True, help="Predict for a subscription that has the setting for track calls."
)
@click.option(
    "--always-200",
    is_flag=True,
    help="Answer 200 to everything that comes to /data/, even if it is not JSON.",
)
@click.option(
    "--assume",
    "switches",
    callback=pendo_switches,
    multiple=True,
    metavar="NAME=VALUE",
    shell_complete=completing.assumptions,
    help="Choose how to read a rule that Pendo does not publish; repeatable.",
)
@fault_options("pendo")
@click.pass_context
def command(
    context: click.Context,
    port: int,
    key: str,
    switches: PendoSwitches,
    asked: Asked,
    *,
    track: bool,
    always_200: bool,
) -> None:
    """Start a Pendo on loopback, and print what it makes of each webhook. `pendo probe` asks a real Pendo.

    POST webhooks to /data/segmentio/KEY and track events to /data/track. GET /api/v1/visitor/ID,
    /api/v1/account/ID, /api/v1/metadata/schema/visitor, /api/v1/metadata/visitor/segmentio/value/ID/FIELD or
    /api/v1/token/verify; if SEGMENT_PENDO_INTEGRATION_KEY is set, these need that key. /_/state shows
    everything, with the call that set each field.

    \b
    Examples:
      segment-pendo pendo
      segment-pendo pendo --port 0 --key made-up
      segment-pendo pendo --fault status=503,probability=0.1
      segment-pendo pendo probe --to us --yes
    """
    if context.invoked_subcommand is not None:
        return
    answers = Answers(switches, track, key, secret(INTEGRATION_KEY), always_200)
    asyncio.run(_serve(port, answers, asked))


@command.command()
@credentials.to_option
@credentials.key_file_option
@click.option("--yes", is_flag=True, help="Send to a real Pendo; without it, nothing is sent there.")
@click.option("--dry-run", is_flag=True, help="Print every event that would be sent, and send nothing.")
@click.option(
    "--wait",
    type=Duration(),
    default="15m",
    show_default=True,
    metavar="TIME",
    help="Wait at most so long until the records can be read.",
)
@click.option(
    "--settle",
    type=Duration(),
    metavar="TIME",
    help="Read until nothing has changed for so long.  [default: 2m; 0 on loopback]",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result into this new file.  [default: the mark of the probe, with .json]",
)
@click.option(
    "--again",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Send nothing; read the records of an earlier probe once more, and write its file again.",
)
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def probe(
    to: str | None,
    api_key_file: Path | None,
    wait: float,
    settle: float | None,
    output: Path | None,
    again: Path | None,
    style: str,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Find out how a Pendo reads webhooks: send it 20 marked events, and read back what it made of them.

    Prints for each rule that no source settles what was found, and the --assume that says so. All ids begin
    with segment-pendo-probe-, and no other record is touched; but Pendo keeps what is sent, so take the key
    of an app in a subscription for tests. The records are read with $SEGMENT_PENDO_INTEGRATION_KEY.

    The result is also a file that can be shared: it holds neither keys nor names of a subscription.

    Ends with 5 if an event was not answered, with 6 if nothing could be read in time; --again FILE then goes
    on.

    \b
    Examples:
      segment-pendo pendo probe --to us --dry-run
      segment-pendo pendo probe --to us --yes
      segment-pendo pendo probe --to us --again segment-pendo-probe-0123456789ab.json
      segment-pendo pendo probe --to http://127.0.0.1:4170
    """
    if to is None:
        message = "--to is missing: us, eu, us1, jp, au, or the URL of a run such as http://127.0.0.1:4170."
        raise click.UsageError(message)
    if dry_run and (yes or again):
        message = "--dry-run sends nothing; give it without --yes and --again."
        raise click.UsageError(message)
    made = new_probe()
    if dry_run:
        say_before(made, credentials.named(to))
        for post in made.posts:
            click.echo(rows.dumps({"method": post.method, "what": post.what, "body": post.shown}))
        return
    sys.exit(_probed(to, api_key_file, Patience(wait, settle), output, again, style, made, yes=yes))


def _probed(
    to: str,
    key_file: Path | None,
    patience: Patience,
    output: Path | None,
    again: Path | None,
    style: str,
    made: Probe,
    *,
    yes: bool,
) -> int:
    where = credentials.named(to) if again else credentials.find(to, key_file)
    assert where is not None, "--to is given"
    file = output or again or Path(f"{made.mark}.json")
    if file != again:
        _check(file)
    probing = Probing(where, api_base(to), patience, file)
    if again is None:
        say_before(made, where)
        probing.check(made, yes=yes)
    result, code = probing.read(read(again.read_bytes()) if again else probing.send(made))
    print_probe(result, file, style)
    return code


def _check(file: Path) -> None:
    """Refuse a file for the result that cannot be written, before anything is sent."""
    if file.exists() or not os.access(file.parent, os.W_OK):
        why = "exists already" if file.exists() else "has no directory that can be written to"
        message = f"--output: {file} {why}; give the name of a new file."
        raise Failure(message, CANNOT_START)


def _note(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


async def _serve(port: int, answers: Answers, asked: Asked) -> None:
    signals = Signals()
    faults = asked.ready(_note)
    pendo = LoopbackPendo(EventTeller(sys.stdout, answers), answers, _note)
    listener = Listener([*pendo.routes(faults), *fault_routes(faults)])
    await listener.start(port)
    what = "only --key's" if answers.key else "any"
    click.echo(
        f"Pendo  {listener.url}/data/segmentio/KEY   ({what} key; answers 200 to any event, as the real "
        "Pendo seems to)",
        err=True,
    )
    for line in asked.lines(faults):
        click.echo(line, err=True)
    await signals.next()
    faults.release()
    await listener.stop()
