"""Why calls may be missing at the end of `run -- CMD`: what was seen of them, else what is likely."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segment_pendo.base.prose import many, printable
from segment_pendo.segment.hosts import likeness
from segment_pendo.serve.launching.misses import Misses

__all__ = ["Ended", "missing", "no_calls"]

_HOME: Final = "$SEGMENT_PENDO_URL"
_HOST_OPTION: Final = f"set the SDK's host to {_HOME}"
# What takes the place of a variable of ours if the app reads it from a file.
_OVERRIDES: Final = re.compile(
    r"^\s*(?:export\s+)?(https?_proxy|no_proxy|node_options|pythonpath|java_tool_options|node_extra_ca_certs"
    r"|ssl_cert_file|requests_ca_bundle)\s*=",
    re.IGNORECASE | re.MULTILINE,
)
_LONGEST_FILE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Ended:
    """How the command `name` ended: its exit code, and whether something that it had started still ran."""

    code: int
    left_running: bool = False
    name: str = "the command"


def missing(misses: Misses, authority: str = "$SEGMENT_PENDO_CA", home: str = _HOME) -> list[str]:
    """Return what is known of calls that did not come, whether or not others came.

    `authority` and `home`: the CA and the home URL as the client can name them, by default as a command does.
    """
    host_option = f"set the SDK's host to {home}"
    said = []
    for name, count in misses.distrusting.most_common():
        said.append(
            f"{printable(name)} refused the proxy's certificate for Segment ({many(count, 'time')}): it "
            f"trusts CAs of its own only, or pins a certificate. Add the CA of {authority} there, or "
            f"{host_option}."
        )
    for name, count in misses.silent.most_common():
        said.append(
            f"{printable(name)} closed {many(count, 'connection')} to Segment without a request: it accepts "
            f"only a certificate that it knows (pinning), or ended before it sent. Then {host_option}."
        )
    hosts = [*misses.posted, *(host for host in misses.tunnelled if likeness(host) == "likely")]
    said += [
        f"Calls may have gone to {printable(host)}, unseen: {_named(host)}" for host in dict.fromkeys(hosts)
    ]
    return said


def _named(host: str) -> str:
    return f"if it stands for Segment, add --segment-host {printable(host)}."


def no_calls(
    misses: Misses,
    ended: Ended,
    folder: Path,
    *,
    with_proxy: bool,
    refused: bool = False,
    settings: int = 0,
    resumed: bool = False,
) -> str:
    """Return why no call came: what was seen of them, else what is likely, or '' where none need have come.

    `folder`: where the command ran; `settings`: how often an SDK asked for its settings; `resumed`: the run
    had webhooks of earlier ones to deliver, for which alone it may have been started.
    """
    seen = [*_seen(misses, ended, refused=refused, settings=settings), *missing(misses)]
    if ended.code:  # it says itself what went wrong; what is merely likely would only hide that
        first = f"{printable(ended.name)} ended with exit code {ended.code} before it sent a call."
        evidence = [*seen, *_files(folder)]
        return f"{first} What was seen:\n{_listed(evidence)}" if evidence else first
    if seen:
        return "No Segment call was seen. What was seen:\n" + _listed([*seen, *_files(folder)])
    if resumed:
        return ""
    causes = [
        "its SDK may not have been flushed before the end (flush or close it)",
        "it may ignore HTTPS_PROXY and run in none of Node, Bun, Python, Java: " + _HOST_OPTION,
        "it may have forked after its first call: the SDK's thread does not live on in the child",
        "it may send to a host of its own: name it with --segment-host",
        "with OAuth, it may get its token from a host of its own: name that with --segment-host, too",
        "with OAuth, it may be unable to read its private key: Node's SDK wants PKCS #8 (BEGIN PRIVATE KEY)",
    ]
    if not with_proxy:
        causes = [
            "with --no-proxy the app itself must send to $SEGMENT_PENDO_URL",
            "with OAuth, its auth server must be $SEGMENT_PENDO_URL, too",
            causes[0],
        ]
    return "No Segment call was seen. Likely causes:\n" + _listed([*_files(folder), *causes])


def _listed(lines: list[str]) -> str:
    return "\n".join(f"  - {line}" for line in lines)


def _seen(misses: Misses, ended: Ended, *, refused: bool, settings: int) -> Iterator[str]:
    """Yield what only a run without any call says."""
    if refused:
        yield "requests came, but were refused: see the lines above, and the path after the SDK's host"
    if settings:
        asked = many(settings, "time")
        yield f"an SDK asked for its settings ({asked}), and sent nothing: no call, or no flush at its end"
    if ended.left_running:
        yield (
            "the command ended before something that it had started, which was ended with it: start that in "
            "the foreground (no &, no --daemon)"
        )
    for host in misses.tunnelled:
        if likeness(host) == "maybe":
            yield f"{printable(host)} was reached through the proxy, unread: {_named(host)}"


def _files(folder: Path) -> Iterator[str]:
    """Yield what files of a folder do to variables of ours."""
    for path in (folder / ".env", folder / ".env.local"):
        names = dict.fromkeys(name.upper() for name in _OVERRIDES.findall(_text(path)))
        if names:
            yield f"{path.name} here sets {' and '.join(names)}, which may take the place of ours"
    try:
        scripts = json.loads(_text(folder / "package.json") or "{}").get("scripts", {})
        lines = [str(line) for line in scripts.values()]
    except (ValueError, AttributeError):
        return
    if any("NODE_OPTIONS=" in line and "$NODE_OPTIONS" not in line for line in lines):
        yield "a script of package.json here sets NODE_OPTIONS without what was in it; add $NODE_OPTIONS"


def _text(path: Path) -> str:
    """Return what a file holds, or an empty text for none, for one that is too long or no text."""
    try:
        return path.read_text("utf-8") if path.stat().st_size <= _LONGEST_FILE else ""
    except (OSError, ValueError):
        return ""
