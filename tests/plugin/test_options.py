"""Marker, options and config fixtures of the plugin, and recordings."""

import json
from pathlib import Path
from textwrap import dedent

import pytest
from suites import FULL, WORKERS, ran, said

NESTED = 'send(identify_call("u1", a={"b": 1}))'


def test_fail_on_objects_to_findings_and_dropped_calls(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        f"""
        @pytest.mark.segment_pendo(fail_on="warning")
        def test_finding(send):
            {NESTED}

        @pytest.mark.segment_pendo(fail_on="error")
        def test_finding_below(send):
            {NESTED}

        @pytest.mark.segment_pendo(fail_on="error")
        def test_dropped(send):
            send({{"type": "identify", "traits": {{}}}})

        @pytest.mark.segment_pendo(fail_on="error")
        class TestClass:
            @pytest.mark.segment_pendo(fail_on=None)
            def test_the_closest_marker_wins(self, send):
                send({{"type": "identify", "traits": {{}}}})

        @pytest.fixture
        def client(segment_pendo, send):
            yield
            send({{"type": "identify", "traits": {{}}}})  # a client that flushes at the end

        @pytest.mark.segment_pendo(fail_on="error")
        def test_at_the_end(client):
            pass

        @pytest.mark.segment_pendo(fail_on="error")
        def test_that_has_failed_is_not_told_twice(client):
            assert False
        """,
    )
    result.assert_outcomes(passed=3, failed=3, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_at_the_end*",
            "fail_on='error' objects to:",
            "  identify: Segment drops it, no_user_anon_id: *",
            "*test_finding*",
            "fail_on='warning' objects to:",
            "  identify user u1: warning NESTED_IGNORED at $.traits.a: Pendo ignores objects; *",
            "what came:",
            "* s  identify user u1  webhook  [[]warning NESTED_IGNORED[]]",
        ]
    )


def test_what_clear_forgets_is_objected_to_all_the_same(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        f"""
        from hypothesis import HealthCheck, given, settings, strategies as st

        @pytest.mark.segment_pendo(fail_on="warning")
        @settings(max_examples=3, database=None, suppress_health_check=list(HealthCheck))
        @given(n=st.integers())
        def test_all_examples_count(segment_pendo, send, n):
            segment_pendo.clear()
            {NESTED}

        def test_clear_forgets_the_rest(segment_pendo, send):
            segment_pendo.fail(500)
            segment_pendo.clear()
            for _ in range(2):
                send(identify_call("u1") | {{"messageId": "m-1"}})
                codes = [found["code"] for found in segment_pendo.findings]
                assert "DUPLICATE_MESSAGE_ID" not in codes
                segment_pendo.clear()
            assert segment_pendo.problems("info") == [] and segment_pendo.counts()["calls"] == "2"
        """,
    )
    result.assert_outcomes(passed=1, failed=1)
    assert said(result).partition("short test summary")[0].count("warning NESTED_IGNORED at $.traits.a") == 3


def test_a_test_that_is_run_again_is_judged_again(pytester: pytest.Pytester) -> None:
    # As pytest-rerunfailures does.
    source = f"""
        runs = []

        @pytest.fixture
        def sometimes(segment_pendo):
            segment_pendo.record("kept.jsonl")
            runs.append(1)
            if len(runs) == 2:
                post(segment_pendo.host, identify_call("u2"))
            assert len(runs) < 2

        @pytest.mark.segment_pendo(fail_on="warning")
        def test_it(send):
            {NESTED}

        def test_recorded(segment_pendo, send, sometimes):
            send(identify_call("u1"))

        def test_last(): pass
        """
    pytester.syspathinsert()
    pytester.makepyfile(
        again="from _pytest.runner import runtestprotocol\n"
        "def pytest_runtest_protocol(item, nextitem):\n"
        "    runtestprotocol(item, nextitem=nextitem, log=True)\n"
        "    item._initrequest()\n"
        "    runtestprotocol(item, nextitem=nextitem, log=True)\n"
        "    return True\n"
    )
    source += """
        failures = [1]

        def test_passes_at_last(send):
            assert not failures.pop() if failures else True

        def test_end(): pass
        """
    result = ran(pytester, source, "-p", "again", "--segment-pendo-summary=s.md")
    result.assert_outcomes(failed=3, passed=6, errors=1)
    assert "test_passes_at_last" not in (pytester.path / "s.md").read_text()
    assert (
        '"userId":"u1"' in (pytester.path / "kept.jsonl").read_text()
    )  # what failed did not replace what passed


def test_config_fixture_ini_and_command_line(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        "[pytest]\nsegment_pendo_track = true\nsegment_pendo_fail_on = "
        "warning\nsegment_pendo_timeout = 0.01\n"
    )
    source = f"""
        def test_ini(segment_pendo, send):
            send(track_call("u1", "Paid", groupId="acme"))
            assert segment_pendo.options.timeout == 0.01
            assert segment_pendo.calls[0]["outcome"] == "webhook"

        def test_fails(send):
            {NESTED}

        class TestOther:
            @pytest.fixture(scope="class")
            def segment_pendo_config(self):
                return {{"track": False, "fail_on": None, "assume": {{"nested": "underscore"}}, "quiet": 0}}

            def test_config_fixture(self, segment_pendo, send):
                send(track_call("u1", "Paid"))
                {NESTED}
                assert segment_pendo.calls[0]["outcome"] == "skipped"
                assert segment_pendo.visitor("u1")["metadata"] == {{"a_b": 1}}
        """
    ran(pytester, source).assert_outcomes(passed=2, failed=1)
    ran(pytester, source, "--segment-pendo-fail-on=error").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('fail_om="error"', "has no option 'fail_om'; did you mean fail_on?"),
        ("xyzzy=1", "has no option 'xyzzy'; known: track, pendo_track, webhook, assume,"),
        ('fail_on="all"', "fail_on is one of 'error', 'warning', 'info', not 'all'"),
        ('webhook="new"', "webhook is one of actions, classic, not 'new'"),
        ('assume={"nestd": "x"}', "sets no switch. Did you mean nested?"),
        ('timeout="long"', "timeout is a number of seconds, not 'long'"),
        ("quiet=-1", "quiet is a number of seconds, not -1"),
        ('track="no"', "track is true or false, not 'no'"),
        (
            'assume="nested=underscore"',
            "assume is names and values of switches, such as {'nested': 'dot'}, not 'nested=underscore'",
        ),
        ('"error"', "takes options by keyword only"),
    ],
)
def test_a_wrong_option_is_told(pytester: pytest.Pytester, marker: str, message: str) -> None:
    result = ran(pytester, f"@pytest.mark.segment_pendo({marker})\ndef test_it(): pass")
    result.assert_outcomes(errors=1)
    assert message in said(result)


# --- recordings ---

RECORDED = """
    def test_it(segment_pendo, send):
        send(identify_call("u1", plan="pro"), group_call("u1", "acme"))
        send(identify_call("u2"))
        segment_pendo.matches("recordings/it.jsonl", ordered={ordered})
    """


def test_a_recording_is_made_compared_and_rewritten(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    source = RECORDED.format(ordered=True)
    missing = ran(pytester, source)
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(
        ["E*there is no recording *it.jsonl yet; run pytest --segment-pendo-update to make it*"]
    )
    ran(pytester, source, "--segment-pendo-update").assert_outcomes(passed=1)
    file = pytester.path / "recordings" / "it.jsonl"
    first = file.read_bytes()
    assert [json.loads(line)["call"]["userId"] for line in first.splitlines()[1:] if b'"call"' in line] == [
        "u1",
        "u1",
        "u2",
    ]
    ran(pytester, source).assert_outcomes(passed=1)

    changed = ran(pytester, source.replace("pro", "gold").replace('send(identify_call("u2"))', ""))
    changed.assert_outcomes(failed=1)
    changed.stdout.fnmatch_lines(
        [
            "E*it.jsonl does not match what came (1 call the same)",
            "E*removed: identify user u2 (line 6)",
            "E*changed: identify user u1 (line 3)",
            'E*$.traits.plan: recorded "pro", now "gold"',
            "E*--segment-pendo-update*",
        ]
    )
    assert file.read_bytes() == first
    ran(pytester, source.replace("pro", "gold"), "--segment-pendo-update").assert_outcomes(passed=1)
    assert (
        sum(
            one != other
            for one, other in zip(first.splitlines(), file.read_bytes().splitlines(), strict=True)
        )
        == 1
    )
    tracked = "@pytest.mark.segment_pendo(track=True)" + dedent(source).replace("pro", "gold")
    ran(pytester, tracked).assert_outcomes(failed=1)
    ran(pytester, tracked, "--segment-pendo-update").assert_outcomes(passed=1)
    ran(pytester, tracked).assert_outcomes(passed=1)


def test_order_counts_unless_it_does_not(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    two = """
    def test_it(segment_pendo, send):
        send({first})
        send({second})
        segment_pendo.matches("it.jsonl", ordered={ordered})
    """
    one, other = 'identify_call("u1")', 'identify_call("u2")'
    ran(
        pytester, two.format(first=one, second=other, ordered=True), "--segment-pendo-update"
    ).assert_outcomes(passed=1)
    moved = ran(pytester, two.format(first=other, second=one, ordered=True))
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(["E*moved: identify user u?*"])
    ran(pytester, two.format(first=other, second=one, ordered=False)).assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_what_was_written_and_what_is_left_over_is_told(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: tuple[str, ...]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    source = """
    @pytest.mark.parametrize("name", ["one", "two"])
    def test_it(segment_pendo, send, name):
        send(identify_call(name))
        segment_pendo.matches(f"recordings/{name}.jsonl")
    """
    made = ran(pytester, source, "--segment-pendo-update", *workers, plugins=WORKERS)
    made.stdout.fnmatch_lines(
        [
            "*segment-pendo: recordings*",
            "wrote recordings/one.jsonl: 1 new call",
            "wrote recordings/two.jsonl: 1 new call",
        ]
    )
    made.stdout.no_fnmatch_line("no test used*")
    (pytester.path / "recordings" / "notes.jsonl").write_text("{}\n")
    only_one = source.replace(', "two"', "")
    left = ran(pytester, only_one, *workers, plugins=WORKERS)
    left.stdout.fnmatch_lines(["no test used recordings/two.jsonl; delete it, if it is left over"])
    left.stdout.no_fnmatch_line("*notes.jsonl*")
    # Each start of workers takes seconds: there, the parts of a suite are tried in one.
    parts = [["-k", "one"], ["test_suite.py"], ["-k", "one", "test_suite.py"]]
    for arguments in parts[-1:] if workers else parts:
        part = ran(pytester, only_one, *arguments, *workers, plugins=WORKERS)
        part.assert_outcomes(passed=1)
        part.stdout.no_fnmatch_line("no test used*")


def test_update_is_refused_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = ran(pytester, RECORDED.format(ordered=True), "--segment-pendo-update")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*rewrites recordings, which CI must not do*"])
    assert not (pytester.path / "recordings").exists()


def test_record_and_replay(pytester: pytest.Pytester) -> None:
    source = """
        @pytest.fixture
        def segment_pendo_directory(tmp_path_factory):
            return tmp_path_factory.getbasetemp()

        def test_records_what_came_before_and_after(segment_pendo, send):
            send(identify_call("u1", plan="pro"))
            segment_pendo.record("kept.jsonl")
            send(group_call("u1", "acme"))

        def test_replays(segment_pendo):
            segment_pendo.replay("kept.jsonl")
            segment_pendo.exactly(2)
            assert segment_pendo.visitor("u1") == {"id": "u1", "accounts": ["acme"],
                "metadata": {"plan": "pro"}}
            segment_pendo.matches("kept.jsonl")

        def test_a_failed_test_does_not_cost_its_recording(segment_pendo, send):
            segment_pendo.record("kept.jsonl")
            send(identify_call("u2"))
            assert False

        def test_it_is_as_it_was(segment_pendo):
            segment_pendo.replay("kept.jsonl")
            assert [row["user"] for row in segment_pendo.calls] == ["u1", "u1"]

        def test_no_recording(segment_pendo):
            segment_pendo.replay("none.jsonl")
        """
    result = ran(pytester, source)
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["E *RecordingError: *none.jsonl cannot be read: No such file or directory."])
    assert list(pytester.path.parent.rglob("kept.jsonl.*")) == []


def test_snapshots_of_syrupy_and_inline_snapshot(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    source = """
        from inline_snapshot import snapshot as inline

        def test_syrupy(segment_pendo, send, snapshot):
            send(identify_call("u1", plan="pro"), track_call("u1", "Paid"), group_call("u1", "acme", n=1))
            assert segment_pendo.snapshot() == snapshot

        def test_inline(segment_pendo, send):
            send(identify_call("u1", plan="pro"))
            assert segment_pendo.visitor("u1") == inline({"id": "u1", "accounts": [],
                "metadata": {"plan": "pro"}})
            assert segment_pendo.snapshot()["webhooks"] == inline(
                [
                    {
                        "type": "identify",
                        "userId": "u1",
                        "traits": {"plan": "pro"},
                        "context": {"library": {"name": "unknown"}},
                        "integrations": {},
                        "channel": "server",
                        "version": 2,
                        "projectId": "local",
                    }
                ]
            )
        """
    plugins = ("-p", "no:xdist", *FULL)
    made = ran(pytester, source, "--snapshot-update", plugins=plugins)
    made.assert_outcomes(passed=2)
    (file,) = Path(pytester.path).rglob("*.ambr")
    assert "2024" not in file.read_text()
    ran(pytester, source, plugins=plugins).assert_outcomes(passed=2)
    ran(pytester, source.replace("n=1", "n=2"), plugins=plugins).assert_outcomes(passed=1, failed=1)


def test_a_test_that_sends_less_than_expected_fails(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsegment_pendo_expect = 1\n")
    result = ran(
        pytester,
        """
        def test_nothing(segment_pendo):
            segment_pendo.none()

        def test_one(segment_pendo, send):
            send(identify_call("u1"))

        def test_cleared(segment_pendo, send):
            send(identify_call("u1"))
            segment_pendo.clear()

        @pytest.mark.segment_pendo(expect=0)
        def test_the_marker_wins(segment_pendo):
            segment_pendo.none()

        @pytest.mark.segment_pendo(expect=3)
        def test_three(segment_pendo, send):
            send(identify_call("u1"))

        def test_without_the_fixture():
            pass
        """,
    )
    result.assert_outcomes(passed=4, failed=2)
    assert "expect=1 asks for 1 call; none came" in said(result)
    assert "No call came to http://127.0.0.1:" in said(result)
    assert "expect=3 asks for 3 calls; 1 came" in said(result)


@pytest.mark.parametrize("value", ["-1", "True", "1.5", "'many'", "None"])
def test_a_wrong_number_of_calls_is_an_error(pytester: pytest.Pytester, value: str) -> None:
    suite = f"@pytest.mark.segment_pendo(expect={value})\ndef test_it(segment_pendo): pass"
    result = ran(pytester, suite)
    result.assert_outcomes(errors=1)
    assert "expect is a number of calls, not" in said(result)


def test_what_is_assumed_stands_in_the_configuration_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsegment_pendo_assume =\n    nested=underscore\n    key_case=sent\n")
    result = ran(
        pytester,
        """
        def test_both_lines_count(segment_pendo, send):
            send(identify_call("u1", Home={"City": "x"}))
            assert segment_pendo.visitor("u1")["metadata"] == {"Home_City": "x"}

        @pytest.mark.segment_pendo(assume={"nested": "dot"})
        def test_the_marker_takes_their_place(segment_pendo, send):
            send(identify_call("u1", Home={"City": "x"}))
            assert segment_pendo.visitor("u1")["metadata"] == {"home.city": "x"}
        """,
    )
    result.assert_outcomes(passed=2)


def test_a_wrong_line_of_the_configuration_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nsegment_pendo_assume = nestd=dot\n")
    result = ran(pytester, "def test_it(segment_pendo): pass")
    result.assert_outcomes(errors=1)
    assert "Did you mean nested?" in said(result)


def test_what_varies_is_not_compared(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    source = """
    from uuid import uuid4

    {marker}
    def test_it(segment_pendo, send):
        send(
            {{"type": "page", "anonymousId": str(uuid4()),
             "properties": {{"at": {at}, "by": {by}, "n": {n}}}}}
        )
        segment_pendo.matches("it.jsonl")
    """
    marker = '@pytest.mark.segment_pendo(ignore=["$.properties.at"])'
    ran(pytester, source.format(marker=marker, at=1, by=1, n=1), "--segment-pendo-update")
    first = (pytester.path / "it.jsonl").read_bytes()
    pytester.makeini("[pytest]\nsegment_pendo_ignore =\n    properties.by\n")
    ran(pytester, source.format(marker=marker, at=2, by=2, n=1)).assert_outcomes(passed=1)
    ran(pytester, source.format(marker=marker, at=2, by=2, n=1), "--segment-pendo-update")
    assert (pytester.path / "it.jsonl").read_bytes() == first
    ran(pytester, source.format(marker="", at=2, by=2, n=1)).assert_outcomes(failed=1)
    changed = ran(pytester, source.format(marker=marker, at=2, by=2, n=2))
    changed.stdout.fnmatch_lines(["E*$.properties.n: recorded 1, now 2"])
    (pytester.path / "segment-pendo.toml").write_text('ignore = ["properties.n"]\n')
    ran(pytester, source.format(marker=marker, at=2, by=2, n=2)).assert_outcomes(passed=1)


def test_what_the_projects_settings_say_is_below_ini_and_marker(pytester: pytest.Pytester) -> None:
    source = """
        {marker}
        def test_it(segment_pendo, send):
            send(track_call("u1", "Paid"))
            assert segment_pendo.calls[0]["outcome"] == "{outcome}"
    """
    (pytester.path / "segment-pendo.toml").write_text("track = true\n")
    ran(pytester, source.format(marker="", outcome="webhook")).assert_outcomes(passed=1)
    off = "@pytest.mark.segment_pendo(track=False)"
    ran(pytester, source.format(marker=off, outcome="skipped")).assert_outcomes(passed=1)
    pytester.makeini("[pytest]\nsegment_pendo_track = false\n")
    ran(pytester, source.format(marker="", outcome="skipped")).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ignore", "words"), [('"$.a"', "ignore is a list of JSON paths"), ('["$.a["]', "is not a JSONPath")]
)
def test_wrong_paths_to_ignore_are_told(pytester: pytest.Pytester, ignore: str, words: str) -> None:
    result = ran(
        pytester,
        f"""
    @pytest.mark.segment_pendo(ignore={ignore})
    def test_it(segment_pendo):
        pass
    """,
    )
    assert words in said(result)


def test_one_file_cannot_hold_two_states_of_a_test(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    source = """
    def test_it(segment_pendo, send):
        send(identify_call("u1"))
        segment_pendo.matches("it.jsonl")
        send(identify_call("u2"))
        segment_pendo.matches("it.jsonl")
    """
    result = ran(pytester, source, "--segment-pendo-update")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*it.jsonl was written before in this test; give each .matches() a recording*"]
    )


def test_what_is_missing_at_the_end_is_said_once(pytester: pytest.Pytester) -> None:
    source = """
    @pytest.mark.segment_pendo(expect=3)
    def test_it(segment_pendo):
        pass
    """
    result = ran(pytester, source)
    result.stdout.fnmatch_lines(["expect=3 asks for 3 calls; none came"])
    result.stdout.no_fnmatch_line("*During handling of the above exception*")


def test_a_destination_file_by_marker_and_ini(pytester: pytest.Pytester) -> None:
    only = '{"mappings": [{"trigger": "type = \\"track\\""}]}'
    (pytester.path / "track.json").write_text(only)
    (pytester.path / "wrong.json").write_text('{"mapings": []}')
    pytester.makeini("[pytest]\nsegment_pendo_destination = track.json\n")
    result = ran(
        pytester,
        """
        def test_of_the_ini(segment_pendo, send):
            send(identify_call("u1"))
            segment_pendo.wait(identify("u1", outcome="skipped", code="NO_MATCHING_MAPPING"))

        @pytest.mark.segment_pendo(destination=None)
        def test_the_marker_wins(segment_pendo, send):
            send(identify_call("u1"))
            segment_pendo.wait(identify("u1", outcome="webhook"))

        @pytest.mark.segment_pendo(destination="wrong.json")
        def test_a_wrong_one(segment_pendo):
            pass
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*wrong.json: a destination has no member 'mapings'; did you mean mappings?*"]
    )
