"""Make the pictures of docs/pictures again: the page over the calls of `demo`, light and dark.

`uv run python tests/tools/make_pictures.py`
"""

import os
import re
import time
import urllib.request
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

from chromium import new_page
from playwright.sync_api import Page, Route, ViewportSize, expect
from processes import Running, get, until

from segment_pendo.base.js_json import write
from segment_pendo.base.times import text
from segment_pendo.cli.verbs.demo import GOOD, LOST, TRAIT

PICTURES: Final = Path(__file__).parents[2] / "docs" / "pictures"
SIZE: Final = ViewportSize(width=1280, height=640)
MOST_BYTES: Final = 150_000  # of a picture
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
# Every picture shows the same moment, whenever it is made.
MOMENT: Final = datetime.fromisoformat("2026-01-15T10:00:01+00:00")
_TOOK: Final = re.compile(r'"seconds": ?[\d.]+')
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def send_demo(running: Running) -> datetime:
    """Send the calls of `demo` one by one within a second; that second."""
    until(lambda: time.time() % 1 < 0.1)
    for number, call in enumerate([*GOOD, *LOST]):
        body = write(call | {"messageId": f"message-{number + 1}"})
        request = urllib.request.Request(f"{running.home}/v1/{call['type']}", body)
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    until(lambda: get(f"{running.home}/_/health")[1]["outbox"]["waiting"] == 0)
    first = get(f"{running.home}/_/calls?limit=1")[1]["calls"][0]["time"]
    return datetime.fromisoformat(first).replace(microsecond=0)


def at_the_moment(second: datetime, route: Route) -> None:
    """Answer the page as the run does, with each time as if `second` had been MOMENT, each answer quick."""

    def moved(match: re.Match[str]) -> str:
        seconds = (datetime.fromisoformat(match[0]) - second).total_seconds() // 1
        return text(MOMENT + timedelta(seconds=seconds))

    answer = route.fetch()
    body = _TOOK.sub('"seconds":0.001', _TIME.sub(moved, answer.text()))
    route.fulfill(response=answer, body=body)


def take(page: Page, home: str, scheme: Literal["light", "dark"]) -> None:
    """Take the picture of the calls with one of them open."""
    page.emulate_media(color_scheme=scheme)
    page.goto(home)
    page.locator(".row", has_text=TRAIT).click()
    expect(page.locator("#detail .fields").first).to_contain_text(f"traits.{TRAIT}")
    expect(page.locator("#strip-words")).to_be_visible()
    page.locator("#detail").click(position={"x": 1, "y": 1})
    file = PICTURES / f"calls-{scheme}.png"
    page.screenshot(path=file, animations="disabled")
    size = file.stat().st_size
    assert size < MOST_BYTES, f"{file} has {size} bytes"


def main() -> None:
    """Make each picture."""
    PICTURES.mkdir(exist_ok=True)
    os.environ["TZ"] = "UTC"  # for the browser
    with TemporaryDirectory() as folder, new_page() as page:
        page.set_viewport_size(SIZE)
        page.clock.set_fixed_time(MOMENT)
        running = Running(Path(folder), "--no-proxy")
        try:
            # What is streamed has no end, and comes only later.
            answers = re.compile(r"/_/(?!stream|page/)")
            page.route(answers, partial(at_the_moment, send_demo(running)))
            for scheme in SCHEMES:
                take(page, running.home, scheme)
        finally:
            running.end()


if __name__ == "__main__":
    main()
