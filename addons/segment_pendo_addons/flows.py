"""Flow files of mitmproxy, read by mitmproxy itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from segment_pendo.recordings.importing import Imported, ImportFailure
from segment_pendo_addons.intercept import sdk_request

__all__ = ["read"]


def read(path: Path) -> Iterator[Imported]:
    """Every HTTP request of a flow file, in its order. Raises ImportFailure."""
    with path.open("rb") as file:
        try:
            for flow in FlowReader(file).stream():
                if isinstance(flow, http.HTTPFlow):
                    yield Imported(
                        sdk_request(flow), datetime.fromtimestamp(flow.request.timestamp_start, UTC)
                    )
        except (exceptions.FlowReadException, ValueError, TypeError, KeyError):
            msg = "it is no flow file that this mitmproxy reads"
            raise ImportFailure(msg) from None
