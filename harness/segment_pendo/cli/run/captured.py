"""A command whose connections are captured by the system, and how a process ends that did so."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import click

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.cli.failure import translated
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.serve.session import Session

__all__ = ["captured", "to_the_end"]


@asynccontextmanager
async def captured(session: Session) -> AsyncIterator[Any]:
    """Yield what captures the connections of a command, and ends with this block.

    Raises CaptureError where that cannot be, also at the end for a command that was not let go.
    """
    side = needed_side("--capture needs the redirector of mitmproxy")
    assert session.tunnel is not None  # there is a proxy, and so a tunnel
    capture = side.Capture(session.tunnel.address, session.plan.segment_hosts)
    try:
        await capture.start()
        yield capture
    finally:
        await capture.stop()
    if capture.why:
        raise side.CaptureError(capture.why)


def to_the_end(run: Callable[[], int]) -> NoReturn:
    """End this process with the exit code that `run` returns, or with that of its error.

    Without the interpreter's own end, in which a thread of the redirector may crash (mitmproxy #7409).
    """
    try:
        code = run()
    except (SegmentPendoError, click.ClickException) as error:
        shown = translated(error) if isinstance(error, SegmentPendoError) else error
        shown.show()
        code = shown.exit_code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
