"""Flow files as mitmproxy writes them, whole and cut off."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mitmproxy.flow import Error
from mitmproxy.http import Request, Response
from mitmproxy.io import FlowWriter
from mitmproxy.test import tflow

from segment_pendo.recordings.exchange.containers import opened
from segment_pendo.recordings.exchange.found import NOT_SENT, OF_OAUTH, Imported, ImportFailure, PassedOver
from segment_pendo_addons.flows import read


def flow(user: str, status: int | None = 200) -> Any:
    made = tflow.tflow()
    made.request = Request.make(
        "POST", "https://api.segment.io/v1/identify", b'{"userId":"%s"}' % user.encode()
    )
    made.response = Response.make(status) if status is not None else None
    made.error = Error("Connection reset") if status is None else None
    return made


def written(*flows: Any) -> bytes:
    buffer = io.BytesIO()
    writer = FlowWriter(buffer)
    for one in flows:
        writer.add(one)
    return buffer.getvalue()


def test_a_file_is_known_by_its_first_bytes_and_read_in_order() -> None:
    data = written(flow("a"), tflow.ttcpflow(), flow("b"))
    assert opened(data).kind == "flows"
    items = list(read(data))
    assert [item.request.body for item in items if isinstance(item, Imported)] == [
        b'{"userId":"a"}',
        b'{"userId":"b"}',
    ]
    assert len(items) == 2


def test_what_did_not_reach_segment_is_passed_over() -> None:
    first, second, third = read(written(flow("a", None), flow("b", 503), flow("c")))
    assert first == PassedOver("api.segment.io", NOT_SENT)
    assert second == PassedOver("api.segment.io", "that was answered 503, which an SDK sends again")
    assert isinstance(third, Imported)


def test_requests_for_tokens_are_passed_over() -> None:
    asked = flow("a")
    asked.request.url = "https://oauth2.segment.io/token"
    assert list(read(written(asked))) == [PassedOver("oauth2.segment.io", OF_OAUTH)]


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_file_that_was_cut_off_keeps_what_stands_before_the_cut(cut: int) -> None:
    *before, lost = read(written(flow("a"), flow("b"), flow("c"))[:-cut])
    assert [type(item) for item in before] == [Imported, Imported]
    assert lost == PassedOver("", "after the place where the file is cut off or damaged", is_loss=True)


def test_where_nothing_can_be_read_mitmproxys_reason_is_told() -> None:
    with pytest.raises(ImportFailure, match=r"this mitmproxy cannot read it as a flow file \(.+\)"):
        list(read(b"12:not a flow file"))


LENGTHS = [b"0", b"1", b"9999999999999", b"99999999999999999999999", b"-1", b"", b"1e9", b"\xff"]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from([*LENGTHS, b":", b",", b"}", b"]", b"#", b"^", b"!", b"~", b";", b"a"]), max_size=30
    )
)
def test_junk_after_a_flow_costs_no_flow(pieces: list[bytes]) -> None:
    first, *rest = read(written(flow("a")) + b"".join(pieces))
    assert isinstance(first, Imported)
    assert all(isinstance(item, PassedOver) for item in rest)


@pytest.mark.parametrize("depth", [10, 1000, 100_000])
@pytest.mark.parametrize("end", [b"]", b"}"])
def test_deep_nesting_is_damage(depth: int, end: bytes) -> None:
    nested = b""
    for _ in range(min(depth, 3000)):
        nested = b"%d:%s%s" % (len(nested), nested, end)
    with pytest.raises(ImportFailure, match="cannot read it as a flow file"):
        list(read(nested * (depth // 3000 + 1)))
