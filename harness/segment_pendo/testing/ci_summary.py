"""What a run of a test suite sent, as Markdown for a CI's page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from segment_pendo.base.prose import cell

__all__ = ["Case", "markdown"]

_MOST_ROWS: Final = 100


class Case(NamedTuple):
    """One test that used the harness: its name, whether it passed, and its counts (Harness.counts)."""

    name: str
    passed: bool
    counts: Mapping[str, str]


def markdown(tests: Sequence[Case], late: Iterable[tuple[str, str]]) -> str:
    """A heading with the sum, the tests that failed or have findings, and the calls that came late."""
    sums = {
        name: sum(int(one.counts.get(name, "0")) for one in tests)
        for name in ("calls", "webhooks", "skipped")
    }
    failed = sum(not one.passed for one in tests)
    lines = [
        f"### segment-pendo: {len(tests)} tests used it, {failed} of them failed",
        "",
        f"{sums['calls']} Segment calls: {sums['webhooks']} webhooks to Pendo, {sums['skipped']} skipped.",
    ]
    shown = [one for one in tests if not one.passed or one.counts.get("findings")]
    if shown:
        lines += [
            "",
            "| test | result | calls | webhooks | skipped | findings |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for one in shown[:_MOST_ROWS]:
            numbers = [one.counts.get(name, "0") for name in ("calls", "webhooks", "skipped", "findings")]
            lines.append(
                f"| {' | '.join(map(cell, [one.name, 'passed' if one.passed else 'failed', *numbers]))} |"
            )
    if len(shown) > _MOST_ROWS:
        lines.append(f"\nand {len(shown) - _MOST_ROWS} more")
    came = list(late)
    if came:
        lines += ["", "Calls that came after their test had ended:", ""]
        lines += [f"- {cell(name)}: {cell(text)}" for name, text in came[:_MOST_ROWS]]
    return "\n".join(lines) + "\n"
