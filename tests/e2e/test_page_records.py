"""The page in a real Chromium: visitors, accounts, and why something is not there."""

import re

import pytest
from page_calls import ANN, send, users
from playwright.sync_api import Page, expect
from processes import Running

GROUP = {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"name": "Acme"}}


def test_a_record_shows_each_field_its_call_and_earlier_values(running: Running, page: Page) -> None:
    send(running, *users(2), GROUP, {**ANN, "traits": {"plan": "free"}}, ANN)
    page.goto(f"{running.home}/?view=visitors")
    page.get_by_role("option", name="ann").click()
    assert page.url.endswith("/?view=visitors#record=ann")
    record = page.locator(".record")
    expect(record.get_by_role("heading").first).to_have_text(
        re.compile("^Yes: ann is in Pendo with 2 fields")
    )
    plan = record.get_by_role("row", name="plan")
    expect(plan.get_by_role("cell").nth(1)).to_have_text("pro")
    expect(plan.get_by_role("cell").nth(3)).to_contain_text("free")
    expect(record.get_by_role("row", name="firstname")).to_contain_text("sent as firstName")
    expect(record.get_by_role("row", name="address")).to_contain_text("Pendo ignores objects")
    record.get_by_role("button", name="Open account acme").click()
    expect(record.get_by_role("row", name="name")).to_contain_text("Acme")
    page.go_back()
    plan.get_by_role("button").first.click()
    expect(page.locator("#detail .verdict")).to_contain_text("2 of 3 traits reach Pendo.")
    page.get_by_role("button", name="Open visitor ann").click()
    expect(record.get_by_role("row", name="address")).to_be_visible()


def test_why_a_trait_does_not_show_is_a_minute_away(running: Running, page: Page) -> None:
    send(running, *users(20), ANN, *users(20))
    page.goto(running.home)
    page.get_by_role("button", name="Visitors").click()
    page.get_by_role("searchbox").fill("ann")
    page.get_by_role("option", name="ann").click()
    page.get_by_label("Trait").fill("firstName")
    page.keyboard.press("Enter")
    answer = page.locator(".record .why")
    expect(answer).to_contain_text("it arrives as firstname, since Pendo lower-cases names.")
    answer.get_by_role("button", name="identify").click()
    expect(page.locator("#detail .verdict")).to_contain_text("firstName arrives as firstname")


def test_records_are_chosen_by_keyboard_and_the_focus_stays(running: Running, page: Page) -> None:
    send(running, *users(3))
    page.goto(f"{running.home}/?view=visitors")
    listed = page.get_by_role("listbox")
    expect(listed.get_by_role("option")).to_have_count(3)
    listed.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    chosen = listed.locator('[aria-selected="true"]')
    second = listed.get_by_role("option").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    name = chosen.locator(".strong").inner_text()
    send(running, ANN)
    expect(listed.get_by_role("option")).to_have_count(4)
    expect(chosen).to_contain_text(name)
    expect(listed).to_be_focused()


def test_a_phone_shows_no_label_of_a_cell_without_anything(running: Running, page: Page) -> None:
    send(running, {**ANN, "traits": {"plan": "free"}}, ANN)
    page.set_viewport_size({"width": 375, "height": 667})
    page.goto(f"{running.home}/?view=visitors#record=ann")
    earlier = page.locator('.record td[data-head="Earlier values"]')
    expect(earlier).to_have_count(2)
    plan, firstname = earlier.nth(0), earlier.nth(1)
    expect(plan).to_contain_text("free")
    expect(plan).to_be_visible()
    expect(firstname).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 720})
    expect(firstname).to_be_visible()  # else the rows of the table do not end alike


@pytest.mark.parametrize("view", ["visitors", "accounts"])
def test_a_phone_asks_why_not_beside_the_list(running: Running, page: Page, view: str) -> None:
    send(running, ANN, GROUP)
    page.set_viewport_size({"width": 375, "height": 667})
    page.goto(f"{running.home}/?view={view}")
    one = page.get_by_role("option").first
    expect(one).to_be_in_viewport()
    kind = "User" if view == "visitors" else "Group"
    page.get_by_label(f"{kind} ID").fill("an" if view == "visitors" else "acm")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".record .why")).to_be_in_viewport()
    expect(page.locator(".record .why")).to_contain_text("The nearest")
    expect(one).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    one.click()
    expect(page.locator(".record .verdict").last).to_be_in_viewport()
    page.get_by_role("button", name="‹ List").click()
    expect(one).to_be_in_viewport()


def test_what_nobody_sent_has_an_answer_too(running: Running, page: Page) -> None:
    send(running, ANN)
    page.goto(f"{running.home}/?view=visitors")
    page.get_by_label("User ID").fill("an")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator(".record .why")).to_contain_text("No: no call names an. The nearest user is ann.")
