"""The pytest plugin: the fixture `segment_pendo`, its marker and options.

It is light: nothing but pytest is imported until the fixture is used.
"""

import os
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from segment_pendo.bench import Bench
    from segment_pendo.harness import Harness, Options

__all__: list[str] = []

_PASSED: Final = pytest.StashKey[bool]()
_LATE: Final = pytest.StashKey[list[tuple[str, str]]]()
_TOLD: Final = pytest.StashKey[int]()
_FIXTURE: Final = "segment_pendo"
# Options of the marker and of the fixture segment_pendo_config, with what they mean; all but the last four are `segment-pendo run`'s.
OPTIONS: Final = {
    "track": "select track calls too (default: no)",
    "pendo_track": "whether the Pendo subscription has the setting for track calls (default: it has)",
    "webhook": '"actions" (default) or "classic": which of Segment\'s two webhook destinations',
    "model": "switches for rules that no source settles, {name: value}",
    "fail_on": '"error", "warning" or "info": fail the test if a finding of this level, or worse, was made, or Segment would drop a call',
    "timeout": "seconds that wait() waits at most (default: 5)",
    "quiet": "seconds without a call after which none() takes it that nothing more comes (default: 0.25)",
}


# --- options -------------------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("segment-pendo", "Segment calls and what Pendo would make of them")
    group.addoption("--segment-pendo-update", action="store_true", help="Rewrite the recordings that .matches() compares.")
    group.addoption("--segment-pendo-fail-on", choices=["error", "warning", "info"], help="Fail tests with such findings, or worse.")
    parser.addini("segment_pendo_fail_on", "As --segment-pendo-fail-on.", default="")
    parser.addini("segment_pendo_track", "Select track calls too.", type="bool", default=False)
    parser.addini("segment_pendo_timeout", "Seconds that segment_pendo.wait() waits at most.", default="5")
    parser.addini("segment_pendo_quiet", "Seconds without a call after which nothing more is expected.", default="0.25")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"segment_pendo({', '.join(OPTIONS)}): how the fixture segment_pendo behaves in this test.")
    if config.getoption("--segment-pendo-update") and os.environ.get("CI", "").lower() not in {"", "0", "false"}:
        msg = "--segment-pendo-update rewrites recordings, which CI must not do: run it on your machine, look at the difference, commit it"
        raise pytest.UsageError(msg)


def pytest_itemcollected(item: pytest.Item) -> None:
    # A marker without the fixture would do nothing, in silence.
    if isinstance(item, pytest.Function) and item.get_closest_marker(_FIXTURE) and _FIXTURE not in item.fixturenames:
        item.fixturenames.insert(0, _FIXTURE)


def _options(request: pytest.FixtureRequest, given: Mapping[str, Any], directory: Path) -> "Options":
    from segment_pendo.harness import Options  # noqa: PLC0415
    from segment_pendo.results import made_setup  # noqa: PLC0415

    config = request.config
    chosen: dict[str, Any] = {name: config.getini(f"segment_pendo_{name}") for name in ("track", "timeout", "quiet")}
    chosen["fail_on"] = config.getoption("--segment-pendo-fail-on") or config.getini("segment_pendo_fail_on") or None
    chosen |= _known(given, "the fixture segment_pendo_config")
    for mark in reversed(list(request.node.iter_markers(_FIXTURE))):
        if mark.args:
            msg = f"@pytest.mark.segment_pendo takes keywords only: {', '.join(OPTIONS)}"
            raise pytest.UsageError(msg)
        chosen |= _known(mark.kwargs, "@pytest.mark.segment_pendo")
    if chosen["fail_on"] not in {None, "error", "warning", "info"}:
        msg = f"segment-pendo: fail_on is 'error', 'warning', 'info' or None, not {chosen['fail_on']!r}"
        raise pytest.UsageError(msg)
    if chosen.get("webhook", "actions") not in {"actions", "classic"}:
        msg = f"segment-pendo: webhook is 'actions' or 'classic', not {chosen['webhook']!r}"
        raise pytest.UsageError(msg)
    try:
        return Options(
            made_setup(
                track=bool(chosen["track"]),
                pendo_track=bool(chosen.get("pendo_track", True)),
                webhook=chosen.get("webhook", "actions"),
                model=chosen.get("model", {}),
            ),
            fail_on=chosen["fail_on"],
            timeout=float(chosen["timeout"]),
            quiet=float(chosen["quiet"]),
            directory=directory,
            update=bool(config.getoption("--segment-pendo-update")),
        )
    except (ValueError, TypeError) as error:
        msg = f"segment-pendo: {error}"
        raise pytest.UsageError(msg) from None


def _known(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    from segment_pendo.suggestion import nearest  # noqa: PLC0415

    for name in given:
        if name not in OPTIONS:
            near = nearest(name, OPTIONS)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(OPTIONS)}"
            msg = f"{where} has no option {name!r}; {hint}"
            raise pytest.UsageError(msg)
    return dict(given)


# --- fixtures ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def segment_pendo_config() -> dict[str, Any]:
    """Override it, in any scope: options for the tests below, as those of the marker, which wins."""
    return {}


@pytest.fixture
def segment_pendo_directory(request: pytest.FixtureRequest) -> Path:
    """Override it: the directory that paths of recordings are relative to; here, that of the test's file."""
    return request.path.parent


@pytest.fixture(scope="session")
def _segment_pendo_bench(request: pytest.FixtureRequest) -> "Iterator[Bench]":
    from segment_pendo.bench import Bench  # noqa: PLC0415

    bench = Bench()
    yield bench
    request.config.stash[_LATE] = bench.close()


@pytest.fixture(scope="session")
def segment_pendo_url(_segment_pendo_bench: "Bench") -> str:
    """One address for the whole session, for apps that live as long: the test that runs has what comes there."""
    return _segment_pendo_bench.url


@pytest.fixture
def segment_pendo(
    request: pytest.FixtureRequest, _segment_pendo_bench: "Bench", segment_pendo_config: dict[str, Any], segment_pendo_directory: Path
) -> "Iterator[Harness]":
    """A stand-in for Segment and Pendo, for this test alone: send to `.host`, then ask what came and what Pendo would make of it."""
    item = request.node
    harness = _segment_pendo_bench.open(item.nodeid, _options(request, segment_pendo_config, segment_pendo_directory))
    yield harness
    _segment_pendo_bench.end(harness, passed=item.stash.get(_PASSED, False))
    item.user_properties += [(f"segment_pendo_{name}", value) for name, value in harness.counts().items()]
    _object(item, harness)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    yield
    harness = getattr(item, "funcargs", {}).get(_FIXTURE)
    if harness is not None and harness.options.fail_on is not None:
        harness.settle()
        _object(item, harness)


def _object(item: pytest.Item, harness: "Harness") -> None:
    """Fail where fail_on objects to something that it was not told of before."""
    __tracebackhide__ = True
    found = harness.objections()
    new = found[item.stash.get(_TOLD, 0) :]
    item.stash[_TOLD] = len(found)
    if new:
        lines = [f"fail_on={harness.options.fail_on!r} objects to:", *(f"  {one}" for one in new), "what came:", *harness.timeline()]
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = report.passed
        harness = getattr(item, "funcargs", {}).get(_FIXTURE)
        if report.failed and harness is not None and "what came:" not in report.longreprtext:
            report.sections.append(("Segment calls that came", "\n".join(harness.timeline())))
    return report


# --- what came late ------------------------------------------------------------------------------------------------------


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)  # a worker of pytest-xdist tells its controller
    if output is not None:
        output["segment_pendo_late"] = [list(one) for one in session.config.stash.get(_LATE, [])]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    late = getattr(node, "workeroutput", {}).get("segment_pendo_late", [])
    node.config.stash.setdefault(_LATE, []).extend((name, text) for name, text in late)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    late = config.stash.get(_LATE, [])
    if late:
        terminalreporter.section("segment-pendo: calls that came after their test had ended")
        for name, text in late:
            terminalreporter.line(f"{name}: {text}")
        terminalreporter.line("Flush or close the SDK's client before the test ends.")
