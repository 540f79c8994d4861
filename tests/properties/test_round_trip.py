"""Segment's law of the round trip (S-20): what an app gives to its SDK is what the webhook holds.

But for eleven keys that SDK and servers make, and top-level keys that hold an empty object. Segment's
acceptance tester compares so.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import app_calls

from segment_pendo.base import js_json
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.words import Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
ON_DEVICE = {"browser", "browser-batching", "react-native"}
MADE = (
    "messageId",
    "timestamp",
    "receivedAt",
    "sentAt",
    "originalTimestamp",
    "channel",
    "version",
    "projectId",
    "writeKey",
    "_metadata",
)


def compared(call: dict[str, Any]) -> dict[str, Any]:
    """A call without the eleven keys and without empty objects at its top."""
    kept = {key: value for key, value in call.items() if key not in MADE}
    if isinstance(kept.get("context"), dict):
        kept["context"] = {key: value for key, value in kept["context"].items() if key != "library"}
    return {key: value for key, value in kept.items() if value != {}}


def added(sdk: str, call: dict[str, Any]) -> dict[str, Any]:
    """What an SDK itself adds to every call, beyond the eleven keys: absent ids as null, the browser's page
    and the like.
    """
    more: dict[str, Any] = {}
    if sdk in {"python", "browser", "browser-batching"} and "userId" not in call:
        more["userId"] = None
    if sdk == "python" and "anonymousId" not in call:
        more["anonymousId"] = None
    return more


@pytest.mark.parametrize("sdk", SDKS)
@given(calls=st.lists(app_calls(), min_size=1, max_size=4))
def test_what_goes_in_comes_out(sdk: str, calls: list[dict[str, Any]]) -> None:
    names = iter(range(1000))
    made = requests(calls, sdk, write_key="WRITE_KEY", at=AT, unique=lambda: f"id-{next(names)}")
    came = [
        judged
        for request in made
        for judged in assess(request, id="r", at=AT, setup=Setup(track=True)).judged
    ]
    assert len(came) == len(calls)
    for call, judged in zip(calls, came, strict=True):
        assert isinstance(judged.outcome, Webhook), judged.outcome
        out = compared(json.loads(judged.outcome.body))
        if (
            sdk in ON_DEVICE
        ):  # these tell where they run and who is anonymous; a browser, that Segment itself is on
            given = call.get("context", {})
            out["context"] = {key: value for key, value in out.get("context", {}).items() if key in given}
            if "anonymousId" not in call:
                assert out.pop("anonymousId").startswith("id-")
            if "integrations" not in call and sdk != "react-native":
                assert out.pop("integrations") == {"Segment.io": True}
            out = compared(out)
        expected = compared(json.loads(js_json.write({**added(sdk, call), **call})))
        assert out == expected
