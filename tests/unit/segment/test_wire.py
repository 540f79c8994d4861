"""Our wire forms beside requests that the real SDKs sent (fixtures/sdk)."""

import base64
import itertools
import json
import re
from datetime import UTC, datetime
from typing import Any

import make_fixtures
import pytest

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.words import JsonObject, SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, 234567, tzinfo=UTC)
CAPTURES = {
    "python": "segment-analytics-python-2.4.0.jsonl",
    "node": "analytics-node-3.1.0.jsonl",
    "browser": "analytics-next-1.84.3-standard.jsonl",
    "browser-batching": "analytics-next-1.84.3-batching.jsonl",
    "react-native": "analytics-react-native-2.24.1-stubbed.jsonl",
    "ruby": "analytics-ruby-2.5.0.jsonl",
    "go": "analytics-go-3.0.0.jsonl",
}
CALLS: dict[str, JsonObject] = {
    "identify-doc": {"type": "identify", "userId": "u", "traits": {"a": 1}},
    "identify-anon": {"type": "identify", "anonymousId": "a", "traits": {"a": 1}},
    "identify-no-traits": {"type": "identify", "userId": "u"},
    "group-doc": {"type": "group", "userId": "u", "groupId": "g", "traits": {"a": 1}},
    "track-doc": {"type": "track", "userId": "u", "event": "E", "properties": {"a": 1}},
}


def made(sdk: str, *calls: JsonObject) -> list[SdkRequest]:
    numbers = itertools.count()
    return requests(
        calls, sdk, write_key="WK", at=AT, unique=lambda: f"00000000-0000-4000-8000-{next(numbers):012}"
    )


def shape(request: SdkRequest) -> dict[str, Any]:
    """What of a request is the SDK's and not the call's."""
    body = json.loads(request.body)
    event = body["batch"][0] if "batch" in body else body
    headers = {name.lower(): value for name, value in request.headers}
    return {
        "path": request.path,
        "envelope": sorted(key for key in body if "batch" in body),
        # A browser knows more about itself than we pretend.
        "event": sorted(event),
        "library": (body if "batch" in body and "context" in body else event)["context"]["library"]["name"],
        "type": headers["content-type"],
        "agent": "" if headers["user-agent"].startswith("Mozilla") else headers["user-agent"],
        "auth": headers.get("authorization", "").split()[:1],
        "nulls": sorted(key for key, value in event.items() if value is None),
        "integrations": event.get("integrations"),
    }


@pytest.mark.parametrize("mark", CALLS)
@pytest.mark.parametrize("sdk", CAPTURES)
def test_a_call_looks_as_the_real_sdk_sent_it(sdk: str, mark: str) -> None:
    real = next(
        r
        for _, m, r in make_fixtures.captured(make_fixtures.SDK / CAPTURES[sdk])
        if m == mark and r.method == "POST"
    )
    call = dict(CALLS[mark])
    if not re.search(rb'"userId": ?"', real.body):  # nobody was identified there
        call.pop("userId", None)
    (ours,) = made(sdk, call)
    assert shape(ours) == shape(real)


@pytest.mark.parametrize("sdk", SDKS)
def test_every_form_becomes_the_same_webhooks(sdk: str) -> None:
    bodies = []
    for request in made(sdk, CALLS["identify-doc"], CALLS["group-doc"]):
        receipt = assess(request, id="r", at=AT, setup=Setup())
        assert receipt.refusal is None
        bodies += [json.loads(j.outcome.body) for j in receipt.judged if isinstance(j.outcome, Webhook)]
    assert [(b["type"], b["userId"], b.get("groupId"), b["traits"]) for b in bodies] == [
        ("identify", "u", None, {"a": 1}),
        ("group", "u", "g", {"a": 1}),
    ]


@pytest.mark.parametrize(
    ("sdk", "counts"), [("python", [100, 5]), ("node", [15] * 7), ("browser", [1] * 105)]
)
def test_batches_have_the_sdks_size(sdk: str, counts: list[int]) -> None:
    sizes = [len(json.loads(r.body).get("batch", [None])) for r in made(sdk, *[CALLS["identify-doc"]] * 105)]
    assert sizes == counts


def test_the_write_key_is_where_the_sdk_puts_it() -> None:
    for sdk in SDKS:
        (request,) = made(sdk, CALLS["identify-doc"])
        basic = ("Authorization", "Basic " + base64.b64encode(b"WK:").decode())
        assert (basic in request.headers) == (sdk != "react-native")
        in_body = {"python", "node", "browser", "browser-batching", "react-native"}
        assert ("writeKey" in json.loads(request.body)) == (sdk in in_body)
