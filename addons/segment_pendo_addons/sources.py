"""An addon of `segment-pendo run`: which app each connection is from, as the user of its proxy's URL says."""

from mitmproxy import connection, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from segment_pendo.serve.sources import HEADER, named_by

__all__ = ["SOURCE", "Sources"]

SOURCE = "segment_pendo_source"  # in a flow's metadata


class Sources:
    """The addon. `by_port`: what it tells our server, the app of each connection that is handed over."""

    def __init__(self, by_port: dict[int, str]) -> None:
        self._by_port = by_port
        self._of_client: dict[str, str] = {}

    def http_connect(self, flow: http.HTTPFlow) -> None:
        source = self._taken(flow)
        if source:
            self._of_client[flow.client_conn.id] = source

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        flow.metadata[SOURCE] = self._taken(flow) or self._of_client.get(flow.client_conn.id, "")

    def server_connected(self, data: ServerConnectionHookData) -> None:
        source = self._of_client.get(data.client.id)
        if source and data.server.sockname is not None:
            self._by_port[data.server.sockname[1]] = source

    def server_disconnected(self, data: ServerConnectionHookData) -> None:
        if data.server.sockname is not None:
            self._by_port.pop(data.server.sockname[1], None)

    def client_disconnected(self, client: connection.Client) -> None:
        self._of_client.pop(client.id, None)

    @staticmethod
    def _taken(flow: http.HTTPFlow) -> str:
        """Return the app's name that a request tells, and take it off: it is meant for nobody else."""
        source = named_by(flow.request.headers.get(HEADER, ""))
        if source:
            del flow.request.headers[HEADER]
        return source
