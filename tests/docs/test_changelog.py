"""The changelog, the version and the workflow that publishes say the same."""

import importlib.metadata

import pytest
import yaml
from packaging.version import Version
from release import CHANGELOG, ROOT, VERSION, objection, sections, version

import segment_pendo

SAMPLE = "# Changelog\n\n## [Unreleased]\n\n## [0.2.0] - 2026-12-01\n\n- New.\n"


def test_the_version_stands_in_one_place() -> None:
    assert version(VERSION.read_text("utf-8")) == segment_pendo.__version__
    assert importlib.metadata.version("segment-pendo") == segment_pendo.__version__


def test_sections_go_from_what_is_not_released_down_to_the_first_version() -> None:
    unreleased, *released = sections(CHANGELOG.read_text("utf-8"))
    assert (unreleased.name, unreleased.day) == ("Unreleased", None)
    versions = [Version(section.name) for section in released]
    assert versions == sorted(versions, reverse=True)
    assert all(section.day and section.text for section in released)
    ours = Version(segment_pendo.__version__)
    assert all(ours >= one for one in versions)
    # What is not told in the changelog is not noticed by anybody.
    assert unreleased.text or ours in versions


@pytest.mark.parametrize(
    ("tag", "package", "changelog", "said"),
    [
        ("v0.2.0", "0.2.0", SAMPLE, None),
        ("v0.2.1", "0.2.0", SAMPLE, "The tag is v0.2.1"),
        ("0.2.0", "0.2.0", SAMPLE, "The tag is 0.2.0"),
        ("v0.3.0", "0.3.0", SAMPLE, "no heading"),
        ("v0.2.0", "0.2.0", SAMPLE.replace(" - 2026-12-01", ""), "no heading"),
        ("v0.2.0", "0.2.0", SAMPLE.replace("\n\n## [0", "\n\n- Later.\n\n## [0"), "under Unreleased"),
        ("v0.1.0", "0.1.0", "# Changelog\n\n## [Unreleased]\n", "no heading"),
    ],
)
def test_only_a_tag_that_all_agree_on_is_published(
    tag: str, package: str, changelog: str, said: str | None
) -> None:
    why = objection(tag, package, changelog)
    assert said in why if said and why else why is said


def test_workflows_run_what_is_there() -> None:
    folder = ROOT / ".github" / "workflows"
    ci, publish = (yaml.safe_load((folder / name).read_text("utf-8")) for name in ("ci.yml", "publish.yml"))
    assert [step["run"] for step in ci["jobs"]["all"]["steps"] if "run" in step] == [".ci/run"]
    lines = [step.get("run", "") for step in publish["jobs"]["build"]["steps"]]
    assert any(line.startswith("python tests/tools/release.py ") for line in lines)
    # The job that may publish runs no code of the repository.
    job = publish["jobs"]["publish"]
    assert job["permissions"] == {"id-token": "write"}
    assert not any("checkout" in step.get("uses", "") for step in job["steps"])


def test_the_job_that_may_write_issues_runs_no_code_of_packages() -> None:
    drift = yaml.safe_load((ROOT / ".github" / "workflows" / "drift.yml").read_text("utf-8"))
    look, tell = drift["jobs"]["look"], drift["jobs"]["tell"]
    assert look["permissions"] == {"contents": "read"}
    assert tell["permissions"] == {"issues": "write"}
    assert [step["uses"].partition("@")[0] for step in tell["steps"] if "uses" in step] == [
        "actions/download-artifact"
    ]
    assert any("poe drift --report drift.md" in step.get("run", "") for step in look["steps"])
