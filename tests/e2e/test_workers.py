"""Workers of pytest-xdist side by side: a thousand calls, each credited to the test that made it."""

import re

import pytest
from suites import FULL, ran, said

MANY = """
    import random
    import threading
    import time

    @pytest.mark.parametrize("number", range(20))
    def test_mixed(segment_pendo, number):
        rng = random.Random(number)
        made = []
        for n in range(50):
            user = f"user-{number}-{n}"
            made.append(rng.choice([identify_call(user, n=n), group_call(user, f"group-{number}"),
                track_call(user, "E")]))

        def sender(part):
            for call in part:
                post(segment_pendo.host, call)

        threads = [threading.Thread(target=sender, args=(made[start::3],)) for start in range(3)]
        for thread in threads:
            thread.start()
        rows = segment_pendo.wait(any_call(), count=50, timeout=30)
        for thread in threads:
            thread.join()
        assert sorted(row["user"] for row in rows) == sorted(call["userId"] for call in made)
        assert set(segment_pendo.state()["accounts"]) <= {f"group-{number}"}
        segment_pendo.exactly(50)
        # One more by a thread that nobody waits for: it belongs to this test, whenever it comes.
        threading.Thread(target=post, args=(segment_pendo.host, identify_call(f"late-{number}"))).start()

    def test_last():
        # So that some of the last ones come while the session lives; nothing asserts that they do.
        time.sleep(0.2)
"""


def test_four_workers_and_a_thousand_events(pytester: pytest.Pytester) -> None:
    summary = "--segment-pendo-summary=summary.md"  # what each worker has to say comes together in one place
    result = ran(pytester, MANY, "-n", "4", "--dist", "load", summary, plugins=(*FULL, "-p", "no:asyncio"))
    result.assert_outcomes(passed=21)
    lines = (pytester.path / "summary.md").read_text().splitlines()
    assert lines[0] == "### segment-pendo: 20 tests used it, 0 of them failed"
    sent = int(lines[2].split()[0])
    assert 1000 <= sent <= 1020  # the last of each test may have come late
    for name, user in re.findall(r"test_mixed\[(\d+)\]: identify user late-(\d+)", said(result)):
        assert name == user
