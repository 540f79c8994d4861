"""`init`: find the SDKs of a project and write its settings; or write a destination file."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click

from segment_pendo.base.errors import CONFIGURATION, USAGE
from segment_pendo.base.hosts import HOME_PORT, HOME_URL
from segment_pendo.base.prose import printable
from segment_pendo.cli.failure import Failure
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.recordings.settings import FILES, SettingsError, checked, has_settings, settings

__all__ = ["command"]

_HELP_OF_SETTINGS: Final = {
    "track": "track calls go to Pendo too; its subscription has the setting for them",
    "webhook": "actions or classic",
    "destination": "how your destination is set up in production: segment-pendo init destination.json",
    "port": "where `run` listens",
    "mute": "codes of findings that do not matter here",
    "ignore": "what differs from run to run, as JSON paths",
}
_SHOWN: Final[dict[str, Any]] = {
    "track": True,
    "webhook": "actions",
    "destination": "destination.json",
    "port": HOME_PORT,
    "mute": ["IDENTIFY_NO_ACCOUNT"],
    "ignore": ["$.traits.lastSeen"],
}


def _say(sentence: str) -> None:
    click.echo(printable(sentence), err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), required=False)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="DUMP",
    help=(
        "Take the destination from the output of `terraform show -json`, or from answers of Segment's Public "
        "API; FILE is destination.json if it is left out."
    ),
)
@click.option("--named", metavar="NAME", help="Which destination of DUMP, by its name, id or address.")
@click.option("--force", is_flag=True, help="Replace FILE.")
@click.option("--track", is_flag=True, default=None, help="Write this setting: track calls too.")
@click.option("--webhook", type=click.Choice(["actions", "classic"]), help="Write this setting.")
@click.option("--destination", metavar="FILE", help="Write this setting.")
@click.option("--port", type=Whole(0, 65535), help="Write this setting.")
@click.option("--mute", metavar="CODE", multiple=True, help="Write this setting; repeatable.")
@click.option("--ignore", metavar="PATH", multiple=True, help="Write this setting; repeatable.")
def command(
    file: Path | None, source: Path | None, named: str | None, *, force: bool, **options: Any
) -> None:
    """Find Segment's SDKs in this project, and write its settings; or write FILE, a destination file.

    Without FILE: prints what points each SDK here, and writes [tool.segment-pendo] into
    pyproject.toml, or else segment-pendo.toml. Flags and the environment go before these settings.

    With FILE, or --from: writes how your destination is set up in production. Without --from it says what
    Segment proposes for a new Webhooks (Actions) destination. Every member is there, to be changed;
    docs/destination.md explains them. The file never holds a key: no URL is written.

    \b
    Examples:
      segment-pendo init
      segment-pendo init --track --port 4200
      segment-pendo init destination.json --force
      terraform show -json > state.json; segment-pendo init --from state.json --named "Pendo"
    """
    given: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in options.items()
        if value not in (None, ())
    }
    if named is not None and source is None:
        message = "--named says which destination of --from DUMP is meant; give --from too."
        raise click.UsageError(message)
    if file is not None or source is not None:
        if given:
            message = f"--{next(iter(given))} is a setting of the project; leave FILE and --from out."
            raise click.UsageError(message)
        _write_destination(file or Path("destination.json"), source, named, force=force)
        return
    if force:
        message = "--force replaces a destination file; name it: segment-pendo init destination.json --force"
        raise click.UsageError(message)
    _tell_sdks(given.get("port") or settings().port or HOME_PORT)
    _write_settings(given)


def _write_destination(file: Path, source: Path | None, named: str | None, *, force: bool) -> None:
    from segment_pendo.mapping.destination_file import DestinationFile  # noqa: PLC0415 - for this form only
    from segment_pendo.mapping.setup import Setup  # noqa: PLC0415 - as above
    from segment_pendo.recordings.destinations import Loaded, load, written  # noqa: PLC0415 - as above

    found = Loaded(DestinationFile()) if source is None else load(source, named, _say)
    if found.is_empty:
        message = (
            f"{source} is an empty object: it says nothing of a destination; nothing was written. Give the "
            "output of `terraform show -json`, or answers of Segment's Public API."
        )
        raise Failure(message, CONFIGURATION)
    destination = found.file
    Setup.of(destination=destination)  # what cannot be mapped is told now
    text = written(destination)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        message = f"{file} exists already; nothing was written. Give another file, or --force to replace it."
        raise Failure(message, USAGE) from None
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise Failure(message, USAGE) from None
    click.echo(f"Wrote {file}. Try it: segment-pendo explain --destination {file} calls.jsonl", err=True)


def _tell_sdks(port: int) -> None:
    from segment_pendo.cli.inputs.project import found  # noqa: PLC0415 - for this form only

    home = HOME_URL.replace(str(HOME_PORT), str(port))
    here = found(Path())
    for sdk, package, file in here:
        tls = "; it insists on TLS: segment-pendo run --tls-port 4172" if sdk.insists_on_tls else ""
        click.echo(printable(f"{sdk.name}: {package} in {file.as_posix()}{tls}"))
        for line in sdk.pointing(home):
            click.echo(f"    {line}")
    if not here:
        click.echo("No SDK of Segment's is named in this project's package files.")
    click.echo("An app that stays as it is: segment-pendo run -- CMD")


def _write_settings(given: dict[str, Any]) -> None:
    from segment_pendo.recordings.comparing.meaning import IgnoreError, Meaning  # noqa: PLC0415 - for this form only

    there = next((Path(name) for name in FILES if has_settings(Path(name))), None)
    file = there or Path(FILES[1] if Path(FILES[1]).is_file() else FILES[0])
    checked(file.name, given)
    try:
        Meaning(given.get("ignore", []))
    except IgnoreError as error:
        message = f"the setting ignore: {error}"
        raise SettingsError(message) from None
    lines = [_line(name, given) for name in _HELP_OF_SETTINGS]
    if there is not None:
        if given:
            message = f"{there} has settings already; nothing was written. Add there: " + "; ".join(
                line.partition("  #")[0] for line in lines if not line.startswith("#")
            )
            raise Failure(message, USAGE)
        _say(f"{there} has settings already. What holds here: segment-pendo config show")
        return
    head = ["", "[tool.segment-pendo]"] if file.name == FILES[1] else []
    try:
        with file.open("a", encoding="utf-8", newline="\n") as opened:
            opened.write("\n".join([*head, *lines, ""]))
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise Failure(message, USAGE) from None
    _say(f"Wrote {file}. What holds here: segment-pendo config show")


def _line(name: str, given: dict[str, Any]) -> str:
    value = json.dumps(given.get(name, _SHOWN[name]), ensure_ascii=False)
    return f"{'' if name in given else '# '}{name} = {value}  # {_HELP_OF_SETTINGS[name]}"
