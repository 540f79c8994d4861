"""The README's first command."""

import subprocess
import sys


def test_demo_shows_the_visitor_and_the_account() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "segment_pendo", "demo", "--once"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "visitor userId1" in shown
    assert (
        'name "Peter Gibbons" email "peter@example.com" plan "premium" logins 5 accounts '
        "0e8c78ea9d97a7b8185e8632" in shown
    )
    assert 'name "Initech" industry "Technology" employees 329 plan "enterprise"' in shown
    assert "Traceback" not in done.stderr
