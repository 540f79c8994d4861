"""Other libraries that fake HTTP: the message names the active one, and the advised line lets us through."""

import re

import pytest
from suites import FULL, ran, said

from segment_pendo.testing.http_fakes import FAKES

# How a test begins that uses the fake, and how once more with the remedy that the message gives.
TESTS = {
    "responses": (
        "import requests, responses as library",
        "with library.RequestsMock() as responses:",
        "with library.RequestsMock() as responses:\n            {remedy}",
        "requests.post(url, json=body)",
    ),
    "requests-mock": (
        "import re, requests, requests_mock as library",
        "with library.Mocker() as requests_mock:",
        "with library.Mocker() as requests_mock:\n            {remedy}",
        "requests.post(url, json=body)",
    ),
    "pytest-httpx": (
        "import httpx",
        "if httpx_mock:",
        "if httpx_mock:",
        "httpx.post(url, json=body)",
    ),
    "respx": (
        "import httpx, respx as library",
        "with library.mock(assert_all_called=False) as respx:",
        "with library.mock(assert_all_called=False) as respx:\n            {remedy}",
        "httpx.post(url, json=body)",
    ),
    "aioresponses": (
        "import aiohttp, asyncio; from aioresponses import aioresponses",
        "with aioresponses():",
        "with {remedy}:",
        "asyncio.run(post(url, body))",
    ),
    "vcrpy": (
        "import requests, vcr",
        "with vcr.VCR(record_mode='none').use_cassette('c.yaml'):",
        "with {remedy}.use_cassette('c.yaml', record_mode='none'):",
        "requests.post(url, json=body)",
    ),
}

SUITE = """
    {imports}

    async def post(url, body):
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            await answer.read()

    {marker}
    def test_it(segment_pendo{fixture}):
        url, body = segment_pendo.host + "/v1/batch", {{"writeKey": "k", "batch": [identify_call("u1")]}}
        {begin}
            try:
                {send}
            except Exception:  # as an SDK does
                pass
            segment_pendo.wait(identify("u1"), timeout=0.2)
    """


@pytest.mark.parametrize("fake", FAKES, ids=[fake.name for fake in FAKES])
def test_the_active_fake_is_named_and_its_remedy_works(pytester: pytest.Pytester, fake: object) -> None:
    (known,) = [known for known in FAKES if known is fake]
    imports, begin, with_remedy, send = TESTS[known.name]
    fixture = ", httpx_mock" if known.name == "pytest-httpx" else ""
    result = ran(
        pytester,
        SUITE.format(imports=imports, marker="", fixture=fixture, begin=begin, send=send),
        plugins=FULL,
    )
    assert result.parseoutcomes()["failed"] == 1  # some also object at the end of the test
    words = r"\b" + re.escape(
        f"{known.name} is active, and may answer the SDK in our place. Let it through: {known.remedy}"
    )
    assert re.search(words, said(result)), said(result)
    others = [
        other.name
        for other in FAKES
        if other is not known and re.search(rf"\b{other.name} is active", said(result))
    ]
    assert others == []
    marker = known.remedy if known.remedy.startswith("@") else ""
    begin = with_remedy.format(remedy=known.remedy)
    ran(
        pytester,
        SUITE.format(imports=imports, marker=marker, fixture=fixture, begin=begin, send=send),
        plugins=FULL,
    ).assert_outcomes(passed=1)
