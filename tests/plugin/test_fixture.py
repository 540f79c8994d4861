"""The fixture `segment_pendo`: what it gives, and what it says when an expectation is missed."""

import re

import pytest
from suites import FULL, ran, said


def test_what_came_and_what_pendo_would_hold(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        def test_it(segment_pendo, send):
            assert segment_pendo.calls == segment_pendo.webhooks == segment_pendo.findings == []
            assert send(identify_call("u1", plan="pro", address={"city": "x"}), track_call("u1",
                "Signed Up")) == 200
            send(group_call("u1", "acme", name="Acme"))
            one, two, three = segment_pendo.wait(any_call(), count=3)
            assert (one["type"], one["user"], one["outcome"], one["delivery"]["state"]) == ("identify", "u1",
                "webhook", "delivered")
            assert (two["outcome"], two["code"]) == ("skipped", "NO_MATCHING_MAPPING")
            assert segment_pendo.calls == [one, two, three]
            assert [webhook["type"] for webhook in segment_pendo.webhooks] == ["identify", "group"]
            (finding,) = [found for found in segment_pendo.findings if found["level"] == "warning"]
            assert (finding["code"], finding["path"], finding["call"]) == ("NESTED_IGNORED",
                "$.traits.address", one["id"])
            assert segment_pendo.visitor("u1") == {"id": "u1", "accounts": ["acme"],
                "metadata": {"plan": "pro"}}
            assert segment_pendo.account("acme") == {"id": "acme", "metadata": {"name": "Acme"}}
            assert segment_pendo.visitor("nobody") is None and segment_pendo.account("nobody") is None
            skipped = segment_pendo.snapshot()["skipped"]
            assert skipped == ["track user u1 event Signed Up: NO_MATCHING_MAPPING"]
            assert segment_pendo.exactly(1, identify()) == [one]
            segment_pendo.none(page())
            assert segment_pendo.in_order(identify(), group()) == [one, three]
            said = f"<Harness at {segment_pendo.host}: 3 calls, 1 skipped, findings: NESTED_IGNORED>"
            assert repr(segment_pendo) == said
            segment_pendo.clear()
            assert segment_pendo.calls == [] and segment_pendo.visitor("u1") is None

        def test_the_next_test_sees_nothing_of_it(segment_pendo):
            assert segment_pendo.calls == [] and segment_pendo.visitor("u1") is None
        """,
    )
    result.assert_outcomes(passed=2)


def test_its_address_shows_the_same_to_a_browser(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        def got(url):
            with opener.open(url, timeout=20) as answer:
                return answer.read()

        def test_it(segment_pendo, send):
            send(identify_call("u1", plan="pro"), track_call("u1", "E"))
            assert b"<title>" in got(segment_pendo.host + "/")
            assert json.loads(got(segment_pendo.host + "/_/calls"))["calls"] == segment_pendo.calls
            record = json.loads(got(segment_pendo.host + "/api/v1/visitor/u1"))
            assert record["metadata"]["segmentio"] == {"plan": "pro"}
            assert segment_pendo.visitor("u1")["metadata"] == {"plan": "pro"}
        """,
    )
    result.assert_outcomes(passed=1)


MISSES = {
    'segment_pendo.wait(identify("u1", traits={"plan": "gold", "n": "1", "seats": 5}), timeout=0.01)': """
        no call matching identify(user='u1', traits={'plan': 'gold', 'n': '1', 'seats': 5}) came within 0.01 s
        what came:
          > s  identify user u1  webhook  [warning NESTED_IGNORED]
            s  group user u1 group acme  webhook
        nearest: identify user u1
            $.traits.plan: expected 'gold', it is 'pro'
            $.traits.n: expected '1', it is 1 (the same, but as number, not as text)
            $.traits.seats: expected 5, it is ABSENT (there is 'Seats'; did you mean that?)
            warning NESTED_IGNORED at $.traits.a: Pendo ignores objects; send its parts as traits of their own.
        """,  # noqa: E501 - as it is printed
    "segment_pendo.wait(identify(), count=2, timeout=0.01)": """
        1 call matching identify() came within 0.01 s; 2 were expected
        what came:
            s  identify user u1  webhook  [warning NESTED_IGNORED]
          > s  group user u1 group acme  webhook
        nearest: group user u1 group acme
            $.type: expected 'identify', it is 'group'
        """,
    'segment_pendo.none(group("acme"))': """
        no call was expected to match group(group='acme'); 1 came
        what came:
            s  identify user u1  webhook  [warning NESTED_IGNORED]
          > s  group user u1 group acme  webhook
        too many: group user u1 group acme
            its traits: {'name': 'Acme'}
        """,
    "segment_pendo.in_order(group(), identify(), timeout=0.01)": """
        wrong order: identify user u1 came before group user u1 group acme, and should have come after it
        what came:
          > s  identify user u1  webhook  [warning NESTED_IGNORED]
            s  group user u1 group acme  webhook
        """,
    'segment_pendo.in_order(identify(), track("Paid"), timeout=0.01)': """
        no call matching track(event='Paid') came after identify user u1 within 0.01 s
        what came:
            s  identify user u1  webhook  [warning NESTED_IGNORED]
          > s  group user u1 group acme  webhook
        nearest: group user u1 group acme
            $.type: expected 'track', it is 'group'
            $.event: expected 'Paid', it is ABSENT
        """,
}


@pytest.mark.parametrize(("line", "message"), MISSES.items())
def test_a_miss_explains_itself(pytester: pytest.Pytester, line: str, message: str) -> None:
    result = ran(
        pytester,
        f"""
        def test_it(segment_pendo, send):
            send(identify_call("u1", plan="pro", n=1, Seats=5, a={{"b": 1}}), group_call("u1", "acme",
                name="Acme"))
            {line}
        """,
    )
    result.assert_outcomes(failed=1)
    shown = [" ".join(line[1:].split()) for line in result.outlines if line.startswith("E ")]
    without_time = [line.replace("AssertionError: ", "") for line in shown]
    told = [re.sub(r"\d\.\d{3} s", "s", line) for line in without_time]
    assert told == [" ".join(line.split()) for line in message.strip().splitlines()]
    assert "harness.py" not in said(result)  # the traceback ends in the test


def test_nothing_came(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        def test_it(segment_pendo):
            segment_pendo.wait(timeout=0.01)

        def test_a_plain_assert_shows_the_timeline(segment_pendo, send):
            send(identify_call("u7"))
            assert not segment_pendo.calls
        """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.re_match_lines(
        [
            r"E +AssertionError: no call matching any_call\(\)",
            r"E +No call came to http://127.0.0.1:\d+\. Is that the host",
        ]
    )
    result.stdout.re_match_lines(
        [r"-+ Segment calls that came -+", r" +0\.\d{3} s  identify user u7  webhook"]
    )


def test_refused_requests_and_dropped_calls_are_on_the_timeline(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import urllib.error

        def test_it(segment_pendo, send):
            send({"type": "identify", "traits": {}})
            with pytest.raises(urllib.error.HTTPError):
                send(identify_call("u1", text="x" * 600_000))
            segment_pendo.wait(identify("u1"), timeout=0.01)

        @pytest.mark.segment_pendo(fail_on="error")
        def test_a_stranger_is_no_problem(segment_pendo):
            with pytest.raises(urllib.error.HTTPError):
                opener.open(segment_pendo.host + "/robots.txt")
            assert "answered 404" in segment_pendo.timeline()[0]
        """,
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.re_match_lines(
        [
            r".*identify  skipped no_user_anon_id",
            r".*POST /v1/batch answered 400 too_large",
            r".*nearest: identify",
            r".*\$\.userId: expected 'u1', it is ABSENT",
            r".*skipped no_user_anon_id: ",
        ]
    )


def test_what_is_no_expectation_is_told_at_once(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        @pytest.mark.parametrize("wrong", [identify, "u1", {"type": "identify"}])
        def test_it(segment_pendo, wrong):
            for verb in (segment_pendo.wait, segment_pendo.none, segment_pendo.in_order,
                segment_pendo.matching):
                with pytest.raises(TypeError,
                    match="such as identify.* belongs here, not (identify|'u1'|{'type': 'identify'})$"):
                    verb(wrong)
        """,
    )
    result.assert_outcomes(passed=3)


def test_faults(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import http.client
        import time
        import urllib.error

        def status(send, *calls):
            try:
                return send(*calls)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.headers["Retry-After"]

        def test_status(segment_pendo, send):
            segment_pendo.fail(429, retry_after=7)
            segment_pendo.fail(500, times=2, keep=True)
            segment_pendo.fail(None, delay=0.05)
            assert status(send, identify_call("lost")) == (429, "7")
            assert [status(send, identify_call("kept")) for _ in range(2)] == [(500, None)] * 2
            before = time.monotonic()
            assert status(send, identify_call("slow")) == 200
            assert time.monotonic() - before >= 0.05
            assert [row["user"] for row in segment_pendo.calls] == ["kept", "kept", "slow"]
            assert "answered 429, as .fail() asked; its calls were not taken" in segment_pendo.timeline()[0]

        def test_dropped(segment_pendo, send):
            segment_pendo.fail(drop=True)
            with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
                send(identify_call("lost"))
            segment_pendo.none()

        NAN = float("nan")
        WRONG = [{"status": 42}, {"status": 2.5}, {"times": 0}, {"times": 2.5}, {"delay": -1},
            {"delay": NAN}, {"retry_after": "7"}]

        @pytest.mark.parametrize("wrong", WRONG)
        def test_wrong(segment_pendo, wrong):
            with pytest.raises(ValueError, match="status from 200 to 599"):
                segment_pendo.fail(**wrong)

        def test_what_is_still_held_back_is_told(segment_pendo, send):
            import threading
            segment_pendo.fail(None, delay=1)
            threading.Thread(target=send, args=[identify_call("u1")], daemon=True).start()
            segment_pendo._until(lambda: segment_pendo.events, 5)
            with pytest.raises(AssertionError, match="a request was still being answered after 0.05 s"):
                segment_pendo.settle(timeout=0.05)
        """,
    )
    result.assert_outcomes(passed=10)


def test_async_tests(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import asyncio
        import aiohttp

        pytestmark = pytest.mark.asyncio

        async def later(host):
            await asyncio.sleep(0.01)
            async with aiohttp.ClientSession() as session:
                await session.post(host + "/v1/identify", json={"userId": "u1"})

        async def test_the_loop_goes_on(segment_pendo):
            task = asyncio.ensure_future(later(segment_pendo.host))
            await segment_pendo.aio.wait(identify("u1"))
            await task
            await segment_pendo.aio.exactly(1)
            await segment_pendo.aio.none(group())
            await segment_pendo.aio.in_order(identify())

        async def test_waiting_in_the_loop_is_explained(segment_pendo):
            task = asyncio.ensure_future(later(segment_pendo.host))
            try:
                segment_pendo.wait(identify("u1"), timeout=0.05)
            finally:
                await task
        """,
        plugins=FULL,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*await segment_pendo.aio.wait(...)*"])


def test_trio(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import trio

        def test_it(segment_pendo, send):
            async def main():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(segment_pendo.aio.wait, identify("u1"))
                    await trio.to_thread.run_sync(send, identify_call("u1"))
                await segment_pendo.aio.exactly(1)

            trio.run(main)
        """,
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        ('fail("503")', "ValueError", "all of them numbers"),
        ('fail(delay="1")', "ValueError", "all of them numbers"),
        (
            'problems("warn")',
            "ValueError",
            "not 'warn'; did you mean 'warning'?",
        ),
        ('wait(timeout="5")', "TypeError", "timeout is a number of seconds, such as 5, not '5'"),
        ("none(timeout=-1)", "TypeError", "timeout is a number of seconds, such as 5, not -1"),
        ('in_order(identify(), timeout=float("nan"))', "TypeError", "timeout is a number of seconds"),
        ("matches(5)", "TypeError", "the path of a recording is a text or a Path, not 5"),
        ('wait(count="1")', "TypeError", "a count is a whole number from 0, not '1'"),
    ],
)
def test_misuse_is_told_in_a_sentence(pytester: pytest.Pytester, call: str, error: str, words: str) -> None:
    result = ran(pytester, f"def test_it(segment_pendo):\n    segment_pendo.{call}\n")
    result.assert_outcomes(failed=1)
    assert f"{error}: " in said(result)
    assert words in said(result)


def test_who_was_asked_for_in_vain_is_named_where_the_test_fails(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
    def test_it(segment_pendo, send):
        send(identify_call("nina"))
        assert segment_pendo.visitor("Nina")["id"] == "nina"

    def test_cleared(segment_pendo, send):
        segment_pendo.visitor("x")
        segment_pendo.clear()
        send(identify_call("nina"))
        assert segment_pendo.visitor("nina")["metadata"]["Plan"] == "x"
    """,
    )
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["Pendo holds no visitor 'Nina'; did you mean 'nina'?"])
    result.stdout.fnmatch_lines(["E * KeyError: 'Plan': Pendo holds none"])
    result.stdout.no_fnmatch_line("*no visitor 'x'*")


def test_a_fault_that_no_request_met_is_told(pytester: pytest.Pytester) -> None:
    source = """
    def test_unused(segment_pendo, send):
        send(identify_call("u1"))
        segment_pendo.fail(429)

    def test_used(segment_pendo, send):
        segment_pendo.fail(delay=0.01, status=None, times=3)
        send(identify_call("u1"))

    def test_failed(segment_pendo):
        segment_pendo.fail(drop=True)
        raise ValueError

    def test_cleared(segment_pendo):
        segment_pendo.fail(500)
        segment_pendo.clear()
    """
    result = ran(pytester, source, "-W", "default")
    result.assert_outcomes(passed=3, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*segment-pendo: no request came after .fail(429), so nothing failed"])
    ran(pytester, source, "-W", "error").assert_outcomes(passed=3, failed=1, errors=1)
