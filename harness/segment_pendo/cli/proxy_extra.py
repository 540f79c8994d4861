"""Load the part of this program that needs mitmproxy: the extra `proxy`, which is not always installed."""

import importlib
import re
import sys
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any, Final

from segment_pendo.cli.failure import CANNOT_START, Failure

__all__ = ["INSTALL", "install", "needed_side", "proxy_side"]

# Where the package that the extra stands for is named, with its version.
_NAMED: Final = "mitmproxy"


def install(python: str, prefix: str, *, has_pip: bool, package: str = _NAMED) -> str:
    """Return the command that adds a package of an extra to the environment of a Python, as it was made.

    `prefix`: the folder of the environment. It needs no index that has segment-pendo itself.
    """
    what = f'"{_requirement(package)}"'
    if "pipx" in PurePath(prefix).parts:
        return f"pipx inject segment-pendo {what}"
    program = f'"{python}"' if " " in python else python
    # uv makes environments without pip, `uv tool` too.
    return f"{program} -m pip install {what}" if has_pip else f"uv pip install --python {program} {what}"


def _requirement(package: str) -> str:
    try:
        named = [text for text in requires("segment-pendo") or [] if re.match(rf"{package}\b", text)]
    except PackageNotFoundError:
        named = []
    return named[0].partition(";")[0].strip() if named else package


INSTALL: Final = install(sys.executable, sys.prefix, has_pip=find_spec("pip") is not None)


def proxy_side() -> Any:
    """Return the proxy's module, or None if the extra is not installed."""
    return importlib.import_module("segment_pendo_addons.proxy") if find_spec("mitmproxy") else None


def needed_side(what: str) -> Any:
    """Return the proxy's module.

    Raises Failure if the extra is not installed; `what` is a clause that says what needs it.
    """
    side = proxy_side()
    if side is None:
        message = f"{what}, which is not installed. Install it with: {INSTALL}"
        raise Failure(message, CANNOT_START)
    return side
