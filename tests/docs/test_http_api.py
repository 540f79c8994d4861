"""docs/http-api.md and serve/api/openapi.json say what the code answers: each path, each name, no other."""

import json
import re
from contextlib import closing
from typing import Any

import aiohttp
import make_api
from tests.unit.serve.api.test_inspector import send
from tests.unit.serve.test_home import fetch, talk

from segment_pendo.explain.rows import CallRow
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.metrics import Metrics
from segment_pendo.serve.home import Home
from segment_pendo.serve.questions import NAMES
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.filters import FILTERS

AGAIN = "run: uv run python tests/tools/make_api.py"
DOCUMENT: dict[str, Any] = json.loads(make_api.OPENAPI.read_text("utf-8"))


def test_both_are_made_from_the_code_of_today() -> None:
    assert make_api.OPENAPI.read_text("utf-8") == make_api.openapi_text(), AGAIN
    assert make_api.PAGE.read_text("utf-8") == make_api.page(), AGAIN


def test_every_route_and_name_is_described_and_no_other() -> None:
    described = {
        (method.upper(), path): {one["name"] for one in operation["parameters"] if one["in"] == "query"}
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
    }
    assert described == {route: set(NAMES.get(route, ())) for route in make_api.routes()}
    assert set(make_api.OPERATIONS) == set(described)
    assert set(NAMES) <= set(described), "names of a path that is no route"
    assert set(make_api.PARAMETERS) == {name for names in NAMES.values() for name in names}
    assert set(FILTERS) <= described["GET", "/_/calls"]


def test_every_member_of_a_row_and_every_metric_is_told() -> None:
    text = make_api.PAGE.read_text("utf-8")
    row, metrics = (text.split(heading)[1].split("\n## ")[0] for heading in ("## A row", "## Prometheus"))
    assert set(CallRow.__annotations__) <= set(re.findall(r"`(\w+)`", row))
    with closing(Store(None, setup=Setup())) as store:
        names = re.findall(r"^# TYPE (\S+)", Metrics().text(store), re.MULTILINE)
    assert len(names) > 5
    assert set(names) - {"segment_pendo_build_info"} <= set(re.findall(r"`(\w+)", metrics))


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert references <= set(DOCUMENT["components"]["schemas"])


NEEDED = {"/_/records": "?kind=visitor", "/_/wait": "?timeout=0", "/_/why": "?user=u"}


def test_the_examples_are_answered_and_the_document_is_served() -> None:
    examples = re.findall(r"^GET (/_/\S+)$", make_api.PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(examples) > 4

    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        for example in examples:
            assert (await fetch(client, example.replace("timeout=5", "timeout=0")))[0] in {200, 408}, example
        assert (await fetch(client, "/_/openapi.json")) == (200, DOCUMENT)
        for (method, path), (_, answer, _statuses) in make_api.OPERATIONS.items():
            required = make_api._ANSWERS.get(answer, {}).get("required")
            if method == "GET" and required:
                _, body = await fetch(client, path + NEEDED.get(path, ""))
                assert set(required) <= set(body), path

    talk(what)
