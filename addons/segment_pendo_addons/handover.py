"""Hand whole connections of SDKs to the home port's server, once they are decrypted.

mitmproxy then makes no flow of a request, which is most of what a request costs. Whatever cannot be handed
over (HTTP/2 alone, a host whose scripts come from the real CDN) is left to the addon that answers flows.
"""

import re
from collections.abc import Collection
from typing import Final

from mitmproxy import connection, tls
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.layers import modes

from segment_pendo.base.hosts import bare

__all__ = ["Handover"]

_HTTP_1: Final = b"http/1.1"
_PROXIES: Final = (modes.HttpProxy, modes.HttpUpstreamProxy)
_IN_ABSOLUTE_FORM: Final = re.compile(rb"[A-Z]{3,7} https?://([^/?#\s@]+)[/?]", re.IGNORECASE)
# Not HTTP/2, which begins with the method PRI.
_REQUEST_LINE: Final = re.compile(rb"(?!PRI )[A-Z]{3,7} /")


class Handover:
    """The addon. Connections to `hosts` go on to 127.0.0.1:`port`, a listener that takes calls only."""

    def __init__(self, port: int, hosts: Collection[str]) -> None:
        self._address = ("127.0.0.1", port)
        self._hosts = frozenset(map(bare, hosts))

    def _is_ours(self, server: connection.Server) -> bool:
        return server.address is not None and bare(server.address[0]) in self._hosts

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        """Choose HTTP/1.1 where a client offers it beside HTTP/2: the listener speaks no other."""
        if self._is_ours(data.context.server) and _HTTP_1 in data.client_hello.alpn_protocols:
            data.context.client.alpn = _HTTP_1

    def next_layer(self, next_layer: layer.NextLayer) -> None:
        """Hand a connection over when its first request begins."""
        context, data = next_layer.context, next_layer.data_client()
        if not self._is_for_us(next_layer.context.layers, context.server, data):
            return
        context = context.fork()  # the server of the old one belongs to the layers below
        context.server = connection.Server(address=self._address)
        next_layer.layer = layers.TCPLayer(context, ignore=True)

    def _is_for_us(self, stack: list[layer.Layer], server: connection.Server, data: bytes) -> bool:
        if len(stack) == 1 and isinstance(stack[0], _PROXIES):
            asked = _IN_ABSOLUTE_FORM.match(data)
            return asked is not None and bare(asked[1].decode("latin-1")) in self._hosts
        return self._is_ours(server) and _REQUEST_LINE.match(data) is not None
