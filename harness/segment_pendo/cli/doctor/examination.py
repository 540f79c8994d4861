"""The examination: what can be read, then a temporary run in this process with a test call by each door."""

import asyncio
import ssl
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from segment_pendo import __version__
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.hosts import HOME_PORT, PROXY_PORT
from segment_pendo.cli.doctor import clients, machine, verdicts
from segment_pendo.cli.doctor.verdicts import Check
from segment_pendo.cli.options.instance import URL_VARIABLE
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.segment.wire import requests
from segment_pendo.serve.client import Client, client
from segment_pendo.serve.environment import state_directory
from segment_pendo.serve.launching import launcher
from segment_pendo.serve.session import Plan, Session
from segment_pendo.words import Attempt, CallRef, Receipt

__all__ = ["examined"]

_SEGMENT: Final = "https://api.segment.io"  # answered by our own proxy, and never dialled
_LONGEST: Final = 12.0  # with what comes before and the end of the run, 20 at most
_CALL: Final = 5.0


class _Nothing:
    """A sink that reports nothing."""

    def take(self, receipt: Receipt) -> None:
        """Do nothing with a receipt."""

    def heard(self, ref: CallRef, attempt: Attempt) -> None:
        """Do nothing with an attempt."""


async def examined(environment: Mapping[str, str], side: Any, install: str) -> list[Check]:
    """Return a verdict for each thing that is looked at, within 20 s; nothing leaves this machine.

    `side`: the proxy's module, None if mitmproxy is not installed; `install` is the command for it. All that
    is opened here is closed again; the CA of the state directory is used as it is, and none is made there.
    """
    found = await _read(environment, side, install)
    with tempfile.TemporaryDirectory(prefix="segment-pendo-", ignore_cleanup_errors=True) as folder:
        try:
            async with asyncio.timeout(_LONGEST):
                await _try(environment, side, Path(folder), found)
        except TimeoutError:
            said = f"the test calls did not end within {_LONGEST:g} s"
            found.append(Check("doors", "wrong", said, "segment-pendo demo --once"))
        except SegmentPendoError as error:
            found.append(Check("doors", "wrong", str(error), "segment-pendo demo --once"))
    return found


async def _read(environment: Mapping[str, str], side: Any, install: str) -> list[Check]:
    state = state_directory()
    authority = state / "ca"
    async with client() as opened:
        held = await machine.held(opened)
        named = environment.get(URL_VARIABLE)
        asked = [verdicts.instance(named, await machine.instance(opened, named))] if named else []
    files = machine.newest(Path(__file__), machine.certificate(authority))
    return [
        verdicts.python(sys.version_info[:3], __version__),
        verdicts.mitmproxy(_version("mitmproxy"), install),
        verdicts.clock(datetime.now(UTC), files),
        verdicts.port(HOME_PORT, held[HOME_PORT]),
        *([verdicts.port(PROXY_PORT, held[PROXY_PORT])] if side is not None else []),
        *asked,
        machine.state_check(state),
        *([machine.authority_check(authority)] if side is not None else []),
        *([verdicts.capture(side.uncapturable())] if side is not None else []),
        *verdicts.proxy_variables(environment),
        verdicts.no_proxy(environment, sorted(INTERCEPTED)),
        verdicts.ca_variables(environment, machine.missing_files(environment)),
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


async def _try(environment: Mapping[str, str], side: Any, folder: Path, found: list[Check]) -> None:
    """Add to `found` what a temporary run shows: a call by each door, and a request of each client."""
    directory, damaged = _authority(side, folder)
    if damaged:
        found[:] = [*(check for check in found if check.name != "CA"), *damaged]
    tls = None if side is None else 0
    plan = Plan(port=0, tls_port=tls, authority=directory, offline=True, hosts=(clients.HOST,))
    nothing = _Nothing()
    async with Session(plan, nothing, nothing.heard, side=side) as session:
        async with client() as opened:
            found += await _calls(session, opened)
        if session.authority is not None and session.tunnel is not None:
            doors = launcher.Doors(session.home.url, session.proxy.url, session.tunnel.address)
            trust = clients.Trust(f"{session.home.tls_url}/_/health", doors, session.authority, folder)
            found += await clients.checks(trust, environment)


def _authority(side: Any, folder: Path) -> tuple[Path, list[Check]]:
    """Return the directory of the CA to be used: the one that is there, else a temporary one."""
    own, temporary = state_directory() / "ca", folder / "authority"
    temporary.mkdir()
    if side is None or not machine.certificate(own).exists():
        return temporary, []
    try:
        side.authority(own)
    except SegmentPendoError as error:
        why = str(error).partition(" Remove it")[0]
        return temporary, [Check("CA", "wrong", why, "segment-pendo ca remove")]
    return own, []


async def _calls(session: Session, opened: Client) -> list[Check]:
    ways: dict[str, tuple[str, dict[str, Any]]] = {"home": (session.home.url, {})}
    if session.authority is not None:
        trust = ssl.create_default_context(cafile=session.authority)
        ways["proxy"] = (_SEGMENT, {"proxy": session.proxy.url, "ssl": trust})
        ways["TLS"] = (str(session.home.tls_url), {"ssl": trust})
    calls = [_call(session, opened, name, url, how) for name, (url, how) in ways.items()]
    return await asyncio.gather(*calls)


async def _call(session: Session, opened: Client, name: str, url: str, how: dict[str, Any]) -> Check:
    """Send an identify call through one door, and ask the Pendo on loopback for its visitor."""
    assert session.delivery is not None
    user = f"doctor-{name.lower()}"
    (batch,) = requests(
        [{"type": "identify", "userId": user, "traits": {"plan": "pro"}}],
        "python",
        write_key="DOCTOR_WRITE_KEY",
        at=datetime.now(UTC),
        unique=lambda: str(uuid.uuid4()),
    )
    began = time.monotonic()
    answer = await opened.send(url, batch, seconds=_CALL, **how)
    await session.delivery.drain(None)
    there = await opened.ask("GET", f"{session.home.url}/api/v1/visitor/{user}", seconds=_CALL)
    return verdicts.door(
        name,
        answer.status,
        answer.wrong,
        has_visitor=there.status == 200,
        seconds=time.monotonic() - began,
    )
