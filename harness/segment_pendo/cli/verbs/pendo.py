"""`pendo`: start the Pendo on loopback alone, for webhooks that another program sends."""

import asyncio
import sys

import click

from segment_pendo.base.hosts import HOME_PORT
from segment_pendo.base.prose import printable
from segment_pendo.cli import completing
from segment_pendo.cli.options.faults import Asked, fault_options
from segment_pendo.cli.options.setup import pendo_switches
from segment_pendo.cli.signals import Signals
from segment_pendo.explain.fate import fate
from segment_pendo.explain.telling.teller import finding_line
from segment_pendo.mapping.findings import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import findings
from segment_pendo.pendo.across import Across
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.serve.environment import INTEGRATION_KEY, secret
from segment_pendo.serve.failing import fault_routes
from segment_pendo.serve.listener import Listener
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo, Taken
from segment_pendo.words import Call, Judged, Message, Webhook

__all__ = ["command"]


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
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
def command(
    port: int, key: str, switches: PendoSwitches, asked: Asked, *, track: bool, always_200: bool
) -> None:
    """Start a Pendo on loopback, and print what it makes of each webhook.

    POST webhooks to /data/segmentio/KEY and track events to /data/track. GET /api/v1/visitor/ID,
    /api/v1/account/ID, /api/v1/metadata/schema/visitor, /api/v1/metadata/visitor/segmentio/value/ID/FIELD or
    /api/v1/token/verify; if SEGMENT_PENDO_INTEGRATION_KEY is set, these need that key. /_/state shows
    everything, with the call that set each field.

    \b
    Examples:
      segment-pendo pendo
      segment-pendo pendo --port 0 --key made-up
      segment-pendo pendo --fault status=503,probability=0.1
    """
    answers = Answers(switches, track, key, secret(INTEGRATION_KEY), always_200)
    asyncio.run(_serve(port, answers, asked))


class _Teller:
    """Print what becomes of each event."""

    def __init__(self, answers: Answers) -> None:
        self._setup = Setup(track=True, pendo=answers.switches, pendo_track=answers.track)
        self._across = Across(answers.switches, track=answers.track)

    def __call__(self, taken: Taken) -> None:
        event = taken.event
        if not isinstance(event, dict):
            sys.stdout.write("not an event: Pendo takes JSON objects\n")
            return
        kind = event.get("type")
        event_findings = bounded(
            (*taken.findings, *findings.examine(event, self._setup.pendo), *self._across.examine(event))
        )
        call = Call(0, kind if isinstance(kind, str) else None, event)
        sys.stdout.write(
            printable(
                fate(
                    Judged(call, Webhook(b"", ()), event_findings, Message(call, event)),
                    self._setup,
                    taken.effect,
                )
            )
            + "\n"
        )
        for finding in event_findings:
            sys.stdout.write(
                f"  {finding_line(finding.level, finding.code, finding.path, finding.message)}\n"
            )
        sys.stdout.flush()


def _note(text: str) -> None:
    sys.stdout.write(printable(text) + "\n")
    sys.stdout.flush()


async def _serve(port: int, answers: Answers, asked: Asked) -> None:
    signals = Signals()
    faults = asked.ready(_note)
    pendo = LoopbackPendo(_Teller(answers), answers, _note)
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
