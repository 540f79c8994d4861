"""How long somebody waits for the page over 50,000 calls, in a real Chromium against a real run."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).parents[1] / "tools"))

from chromium import new_page
from many_calls import CALLS, filtered, send_all, to_the_oldest
from processes import Running

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROUNDS = 5
FILTERS = ("user:u-77", "trait:onlyOnce", "type:group", "code:KEY_LOWERCASED", "Event 7")


def newest(page: "Page", home: str) -> float:
    """The milliseconds from the start of a load to the newest call on the screen."""
    page.goto(home, wait_until="commit")
    page.locator(".row").first.wait_for()
    milliseconds: float = page.evaluate("performance.now()")
    return milliseconds


def times(page: "Page", home: str) -> Iterator[tuple[str, list[float]]]:
    """What is waited for, and how many milliseconds each time."""
    yield "newest call, from load", [newest(page, home) for _ in range(ROUNDS)]
    for text in FILTERS:
        took = []
        for _ in range(ROUNDS):
            took.append(filtered(page, text))
            filtered(page, "")
        yield f"filter {text}", took
    start = time.perf_counter()
    to_the_oldest(page)
    yield "scrolling to the oldest", [(time.perf_counter() - start) * 1000]


def main() -> Iterator[str]:
    """The table: what is waited for, median, least and most, then the size of the page."""
    with TemporaryDirectory() as folder, new_page() as page:
        running = Running(Path(folder), "--no-proxy")
        try:
            send_all(running)
            yield f"{CALLS} calls; load average {os.getloadavg()[0]:.1f}"
            yield ""
            yield "| | median, ms | least, ms | most, ms |"
            yield "| --- | --- | --- | --- |"
            for what, took in times(page, running.home):
                yield f"| {what} | {median(took):.0f} | {min(took):.0f} | {max(took):.0f} |"
            heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
            size = page.evaluate("document.querySelectorAll('*').length")
            yield ""
            yield f"With every row loaded: {heap:.0f} MB, {size} elements."
        finally:
            running.end()
