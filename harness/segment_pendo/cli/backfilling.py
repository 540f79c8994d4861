"""Send the final records of an archive, and compare some of them with what a Pendo has."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from segment_pendo.archive.final_calls import Counts, as_sent
from segment_pendo.archive.state import body
from segment_pendo.archive.whole import Whole
from segment_pendo.base.json_diff import ABSENT
from segment_pendo.base.prose import many, whole
from segment_pendo.cli.archiving import Archive, say
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, REFUSED, Failure
from segment_pendo.cli.inputs.actual import actual_record
from segment_pendo.cli.replaying import Webhooks, opened_store
from segment_pendo.explain.prediction import state_changes
from segment_pendo.pendo.regions import api_base
from segment_pendo.recordings.reading.mapped_file import Options
from segment_pendo.recordings.sending.pace import Pace
from segment_pendo.recordings.sending.resend import Resend
from segment_pendo.recordings.sending.source import source_of
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.environment import SIGNING_KEY, secret
from segment_pendo.words import Destination, Json

__all__ = ["Backfill"]

_CALLS: Final = "final-calls.jsonl"


@dataclass(frozen=True, slots=True)
class Backfill:
    """The backfill of an archive; `at` is now."""

    archive: Archive
    at: datetime

    def send(self, to: Destination, how: How, failed: Path | None, *, yes: bool, dry_run: bool) -> int:
        """Say how much there is, send it, say what became of it; return the exit code. Raises Failure."""
        _check(failed)
        records, code = self.archive.worked_out()
        path = self.archive.job.folder / _CALLS
        counts = records.write_calls(path, self.archive.job.setup.pendo)
        _say_counts(records, counts, to, how)
        if not counts.calls or dry_run:
            return code
        if not yes and not to.loopback:
            message = (
                f"Nothing was sent: {to.name} is a real Pendo, and what is sent there stays there. Give "
                "--yes if these counts are what you mean to send."
            )
            raise Failure(message, REFUSED)
        return self._sent(path, to, how, failed, counts.calls) or code

    def _sent(self, path: Path, to: Destination, how: How, failed: Path | None, count: int) -> int:
        setup = as_sent(self.archive.job.setup)
        source = source_of(path, Options(self.at, setup, ingest_first=False))
        resend = Resend(source, signing_key=secret(SIGNING_KEY))
        # Not the file's name: whatever wrote these calls, they are the same.
        what: list[Json] = ["backfill", source.digest, to.name, to.fingerprint, resend.as_mapped.described()]
        store = opened_store(what, to, resend)
        return Webhooks(resend, to, Pace(0.0, None), how, count, failed).send(store)

    def verify(self, to: str, most: int) -> int:
        """Compare so many records with those of a Pendo; return the exit code. Raises Failure."""
        try:
            base = api_base(to)
        except ValueError as error:
            message = f"--to: {error}."
            raise Failure(message, CONFIGURATION) from None
        records, code = self.archive.worked_out()
        sample = records.sample(most, self.archive.job.setup.pendo)
        wrong = 0
        for kind, id, record in sample:
            expected: Json = {id: body(kind, id, record)}
            actual = actual_record(base, kind, id)
            there: Json = {} if actual is None else {id: actual}
            differences = [
                f"{change.path.removeprefix('$.metadata.')}: {change.before} here, {change.after} there"
                for change in state_changes({f"{kind}s": expected}, {f"{kind}s": there})
                if change.before != ABSENT  # what only Pendo has came from elsewhere
            ]
            wrong += bool(differences)
            for text in differences if actual is not None else ["it is not there"]:
                say(f"{kind} {whole(id)}: {text}")
        click.echo(f"{len(sample) - wrong} of {many(len(sample), 'record')} as expected at {base}")
        return FOUND if wrong else code


def _check(failed: Path | None) -> None:
    """Refuse a file for dead letters that cannot be written, before anything is sent."""
    if failed is not None and (failed.exists() or not failed.parent.is_dir()):
        why = "exists already" if failed.exists() else "has no directory"
        message = f"--failed: {failed} {why}; give the name of a new file."
        raise Failure(message, CANNOT_START)


def _say_counts(records: Whole, counts: Counts, to: Destination, how: How) -> None:
    report = records.head.report
    skipped = {code: count for code, count in report.outcomes.items() if code != "webhook"}
    click.echo(f"{many(sum(report.types.values()), 'event')}, {many(records.head.webhooks, 'webhook')}")
    for code, count in sorted(skipped.items()):
        deletions = report.deletions[code]
        if deletions:
            click.echo(f"  not sent: {many(deletions, 'deletion')} ({code})")
        if count > deletions:
            click.echo(f"  not sent: {count - deletions} {code}")
    click.echo(
        f"{many(counts.visitors, 'visitor')}, {many(counts.accounts, 'account')}, "
        f"{many(counts.memberships, 'visitor in an account', 'visitors in accounts')}"
    )
    seconds = f", in {counts.calls / how.rate:.0f} s or more" if how.rate else ""
    click.echo(f"{many(counts.calls, 'call')} for {to.name}{seconds}")
