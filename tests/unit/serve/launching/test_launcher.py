"""The child's environment and CA bundles."""

import asyncio
import os
import shlex
import sys

import pytest

from segment_pendo.serve import environment
from segment_pendo.serve.launching import launcher
from segment_pendo.serve.launching.launcher import Doors
from segment_pendo.serve.launching.trust import Trusted

HOME, PROXY, TUNNEL = "http://127.0.0.1:4170", "http://127.0.0.1:4171", "127.0.0.1:4172"
HOSTS = ["api.segment.io", "cdn.segment.com"]


def test_no_secret_reaches_the_child() -> None:
    env = launcher.child_environment(
        dict.fromkeys(environment.SECRETS, "x") | {"PATH": "/bin"}, Doors(HOME, PROXY, TUNNEL), HOSTS
    )
    assert not environment.SECRETS & set(env)
    assert (env["PATH"], env["SEGMENT_PENDO_URL"], env["SEGMENT_PENDO_HOSTS"]) == (
        "/bin",
        HOME,
        "api.segment.io,cdn.segment.com",
    )


def test_without_a_proxy_nothing_else_is_touched() -> None:
    env = launcher.child_environment({"HTTPS_PROXY": "http://corp:1", "NO_PROXY": "*"}, Doors(HOME), HOSTS)
    assert (env["HTTPS_PROXY"], env["NO_PROXY"]) == ("http://corp:1", "*")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
def test_every_spelling_of_the_proxy(name: str) -> None:
    assert launcher.child_environment({}, Doors(HOME, PROXY, TUNNEL), HOSTS)[name] == PROXY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "127.0.0.1,localhost,::1"),
        ("intern.example, .corp", "intern.example,.corp,127.0.0.1,localhost,::1"),
        ("*", "127.0.0.1,localhost,::1"),
        ("api.segment.io,x", "x,127.0.0.1,localhost,::1"),
        (".segment.io,x", "x,127.0.0.1,localhost,::1"),
        ("segment.com:443,x", "x,127.0.0.1,localhost,::1"),
        ("*.segment.io,io,x", "x,127.0.0.1,localhost,::1"),
        ("localhost,notsegment.io", "localhost,notsegment.io,127.0.0.1,::1"),
    ],
)
def test_no_proxy_keeps_its_entries_but_for_segments_hosts(before: str, after: str) -> None:
    env = launcher.child_environment({"NO_PROXY": before}, Doors(HOME, PROXY, TUNNEL), HOSTS)
    assert env["NO_PROXY"] == env["no_proxy"] == after


def test_node_and_bun_options_are_added_to() -> None:
    env = launcher.child_environment(
        {"NODE_OPTIONS": "--max-old-space-size=99"}, Doors(HOME, PROXY, TUNNEL), HOSTS
    )
    assert env["NODE_OPTIONS"] == f'--max-old-space-size=99 --require "{launcher.PRELOAD}"'
    assert env["BUN_OPTIONS"] == f"--preload={launcher.BUN_PRELOAD}"
    assert launcher.PRELOAD.is_file()
    assert launcher.BUN_PRELOAD.is_file()


def test_python_finds_our_start_up_first_and_what_was_there_next() -> None:
    env = launcher.child_environment({"PYTHONPATH": "/mine"}, Doors(HOME, PROXY, TUNNEL), HOSTS)
    assert env["PYTHONPATH"] == f"{launcher.START_UP}{os.pathsep}/mine"
    again = launcher.child_environment(env, Doors(HOME, PROXY, TUNNEL), HOSTS)
    assert again == env, "a shell that has these variables gets nothing twice"
    assert env["SEGMENT_PENDO_TUNNEL"] == TUNNEL
    alone = launcher.child_environment({}, Doors(HOME, PROXY, TUNNEL), HOSTS)
    assert alone["PYTHONPATH"] == str(launcher.START_UP)  # an empty entry would be the working directory
    assert (launcher.START_UP / "sitecustomize.py").is_file()


def test_without_a_tunnel_nothing_is_hooked() -> None:
    env = launcher.child_environment({}, Doors(HOME, PROXY), HOSTS)
    assert not {"NODE_OPTIONS", "PYTHONPATH", "SEGMENT_PENDO_TUNNEL"} & set(env)


def test_java_gets_proxy_and_trust_store_as_options() -> None:
    base = {"JAVA_TOOL_OPTIONS": "-Xmx1g", "NO_PROXY": ".corp,api.segment.io,10.0.0.1:80"}
    trust = Trusted(java=("-Djavax.net.ssl.trustStore=/a b/s",))
    env = launcher.child_environment(base, Doors(HOME, PROXY), HOSTS, trust)
    assert shlex.split(env["JAVA_TOOL_OPTIONS"]) == [
        "-Xmx1g",
        "-Dhttp.proxyHost=127.0.0.1",
        "-Dhttp.proxyPort=4171",
        "-Dhttps.proxyHost=127.0.0.1",
        "-Dhttps.proxyPort=4171",
        "-Dhttp.nonProxyHosts=corp|*.corp|10.0.0.1|127.0.0.1|localhost|*.localhost|[::1]",
        "-Djavax.net.ssl.trustStore=/a b/s",
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/a b/c.cjs", '"/a b/c.cjs"'),
        (r"C:\Program Files\x.cjs", r'"C:\\Program Files\\x.cjs"'),
        ('/a"b', r'"/a\"b"'),
    ],
)
def test_paths_in_node_options(path: str, text: str) -> None:
    assert launcher.quoted(path) == text


@pytest.mark.parametrize(
    ("variable", "url", "auth"),
    [
        ("http://proxy.corp:3128", "http://proxy.corp:3128", ""),
        ("proxy.corp:3128", "http://proxy.corp:3128", ""),
        ("http://me:p%40ss@proxy.corp", "http://proxy.corp:80", "me:p@ss"),
        ("https://[::1]:9/", "https://[::1]:9", ""),
    ],
)
def test_a_proxy_that_was_there_before_becomes_the_upstream(variable: str, url: str, auth: str) -> None:
    found = launcher.upstream({"https_proxy": variable})
    assert found is not None
    assert (found.url, found.auth) == (url, auth)
    assert "ss" not in repr(found).replace("https", "") or not auth


@pytest.mark.parametrize("variable", ["socks5://x:1", "http://", "http://h:port", "http://[bad"])
def test_a_proxy_that_we_cannot_use_is_told_without_repeating_it(variable: str) -> None:
    with pytest.raises(launcher.UpstreamError, match="HTTPS_PROXY is set, but") as refused:
        launcher.upstream({"HTTPS_PROXY": variable})
    assert variable not in str(refused.value)


def test_no_proxy_before_us() -> None:
    assert launcher.upstream({"HTTPS_PROXY": "", "HTTP_PROXY": "http://x:1"}) is None


def test_the_end_of_a_child_as_a_shell_tells_it() -> None:
    assert [launcher.exit_code(code) for code in (0, 3, -15, -9)] == [0, 3, 143, 137]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("no-such-command", "no such command in PATH"),
        ("/etc", "is not executable"),
        ("./nothing-here", "there is no such file"),
    ],
)
def test_a_command_that_cannot_be_started_is_named(command: str, words: str) -> None:
    with pytest.raises(launcher.CommandError, match=f"{command}.*{words}"):
        asyncio.run(_ended(command))


async def _ended(*command: str) -> int:
    return await (await launcher.start(command, dict(os.environ))).wait()


def test_a_command_is_started_with_its_arguments() -> None:
    assert asyncio.run(_ended(sys.executable, "-c", "import sys; sys.exit(len(sys.argv[1]))", "a b")) == 3
