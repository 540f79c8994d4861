"""Analytics.js in a real Chromium, on a page of another origin."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from chromium import new_page, served
from package_folders import folder
from playwright.sync_api import Page, Request
from processes import Start, all_arrived, get

HERE = folder("sdks")


def bundle(source: Path, folder: Path) -> None:
    """Write a page with a script and the packages of tests/sdks that it imports."""
    esbuild = HERE / "node_modules" / ".bin" / "esbuild"
    subprocess.run(
        [esbuild, source, "--bundle", "--format=iife", f"--outfile={folder}/app.js", "--log-level=error"],
        cwd=HERE,
        env=os.environ | {"NODE_PATH": str(HERE / "node_modules")},  # for a source elsewhere
        check=True,
    )
    (folder / "index.html").write_text(
        "<!doctype html><link rel=icon href=data:,><script src=app.js></script>"
    )


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A web server of its own with a page that holds the bundled SDK."""
    folder = tmp_path_factory.mktemp("page")
    bundle(HERE / "page.js", folder)
    with served(folder) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page() -> Iterator[Page]:
    with new_page() as page:
        yield page


def complaints(page: Page) -> list[str]:
    said: list[str] = []
    page.on(
        "console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"{request.method} {request.url} {request.failure}"))
    return said


@pytest.mark.rules("I-12", "I-13", "I-17", "I-70", of="@segment/analytics-next")
@pytest.mark.parametrize(
    ("segment", "channel"),
    [
        ({}, "client"),
        ({"deliveryStrategy": {"strategy": "batching", "config": {"size": 10, "timeout": 200}}}, "server"),
    ],
    ids=["default", "batching"],
)
def test_a_page_of_another_origin(
    run: Start, origin: str, page: Page, segment: dict[str, Any], channel: str
) -> None:
    running = run("--no-proxy")
    said, asked = complaints(page), set[str]()
    page.on("request", lambda request: asked.add(request.url))
    page.goto(origin)
    page.evaluate("([home, segment]) => window.go(home, segment)", [running.home, segment])
    all_arrived(running)
    assert said == []
    assert {url for url in asked if not url.startswith((origin, running.home, "data:"))} == set()
    (row,) = get(f"{running.home}/_/calls?user=u-1&type=identify")[1]["calls"]
    # One by one it is the client channel, by batch the server's: so the delivery strategy was in force.
    assert f'"channel":"{channel}"' in row["body"]


PLUGIN = """
window.enrich = ({ plan }) => ({
  name: "Enrich", version: "1", type: "enrichment", isLoaded: () => true, load: async () => {},
  track: (ctx) => { ctx.updateEvent("properties.plan", plan); return ctx; },
});
"""
PRODUCTION = {
    "integrations": {
        "Webhooks": {"versionSettings": {"componentTypes": ["server"]}, "bundlingStatus": "unbundled"},
        "Segment.io": {"apiKey": "WRITE_KEY_production", "apiHost": "api.segment.io/v1", "protocol": "https"},
    },
    "plan": {"track": {"__default": {"enabled": True}, "Blocked": {"enabled": False}}},
    "metrics": {"sampleRate": 1, "host": "api.segment.io/v1"},
}


def plugin(name: str, url: str) -> dict[str, Any]:
    return {
        "name": name,
        "creationName": name,
        "libraryName": name.lower(),
        "url": url,
        "settings": {"plan": "pro"},
    }


@pytest.mark.rules("D-70", "I-17", of="@segment/analytics-next")
def test_productions_settings_act_as_there(run: Start, origin: str, page: Page, tmp_path: Path) -> None:
    """The plan blocks an event, a plugin changes the other, a missing one is counted; all stays here."""
    plugins = [plugin("Enrich", f"{origin}/enrich.js"), plugin("Missing", f"{origin}/missing.js")]
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(PRODUCTION | {"remotePlugins": plugins}))
    running = run("--no-proxy", "--track", "--cdn-settings", str(file))
    page.route(
        f"{origin}/enrich.js", lambda route: route.fulfill(body=PLUGIN, content_type="text/javascript")
    )
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright marks it
    page.goto(origin)
    page.evaluate("([home, events]) => window.tracked(home, events)", [running.home, ["Blocked", "Allowed"]])
    status, answer = get(f"{running.home}/_/wait?count=2&timeout=20")
    assert status == 200, answer
    blocked, allowed = sorted(answer["calls"], key=lambda row: row["outcome"])
    assert (blocked["outcome"], blocked["code"]) == ("skipped", "FILTERED_BY_INTEGRATIONS_OBJECT")
    assert "tracking plan" in blocked["reason"]
    body = json.loads(allowed["body"])
    assert (body["event"], body["properties"]) == ("Allowed", {"plan": "pro"})
    assert {urlsplit(request.url).hostname for request in asked} - {None} == {"127.0.0.1"}
    assert [request.url for request in asked if request.url.endswith("/v1/m")]  # telemetry of the missing one
    sent = [json.loads(request.post_data or "") for request in asked if request.url.endswith("/v1/t")]
    assert [(call["event"], call["integrations"], call["writeKey"]) for call in sent] == [
        ("Blocked", {"All": False, "Segment.io": True}, "WRITE_KEY_production"),
        ("Allowed", {}, "WRITE_KEY_production"),
    ]
    running.end()
    said = running.err.read_text()
    assert "another write key" in said
    assert "WRITE_KEY" not in said


# Segment's snippet in short: a stub that remembers calls until the script of the CDN has come.
SNIPPET = """<!doctype html><link rel=icon href=data:,><script>
const stub = window.analytics = [];
stub.SNIPPET_VERSION = "5.2.0";
stub._writeKey = "WRITE_KEY_snippet";
for (const name of ["page", "identify", "group", "track", "ready"])
  stub[name] = (...words) => { stub.push([name, ...words]); };
analytics.identify("u-1", { plan: "pro" });
</script>
<script async src="https://cdn.segment.com/analytics.js/v1/WRITE_KEY_snippet/analytics.min.js"></script>"""


@pytest.mark.rules("I-12", "I-17", of="@segment/analytics-next")
def test_the_script_of_the_cdn_comes_from_the_apps_own_package(
    run: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text(SNIPPET)
    monkeypatch.chdir(HERE)
    running = run("--offline")
    proxied = [f"--proxy-server={running.doors['proxy']}", "--ignore-certificate-errors"]
    with served(tmp_path) as port, new_page(*proxied) as page:
        said = complaints(page)
        page.goto(f"http://127.0.0.1:{port}")
        status, answer = get(f"{running.home}/_/wait?user=u-1&timeout=20")
        assert (status, said) == (200, []), running.err.read_text()
    (row,) = answer["calls"]
    assert (row["type"], row["outcome"], row["user"]) == ("identify", "webhook", "u-1")


@pytest.mark.rules("I-71", "I-65", of="@rudderstack/analytics-js")
def test_rudderstacks_sdk_for_browsers(run: Start, page: Page, tmp_path: Path) -> None:
    (tmp_path / "page.js").write_text(
        'import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";\n'
        "window.go = (home) => {\n"
        "  const analytics = new RudderAnalytics();\n"
        '  analytics.load("WRITE_KEY_rudder", home, { configUrl: home, logLevel: "NONE" });\n'
        '  analytics.identify("u-1", { plan: "pro" });\n'
        '  analytics.group("acme", { employees: 5 });\n'
        '  analytics.track("Signed Up");\n'
        "};\n"
    )
    bundle(tmp_path / "page.js", tmp_path)
    running = run("--no-proxy")
    with served(tmp_path) as port:
        page.goto(f"http://127.0.0.1:{port}")
        page.evaluate("home => window.go(home)", running.home)
        status, answer = get(f"{running.home}/_/wait?count=3&timeout=20")
    assert status == 200, (running.err.read_text(), answer)
    assert [(row["type"], row["user"], row["outcome"]) for row in answer["calls"]] == [
        ("identify", "u-1", "webhook"),
        ("group", "u-1", "webhook"),
        ("track", "u-1", "skipped"),
    ]
