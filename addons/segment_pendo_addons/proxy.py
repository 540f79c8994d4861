"""Run mitmproxy in our own event loop: a regular proxy on loopback with our addon, which prints nothing."""

import asyncio
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from mitmproxy import addons as builtin
from mitmproxy import master, options
from mitmproxy.addons.errorcheck import ErrorCheck
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.certs import CertStore

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.segment.hosts import INTERCEPTED, SCRIPTS
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.launching.launcher import Upstream
from segment_pendo.serve.launching.misses import Misses
from segment_pendo.serve.relay import Relay
from segment_pendo_addons.capture import Capture, CaptureError, uncapturable
from segment_pendo_addons.handover import Handover
from segment_pendo_addons.intercept import Intercept, allow_patterns
from segment_pendo_addons.outsiders import Outsiders
from segment_pendo_addons.sources import Sources
from segment_pendo_addons.watch import Watch

__all__ = [
    "AuthorityError",
    "Capture",
    "CaptureError",
    "Proxy",
    "ProxyError",
    "authority",
    "server_context",
    "uncapturable",
]

_START: Final = 20.0
_CERTIFICATE: Final = "mitmproxy-ca-cert.pem"


class ProxyError(SegmentPendoError):
    """The proxy cannot be opened; the text says why."""

    exit_code = CANNOT_START
    setting = "proxy_port"

    def __init__(self, message: str, taken: int = 0) -> None:
        super().__init__(message)
        self.taken = taken


class _Started:
    def __init__(self) -> None:
        self.event = asyncio.Event()

    def running(self) -> None:
        self.event.set()


class _Group:
    """Holds mitmproxy's own addons but ErrorCheck (it exits): dispatch is twice as fast under one parent."""

    def __init__(self) -> None:
        self.addons = [addon for addon in builtin.default_addons() if not isinstance(addon, ErrorCheck)]


class AuthorityError(SegmentPendoError):
    """The proxy's CA cannot be used; the text says why."""

    exit_code = CANNOT_START

    def __init__(self, directory: Path, why: str) -> None:
        super().__init__(
            f"the proxy's certificate authority in {directory} cannot be used: {why}. Remove it with "
            "`segment-pendo ca remove`, and the next run makes another one."
        )


def authority(directory: Path) -> Path:
    """Return the file of the CA's certificate in a directory; make the CA if there is none.

    Raises AuthorityError where the CA is damaged or cannot be made.
    """
    _store(directory)
    return directory / _CERTIFICATE


def _store(directory: Path) -> CertStore:
    try:
        store = CertStore.from_store(directory, "mitmproxy", 2048)
        x509.load_pem_x509_certificate((directory / _CERTIFICATE).read_bytes())
    except OSError as error:
        raise AuthorityError(directory, error.strerror or type(error).__name__) from None
    except Exception as error:  # noqa: BLE001 - the reader of keys has many; whatever it is, the remedy is one
        raise AuthorityError(directory, f"a file is empty or damaged ({type(error).__name__})") from None
    return store


def server_context(directory: Path, names: Sequence[str], also: Sequence[str] = ()) -> ssl.SSLContext:
    """Return TLS (HTTP/1.1 only) for loopback, `names` and more addresses, by the CA in a directory."""
    dns = [x509.DNSName(name) for name in ("localhost", *names)]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1", *also)]
    entry = _store(directory).get_cert("localhost", [*dns, *addresses])
    private = entry.privatekey.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    # ssl reads certificates from files only.
    with tempfile.TemporaryDirectory(prefix="segment-pendo-") as folder:
        pem = Path(folder) / "server.pem"
        pem.touch(0o600)
        pem.write_bytes(entry.cert.to_pem() + private)
        context.load_cert_chain(pem)
    return context


class Proxy:
    """One regular proxy at 127.0.0.1, and at the addresses in `lan`.

    Segment's hosts and `hosts` are decrypted, everything else is tunnelled. `faults`: what goes wrong with
    SDKs' requests. `calls_only`: the port of our server that takes decrypted connections of Segment's hosts;
    None: each request is answered as a flow of mitmproxy. `sources`: where the app of each connection that is
    handed over there is kept, by its port.
    """

    def __init__(
        self,
        relay: Relay,
        gate: Gate,
        *,
        confdir: Path,
        hosts: Sequence[str],
        answers: bool,
        offline: bool,
        own_ports: Collection[int],
        upstream: Upstream | None = None,
        faults: Faults | None = None,
        misses: Misses | None = None,
        calls_only: int | None = None,
        lan: Sequence[str] = (),
        sources: dict[int, str] | None = None,
    ) -> None:
        self._relay = relay
        self._gate = gate
        self._confdir = confdir
        self._hosts = tuple(hosts)
        self._answers = answers
        self._offline = offline
        self._upstream = upstream
        self._own_ports = own_ports
        self._faults = faults
        self._misses = misses or Misses()
        self._calls_only = calls_only
        self._lan = lan
        self._sources = {} if sources is None else sources
        self._task: asyncio.Task[None] | None = None
        self._master: master.Master | None = None
        self.url = ""

    async def start(self, port: int) -> None:
        """Start mitmproxy on this port. Raises ProxyError with its reason."""
        self._master = mitmproxy = master.Master(self._options(port))
        started = _Started()
        intercept = Intercept(
            self._relay,
            self._gate,
            hosts=self._hosts,
            answers=self._answers,
            offline=self._offline,
            own_ports=self._own_ports,
            faults=self._faults,
        )
        names = sorted(INTERCEPTED | set(self._hosts))
        if self._calls_only is not None:  # before the group, whose NextLayer takes what nobody has taken
            mitmproxy.addons.add(Handover(self._calls_only, set(names) - SCRIPTS))
        mitmproxy.addons.add(Sources(self._sources))
        # Our addon stands outside the group and behind it: it has the last word on a ClientHello.
        mitmproxy.addons.add(_Group(), intercept, Watch(self._misses, names), started)
        if self._upstream and self._upstream.auth:
            mitmproxy.options.update(upstream_auth=self._upstream.auth)
        mitmproxy.options.update(allow_hosts=allow_patterns(names), upstream_cert=not self._answers)
        self._task = asyncio.create_task(mitmproxy.run())
        waiting = asyncio.create_task(started.event.wait())
        await asyncio.wait({self._task, waiting}, timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self.url = self._listening(mitmproxy, port)
        if self._lan:
            mitmproxy.addons.add(Outsiders(self._calls_only))
            await self._listen_in(mitmproxy, int(self.url.rpartition(":")[2]))

    async def _listen_in(self, mitmproxy: master.Master, port: int) -> None:
        """Listen on the addresses of the LAN, too. Raises ProxyError."""
        server = mitmproxy.addons.get("proxyserver")
        assert isinstance(server, Proxyserver)
        modes = [f"{self._mode}@{address}:{port}" for address in ("127.0.0.1", *self._lan)]
        mitmproxy.options.update(mode=modes)
        await server.setup_servers()
        for instance in server.servers:
            if not instance.is_running:
                error = instance.last_exception
                number = error.errno if isinstance(error, OSError) else None
                reason = os.strerror(number) if number else type(error).__name__
                msg = f"port {port} for the proxy cannot be opened beyond loopback: {reason}."
                raise ProxyError(msg)

    def _options(self, port: int) -> options.Options:
        confdir = str(self._confdir)
        return options.Options(confdir=confdir, listen_host="127.0.0.1", listen_port=port, mode=[self._mode])

    @property
    def _mode(self) -> str:
        return f"upstream:{self._upstream.url}" if self._upstream else "regular"

    @staticmethod
    def _listening(mitmproxy: master.Master, port: int) -> str:
        """Return the URL where mitmproxy listens. Raises ProxyError."""
        server = mitmproxy.addons.get("proxyserver")
        assert isinstance(server, Proxyserver)
        for instance in server.servers:
            if instance.is_running and instance.listen_addrs:
                return f"http://127.0.0.1:{instance.listen_addrs[0][1]}"
            if instance.last_exception is not None:
                # mitmproxy's own text recommends its own options, so we write ours.
                error = instance.last_exception
                number = error.errno if isinstance(error, OSError) else None
                reason = os.strerror(number) if number else type(error).__name__
                msg = f"port {port} for the proxy cannot be opened: {reason}."
                raise ProxyError(msg, port)
        msg = "mitmproxy did not start, and gives no reason. Try again."
        raise ProxyError(msg)

    def refuse_new(self) -> None:
        """Close the listening socket; open connections go on."""
        if self._master is not None:
            self._master.options.update(server=False)

    async def stop(self) -> None:
        if self._master is None or self._task is None:
            return
        self._master.shutdown()
        await asyncio.wait({self._task}, timeout=5)
