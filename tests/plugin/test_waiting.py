"""How it knows that nothing more comes: flushes, quiet, tasks that are cancelled, forgotten awaits."""

import pytest
from suites import FULL, ran

HELD = """
    import threading
    import time
    from segment.analytics.client import Client

    @pytest.fixture
    def client(segment_pendo):
        client = Client("k", host=segment_pendo.host, upload_interval=0.3)  # longer than `quiet`
        yield client
        client.shutdown()
    """


def test_what_a_python_client_holds_is_flushed_without_being_asked(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        HELD
        + """
    def test_none(client, segment_pendo):
        client.identify("u1")
        segment_pendo.none(group())
        assert [row["user"] for row in segment_pendo.calls] == ["u1"]

    def test_exactly(client, segment_pendo):
        client.identify("u1")
        segment_pendo.wait()
        client.identify("u1")
        with pytest.raises(AssertionError, match="1 call was expected to match any_call.*2 came"):
            segment_pendo.exactly(1)

    @pytest.mark.segment_pendo(fail_on="warning")
    def test_fail_on(client):
        client.identify("u1", {"a": {"b": 1}})

    def test_nothing_is_late(segment_pendo):
        Client("k", host=segment_pendo.host, upload_interval=0.3).identify("at the end")

    def test_below_the_address_of_the_session(segment_pendo, segment_pendo_url):
        Client("k", host=segment_pendo_url + segment_pendo.prefix, upload_interval=0.3).identify("u1")
        segment_pendo.exactly(1)
    """,
    )
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["*test_fail_on*", "fail_on='warning' objects to:"])
    result.stdout.no_fnmatch_line("*after their test had ended*")


def test_a_client_that_waits_for_good_reasons_is_left_waiting(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        from segment.analytics.client import Client

        @pytest.mark.segment_pendo(timeout=0.2)
        def test_it(segment_pendo):
            segment_pendo.fail(429, retry_after=60)
            Client("k", host=segment_pendo.host, upload_interval=0.01).identify("u1")
            segment_pendo.none()
            assert "answered 429" in segment_pendo.timeline()[0]
        """,
    )
    result.assert_outcomes(passed=1)


def test_what_comes_soon_after_a_flush_is_seen(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        HELD
        + """
    @pytest.mark.segment_pendo(quiet=0.3)
    def test_it(client, segment_pendo):
        segment_pendo.flush_with(client.flush)
        threading.Timer(0.1, client.identify, ["u1"]).start()
        with pytest.raises(AssertionError, match="no call was expected"):
            segment_pendo.none()
    """,
    )
    result.assert_outcomes(passed=1)


def test_a_flush_that_goes_wrong_is_told(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import threading

        def broken():
            raise ValueError("no queue")

        def test_raises(segment_pendo):
            segment_pendo.flush_with(broken)
            with pytest.raises(AssertionError, match="broken raised ValueError: no queue"):
                segment_pendo.settle()

        def test_hangs(segment_pendo):
            segment_pendo.flush_with(threading.Event().wait)
            with pytest.raises(AssertionError, match="Event.wait did not end within 0.05 s"):
                segment_pendo.settle(timeout=0.05)

        def test_is_no_function(segment_pendo):
            with pytest.raises(TypeError, match="client.flush without brackets, not None"):
                segment_pendo.flush_with(None)

        def test_a_count_that_is_none(segment_pendo):
            one = any_call()
            for verb in (lambda: segment_pendo.exactly("1"), lambda: segment_pendo.wait(one, "2"),
                lambda: segment_pendo.wait(one, -1)):
                with pytest.raises(TypeError, match="a count is a whole number"):
                    verb()
            with pytest.raises(TypeError, match="belongs here, not 1"):
                segment_pendo.exactly(identify, 1)
        """,
        "-o",
        "segment_pendo_timeout=0.1",
    )
    result.assert_outcomes(passed=4)


def test_a_task_that_is_cancelled_waits_no_more(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import asyncio
        import time

        def cancelled(verb):
            async def main():
                async with asyncio.timeout(0.05):
                    await verb()

            before = time.monotonic()
            with pytest.raises(TimeoutError):
                asyncio.run(main())
            assert time.monotonic() - before < 4

        def test_wait(segment_pendo):
            cancelled(lambda: segment_pendo.aio.wait(identify(), timeout=20))

        @pytest.mark.segment_pendo(quiet=20)
        def test_settle(segment_pendo):
            cancelled(segment_pendo.aio.settle)

        def test_a_wait_beside_goes_on(segment_pendo, send):
            async def main():
                other = asyncio.ensure_future(segment_pendo.aio.wait(identify("u1")))
                await asyncio.sleep(0.01)
                task = asyncio.ensure_future(segment_pendo.aio.wait(group(), timeout=20))
                await asyncio.sleep(0.01)
                task.cancel()
                await asyncio.to_thread(send, identify_call("u1"))
                assert len(await other) == 1

            asyncio.run(main())
        """,
    )
    result.assert_outcomes(passed=3)


def test_a_forgotten_await_fails(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        pytestmark = [pytest.mark.asyncio, pytest.mark.filterwarnings("ignore")]

        async def test_it(segment_pendo):
            segment_pendo.aio.wait(identify("never"))
            segment_pendo.aio.none()

        async def test_good(segment_pendo):
            await segment_pendo.aio.none()
        """,
        plugins=FULL,
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*so it checked nothing: segment_pendo.aio.wait(...), segment_pendo.aio.none(...)*"]
    )


def test_recordings_of_nothing_and_of_two(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    result = ran(
        pytester,
        """
        def test_nothing(segment_pendo):
            segment_pendo.matches("nothing.jsonl")

        @pytest.mark.parametrize("user", ["u1", "u1", "u2"])
        def test_two(segment_pendo, send, user):
            send(identify_call(user))
            segment_pendo.matches("two.jsonl")
        """,
        "--segment-pendo-update",
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "E*nothing came, so there is nothing to write into *nothing.jsonl",
            (
                "E*test_suite.py::test_two* wrote other calls into *two.jsonl in this run; give each "
                "test a recording of its own"
            ),
        ]
    )
    assert not (pytester.path / "nothing.jsonl").exists()


def test_it_is_quiet_only_so_long_after_the_last_call(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import threading
        import time
        from segment_pendo.testing.flushing import _python_queues

        @pytest.mark.segment_pendo(quiet=0.8)
        def test_it(segment_pendo, send):
            begun = []

            def chatter():
                for number in range(4):  # together longer than `quiet`, each alone shorter
                    time.sleep(0.25)
                    begun.append(time.monotonic())
                    send(identify_call(f"u{number}"))

            thread = threading.Thread(target=chatter)
            thread.start()
            segment_pendo.settle()
            came, ended = len(segment_pendo.calls), time.monotonic()
            thread.join()
            # However slow this machine is: what came before the end came `quiet` seconds before it.
            assert came > 0
            assert [at for at in begun[:came] if at > ended - 0.8] == []

        @pytest.mark.segment_pendo(quiet=1, timeout=0.1)
        def test_it_never_is(segment_pendo, send):
            stop = threading.Event()

            def chatter():
                while not stop.wait(0.01):
                    send(identify_call("u1"))

            thread = threading.Thread(target=chatter)
            thread.start()
            try:
                with pytest.raises(AssertionError, match="calls still came after 0.1 s"):
                    segment_pendo.settle()
            finally:
                stop.set()
                thread.join()

        def test_another_client_is_not_flushed(segment_pendo):
            from segment.analytics.client import Client
            other = Client("k", host="http://127.0.0.1:9", upload_interval=0.5, max_retries=1)
            other.identify("elsewhere")
            assert list(_python_queues([segment_pendo.host])) == []
            assert list(_python_queues(["http://127.0.0.1:9"])) == [other.queue]
            other.shutdown()
        """,
    )
    result.assert_outcomes(passed=3)


def test_whoever_waits_for_a_call_flushes_what_was_handed_in(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        class Client:
            def __init__(self, send):
                self.send, self.held = send, []

            def flush(self):
                held, self.held = self.held, []
                for call in held:
                    self.send(call)

        @pytest.fixture
        def client(segment_pendo, send):
            made = Client(send)
            segment_pendo.flush_with(made.flush)
            return made

        def test_wait(segment_pendo, client):
            client.held.append(identify_call("u1"))
            segment_pendo.wait(identify("u1"))

        def test_exactly(segment_pendo, client):
            client.held += [identify_call("u1"), identify_call("u2")]
            segment_pendo.exactly(2)

        def test_in_order(segment_pendo, client):
            client.held += [identify_call("u1"), track_call("u1", "E")]
            segment_pendo.in_order(identify("u1"), track("E"))

        def test_a_flush_that_fails_does_not_hide_the_call(segment_pendo, send):
            def flush():
                send(identify_call("u1"))
                raise RuntimeError("afterwards")

            segment_pendo.flush_with(flush)
            segment_pendo.wait(identify("u1"))
        """,
    )
    result.assert_outcomes(passed=4)


def test_each_example_of_a_property_begins_with_nothing(pytester: pytest.Pytester) -> None:
    """With a client that sends one call at a time, in a thread of its own, as slowly as it likes."""
    result = ran(
        pytester,
        """
        from hypothesis import HealthCheck, given, settings, strategies as st
        from segment.analytics.client import Client

        @pytest.fixture
        def client(segment_pendo):
            made = Client("WRITE_KEY", host=segment_pendo.host, upload_size=1, upload_interval=0.01)
            yield made
            made.shutdown()

        @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(number=st.integers(0, 10**6))
        def test_it(segment_pendo, client, number):
            segment_pendo.clear()
            client.identify(f"u{number}", {"n": number})
            client.track(f"u{number}", "Later")
            segment_pendo.wait(identify(f"u{number}"))
            assert {row["user"] for row in segment_pendo.calls} == {f"u{number}"}
        """,
    )
    result.assert_outcomes(passed=1)
