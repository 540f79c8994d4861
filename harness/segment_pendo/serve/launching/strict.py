"""Run a command for which Segment's hosts are an address of this machine, whatever it looks them up with.

It is run as a program, too: in a mount namespace of its own it puts a hosts file over /etc/hosts, and then
becomes the command. Linux alone has that; no root is needed where users may make namespaces.
"""

import ctypes
import hashlib
import os
import socket
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

__all__ = ["ADDRESS", "commanded", "hosts_file", "reason"]

ADDRESS: Final = "127.83.69.1"
_HOSTS: Final = "/etc/hosts"
_BIND: Final = 4096
_PRIVATE: Final = 16384 | (1 << 18)  # MS_REC | MS_PRIVATE
_SECONDS: Final = 10.0


def hosts_file(hosts: Collection[str], directory: Path) -> Path:
    """Write a hosts file into a folder of the directory: `hosts` here, and all that this machine has."""
    ours = [f"{address} {host}\n" for host in sorted(hosts) for address in (ADDRESS, f"::ffff:{ADDRESS}")]
    content = "".join(ours).encode() + Path(_HOSTS).read_bytes()
    path = directory / hashlib.sha256(content).hexdigest()[:16] / "hosts"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o644)
    return path


def commanded(file: Path, host: str, command: Sequence[str]) -> list[str]:
    """Return the command that runs another one with a hosts file, if `host` is this machine by it."""
    return [sys.executable, "-I", "-S", __file__, str(file), host, *command]


def reason(file: Path, host: str) -> str:
    """Return why this cannot be done here, or an empty text."""
    if not sys.platform.startswith("linux"):
        return "only Linux can do it"
    try:
        done = subprocess.run(  # noqa: S603 - this file
            commanded(file, host, []), capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    return done.stderr.strip() or f"it ended with {done.returncode}" if done.returncode else ""


def _alone() -> None:
    """Enter a mount namespace of our own; where that needs root, in a user namespace with the same ids."""
    user, group = os.geteuid(), os.getegid()
    try:
        os.unshare(os.CLONE_NEWNS)
    except PermissionError:
        os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNS)
        own = Path("/proc/self")
        (own / "setgroups").write_text("deny")
        (own / "uid_map").write_text(f"{user} {user} 1")
        (own / "gid_map").write_text(f"{group} {group} 1")


def _mount(source: str, target: str, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def main(file: str, host: str, *command: str) -> None:
    """Become the command; end with 1 and a text where its look-ups cannot be held."""
    try:
        _alone()
        _mount("none", "/", _PRIVATE)
        _mount(file, _HOSTS, _BIND)
        if socket.gethostbyname(host) != ADDRESS:
            sys.exit(f"look-ups of this machine do not heed {_HOSTS}")
        if command:
            os.execvp(command[0], command)  # noqa: S606 - what the user wants to run
    except OSError as error:
        sys.exit(f"the system refuses it: {error.strerror}")


if __name__ == "__main__":
    main(*sys.argv[1:])
