"""Which app a call is from: told by its connections, else by its write key; kept, found again, filtered."""

import base64
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.sources import NAME, credentials, label, named_by, of_headers, proxy_url
from segment_pendo.serve.store import Store
from segment_pendo.words import Receipt, SdkRequest


def received(id: str, source: str = "", key: str | None = "WRITE_KEY_abcd", **headers: str) -> Receipt:
    call = {"type": "identify", "userId": id, **({"writeKey": key} if key else {})}
    request = SdkRequest(
        "POST", "/v1/identify", "", tuple(headers.items()), json.dumps(call).encode(), source=source
    )
    return assess(request, id=id, at=datetime(2026, 1, 1, tzinfo=UTC), setup=Setup())


@given(st.from_regex(NAME, fullmatch=True))
def test_what_a_proxy_is_told_is_read_again(name: str) -> None:
    assert named_by(credentials(name)) == name
    assert of_headers((("proxy-authorization", credentials(name)),)) == name
    assert proxy_url("http://127.0.0.1:1", name) == f"http://{name}:source@127.0.0.1:1"


@given(st.text())
def test_whatever_else_stands_there_is_no_name(value: str) -> None:
    assert named_by(value) == ""
    told = base64.b64encode(value.encode("utf-8", "replace")).decode()
    assert NAME.fullmatch(named_by(f"Basic {told}") or "none")


def test_somebodys_own_proxy_password_is_no_name() -> None:
    assert named_by(f"Basic {base64.b64encode(b'user:hush').decode()}") == ""
    assert proxy_url("http://127.0.0.1:1", "") == "http://127.0.0.1:1"


def test_a_name_goes_before_a_write_key_of_which_the_end_is_shown() -> None:
    basic = base64.b64encode(b"KEY_of_the_header:").decode()
    assert label(received("a", "web")) == "web"
    assert label(received("a")) == "****abcd"
    assert label(received("a", key=None, Authorization=f"Basic {basic}")) == "****ader"
    assert label(received("a", key="short")) == "****"
    assert label(received("a", key=None)) is None


def test_rows_have_the_name_and_filters_find_it_and_the_end_of_a_key() -> None:
    with closing(Store(None, setup=Setup())) as store:
        for receipt in (received("ann", "web"), received("bob", "api"), received("cid")):
            store.take(receipt)

        def users(source: str) -> list[object]:
            return [row["user"] for row in store.calls.page({"source": source}).calls]

        assert (users("web"), users("****abcd"), users("abcd")) == (["ann"], ["cid"], [])
        rows = {row["user"]: row.get("source") for row in store.calls.page({}).calls}
        assert rows == {"ann": "web", "bob": "api", "cid": None}


def test_a_store_that_knew_no_apps_is_brought_up_with_all_its_calls(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path, setup=Setup())) as store:
        store.take(received("ann"))
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "drop index receipts_source; alter table receipts drop column source; pragma user_version = 5;"
        )
    with closing(Store(path, setup=Setup())) as store:
        store.take(received("bob", "web"))
        assert [row["user"] for row in store.calls.page({}).calls] == ["ann", "bob"]
        assert [row["user"] for row in store.calls.page({"source": "web"}).calls] == ["bob"]


@pytest.mark.parametrize("name", ["", "a b", "a:b", "ä", "x" * 41])
def test_what_is_no_name(name: str) -> None:
    assert not NAME.fullmatch(name)
