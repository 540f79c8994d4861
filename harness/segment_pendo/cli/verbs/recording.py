"""`recording`: prepare recordings for sharing, merge, import and export them."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from segment_pendo.base.hosts import bare
from segment_pendo.base.prose import many, printable
from segment_pendo.cli.failure import CONFIGURATION, FOUND, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.inputs.calls import (
    files_argument,
    inputs_argument,
    only_recordings_option,
    strict_option,
)
from segment_pendo.cli.inputs.files import Files
from segment_pendo.cli.inputs.importing import Import
from segment_pendo.cli.options import credentials
from segment_pendo.cli.options.meaning import meaning_option
from segment_pendo.cli.options.pseudonyms import drafted, redact_option
from segment_pendo.cli.options.setup import setup_options
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.comparing.merge import joined
from segment_pendo.recordings.exchange import export as export_to
from segment_pendo.recordings.files import is_recording, load, load_header, opened, replace_whole
from segment_pendo.recordings.format import Entry, RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.reading.packed import pack
from segment_pendo.recordings.reading.parts import STDIN, Part, Unreadable, Watch, watch_nothing
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.pseudonyms import Ids, People
from segment_pendo.recordings.redaction.scan import Suspect, suspects
from segment_pendo.recordings.sending.sendable import sendable
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.words import Json, JsonObject

__all__ = ["command"]

_MOST_LEFT: Final = 10


@click.group(cls=Suggesting)
def command() -> None:
    """Redact, scan, merge, import and export recordings.

    \b
    Examples:
      segment-pendo recording redact calls.jsonl
      segment-pendo recording import site.har --output calls.jsonl
      segment-pendo recording export calls.jsonl --as pytest > test_calls.py
    """


@command.command()
@inputs_argument
@click.option(
    "--ids",
    type=click.Choice(["keep", "users", "all"]),
    help="Replace the ids of users, or of users and accounts (all).  [default: keep]",
)
@strict_option
def redact(names: tuple[str, ...], ids: Ids | None, *, strict: bool) -> None:
    """Replace personal data in recordings by pseudonyms, in place.

    Replaces e-mail addresses, phone numbers and public IP addresses everywhere; names, addresses, birthdays
    and the like are recognised by the name of their key. The same value always gets the same pseudonym, of
    the same shape, so joins, replays and findings still hold.

    The key comes from SEGMENT_PENDO_REDACT_KEY, or else from .segment-pendo-key in the working directory,
    which is made when it is first needed. Keep it secret: with the key, anybody can find out values of which
    only few exist, such as first names.

    Settings: [tool.segment-pendo.redact] in pyproject.toml with ids, replace, keep, allow_list.
    """
    if STDIN in names:
        message = "recordings are redacted in place, and stdin is no file. Give a file."
        raise click.UsageError(message)
    pseudonyms, keep_key = drafted(ids)
    files = Files(names, strict=strict)
    for part in files:
        with files.told():
            _redact(part, pseudonyms, keep_key, files.watch)
    sys.exit(FOUND if files.damaged else 0)


def _redact(part: Part, pseudonyms: People, keep_key: Callable[[], None], watch: Watch) -> None:
    header = opened(part).header
    if header.redacted == "people" and header.redacted_with == pseudonyms.fingerprint:
        click.echo(f"{part.name}: redacted before; left as it is.", err=True)
        return
    if header.redacted == "people":
        message = (
            f"{part.name} was redacted before with another key or other settings; redact the original "
            "recording again."
        )
        raise RecordingError(message)
    assert part.path is not None, "stdin was refused"
    done = Counter[str]()
    lines = _redacted(header, opened(part, watch).entries, pseudonyms, done)
    replace_whole(part.path, pack(lines, part.packing()), keep_key)
    click.echo(f"{part.name}: {many(done['calls'], 'call')} redacted.", err=True)
    _tell_what_is_left(part)


def _tell_what_is_left(part: Part) -> None:
    """Say what `scan` still finds in a redacted file, and what nothing finds."""
    count = 0
    for number, suspect in _suspects(part, watch_nothing):
        count += 1
        if count <= _MOST_LEFT:
            said = f"{suspect.what}: {printable(suspect.shown)}"
            click.echo(f"{part.name}:{number}:{suspect.at}: still {said}", err=True)
    if count > _MOST_LEFT:
        click.echo(f"... and {count - _MOST_LEFT} more; recording scan shows them all.", err=True)
    click.echo(
        "Look through it before you share it: a name inside a sentence has no shape and stays.", err=True
    )


def _of_function(kept: JsonObject | None, pseudonyms: People) -> JsonObject | None:
    """Return what an insert function made of a call, with pseudonyms."""
    if kept is None:
        return None
    if "data" in kept:
        return {"data": pseudonyms.call(kept["data"])}
    return kept | {"reason": pseudonyms.inside(str(kept.get("reason")))}


def _redacted(
    header: recording.Header, entries: Iterable[Entry], pseudonyms: People, done: Counter[str]
) -> Iterator[bytes]:
    """Yield the lines of a redacted recording; `done` counts its calls."""
    judge = Judge(header.setup)
    yield recording.header_line(header.setup, {"redacted": "people", "redactedWith": pseudonyms.fingerprint})
    for entry in entries:
        calls = [
            replace(
                call,
                call=pseudonyms.call(call.call),
                sent_at=tuple(map(pseudonyms.within, call.sent_at)),
                made_id=pseudonyms.inside(call.made_id),
                function=_of_function(call.function, pseudonyms),
            )
            for call in entry.calls
        ]
        request = pseudonyms.request(entry.head())
        headers: Json = [[name, text] for name, text in request.headers]
        head: JsonObject = {"path": request.path, "query": request.query, "headers": headers}
        clean = replace(
            entry,
            value=entry.value | head | {"envelope": pseudonyms.call(entry.value.get("envelope"))},
            calls=calls,
        )
        yield recording.entry_line(clean)
        for call, judged in zip(clean.calls, judge.entry(clean), strict=True):
            done["calls"] += 1
            yield recording.call_line(judged, call.at, call.sent_at, call.made_id)


@command.command()
@inputs_argument
@only_recordings_option
@strict_option
def scan(names: tuple[str, ...], *, only_recordings: bool, strict: bool) -> None:
    """Look for secrets and personal data in text files, and end with 1 if there are any.

    Looks for keys, tokens, Basic headers with a write key, e-mail addresses, phone numbers, card numbers and
    public IP addresses, also inside body_b64 of captured requests and in packed files (gzip, Zstandard). What
    is reserved for examples (example.com, 555-01xx) is not reported. Names of people are not found, because
    they have no known shape.
    """
    count = 0
    files = Files(sorted(names), strict=strict, hidden=True)
    for part in files:
        with files.told():
            if only_recordings and not is_recording(part):
                continue
            for number, suspect in _suspects(part, files.watch):
                count += 1
                click.echo(f"{part.name}:{number}:{suspect.at}: {suspect.what}: {printable(suspect.shown)}")
    click.echo(f"{many(count, 'suspect')} found{files.sum()}.", err=True)
    sys.exit(FOUND if count or files.damaged else 0)


def _suspects(part: Part, watch: Watch) -> Iterator[tuple[int, Suspect]]:
    """Yield each suspect of a text file with the number of its line. Raises Failure, RecordingError."""
    try:
        for number, line in enumerate(part.lines(watch), start=1):
            text = line.decode("utf-8", "replace").removesuffix("\n")
            yield from ((number, suspect) for suspect in suspects(text))
    except Unreadable as error:
        raise RecordingError(str(error)) from None
    if part.damage:
        message = f"{part.name}:{part.line}: {part.damage}; get it again, and scan it to its end."
        raise RecordingError(message)


def _output[F: Callable[..., Any]](says: str) -> Callable[[F], F]:
    return click.option(
        "-o", "--output", "out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=says
    )


# --- from and to other programs ---


@command.command("import")
@inputs_argument
@_output("The recording to write; calls that mean the same as before keep their line.")
@click.option(
    "--segment-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="Also take this host as one of Segment's; repeatable.",
)
@strict_option
@redact_option("Replace only keys, or people too")
@setup_options
def import_(
    names: tuple[str, ...], out: Path, hosts: tuple[str, ...], redact: str, setup: Setup, *, strict: bool
) -> None:
    """Make a recording from the files of other programs.

    FILE is an HTTP archive (HAR), a flow file of mitmproxy, or JSON lines: events as Segment archives them,
    or captured requests. It may be packed (gzip, Zstandard, zip, zhar), and may have any name: its first
    bytes say what it is; or it is a folder of such files. From archives and flow files, only requests to
    Segment's hosts are taken. Ends with 1 if such a request is not complete in the file, or if one of
    several files is damaged; the rest is imported.
    """
    pseudonyms, keep_key = drafted() if redact == "people" else (None, lambda: None)
    recorder = Recorder(out, setup=setup, secrets=credentials.known(None), people=pseudonyms)
    files = Files(names, strict=strict)
    done = Import(recorder, INTERCEPTED | {bare(host) for host in hosts}, setup, keep_key)
    done.run(files)
    recorder.close()
    calls = many(recorder.done.new + recorder.done.kept, "call")
    click.echo(f"{many(done.taken, 'request')} with {calls} in {out}.", err=True)
    for why, count in done.passed.items():
        click.echo(f"Passed over: {many(count, 'request')} {why}.", err=True)
    sys.exit(FOUND if done.lost or files.damaged else 0)


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "style", type=click.Choice(["curl", "har", "pytest"]), required=True)
def export(file: Path, style: str) -> None:
    """Print the SDK requests of a recording for another program.

    curl: a shell script that sends them to $SEGMENT_PENDO_URL, or to http://127.0.0.1:4170. har: an HTTP
    archive. pytest: a test that expects these calls, and what Pendo holds after them.
    """
    entries = [entry for entry in load(file) if entry.calls]
    setup = load_header(file).setup
    if style == "pytest":
        click.echo(export_to.pytest(setup, entries, str(file)), nl=False)
        return
    requests = [(sendable(entry, file), entry.at) for entry in entries]
    click.echo(export_to.har(requests) if style == "har" else export_to.curl(requests), nl=False)


@command.command()
@files_argument
@_output("The recording to write.")
@meaning_option
def merge(files: tuple[Path, ...], out: Path, meaning: Meaning) -> None:
    """Merge recordings into a single recording.

    Requests are put in the order in which they were received. Of calls that mean the same
    and come from the same device, one is kept.
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
                f"{file} was recorded or redacted with other settings than {files[0]}; merge only "
                "recordings that were made with the same settings."
            )
            raise Failure(message, CONFIGURATION)
    if out.exists() and out not in files:
        message = f"{out} exists already; give another --output, or add it to the files to merge."
        raise Failure(message, CONFIGURATION)
    entries = [entry for file in files for entry in load(file)]
    replace_whole(out, list(joined(headers[0], entries, meaning)))
    click.echo(f"{many(len(files), 'recording')} in {out}.", err=True)
