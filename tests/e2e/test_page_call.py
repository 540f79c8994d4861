"""The page in a real Chromium: what it says of one call."""

import re

from page_calls import ANN, DROPPED, send
from playwright.sync_api import Page, expect
from processes import Running, get

TRACK = {"type": "track", "userId": "ann", "event": "Signed Up"}


def test_why_a_call_is_lost_is_said_once(running: Running, page: Page) -> None:
    send(running, DROPPED, TRACK)
    page.goto(running.home)
    page.locator(".row", has_text="no user id").click()
    verdict = page.locator("#detail .verdict")
    expect(verdict).to_have_text(
        re.compile("^The call has neither userId nor anonymousId .* Segment drops it.$")
    )
    expect(page.locator("#detail .fix")).to_have_text(
        "FixSend userId, which is what Pendo needs.no_user_anon_id"
    )
    assert page.locator("#detail").inner_text().count("neither userId nor anonymousId") == 1
    page.locator(".row", has_text="Signed Up").click()
    expect(verdict).to_contain_text("Not sent to Pendo. Pendo takes track calls only if")
    expect(page.locator("#detail .fix")).to_have_count(0)
    assert page.locator("#detail").inner_text().count("track is off here") == 1


def test_a_page_call_says_what_the_terminal_says(running: Running, page: Page) -> None:
    send(running, {"type": "page", "userId": "ann", "name": "Home"})
    page.goto(running.home)
    said = "not selected: pendo documents nothing for page calls from Segment"
    expect(page.locator(".row")).to_contain_text(re.compile(said, re.IGNORECASE))
    expect(page.locator(".row")).not_to_contain_text("none is sent")


def test_a_call_counts_its_findings_as_the_navigation_does(running: Running, page: Page) -> None:
    send(running, {"type": "identify", "userId": "ann", "traits": {"address": {"city": "Austin"}}})
    page.goto(running.home)
    page.locator(".row").click()
    expect(page.get_by_role("button", name="Findings 1")).to_be_visible()
    expect(page.get_by_role("tab", name="Findings 1")).to_be_visible()


def test_the_browser_destinations_stand_beside_the_webhook(running: Running, page: Page) -> None:
    send(running, {"type": "identify", "anonymousId": "a-1", "traits": {"plan": "pro"}})
    page.goto(running.home)
    page.locator(".row").click()
    page.get_by_role("tab", name="Browser destination").click()
    panel = page.get_by_role("tabpanel")
    expect(panel.get_by_role("row", name="Pendo (classic)")).to_contain_text("_PENDO_T_a-1")
    expect(panel.get_by_role("row", name="Pendo Web (Actions)")).to_contain_text("it needs a userId")


def test_a_refused_request_says_what_was_answered(running: Running, page: Page) -> None:
    send(running, ANN)
    get(f"{running.home}/v1/identfy", "POST")
    page.goto(running.home)
    page.locator(".row", has_text="identfy").click()
    expect(page.locator("#detail")).to_contain_text("It was answered 404")
    expect(page.locator("#detail")).to_contain_text("unknown_path")
