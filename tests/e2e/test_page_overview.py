"""The page in a real Chromium: what it says of the run as a whole."""

import contextlib
import json
import re
from pathlib import Path

from page_calls import ANN, DROPPED, send, users
from playwright.sync_api import Page, expect
from processes import Running, Start, end_all


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


def test_a_drag_over_the_strip_is_a_filter_by_time(run: Start, page: Page) -> None:
    running = run("--no-proxy", "--fault", "on=pendo,status=503,times=1", "--retry-window", "20")
    send(running, ANN, DROPPED)
    page.goto(running.home)
    strip = page.locator("#strip")
    expect(strip.locator(".lost")).to_have_count(1)
    expect(strip.locator(".retried")).to_have_count(1, timeout=20_000)
    expect(strip).to_have_attribute(
        "aria-label", re.compile("^2 calls from .* 1 lost, 1 delivered, .* 1 tried")
    )
    page.wait_for_timeout(1100)  # so that the next call is in another second
    send(running, *users(1))
    expect(strip.locator(".calls")).to_have_count(2)
    last = strip.locator(".calls").last.bounding_box()
    assert last is not None
    page.mouse.move(last["x"] + 2, last["y"] + 2)
    expect(page.locator("#strip-words")).to_contain_text("1 call · 1 delivered")
    page.mouse.down()
    page.mouse.move(last["x"] - 1 + last["width"], last["y"], steps=3)
    page.mouse.up()
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("u-0")
    expect(page.locator("#filter")).to_have_value(re.compile(r"since:\S+Z until:\S+Z"))
    page.get_by_role("button", name="All time").click()
    expect(page.locator(".row")).to_have_count(3)
    page.locator("#filter").fill("until:00:00:00")
    expect(page.locator(".row")).to_have_count(0)
    page.locator("#filter").fill("since:00:00 user:ann")
    expect(page.locator(".row")).to_have_count(1)


def test_arrow_keys_and_enter_on_the_strip_filter_by_time(running: Running, page: Page) -> None:
    for user in users(3):
        send(running, user)
        page.wait_for_timeout(1100)  # so that each call is in another second
    page.goto(running.home)
    strip, words = page.locator("#strip"), page.locator("#strip-words")
    expect(strip.locator(".calls")).to_have_count(3)
    strip.focus()
    page.keyboard.press("ArrowRight")
    expect(words).to_contain_text("1 call")
    expect(strip).to_have_attribute("aria-valuenow", "2")
    page.keyboard.press("ArrowLeft")
    expect(strip).to_have_attribute("aria-valuenow", "1")
    page.keyboard.press("Shift+ArrowLeft")
    expect(words).to_contain_text("2 calls")
    expect(strip).to_have_attribute("aria-valuetext", re.compile("2 calls"))
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator("#filter")).to_have_value(re.compile(r"since:\S+Z until:\S+Z"))
    expect(strip).to_be_focused()
    for _ in range(4):  # to the first bar, and no further
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("u-0")


def test_the_mappings_of_a_call_are_told_apart(run: Start, page: Page, tmp_path: Path) -> None:
    mappings = [{"name": name, "trigger": 'type = "identify"'} for name in ("People", "Everything")]
    file = tmp_path / "destination.json"
    file.write_text(json.dumps({"mappings": mappings}))
    running = run("--no-proxy", "--destination", str(file))
    send(running, ANN)
    page.goto(running.home)
    rows = page.locator(".row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("identify ann → Everything")
    expect(rows.last).to_contain_text("identify ann → People")
    expect(page.locator("#target")).to_have_text("→ Pendo on loopback · 2 mappings")
    expect(page.get_by_role("button", name="1 received")).to_be_visible()
    expect(page.get_by_role("button", name="2 delivered")).to_be_visible()


def test_of_what_only_the_first_call_tells_no_number_of_calls_is_claimed(
    running: Running, page: Page
) -> None:
    send(running, ANN, ANN)
    page.goto(f"{running.home}/?view=findings")
    expect(page.locator(".card", has_text="NESTED_IGNORED")).to_contain_text("NESTED_IGNORED2 calls")
    page.locator("#other-view summary").click()
    lowered = page.locator(".card", has_text="KEY_LOWERCASED")
    expect(lowered).to_contain_text("KEY_LOWERCASEDfirst seen in 1 call")


def test_a_muted_code_colours_nothing(running: Running, page: Page) -> None:
    suspicious = {"type": "identify", "userId": "undefined", "traits": {"plan": "pro"}}
    send(running, ANN, suspicious)
    page.goto(f"{running.home}/?view=findings")
    expect(page.get_by_role("button", name="Findings 2")).to_be_visible()
    card = page.locator(".card", has_text="NESTED_IGNORED")
    card.get_by_role("button", name="mute").click()
    expect(card.get_by_role("button", name="unmute")).to_be_focused()
    expect(page.get_by_role("button", name="Findings 1")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Calls").click()
    row = page.locator(".row", has_text="identify ann")
    expect(row.locator(".pill")).to_have_text("200")
    expect(row).to_have_class("row good")
    page.get_by_role("button", name="Findings 1").click()
    card.get_by_role("button", name="unmute").click()
    expect(page.get_by_role("button", name="Findings 2")).to_be_visible()


def test_the_settings_of_a_project_mute_codes(page: Page, tmp_path: Path) -> None:
    (tmp_path / "segment-pendo.toml").write_text('mute = ["nested_ignored"]')
    with contextlib.chdir(tmp_path):
        running = Running(tmp_path, "--no-proxy")
    try:
        send(running, ANN)
        page.goto(f"{running.home}/?view=findings")
        card = page.locator(".card", has_text="NESTED_IGNORED")
        expect(card).to_contain_text("muted in the project's settings")
        expect(page.locator("#other-view")).to_contain_text("No errors and no warnings.")
    finally:
        end_all([running.process])
