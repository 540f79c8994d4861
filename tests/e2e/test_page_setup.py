"""The page in a real Chromium: how to point an SDK here, and what another set-up would make of the calls."""

import re
import subprocess

import pytest
from page_calls import ANN, send
from playwright.sync_api import Page, expect
from processes import Running, get

TRACK = {"type": "track", "userId": "ann", "event": "Signed Up"}
TABS = [
    "Python",
    "Node",
    "Browser",
    "Ruby",
    "Go",
    "PHP",
    "Java",
    ".NET",
    "iOS",
    "Android",
    "React Native",
    "Docker",
]


@pytest.mark.parametrize("tab", [*TABS, "curl"])
def test_each_sdk_has_a_snippet_with_this_address(running: Running, page: Page, tab: str) -> None:
    port = running.home.rpartition(":")[2]
    page.goto(f"{running.home}/?view=setup")
    page.get_by_role("tab", name=tab, exact=True).click()
    panel = page.get_by_role("tabpanel")
    # Those that insist on TLS name the port that has it.
    expect(panel).to_contain_text("--tls-port 4172" if tab in {"Ruby", "PHP", ".NET", "iOS"} else port)


def test_a_snippet_works_as_it_is_copied(running: Running, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=running.home)
    page.goto(f"{running.home}/?view=setup")
    page.get_by_role("tab", name="curl").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.locator("#said")).to_have_text("Copied the snippet for curl.")
    text = page.evaluate("navigator.clipboard.readText()").replace("curl ", "curl -sf --noproxy '*' ", 1)
    subprocess.run(["bash", "-c", text], check=True, timeout=20, capture_output=True)
    page.get_by_role("button", name="Send a test call").click()
    assert get(f"{running.home}/_/wait?count=2")[0] == 200
    users = {call["user"] for call in get(f"{running.home}/_/calls")[1]["calls"]}
    assert users == {"ann", "test-user"}


def test_another_set_up_explains_what_is_there_and_changes_nothing(running: Running, page: Page) -> None:
    send(running, ANN, TRACK)
    before = get(f"{running.home}/_/calls")
    page.goto(f"{running.home}/?view=setup")
    track = page.get_by_label("Track calls")
    track.focus()
    track.select_option("selected")
    view = page.get_by_role("region", name="What if")
    expect(view).to_contain_text("1 of 2 calls would end otherwise")
    expect(view).to_contain_text("sent to Pendo 1 → 2")
    expect(track).to_be_focused()
    view.get_by_role("button", name="track ann").click()
    assert "if=track%3D1" in page.url
    expect(page.get_by_role("note")).to_contain_text("What if: track on. The run itself stays as it is.")
    expect(page.locator("#detail")).to_contain_text("a track call is a Track Event")
    expect(page.get_by_role("button", name="Send again")).to_have_count(0)
    page.get_by_role("button", name="Leave").click()
    expect(page.locator("#detail .verdict")).to_contain_text("Not sent to Pendo.")
    assert get(f"{running.home}/_/calls") == before


def test_an_assumption_is_chosen_and_what_does_not_go_together_is_told(running: Running, page: Page) -> None:
    send(running, ANN)
    page.goto(f"{running.home}/?view=setup")
    page.get_by_text("Assumptions").click()
    page.get_by_label(re.compile("^nested ")).select_option("dot")
    view = page.get_by_role("region", name="What if")
    expect(view).to_contain_text("What if: nested=dot.")
    expect(view).to_contain_text("1 of 1 call would end otherwise")
    page.get_by_label(re.compile("^classic_dates ")).select_option("rewritten")
    expect(view).to_contain_text("classic_dates has an effect only where webhook is classic")
    view.get_by_role("button", name="Leave").click()
    expect(view).not_to_contain_text("nested=dot")
