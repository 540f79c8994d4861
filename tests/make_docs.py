"""Make docs/fidelity.md again from the tables that the code runs: `uv run python tests/make_docs.py`"""

from collections.abc import Iterator
from pathlib import Path

from segment_pendo.segment.rules import RULES, Rule
from segment_pendo.segment.switches import Switches
from segment_pendo.switch import table

FIDELITY = Path(__file__).parent.parent / "docs" / "fidelity.md"

HEAD = """\
# How faithful this is to Segment

<!-- made by tests/make_docs.py from segment/rules.py and segment/switches.py; a test holds it to them -->

Segment's servers are closed; its destinations and SDKs are not. So each rule says where it is known from, and what our tests hold our code
against. Rules that no source settles are switches: the default has the best evidence, `--model NAME=VALUE` takes another reading, for `map`
and `run`. `segment-pendo finding --models` lists them.

| proof | means |
| --- | --- |
| oracle | Segment's own code runs beside ours in CI. Body and signature: 5,000 generated events, 150 batches. Headers: one event. \
Classic: 600 cases of what turns it off, 600 of dates |
| payloads | timestamps of events that came out of the real service and were published, as tests |
| SDKs | requests of real SDKs: running ones in CI, captured ones in fixtures/sdk |
| as read | nothing but the text of the source; tests hold our code to it |
"""


def row(rule: Rule, switches: dict[str, list[str]]) -> str:
    names = ", ".join(f"`{name}`" for name in switches.get(rule.id, []))
    return f"| {rule.id} | {rule.says} | {rule.source} | {rule.proof} | {names} |"


def section(title: str, rules: list[Rule], switches: dict[str, list[str]]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| rule | says | source | proof | switch |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (row(rule, switches) for rule in rules)


def fidelity() -> str:
    """The page."""
    switches: dict[str, list[str]] = {}
    for one in table(Switches):
        for rule in one.rules:
            switches.setdefault(rule, []).append(one.name)
    proven = [rule for rule in RULES if rule.proof != "as read"]
    assumed = [rule for rule in RULES if rule.grade == "assumption" and rule not in proven]
    only_read = [rule for rule in RULES if rule not in proven and rule not in assumed]
    lines = [
        HEAD.rstrip("\n"),
        *section("Proven against Segment's code, payloads or SDKs", proven, switches),
        *section("Only documented, or seen in public", only_read, switches),
        *section("Assumed", assumed, switches),
        "\n## Switches\n",
        "| switch | asks | values (the first is the default) | rule |",
        "| --- | --- | --- | --- |",
    ]
    for one in table(Switches):
        values = "<br>".join(f"`{value}`: {means}" for value, means in one.values.items())
        lines.append(f"| `{one.name}` | {one.asks} | {values} | {', '.join(one.rules)} |")
    lines += [
        "\n## Not emulated\n",
        "Suppressed users, tracking plans, schema blocks, destination filters and functions (they live in a workspace); Segment's retries",
        "over hours; the drop of repeated messageIds (said by a finding, delivered all the same); rate limits.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    FIDELITY.parent.mkdir(exist_ok=True)
    FIDELITY.write_text(fidelity(), "utf-8", newline="\n")
