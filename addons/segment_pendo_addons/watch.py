"""A second addon of `segment-pendo run`: it notes what does not come to us, and changes nothing."""

from collections.abc import Collection
from typing import Final

from mitmproxy import connection, http, tls
from mitmproxy.proxy import layer

from segment_pendo.base.hosts import bare, is_this_machine
from segment_pendo.serve.launching.misses import Misses, note
from segment_pendo_addons.intercept import sdk_request

__all__ = ["Watch"]

# mitmproxy's words for a client that says that it does not know the CA, and for one that only leaves.
_DISTRUST: Final = "does not trust"
_LEFT: Final = ("may not trust", "disconnected during the handshake")
_SOMEBODY: Final = "a client"
_BROWSER: Final = "Mozilla/"  # browsers open connections that they may not need


class Watch:
    """The addon. `hosts`: Segment's."""

    def __init__(self, misses: Misses, hosts: Collection[str]) -> None:
        self._misses = misses
        self._hosts = frozenset(hosts)
        # By connection: how a client calls itself, and the host.
        self._names: dict[str, tuple[str, str]] = {}
        self._waiting: set[str] = set()  # connections on which no request has come yet

    def http_connect(self, flow: http.HTTPFlow) -> None:
        host = bare(flow.request.host)
        if host in self._hosts:
            name = flow.request.headers.get("User-Agent", "") or _SOMEBODY
            self._names[flow.client_conn.id] = name, host
        elif not is_this_machine(host):
            note(self._misses.tunnelled, host)

    def tls_established_client(self, data: tls.TlsData) -> None:
        if data.conn.id in self._names:
            self._waiting.add(data.conn.id)

    def tls_failed_client(self, data: tls.TlsData) -> None:
        if data.conn.id not in self._names:
            return
        (name, host), error = self._names[data.conn.id], data.conn.error or ""
        if _DISTRUST in error:
            self._misses.refused(name, host)
        elif any(words in error for words in _LEFT) and not name.startswith(_BROWSER):
            note(self._misses.silent, name)

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        """Take the first bytes in TLS for a request: no flow is made of one that is handed over."""
        client = next_layer.context.client
        if client.tls_established and next_layer.data_client():
            self._waiting.discard(client.id)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        host = bare(flow.request.pretty_host)
        if host not in self._hosts and not is_this_machine(host):
            self._misses.passed(sdk_request(flow))

    def client_disconnected(self, client: connection.Client) -> None:
        name, _ = self._names.pop(client.id, (_SOMEBODY, ""))
        if client.id in self._waiting and not name.startswith(_BROWSER):
            note(self._misses.silent, name)
        self._waiting.discard(client.id)
