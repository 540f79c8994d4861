"""The addon takes an app's name off what it passes on, and tells it of flows and of connections."""

from mitmproxy import connection
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import taddons, tflow

from segment_pendo.serve.sources import HEADER, credentials
from segment_pendo_addons.intercept import sdk_request
from segment_pendo_addons.sources import Sources


def test_a_name_stays_with_its_connection_and_goes_nowhere_else() -> None:
    ports: dict[int, str] = {}
    addon = Sources(ports)
    with taddons.context(addon):
        flow = tflow.tflow()
        flow.request.headers[HEADER] = credentials("web")
        addon.http_connect(flow)
        assert HEADER not in flow.request.headers
        later = tflow.tflow(client_conn=flow.client_conn)
        addon.requestheaders(later)
        assert sdk_request(later).source == "web"
        server = connection.Server(address=("127.0.0.1", 1), sockname=("127.0.0.1", 4321))
        data = ServerConnectionHookData(server, flow.client_conn)
        addon.server_connected(data)
        assert ports == {4321: "web"}
        addon.server_disconnected(data)
        addon.client_disconnected(flow.client_conn)
        addon.requestheaders(later)
        assert (ports, sdk_request(later).source) == ({}, "")


def test_the_password_of_somebodys_own_proxy_is_left_alone() -> None:
    flow = tflow.tflow()
    flow.request.headers[HEADER] = "Basic dXNlcjpodXNo"
    Sources({}).requestheaders(flow)
    assert flow.request.headers[HEADER] == "Basic dXNlcjpodXNo"
    assert sdk_request(flow).source == ""
