"""What the plugin does for CI: the network guard, JUnit properties, a summary; and that it costs nothing
unused.
"""

import json
import xml.etree.ElementTree as ET

import pytest
from suites import FULL, PLAIN, ran, said

from segment_pendo.testing.network_guard import _Installed

BLOCKED = """
    import socket

    def test_swallowed():
        try:
            socket.create_connection(("api.segment.io", 443))
        except OSError:
            pass

    def test_raised():
        socket.create_connection(("api.segment.io", 443))

    def test_at_home(segment_pendo, send):
        send(identify_call("u1"))
        segment_pendo.wait(identify("u1"))
    """


def test_the_network_guard_names_test_and_host(pytester: pytest.Pytester) -> None:
    result = ran(pytester, BLOCKED, "--segment-pendo-block-network")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*test_swallowed*",
            (
                "the test tried to reach api.segment.io, and segment-pendo keeps tests on this machine. "
                "Point it at segment_pendo.host or *"
            ),
            "*test_raised*",
            "E *NetworkBlocked: test_suite.py::test_raised tried to look up api.segment.io, *",
            "*Hosts that were refused*",
            "api.segment.io",
        ]
    )


def test_the_network_guard_as_ini_and_as_fixture(pytester: pytest.Pytester) -> None:
    source = """
        import socket

        @pytest.fixture
        def client():
            yield
            with pytest.raises(OSError):
                socket.create_connection(("192.0.2.1", 443))

        @pytest.mark.usefixtures("segment_pendo_no_network")
        def test_only_at_the_end(client):
            pass
        """
    result = ran(pytester, source)
    result.assert_outcomes(passed=1, errors=1)
    assert "tried to reach 192.0.2.1:443" in said(result)
    pytester.makeini("[pytest]\nsegment_pendo_block_network = true\nsegment_pendo_allow_hosts = 192.0.2.7\n")
    result = ran(pytester, source.replace('@pytest.mark.usefixtures("segment_pendo_no_network")', ""))
    result.assert_outcomes(passed=1, errors=1)


def test_between_tests_and_in_doctests_the_guard_stands_too(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import socket
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logfinish():
            with pytest.raises(OSError):
                socket.create_connection(("192.0.2.1", 443))
        """
    )
    pytester.makepyfile(
        test_docs='''
        def documented():
            """
            >>> import socket
            >>> socket.getaddrinfo("api.segment.io", 443)
            []
            """
        '''
    )
    result = pytester.runpytest_inprocess(*PLAIN, "--doctest-modules", "--segment-pendo-block-network")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*NetworkBlocked: something between tests tried to look up api.segment.io*"])
    result.stdout.fnmatch_lines(
        ["*hosts that were refused between tests*", "api.segment.io", "192.0.2.1:443"], consecutive=True
    )
    assert _Installed.guard is None


def test_a_summary_without_a_terminal(pytester: pytest.Pytester) -> None:
    ran(pytester, SUITE, "--segment-pendo-summary=s.md", "-p", "no:terminal")
    assert (
        (pytester.path / "s.md")
        .read_text()
        .startswith("### segment-pendo: 3 tests used it, 1 of them failed")
    )


SUITE = """
    def test_good(send):
        send(identify_call("u1"), track_call("u1", "E"))

    def test_findings(send):
        send(identify_call("u1", a={"b": 1}, c={"d": 2}))

    def test_bad(send):
        assert False

    def test_without(): pass
    """


def test_junit_properties(pytester: pytest.Pytester) -> None:
    ran(pytester, SUITE, "--junit-xml=junit.xml")
    cases = {case.get("name"): case for case in ET.parse(pytester.path / "junit.xml").iter("testcase")}
    found = {
        name: {one.get("name"): one.get("value") for one in case.iter("property")}
        for name, case in cases.items()
    }
    counts = {"segment_pendo_calls": "2", "segment_pendo_webhooks": "1", "segment_pendo_skipped": "1"}
    assert found["test_good"] == counts | {"segment_pendo_findings": ""}
    assert found["test_findings"]["segment_pendo_findings"] == "NESTED_IGNORED x2"
    assert found["test_without"] == {}


def test_properties_of_a_test_that_is_repeated_are_those_of_its_last_run(pytester: pytest.Pytester) -> None:
    source = """
    runs = []

    def test_it(segment_pendo, send):
        runs.append(1)
        send(*[identify_call("u1")] * len(runs))
        assert len(runs) == 3
    """
    ran(pytester, source, "--junit-xml=junit.xml", "--reruns=3", plugins=FULL)
    properties = [
        (one.get("name"), one.get("value")) for one in ET.parse(pytester.path / "junit.xml").iter("property")
    ]
    assert properties.count(("segment_pendo_calls", "3")) == 1
    assert len(properties) == len({name for name, _ in properties}) == 4


def test_a_summary_where_github_asks_for_one(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = pytester.path / "summary.md"
    file.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    late = """
        host = []

        def test_one(segment_pendo):
            host.append(segment_pendo.host)

        def test_late(segment_pendo):
            post(host[0], identify_call('late|one'))
    """
    ran(pytester, late + SUITE.replace("\n    ", "\n        "))
    lines = file.read_text().splitlines()
    assert lines[:2] == ["before", "### segment-pendo: 5 tests used it, 1 of them failed"]
    assert "3 Segment calls: 2 webhooks to Pendo, 1 skipped." in lines
    assert "| test_suite.py::test_findings | passed | 1 | 1 | 0 | NESTED_IGNORED x2 |" in lines
    assert "| test_suite.py::test_bad | failed | 0 | 0 | 0 |  |" in lines
    assert lines[-1] == "- test_suite.py::test_one: identify user late\\|one"


def test_a_summary_into_a_file_that_cannot_be_written(pytester: pytest.Pytester) -> None:
    result = ran(pytester, SUITE, "--segment-pendo-summary=none/summary.md")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "segment-pendo: cannot write the summary none/summary.md: No such file or directory" in said(
        result
    )


def test_unused_it_imports_nothing_heavy(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins import some of these
    pytester.makeconftest(
        "import sys, json\ndef pytest_unconfigure(): open('modules', "
        "'w').write(json.dumps(list(sys.modules)))\n"
    )
    pytester.makepyfile("def test_it(): pass\ndef test_other(tmp_path): pass\n")
    others = ("-p", "segment_pendo.pytest_plugin", "-p", "no:pytester")
    pytester.runpytest_subprocess(*PLAIN, *others, "--collect-only").assert_outcomes()
    collected = set(json.loads((pytester.path / "modules").read_text()))
    assert "segment_pendo.pytest_plugin" in collected
    pytester.runpytest_subprocess(*PLAIN, *others).assert_outcomes(passed=2)
    used = set(json.loads((pytester.path / "modules").read_text()))
    for heavy in (
        "aiohttp",
        "orjson",
        "hypothesis",
        "mitmproxy",
        "msgspec",
        "click",
        "rich",
        "sqlite3",
        "asyncio",
    ):
        assert heavy not in collected | used, heavy
    assert {name for name in used if name.startswith("segment_pendo")} == {
        "segment_pendo",
        "segment_pendo.pytest_plugin",
    }
