"""Read mitmproxy's flow files, by mitmproxy's own reader."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

from mitmproxy import http
from mitmproxy.io import FlowReader

from segment_pendo.recordings.exchange.found import (
    NOT_SENT,
    OF_OAUTH,
    Imported,
    ImportFailure,
    PassedOver,
    answered,
)
from segment_pendo.segment.oauth import is_token_request
from segment_pendo_addons.intercept import sdk_request

__all__ = ["read"]


def read(data: bytes) -> Iterator[Imported | PassedOver]:
    """Yield every HTTP request of a flow file, in its order; of one that was cut, those before the cut.

    Raises ImportFailure where not even one can be read.
    """
    count = 0
    try:
        for flow in FlowReader(io.BytesIO(data)).stream():
            item = _taken(flow) if isinstance(flow, http.HTTPFlow) else None
            count += 1
            if item is not None:
                yield item
    except Exception as error:  # noqa: BLE001 - of a damaged file, mitmproxy's reader may raise anything
        if not count:
            reason = str(error) or type(error).__name__
            msg = f"this mitmproxy cannot read it as a flow file ({reason[:200]})"
            raise ImportFailure(msg) from None
        yield PassedOver("", "after the place where the file is cut off or damaged", is_loss=True)


def _taken(flow: http.HTTPFlow) -> Imported | PassedOver:
    host = flow.request.pretty_host
    if flow.response is None:
        return PassedOver(host, NOT_SENT)
    if flow.response.status_code >= 400:
        return PassedOver(host, answered(flow.response.status_code))
    asked = sdk_request(flow)
    if is_token_request(asked):
        return PassedOver(host, OF_OAUTH)
    return Imported(asked, datetime.fromtimestamp(flow.request.timestamp_start, UTC))
