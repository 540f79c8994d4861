"""Small test suites that use the plugin, as an adopter would write them."""

from textwrap import dedent

import pytest

# Once here, else each suite in this process would import them anew.
import segment.analytics.client  # noqa: F401

import segment_pendo.testing.loop_thread  # noqa: F401

# `send` is what an SDK does, without its thread.
CONFTEST = """
import json
import urllib.request
import pytest

opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # once: it reads all CA certificates

def post(url, *calls, path="/v1/batch"):
    body = json.dumps({"batch": calls, "writeKey": "k"}).encode()
    request = urllib.request.Request(url + path, body, {"Content-Type": "application/json"})
    with opener.open(request, timeout=20) as answer:
        return answer.status

@pytest.fixture
def send(segment_pendo):
    return lambda *calls: post(segment_pendo.host, *calls)

def identify_call(user, **traits):
    return {"type": "identify", "userId": user, "traits": traits}

def group_call(user, group, **traits):
    return {"type": "group", "userId": user, "groupId": group, "traits": traits}

def track_call(user, event, **properties):
    return {"type": "track", "userId": user, "event": event, "properties": properties}
"""
HEAD = """
import pytest
from calls import *
from segment_pendo.testing import *
"""
# `send` has its answer before it returns, so nothing is on its way when a test looks.
_BARE = ("-p", "no:cacheprovider", "-o", "segment_pendo_quiet=0")
WORKERS = (*_BARE, "-p", "no:asyncio", "-p", "no:syrupy", "-p", "no:inline_snapshot")
PLAIN = (*WORKERS, "-p", "no:xdist")
FULL = (*_BARE, "-o", "asyncio_default_fixture_loop_scope=function")  # with the plugins of others


def ran(
    pytester: pytest.Pytester, source: str, *arguments: str, plugins: tuple[str, ...] = PLAIN
) -> pytest.RunResult:
    """Run a suite in this process."""
    pytester.makepyfile(calls=CONFTEST)
    pytester.makeconftest("from calls import send")
    pytester.makepyfile(test_suite=HEAD + dedent(source))
    return pytester.runpytest_inprocess(*plugins, *arguments)


def said(result: pytest.RunResult) -> str:
    """All that it printed."""
    return "\n".join(result.outlines)
