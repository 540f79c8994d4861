"""`why`: say why a user, an account or a trait is, or is not, in Pendo."""

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import click
from click.core import ParameterSource

from segment_pendo.base.steps import finished
from segment_pendo.cli.completing import group_ids, user_and_trait
from segment_pendo.cli.failure import FOUND
from segment_pendo.cli.inputs.calls import How, InputName, Inputs, how_options
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import at_option
from segment_pendo.cli.options.setup import setup_options, was_given
from segment_pendo.cli.options.store import existing
from segment_pendo.cli.running import get, stranger
from segment_pendo.cli.terminal.tables import print_labelled
from segment_pendo.explain import rows
from segment_pendo.explain.why.answers import answer
from segment_pendo.explain.why.traces import Seen
from segment_pendo.explain.why.whys import Question, Whys
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.mapped_file import Mapped
from segment_pendo.words import JsonObject

__all__ = ["command"]

_LONGEST: Final = 6000  # of a question to a running instance, whose request line has at most 8190 bytes


@click.command()
@click.argument("names", nargs=-1, metavar="[USER] [TRAIT]", shell_complete=user_and_trait)
@click.option("--group", metavar="ID", shell_complete=group_ids, help="Ask about an account instead of USER.")
@click.option(
    "--from",
    "files",
    metavar="FILE",
    multiple=True,
    type=InputName(),
    help="Ask a file of calls, captured requests or a recording; - is stdin. Also a folder; repeatable.",
)
@click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Ask the store of a run, which may be on.",
)
@at_option
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
@how_options
@setup_options
def command(
    names: tuple[str, ...],
    group: str | None,
    files: tuple[str, ...],
    store: Path | None,
    url: str,
    style: str,
    setup: Setup,
    how: How,
) -> None:
    """Say why USER, or a TRAIT of it, is or is not in Pendo; by default of a running segment-pendo.

    Says by which call it was sent, what it is called in Pendo, or where it was lost and by which rule, and
    what to change. Without TRAIT, shows every field of the user's record, and all that did not arrive.

    Ends with 0 if it would be in Pendo, with 1 if not.

    \b
    Examples:
      segment-pendo why ann firstName
      segment-pendo why --group acme plan --from calls.jsonl
      segment-pendo why ann --store run.sqlite3 --format json
    """
    question = _question([_text(name) for name in names], None if group is None else _text(group))
    _refuse_two(files, store)
    is_whole = True
    if files:
        inputs = how.inputs(files, setup)
        row = _of_files(inputs, question)
        is_whole = not inputs.damaged
    elif store is not None:
        _refuse_setup("a store")
        row = _of_store(store, question)
    else:
        _refuse_setup("a running segment-pendo")
        row = _running(meant(url), question)
    _tell(row, style)
    sys.stdout.flush()
    sys.exit(0 if row["there"] and is_whole else FOUND)


def _question(names: list[str], group: str | None) -> Question:
    most = 2 if group is None else 1
    if len(names) > most:
        what = "USER and TRAIT" if group is None else "TRAIT alone, as --group names the account"
        message = f"give {what}; a file of calls is named with --from FILE."
        raise click.UsageError(message)
    if group is not None:
        return Question("account", group, *names)
    if not names:
        message = "USER is missing: the userId of a call. Or give --group ID for an account."
        raise click.UsageError(message)
    return Question("visitor", *names)


def _text(word: str) -> str:
    """Return a word of the command line; bytes that are no text are replaced."""
    return os.fsencode(word).decode("utf-8", "replace")


def _given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def _refuse_two(files: tuple[str, ...], store: Path | None) -> None:
    given = {"--from": bool(files), "--store": store is not None, "--url": _given("url")}
    named = [option for option, is_given in given.items() if is_given]
    if len(named) > 1:
        message = f"{' and '.join(named)} name two sources; give one."
        raise click.UsageError(message)


def _refuse_setup(source: str) -> None:
    if was_given(click.get_current_context()):
        message = (
            f"--assume, --track, --webhook, --pendo-track and --destination cannot change what {source} did; "
            "record its calls, and ask that file with --from."
        )
        raise click.UsageError(message)


# --- sources ---


def _of_files(inputs: Inputs, question: Question) -> JsonObject:
    whys = Whys(question)
    for item in inputs:
        if isinstance(item, Mapped):
            whys.take(Seen(item.place, item.receipt.at, item.judged, item.setup))
        elif item.refused:
            whys.refused += 1
    inputs.check()
    inputs.end(rows=False)
    return answer(whys.answer()).row()


def _of_store(path: Path, question: Question) -> JsonObject:
    from segment_pendo.serve.api.whys import why_in_steps  # noqa: PLC0415
    from segment_pendo.serve.store.database import Database  # noqa: PLC0415 - most ask something else

    with closing(Database(existing(path), writes=False)) as database:
        return finished(why_in_steps(database, question)).row()


def _running(url: str, question: Question) -> JsonObject:
    query = {"user" if question.kind == "visitor" else "group": question.id}
    if question.trait is not None:
        query["trait"] = question.trait
    if sum(len(quote(value)) for value in query.values()) > _LONGEST:
        message = "this is too long to ask a running segment-pendo; record its calls, and give --from FILE."
        raise click.UsageError(message)
    reply = get(url, "/_/why", query)
    value = reply.value
    if (
        reply.status != 200
        or not isinstance(value, dict)
        or not value.keys() >= {"verdict", "there", "lines"}
    ):
        raise stranger(url, reply.error)
    return value


# --- text ---


def _tell(row: Any, style: str) -> None:
    if style == "json":
        click.echo(rows.dumps(row))
        return
    lines = [(str(line["label"]), str(line["text"])) for line in row["lines"]]
    print_labelled(str(row["verdict"]), lines, style="bold green" if row["there"] else "bold red")
