"""Where the settings of browsers come from: a file with production's, or, if asked for, the real CDN."""

import re
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.prose import printable, tell_nobody
from segment_pendo.segment.cdn_settings import LARGEST, NotSettingsError, key_in, read
from segment_pendo.serve.client import client
from segment_pendo.words import JsonObject

if TYPE_CHECKING:
    from segment_pendo.serve.launching.launcher import Upstream

__all__ = ["FETCH", "CdnSettingsError", "Fetched", "FromFile", "Source", "source"]

FETCH: Final = "fetch"  # what asks for the real CDN where else a file is named
_CDN: Final = "https://cdn.segment.com"
_SECONDS: Final = 5.0
# A key is a part of the URL that we ask for; Segment's have 32 letters and digits (I-24).
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class CdnSettingsError(SegmentPendoError):
    """The file with production's settings cannot be used; the text says which and why."""


class Source(Protocol):
    """Gives production's settings."""

    async def of(self, write_key: str) -> JsonObject | None:
        """Return the settings for this write key, or None where our own answer must do."""


def source(
    given: str, tell: Callable[[str], None] = tell_nobody, via: "Upstream | None" = None
) -> Source | None:
    """Return where settings come from: FETCH, the name of a file, or an empty text for our own answer.

    `via`: the proxy through which the CDN is reached. Raises CdnSettingsError.
    """
    if not given:
        return None
    return Fetched(tell, via=via) if given == FETCH else FromFile(Path(given).expanduser(), tell)


class FromFile:
    """The settings in a file, read once, for whatever write key they are asked.

    `tell` is called once if an SDK has another write key than the file. Making it raises CdnSettingsError.
    """

    def __init__(self, path: Path, tell: Callable[[str], None] = tell_nobody) -> None:
        self._name = printable(str(path))
        self._tell = tell
        self._told = False
        try:
            with path.open("rb") as file:
                self._settings = read(file.read(LARGEST + 1))
        except (OSError, NotSettingsError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            msg = (
                f"the settings in {self._name} cannot be served: {why}. Save there what "
                f"{_CDN}/v1/projects/KEY/settings answers for the write key of your production."
            )
            raise CdnSettingsError(msg) from None

    async def of(self, write_key: str) -> JsonObject:
        """Return the settings of the file."""
        if not self._told and key_in(self._settings) not in {None, write_key}:
            self._told = True
            self._tell(
                f"An app asked for settings with another write key than {self._name} has. It gets those of "
                "the file, and Analytics.js sends its calls with the write key of the file."
            )
        return self._settings


class Fetched:
    """The settings that the real CDN answers, asked for anew each time; nothing but the write key is sent.

    `tell` is called when they cannot be fetched, and when they can be again. `cdn`: another one, for tests.
    """

    def __init__(
        self,
        tell: Callable[[str], None] = tell_nobody,
        *,
        via: "Upstream | None" = None,
        cdn: str = _CDN,
        seconds: float = _SECONDS,
    ) -> None:
        self._tell = tell
        self._via = via
        self._cdn = cdn
        self._seconds = seconds
        self._wrong = ""

    async def of(self, write_key: str) -> JsonObject | None:
        """Return what the CDN answers for this write key, or None if that cannot be used."""
        try:
            settings = await self._fetched(write_key)
        except NotSettingsError as error:
            self._failed(str(error))
            return None
        if self._wrong:
            self._wrong = ""
            self._tell("Settings for browsers can be fetched again.")
        return settings

    async def _fetched(self, write_key: str) -> JsonObject:
        if not _KEY.fullmatch(write_key):
            msg = "a write key of Segment's has only letters and digits, and this one has not"
            raise NotSettingsError(msg)
        async with client() as opened:
            answer = await opened.ask(
                "GET",
                f"{self._cdn}/v1/projects/{write_key}/settings",
                headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                seconds=self._seconds,
                most=LARGEST + 1,
                whole=True,
                **_through(self._via),
            )
        if answer.wrong:
            raise NotSettingsError(answer.wrong)
        try:
            return read(answer.body)
        except NotSettingsError as error:
            msg = f"the answer cannot be served: {error}"
            raise NotSettingsError(msg) from None

    def _failed(self, why: str) -> None:
        if why != self._wrong:
            self._wrong = why
            self._tell(
                f"Settings for browsers could not be fetched: {why}. Until they can be, they are our own, "
                "without a tracking plan."
            )


def _through(via: "Upstream | None") -> dict[str, Any]:
    """Return what aiohttp has to know of a proxy."""
    if via is None:
        return {}
    basic = b64encode(via.auth.encode()).decode()
    return {
        "proxy": via.url,
        "proxy_headers": {"Proxy-Authorization": f"Basic {basic}"} if via.auth else None,
    }
