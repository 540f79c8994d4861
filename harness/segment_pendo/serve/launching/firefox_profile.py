"""A profile of Firefox that uses our proxy and trusts our CA."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from segment_pendo.base.errors import NOT_STARTED, SegmentPendoError

__all__ = ["BrowserError", "write_profile"]

_PREFERENCES: Final[dict[str, str | int | bool]] = {
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.no_proxies_on": "localhost, 127.0.0.1, ::1",
    "network.proxy.type": 1,  # the addresses below
}
_SECONDS: Final = 20.0


class BrowserError(SegmentPendoError):
    """A browser cannot be started; the text says why."""

    exit_code = NOT_STARTED


def write_profile(profile: Path, proxy: str, authority: Path) -> None:
    """Write the preferences of a profile, and its certificates by NSS's own program. Raises BrowserError."""
    parts = urlsplit(proxy)
    preferences = dict(_PREFERENCES)
    for kind in ("http", "ssl"):
        preferences[f"network.proxy.{kind}"] = parts.hostname or ""
        preferences[f"network.proxy.{kind}_port"] = parts.port or 0
    lines = [f'user_pref("{name}", {json.dumps(value)});\n' for name, value in preferences.items()]
    (profile / "user.js").write_text("".join(lines), "utf-8")
    certutil = shutil.which("certutil")
    if certutil is None:
        msg = (
            "Firefox trusts our CA only in a profile that NSS's certutil has written, which is not installed "
            "(Debian: libnss3-tools, Homebrew: nss). Install it, or use Chromium, Chrome or Edge."
        )
        raise BrowserError(msg)
    store = f"sql:{profile}"
    for line in (
        [certutil, "-N", "-d", store, "--empty-password"],
        [certutil, "-A", "-d", store, "-n", "segment-pendo", "-t", "C,,", "-i", str(authority)],
    ):
        done = subprocess.run(  # noqa: S603 - a program of the system, with our own files
            line, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if done.returncode:
            msg = f"certutil could not add our CA to Firefox's profile: {done.stderr.strip()}"
            raise BrowserError(msg)
