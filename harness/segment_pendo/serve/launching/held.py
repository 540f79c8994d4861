"""Hold a command back until its connections are captured; then become it, so that its process is the same.

It is run as a program: it asks a port of this machine again and again. Where the answer comes from somebody
who captured that connection, the command begins.
"""

import os
import socket
import sys
import time
from collections.abc import Sequence
from typing import Final

__all__ = ["GO", "WAIT", "commanded"]

GO: Final = b"y"
WAIT: Final = b"n"
_BETWEEN: Final = 0.02
_SECONDS: Final = 5.0
_GIVEN_UP: Final = 8


def commanded(port: int, command: Sequence[str]) -> list[str]:
    """Return the command that waits at a port of 127.0.0.1, and then becomes another one."""
    return [sys.executable, "-I", "-S", __file__, str(port), *command]


def main(port: str, *command: str) -> None:
    """Become the command; end with 8 where the port is closed before."""
    while True:
        try:
            with socket.create_connection(("127.0.0.1", int(port)), _SECONDS) as asked:
                answer = asked.recv(1)
        except OSError:
            answer = b""
        if answer == GO:
            os.execvp(command[0], command)  # noqa: S606 - what the user wants to run
        if answer != WAIT:
            sys.exit(_GIVEN_UP)
        time.sleep(_BETWEEN)


if __name__ == "__main__":
    main(*sys.argv[1:])
