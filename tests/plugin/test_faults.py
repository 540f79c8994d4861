"""`.fail()`: each fault at Segment's side and at Pendo's, as an SDK and a test see it."""

import pytest
from suites import ran


def test_each_fault_at_segments_side(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import http.client
        import urllib.error
        import urllib.request

        def status(send, *calls):
            try:
                return send(*calls)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code

        def test_for_ever(segment_pendo, send):
            segment_pendo.fail(500, times=None)
            assert [status(send, identify_call("u1")) for _ in range(5)] == [500] * 5
            segment_pendo.clear()
            assert status(send, identify_call("u1")) == 200

        def test_cut(segment_pendo, send):
            segment_pendo.fail(200, cut=True)
            with urllib.request.urlopen(segment_pendo.host + "/v1/batch", b"{}", timeout=5) as answer:
                with pytest.raises(http.client.IncompleteRead):
                    answer.read()
            assert "answered 200, its body cut, as .fail() asked" in segment_pendo.timeline()[0]

        def test_hang(segment_pendo, send):
            segment_pendo.fail(hang=True)
            with pytest.raises(TimeoutError):
                urllib.request.urlopen(segment_pendo.host + "/v1/batch", b"{}", timeout=0.2)
            segment_pendo.none()

        def test_outage(segment_pendo, send):
            segment_pendo.fail(503, outage=3000, match=identify("u2"))
            assert status(send, identify_call("u1")) == 200
            assert status(send, identify_call("u2")) == status(send, identify_call("u1")) == 503

        @pytest.mark.parametrize("match", [identify("u2"), {"type": "identify", "user": "u2"},
            identify(traits={"plan": lambda plan: plan.startswith("prem")}), any_call(user="u2"),
            {"traits": {"plan": "premium"}}])
        def test_match(segment_pendo, send, match):
            segment_pendo.fail(429, match=match)
            assert status(send, identify_call("u1"), group_call("u1", "acme")) == 200
            assert status(send, identify_call("u1"), identify_call("u2", plan="premium")) == 429
            assert status(send, identify_call("u2", plan="premium")) == 200

        @pytest.mark.parametrize("wrong", [{"outcome": "skipped"}, {"code": "NO_MATCHING_MAPPING"},
            {"finding": "NESTED_IGNORED"}])
        def test_a_fault_knows_no_outcome(segment_pendo, wrong):
            with pytest.raises(ValueError, match="before the call is judged"):
                segment_pendo.fail(match=any_call(**wrong))

        WRONG = [({"on": "segmnt"}, "on must be segment, token or pendo"),
            ({"match": {"usr": "u1"}}, "did you mean user?"), ({"match": "u1"}, "match must be an object"),
            ({"hang": True, "drop": True}, "hang and drop exclude each other"),
            ({"probability": 2}, "probability must be a number above 0"), ({"cut": 1}, "cut must be true")]

        @pytest.mark.parametrize(("wrong", "words"), WRONG)
        def test_wrong(segment_pendo, wrong, words):
            with pytest.raises(ValueError) as error:
                segment_pendo.fail(**wrong)
            assert words in str(error.value) and "fail() takes" not in str(error.value)
        """,
    )
    result.assert_outcomes(passed=18)


def test_each_fault_at_pendos_side(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        import json
        import urllib.error
        import urllib.request

        def ended(segment_pendo):
            return [(row["delivery"]["state"], row["delivery"]["status"]) for row in segment_pendo.wait()]

        def test_status(segment_pendo, send):
            segment_pendo.fail(on="pendo")
            assert send(identify_call("u1")) == 200
            assert ended(segment_pendo) == [("dead", 503)]
            assert segment_pendo.visitor("u1") is None
            assert segment_pendo.timeline()[1].endswith(
                "the webhook of identify user u1 answered 503, as .fail() asked; Pendo did not take it")
            url = segment_pendo.host + "/_/calls"
            with urllib.request.urlopen(url) as answer:
                (row,) = json.load(answer)["calls"]
            assert (row["delivery"]["state"], row["delivery"]["status"]) == ("dead", 503)
            segment_pendo.clear()
            send(identify_call("u1"))
            assert ended(segment_pendo) == [("delivered", 200)]
            assert segment_pendo.visitor("u1")

        ENDS = [({"status": 503, "keep": True}, "dead", 503, True), ({"drop": True}, "dead", None, False),
            ({"hang": True}, "dead", None, False), ({"hang": True, "keep": True}, "dead", None, True),
            ({"status": 200, "cut": True}, "dead", None, False), ({"status": 202}, "delivered", 202, False),
            ({"status": None, "delay": 2}, "delivered", 200, True),
            ({"status": None, "delay": 20}, "dead", None, True)]

        @pytest.mark.parametrize(("how", "state", "status", "holds"), ENDS)
        def test_ends(segment_pendo, send, how, state, status, holds):
            segment_pendo.fail(on="pendo", **how)
            send(identify_call("u1"))
            assert ended(segment_pendo) == [(state, status)]
            assert (segment_pendo.visitor("u1") is not None) == holds
            assert "as .fail() asked" in segment_pendo.timeline()[1]

        def test_match(segment_pendo, send):
            segment_pendo.fail(500, on="pendo", times=None, match=group("acme"))
            send(identify_call("u1"), group_call("u1", "acme"), group_call("u1", "acme"))
            rows = segment_pendo.wait(count=3)
            assert [row["delivery"]["status"] for row in rows] == [200, 500, 500]
            assert segment_pendo.account("acme") is None

        def test_over_http_too(segment_pendo):
            segment_pendo.fail(429, on="pendo", retry_after=3)
            body = b'{"type": "identify", "userId": "u1"}'
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(segment_pendo.host + "/data/segmentio/k", body)
            error.value.close()
            assert (error.value.code, error.value.headers["Retry-After"]) == (429, "3")
        """,
    )
    result.assert_outcomes(passed=11)


def test_the_same_test_has_the_same_chances_in_each_run(pytester: pytest.Pytester) -> None:
    source = """
    def test_it(segment_pendo, send):
        segment_pendo.fail(on="pendo", probability=0.5)
        for _ in range(30):
            send(identify_call("u1"))
        rows = segment_pendo.wait(count=30)
        print("chances", [row["delivery"]["status"] for row in rows])
    """
    lines = []
    for _ in range(2):
        result = ran(pytester, source, "-s")
        result.assert_outcomes(passed=1)
        lines.append(next(line for line in result.outlines if "chances [" in line))
    assert lines[0] == lines[1]
    assert "200" in lines[0]
    assert "503" in lines[0]


def test_a_fault_that_no_request_met_is_named(pytester: pytest.Pytester) -> None:
    result = ran(
        pytester,
        """
        @pytest.mark.parametrize("how", [{"on": "pendo", "match": identify("u2")}, {"hang": True},
            {"status": None, "cut": True, "outage": 3.5}, {"probability": 0.5, "match": {"user": "u2"}}])
        def test_unused(segment_pendo, how):
            segment_pendo.fail(**how)

        def test_chance(segment_pendo, send):
            segment_pendo.fail(probability=1e-9)
            send(identify_call("u1"))
        """,
        "-W",
        "default",
    )
    result.assert_outcomes(passed=5, warnings=4)
    for name in (
        ".fail(503, on='pendo', match=identify(user='u2'))",
        ".fail(hang=True)",
        ".fail(None, cut=True, outage=3.5)",
        ".fail(503, probability=0.5, match={'user': 'u2'})",
    ):
        result.stdout.fnmatch_lines([f"*no request came after {name}, so nothing failed".replace("[", "[[]")])
