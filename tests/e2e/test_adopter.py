"""The example project in tests/adopter, with the wheel in an environment of its own; then its tracking code
broken on purpose.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from processes import installed

ADOPTER = Path(__file__).parents[1] / "adopter"
TRACKING = "shop/tracking.py"


class Break(NamedTuple):
    """One change of the app: which test must fail, and what its message says."""

    file: str
    old: str
    new: str
    fails: str
    says: tuple[str, ...]


BREAKS = {
    "a trait is renamed": Break(
        TRACKING, '"plan": user.plan', '"Plan": user.plan',
        "test_who_signs_up_becomes_a_visitor",
        ("$.traits.plan: expected 'premium', it is ABSENT (there is 'Plan'; did you mean that?)",),
    ),
    "a number is sent as text": Break(
        TRACKING, '"employees": company.employees', '"employees": str(company.employees)',
        "test_the_company_becomes_an_account",
        ("$.traits.employees: expected 329, it is '329' (the same, but as text, not as number)",),
    ),
    "a trait is nested": Break(
        TRACKING, '"address_city": user.city', '"address": {"city": user.city}',
        "test_pendo_can_use_all_that_we_tell_of_a_user",
        ((
            "warning NESTED_IGNORED at $.traits.address: Pendo ignores objects; send its parts as traits "
            "of their own."
        ),),
    ),
    "the calls are swapped": Break(
        TRACKING,
        "        self._client.identify(user.id, user_traits(user))\n"
        "        self._client.group(user.id, user.company.id, company_traits(user.company))\n",
        "        self._client.group(user.id, user.company.id, company_traits(user.company))\n"
        "        self._client.identify(user.id, user_traits(user))\n",
        "test_the_user_is_known_before_the_company",
        ((
            "wrong order: group user nina group initech came before identify user nina, and should have "
            "come after it"
        ),),
    ),
    "the password leaks": Break(
        TRACKING, '"email": user.email,', '"email": user.email, "password": user.password,',
        "test_no_password_leaves_the_shop",
        ("$.traits.password: expected ABSENT, it is 'correct horse'",),
    ),
    "an event is sent twice": Break(
        TRACKING, "        # Pendo learns",
        '        self._client.track(user.id, "Order Completed", {"total": cents / 100, "groupId": '
        '""})\n        # Pendo learns',
        "test_an_order_counts_once_although_segment_fails",
        ("1 call was expected to match track(event='Order Completed',", "answered 503, as .fail() asked"),
    ),
    "an event loses a property": Break(
        TRACKING, '"reason": reason, ', "",
        "test_who_leaves_sends_what_was_recorded",
        ("changed: track user nina event Subscription Cancelled (line 3)",
            '$.properties.reason: recorded "price", now (absent)'),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("adopter") / "venv"
    installed(directory, f"{wheel}[pytest]", "flask", "segment-analytics-python")
    return directory / "bin" / "python"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(
        shutil.copytree(ADOPTER, tmp_path / "project", ignore=shutil.ignore_patterns("__pycache__", ".*"))
    )


def ran_suite(python: Path, project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")} | {
        "CI": "1"
    }
    env.pop("GITHUB_STEP_SUMMARY", None)
    return subprocess.run(
        [python, "-m", "pytest", *arguments],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_its_tests_pass_beside_its_own_harness_and_addons(python: Path, project: Path) -> None:
    done = ran_suite(python, project, "-q")
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout
    where = (
        "import harness, addons, segment_pendo; print(harness.__file__, addons.__file__, "
        "segment_pendo.__file__)"
    )
    files = subprocess.run([python, "-c", where], cwd=project, capture_output=True, text=True).stdout.split()
    assert [Path(file).is_relative_to(project) for file in files] == [True, True, False]
    assert (
        subprocess.run([python, "-c", "import mitmproxy"], cwd=project, capture_output=True).returncode == 1
    )


@pytest.mark.parametrize("name", BREAKS)
def test_one_test_fails_and_names_the_cause(python: Path, project: Path, name: str) -> None:
    change = BREAKS[name]
    file = project / change.file
    text = file.read_text()
    assert text.count(change.old) == 1
    file.write_text(text.replace(change.old, change.new))
    done = ran_suite(python, project, "-q", "-rfE", "-o", "segment_pendo_timeout=1")
    failed = [
        line.split("::")[1].split()[0]
        for line in done.stdout.splitlines()
        if line.startswith(("FAILED tests", "ERROR tests"))
    ]
    assert failed == [change.fails], done.stdout
    for said in change.says:
        assert said in done.stdout


def test_a_client_without_its_host_is_kept_on_this_machine(python: Path, project: Path) -> None:
    conftest = project / "tests" / "conftest.py"
    conftest.write_text(conftest.read_text().replace("host=segment_pendo.host, ", ""))
    done = ran_suite(python, project, "-q", "-o", "segment_pendo_timeout=1", "-k", "becomes_a_visitor")
    assert done.returncode == 1
    assert "Is that the host of the SDK (segment_pendo.host), and was it flushed?" in done.stdout
    refused = done.stdout.partition("Hosts that were refused")[2].splitlines()
    assert refused[1].startswith("api.segment.io (in the thread ")
