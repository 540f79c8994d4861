"""What the tests of the page share: a page in a real Chromium, and a run."""

from collections.abc import Iterator

import pytest
from chromium import new_page
from playwright.sync_api import Dialog, Page
from processes import Running, Start


@pytest.fixture
def page() -> Iterator[Page]:
    """A page; at the end nothing was written to its console, and no script failed."""
    with new_page() as page:
        told: list[str] = []
        # That a filter is answered with 400 is what one test asks for; Chromium writes it down.
        page.on("console", lambda message: told.append(message.text) if "400" not in message.text else None)
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("dialog", lambda dialog: _asked(dialog, told))
        page.set_default_timeout(10_000)
        page.set_viewport_size({"width": 1280, "height": 720})
        yield page
        assert told == []


def _asked(dialog: Dialog, told: list[str]) -> None:
    """Agree to what the page itself asks; another question is a script of somebody else's."""
    if not dialog.message.startswith("Forget all calls"):
        told.append(dialog.message)
    dialog.accept()


@pytest.fixture
def running(run: Start) -> Running:
    return run("--no-proxy")
