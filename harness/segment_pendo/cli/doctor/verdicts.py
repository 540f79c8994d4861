"""Judge what was found on this machine: a verdict of one line for each thing, with the command that helps."""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from segment_pendo.base.hosts import HOME_PORT, PROXY_PORT, is_loopback
from segment_pendo.base.prose import many, short
from segment_pendo.serve.client import name_of
from segment_pendo.serve.launching.launcher import Upstream, UpstreamError, covering, upstream
from segment_pendo.serve.launching.trust import BUNDLES, EXTRAS
from segment_pendo.words import JsonObject

__all__ = [
    "Asked",
    "Check",
    "Held",
    "Mode",
    "authority_files",
    "ca_variables",
    "capture",
    "client",
    "clock",
    "door",
    "instance",
    "mitmproxy",
    "no_proxy",
    "node_fetch",
    "port",
    "proxy_variables",
    "python",
    "python_hook",
    "state_directory",
    "total",
]

type Mode = int | None  # the permissions of a file or directory, None if it is not there
type State = Literal["ok", "warning", "wrong"]

_LEAST_PYTHON: Final = (3, 12)
_LEAST_MITMPROXY: Final = (12, 2)
_LOOPBACK: Final = ("127.0.0.1", "localhost")
_PAIRS: Final = (("HTTP_PROXY", "http_proxy"), ("HTTPS_PROXY", "https_proxy"), ("NO_PROXY", "no_proxy"))
_WIDEST: Final = 100
_NODE_APP: Final = "segment-pendo run -- node APP"
# A damaged CA spoils what needs it; `demo` shows each step of the rest.
_OF_DOOR: Final = {"proxy": "segment-pendo ca remove", "TLS": "segment-pendo ca remove"}
# No clock that is right shows an earlier time, or one so late.
_EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict: what was looked at, how it is, a sentence, and the command that helps, if any does."""

    name: str
    state: State
    said: str
    help: str = ""

    def row(self) -> JsonObject:
        """Return it as JSON has it."""
        return {"name": self.name, "state": self.state, "said": self.said, "help": self.help or None}


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a port: nobody (`is_free`), a segment-pendo (`is_ours`), or the program `who`, if known."""

    is_free: bool = False
    is_ours: bool = False
    who: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client made of our certificate: `is_trusted` is None where it gave no answer, and says `why`."""

    is_trusted: bool | None
    why: str = ""


def total(checks: Sequence[Check]) -> str:
    """Return the last line: how many checks there were, and how they ended."""
    wrong = sum(check.state == "wrong" for check in checks)
    warnings = sum(check.state == "warning" for check in checks)
    parts = [f"{len(checks) - wrong - warnings} ok"]
    parts += [many(warnings, "warning")] if warnings else []
    parts += [f"{wrong} wrong"] if wrong else []
    return f"{many(len(checks), 'check')}: {', '.join(parts)}"


def python(version: tuple[int, int, int], ours: str) -> Check:
    """Judge the version of Python that runs segment-pendo `ours`."""
    said = f"segment-pendo {ours} on Python {'.'.join(map(str, version))}"
    if version[:2] >= _LEAST_PYTHON:
        return Check("python", "ok", said)
    least = ".".join(map(str, _LEAST_PYTHON))
    return Check("python", "wrong", f"{said}; it needs {least} or later", f"uv python install {least}")


def mitmproxy(version: str | None, install: str) -> Check:
    """Judge the version of mitmproxy, None if it is not installed; `install` is the command for it."""
    if version is None:
        said = "not installed, so there is no proxy and no TLS port: only the home port"
        return Check("mitmproxy", "warning", said, install)
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < _LEAST_MITMPROXY:
        least = ".".join(map(str, _LEAST_MITMPROXY))
        return Check("mitmproxy", "wrong", f"{version}; the proxy needs {least} or later", install)
    return Check("mitmproxy", "ok", version)


def port(number: int, held: Held) -> Check:
    """Judge who holds one of the ports that `run` takes by default."""
    name = {HOME_PORT: "home port", PROXY_PORT: "proxy port"}.get(number, "port")
    who = f"{short(held.who, _WIDEST)} has it" if held.who else "another program has it"
    if held.is_free:
        return Check(name, "ok", f"{number} is free")
    if held.is_ours:
        return Check(name, "ok", f"{number}: a segment-pendo runs there")
    return Check(name, "wrong", f"{number} is taken: {who}", "segment-pendo run --port 0 -- CMD")


def instance(url: str, held: Held | None) -> Check:
    """Judge who answers at the instance that verbs ask by default; None: not asked, another machine."""
    name, where = "instance", f"$SEGMENT_PENDO_URL names {short(_host(url), _WIDEST)}"
    if held is None:
        return Check(name, "ok", f"{where}, another machine, which is not asked")
    if held.is_ours:
        return Check(name, "ok", f"{where}: a segment-pendo runs there")
    why = "nobody answers there" if held.is_free else "another program answers there"
    return Check(name, "warning", f"{where}, and {why}", "unset SEGMENT_PENDO_URL")


def _host(url: str) -> str:
    """Return host and port of a URL, which may have a password."""
    try:
        return name_of(url) or "no URL"
    except ValueError:
        return "no URL"


def state_directory(path: str, mode: Mode, *, is_link: bool, is_ours: bool, refused: str) -> Check:
    """Judge the state directory, or if it is not there, whether the next run can make it.

    `refused`: why nothing can be made in it, or in the nearest folder above that is there; '' if it can.
    """
    name, where = "state directory", shlex.quote(path)
    if is_link:
        return Check(name, "wrong", f"{path} is a link, which no run follows", f"rm {where}")
    if refused:
        what = f"{path} cannot be {'made' if mode is None else 'written'}: {refused}"
        return Check(name, "wrong", what, 'export XDG_STATE_HOME="$HOME/.state"')
    if mode is None:
        return Check(name, "ok", f"{path} is not there yet; the first run makes it")
    if not is_ours:
        said = f"{path} belongs to another user"
        return Check(name, "wrong", said, f'sudo chown -R "$(id -u)" {where}')
    if mode & 0o077:
        return Check(name, "wrong", f"others may look into {path} (mode {mode:03o})", f"chmod 700 {where}")
    return Check(name, "ok", f"{path}, for you alone")


def authority_files(path: str, mode: Mode, *, key: str, key_mode: Mode) -> Check:
    """Judge the files of the proxy's CA: the certificate at `path`, and its `key`."""
    if mode is None and key_mode is None:
        return Check("CA", "ok", "there is none yet; the first run makes it", "segment-pendo ca path")
    if mode is None or key_mode is None:
        missing = path if mode is None else key
        return Check("CA", "wrong", f"{missing} is missing", "segment-pendo ca remove")
    if key_mode & 0o077:
        said = f"others may read its key {key} (mode {key_mode:03o})"
        return Check("CA", "wrong", said, f"chmod 600 {shlex.quote(key)}")
    return Check("CA", "ok", path)


def clock(now: datetime, newest: datetime) -> Check:
    """Judge the clock by what cannot be: a time before our release, or a day before our own files."""
    shown = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if not _EARLIEST <= now <= _LATEST or (newest - now).days >= 1:
        said = f"{shown} cannot be right; Segment reckons with it, and so do certificates"
        return Check("clock", "wrong", said, "sudo timedatectl set-ntp true")
    return Check("clock", "ok", shown)


def proxy_variables(environment: Mapping[str, str]) -> Iterator[Check]:
    """Judge the variables that name the proxy of this shell."""
    try:
        given = upstream(environment)
    except UpstreamError as error:
        yield Check("proxy variables", "wrong", str(error).rstrip("."), "unset HTTPS_PROXY https_proxy")
        return
    for upper, lower in _PAIRS:
        if upper in environment and lower in environment and environment[upper] != environment[lower]:
            said = f"{upper} and {lower} differ, and each client heeds another of them"
            yield Check("proxy variables", "warning", said, f'export {lower}="${upper}"')
    yield _upstream(given, environment)


def _upstream(given: Upstream | None, environment: Mapping[str, str]) -> Check:
    name = "proxy variables"
    if given is None:
        plain = environment.get("HTTP_PROXY") or environment.get("http_proxy")
        said = "HTTPS_PROXY is not set, HTTP_PROXY is: `run` does not go through it"
        return (
            Check(name, "warning", said, 'export HTTPS_PROXY="${HTTP_PROXY:-$http_proxy}"')
            if plain
            else Check(name, "ok", "none is set")
        )
    parts = urlsplit(given.url)
    if is_loopback(parts.hostname or "") and parts.port == PROXY_PORT:
        said = f"HTTPS_PROXY is {given.url}, our own: a `run` started in this shell would go through itself"
        return Check(name, "warning", said, "unset HTTP_PROXY http_proxy HTTPS_PROXY https_proxy")
    return Check(
        name, "ok", f"HTTPS_PROXY is {short(given.url, _WIDEST)}; `run` reaches other hosts through it"
    )


def no_proxy(environment: Mapping[str, str], hosts: Sequence[str]) -> Check:
    """Judge NO_PROXY: whether it covers one of Segment's hosts, and whether it covers this machine."""
    entries = [
        entry.strip()
        for name in ("NO_PROXY", "no_proxy")
        for entry in environment.get(name, "").split(",")
        if entry.strip()
    ]
    has_proxy = any(environment.get(name) for pair in _PAIRS[:2] for name in pair)
    bad = [entry for entry in dict.fromkeys(entries) if covering(entry, hosts)]
    kept = [entry for entry in dict.fromkeys(entries) if entry not in bad]
    if bad:
        said = (
            f"{short(bad[0], 60)} in it covers {covering(bad[0], hosts)}: an app that is pointed at the "
            "proxy by hand goes past it, to the real Segment (`run -- CMD` takes that out)"
        )
        return Check("NO_PROXY", "warning", said, _exported(kept))
    missing = [name for name in _LOOPBACK if not ("*" in entries or covering_any(entries, name))]
    if has_proxy and missing:
        said = (
            f"{' and '.join(missing)} not in it: an SDK with the home port as its host sends its calls to "
            "your proxy (`run -- CMD` adds that)"
        )
        return Check("NO_PROXY", "warning", said, _exported([*kept, *missing]))
    return Check("NO_PROXY", "ok", "no trap in it" if entries else "not set")


def covering_any(entries: Sequence[str], host: str) -> bool:
    """Whether one of the entries covers a host."""
    return any(covering(entry, [host]) for entry in entries)


def _exported(entries: Sequence[str]) -> str:
    value = shlex.quote(short(",".join(entries), 400))
    return f"export NO_PROXY={value} no_proxy={value}"


def ca_variables(environment: Mapping[str, str], missing: Sequence[str]) -> Check:
    """Judge the variables with files of certificates; `missing` are those that name no file."""
    names = [name for name in (*BUNDLES, *EXTRAS) if environment.get(name)]
    if missing:
        said = f"{', '.join(missing)} {'names' if len(missing) == 1 else 'name'} no file that can be read"
        return Check("CA variables", "wrong", said, f"unset {' '.join(missing)}")
    return Check("CA variables", "ok", f"set: {', '.join(names)}" if names else "none is set")


def client(name: str, by_run: Asked, by_itself: Asked, by_hand: str) -> Check:
    """Judge whether a client trusts the CA: under `run -- CMD`, and as this shell starts it.

    `by_hand`: the command with which it does, where it does not.
    """
    label = f"trust: {name}"
    if by_run.is_trusted is None:
        return Check(label, "warning", f"it could not be asked: {short(by_run.why, _WIDEST)}", by_hand)
    if by_run.is_trusted and by_itself.is_trusted:
        return Check(label, "ok", "it trusts the CA")
    if by_run.is_trusted:
        return Check(label, "ok", "it trusts the CA under `run -- CMD`; elsewhere it is to be told", by_hand)
    why = f" ({short(by_run.why, _WIDEST)})" if by_run.why else ""
    said = f"it does not trust the CA, not even under `run -- CMD`{why}"
    return Check(label, "wrong", said, "segment-pendo ca remove")


def node_fetch(version: str, reached: Asked, environment: Mapping[str, str]) -> Check:
    """Judge whether Node's fetch comes to us: under `run -- CMD`, and by a proxy in this shell."""
    can_heed = _can_heed(version)
    if not reached.is_trusted:
        why = f": {short(reached.why, _WIDEST)}" if reached.why else ""
        return Check("Node's fetch", "wrong", f"it does not come to us under `run -- CMD`{why}", _NODE_APP)
    heeds = can_heed and (
        environment.get("NODE_USE_ENV_PROXY") == "1"
        or "--use-env-proxy" in environment.get("NODE_OPTIONS", "")
    )
    given = environment.get("HTTPS_PROXY") or environment.get("https_proxy")
    if heeds or not given:
        tail = "" if heeds else "; elsewhere it ignores HTTPS_PROXY"
        return Check("Node's fetch", "ok", f"Node {version}: it comes to us under `run -- CMD`{tail}")
    said = f"Node {version} ignores HTTPS_PROXY, which is set here; `run -- CMD` leads it to us"
    return Check("Node's fetch", "warning", said, "export NODE_USE_ENV_PROXY=1" if can_heed else _NODE_APP)


def python_hook(reached: Asked) -> Check:
    """Judge whether a client that knows no proxy comes to us under `run -- CMD`, in this shell's Python."""
    if reached.is_trusted:
        return Check("Python's http.client", "ok", "it comes to us under `run -- CMD`; it knows no proxy")
    why = f": {short(reached.why, _WIDEST)}" if reached.why else ""
    said = f"it knows no proxy, and does not come to us under `run -- CMD` (Python 3.8 and later do){why}"
    return Check("Python's http.client", "warning", said, "give your SDK $SEGMENT_PENDO_URL as its host")


def _can_heed(version: str) -> bool:
    """Whether this Node's fetch heeds HTTPS_PROXY if NODE_USE_ENV_PROXY=1: 24, and 22 since 22.21."""
    major, minor = (*map(int, re.findall(r"\d+", version)[:2]), 0, 0)[:2]
    return major >= 24 or (major == 22 and minor >= 21)


def door(name: str, status: int | None, wrong: str, *, has_visitor: bool, seconds: float) -> Check:
    """Judge the test call through one door: its answer, and whether Pendo's visitor is there."""
    label = f"door: {name}"
    if status != 200:
        said = f"a test call failed: {short(wrong or f'it was answered {status}', _WIDEST)}"
        return Check(label, "wrong", said, _OF_DOOR.get(name, "segment-pendo demo --once"))
    if not has_visitor:
        said = "a test call was answered 200, but the Pendo on loopback has no visitor of it"
        return Check(label, "wrong", said, _OF_DOOR.get(name, "segment-pendo demo --once"))
    return Check(label, "ok", f"a test call became a visitor ({seconds * 1000:.0f} ms)")


def capture(why_not: str) -> Check:
    """Judge whether `run --capture` can be tried, which few need."""
    can = f"cannot work here: {why_not}" if why_not else "can be tried here; it needs root by sudo"
    return Check("capture", "ok", f"run --capture -- CMD {can}")
