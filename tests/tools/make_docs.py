"""Make docs/fidelity.md, docs/findings.md and the schemas of our files again from what the code runs.

`uv run python tests/tools/make_docs.py`
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sdk_pages

from segment_pendo.base.finding_code import Code
from segment_pendo.base.switch import table
from segment_pendo.explain.fate import fate
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.catalogue import DROPS, FINDINGS, OF_CALLS
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.probe import result as probe_result
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.recordings import lines
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.segment.rules import RULES, Rule
from segment_pendo.segment.switches import Switches
from segment_pendo.words import LEVELS

FIDELITY = Path(__file__).parents[2] / "docs" / "fidelity.md"
FINDINGS_PAGE = FIDELITY.with_name("findings.md")
SCHEMA = Path(lines.__file__).with_name("format.schema.json")
DESTINATION_SCHEMA = Path(destination_file.__file__).with_name("destination.schema.json")
PROBE_SCHEMA = Path(probe_result.__file__).with_name("result.schema.json")

HEAD = """\
# How faithful this is to Segment

<!-- made by tests/tools/make_docs.py from segment/rules.py and segment/switches.py; a test holds it -->

Segment's servers are closed; its destinations and SDKs are not. So each rule says where it is known from, and
what our tests hold our code against. Rules that no source settles are switches: the default has the best
evidence, `--assume NAME=VALUE` takes another reading, for `map` and `run`.
`segment-pendo finding --assumptions` lists them.

| proof | means |
| --- | --- |
| oracle | Segment's own code runs beside ours in CI. Body and signature: 5,000 generated events, \
150 batches. Headers: one event. Classic: 600 cases of what turns it off, 600 of dates |
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
        *switch_table(Switches),
    ]
    lines += [
        "\n## Not emulated\n",
        (
            "Suppressed users, schema blocks and source transformations (they live in a workspace); "
            "Segment's retries"
        ),
        (
            "over hours; the drop of repeated messageIds (said by a finding, delivered all the same); "
            "rate limits."
        ),
    ]
    return "\n".join(lines) + "\n"


def switch_table(switches: "type[Switches | PendoSwitches]") -> Iterator[str]:
    yield "| switch | asks | values (the first is the default) | rule |"
    yield "| --- | --- | --- | --- |"
    for one in table(switches):
        values = "<br>".join(f"`{value}`: {means}" for value, means in one.values.items())
        yield f"| `{one.name}` | {one.asks} | {values} | {', '.join(one.rules)} |"


FINDINGS_HEAD = """\
# What Pendo makes of it: findings, rules, switches

<!-- made by tests/tools/make_docs.py from the tables of the code; a test holds it to them -->

Pendo answers 200 to nearly everything and says nothing of what it ignores. Each call here has findings
instead: a code, a level, the JSON path, one sentence that tells what to do, and where it is known from.
`segment-pendo finding CODE` explains one, with calls that bring it; `segment-pendo explain FILE` tells the
fate of each call, field by field. Findings never change a webhook.

Findings about ids, users, fields and accounts of *earlier* calls hold for a run (or a file): the last 10,000
of each are remembered. Each session of a run has its own (1,000).
ORDER_SENSITIVE needs every call: only `segment-pendo races` brings it.
"""


def finding_row(name: str, code: Code) -> str:
    return f"| `{name}` | {code.means.replace('|', '/')} | {code.do} | {code.source} |"


def finding_section(title: str, codes: dict[str, Code]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield "| code | means | do | source |"
    yield "| --- | --- | --- | --- |"
    yield from (finding_row(name, code) for name, code in codes.items())


# Facts section 10: what our model makes of a stream of calls, one after the other.
WORKED = (
    """{"type":"identify","userId":"u-1","traits":{"email":"ann@example.com","planName":"pro","logins":5,"ok":true,\
"since":"2024-05-09T10:00:00.000Z","address":{"city":"Brno"},"tags":["a","b"],"mix":["a",{"x":1}],"300":"x","gone":null}}""",
    (
        """{"type":"group","userId":"u-1","groupId":"acme","""
        """"traits":{"name":"Initech","employees":329,"total billed":830}}"""
    ),
    """{"type":"identify","userId":"u-1","traits":{"planname":"free"}}""",
    """{"type":"group","userId":"u-1","groupId":"beta"}""",
    (
        """{"type":"track","userId":"u-1","event":"Registered","""
        """"properties":{"groupId":"acme","plan":"Pro Annual"}}"""
    ),
    """{"type":"track","userId":"u-1","event":"Registered","properties":{"plan":"Pro Annual"}}""",
    """{"type":"identify","userId":null,"anonymousId":"a-1","traits":{"plan":"pro"}}""",
)


def worked() -> Iterator[tuple[str, str, list[str]]]:
    """Call, fate, findings of the worked examples."""
    at = datetime(2024, 5, 9, 10, tzinfo=UTC)
    for one in mapped("\n".join(WORKED).encode(), Options(at, Setup(track=True))):
        assert isinstance(one, Mapped)
        codes = [f"{finding.code} {finding.path}" for finding in one.judged.findings]
        yield WORKED[one.line - 1], fate(one.judged, one.setup), codes


def findings() -> str:
    """The page."""
    lines = [FINDINGS_HEAD.rstrip("\n")]
    for level in LEVELS:
        lines += finding_section(
            f"Findings: {level}", {name: code for name, code in OF_CALLS.items() if code.level == level}
        )
    lines += finding_section(
        "Findings about a destination file",
        {name: code for name, code in FINDINGS.items() if name not in OF_CALLS},
    )
    lines += finding_section("Why a call is skipped, or a request refused", DROPS)
    lines += [
        "\n## Worked examples\n",
        "With `--track`, one after the other.\n",
        "| call | fate | findings |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| `{call}` | {said} | {'<br>'.join(f'`{code}`' for code in codes)} |"
        for call, said, codes in worked()
    ]
    lines += [
        "\n## Pendo's rules, as far as they are known\n",
        "| rule | says | grade | source |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| pendo {name} | {rule.says} | {rule.grade} | {rule.source} |"
        for name, rule in pendo_rules.RULES.items()
    ]
    lines += [
        "\n## Switches: what is published nowhere\n",
        "`--assume NAME=VALUE` takes another reading; no webhook changes.\n",
    ]
    return "\n".join([*lines, *switch_table(PendoSwitches)]) + "\n"


def schema_text() -> str:
    """The JSON Schema of a recording's lines."""
    return json.dumps(lines.schema(), indent=2) + "\n"


def destination_schema_text() -> str:
    """The JSON Schema of a destination file."""
    return json.dumps(destination_file.schema(), indent=2) + "\n"


def probe_schema_text() -> str:
    """The JSON Schema of the result of a probe."""
    return json.dumps(probe_result.schema(), indent=2) + "\n"


if __name__ == "__main__":
    FIDELITY.parent.mkdir(exist_ok=True)
    FIDELITY.write_text(fidelity(), "utf-8", newline="\n")
    FINDINGS_PAGE.write_text(findings(), "utf-8", newline="\n")
    SCHEMA.write_text(schema_text(), "utf-8", newline="\n")
    sdk_pages.FOLDER.mkdir(exist_ok=True)
    (sdk_pages.FOLDER / "index.md").write_text(sdk_pages.contents(), "utf-8", newline="\n")
    for sdk in sdk_pages.shown():
        sdk_pages.file(sdk).write_text(sdk_pages.page(sdk), "utf-8", newline="\n")
    DESTINATION_SCHEMA.write_text(destination_schema_text(), "utf-8", newline="\n")
    PROBE_SCHEMA.write_text(probe_schema_text(), "utf-8", newline="\n")
