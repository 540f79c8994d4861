"""`recording`: care for recordings before they are shared."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from segment_pendo.base.hosts import bare
from segment_pendo.base.prose import many, printable
from segment_pendo.cli import credentials
from segment_pendo.cli.calls_input import only_recordings_option
from segment_pendo.cli.failure import CONFIGURATION, FOUND, Failure
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.cli.pseudonym_settings import people
from segment_pendo.cli.setup_options import setup_options
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.exchange import archive
from segment_pendo.recordings.exchange import export as export_to
from segment_pendo.recordings.exchange.containers import opened
from segment_pendo.recordings.exchange.found import Imported, ImportFailure, PassedOver
from segment_pendo.recordings.exchange.har import har
from segment_pendo.recordings.files import is_recording_file, load, load_header, replace_whole
from segment_pendo.recordings.format import Entry
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.merge import joined
from segment_pendo.recordings.pseudonyms import People
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.scan import suspects
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.words import Json, JsonObject

__all__ = ["command"]


@click.group()
def command() -> None:
    """Care for recordings: redact, scan, merge, import, export."""


@command.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
@click.option(
    "--ids",
    type=click.Choice(["keep", "users", "all"]),
    help="Replace the ids of users, or of accounts too.  [default: keep]",
)
def redact(files: tuple[Path, ...], ids: str | None) -> None:
    """Replace what is personal in recordings by pseudonyms, in place.

    E-mail addresses, phone numbers and public IP addresses everywhere; names, addresses, birthdays and the
    like by the name of their key. The same value gets the same pseudonym of the same shape, so joins, replays
    and findings still hold. The key comes from SEGMENT_PENDO_REDACT_KEY, else from .segment-pendo-key here,
    which is made at first use. Whoever has the key can find out values of which there are few, such as first
    names.

    Settings: [tool.segment-pendo.redact] in pyproject.toml with ids, replace, keep, allow_list.
    """
    made = people(ids)
    for file in files:
        header = load_header(file)
        if header.redacted == "people" and header.redacted_with == made.fingerprint:
            click.echo(f"{file}: redacted before; left as it is.", err=True)
            continue
        if header.redacted == "people":
            message = (
                f"{file} was redacted before with another key or other settings; redact what it was made "
                "of again."
            )
            raise Failure(message, CONFIGURATION)
        entries = list(load(file))
        replace_whole(file, _redacted(header, entries, made))
        click.echo(f"{file}: {many(sum(len(entry.calls) for entry in entries), 'call')} redacted.", err=True)


def _redacted(header: recording.Header, entries: list[Entry], made: People) -> list[bytes]:
    judge = Judge(header.setup)
    lines = [recording.header_line(header.setup, {"redacted": "people", "redactedWith": made.fingerprint})]
    for entry in entries:
        calls = [
            replace(
                one,
                call=made.call(one.call),
                sent_at=tuple(map(made.within, one.sent_at)),
                made_id=made.inside(one.made_id),
            )
            for one in entry.calls
        ]
        request = made.request(entry.head())
        headers: Json = [[name, text] for name, text in request.headers]
        head: JsonObject = {"path": request.path, "query": request.query, "headers": headers}
        clean = replace(
            entry,
            value=entry.value | head | {"envelope": made.call(entry.value.get("envelope"))},
            calls=calls,
        )
        lines.append(recording.entry_line(clean))
        for one, judged in zip(clean.calls, judge.entry(clean), strict=True):
            lines.append(recording.call_line(judged, one.at, one.sent_at, one.made_id))
    return lines


@command.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE..."
)
@only_recordings_option
def scan(files: tuple[Path, ...], *, only_recordings: bool) -> None:
    """Look for what seems to be a secret or a person in text files; ends with 1 if there is something.

    Keys, tokens, Basic headers with a write key, e-mail addresses, phone numbers, card numbers, public IP
    addresses; also inside body_b64 of captured requests. What is reserved for examples (example.com,
    555-01xx) is nobody's. Names have no shape, so none is found.
    """
    found = 0
    for file in sorted(
        one for given in files for one in ([given] if given.is_file() else given.rglob("*")) if one.is_file()
    ):
        if only_recordings and not is_recording_file(file):
            continue
        try:
            text = file.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            message = f"{file} cannot be read: {error.strerror}."
            raise Failure(message, CONFIGURATION) from None
        for number, line in enumerate(text.split("\n"), start=1):
            for one in suspects(line):
                found += 1
                click.echo(f"{file}:{number}:{one.at}: {one.what}: {printable(one.shown)}")
    click.echo(f"{many(found, 'suspect')} found.", err=True)
    sys.exit(FOUND if found else 0)


def _output[F: Callable[..., Any]](says: str) -> Callable[[F], F]:
    return click.option(
        "-o", "--output", "out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=says
    )


# --- from and to other programs ---


def _imported(file: Path) -> Iterator[Imported | PassedOver]:
    content = opened(file.read_bytes())
    if content.kind == "har":
        return har(content.data, content.files)
    if content.kind == "flows":
        needed_side("mitmproxy's flow files are read by mitmproxy")
        flows: Iterator[Imported | PassedOver] = import_module("segment_pendo_addons.flows").read(
            content.data
        )
        return flows
    return archive.lines(content.data)


@command.command("import")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
@_output("The recording to make, or to record over.")
@click.option(
    "--segment-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Another host that stands for Segment; repeatable.",
)
@setup_options
def import_(files: tuple[Path, ...], out: Path, hosts: tuple[str, ...], setup: Setup) -> None:
    """Make a recording of what other programs wrote.

    FILE is an HTTP archive (HAR), a flow file of mitmproxy, or JSON lines: events as Segment archives them,
    or captured requests; also packed (gzip, zip, zhar). What it is, its first bytes say, not its name. Of
    archives and flows only requests to Segment's hosts count. Ends with 1 if the file has lost some of them.
    """
    ours = INTERCEPTED | {bare(host) for host in hosts}
    taken: list[Imported] = []
    passed: Counter[str] = Counter()
    lost = 0
    for item in _items(files):
        host = item.request.host if isinstance(item, Imported) else item.host
        if host and bare(host) not in ours:
            passed["to other hosts"] += 1
        elif isinstance(item, Imported):
            taken.append(item)
        else:
            passed[item.why] += 1
            lost += item.is_loss
    recorder = Recorder(out, setup=setup, secrets=credentials.known(None))
    for number, (request, at) in enumerate(taken):
        recorder.take(assess(request, id=str(number), at=at, setup=setup))
    recorder.close()
    calls = many(recorder.done.new + recorder.done.kept, "call")
    click.echo(f"{many(len(taken), 'request')} with {calls} in {out}.", err=True)
    for why, count in passed.items():
        click.echo(f"Passed over: {many(count, 'request')} {why}.", err=True)
    sys.exit(FOUND if lost else 0)


def _items(files: tuple[Path, ...]) -> list[Imported | PassedOver]:
    """Return all that is in the files; to their end first, so that nothing half imported is left."""
    items: list[Imported | PassedOver] = []
    for file in files:
        try:
            items += _imported(file)
        except ImportFailure as error:
            message = f"{file} cannot be imported: {error}."
            raise Failure(message, CONFIGURATION) from None
    return items


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "style", type=click.Choice(["curl", "har", "pytest"]), required=True)
def export(file: Path, style: str) -> None:
    """Print the SDK requests of a recording for other programs.

    curl: a shell script that sends them to $SEGMENT_PENDO_URL, or http://127.0.0.1:4170. har: an HTTP
    archive. pytest: a test with the plugin's expectations, which says which calls come and what Pendo holds
    after them.
    """
    entries = [entry for entry in load(file) if entry.calls]
    setup = load_header(file).setup
    if style == "pytest":
        click.echo(export_to.pytest(setup, entries, str(file)), nl=False)
        return
    requests = [(entry.sdk_request(), entry.at) for entry in entries]
    click.echo(export_to.har(requests) if style == "har" else export_to.curl(requests), nl=False)


@command.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
@_output("The recording to make.")
def merge(files: tuple[Path, ...], out: Path) -> None:
    """Put recordings together, in the order in which their requests were received; calls that mean the same
    stand once.
    """
    headers = [load_header(file) for file in files]
    for file, header in zip(files, headers, strict=True):
        first = headers[0]
        if (header.setup, header.redacted, header.redacted_with) != (
            first.setup,
            first.redacted,
            first.redacted_with,
        ):
            message = (
                f"{file} was recorded or redacted in another way than {files[0]}; merge what was made alike."
            )
            raise Failure(message, CONFIGURATION)
    if out.exists() and out not in files:
        message = f"{out} exists; give another file, or name it among those to merge."
        raise Failure(message, CONFIGURATION)
    entries = [entry for file in files for entry in load(file)]
    replace_whole(out, list(joined(headers[0], entries)))
    click.echo(f"{many(len(files), 'recording')} in {out}.", err=True)
