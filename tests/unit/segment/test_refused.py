"""A refused request says which value spoiled it, and how many calls are lost with it."""

import json
import math
from typing import Any

import pytest

from segment_pendo.segment.ingest import read
from segment_pendo.segment.switches import DEFAULT
from segment_pendo.words import Refusal, SdkRequest


def message(value: Any, path: str = "/v1/batch") -> str:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    refusal = read(SdkRequest("POST", path, body=body), DEFAULT)
    assert isinstance(refusal, Refusal)
    return refusal.message


def call(**traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": "u", "traits": traits}


@pytest.mark.parametrize(
    ("value", "name"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity")]
)
def test_a_number_that_is_not_finite_is_named_with_its_place(value: float, name: str) -> None:
    whole = "is not JSON, so Segment refuses the whole request"
    advice = "; send a number, or leave it out."
    spoiled = message({"batch": [call(a=1), call(b=[0, {"c d": value}]), call(e=value)]})
    assert spoiled == (
        f'{name} at $.batch[1].traits.b[1]["c d"] {whole}, and all 3 calls in it are lost{advice}'
    )
    assert message(call(a=value), "/v1/identify") == f"{name} at $.traits.a {whole}{advice}"


def test_a_large_batch_says_how_many_calls_are_lost() -> None:
    assert message({"batch": [call(a="x" * 300_000)] * 2}).endswith(
        "Segment answers 400 above 500 KB for a batch. Both calls in it are lost."
    )
    assert message(call(a="x" * 40_000), "/v1/identify").endswith("above 32 KB for one call.")


@pytest.mark.parametrize("body", [b"{", b'{"a":NaN', b'{"a":nan}', b"[" * 5000, b"\xff", b'{"NaN":x}'])
def test_what_else_is_not_json(body: bytes) -> None:
    assert "not JSON: " in message(body) or "nested too deeply" in message(body)


@pytest.mark.parametrize("text", ["NaN", "-Infinity"])
def test_a_text_or_a_key_of_that_name_is_not_blamed(text: str) -> None:
    assert "$.batch[0].traits.n " in message({"batch": [call(a=text, **{text: text}, n=math.nan)]})
