"""The mitmproxy addon: answer Segment's traffic here, map it to Pendo webhooks, record or forward them.

    mitmdump -s intercept.py --set segment_pendo_record=calls.jsonl --set segment_pendo_to=us

It is complete by itself: only Segment's hosts are decrypted, and they are not dialled unless
`segment_pendo_segment` is `pass`, so it works offline; every other connection is tunnelled unread.
`segment-pendo run` loads this same class and gives it its own relay.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final

from mitmproxy import contentviews, ctx, exceptions, http, tls
from mitmproxy.addonmanager import Loader
from mitmproxy.hooks import UpdateHook
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from segment_pendo.base.headers import decoded_headers
from segment_pendo.base.hosts import bare, is_this_machine
from segment_pendo.explain.telling.teller import finding_line
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import CDN_HOSTS
from segment_pendo.recordings.format import RecordingError
from segment_pendo.segment.hosts import INTERCEPTED, SCRIPTS
from segment_pendo.segment.ingest import is_script
from segment_pendo.serve.cdn_settings import CdnSettingsError
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.relay import NotKept, Relay
from segment_pendo.serve.session import Session
from segment_pendo.words import Attempt, CallRef, SdkRequest
from segment_pendo_addons.content_views import PendoView, SegmentView, is_webhook
from segment_pendo_addons.failing import answer_of, fail
from segment_pendo_addons.options import OPTIONS, SEGMENT, asked_plan
from segment_pendo_addons.outcome import Marks, mark_refused
from segment_pendo_addons.report import Report
from segment_pendo_addons.sources import SOURCE

__all__ = ["Intercept", "addons", "allow_patterns", "sdk_request"]

# Python's SDK reads both keys of an error when it asks for a token (D-60).
_FAILED: Final = b'{"success": false, "error": "failed", "error_description": "the log says why"}'
_log = logging.getLogger("segment_pendo")


def allow_patterns(hosts: Sequence[str]) -> list[str]:
    """Return mitmproxy's allow_hosts: each matches a whole `host:port` and no longer host name."""
    return [rf"^{re.escape(host)}:\d+$" for host in sorted(hosts)]


def leads_here(host: str) -> bool:
    """Whether a connection to this host name or address ends on this machine's loopback."""
    try:
        addresses = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(is_this_machine(str(address[0])) for *_, address in addresses)


class Intercept:
    """The addon. `segment-pendo run` gives it a `relay`; else it makes its own from mitmproxy's options."""

    name = "segment_pendo"  # mitmproxy and mitmweb have an addon of their own called intercept

    def __init__(
        self,
        relay: Relay | None = None,
        gate: Gate | None = None,
        *,
        hosts: Sequence[str] = (),
        answers: bool = True,
        offline: bool = False,
        own_ports: Collection[int] = (),
        faults: Faults | None = None,
    ) -> None:
        self._faults = faults or Faults()
        self._own = relay is None
        self._relay = relay
        self._gate = gate or Gate()
        self._hosts = INTERCEPTED | frozenset(map(bare, hosts))
        self._answers = answers
        self._offline = offline
        self._own_ports = frozenset(own_ports)
        self._session: Session | None = None
        self._ending: asyncio.Task[None] | None = None
        self._is_running = False
        self._marks = False
        self._written = Marks()

    # --- options ---

    def load(self, loader: Loader) -> None:
        if self._own:
            for option in OPTIONS:
                loader.add_option(*option[:4], choices=option[4])
            contentviews.add(SegmentView(self._asked, self._setup))
            contentviews.add(PendoView(self._setup))

    def configure(self, updated: set[str]) -> None:
        if not self._own:
            return
        if self._relay is not None and not any(name.startswith("segment_pendo_") for name in updated):
            return
        if ctx.options.segment_pendo_segment not in SEGMENT:
            msg = f"segment_pendo_segment must be one of {', '.join(SEGMENT)}."
            raise exceptions.OptionsError(msg)
        self._answers = ctx.options.segment_pendo_segment == "answer"
        self._hosts = INTERCEPTED | frozenset(map(bare, ctx.options.segment_pendo_hosts))
        self._marks = ctx.options.segment_pendo_comments
        self._rebuild()

    def _rebuild(self) -> None:
        """Begin a session with the current options; the session before ends when it has delivered."""
        plan = asked_plan()
        for finding in plan.setup.destination.findings if plan.setup.destination else ():
            line = finding_line(finding.level, finding.code, finding.path, finding.message)
            _log.warning("segment_pendo_destination: %s", line)
        report = Report(plan.setup, delivers=plan.to is not None)
        old = self._session
        try:
            if old is not None and old.recorder is not None:
                old.recorder.close()  # the next session may record into the same file
            self._session = Session(plan, report, partial(self._heard, report), tell=_log.warning, after=old)
        except RecordingError as error:
            msg = f"segment_pendo_record: {error}"
            raise exceptions.OptionsError(msg) from None
        except CdnSettingsError as error:
            msg = f"segment_pendo_cdn_settings: {error}"
            raise exceptions.OptionsError(msg) from None
        self._relay, self._gate = self._session.relay, self._session.gate
        if self._is_running:
            self._ending = asyncio.ensure_future(self._exchange(old, self._session, self._ending))

    async def _exchange(self, old: Session | None, new: Session, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await before
        path = new.plan.store_path
        if old is not None and path is not None and old.keeps(path):
            old.hands_over = True  # what it leaves is delivered by the new one, or kept for a later run
            await self._finish(old)
            await new.__aenter__()
        else:
            await new.__aenter__()
            await self._finish(old)

    def _heard(self, report: Report, ref: CallRef, attempt: Attempt) -> None:
        report.heard(ref, attempt)
        flow = self._written.heard(ref, attempt) if self._marks else None
        if flow is not None:
            ctx.master.addons.trigger(UpdateHook([flow]))  # or a list of flows shows it only when it scrolls

    @staticmethod
    async def _finish(session: Session | None) -> None:
        if session is None:
            return
        await session.__aexit__()
        if session.left:
            _log.warning("%d webhooks were not delivered before the end.", session.left)

    # --- mitmproxy's life ---

    async def running(self) -> None:
        self._is_running = True
        if self._own:
            options = ctx.options
            if not options.allow_hosts and not options.ignore_hosts:
                options.update(allow_hosts=allow_patterns(sorted(self._hosts)))
            if self._answers:
                options.update(upstream_cert=False)
        if self._session is not None:
            await self._session.__aenter__()

    async def done(self) -> None:
        if self._ending is not None:
            await self._ending
        await self._finish(self._session)

    # --- connections: nothing is dialled for hosts that we answer for ---

    def _is_ours(self, host: str) -> bool:
        return bare(host) in self._hosts

    def _is_home(self, host: str, port: int) -> bool:
        """Whether this is one of our own ports, under any name: 127.1, 0.0.0.0 or [::ffff:127.0.0.1], say."""
        return port in self._own_ports and leads_here(host)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if self._is_home(flow.request.host, flow.request.port):
            # The page and its API must not be reached through the proxy.
            flow.response = http.Response.make(
                403, b"segment-pendo cannot be reached through its own proxy\n"
            )
        elif bare(flow.request.host) in CDN_HOSTS and self._relay is not None:
            self._relay.met_device_mode()
        elif self._answers and self._is_ours(flow.request.host):
            flow.response = http.Response(
                b"HTTP/1.1", 200, b"Connection established", http.Headers(), b"", None, 0, 0
            )

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        address = data.context.server.address
        if self._answers and address and self._is_ours(address[0]):
            data.establish_server_tls_first = False

    def server_connect(self, data: ServerConnectionHookData) -> None:
        address = data.server.address
        if address and self._is_home(address[0], address[1]):
            data.server.error = "segment-pendo cannot be reached through its own proxy"
        elif (
            self._answers
            and address
            and self._is_ours(address[0])
            and (self._offline or bare(address[0]) not in SCRIPTS)
        ):
            data.server.error = "Segment is answered here"

    # --- requests ---

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        is_shown = self._own and is_webhook(flow.request)  # what is streamed is not kept
        if not (is_shown or self._concerns(flow)):
            flow.request.stream = True

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is not None and (not self._concerns(flow) or self._is_passed_script(flow)):
            flow.response.stream = True

    def _concerns(self, flow: http.HTTPFlow) -> bool:
        request = flow.request
        return (
            self._is_ours(request.host)
            or self._is_ours(request.pretty_host)
            or self._is_home(request.host, request.port)
        )

    def _is_passed_script(self, flow: http.HTTPFlow) -> bool:
        """Whether this asks for analytics.js: it comes from the real CDN, since nobody else has it."""
        return (
            not self._offline and bare(flow.request.pretty_host) in SCRIPTS and is_script(sdk_request(flow))
        )

    async def request(self, flow: http.HTTPFlow) -> None:
        if (
            self._relay is None
            or flow.response is not None
            or not self._concerns(flow)
            or self._is_passed_script(flow)
        ):
            return
        asked = sdk_request(flow)
        refused = self._gate.refused(asked)
        if refused is not None:
            flow.response = answer_of(refused)
            if self._marks:
                mark_refused(flow, f"answered {refused.status}: {refused.body.decode()}")
            return
        fault = self._faults.of_sdk(asked)
        if fault is None:
            await self._take(flow, asked)
        else:
            await fail(flow, asked, fault, self._faults, partial(self._take, flow, asked))

    async def _take(self, flow: http.HTTPFlow, asked: SdkRequest) -> None:
        """Keep the calls of a request, and answer it unless Segment is to answer it."""
        assert self._relay is not None
        try:
            receipt = await self._relay.receive_in_turns(asked)
        except Exception as error:  # noqa: BLE001 - the last line of defence; an SDK retries a 500, not a 502
            if not isinstance(error, NotKept):  # which the relay tells itself
                _log.error("a request failed, so its SDK was answered 500: %s", type(error).__name__)
            if self._marks:
                mark_refused(flow, "it could not be kept, so its SDK was answered 500")
            flow.response = http.Response.make(500, _FAILED, {"Content-Type": "application/json"})
            return
        if self._marks:
            self._written.mark(flow, receipt)
        if self._answers or self._is_home(flow.request.host, flow.request.port):
            flow.response = answer_of(receipt.reply)

    # --- what content views ask ---

    def _asked(self, flow: http.HTTPFlow) -> SdkRequest | None:
        """Return the request of a flow as it came from an SDK, or None where it is none of an SDK."""
        return sdk_request(flow) if self._concerns(flow) else None

    def _setup(self) -> Setup:
        """Return how the destination is set up now."""
        return Setup() if self._relay is None else self._relay.setup


def sdk_request(flow: http.HTTPFlow) -> SdkRequest:
    """Return the request of a flow as it came from an SDK."""
    request = flow.request
    headers = decoded_headers(request.headers.fields)
    path, _, query = request.path.partition("?")
    peer = flow.client_conn.peername
    return SdkRequest(
        request.method,
        path,
        query,
        headers,
        request.raw_content or b"",
        request.pretty_host,
        peer[0] if peer else "127.0.0.1",
        "proxy",
        source=str(flow.metadata.get(SOURCE, "")),
    )


addons = [Intercept()]
