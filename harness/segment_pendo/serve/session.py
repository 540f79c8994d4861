"""A session: build the flow from the sinks up, open its listeners last, close all of it in reverse order."""

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, closing, suppress
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.hosts import PROXY_PORT, bare
from segment_pendo.base.prose import printable, tell_nobody
from segment_pendo.pendo.regions import LOCAL_KEY, LOOPBACK
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.api.metrics import Metrics
from segment_pendo.serve.cdn_settings import source
from segment_pendo.serve.client import Client
from segment_pendo.serve.delivering.delivery import Delivery, Send, over_http
from segment_pendo.serve.delivering.how import as_in_production
from segment_pendo.serve.delivering.in_process import in_process
from segment_pendo.serve.environment import ca_directory
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.home import Home
from segment_pendo.serve.launching.launcher import Upstream, upstream
from segment_pendo.serve.launching.misses import Misses
from segment_pendo.serve.launching.tunnel import Tunnel
from segment_pendo.serve.listener import Port
from segment_pendo.serve.loopback_pendo import Answers, CallNames, LoopbackPendo
from segment_pendo.serve.plan import DRAIN, Plan
from segment_pendo.serve.relay import Relay, Sink
from segment_pendo.serve.scripts import Scripts
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.outbox import Elsewhere
from segment_pendo.words import Attempt, CallRef, Destination, JsonObject

__all__ = ["DRAIN", "Plan", "Session", "SessionError"]

_LOOK: Final = 0.5
_MOST_NAMED: Final = 10


class SessionError(SegmentPendoError):
    """A session cannot be opened, or its ready file cannot be written; the text says why."""

    exit_code = CANNOT_START


def _nobody(_ref: CallRef, _attempt: Attempt) -> None:
    """Do nothing with an attempt."""


def _nobody_counts(_left: int) -> None:
    """Do nothing with a number of webhooks."""


class Session:
    """Opens files when it is made and the rest when it is entered; leaving it closes all in reverse order.

    `report`: a sink of the caller, the last one. `heard` is called with each attempt. `before`: sinks of the
    caller, the first ones. `side`: the proxy's module (segment_pendo_addons.proxy), or None if mitmproxy is
    not installed: then there is no proxy. `tell` is called with a sentence for each web page that the gate
    refuses, where a file cannot be written, and for a client that does not trust our CA. `draining` is called
    now and then with the number of webhooks that the end still waits for. `faults`: what goes wrong, by
    default nothing until somebody asks for it at the home port. `after`: the session that this one replaces.

    `replaces`: whether the recording replaces an older one at the end. `hands_over`: whether what is left
    stays in the store for the session that comes after. `resumed`: how many webhooks of earlier runs this one
    delivers; `elsewhere`: those for another destination, which it does not. `left`: after the end, how many
    webhooks were not delivered, and `left_names` the first of them. Making it raises StoreError,
    RecordingError, ListenerError, CdnSettingsError and UpstreamError; entering it raises ListenerError,
    ProxyError and UpstreamError.
    """

    def __init__(
        self,
        plan: Plan,
        report: Sink,
        heard: Callable[[CallRef, Attempt], None] = _nobody,
        *,
        before: Sequence[Sink] = (),
        side: Any = None,
        tell: Callable[[str], None] = tell_nobody,
        draining: Callable[[int], None] = _nobody_counts,
        faults: Faults | None = None,
        after: "Session | None" = None,
    ) -> None:
        self.plan = plan
        self._tell = tell
        self._draining = draining
        self.faults = faults or Faults(tell)
        self.gate = Gate(
            is_open=plan.to is None or plan.to.loopback,
            origins=plan.allow_origins,
            hosts=(*plan.hosts, *plan.lan.named),
            tell=tell,
        )
        self.replaces = False
        self.hands_over = False
        self.left = 0
        self.left_names: list[CallRef] = []
        self.resumed = 0
        self.elsewhere: list[Elsewhere] = []
        self._home: Home | None = None
        self._posts_here = False  # whether our own deliveries come to the home port
        self.proxy: Any = None
        self.tunnel: Tunnel | None = None
        self.misses = Misses(self._refused)
        self._sources: dict[int, str] = {}
        self.authority: Path | None = None
        self.upstream: Upstream | None = None
        self._side = side
        # Under mitmdump (no home port) HTTPS_PROXY may name mitmdump, and the question would come back here.
        via = upstream(os.environ) if plan.cdn_settings and plan.port is not None else None
        settings = source(plan.cdn_settings, tell, via)
        with ExitStack() as files:
            self._port = (
                None
                if plan.port is None
                else files.enter_context(closing(Port(plan.port, also=plan.lan.addresses)))
            )
            self.recorder = None if plan.record is None else self._recorder(plan.record, files)
            # No store without a home port, but where webhooks must outlive us.
            self._store = None if plan.port is None and plan.to is None else self._kept(files, after)
            names = CallNames()
            pendo = self._pendo(names)
            metrics = Metrics()
            self.delivery = self._delivery(metrics.hearing(heard), pendo) if plan.deliver else None
            # The recording before the store: what the store holds is delivered, and must not be if the SDK
            # has to send it again.
            sinks = [*before, self.recorder, self._store, names, self.delivery, metrics, report]
            self.relay = Relay(
                [sink for sink in sinks if sink is not None],
                setup=plan.setup,
                writer=self._store.database if self._store is not None else None,
                tell=tell,
                settings=settings,
                scripts=Scripts(Path.cwd()),
            )
            if self._port is not None:
                self._home = Home(
                    self.relay,
                    self.store,
                    pendo,
                    gate=self.gate,
                    faults=self.faults,
                    metrics=metrics,
                    addresses=self.addresses,
                    look=self.delivery.look if self.delivery is not None else None,
                    mute=plan.mute,
                    lan=plan.lan,
                    sources=self._sources,
                )
            # Until it is entered, there are only files to close.
            self._opened = AsyncExitStack()
            self._opened.enter_context(files.pop_all())

    def _recorder(self, path: Path, files: ExitStack) -> Recorder:
        plan = self.plan
        recorder = Recorder(
            path,
            setup=plan.setup,
            secrets=plan.secrets,
            mode=plan.record_mode,
            people=plan.people,
            meaning=plan.meaning,
        )
        files.callback(lambda: recorder.close(replacing=self.replaces))
        return recorder

    def _kept(self, files: ExitStack, after: "Session | None") -> Store:
        plan, to, path = self.plan, self.plan.to, self.plan.store_path
        shared = (
            after.store.database if after is not None and path is not None and after.keeps(path) else None
        )
        store = Store(
            path,
            setup=plan.setup,
            destination=to.name if to else LOOPBACK,
            fingerprint=to.fingerprint if to else "",
            database=shared.shared() if shared is not None else None,
            shuffle=None if plan.how.ordered else Random(f"order {plan.how.seed}"),  # noqa: S311 - no secret
        )
        files.callback(store.close)
        self.resumed, self.elsewhere = store.outbox.resume(), store.outbox.elsewhere()
        return store

    def _pendo(self, names: CallNames) -> LoopbackPendo:
        setup = self.plan.setup
        return LoopbackPendo(
            answers=Answers(setup.pendo, track=setup.track and setup.pendo_track, name_of=names)
        )

    def _delivery(self, heard: Callable[[CallRef, Attempt], None], pendo: LoopbackPendo) -> Delivery | None:
        plan = self.plan
        if self._store is None:
            return None
        to = plan.to
        if to is None and plan.loopback_http and self._port is not None:
            to = Destination(LOOPBACK, self._port.url, LOCAL_KEY, loopback=True)
        self._posts_here = to is not None and self._port is not None and to.base == self._port.url

        def send(opened: Client) -> Send:
            return (
                in_process(pendo, self.faults, plan.setup.kind.timeout)
                if to is None
                else over_http(opened, to, plan.setup.kind)
            )

        return Delivery(
            to.name if to else LOOPBACK,
            send,
            self._store,
            heard,
            setup=plan.setup,
            how=as_in_production(plan.how, plan.setup),
            at_once=lambda: to is None and not self.faults.concern("pendo"),
            tell=self._tell,
        )

    async def __aenter__(self) -> Self:
        """Begin to deliver, then listen: an SDK is answered 200 only when every sink is there."""
        async with self._opened as opened:
            if self._home is not None:
                # Closed after delivery has ended, since the Pendo on loopback is here; opened after it has
                # begun.
                opened.push_async_callback(self._home.stop)
            if self.delivery is not None:
                await self.delivery.start()
                opened.push_async_callback(self._end_delivery, self.delivery)
            if self._home is not None and self._port is not None:
                await self._home.start(self._port)
            if self._side is not None:
                await self._open_side(opened)
            opened.push_async_callback(self._refuse_new)
            self._opened = opened.pop_all()
        self.replaces = True
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._opened.aclose()

    async def _open_side(self, opened: AsyncExitStack) -> None:
        """Open what needs mitmproxy: the TLS port and the proxy."""
        plan, side = self.plan, self._side
        if plan.tls_port is None and not plan.with_proxy:
            return
        confdir = plan.authority or ca_directory()
        self.authority = side.authority(confdir)  # mitmproxy only logs what is wrong with it
        if plan.tls_port is not None:
            await self.home.start_tls(
                plan.tls_port, side.server_context(confdir, plan.segment_hosts, plan.lan.addresses)
            )
        if plan.with_proxy:
            self.upstream = upstream(os.environ)
            self.proxy = side.Proxy(
                self.relay,
                self.gate,
                confdir=confdir,
                hosts=tuple(map(bare, plan.hosts)),
                answers=plan.answers,
                offline=plan.offline,
                own_ports=[int(url.rpartition(":")[2]) for url in (self.home.url, self.home.tls_url) if url],
                upstream=self.upstream,
                faults=self.faults,
                misses=self.misses,
                lan=plan.lan.proxied,
                sources=self._sources,
                calls_only=await self.home.start_calls_only() if plan.answers else None,
            )
            opened.push_async_callback(self.proxy.stop)
            default = PROXY_PORT if plan.port else 0
            await self.proxy.start(default if plan.proxy_port is None else plan.proxy_port)
            self.tunnel = Tunnel(self.proxy.url, self.home.url, plan.segment_hosts)
            opened.push_async_callback(self.tunnel.stop)
            await self.tunnel.start()

    def _refused(self, name: str, host: str) -> None:
        """Tell of a client that does not trust the proxy."""
        self._tell(
            f"{printable(name)} refused our certificate for {host}: it does not trust the CA "
            f"{self.authority} (docs/trust.md says how)."
        )

    async def _refuse_new(self) -> None:
        """Accept nothing new, and finish what was begun."""
        if self.proxy is not None:
            self.proxy.refuse_new()
        if self.tunnel is not None:
            self.tunnel.refuse_new()
        if self._home is not None:
            await self._home.refuse_calls()

    def keeps(self, path: Path) -> bool:
        """Whether this session has its store in that file."""
        return self._store is not None and self._store.path == path

    async def _end_delivery(self, delivery: Delivery) -> None:
        if self.hands_over:
            await delivery.finish()
            return
        telling = asyncio.create_task(self._tell_draining())
        # The Pendo in this process answers at once; another one may not answer at all.
        is_here = self.plan.to is None and not self.plan.loopback_http
        self.left = await delivery.drain(None if is_here else self.plan.drain)
        telling.cancel()
        self.left_names = self.store.outbox.some_left(_MOST_NAMED)
        await delivery.close()

    async def _tell_draining(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            self._draining(self.store.outbox.left())

    @property
    def home(self) -> Home:
        """Return the home port of a session that has one."""
        assert self._home is not None
        return self._home

    @property
    def store(self) -> Store:
        """Return the store of a session that has a home port or delivers."""
        assert self._store is not None
        return self._store

    def addresses(self) -> JsonObject:
        """Return the addresses that the ready file holds."""
        return {
            "home": self.home.url,
            "proxy": self.proxy.url if self.proxy else None,
            "tls": self.home.tls_url,
            "ca": str(self.authority) if self.authority else None,
            "pid": os.getpid(),
        }

    def straight(self) -> int:
        """Return how many webhooks the Pendo on loopback took that we did not deliver (of a replay, say)."""
        posted = self.home.loopback_pendo.posted
        if self.delivery is None or not self._posts_here:
            return posted
        # What met a fault may have been taken or not; it counts as ours, so that nothing wrong is told.
        return posted - self.delivery.accepted - self.faults.happened["pendo"]

    def write_ready(self, path: Path) -> None:
        """Write the addresses to a file, by rename, so that nobody reads half of it.

        Raises SessionError.
        """
        part = path.with_name(path.name + f".{os.getpid()}")
        try:
            part.write_bytes(json.dumps(self.addresses()).encode() + b"\n")
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            message = f"the ready file {path} cannot be written: {error.strerror}."
            raise SessionError(message) from None
