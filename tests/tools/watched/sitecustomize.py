"""Runs first in a Python process under test: writes down whom it connects to, and bends what the test asks to
bend.

SEEN_FILE: one line for each connection and name look-up. MAP_HOST=name:port: that name is 127.0.0.1:port.
WITHOUT=module: that module cannot be imported.
"""

import os
import socket
import sys
from typing import Any

if os.environ.get("SEEN_FILE"):
    seen = open(os.environ["SEEN_FILE"], "a", encoding="utf-8", buffering=1)  # noqa: PTH123, SIM115

    def watch(event: str, args: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            seen.write(f"connect {args[1]!r}\n")
        elif event == "socket.getaddrinfo":
            seen.write(f"resolve {args[0]!r}\n")

    sys.addaudithook(watch)

if os.environ.get("MAP_HOST"):
    name, _, port = os.environ["MAP_HOST"].partition(":")
    real = socket.getaddrinfo

    def mapped(host: Any, service: Any, *args: Any, **kwargs: Any) -> Any:
        return (
            real("127.0.0.1", int(port), *args, **kwargs)
            if host == name
            else real(host, service, *args, **kwargs)
        )

    socket.getaddrinfo = mapped  # type: ignore[assignment]

if os.environ.get("WITHOUT"):
    sys.modules[os.environ["WITHOUT"]] = None  # type: ignore[assignment]
