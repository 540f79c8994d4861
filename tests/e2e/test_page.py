"""The page in a real Chromium against a real `run`: the list, a call, the filter, keys, a phone."""

import subprocess
import sys
from pathlib import Path

import pytest
from page_calls import ANN, DROPPED, send, users
from playwright.sync_api import APIResponse, Page, Route, expect
from processes import Running, Start, env_for, get

MARKUP = "<img src=x onerror=alert(1)>"
HOSTILE = {
    "type": "identify",
    "userId": MARKUP,
    "traits": {"<b>key</b>": "\u202e<script>alert(1)</script>", "__proto__": {"x": 1}, "constructor": "c"},
}


def test_an_empty_instance_says_how_to_send_the_first_call(running: Running, page: Page) -> None:
    page.goto(running.home)
    expect(page.locator("#detail .verdict")).to_have_text("No calls yet. Point an SDK here.")
    expect(page.locator("#detail pre")).to_contain_text(running.home)
    page.get_by_role("button", name="Send a test call").click()
    expect(page.locator(".row")).to_contain_text("test-user")
    expect(page.locator("#detail .tabs")).to_have_count(0)


def test_calls_appear_as_they_come_the_newest_first(running: Running, page: Page) -> None:
    send(running, *users(2))
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(2)
    send(running, ANN)
    first = page.locator(".row").first
    expect(first).to_contain_text("identify ann")
    expect(first).to_contain_text("firstName renamed · address lost · 2 of 3 kept")
    expect(first.locator(".pill").last).to_have_text("1 lost")
    send(running, DROPPED)
    expect(page.locator(".row").first).to_contain_text("Segment: neither userId nor anonymousId")
    expect(page.locator(".row").first.locator(".pill").last).to_have_text("dropped")


def test_a_part_of_a_list_is_no_trait_and_has_no_name_to_be_sent_by(running: Running, page: Page) -> None:
    parts = {"list": [{"a": 1}, 2], "address": {"city": "Brno"}, "a b": {"c": 1}}
    send(running, {"type": "identify", "userId": "ann", "traits": parts})
    page.goto(running.home)
    expect(page.locator(".row")).to_contain_text("list[0], address and 1 more lost · 1 of 3 kept")
    page.locator(".row").click()
    verdict = "1 of 3 traits reach Pendo. list[0], address, a b do not arrive."
    expect(page.locator("#detail .verdict")).to_have_text(verdict)
    fix = page.locator("#detail .fix")
    expect(fix).to_contain_text('Send address_city: "Brno" instead of traits.address')
    expect(fix).to_contain_text("traits.list[0]: Pendo ignores objects inside a list")
    expect(fix).not_to_contain_text("0_a")


def test_an_event_without_properties_is_told_as_one(run: Start, page: Page) -> None:
    running = run("--no-proxy", "--track")
    send(running, {"type": "track", "userId": "ann", "event": "E", "properties": {}})
    page.goto(running.home)
    expect(page.locator(".row")).to_contain_text("the event, without properties")


def test_the_filter_stands_in_the_address_and_the_server_answers_it(running: Running, page: Page) -> None:
    send(running, *users(3), ANN)
    page.goto(f"{running.home}/?q=user:ann")
    expect(page.locator("#filter")).to_have_value("user:ann")
    expect(page.locator(".row")).to_have_count(1)
    page.locator("#filter").fill("trait:plan u-2")
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator(".row")).to_contain_text("u-2")
    assert page.url.endswith("/?q=trait%3Aplan+u-2")
    page.locator("#filter").fill("usr:ann")
    expect(page.locator("#filter-help")).to_contain_text("There is no filter usr")
    page.locator("#filter").fill("level:eror")
    expect(page.locator("#filter-help")).to_contain_text("did you mean error?")
    page.locator("#filter").fill("user:nobody")
    page.get_by_role("button", name="Remove the filter").click()
    expect(page.locator(".row")).to_have_count(4)


def test_a_link_opens_a_call_with_its_verdict_fields_and_fix(running: Running, page: Page) -> None:
    send(running, *users(3), ANN)
    (call,) = get(f"{running.home}/_/calls?user=ann")[1]["calls"]
    page.goto(f"{running.home}/?q=user:ann#call={call['id']}")
    verdict = "2 of 3 traits reach Pendo. firstName arrives as firstname; address does not arrive."
    expect(page.locator("#detail .verdict")).to_have_text(verdict)
    expect(page.locator("#detail .fix")).to_contain_text(
        'Send address_city: "Oslo" instead of traits.address'
    )
    expect(page.locator("tr.lost del").first).to_have_text("traits.address")
    expect(page.locator("tr.renamed")).to_contain_text("segment.io ▸ firstname")
    page.get_by_role("tab", name="Call as sent").click()
    expect(page.locator(".panel pre")).to_contain_text('"city": "Oslo"')
    page.get_by_role("tab", name="Webhook").click()
    expect(page.locator(".panel")).to_contain_text("User-Agent: Segment (Actions)")
    expect(page.locator(".panel")).not_to_contain_text("WRITE_KEY_of_page")
    page.get_by_role("tab", name="Answer 200").click()
    expect(page.locator(".panel")).to_contain_text("Attempt 1")
    page.get_by_role("tab", name="History of ann").click()
    expect(page.locator(".history li")).to_have_count(1)


def test_the_keyboard_alone_finds_opens_and_goes_back(running: Running, page: Page) -> None:
    send(running, *users(30), ANN)
    page.goto(running.home)
    expect(page.locator(".row").first).to_contain_text("ann")
    page.keyboard.press("j")
    expect(page.locator("#detail .verdict")).to_contain_text("2 of 3 traits")
    for _ in range(20):
        page.keyboard.press("j")
    chosen = page.locator('.row[aria-selected="true"]')
    expect(chosen).to_contain_text("u-10")
    expect(chosen).to_be_in_viewport()
    page.keyboard.press("k")
    expect(chosen).to_contain_text("u-11")
    page.keyboard.press("/")
    page.keyboard.type("user:u-3")
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#detail .line")).to_contain_text("identify u-3")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    expect(page.locator("#live")).to_have_text("paused")


def test_enter_presses_the_button_that_has_the_focus(running: Running, page: Page) -> None:
    send(running, ANN)
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("j")
    page.get_by_role("tab", name="Fields").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Call as sent")).to_be_focused()
    page.get_by_role("button", name="Send again").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("Sent again")
    page.get_by_role("button", name="Visitors").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("option", name="ann")).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_role("option", name="ann")).to_be_visible()


def test_a_paused_page_stands_still_until_it_goes_on(running: Running, page: Page) -> None:
    send(running, *users(1))
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(1)
    expect(page.locator("#live")).to_have_text("live")
    page.get_by_role("button", name="Pause").click()
    send(running, ANN)
    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    expect(page.locator("#pipeline")).to_contain_text("2 received")
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("button", name="Resume").click()
    expect(page.locator(".row")).to_have_count(2)
    expect(page.get_by_role("button", name="1 new")).to_be_hidden()


def test_a_phone_shows_the_list_then_the_call_and_never_scrolls_sideways(
    running: Running, page: Page
) -> None:
    long = {"type": "identify", "userId": "x" * 900, "traits": {"k" * 300: "v" * 900, "a": {"b" * 300: 1}}}
    send(running, ANN, HOSTILE, long)
    page.set_viewport_size({"width": 375, "height": 800})
    for view in ("", "?view=visitors", "?view=accounts", "?view=findings", "?view=setup"):
        page.goto(f"{running.home}/{view}")
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") == 375, view
    page.goto(running.home)
    expect(page.locator("#detail")).to_be_hidden()
    for row in range(3):
        page.locator(".row").nth(row).click()
        expect(page.locator("#detail .verdict")).to_be_visible()
        for tab in range(page.get_by_role("tab").count()):
            page.get_by_role("tab").nth(tab).click()
            assert page.evaluate("document.querySelector('#detail').scrollWidth") == 375
        page.get_by_role("button", name="‹ Calls").click()
        expect(page.locator("#detail")).to_be_hidden()


def test_hostile_texts_are_shown_as_text(running: Running, page: Page) -> None:
    send(running, HOSTILE)
    page.goto(running.home)
    page.locator(".row").click()
    expect(page.locator(".row")).to_contain_text(MARKUP)
    expect(page.locator(".fields").first).to_contain_text("\\u202e<script>alert(1)</script>")
    for tab in range(page.get_by_role("tab").count()):
        page.get_by_role("tab").nth(tab).click()
        expect(page.locator(".panel")).not_to_be_empty()
    page.goto(f"{running.home}/?view=visitors")
    expect(page.get_by_role("option")).to_contain_text(MARKUP)
    page.get_by_role("option").click()
    expect(page.locator(".record")).to_contain_text("\\u202e<script>alert(1)</script>")
    assert page.locator("img, b > b, main script").count() == 0


def test_the_write_key_is_in_no_pane_and_clearing_forgets_all(running: Running, page: Page) -> None:
    send(running, ANN)
    page.goto(running.home)
    page.locator(".row").click()
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    for tab in range(tabs.count()):
        tabs.nth(tab).click()
        expect(page.locator(".panel")).not_to_be_empty()
        assert "WRITE_KEY_of_page" not in page.content()
    page.get_by_role("tab", name="Webhook").click()
    expect(page.locator(".panel")).to_contain_text('"****page"')
    page.locator("#clear").click()
    expect(page.locator(".row")).to_have_count(0)
    assert get(f"{running.home}/_/calls")[1]["calls"] == []


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/_/calls"), ("POST", "/_/reset")], ids=["calls", "all"]
)
def test_what_somebody_else_clears_goes_from_the_page(
    running: Running, page: Page, method: str, path: str
) -> None:
    send(running, ANN)
    page.goto(running.home)
    page.locator(".row").click()
    expect(page.locator("#detail")).to_contain_text("Oslo")
    headers = {"X-Segment-Pendo": "1"}
    assert get(f"{running.home}{path}", method, **headers)[0] == 200
    expect(page.locator(".row")).to_have_count(0)
    expect(page.locator("#detail")).not_to_contain_text("Oslo")
    send(running, *users(1))
    expect(page.locator(".row")).to_contain_text("u-0")


def test_a_thousand_calls_are_a_few_elements_and_all_can_be_reached(running: Running, page: Page) -> None:
    for start in range(0, 1000, 500):
        send(running, *[{"type": "identify", "userId": f"u-{start + i}"} for i in range(500)])
    page.goto(running.home)
    expect(page.locator(".row").first).to_contain_text("u-999")
    assert page.locator(".row").count() < 60
    page.locator("#list").focus()
    for _ in range(40):
        if page.locator(".row").last.inner_text().count("u-0\n"):
            break
        page.locator("#list").evaluate("list => { list.scrollTop = list.scrollHeight; }")
        page.wait_for_timeout(100)
    expect(page.locator(".row").last).to_contain_text("u-0")
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", "1000")


def test_errors_that_nobody_sees_are_counted_in_the_title(running: Running, page: Page) -> None:
    page.goto(f"{running.home}/?view=setup")
    expect(page.locator("#live")).to_have_text("live")
    page.wait_for_timeout(300)
    send(running, DROPPED, DROPPED, *users(1), DROPPED)
    expect(page).to_have_title("(3) segment-pendo")
    page.get_by_role("button", name="Calls").click()
    expect(page).to_have_title("segment-pendo")


def test_each_step_of_the_pipeline_is_a_filter(running: Running, page: Page) -> None:
    send(running, *users(2), DROPPED, {"type": "track", "userId": "ann", "event": "Signed Up"}, ANN)
    get(f"{running.home}/v1/identfy", "POST")
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(6)
    expect(page.locator("#detail")).to_contain_text("Fix first")
    for step, shown, count in (
        ("1 refused", "identfy", 1),
        ("1 dropped by Segment", "(no user id)", 1),
        ("1 not selected", "Signed Up", 1),
        ("3 delivered", "ann", 3),
        ("1 lose something", "ann", 1),
    ):
        page.get_by_role("button", name=step).click()
        expect(page.get_by_role("button", name=step)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".row")).to_have_count(count)
        expect(page.locator(".row").first).to_contain_text(shown)
    page.get_by_role("button", name="5 received").click()
    expect(page.locator(".row")).to_have_count(6)
    page.get_by_role("button", name="Findings").click()
    page.get_by_role("button", name="NESTED_IGNORED").click()
    expect(page.locator("#filter")).to_have_value("code:NESTED_IGNORED")
    expect(page.locator(".row")).to_have_count(1)


def test_a_webhook_is_sent_again_with_a_key(run: Start, page: Page) -> None:
    running = run("--no-proxy", "--fault", "on=pendo,status=403,times=1")
    send(running, ANN)
    page.goto(running.home)
    expect(page.locator(".row .pill")).to_have_text("403")
    page.keyboard.press("j")
    expect(page.locator("#detail .verdict")).to_contain_text("Pendo answered 403: not delivered.")
    page.keyboard.press("r")
    expect(page.locator("#detail .verdict")).to_contain_text("2 of 3 traits reach Pendo.")
    expect(page.locator(".row .pill")).to_have_text("1 lost")


def test_an_answer_that_was_on_its_way_undoes_no_delivery(run: Start, page: Page) -> None:
    running = run("--no-proxy", "--fault", "on=pendo,status=403,times=1")
    send(running, ANN)
    page.goto(running.home)
    expect(page.locator(".row .pill")).to_have_text("403")
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/_/calls?*", lambda route: held.append((route, route.fetch())))
    with page.expect_request("**/_/calls?*"):
        send(running, *users(1))
    page.keyboard.press("j")
    expect(page.locator("#detail .verdict")).to_contain_text("Pendo answered 403: not delivered.")
    page.keyboard.press("r")
    expect(page.locator("#detail .verdict")).to_contain_text("2 of 3 traits reach Pendo.")
    for route, answer in held:
        route.fulfill(response=answer)
    page.unroute("**/_/calls?*")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row", has_text="ann").locator(".pill")).to_have_text("1 lost")


def test_a_copied_call_can_be_sent_and_tested_again(running: Running, page: Page, tmp_path: Path) -> None:
    quote = {**ANN, "userId": "o'hara", "traits": {**ANN["traits"], "on": True, "none": None}}
    send(running, quote)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.home)
    page.goto(running.home)
    page.locator(".row").click()
    copied = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#said")).to_have_text("Copied the call as curl.")
    curl = page.evaluate(copied).replace("curl ", "curl -sf --noproxy '*' ", 1)
    subprocess.run(["bash", "-c", curl], check=True, timeout=20, capture_output=True)
    expect(page.locator(".row")).to_have_count(2)
    page.get_by_role("button", name="pytest").click()
    expect(page.locator("#said")).to_have_text("Copied the call as pytest.")
    (tmp_path / "test_copied.py").write_text(page.evaluate(copied), "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir=.",
        "test_copied.py",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, env=env_for(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout


def test_equal_calls_in_a_row_are_one_line_that_unfolds(running: Running, page: Page) -> None:
    send(running, *users(1), *[ANN] * 48)
    page.goto(running.home)
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator(".row").first).to_contain_text("× 48")
    page.locator(".times").click()
    expect(page.locator("#list")).to_have_attribute("aria-rowcount", "49")
    expect(page.locator(".times")).to_have_count(0)
