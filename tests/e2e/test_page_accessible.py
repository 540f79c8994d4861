"""The page under axe-core, which knows the rules of WCAG: no finding that is more than minor."""

from pathlib import Path
from typing import Any

import pytest
from page_calls import ANN, DROPPED, send
from playwright.sync_api import Page, expect
from processes import Running, Start, get

AXE = Path(__file__).parents[1] / "axe" / "node_modules" / "axe-core" / "axe.min.js"
GROUP = {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"name": "Acme", "plan": {"a": 1}}}
TRACK = {"type": "track", "userId": "ann", "event": "Signed Up", "properties": {"price": 7}}
VIEWS = {"visitors": "ann", "accounts": "acme", "findings": "NESTED_IGNORED", "setup": "Python"}
SIZES = {"desk": (1280, 720), "phone": (375, 812)}


def wrong(page: Page) -> list[str]:
    """What axe finds moderate or worse: the rule, where, and why."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"], "axe has looked at nothing"
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in {"moderate", "serious", "critical"}
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_each_view_is_accessible(run: Start, page: Page, scheme: Any, size: str) -> None:
    running = run("--no-proxy", "--fault", "on=pendo,status=403,times=1")
    page.emulate_media(color_scheme=scheme)
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.goto(running.home)
    expect(page.locator("#live")).to_have_text("live")
    found = {"empty": wrong(page)}
    send(running, ANN, GROUP, ANN, DROPPED, TRACK, ANN, ANN)
    get(f"{running.home}/v1/identfy", "POST")
    expect(page.locator(".row").nth(4)).to_be_visible()
    found["calls"] = wrong(page)
    page.locator(".row", has_text="acme").first.click()
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_be_visible()
    for number in range(tabs.count()):
        name = tabs.nth(number).inner_text()
        tabs.nth(number).click()
        expect(page.get_by_role("tabpanel")).not_to_be_empty()
        found[f"call, {name}"] = wrong(page)
    for view, shows in VIEWS.items():
        page.goto(f"{running.home}/?view={view}")
        expect(page.locator("#other-view")).to_contain_text(shows)
        found[view] = wrong(page)
    assert {place: faults for place, faults in found.items() if faults} == {}


def test_the_keys_and_a_filter_that_is_wrong_are_accessible(running: Running, page: Page) -> None:
    send(running, ANN)
    page.goto(running.home)
    page.locator("#filter").fill("usr:ann")
    expect(page.locator("#filter-help")).to_contain_text("There is no filter usr")
    assert wrong(page) == []
    page.locator("#filter").fill("user:nobody")
    expect(page.locator(".row")).to_have_count(0)
    assert wrong(page) == []
    page.locator("#filter").fill("")
    page.locator("#list").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert wrong(page) == []
