"""What Prometheus reads at /_/metrics, read with its own parser."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from tests.unit.serve.api.test_inspector import send
from tests.unit.serve.api.test_sessions import CHANGE, Nobody
from tests.unit.serve.test_home import fetch, status, talk

from segment_pendo import __version__
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.metrics import Metrics, _family, _Sample
from segment_pendo.serve.home import Home
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, State

type Samples = dict[tuple[str, frozenset[str]], float]


def read(text: str) -> Samples:
    """Each sample by its name and the values of its labels."""
    assert text.endswith("\n")
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(client: aiohttp.ClientSession) -> Samples:
    async with client.get("/_/metrics") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return read(await answer.text())


def at(samples: Samples, name: str, *labels: str) -> float:
    return samples.get((f"segment_pendo_{name}", frozenset(labels)), 0)


def test_a_run_counts_what_came_and_what_became_of_it() -> None:
    async def main() -> None:
        async with (
            Session(Plan(port=0, with_proxy=False), Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            before = await scraped(client)
            assert at(before, "build_info", __version__) == 1
            assert at(before, "delivery_seconds_count") == 0
            await send(client)
            await status(client, "POST", "/v1/batch", b"{")
            await status(client, "POST", "/v1/batch", b'{"batch": [{"type": "odd\\"\\n", "userId": "u"}]}')
            await fetch(client, "/_/wait?delivery=delivered&count=2&timeout=20")
            assert session.delivery is not None
            await session.delivery.drain(20)
            now = await scraped(client)
            for labels, count in (
                (("identify", "webhook"), 1),
                (("group", "webhook"), 1),
                (("track", "unselected"), 1),
                (("identify", "dropped"), 1),
            ):
                assert at(now, "calls_total", *labels) == count, labels
            assert sum(value for (name, _), value in now.items() if name == "segment_pendo_calls_total") == 5
            assert at(now, "findings_total", "NESTED_IGNORED", "warning") == 1
            assert at(now, "refused_total", "400") == 1
            assert at(now, "webhooks_total", "delivered") == 2
            assert at(now, "webhooks_waiting") == 0
            assert at(now, "delivery_seconds_count") == at(now, "delivery_seconds_bucket", "+Inf") == 2
            assert at(now, "store_bytes") > 0
            started = now["process_start_time_seconds", frozenset()]
            assert 0 <= datetime.now(UTC).timestamp() - started < 600
            # What the store forgets was counted all the same.
            await status(client, "DELETE", "/_/calls", b"", **CHANGE)
            after = await scraped(client)
            assert {key: value for key, value in after.items() if key[0].endswith("_total")} == {
                key: value for key, value in now.items() if key[0].endswith("_total")
            }

    asyncio.run(main())


def test_attempts_stand_in_the_bucket_of_their_duration_and_end_once() -> None:
    metrics = Metrics()
    heard: list[Attempt] = []
    hear = metrics.hearing(lambda _ref, attempt: heard.append(attempt))
    ends: list[tuple[float, State]] = [
        (0.001, "waiting"),
        (0.0011, "waiting"),
        (0.3, "dead"),
        (60, "delivered"),
    ]
    for number, (seconds, state) in enumerate(ends, 1):
        hear(CallRef("r", 0), Attempt(number, datetime.now(UTC), 200, "", state, seconds))
    assert [attempt.number for attempt in heard] == [1, 2, 3, 4]
    with closing(Store(None, setup=Setup())) as store:
        samples = read(metrics.text(store))
    counts = {
        bound: at(samples, "delivery_seconds_bucket", bound) for bound in ("0.001", "0.005", "0.5", "10.0")
    }
    assert counts == {"0.001": 1, "0.005": 2, "0.5": 3, "10.0": 3}
    assert at(samples, "delivery_seconds_bucket", "+Inf") == at(samples, "delivery_seconds_count") == 4
    assert at(samples, "delivery_seconds_sum") == sum(seconds for seconds, _ in ends)
    assert [at(samples, "webhooks_total", state) for state in ("dead", "delivered", "waiting")] == [1, 1, 0]


def test_texts_are_escaped_as_the_format_asks() -> None:
    label, means = 'a "quote" \\ and\na line', "one \\ and\ntwo"
    (family,) = text_string_to_metric_families(_family("x", "gauge", means, [_Sample(1.5, (("l", label),))]))
    (sample,) = family.samples
    assert (family.documentation, sample.labels, sample.value) == (means, {"l": label}, 1.5)


def test_only_this_machine_reads_it() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        foreign: dict[str, Any] = {"Host": f"evil.example:{home.url.rpartition(':')[2]}"}
        for headers in (foreign, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert await status(client, "GET", "/_/metrics", b"", **headers) == 403
        assert await status(client, "POST", "/_/metrics") == 405

    talk(what)
