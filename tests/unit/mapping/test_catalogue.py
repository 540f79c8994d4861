"""Every code of a finding or a skipped call: its example brings it, at its level, in words that end with a
full stop.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from destinations import setup_of

import segment_pendo
from segment_pendo.base.times import parse
from segment_pendo.cli import main
from segment_pendo.mapping import catalogue, examples
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS
from segment_pendo.pendo.rules import RULES
from segment_pendo.recordings.reading.mapped_file import Options, mapped

AT: Any = parse("2024-05-09T10:00:00Z")
EXAMPLES = {
    name: code.example for name, code in (catalogue.FINDINGS | catalogue.DROPS).items() if code.example
}
SOURCES = re.compile(
    r"Pendo|Segment|documented nowhere|our assumption|this program's own limit|API keys|SDKs"
)
EXAMPLES |= {name: example.call for name, example in examples.EXAMPLES.items() if example.call}
EXPLAINED = [name for name in EXAMPLES if (catalogue.FINDINGS | catalogue.DROPS)[name].shown_by == "explain"]
PACKAGE = Path(segment_pendo.__file__).parent


def rows(name: str) -> list[dict[str, Any]]:
    if name in examples.EXAMPLES:
        example = examples.EXAMPLES[name]
        of_file: Any = mapped(example.call.encode(), Options(AT, setup_of(example.destination)))
        return [row.row() for row in of_file]
    setup = Setup(track=name in catalogue.FINDINGS, pendo_track=name != "TRACK_NOT_ENABLED")
    made: Any = [one.row() for one in mapped(EXAMPLES[name].encode(), Options(AT, setup))]
    return list(made)


def test_the_example_of_a_code_that_needs_every_call_is_shown_by_its_verb() -> None:
    (name,) = set(EXAMPLES) - set(EXPLAINED)
    code = catalogue.FINDINGS[name]
    assert name not in [finding["code"] for row in rows(name) for finding in row["findings"]]
    done = CliRunner().invoke(main, [code.shown_by, "--format", "json"], input=code.example)
    (row,) = json.loads(done.stdout)
    assert (row["code"], row["level"], row["source"]) == (name, code.level, code.source)


@pytest.mark.parametrize("name", EXPLAINED)
def test_an_example_brings_its_code(name: str) -> None:
    *before, last = rows(name)
    told = [finding["code"] for finding in last["findings"]]
    assert name in told or name == last["code"]
    for row in before:
        assert name not in [finding["code"] for finding in row["findings"]]
    for finding in last["findings"]:
        assert finding["message"].endswith(".")
        if finding["code"] == name:
            assert (finding["level"], finding["source"]) == (
                catalogue.FINDINGS[name].level,
                catalogue.FINDINGS[name].source,
            )


@pytest.mark.parametrize("name", sorted(set(catalogue.FINDINGS) - set(catalogue.OF_CALLS) - {"FILTER_EMPTY"}))
def test_an_example_of_a_destination_brings_its_code(name: str) -> None:
    destination = setup_of(examples.EXAMPLES[name].destination).destination
    assert destination is not None
    found = {finding.code: finding for finding in destination.findings}
    code = catalogue.FINDINGS[name]
    assert (found[name].level, found[name].source) == (code.level, code.source)
    assert found[name].message.endswith(".")
    assert found[name].path.startswith(("$.mappings[0].", "$.filters["))


def test_every_code_is_explained_in_sentences() -> None:
    for name, code in (catalogue.FINDINGS | catalogue.DROPS).items():
        assert code.means.endswith("."), name
        assert code.do.endswith("."), name
        assert SOURCES.search(code.source), name
    assert set(catalogue.FINDINGS) >= ACROSS
    assert not set(catalogue.FINDINGS) & set(catalogue.DROPS)


def test_what_has_no_example_is_known() -> None:
    """These need a whole request, many calls, a real destination or a browser; their own tests show them."""
    assert (set(catalogue.OF_CALLS) | set(catalogue.DROPS)) - set(EXAMPLES) == {
        "BATCHED_BODY", "BLOCKED_BY_PLAN", "CONSENT_MAY_FILTER", "DUAL_GROUP", "DUPLICATE_PATHS",
        "FUNCTION_DROPPED", "FUNCTION_EVENT_NOT_SUPPORTED", "FUNCTION_FAILED",
        "FUNCTION_INVALID_PAYLOAD", "FUNCTION_NO_HANDLER", "FUNCTION_RETRY", "FUNCTION_TIMEOUT",
        "FUNCTION_VALIDATION", "HISTORY_CUT", "KEY_SHAPE", "MAPPING_NOT_KNOWN", "MAPPING_NO_BODY",
        "MORE_FINDINGS", "NO_EFFECT_ASSURED", "OLD_HOST", "PLAN_OMITTED", "PLAN_UNPLANNED_EVENT",
        "PLAN_VIOLATION", "TOO_MANY_NAMES", "TRACK_EVENT_SHAPE", "UNDOCUMENTED_REGION",
        "UNSUPPORTED_TYPE", "WRITE_KEYS_DIFFER", "bad_encoding", "bad_gzip", "bad_json", "bad_pixel",
        "cdn_script", "empty_batch", "message_id_too_long", "shared_too_large", "too_large",
        "too_many_messages", "unknown_path",
    }  # fmt: skip


def test_the_code_says_no_other_codes() -> None:
    text = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py"))
    said = set(re.findall(r'(?:note|Skipped)\(\s*"([A-Za-z_]+)"', text))
    assert said <= set(catalogue.FINDINGS) | set(catalogue.DROPS)
    assert set(catalogue.FINDINGS) <= said


def test_every_rule_of_pendos_stands_beside_code_and_every_citation_is_a_rule() -> None:
    files = [
        *(PACKAGE / "pendo").glob("*.py"),
        *(PACKAGE / "explain").glob("*.py"),
        PACKAGE / "serve" / "loopback_pendo.py",
    ]
    text = "\n".join(path.read_text("utf-8") for path in files if path.name != "rules.py")
    assert set(re.findall(r'"(\d\.\d+(?:\.\d+)?)"', text)) <= set(RULES)
    assert set(RULES) <= set(re.findall(r"\b\d\.\d+(?:\.\d+)?\b", text))
