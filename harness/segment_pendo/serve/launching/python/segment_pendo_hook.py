"""Re-point this process's connections to Segment's hosts to the tunnel of `segment-pendo run`.

It stands where all clients meet: a look-up gives a loopback address that stands for the host, a connection to
that address (or to the host by name) goes to the tunnel, and TLS with one of the hosts trusts our CA as well.
Every other host, address and TLS context is left alone. Nothing here imports more than the program does:
modules are changed when the program imports them. Runs on Python 3.8 and later.
"""

from __future__ import annotations

import functools
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # no program shall wait for `typing`
    from typing import Any, Callable, Mapping

    _Patch = Callable[[Any, "_Hosts"], None]

__all__ = ["install"]

# Addresses of this machine that nobody uses; the last number says which host is meant.
_STAND_IN = "127.83.69."


class _Hosts:
    """Segment's hosts, the addresses that stand for them, and where connections to them go."""

    def __init__(self, names: str, tunnel: str, authority: str) -> None:
        listed = [name for name in names.lower().split(",") if name]
        self.stand_ins = {name: _STAND_IN + str(number) for number, name in enumerate(listed, 1)}
        self.addresses = {address: name for name, address in self.stand_ins.items()}
        host, _, port = tunnel.rpartition(":")
        self.tunnel = (host, int(port))
        self.authority = authority

    def name_of(self, host: Any) -> str | None:
        """Return which of Segment's hosts a name or a stand-in is; None for any other."""
        if isinstance(host, (bytes, bytearray)):
            host = host.decode("ascii", "replace")
        if not isinstance(host, str):
            return None
        host = host.lower().rstrip(".")
        return host if host in self.stand_ins else self.addresses.get(host.replace("::ffff:", ""))

    def looked_up(self, host: Any) -> Any:
        """Return the address that stands for a host; another host as it is."""
        name = self.name_of(host)
        return host if name is None else self.stand_ins[name]

    def connected(self, address: Any) -> Any:
        """Return the address to connect to: the tunnel's for one of Segment's hosts."""
        if not isinstance(address, tuple) or len(address) < 2 or self.name_of(address[0]) is None:
            return address
        host, port = self.tunnel
        return (host, port) if len(address) == 2 else ("::ffff:" + host, port, *address[2:])


def install(environment: Mapping[str, str]) -> None:
    """Change the modules that make connections, now or as soon as the program imports them."""
    hosts = _Hosts(
        environment.get("SEGMENT_PENDO_HOSTS", ""),
        environment["SEGMENT_PENDO_TUNNEL"],
        environment.get("SEGMENT_PENDO_CA", ""),
    )
    for name, patch in _PATCHES.items():
        if name in sys.modules:
            patch(sys.modules[name], hosts)
    sys.meta_path.insert(0, _Finder(hosts))


class _Finder:
    """Finds nothing by itself, but has the modules of _PATCHES changed once they are loaded."""

    def __init__(self, hosts: _Hosts) -> None:
        self._hosts = hosts
        self._looking: set[str] = set()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        patch = _PATCHES.get(name)
        if patch is None or name in self._looking:
            return None
        self._looking.add(name)
        try:
            found = (
                finder.find_spec(name, path, target)
                for finder in list(sys.meta_path)
                if hasattr(finder, "find_spec")
            )
            spec = next(filter(None, found), None)
        finally:
            self._looking.discard(name)
        loader: Any = spec and spec.loader
        if hasattr(loader, "exec_module"):
            loader.exec_module = self._changed(loader.exec_module, patch)
        return spec

    def _changed(self, load: Callable[[Any], None], patch: _Patch) -> Callable[[Any], None]:
        def exec_module(module: Any) -> None:
            load(module)
            try:
                patch(module, self._hosts)
            except Exception as error:  # noqa: BLE001 - the program must not notice
                sys.stderr.write(f"segment-pendo: {module.__name__} could not be re-pointed ({error!r}).\n")

        return exec_module


def _sockets(module: Any, hosts: _Hosts) -> None:
    """Change a module like `socket`: its look-ups, and how its sockets connect."""
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        if hasattr(module, name):
            setattr(module, name, _looking_up(getattr(module, name), hosts))
    for name in ("connect", "connect_ex"):
        if hasattr(module, "socket"):
            setattr(module.socket, name, _connecting(getattr(module.socket, name), hosts))


def _looking_up(real: Callable[..., Any], hosts: _Hosts) -> Callable[..., Any]:
    @functools.wraps(real)
    def look_up(*args: Any, **kwargs: Any) -> Any:
        if "host" in kwargs:
            kwargs["host"] = hosts.looked_up(kwargs["host"])
        elif args:
            args = (hosts.looked_up(args[0]), *args[1:])
        return real(*args, **kwargs)

    return look_up


def _connecting(real: Callable[..., Any], hosts: _Hosts) -> Callable[..., Any]:
    @functools.wraps(real)
    def connect(self: Any, address: Any) -> Any:
        return real(self, hosts.connected(address))

    return connect


def _tls(module: Any, hosts: _Hosts) -> None:
    """Change a module like `ssl`: a context that is about to check one of the hosts trusts our CA, too."""
    for name, place in (("wrap_socket", 4), ("wrap_bio", 3)):
        setattr(module.SSLContext, name, _wrapping(getattr(module.SSLContext, name), place, hosts))


def _wrapping(real: Callable[..., Any], place: int, hosts: _Hosts) -> Callable[..., Any]:
    @functools.wraps(real)
    def wrap(self: Any, *args: Any, **kwargs: Any) -> Any:
        name = kwargs.get("server_hostname") or (args[place] if len(args) > place else None)
        if hosts.name_of(name) is not None and self.verify_mode:
            try:
                self.load_verify_locations(hosts.authority)
            except OSError:  # the handshake will fail, and say why
                pass
        return real(self, *args, **kwargs)

    return wrap


def _uvloop(module: Any, hosts: _Hosts) -> None:
    """Change uvloop's Loop, which looks names up and connects without Python's sockets."""
    loop = module.Loop
    real = loop.create_connection

    @functools.wraps(real)
    async def create_connection(
        self: Any, factory: Any, host: Any = None, port: Any = None, **kwargs: Any
    ) -> Any:
        name = hosts.name_of(host)
        if name is not None:
            if kwargs.get("ssl") and kwargs.get("server_hostname") is None:
                kwargs["server_hostname"] = name
            host, port = hosts.tunnel
        return await real(self, factory, host, port, **kwargs)

    loop.create_connection = create_connection
    look_up = loop.getaddrinfo

    @functools.wraps(look_up)
    async def getaddrinfo(self: Any, host: Any, *args: Any, **kwargs: Any) -> Any:
        return await look_up(self, hosts.looked_up(host), *args, **kwargs)

    loop.getaddrinfo = getaddrinfo


def _resolver(module: Any, hosts: _Hosts) -> None:
    """Change aiohttp's resolver that asks name servers by itself (aiodns)."""
    real = module.AsyncResolver.resolve

    @functools.wraps(real)
    async def resolve(self: Any, host: str, *args: Any, **kwargs: Any) -> Any:
        if hosts.name_of(host) is None:
            return await real(self, host, *args, **kwargs)
        return await module.ThreadedResolver().resolve(host, *args, **kwargs)

    module.AsyncResolver.resolve = resolve


_PATCHES: dict[str, _Patch] = {
    "socket": _sockets,
    "ssl": _tls,
    "uvloop": _uvloop,
    "aiohttp.resolver": _resolver,
    "gevent._socketcommon": _sockets,
    "gevent._socket3": _sockets,
    "gevent.ssl": _tls,
}
