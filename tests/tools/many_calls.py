"""Fifty thousand calls in a run, and what the page does with them in a real Chromium."""

import http.client
import json
import time
from typing import Any

from playwright.sync_api import Page
from processes import Running, get, until

__all__ = ["CALLS", "call", "filtered", "send_all", "to_the_oldest"]

CALLS = 50_000
_BATCH = 500
_FEWEST_STEPS = 20
# Put a filter into its box, and return after how many milliseconds the page shows another first row.
_FILTER = """async text => {
  const first = () => document.querySelector('.row')?.dataset.id, before = first(), start = performance.now();
  const box = document.querySelector('#filter');
  box.value = text;
  box.dispatchEvent(new Event('input', { bubbles: true }));
  while (first() === before) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""
_DOWN = "list => new Promise(done => { list.scrollTop = list.scrollHeight; setTimeout(done, 20); })"


def call(number: int) -> dict[str, Any]:
    """One of the calls: of 20,000 users, mostly identify; one only has the trait onlyOnce."""
    user = f"u-{number * 7919 % 20_000}"
    traits: dict[str, Any] = {"firstName": "Ann", "plan": "pro", "logins": number}
    if number == CALLS // 2:
        traits["onlyOnce"] = True
    if number % 5 == 1:
        return {"type": "group", "userId": user, "groupId": f"g-{number % 500}", "traits": traits}
    if number % 5 == 2:
        return {"type": "track", "userId": user, "event": f"Event {number % 300}"}
    return {"type": "identify", "userId": user, "traits": traits}


def send_all(running: Running) -> None:
    """Send all calls, the oldest first, and wait until none of them waits for its delivery."""
    connection = http.client.HTTPConnection(running.home.removeprefix("http://"), timeout=60)
    for start in range(0, CALLS, _BATCH):
        body = json.dumps({"batch": [call(number) for number in range(start, start + _BATCH)]})
        connection.request("POST", "/v1/batch", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, b'{"success": true}')
    connection.close()
    until(lambda: _is_delivered(running), 600)


def _is_delivered(running: Running) -> bool:
    """Whether no webhook waits; asked only once a second, since counting them takes a while."""
    time.sleep(1)
    return bool(get(f"{running.home}/_/health")[1]["outbox"]["waiting"] == 0)


def filtered(page: Page, text: str) -> float:
    """The milliseconds from a filter in its box to its first row on the screen."""
    milliseconds: float = page.evaluate(_FILTER, text)
    return milliseconds


def to_the_oldest(page: Page) -> None:
    """Scroll down until no older calls come."""
    calls = page.locator("#list")
    while calls.get_attribute("aria-rowcount") == "-1":
        for _ in range(_FEWEST_STEPS):
            calls.evaluate(_DOWN)
