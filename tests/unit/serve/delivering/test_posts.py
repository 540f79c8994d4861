"""Posts on kept connections, beside a server that answers byte by byte what a test says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering.posts import Posts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Server:
    """Answers the requests in turn with these bytes, and closes after an answer that is None."""

    answers: list[bytes | None]
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0)
                if answer is not None:
                    writer.write(answer)
                    await writer.drain()
                if answer is None or b"close" in answer:
                    return
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


def posted(
    server: Server, work: Callable[[Posts], Awaitable[list[Answer]]], path: str = "/data/segmentio/k"
) -> list[Answer]:
    """What the work got from a server."""

    async def main() -> list[Answer]:
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        posts = Posts.to(f"http://127.0.0.1:{port}{path}", "it")
        assert posts is not None
        try:
            return await work(posts)
        finally:
            posts.close()
            listening.close()

    return asyncio.run(main())


def one(*answers: bytes | None, times: int = 1, seconds: float = 20) -> tuple[list[Answer], Server]:
    server = Server([*answers])

    async def work(posts: Posts) -> list[Answer]:
        return [await posts.ask("POST", (("X-A", "b"),), b"{}", seconds) for _ in range(times)]

    return posted(server, work), server


def test_a_request_is_what_was_given_and_its_connection_is_kept() -> None:
    answers, server = one(OK, OK, OK, times=3)
    assert answers == [Answer(200, "", b"ok")] * 3
    assert server.connections == 1
    host = server.requests[0].partition(b"Host: ")[2].partition(b"\r\n")[0]
    assert (
        server.requests
        == [
            b"POST /data/segmentio/k HTTP/1.1\r\nHost: " + host + b"\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}"
        ]
        * 3
    )


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", b"all of it"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70000, b"x" * 65536),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    ],
)
def test_a_body_of_any_form_is_read_and_the_next_request_has_its_own_answer(raw: bytes, body: bytes) -> None:
    (first, second), _ = one(raw, OK, times=2)
    assert (first.status, first.wrong) == (200 if body else 204, "")
    assert body.startswith(first.body)
    assert second == Answer(200, "", b"ok")


def test_a_redirect_is_not_followed_and_headers_are_kept() -> None:
    raw = b"HTTP/1.1 307 No\r\nRetry-After: 7\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n"
    (answer,), server = one(raw)
    assert (answer.status, answer.wrong) == (307, "it answered 307, not followed")
    assert ("Retry-After", "7") in answer.headers
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (None, "ConnectionResetError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: close\r\n\r\n", "ConnectionResetError"),
        (b"SMTP ready close\r\n\r\n", "ConnectionError"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20000, "ConnectionError"),
    ],
)
def test_what_is_no_answer_may_have_been_taken(raw: bytes | None, why: str) -> None:
    (answer, after), _ = one(raw, OK, times=2)
    assert (answer.status, answer.wrong, answer.perhaps_taken) == (
        None,
        f"the request to it failed: {why}",
        True,
    )
    assert after.status == 200


def test_an_answer_that_comes_too_late_is_nobodys() -> None:
    async def work(posts: Posts) -> list[Answer]:
        late = await posts.ask("POST", (), b"1", 0.05)
        return [late, await posts.ask("POST", (), b"2", 20)]

    server = Server([b"", OK])
    late, after = posted(server, work)
    assert (late.wrong, late.perhaps_taken) == ("no answer from it within 0.05 s", True)
    assert (after.status, server.connections) == (200, 2)


def test_where_nobody_listens_it_is_said_and_nothing_was_taken() -> None:
    async def main() -> Answer:
        listening = await asyncio.start_server(Server([]).serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        listening.close()
        await listening.wait_closed()
        posts = Posts.to(f"http://127.0.0.1:{port}/KEY", "it")
        assert posts is not None
        return await posts.ask("POST", (), b"", 20)

    answer = asyncio.run(main())
    assert answer == Answer(None, "no connection to it: Connection refused")


@pytest.mark.parametrize(
    "url", ["https://h/p", "http://u:p@h/p", "http://h/a b", "http://h", "http://h/é", "http://h/a\r\nX: y"]
)
def test_another_url_is_left_to_the_client(url: str) -> None:
    assert Posts.to(url, "it") is None


@pytest.mark.parametrize(
    "header",
    [("Host", "x"), ("content-length", "1"), ("X", "a\r\nY: b"), ("X", "é"), ("X Y", "a"), ("", "a")],
)
def test_other_headers_are_left_to_the_client(header: tuple[str, str]) -> None:
    assert not Posts.can_send("POST", (("X-A", "b"), header))
    assert Posts.can_send("POST", (("X-A", "b"),))
    assert not Posts.can_send("POST /", ())
