"""The page in a real Chromium: what it says of the run as a whole."""

from page_calls import ANN, send
from playwright.sync_api import Page, expect
from processes import Start


def test_the_top_says_where_webhooks_go_and_that_the_newest_failed(run: Start, page: Page) -> None:
    running = run("--no-proxy", "--fault", "on=pendo,status=403,times=1")
    page.goto(running.home)
    target = page.locator("#target")
    expect(target).to_have_text("→ Pendo on loopback · track off · actions")
    send(running, ANN)
    expect(target).to_have_text("→ 403 from Pendo on loopback · track off · actions")
    target.get_by_role("button").click()
    expect(page.locator("#detail .verdict")).to_contain_text("Pendo answered 403: not delivered.")
    page.get_by_role("button", name="Send again").click()
    expect(target).to_have_text("→ Pendo on loopback · track off · actions")
