"""The page by the keyboard alone: every view, pane and action is reached without a pointer."""

from page_calls import ANN, DROPPED, send, users
from playwright.sync_api import Page, expect
from processes import Running

MOST_STEPS = 40


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this accessible name has the focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
        )
        if focused.strip().startswith(name):
            return
    message = f"{MOST_STEPS} times Tab do not lead to {name}"
    raise AssertionError(message)


def test_views_panes_and_actions_are_reached_without_a_pointer(running: Running, page: Page) -> None:
    send(running, ANN, DROPPED)
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(2)
    tab_to(page, "Visitors")
    page.keyboard.press("Enter")
    expect(page.locator("#other-view")).to_contain_text("ann")
    tab_to(page, "Calls")
    page.keyboard.press("Enter")
    tab_to(page, "Calls, newest first")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#detail .verdict")).to_contain_text("neither userId nor anonymousId")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#detail .verdict")).to_contain_text("2 of 3 traits")
    tab_to(page, "Fields")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Call as sent")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text('"city": "Oslo"')
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="History of ann")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("tab", name="Answer 200")).to_be_visible()


def test_help_and_filter_give_the_focus_back(running: Running, page: Page) -> None:
    send(running, ANN, DROPPED)
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(2)
    tab_to(page, "Calls, newest first")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    lefts = page.locator("#help dd").evaluate_all("all => all.map((one) => one.getBoundingClientRect().left)")
    assert len(set(lefts)) == 1, "keys and filters stand in the same columns"
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#list")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#filter")).to_be_focused()
    page.keyboard.type("user:ann")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#list")).to_be_focused()


def test_end_and_home_open_the_oldest_and_the_newest(running: Running, page: Page) -> None:
    send(running, *users(40))
    page.goto(running.home)
    expect(page.locator(".row").first).to_contain_text("u-39")
    page.locator("#list").focus()
    for key, user in (("End", "u-0"), ("Home", "u-39"), ("ArrowDown", "u-38")):
        page.keyboard.press(key)
        expect(page.locator("#detail .line")).to_contain_text(f"identify {user} ")
        expect(page.locator('.row[aria-selected="true"]')).to_be_in_viewport()
