"""The child's environment and CA bundles."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from segment_pendo.serve import environment, launcher

HOME, PROXY = "http://127.0.0.1:4170", "http://127.0.0.1:4171"
HOSTS = ["api.segment.io", "cdn.segment.com"]


def test_no_secret_reaches_the_child() -> None:
    env = launcher.child_environment(
        dict.fromkeys(environment.SECRETS, "x") | {"PATH": "/bin"}, home=HOME, hosts=HOSTS, proxy=PROXY
    )
    assert not environment.SECRETS & set(env)
    assert (env["PATH"], env["SEGMENT_PENDO_URL"], env["SEGMENT_PENDO_HOSTS"]) == (
        "/bin",
        HOME,
        "api.segment.io,cdn.segment.com",
    )


def test_without_a_proxy_nothing_else_is_touched() -> None:
    env = launcher.child_environment(
        {"HTTPS_PROXY": "http://corp:1", "NO_PROXY": "*"}, home=HOME, hosts=HOSTS
    )
    assert (env["HTTPS_PROXY"], env["NO_PROXY"]) == ("http://corp:1", "*")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"])
def test_every_spelling_of_the_proxy(name: str) -> None:
    assert launcher.child_environment({}, home=HOME, hosts=HOSTS, proxy=PROXY)[name] == PROXY


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
    env = launcher.child_environment({"NO_PROXY": before}, home=HOME, hosts=HOSTS, proxy=PROXY)
    assert env["NO_PROXY"] == env["no_proxy"] == after


def test_bundles_keep_what_the_variable_named(tmp_path: Path) -> None:
    ours, theirs, node = tmp_path / "ours.pem", tmp_path / "theirs.pem", tmp_path / "node.pem"
    ours.write_text("OURS\n")
    theirs.write_text("THEIRS")
    node.write_text("NODE\n")
    base = {"REQUESTS_CA_BUNDLE": str(theirs), "NODE_EXTRA_CA_CERTS": str(node)}
    made = {
        name: Path(path).read_text()
        for name, path in launcher.bundles(base, ours, tmp_path / "made").items()
        if "INI" not in name
    }
    assert made["REQUESTS_CA_BUNDLE"] == "THEIRS\nOURS\n"
    assert made["NODE_EXTRA_CA_CERTS"] == "NODE\nOURS\n"
    assert made["SSL_CERT_FILE"].count("BEGIN CERTIFICATE") > 10
    assert made["SSL_CERT_FILE"].endswith("OURS\n")


def test_node_needs_only_ours_on_top_of_its_own(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    ours.write_text("OURS\n")
    assert Path(launcher.bundles({}, ours, tmp_path / "made")["NODE_EXTRA_CA_CERTS"]).read_text() == "OURS\n"


def test_node_and_bun_options_are_added_to() -> None:
    env = launcher.child_environment(
        {"NODE_OPTIONS": "--max-old-space-size=99"}, home=HOME, hosts=HOSTS, proxy=PROXY
    )
    assert env["NODE_OPTIONS"] == f'--max-old-space-size=99 --require "{launcher.PRELOAD}"'
    assert env["BUN_OPTIONS"] == f"--preload={launcher.PRELOAD}"
    assert launcher.PRELOAD.is_file()


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


def test_php_finds_our_bundle_by_an_ini_file(tmp_path: Path) -> None:
    ours = tmp_path / "ours.pem"
    ours.write_text("OURS\n")
    made = launcher.bundles({"PHP_INI_SCAN_DIR": "/mine"}, ours, tmp_path / "made")
    assert made["PHP_INI_SCAN_DIR"] == f"/mine{os.pathsep}{tmp_path / 'made'}"
    assert f'curl.cainfo="{made["SSL_CERT_FILE"]}"' in (tmp_path / "made" / "segment-pendo.ini").read_text()


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
