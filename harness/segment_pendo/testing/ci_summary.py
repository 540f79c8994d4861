"""The summary of a test run in Markdown, for the page of a CI job."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from segment_pendo.base.prose import cell

__all__ = ["Case", "markdown"]

_MOST_ROWS: Final = 100


class Case(NamedTuple):
    """A test that used the harness: its name, whether it passed, and its counts (Harness.counts)."""

    name: str
    passed: bool
    counts: Mapping[str, str]


def markdown(tests: Sequence[Case], late: Iterable[tuple[str, str]]) -> str:
    """Return the sums, the tests that failed or have findings, and the calls that came late."""
    sums = {
        name: sum(int(test.counts.get(name, "0")) for test in tests)
        for name in ("calls", "webhooks", "skipped")
    }
    failed = sum(not test.passed for test in tests)
    lines = [
        f"### segment-pendo: {len(tests)} tests used it, {failed} of them failed",
        "",
        f"{sums['calls']} Segment calls: {sums['webhooks']} webhooks to Pendo, {sums['skipped']} skipped.",
    ]
    shown = [test for test in tests if not test.passed or test.counts.get("findings")]
    if shown:
        lines += [
            "",
            "| test | result | calls | webhooks | skipped | findings |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for test in shown[:_MOST_ROWS]:
            numbers = [test.counts.get(name, "0") for name in ("calls", "webhooks", "skipped", "findings")]
            lines.append(
                f"| {' | '.join(map(cell, [test.name, 'passed' if test.passed else 'failed', *numbers]))} |"
            )
    if len(shown) > _MOST_ROWS:
        lines.append(f"\nand {len(shown) - _MOST_ROWS} more")
    late = list(late)
    if late:
        lines += ["", "Calls that came after their test had ended:", ""]
        lines += [f"- {cell(name)}: {cell(text)}" for name, text in late[:_MOST_ROWS]]
    return "\n".join(lines) + "\n"
