"""The page in a real Chromium: calls of several apps, told apart by name and filter."""

import json
import urllib.request

from playwright.sync_api import Page, expect
from processes import Running, Start

from segment_pendo.serve.sources import proxy_url


def send(running: Running, source: str, user: str) -> None:
    """Send a call as an app with this name does: by the proxy, whose URL has the name in it."""
    proxy = urllib.request.ProxyHandler({"http": proxy_url(running.doors["proxy"], source)})
    body = json.dumps({"userId": user, "writeKey": f"WRITE_KEY_{user}", "traits": {"plan": "pro"}}).encode()
    request = urllib.request.Request("http://api.segment.io/v1/identify", body)
    urllib.request.build_opener(proxy).open(request, timeout=20).read()


def test_each_row_has_the_name_of_its_app_and_the_filter_finds_it(run: Start, page: Page) -> None:
    running = run()
    for source, user in (("web", "ann"), ("api", "bob"), ("", "cid")):
        send(running, source, user)
    page.goto(running.home)
    rows = page.locator(".row")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="ann").locator(".source")).to_have_text("web")
    expect(rows.filter(has_text="bob").locator(".source")).to_have_text("api")
    expect(rows.filter(has_text="cid").locator(".source")).to_have_count(0)
    for asked, user in (("source:api", "bob"), ("source:****_cid", "cid")):
        page.locator("#filter").fill(asked)
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(user)
