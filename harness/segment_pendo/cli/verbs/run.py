"""`run`: listen for Segment calls; with a command, run it so that its calls come here."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from segment_pendo.base.hosts import HOME_PORT, PROXY_PORT
from segment_pendo.cli.help_groups import OF_RUN, GroupedOptions
from segment_pendo.cli.options import cdn_settings_option, credentials
from segment_pendo.cli.options.apps import App, Work, apps_option
from segment_pendo.cli.options.delivery import delivery_options
from segment_pendo.cli.options.faults import Asked, fault_options
from segment_pendo.cli.options.lan import lan_options
from segment_pendo.cli.options.meaning import meaning_option
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.cli.options.pseudonyms import people, redact_option
from segment_pendo.cli.options.setup import setup_options
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import caveat
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.settings import settings
from segment_pendo.serve.cdn_settings import FETCH
from segment_pendo.serve.delivering.how import How

if TYPE_CHECKING:
    from segment_pendo.recordings.recorder import Mode
    from segment_pendo.serve.lan import Lan

__all__ = ["command"]

_PORT = Whole(0, 65535)


class _File(click.Path):
    """A file name. Refuses an option, or the `--`, that follows because the name was forgotten."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value).startswith("-"):
            message = f"a file name is missing before {value!r}; for a file of that name, give ./{value}"
            self.fail(message, param, ctx)
        return super().convert(value, param, ctx)


def _hosts(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d+)?", value):
            message = f"{value!r} is not a host name; give one such as events.example.com"
            raise click.BadParameter(message)
    return values


def _page(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value and not re.match(r"https?://[^/]", value):
        message = f"{value!r} is not a web address; give one such as http://localhost:3000"
        raise click.BadParameter(message)
    return value


def _refuse(*cases: tuple[bool, str]) -> None:
    """Refuse options that do not go together: each case with what to say of it. Raises UsageError."""
    for holds, message in cases:
        if holds:
            raise click.UsageError(message)


FILE = _File(dir_okay=False, path_type=Path)


@click.command(cls=GroupedOptions, groups=OF_RUN, context_settings={"ignore_unknown_options": False})
@click.argument("cmd", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--port",
    type=_PORT,
    default=HOME_PORT,
    show_default=True,
    help="The home port; 0 = a free port, for the proxy too.",
)
@click.option("--proxy-port", type=_PORT, help=f"The proxy's port.  [default: {PROXY_PORT}]")
@click.option(
    "--tls-port",
    type=_PORT,
    help="Also listen on this port, over TLS, for SDKs that insist on https.  [default: off]",
)
@click.option(
    "--strict", is_flag=True, help="Let CMD reach only us under the names of Segment's hosts (Linux only)."
)
@click.option(
    "--capture",
    is_flag=True,
    help=(
        "Capture the connections of CMD and of what it starts, whatever makes them (Linux 6.8 and later, "
        "root by sudo)."
    ),
)
@click.option("--no-proxy", is_flag=True, help="Open only the home port, not the proxy.")
@credentials.to_option
@credentials.key_file_option
@click.option("--record", type=FILE, help="Record calls and their webhooks into FILE, without keys.")
@click.option(
    "--record-mode",
    type=click.Choice(["over", "add"]),
    default="over",
    show_default=True,
    help=(
        "What to do if FILE exists. over: write it again; calls that mean the same keep their line. add: "
        "append what it does not contain."
    ),
)
@redact_option("With --record: replace only keys, or people too")
@meaning_option
@click.option("--store", type=FILE, help="Keep all calls and deliveries in this SQLite file.")
@setup_options
@delivery_options
@click.option(
    "--batch-size",
    "batch",
    type=Whole(1, 4000),
    metavar="N",
    help=(
        "POST up to N webhooks as one JSON array, as Webhooks (Actions) does with batching on.  "
        "[default: a request for each webhook]"
    ),
)
@click.option(
    "--segment",
    type=click.Choice(["answer", "pass"]),
    default="answer",
    show_default=True,
    help="answer: answer in Segment's place. pass: also send what comes through the proxy on to Segment.",
)
@click.option(
    "--offline",
    is_flag=True,
    help="Answer 404 for scripts of cdn.segment.com instead of letting the proxy fetch them.",
)
@click.option(
    "--cdn-settings",
    type=_File(),
    callback=cdn_settings_option.given,
    metavar="FILE",
    help=(
        "Answer browsers and mobile SDKs with the settings of your production, as saved from "
        "https://cdn.segment.com/v1/projects/KEY/settings: tracking plan, routing rules, consent and remote "
        "plugins act as there. fetch: ask the real CDN each time.  [default: settings that allow all]"
    ),
)
@click.option(
    "--segment-host",
    "hosts",
    callback=_hosts,
    multiple=True,
    metavar="HOST",
    help="Also take this host as one of Segment's; repeatable.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this web origin send calls to a real Pendo; repeatable.",
)
@click.option(
    "--browser",
    "url",
    is_flag=False,
    flag_value="",
    metavar="[URL]",
    callback=_page,
    help=(
        "Open URL and the page of this run in a browser with an empty profile, our proxy and our CA; it ends "
        "with the run."
    ),
)
@click.option(
    "--browser-program",
    metavar="PROGRAM",
    help="The browser, such as firefox or a path.  [default: the first of Chromium, Chrome, Edge, Firefox]",
)
@fault_options("segment", "token", "pendo")
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help=(
        "End with 1 if there is a finding of this level or worse, or if Segment would drop a call or refuse "
        "a request."
    ),
)
@click.option(
    "--expect", type=Whole(0), metavar="N", help="End with 1 if fewer than N calls came by the end."
)
@click.option(
    "--ready-file", type=FILE, help="Write the addresses to FILE once every port accepts connections."
)
@lan_options
@apps_option
@click.option(
    "--detach",
    is_flag=True,
    help="Go on in the background; `status`, `logs`, `attach`, `stop` are for such a run.",
)
def command(
    cmd: tuple[str, ...],
    apps: tuple[App, ...],
    lan: "Lan",
    port: int,
    proxy_port: int | None,
    tls_port: int | None,
    to: str | None,
    api_key_file: Path | None,
    record: Path | None,
    record_mode: "Mode",
    redact: str,
    meaning: Meaning,
    store: Path | None,
    segment: str,
    cdn_settings: str,
    hosts: tuple[str, ...],
    origins: tuple[str, ...],
    url: str | None,
    browser_program: str | None,
    setup: Setup,
    how: How,
    drain: float,
    order: str,
    batch: int | None,
    asked: Asked,
    style: Literal["text", "ndjson"],
    fail_on: str | None,
    expect: int | None,
    ready_file: Path | None,
    *,
    no_proxy: bool,
    strict: bool,
    capture: bool,
    offline: bool,
    loopback_http: bool,
    detach: bool,
) -> None:
    """Stand in for Segment: take its calls, show what Pendo would get, and deliver it.

    Webhooks go to a Pendo on loopback, unless --to names a real Pendo. --record and --to can be used
    together.

    With CMD, runs it with the proxy and CA variables set, ends when it ends, and returns its exit code. With
    --app, runs several.

    \b
    Examples:
      segment-pendo run -- python app.py
      segment-pendo run --record calls.jsonl -- npm start
      segment-pendo run --port 0 --expect 10 --fail-on warning -- pytest
      segment-pendo run --detach
      segment-pendo run --lan
      segment-pendo run --app web="npm run dev" --app api="python app.py"
      SEGMENT_PENDO_API_KEY=... segment-pendo run --to eu
    """
    _refuse(
        (
            record is None and (record_mode != "over" or redact != "keys"),
            "--record-mode and --redact need --record FILE, which is missing",
        ),
        (
            batch is not None and setup.webhook != "actions",
            "--batch-size is for Webhooks (Actions); the classic destination never batches.",
        ),
        (
            offline and cdn_settings == FETCH,
            "--cdn-settings fetch asks the real CDN, and --offline forbids it; name a file instead.",
        ),
        (
            bool(apps) and bool(cmd),
            "--app names each command itself; leave out what stands behind --, or give it a name, too.",
        ),
        (bool(apps) and strict, "--strict is for a single command; leave it out, or --app."),
        (strict and not cmd, "--strict is for a command: run --strict -- CMD."),
        (capture and not cmd, "--capture is for a single command: run --capture -- CMD."),
        (capture and no_proxy, "--capture needs the proxy, which --no-proxy leaves out."),
        (capture and strict, "--capture and --strict are two ways to the same end; leave one out."),
        (browser_program is not None and url is None, "--browser-program is for --browser, which is missing"),
        (url is not None and no_proxy, "--browser needs the proxy, which --no-proxy leaves out."),
    )
    if detach:
        from segment_pendo.cli.run.detached import detach as detached  # noqa: PLC0415 - seldom

        detached(sys.argv[1:])
        return
    destination = credentials.find(to, api_key_file)
    if destination and not destination.loopback and any(fault.on == "pendo" for fault in asked.faults):
        message = f"--fault on=pendo is for the Pendo on loopback, and webhooks go to {destination.name}."
        raise click.UsageError(message)
    # Slow imports: what opens ports and what tells of it; `--help` needs none of them.
    from segment_pendo.cli.run.report import Reporter  # noqa: PLC0415
    from segment_pendo.cli.run.session import Ends, run_session  # noqa: PLC0415
    from segment_pendo.serve.launching.browser import Showing, found  # noqa: PLC0415
    from segment_pendo.serve.session import Plan  # noqa: PLC0415

    plan = Plan(
        port=port,
        proxy_port=proxy_port,
        tls_port=tls_port,
        to=destination,
        setup=setup,
        how=replace(how, batch=batch, ordered=order == "chain"),
        drain=drain,
        loopback_http=loopback_http,
        record=record,
        record_mode=record_mode,
        people=people() if record is not None and redact == "people" else None,
        meaning=meaning,
        store=store,
        answers=segment == "answer",
        offline=offline,
        hosts=hosts,
        cdn_settings=cdn_settings,
        with_proxy=not no_proxy,
        strict=strict,
        capture=capture,
        allow_origins=origins,
        mute=tuple(settings().mute),
        secrets=(*credentials.known(destination), *([lan.token] if lan.token else [])),
        lan=lan,
    )
    showing = Showing(found(browser_program or ""), url) if url is not None else None
    work = Work(cmd, apps, showing)
    reporter = Reporter(
        sys.stderr if work else sys.stdout,
        style,
        caveat(destination) if destination else None,
        plan.people,
        setup,
    )

    def run() -> int:
        return run_session(plan, work, reporter, Ends(fail_on, expect), ready_file, asked)

    if capture:
        from segment_pendo.cli.run.captured import to_the_end  # noqa: PLC0415 - seldom

        to_the_end(run)
    sys.exit(run())
