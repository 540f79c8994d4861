"""The page over 50,000 calls: it stays small, and all of them can be reached. No time decides here."""

from many_calls import CALLS, call, filtered, send_all, to_the_oldest
from playwright.sync_api import Page, expect
from processes import Running

MOST_ELEMENTS = 1500
MOST_BYTES = 400_000_000  # of the page's heap, with every row in it


def elements(page: Page) -> int:
    count: int = page.evaluate("document.querySelectorAll('*').length")
    return count


def test_fifty_thousand_calls_are_searched_and_scrolled_to_the_oldest(running: Running, page: Page) -> None:
    page.set_default_timeout(60_000)
    send_all(running)
    page.goto(running.home)
    first, last = page.locator(".row").first, page.locator(".row").last
    expect(first).to_contain_text(str(call(CALLS - 1)["userId"]))
    assert elements(page) < MOST_ELEMENTS
    filtered(page, "trait:onlyOnce")
    expect(page.locator(".row")).to_have_count(1)
    expect(first).to_contain_text(f"identify {call(CALLS // 2)['userId']}")
    filtered(page, "user:u-77")
    expect(page.locator(".row")).to_have_count(3)
    filtered(page, "")
    to_the_oldest(page)
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", str(CALLS))
    expect(last).to_contain_text(f"identify {call(0)['userId']}")
    assert elements(page) < MOST_ELEMENTS
    assert page.evaluate("performance.memory.usedJSHeapSize") < MOST_BYTES
