"""The pytest plugin: the fixture `segment_pendo`, its marker and options.

It starts fast: nothing but pytest is imported until the fixture is used.
"""

import os
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from segment_pendo.testing.harness import Harness
    from segment_pendo.testing.loop_thread import LoopThread
    from segment_pendo.testing.network_guard import Guard
    from segment_pendo.testing.options import Options
    from segment_pendo.testing.recorded import Files

__all__: list[str] = []

_PASSED: Final = pytest.StashKey[bool | None]()  # None until the test has run
_LATE: Final = pytest.StashKey[list[tuple[str, str]]]()
_WRONG: Final = pytest.StashKey[str]()
_STANDING: Final = pytest.StashKey["Guard"]()
_BETWEEN: Final = pytest.StashKey[list[str]]()
_FILES: Final = pytest.StashKey["Files"]()
_TESTED: Final = pytest.StashKey["dict[str, tuple[bool, dict[str, str]]]"]()
_FIXTURE: Final = "segment_pendo"
_GUARD: Final = "segment_pendo_no_network"
_PROPERTY: Final = "segment_pendo_"
# Options of the marker and of the fixture segment_pendo_config, with their meaning; the first six are
# the same as those of `segment-pendo run`.
OPTIONS: Final = {
    "track": "select track calls too (default: no)",
    "pendo_track": "whether the Pendo subscription has the setting for track calls (default: it has)",
    "webhook": '"actions" (default) or "classic": which of Segment\'s two webhook destinations',
    "assume": "how rules that no source settles are read, {name: value}",
    "destination": "path of a destination file, from the test's folder; then it says the first three",
    "fail_on": (
        '"error", "warning" or "info": fail the test for a finding of this level or worse, or for a call '
        "that Segment would drop"
    ),
    "expect": "fail the test if fewer calls than this came by its end (default: 0)",
    "ignore": "JSON paths in a call, such as $.traits.lastSeen, that .matches() and .record() do not compare",
    "timeout": "seconds that wait() waits at most (default: 5)",
    "quiet": "seconds without a call after which none() assumes that nothing more comes (default: 0.25)",
}


# --- options ---


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("segment-pendo", "Segment calls and what Pendo would make of them")
    group.addoption(
        "--segment-pendo-update", action="store_true", help="Rewrite the recordings that .matches() compares."
    )
    group.addoption(
        "--segment-pendo-fail-on",
        choices=["error", "warning", "info"],
        help="Fail tests with such findings, or worse.",
    )
    group.addoption(
        "--segment-pendo-block-network",
        action="store_true",
        help="Refuse connections of all tests to other machines.",
    )
    group.addoption(
        "--segment-pendo-summary",
        metavar="FILE",
        help="Add a summary in Markdown to FILE.  [default: $GITHUB_STEP_SUMMARY]",
    )
    parser.addini(
        "segment_pendo_block_network", "As --segment-pendo-block-network.", type="bool", default=False
    )
    parser.addini(
        "segment_pendo_allow_hosts", "Hosts that tests may reach all the same.", type="args", default=[]
    )
    parser.addini("segment_pendo_fail_on", "As --segment-pendo-fail-on.", default="")
    parser.addini("segment_pendo_track", "Select track calls too.", type="bool", default=None)
    parser.addini("segment_pendo_destination", "A destination file, from the root folder.", default="")
    parser.addini(
        "segment_pendo_assume",
        "NAME=VALUE, a line each: how rules that no source settles are read.",
        type="linelist",
        default=[],
    )
    parser.addini(
        "segment_pendo_ignore",
        "JSON paths in a call, a line each, that recordings are not compared by.",
        type="linelist",
        default=[],
    )
    parser.addini(
        "segment_pendo_expect", "Fail a test with segment_pendo if fewer calls came by its end.", default="0"
    )
    parser.addini("segment_pendo_timeout", "Seconds that segment_pendo.wait() waits at most.", default="5")
    parser.addini(
        "segment_pendo_quiet", "Seconds without a call after which nothing more is expected.", default="0.25"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"segment_pendo({', '.join(OPTIONS)}): how the fixture segment_pendo behaves in this test."
    )
    if config.getoption("--segment-pendo-update"):
        from segment_pendo.serve.environment import in_ci  # noqa: PLC0415 - at first use

        if in_ci():
            msg = (
                "--segment-pendo-update rewrites recordings, which CI must not do: run it on your machine, "
                "look at the difference, and commit it"
            )
            raise pytest.UsageError(msg)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Reports(config), "segment-pendo-reports")


def _blocks(config: pytest.Config) -> bool:
    return bool(
        config.getoption("--segment-pendo-block-network") or config.getini("segment_pendo_block_network")
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    # Threads run on between tests, and doctests do not use our fixtures.
    if _blocks(session.config) and not session.config.option.collectonly:
        from segment_pendo.testing.network_guard import Guard  # noqa: PLC0415 - at first use

        guard = session.config.stash[_STANDING] = Guard(
            "something between tests", session.config.getini("segment_pendo_allow_hosts")
        )
        guard.__enter__()


def _let_go(config: pytest.Config) -> None:
    guard = config.stash.get(_STANDING, None)
    if guard is not None:
        guard.__exit__()
        config.stash[_BETWEEN] = guard.refused()


def pytest_itemcollected(item: pytest.Item) -> None:
    if not isinstance(item, pytest.Function):
        return
    # A marker without the fixture would silently do nothing.
    if item.get_closest_marker(_FIXTURE) and _FIXTURE not in item.fixturenames:
        item.fixturenames.insert(0, _FIXTURE)
    if _blocks(item.config) and _GUARD not in item.fixturenames:
        item.fixturenames.insert(0, _GUARD)  # first, so that it guards the setup of the others too


def _options(request: pytest.FixtureRequest, given: Mapping[str, Any], directory: Path) -> "Options":
    from segment_pendo.recordings.settings import SettingsError, settings  # noqa: PLC0415 - at first use
    from segment_pendo.testing.options import combined, known, of_settings, options_of  # noqa: PLC0415 - as above

    config = request.config
    in_ini: dict[str, Any] = {
        name: config.getini(f"segment_pendo_{name}")
        for name in ("assume", "ignore", "expect", "timeout", "quiet")
    }
    if config.getini("segment_pendo_track") is not None:
        in_ini["track"] = config.getini("segment_pendo_track")
    in_ini["fail_on"] = (
        config.getoption("--segment-pendo-fail-on") or config.getini("segment_pendo_fail_on") or None
    )
    try:
        of_project = settings(config.rootpath)
        file = config.getini("segment_pendo_destination")
        in_ini["destination"] = (config.rootpath / file if file else of_project.destination) or None
        levels = [
            in_ini,
            known(given, OPTIONS, "the fixture segment_pendo_config"),
            *(
                known(mark.kwargs, OPTIONS, "@pytest.mark.segment_pendo", mark.args)
                for mark in reversed(list(request.node.iter_markers(_FIXTURE)))
            ),
        ]
        chosen = combined(of_settings(of_project, levels), *levels)
        return options_of(chosen, directory, update=bool(config.getoption("--segment-pendo-update")))
    except (ValueError, SettingsError) as error:
        msg = f"segment-pendo: {error}"
        raise pytest.UsageError(msg) from None


# --- fixtures ---


@pytest.fixture(scope="session")
def segment_pendo_config() -> dict[str, Any]:
    """Override it in any scope: return options as those of the marker, which wins where both give one."""
    return {}


@pytest.fixture
def segment_pendo_directory(request: pytest.FixtureRequest) -> Path:
    """Override it: return the directory of the recordings (default: that of the test's file)."""
    return request.path.parent


@pytest.fixture(scope="session")
def _segment_pendo_loop(request: pytest.FixtureRequest) -> "Iterator[LoopThread]":
    from segment_pendo.testing.loop_thread import LoopThread  # noqa: PLC0415 - at first use

    loop_thread = LoopThread()
    with pytest.MonkeyPatch.context() as patch:
        _past_proxies(patch)
        yield loop_thread
    request.config.stash[_LATE] = loop_thread.close()
    request.config.stash[_FILES] = loop_thread.files


def _past_proxies(patch: pytest.MonkeyPatch) -> None:
    """Name this machine in NO_PROXY if a proxy is set: many SDKs use the proxy even for 127.0.0.1."""
    names = {name.lower() for name, value in os.environ.items() if value}
    if {"http_proxy", "https_proxy", "all_proxy"} & names:
        known = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, ",".join(part for part in (known, "127.0.0.1", "localhost") if part))


@pytest.fixture(scope="session")
def segment_pendo_url(_segment_pendo_loop: "LoopThread") -> str:
    """One address for the whole session, for apps that live as long.

    What comes there belongs to the test that is running.
    """
    return _segment_pendo_loop.url


@pytest.fixture
def segment_pendo(
    request: pytest.FixtureRequest,
    _segment_pendo_loop: "LoopThread",
    segment_pendo_config: dict[str, Any],
    segment_pendo_directory: Path,
) -> "Iterator[Harness]":
    """A stand-in for Segment and Pendo, for this test alone.

    Send to `.host`, then ask what came and what Pendo would make of it.
    """
    item = request.node
    item.stash[_PASSED] = None  # also where a plugin repeats a test
    harness = _segment_pendo_loop.open(
        item.nodeid, _options(request, segment_pendo_config, segment_pendo_directory)
    )
    yield harness
    passed = item.stash[_PASSED] is True
    harness.finish()
    unused = harness.unused_faults()
    _segment_pendo_loop.end(harness, passed=passed)
    item.user_properties[:] = _without_ours(item.user_properties)  # where a plugin repeats a test
    item.user_properties += [(_PROPERTY + name, value) for name, value in harness.counts().items()]
    if passed:  # a test that failed already needs no second failure
        _object(harness)
        for fault in unused:
            item.warn(
                pytest.PytestWarning(f"segment-pendo: no request came after {fault}, so nothing failed")
            )


@pytest.fixture
def segment_pendo_no_network(request: pytest.FixtureRequest) -> "Iterator[Guard]":
    """Keep this test on this machine: connections to other machines are refused.

    The test fails if something tried, even if the app swallowed the error.
    """
    from segment_pendo.testing.network_guard import Guard  # noqa: PLC0415 - at first use

    with Guard(request.node.nodeid, request.config.getini("segment_pendo_allow_hosts")) as guard:
        yield guard
    _object_to_network(guard)


def _object_to_network(guard: "Guard") -> None:
    tried = ", ".join(guard.refused())
    if tried:
        hint = (
            "Point it at segment_pendo.host or at another fake, or allow the host with "
            "segment_pendo_allow_hosts."
        )
        pytest.fail(
            f"the test tried to reach {tried}, and segment-pendo keeps tests on this machine. {hint}",
            pytrace=False,
        )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    __tracebackhide__ = True
    yield
    used = getattr(item, "funcargs", {})
    if _GUARD in used:
        _object_to_network(used[_GUARD])
    harness = used.get(_FIXTURE)
    if harness is None:
        return
    if harness.aio.forgotten:
        verbs = ", ".join(f"segment_pendo.aio.{verb}(...)" for verb in harness.aio.forgotten)
        pytest.fail(
            f"this was never awaited, so it checked nothing: {verbs}; put await before it", pytrace=False
        )
    if harness.options.fail_on is not None or harness.options.expect:
        wrong = _checked_at_the_end(harness)
        if wrong:  # outside of the handler, or pytest would show both errors
            pytest.fail(wrong, pytrace=False)
        _object(harness)


def _checked_at_the_end(harness: "Harness") -> str:
    try:
        harness.settle()
        harness.enough()
    except AssertionError as error:
        return str(error)
    return ""


def _object(harness: "Harness") -> None:
    """Fail the test if there are problems for fail_on that were not reported before."""
    new = harness.objections()
    if new:
        lines = [
            f"fail_on={harness.options.fail_on!r} objects to:",
            *(f"  {problem}" for problem in new),
            "what came:",
            *harness.timeline(),
        ]
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[_PASSED] = (
            report.passed and item.stash.get(_PASSED, None) is not False
        )  # subtests have reports of their own
        used = getattr(item, "funcargs", {})
        if report.failed and _FIXTURE in used and "what came:" not in report.longreprtext:
            report.sections.append(("Segment calls that came", "\n".join(used[_FIXTURE].timeline())))
        if report.failed and _FIXTURE in used and used[_FIXTURE].misses:
            report.sections.append(("What Pendo does not hold", "\n".join(used[_FIXTURE].misses)))
        if report.failed and _GUARD in used and used[_GUARD].tried:
            report.sections.append(("Hosts that were refused", "\n".join(used[_GUARD].refused())))
    return report


# --- the summary, and what came late ---


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    _let_go(config)
    output = getattr(config, "workeroutput", None)  # in a worker of pytest-xdist: it goes to the controller
    if output is not None:
        output["segment_pendo_late"] = [list(call) for call in config.stash.get(_LATE, [])]
        files = config.stash.get(_FILES, None)
        if files is not None:
            output["segment_pendo_files"] = files.as_json()
    else:
        config.stash[_WRONG] = _add_summary(config, config.stash.get(_LATE, []))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    late = getattr(node, "workeroutput", {}).get("segment_pendo_late", [])
    node.config.stash.setdefault(_LATE, []).extend((name, text) for name, text in late)
    files = getattr(node, "workeroutput", {}).get("segment_pendo_files")
    if files is not None:
        from segment_pendo.testing.recorded import Files  # noqa: PLC0415 - at first use

        node.config.stash.setdefault(_FILES, Files()).add(files)


def _without_ours(properties: list[tuple[str, object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, value in properties if not str(name).startswith(_PROPERTY)]


class _Reports:
    """Keep the result and the counts of each test, for the summary.

    With pytest-xdist it runs in the controller, where the reports of all workers arrive.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._tested = config.stash.setdefault(_TESTED, {})
        self._repeated: set[str] = set()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # A JUnit report joins the properties of all runs of a test; only those of the last one are true.
        if str(report.outcome) == "rerun":
            self._repeated.add(report.nodeid)
        if report.when == "teardown" and report.nodeid in self._repeated:
            self._repeated.discard(report.nodeid)
            report.user_properties = _without_ours(report.user_properties)
        before, _ = self._tested.get(report.nodeid, (True, {}))
        passed = before or report.when == "setup"  # a repeated test starts afresh
        counts = {
            name.removeprefix(_PROPERTY): str(value)
            for name, value in report.user_properties
            if name.startswith(_PROPERTY)
        }
        self._tested[report.nodeid] = passed and not report.failed, counts


def _add_summary(config: pytest.Config, late: list[tuple[str, str]]) -> str:
    """Add the summary to its file, if there is one; return what went wrong, or ''."""
    file = config.getoption("--segment-pendo-summary") or os.environ.get("GITHUB_STEP_SUMMARY")
    tested = {name: result for name, result in config.stash.get(_TESTED, {}).items() if result[1]}
    if not file or not tested:
        return ""
    from segment_pendo.testing.ci_summary import Case, markdown  # noqa: PLC0415 - at first use

    text = markdown([Case(name, passed, counts) for name, (passed, counts) in tested.items()], late)
    try:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        return f"segment-pendo: cannot write the summary {file}: {error.strerror}"
    return ""


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    files = config.stash.get(_FILES, None)
    if files is not None:
        _tell_of_recordings(terminalreporter, files, whole=exitstatus == 0 and _is_whole(terminalreporter))
    late = config.stash.get(_LATE, [])
    if config.stash.get(_WRONG, ""):
        terminalreporter.line(config.stash[_WRONG])
    refused = config.stash.get(_BETWEEN, [])
    if refused:
        terminalreporter.section("segment-pendo: hosts that were refused between tests")
        for host in refused:
            terminalreporter.line(host)
    if late:
        terminalreporter.section("segment-pendo: calls that came after their test had ended")
        for name, text in late:
            terminalreporter.line(f"{name}: {text}")
        terminalreporter.line("Flush or close the SDK's client before the test ends.")


def _is_whole(terminalreporter: Any) -> bool:
    """Whether every test of the project ran: only then is a recording that no test used left over."""
    config = terminalreporter.config
    chosen = config.args_source == pytest.Config.ArgsSource.ARGS
    chosen = chosen or any(config.getoption(name, None) for name in ("keyword", "markexpr", "lf", "stepwise"))
    return not chosen and not any(terminalreporter.stats.get(kind) for kind in ("skipped", "deselected"))


def _tell_of_recordings(terminalreporter: Any, files: "Files", *, whole: bool) -> None:
    orphans = files.orphans() if whole else []
    if files.wrote or orphans:
        terminalreporter.section("segment-pendo: recordings")
    for path, became in sorted(files.wrote.items()):
        terminalreporter.line(f"wrote {_shown(path)}: {became}")
    for path in orphans:
        terminalreporter.line(f"no test used {_shown(path)}; delete it, if it is left over")


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
