"""What newer packages changed: which tests fail with them, which rules these hold, and a report of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["Change", "Failure", "failures", "report", "tests_run"]

# Each of its tests holds one rule; the others ask at random and hold several.
_PROBES: Final = "test_a_rule_is_as_in_the_published_code"


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed: the package that it is about, and the rules that it holds."""

    test: str
    package: str
    rules: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        """Whether the rule that changed is known, not only some of which it is one."""
        return len(self.rules) == 1 or _PROBES in self.test


@dataclass(frozen=True, slots=True)
class Change:
    """A package with another version than ours; `failed` holds the tests that this explains."""

    name: str
    ours: str
    newest: str
    failed: list[Failure] = field(default_factory=list)


def _cases(file: Path) -> Iterable[ET.Element]:
    return ET.parse(file).iter("testcase")


def tests_run(file: Path) -> int:
    """Return how many tests a JUnit file tells of."""
    return sum(1 for _ in _cases(file))


def failures(file: Path) -> list[Failure]:
    """Return the tests that failed by a JUnit file, as pytest names them on a command line."""
    found = []
    for case in _cases(file):
        if case.find("failure") is None and case.find("error") is None:
            continue
        told = [(one.get("name", ""), one.get("value", "")) for one in case.iter("property")]
        (package,) = {value for name, value in told if name == "package"} or {""}
        test = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        found.append(Failure(test, package, tuple(value for name, value in told if name == "rule")))
    return found


def report(
    changes: Sequence[Change], *, tests: int, unexplained: Sequence[Failure], broken: Sequence[Failure]
) -> str:
    """Return the report, as Markdown.

    `unexplained`: tests that fail with the newest packages only, though nothing they are about has another
    version. `broken`: tests that fail with our packages, too.
    """
    drifted = [change for change in changes if change.failed]
    lines = [f"# {_headline(drifted, unexplained, broken)}", ""]
    lines += [f"{tests} tests ran with the newest packages.", ""]
    if changes:
        lines += ["| package | ours | newest | rules that changed |", "| --- | --- | --- | --- |"]
        lines += [
            f"| {one.name} | {one.ours} | {one.newest} | {_rules(one.failed) or 'none'} |" for one in changes
        ]
        lines += [""]
    for change in drifted:
        lines += [f"## {change.name} {change.ours} -> {change.newest}", "", *_listed(change.failed), ""]
    if unexplained:
        lines += ["## Failed only with the newest, but not by a package that the test is about", ""]
        lines += [*_listed(unexplained), ""]
    if broken:
        lines += ["## Failed with our versions, too: no drift", "", *_listed(broken), ""]
    return "\n".join(lines)


def _headline(drifted: Sequence[Change], unexplained: Sequence[Failure], broken: Sequence[Failure]) -> str:
    if drifted:
        return f"Drift: {', '.join(change.name for change in drifted)}"
    if unexplained:
        return "Drift, and no package that explains it"
    return "It cannot be said whether anything drifted" if broken else "No drift"


def _rules(failed: Sequence[Failure]) -> str:
    """Return the rules that changed; where no test says which, those of which one may have."""
    exact = _unique(one for one in failed if one.is_exact)
    some = _unique(failed)
    return ", ".join(exact) if exact else f"one or more of {', '.join(some)}" if some else ""


def _unique(failed: Iterable[Failure]) -> Mapping[str, None]:
    return dict.fromkeys(rule for one in failed for rule in one.rules)


def _listed(failed: Sequence[Failure]) -> list[str]:
    return [f"- `{one.test}` ({', '.join(one.rules)})" for one in failed]
