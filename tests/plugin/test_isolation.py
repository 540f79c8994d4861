"""Every test has its own calls: late ones, workers side by side, apps that live as long as the session."""

import os

import pytest
import segment.analytics
from suites import FULL, PLAIN, ran, said


def test_what_comes_late_is_credited_to_the_test_that_made_it(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        hosts = []

        def test_first(segment_pendo, send):
            hosts.append(segment_pendo.host)
            send(identify_call("u1"))

        def test_second(segment_pendo):
            post(hosts[0], identify_call("late"), group_call("late", "acme"))
            segment_pendo.none()
            assert segment_pendo.visitor("late") is None

        def test_third():
            post(hosts[0], identify_call("later"))
        """,
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(
        [
            "*segment-pendo: calls that came after their test had ended*",
            "test_suite.py::test_first: identify user late",
            "test_suite.py::test_first: group user late group acme",
            "test_suite.py::test_first: identify user later",
            "Flush or close the SDK's client before the test ends.",
        ],
        consecutive=True,
    )


@pytest.mark.parametrize("plugins", [PLAIN, FULL], ids=["alone", "with other plugins"])
def test_a_client_that_keeps_its_connection_is_answered_and_credited(
    pytester: pytest.Pytester, plugins: tuple[str, ...]
) -> None:
    """As a client of a module does: it goes on sending on the connection of its first test."""
    result = ran(
        pytester,
        """
        import http.client
        import json
        import time
        from urllib.parse import urlsplit

        kept = []

        def again(user):
            body = json.dumps({"batch": [identify_call(user)]})
            kept[0].request("POST", "/v1/batch", body, {"Content-Type": "application/json"})
            answer = kept[0].getresponse()
            return answer.status, answer.read()

        def test_first(segment_pendo):
            kept.append(http.client.HTTPConnection(urlsplit(segment_pendo.host).netloc, timeout=5))
            assert again("u1")[0] == 200
            segment_pendo.wait(identify("u1"))

        @pytest.mark.parametrize("number", range(3))
        def test_next(segment_pendo, number):
            connection = kept[0].sock
            before = time.monotonic()
            assert again(f"late{number}") == (200, b'{"success": true}')
            assert time.monotonic() - before < 4
            assert kept[0].sock is connection is not None
            segment_pendo.none()

        def test_last():
            kept[0].close()
        """,
        plugins=plugins,
    )
    result.assert_outcomes(passed=5)
    assert [f"test_suite.py::test_first: identify user late{n}" in said(result) for n in range(3)] == [
        True
    ] * 3


def test_a_client_of_a_module_is_reported_also_for_what_it_sends_last(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import segment.analytics as analytics

        @pytest.fixture(autouse=True)
        def app(segment_pendo):
            analytics.write_key = "WRITE_KEY"
            analytics.host = segment_pendo.host  # without effect: the module keeps its first client

        def test_first(segment_pendo):
            analytics.identify("u1", {})
            segment_pendo.wait(identify("u1"))

        def test_next(segment_pendo):
            analytics.identify("u2", {})
            with pytest.raises(AssertionError, match="No call came") as missed:
                segment_pendo.wait(identify("u2"), timeout=0.01)
            (sends_to,) = {consumer.host for consumer in analytics.default_client.consumers}
            assert f"A client of this process sends to {sends_to}." in str(missed.value)

        def test_last(segment_pendo):
            analytics.identify("u3", {})
        """,
    )
    try:
        result.assert_outcomes(passed=3)
        for user in ("u2", "u3"):
            assert f"test_suite.py::test_first: identify user {user}" in said(result)
    finally:
        segment.analytics.shutdown()
        segment.analytics.default_client = None


def test_requests_in_one_piece_before_and_after_the_end_of_a_test_are_all_answered(
    pytester: pytest.Pytester,
) -> None:
    result = ran(
        pytester,
        """
        import json
        import socket
        from urllib.parse import urlsplit

        kept = []

        def request(user):
            body = json.dumps({"batch": [identify_call(user)]})
            head = f"POST /v1/batch HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}"
            return f"{head}\\r\\n\\r\\n{body}".encode()

        def answered(count):
            got = b""
            while got.count(b'{"success": true}') < count:
                piece = kept[0].recv(65536)
                assert piece, got
                got += piece

        def test_first(segment_pendo):
            where = urlsplit(segment_pendo.host)
            kept.append(socket.create_connection((where.hostname, where.port), timeout=5))
            kept[0].sendall(request("u1") + request("u2"))
            answered(2)
            segment_pendo.exactly(2)

        def test_next(segment_pendo):
            kept[0].sendall(request("late1") + request("late2"))
            answered(2)
            kept[0].close()
        """,
    )
    result.assert_outcomes(passed=2)
    assert "test_suite.py::test_first: identify user late2" in said(result)


def test_old_addresses_are_closed(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import urllib.error
        from segment_pendo.testing import loop_thread
        loop_thread._MOST_ENDED = 2
        hosts = []

        @pytest.mark.parametrize("number", range(4))
        def test_it(segment_pendo, number):
            hosts.append(segment_pendo.host)

        def test_after():
            with pytest.raises(urllib.error.URLError, match="refused"):
                post(hosts[1], identify_call("late"))
            post(hosts[2], identify_call("later"))
        """,
    )
    result.assert_outcomes(passed=5)
    assert "test_it[2]: identify user later" in said(result)


def test_an_app_that_lives_as_long_as_the_session(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import urllib.error

        @pytest.fixture(scope="session")
        def app(segment_pendo_url):
            return lambda *calls, prefix="": post(segment_pendo_url + prefix, *calls)

        prefixes = []

        def test_the_running_test_has_the_call(segment_pendo, app):
            app(identify_call("u1"))
            segment_pendo.wait(identify("u1"))
            prefixes.append(segment_pendo.prefix)

        def test_a_prefix_names_the_test(segment_pendo, app):
            app(identify_call("u2"), prefix=segment_pendo.prefix)
            app(identify_call("late"), prefix=prefixes[0])
            segment_pendo.exactly(1)
            segment_pendo.record(segment_pendo.options.directory / "kept.jsonl")

        def test_no_prefix_in_a_recording():
            import pathlib
            assert '"path":"/v1/batch"' in pathlib.Path("kept.jsonl").read_text()

        def test_none_runs(app):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                app(identify_call("u3"))
        """,
    )
    result.assert_outcomes(passed=4)
    assert "test_the_running_test_has_the_call: identify user late" in said(result)


def test_a_proxy_that_is_set_is_passed_by(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    result = ran(
        pytester,
        """
        import os

        def test_it(segment_pendo):
            assert os.environ["no_proxy"] == os.environ["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
            with urllib.request.urlopen(segment_pendo.host + "/v1/identify",
                json.dumps({"userId": "u1"}).encode(), timeout=20) as answer:
                assert answer.status == 200
            segment_pendo.wait(identify("u1"))
        """,
    )
    result.assert_outcomes(passed=1)
    assert os.environ["NO_PROXY"] == "intranet.example"


def test_waiting_ends_though_time_stands_still(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import time

        def test_it(segment_pendo, send, monkeypatch):
            monkeypatch.setattr(time, "monotonic", lambda: 0.0)
            send(identify_call("u1"))
            segment_pendo.fail(None, delay=0.01)
            send(identify_call("u2"))
            segment_pendo.exactly(2)
            segment_pendo.wait(group(), timeout=0.01)
        """,
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*no call matching group() came within 0.01 s"])


def test_a_forked_process_sends_and_asks_nothing(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import os

        def test_it(segment_pendo):
            child = os.fork()
            if not child:
                try:
                    segment_pendo.visitor("u1")
                except RuntimeError as error:
                    post(segment_pendo.host, identify_call("u1", said=str(error)))
                os._exit(0)
            os.waitpid(child, 0)
            (row,) = segment_pendo.wait(identify("u1"))
            assert "a forked process can send to its host" in row["body"]
        """,
        "-W",
        "ignore::DeprecationWarning",
    )
    result.assert_outcomes(passed=1)
