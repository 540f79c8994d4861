"""What a run says of its addresses beyond loopback: where the page is, and how phones are set up."""

import os
import sys
from collections.abc import Iterator
from io import StringIO
from shlex import quote

from segment_pendo.serve.environment import trust_directory
from segment_pendo.serve.launching.trust import bundle
from segment_pendo.serve.session import Session

__all__ = ["lan_lines"]


def lan_lines(session: Session) -> Iterator[str]:
    """Yield what to say; the token itself goes to a terminal, and into no file."""
    lan, port = session.plan.lan, session.home.url.rpartition(":")[2]
    homes = [f"http://{f'[{address}]' if ':' in address else address}:{port}" for address in lan.addresses]
    for home in homes:
        calls = "SDKs may send there" if lan.takes_calls else "calls are refused there (--open-ingest)"
        yield f"LAN    {home}   the page needs the token; {calls}"
    yield f"token  {lan.file}"
    if homes and sys.stderr.isatty():
        url = f"{homes[0]}/?token={lan.token}"
        yield f"page   {url}"
        yield _picture(url)
    if lan.has_proxy and session.proxy is not None:
        yield from _phones(session, homes[0])


def _phones(session: Session, home: str) -> Iterator[str]:
    host = home.removeprefix("http://").rpartition(":")[0]
    port = session.proxy.url.rpartition(":")[2]
    assert session.authority is not None  # there is a proxy
    # Two of these variables replace the usual CAs, which other hosts need.
    cas = bundle(os.environ, session.authority, trust_directory())
    yield "An app that stays as it is goes through the proxy; an SDK's host is the address above."
    yield f"iOS        Settings > Wi-Fi > (i) > Configure Proxy > Manual: server {host}, port {port}."
    yield "           Safari: http://mitm.it, install the profile; then Settings > General > About >"
    yield "           Certificate Trust Settings: switch mitmproxy on."
    yield f"Android    emulator -avd NAME -http-proxy http://{host}:{port}"
    yield "           then http://mitm.it in its browser; a debug build must trust user certificates."
    yield f"Docker     docker run -e HTTPS_PROXY=http://{host}:{port} -e SSL_CERT_FILE=/ca.pem \\"
    yield "             -e REQUESTS_CA_BUNDLE=/ca.pem -e NODE_EXTRA_CA_CERTS=/ca.pem \\"
    yield f"             -v {quote(str(cas))}:/ca.pem:ro IMAGE"
    yield "Other machines reach nothing through the proxy that is this machine's alone."


def _picture(url: str) -> str:
    """Return the QR code of an address, in characters."""
    import segno  # noqa: PLC0415 - only for a terminal

    out = StringIO()
    segno.make(url, micro=False).terminal(out, compact=True)
    return out.getvalue().rstrip("\n")
