"""Read mitmproxy's flow files, by mitmproxy's own reader."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mitmproxy import exceptions, http
from mitmproxy.io import FlowReader

from segment_pendo.recordings.importing import Imported, ImportFailure
from segment_pendo_addons.intercept import sdk_request

__all__ = ["read"]


def read(path: Path) -> Iterator[Imported]:
    """Yield every HTTP request of a flow file, in its order. Raises ImportFailure."""
    with path.open("rb") as file:
        try:
            for flow in FlowReader(file).stream():
                if isinstance(flow, http.HTTPFlow):
                    yield Imported(
                        sdk_request(flow), datetime.fromtimestamp(flow.request.timestamp_start, UTC)
                    )
        except (exceptions.FlowReadException, ValueError, TypeError, KeyError):
            msg = "it is not a flow file that this mitmproxy can read"
            raise ImportFailure(msg) from None
