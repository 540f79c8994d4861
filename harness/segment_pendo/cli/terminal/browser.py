"""Open a page in the user's browser."""

import asyncio
import webbrowser
from collections.abc import Callable

__all__ = ["open_page"]


async def open_page(url: str, say: Callable[[str], None]) -> None:
    """Open a page; say where no browser could be opened. Nothing waits for the browser meanwhile."""
    if not await asyncio.to_thread(webbrowser.open, url):
        say(f"No browser could be opened; type {url} into one.")
