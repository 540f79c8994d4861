"""A browser that ends before anybody can have looked at it."""

import asyncio
from pathlib import Path

import pytest
from mitmproxy.certs import CertStore

from segment_pendo.serve.launching.browser import Browser, Showing, opened


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo first >&2; echo 'no \x1b display' >&2; exit 3", "exit code 3: no \\x1b display"),
        ("exit 0", "exit code 0; it said nothing. Start it by hand to see why."),
        ("head -c 100000 /dev/zero >&2; echo >&2; echo last >&2; exit 1", "exit code 1: last"),
        ("kill -6 $$", "exit code 134; it said nothing. Start it by hand to see why."),
    ],
)
def test_how_it_ended_is_told(script: str, says: str, tmp_path: Path) -> None:
    CertStore.from_store(tmp_path, "mitmproxy", 2048)
    authority = tmp_path / "mitmproxy-ca-cert.pem"
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    told = asyncio.Queue[str]()

    async def main() -> str:
        showing = Showing(Browser(str(program), is_firefox=False), "http://pages.invalid")
        async with opened(showing, "http://127.0.0.1:1", "http://127.0.0.1:2", authority, told.put_nowait):
            return await told.get()

    assert asyncio.run(main()) == f"The browser {program} ended at once, with {says}"
