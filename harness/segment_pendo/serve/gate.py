"""The gate: which web pages may send calls. Without it, any page in a browser could write into a real Pendo.

A browser says on whose behalf it asks: Sec-Fetch-Site on every request, Origin on a POST; an image or a form
has no Origin. Whoever sends none of them is no page, but a program on this machine.
"""

from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.headers import header
from segment_pendo.base.hosts import bare, is_loopback, is_loopback_origin
from segment_pendo.base.prose import plain, short, tell_nobody
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.words import Reply, SdkRequest

__all__ = ["FOREIGN_SITES", "Gate"]

# What Sec-Fetch-Site says of a request that a page of another origin caused.
FOREIGN_SITES: Final = frozenset({"cross-site", "same-site"})
_MOST_TOLD: Final = 100
_WIDEST: Final = 100


class Gate:
    """Refuses calls of web pages unless `is_open` (the destination is loopback).

    Pages of this machine and of the `origins` may send in any case. `hosts`: those that stand for Segment
    besides its own; a request with another Host comes from a page whose name was rebound to this machine.
    `tell` is called with a sentence for each page or host that was refused, once.
    """

    def __init__(
        self,
        *,
        is_open: bool = True,
        origins: Collection[str] = (),
        hosts: Collection[str] = (),
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self._is_open = is_open
        self._origins = frozenset(origins)
        self._hosts = INTERCEPTED | frozenset(map(bare, hosts))
        self._tell = tell
        self._told = Bounded[str, bool](_MOST_TOLD)

    def refused(self, request: SdkRequest) -> Reply | None:
        """Return the answer to a request that may not pass, else None."""
        if self._is_open:
            return None
        wrong = self._wrong_host(bare(request.host)) or self._wrong_page(request)
        if not wrong:
            return None
        if self._told.is_new(wrong):
            self._tell(wrong)
        return Reply(403, (("Content-Type", "text/plain; charset=utf-8"),), f"{wrong}\n".encode())

    def _wrong_host(self, host: str) -> str:
        if not host or is_loopback(host) or host in self._hosts:  # a browser always names one
            return ""
        return (
            f"Calls to the host {_shown(host)} are refused while the destination is a real Pendo: it is "
            "neither this machine nor one of Segment's. Name it as one of Segment's hosts when you start "
            "segment-pendo."
        )

    def _wrong_page(self, request: SdkRequest) -> str:
        origin = header(request.headers, "origin")
        if origin:
            return "" if self._welcome(origin) else _not_from(f"Pages of {_shown(origin)}")
        if header(request.headers, "sec-fetch-site").lower() in FOREIGN_SITES:
            return _not_from("Images, forms and scripts of other pages")
        referrer = header(request.headers, "referer")  # of a browser that does not say the site
        if referrer and not self._welcome(_origin_of(referrer)):
            return _not_from(f"Pages of {_shown(_origin_of(referrer))}")
        return ""

    def _welcome(self, origin: str) -> bool:
        return origin in self._origins or is_loopback_origin(origin)


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "another host"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _not_from(what: str) -> str:
    return (
        f"{what} may not send calls while the destination is a real Pendo. Allow their origin when you start "
        "segment-pendo."
    )


def _shown(text: str) -> str:
    return short(plain(text), _WIDEST) or "(none)"
