"""Python's HTTP clients, those that know no proxy or are told to ignore it: each sends an identify call.

OTHER is the URL of another host, over TLS: its certificate's fingerprint is printed. A line for each client.
"""

import asyncio
import hashlib
import http.client
import json
import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import aiohttp
import anyio
import certifi
import httpx
import requests
import urllib3

HOST, PATH = "api.segment.io", "/v1/identify"
URL = f"https://{HOST}{PATH}"
JSON = {"Content-Type": "application/json"}
PLACE = "".join(sys.argv[1:])  # in front of each client's name


def head(length: int) -> bytes:
    return f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {length}\r\n\r\n".encode()


def body(way: str) -> str:
    return json.dumps({"userId": PLACE + way, "traits": {"way": way}})


def http_client(way: str) -> int:
    connection = http.client.HTTPSConnection(HOST, timeout=10)
    connection.request("POST", PATH, body(way), JSON)
    return connection.getresponse().status


def plain_http(way: str) -> int:
    connection = http.client.HTTPConnection(HOST, timeout=10)
    connection.request("POST", PATH, body(way), JSON)
    return connection.getresponse().status


def bare_urllib3(way: str) -> int:
    with urllib3.PoolManager(ca_certs=certifi.where(), retries=False) as pool:
        return pool.request("POST", URL, body=body(way), headers=JSON, timeout=10).status


def requests_without_environment(way: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(URL, body(way), headers=JSON, timeout=10).status_code


def httpx_without_environment(way: str) -> int:
    with httpx.Client(trust_env=False) as client:
        return client.post(URL, content=body(way), headers=JSON, timeout=10).status_code


def sockets(way: str) -> int:
    """The socket is connected by name, and TLS is begun before: no look-up is asked for."""
    context = ssl.create_default_context(cafile=certifi.where())
    with context.wrap_socket(socket.socket(), server_hostname=HOST) as wrapped:
        wrapped.settimeout(10)
        wrapped.connect((HOST, 443))
        sent = body(way).encode()
        wrapped.sendall(head(len(sent)) + sent)
        return int(wrapped.recv(12).split()[1])


async def _aiohttp(way: str) -> int:
    async with aiohttp.ClientSession() as session, session.post(URL, data=body(way), headers=JSON) as answer:
        return answer.status


async def _httpx(way: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(URL, content=body(way), headers=JSON, timeout=10)).status_code


async def _streams(way: str) -> int:
    reader, writer = await asyncio.open_connection(HOST, 443, ssl=ssl.create_default_context())
    sent = body(way).encode()
    writer.write(head(len(sent)) + sent)
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


def in_loop(of: Callable[[str], Awaitable[int]], backend: str = "asyncio") -> Callable[[str], int]:
    return lambda way: anyio.run(of, way, backend=backend)


def with_uvloop(of: Callable[[str], Awaitable[int]]) -> Callable[[str], int]:
    return lambda way: anyio.run(of, way, backend_options={"use_uvloop": True})


def with_gevent(way: str) -> int:
    """In a process of its own: gevent takes the place of what it patches."""
    patched = "import gevent.monkey; gevent.monkey.patch_all()"
    code = f"{patched}; import clients; print(clients.http_client({way!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code, *sys.argv[1:]],
        cwd=os.path.dirname(__file__),
        text=True,
        capture_output=True,
    )
    return int(done.stdout or -1) if done.returncode == 0 else fail(done.stderr)


def fail(why: str) -> int:
    raise RuntimeError(why[-300:])


WAYS: dict[str, Callable[[str], int]] = {
    "http.client": http_client,
    "http.client without TLS": plain_http,
    "urllib3": bare_urllib3,
    "requests trust_env=False": requests_without_environment,
    "httpx trust_env=False": httpx_without_environment,
    "sockets": sockets,
    "aiohttp": in_loop(_aiohttp),
    "httpx async": in_loop(_httpx),
    "httpx trio": in_loop(_httpx, "trio"),
    "asyncio streams": in_loop(_streams),
    "aiohttp uvloop": with_uvloop(_aiohttp),
    "httpx uvloop": with_uvloop(_httpx),
    "asyncio streams uvloop": with_uvloop(_streams),
    "gevent": with_gevent,
}


def all_ways() -> None:
    for way, send in WAYS.items():
        try:
            print(PLACE + way, send(way), flush=True)
        except Exception as error:
            print(PLACE + way, f"{type(error).__name__}: {error}"[:200], flush=True)


def other() -> None:
    """Print whose certificate another host shows."""
    to = urlsplit(os.environ["OTHER"])
    shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((str(to.hostname), int(to.port or 443))))
    print("other", hashlib.sha256(shown).hexdigest(), flush=True)


if __name__ == "__main__":
    all_ways()
    if not PLACE:
        process = multiprocessing.get_context("spawn").Process(target=http_client, args=("multiprocessing",))
        process.start()
        process.join()
        print("multiprocessing", 200 if process.exitcode == 0 else process.exitcode)
        other()
