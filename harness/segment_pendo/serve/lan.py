"""Beyond loopback: at which addresses of this machine a run listens, and who may ask for what there.

Who comes to one of these addresses may be anybody in the network. The page, its API and the Pendo on
loopback are for those who have the token; calls of SDKs, which can have none, are taken only by choice.
"""

import hmac
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from segment_pendo.base.errors import CONFIGURATION, SegmentPendoError
from segment_pendo.base.hosts import address_of, bare, is_loopback

__all__ = ["LOOPBACK_ONLY", "Lan", "TokenError", "came_from_outside", "token_of"]

_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[\x21-\x7e]{16,200}")
_BEARER: Final = "bearer "
_NAME: Final = "token"


class TokenError(SegmentPendoError):
    """The file of the token cannot be used; the text says why, and has nothing of the token."""

    exit_code = CONFIGURATION


def token_of(file: Path) -> str:
    """Return the token that a file holds; make one, for its owner alone, where there is no file.

    Raises TokenError where others may read it, or where it is none.
    """
    try:
        made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file)
    except OSError as error:
        msg = f"the token file {file} cannot be made: {error.strerror}. Name another one."
        raise TokenError(msg) from None
    token = secrets.token_urlsafe(_BYTES)
    with open(made, "w", encoding="ascii") as opened:  # noqa: PTH123 - a descriptor
        opened.write(f"{token}\n")
    return token


def _read(file: Path) -> str:
    try:
        mode = file.stat().st_mode
        token = file.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        msg = f"the token file {file} cannot be read: {reason}."
        raise TokenError(msg) from None
    if os.name == "posix" and mode & 0o077:
        msg = f"others may read the token file {file}. Run: chmod 600 {file}"
        raise TokenError(msg)
    if not _TOKEN.fullmatch(token):
        msg = f"the token file {file} has no token of 16 to 200 characters; delete it, and a run makes one."
        raise TokenError(msg)
    return token


@dataclass(frozen=True, slots=True)
class Lan:
    """The addresses besides loopback, the token and its file, and the names of this machine there.

    `takes_calls`: whether SDKs may send there, without the token. `has_proxy`: whether the proxy is there.
    """

    addresses: tuple[str, ...] = ()
    token: str = field(default="", repr=False)
    file: Path | None = None
    names: tuple[str, ...] = ()
    takes_calls: bool = False
    has_proxy: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """Return the hosts by which SDKs reach these addresses, where their calls are taken."""
        return (*self.addresses, *self.names) if self.takes_calls else ()

    @property
    def proxied(self) -> tuple[str, ...]:
        """Return the addresses at which the proxy listens, too."""
        return self.addresses if self.has_proxy else ()

    def refusal(self, request: web.Request, *, is_own: bool, is_page: bool) -> web.Response | None:
        """Return the answer to who may not have what is asked for, or None.

        `is_own`: whether it is ours alone, the page or else; all other paths are for calls.
        """
        if not is_own:
            return None if self.takes_calls else _said(403, "calls are not taken at this address")
        if not self._is_named(request):
            return _said(403, "this address answers only to its own names")
        if self._has_token(request):
            return None
        given = request.query.get(_NAME)
        if is_page and given is not None and self._is_token(given):
            return self._let_in(request)
        answer = _said(401, "this needs the token of the run: open /?token=TOKEN, or send it as Bearer")
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _is_named(self, request: web.Request) -> bool:
        """Whether the Host is one of ours: another one is a name that a page had rebound to this address."""
        host = bare(request.headers.get("Host", ""))
        address = address_of(host)
        known = {address_of(known) for known in self.addresses}
        return host in map(bare, self.names) if address is None else address in known

    def _has_token(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        if header[: len(_BEARER)].lower() == _BEARER and self._is_token(header[len(_BEARER) :].strip()):
            return True
        return self._is_token(request.cookies.get(_cookie(request), ""))

    def _is_token(self, given: str) -> bool:
        # How long the answer takes says nothing of how much was right.
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.token.encode())

    def _let_in(self, request: web.Request) -> web.Response:
        """Return the way to the same page without the token, which a cookie has from now on."""
        query = [(name, value) for name, value in request.query.items() if name != _NAME]
        answer = web.Response(status=303, headers={"Location": str(request.rel_url.with_query(query))})
        answer.set_cookie(
            _cookie(request), self.token, httponly=True, samesite="Lax", secure=request.secure, path="/"
        )
        return answer


LOOPBACK_ONLY: Final = Lan()


def came_from_outside(request: web.Request) -> bool:
    """Whether a connection came to another address than loopback."""
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    return not (name and is_loopback(str(name[0])))


def _cookie(request: web.Request) -> str:
    """Return the name of the cookie: the cookies of a host are shared by its ports."""
    name = None if request.transport is None else request.transport.get_extra_info("sockname")
    return f"segment_pendo_{name[1] if name else 0}"


def _said(status: int, text: str) -> web.Response:
    return web.json_response({"error": text}, status=status)
