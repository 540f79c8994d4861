"""Everything that `run` and `demo` open, put together: store, recording, delivery, home port and proxy."""

import asyncio
import importlib
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import platformdirs

from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.mapping.assess import Setup
from segment_pendo.pendo.regions import LOCAL_KEY
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.pseudonyms import People
from segment_pendo.recordings.recorder import Mode, Recorder
from segment_pendo.segment.hosts import INTERCEPTED, bare
from segment_pendo.serve.delivery import DRAIN, Delivery
from segment_pendo.serve.home import Home
from segment_pendo.serve.launcher import Upstream, upstream
from segment_pendo.serve.listener import DoorError
from segment_pendo.serve.relay import Relay, Sink
from segment_pendo.serve.store import Store, StoreError
from segment_pendo.words import Attempt, CallRef, Destination, JsonObject

__all__ = ["DRAIN", "Doors", "Plan", "Signals", "ca_directory", "mitmproxy_side"]

INSTALL: Final = "python -m pip install 'segment-pendo[proxy]'"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to open. Port None means: as far from the default as `port` is told (0 = a free one)."""

    port: int = 4170
    proxy_port: int | None = None
    tls_port: int | None = None
    to: Destination | None = None
    setup: Setup = field(default_factory=Setup)
    batch: int | None = None
    record: Path | None = None
    record_mode: Mode = "over"
    people: People | None = None
    store: Path | None = None
    answers: bool = True
    offline: bool = False
    hosts: tuple[str, ...] = ()
    with_proxy: bool = True
    allow_origins: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


def state_directory() -> Path:
    """The user's state directory for us, for its owner only."""
    path = Path(platformdirs.user_state_dir("segment-pendo", appauthor=False))
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def ca_directory() -> Path:
    """Where the CA and its key lie."""
    path = state_directory() / "ca"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def mitmproxy_side() -> Any:
    """The proxy's module, or None where the extra is not installed."""
    return importlib.import_module("segment_pendo_addons.proxy") if find_spec("mitmproxy") else None


class Doors:
    """Opens with `start`, closes with `stop`. `report` is a sink of the caller's that also hears of each attempt."""

    def __init__(self, plan: Plan, report: Sink, heard: Callable[[CallRef, Attempt], None]) -> None:
        self.plan = plan
        self._report = report
        self._heard_too = heard
        setup = plan.setup
        name = plan.to.name if plan.to else "loopback"
        try:
            self.store = Store(plan.store, setup=setup, destination=name)
            self.recorder = (
                Recorder(plan.record, setup=setup, secrets=plan.secrets, mode=plan.record_mode, people=plan.people) if plan.record else None
            )
        except StoreError as error:
            raise Failure(str(error), CANNOT_START) from None
        except RecordingError as error:
            raise Failure(str(error), CONFIGURATION) from None
        # The recording first: what the store holds is delivered, and must not be if the SDK has to send it again.
        self._sinks: list[Sink] = [*([self.recorder] if self.recorder else []), self.store]
        self.relay: Relay | None = None
        self.delivery: Delivery | None = None
        self.home: Home | None = None
        self.proxy: Any = None
        self.authority: Path | None = None
        self.upstream: Upstream | None = None

    def _heard(self, ref: CallRef, attempt: Attempt) -> None:
        self.store.attempted(ref, attempt)
        self._heard_too(ref, attempt)

    async def start(self) -> None:
        """Open every door; Failure (exit 4) where one cannot be opened."""
        plan = self.plan
        sinks: list[Sink] = list(self._sinks)
        relay = self.relay = Relay(sinks, setup=plan.setup)
        is_local = plan.to is None or plan.to.loopback
        self.home = Home(relay, self.store, open_origins=is_local, allowed_origins=plan.allow_origins)
        try:
            await self.home.start(plan.port)
        except DoorError as error:
            raise Failure(str(error), CANNOT_START) from None
        to = plan.to or Destination("loopback", self.home.url, LOCAL_KEY, loopback=True)
        self.delivery = Delivery(to, self._heard, setup=plan.setup, batch=plan.batch)
        sinks += [self.home, self.delivery, self._report]
        await self.delivery.start()
        side = mitmproxy_side() if plan.with_proxy or plan.tls_port is not None else None
        if plan.tls_port is not None:
            await self._start_tls(side, plan.tls_port)
        if side is not None and plan.with_proxy:
            await self._start_proxy(side, relay)

    async def _start_tls(self, side: Any, port: int) -> None:
        assert self.home is not None
        if side is None:
            message = f"the TLS door needs the certificates of mitmproxy: {INSTALL}."
            raise Failure(message, CANNOT_START)
        confdir = ca_directory()
        try:
            await self.home.start_tls(port, side.server_context(confdir, self.segment_hosts))
        except DoorError as error:
            raise Failure(str(error), CANNOT_START) from None
        self.authority = side.authority(confdir)

    async def _start_proxy(self, side: Any, relay: Relay) -> None:
        assert self.home is not None
        port = self.plan.proxy_port
        if port is None:
            port = 4171 if self.plan.port else 0
        confdir = ca_directory()
        ports = [int(url.rpartition(":")[2]) for url in (self.home.url, self.home.tls_url) if url]
        hosts = tuple(map(bare, self.plan.hosts))
        try:
            self.upstream = upstream(os.environ)
        except ValueError as error:
            message = f"{error}."
            raise Failure(message, CONFIGURATION) from None
        self.proxy = side.Proxy(
            relay,
            confdir=confdir,
            hosts=hosts,
            answers=self.plan.answers,
            offline=self.plan.offline,
            own_ports=ports,
            upstream=self.upstream,
        )
        try:
            await self.proxy.start(port)
        except side.ProxyError as error:
            message = f"{error}. Give another --proxy-port, or 0 for a free one."
            raise Failure(message, CANNOT_START) from None
        self.authority = side.authority(confdir)

    @property
    def segment_hosts(self) -> list[str]:
        return sorted(INTERCEPTED | set(map(bare, self.plan.hosts)))

    def addresses(self) -> JsonObject:
        """What the ready file holds."""
        assert self.home is not None
        return {
            "home": self.home.url,
            "proxy": self.proxy.url if self.proxy else None,
            "tls": self.home.tls_url,
            "ca": str(self.authority) if self.authority else None,
            "pid": os.getpid(),
        }

    def straight(self) -> int:
        """How many webhooks the Pendo on loopback took that we did not deliver: somebody's replay, or a Segment elsewhere."""
        own = 0
        if self.home is not None and self.delivery is not None and self.delivery.to.base == self.home.url:
            own = self.delivery.accepted
        return self.home.loopback_pendo.took - own if self.home is not None else 0

    def write_ready(self, path: Path) -> None:
        """By rename, so that whoever waits for the file never reads half of it."""
        part = path.with_name(path.name + f".{os.getpid()}")
        try:
            part.write_bytes(json.dumps(self.addresses()).encode() + b"\n")
            part.replace(path)
        except OSError as error:
            message = f"the ready file {path} cannot be written: {error.strerror}."
            raise Failure(message, CANNOT_START) from None

    async def stop(self, *, replacing: bool = True) -> list[CallRef]:
        """Take nothing new, finish what runs, deliver for at most 5 s; the webhooks that are left."""
        left: list[CallRef] = []
        if self.proxy is not None:
            self.proxy.refuse_new()
        if self.home is not None:
            await self.home.refuse_calls()
        # The loopback Pendo lives at the home port: deliver before it closes.
        if self.delivery is not None:
            left = await self.delivery.drain(DRAIN)
            await self.delivery.close()
        if self.home is not None:
            await self.home.stop()
        if self.proxy is not None:
            await self.proxy.stop()
        self.store.close()
        if self.recorder is not None:
            try:
                self.recorder.close(replacing=replacing)
            except RecordingError as error:
                raise Failure(str(error), CONFIGURATION) from None
        return left


class Signals:
    """Ctrl-C and SIGTERM as something to wait for, one after the other."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self.interrupted = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._came.put_nowait, number)
            except NotImplementedError:  # Windows has no such handlers
                signal.signal(number, lambda came, _: loop.call_soon_threadsafe(self._came.put_nowait, signal.Signals(came)))

    async def next(self) -> signal.Signals:
        came = await self._came.get()
        self.interrupted = self.interrupted or came == signal.SIGINT
        return came
