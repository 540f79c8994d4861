"""How well redaction and scan do on the corpora in fixtures/redaction; run as a program, it prints it.

Each line of `planted` has a call and a value in it that must be gone; of `benign`, one that must stay. A name
or a street has no `shape`: only its key tells, so redaction finds it, and scan, which would report every
recording, does not.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import click

from segment_pendo.base import js_json
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.recordings.redaction.scan import suspects

FOLDER = Path(__file__).parents[2] / "fixtures" / "redaction"
PEOPLE = People(b"the key of the corpora")


class Measure(NamedTuple):
    """What was missed, and what was changed or reported though it means nobody."""

    missed: list[Any]
    wronged: list[Any]


def corpus(name: str) -> list[Any]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()]


def text(call: Any) -> str:
    return json.dumps(call, ensure_ascii=False)


def redacted(call: Any) -> str:
    return text(json.loads(js_json.keep(PEOPLE.call(js_json.read(text(call).encode(), spelled=True).value))))


def holds(line: str, value: str) -> bool:
    return json.dumps(value, ensure_ascii=False)[1:-1] in line


def redaction() -> Measure:
    return Measure(
        [item for item in corpus("planted") if holds(redacted(item["call"]), item["value"])],
        [item for item in corpus("benign") if not holds(redacted(item["call"]), item["value"])],
    )


def scan() -> Measure:
    return Measure(
        [item for item in corpus("planted") if item["shape"] and not list(suspects(text(item["call"])))],
        [item for item in corpus("benign") if list(suspects(text(item["call"])))],
    )


def main() -> None:
    benign, shaped = len(corpus("benign")), sum(item["shape"] for item in corpus("planted"))
    for name, planted, measure in (
        ("redaction", len(corpus("planted")), redaction()),
        ("scan", shaped, scan()),
    ):
        found, kept = planted - len(measure.missed), benign - len(measure.wronged)
        click.echo(
            f"{name}: {found} of {planted} found ({found / planted:.2f}), {kept} of {benign} left alone"
        )
        for item in measure.missed:
            click.echo(f"  missed: {item['kind']} {item['value']}")
        for item in measure.wronged:
            click.echo(f"  wronged: {item['value']}")


if __name__ == "__main__":
    main()
