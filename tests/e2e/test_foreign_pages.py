"""A page of another origin in a real Chromium does what it can to a run: it writes, reads, frames nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import new_page, served
from playwright.sync_api import Page, Response
from processes import KEY, Start, get

# Each way by which a page can ask another server without being allowed to: nobody grants it a preflight.
ATTACK = """
async (home) => {
  const call = (user) => JSON.stringify({batch: [{type: "identify", userId: user}], writeKey: "k"});
  const load = (tag, url) => new Promise((done) => {
    const element = document.createElement(tag);
    element.onload = element.onerror = done;
    element.src = url;
    document.body.append(element);
  });
  const blind = (path, body) => fetch(home + path, {method: "POST", mode: "no-cors", body}).catch(() => null);
  const pixel = btoa(JSON.stringify({userId: "by image", writeKey: "k"}));
  await load("img", `${home}/v1/pixel/identify?data=${encodeURIComponent(pixel)}`);
  await load("img", `${home}/v1/pixel/identify?userId=by-query`);
  await blind("/v1/batch", call("by fetch"));
  navigator.sendBeacon(home + "/v1/batch", call("by beacon"));
  await blind("/data/segmentio/KEY", JSON.stringify({type: "identify", userId: "planted", traits: {a: 1}}));
  await blind("/api/v1/metadata/visitor/agent/value", "[]");
  await load("script", `${home}/_/wait?user=u&timeout=0.1`);
  await load("script", `${home}/_/page/page.js`);
  await load("img", `${home}/_/health`);
  await load("script", `${home}/_/metrics`);
  await blind("/_/sessions", "{}");
  await fetch(home + "/_/sessions", {method: "POST", headers: {"X-Segment-Pendo": "1"}}).catch(() => null);
  await fetch(home + "/_/calls").catch(() => null);
  await fetch(home + "/_/calls", {method: "DELETE", headers: {"X-Segment-Pendo": "1"}}).catch(() => null);
  for (const path of ["/v1/batch", "/data/segmentio/KEY"]) {
    const frame = document.createElement("iframe");
    frame.name = "f" + path.length;
    const form = document.createElement("form");
    Object.assign(form, {method: "POST", action: home + path, target: frame.name, enctype: "text/plain"});
    const input = document.createElement("input");
    input.name = '{"batch": [{"type": "identify", "userId": "by form"}], "x": "';
    input.value = '"}';
    form.append(input);
    document.body.append(frame, form);
    await new Promise((done) => { frame.onload = done; form.submit(); });
  }
  await load("iframe", home + "/");
  return true;
}
"""


@pytest.fixture
def evil(tmp_path: Path) -> Iterator[str]:
    """A web server of somebody else, by a name of its own."""
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,><body>")
    with served(tmp_path) as port:
        yield f"http://evil.test:{port}"


@pytest.fixture
def page() -> Iterator[Page]:
    with new_page("--host-resolver-rules=MAP evil.test 127.0.0.1") as page:
        yield page


def attacked(page: Page, evil: str, home: str) -> list[tuple[str, int]]:
    """What was asked of a run, and how it answered."""
    answers: list[tuple[str, int]] = []

    def note(answer: Response) -> None:
        if answer.url.startswith(home):
            answers.append((answer.url.removeprefix(home).partition("?")[0], answer.status))

    page.on("response", note)
    page.goto(evil)
    assert page.evaluate(ATTACK, home) is True
    assert not [frame for frame in page.frames if frame.query_selector("#clear")]  # our page, in a frame
    return answers


def test_with_a_real_destination_no_page_writes_reads_or_frames(run: Start, page: Page, evil: str) -> None:
    running = run(
        "--no-proxy", "--to", "https://pendo.invalid", "--allow-production", SEGMENT_PENDO_API_KEY=KEY
    )
    answers = attacked(page, evil, running.home)
    paths = {path for path, _ in answers}
    # Chromium itself keeps what was refused to a script or an image from the page (CORP, nosniff).
    assert paths >= {"/v1/pixel/identify", "/v1/batch", "/data/segmentio/KEY", "/"}
    assert {status for _, status in answers} == {403}
    assert get(f"{running.home}/_/calls")[1]["calls"] == []
    assert get(f"{running.home}/_/state")[1]["visitors"] == {}
    running.end()
    assert "may not send calls while the destination is a real Pendo" in running.err.read_text()


def test_with_a_pendo_on_loopback_pages_may_send_calls_and_nothing_else(
    run: Start, page: Page, evil: str
) -> None:
    running = run("--no-proxy")
    answers = attacked(page, evil, running.home)
    ours = {(path, status) for path, status in answers if not path.startswith("/v1/")}
    assert {status for _, status in ours} == {403}
    users = {row["user"] for row in get(f"{running.home}/_/calls")[1]["calls"]}
    assert users >= {"by image", "by-query", "by fetch", "by beacon", "by form"}
    assert "planted" not in get(f"{running.home}/_/state")[1]["visitors"]


def test_a_name_that_was_rebound_to_this_machine_is_refused(run: Start, page: Page) -> None:
    running = run(
        "--no-proxy", "--to", "https://pendo.invalid", "--allow-production", SEGMENT_PENDO_API_KEY=KEY
    )
    port = running.home.rpartition(":")[2]
    for path in (
        "/",
        "/_/calls",
        "/_/metrics",
        "/_/sessions",
        "/v1/pixel/identify?userId=u",
        "/v1/projects/k/settings",
    ):
        answer = page.goto(f"http://evil.test:{port}{path}")
        assert answer is not None
        assert answer.status == 403, path
    assert get(f"{running.home}/_/calls")[1]["calls"] == []
