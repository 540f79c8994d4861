"""Read a record of a real Pendo, or of one on loopback."""

from urllib.parse import quote

from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.cli.running import get
from segment_pendo.serve.environment import INTEGRATION_KEY, secret
from segment_pendo.words import Json

__all__ = ["actual_record"]


def actual_record(base: str, kind: str, record_id: str) -> Json:
    """Return the record of a real Pendo, or None if it has none. Raises Failure if it cannot be read."""
    key = secret(INTEGRATION_KEY)
    loopback = base.startswith("http://")
    if not key and not loopback:
        message = f"Pendo's integration key is missing: set {INTEGRATION_KEY}."
        raise Failure(message, CONFIGURATION)
    answer = get(
        base,
        f"/api/v1/{kind}/{quote(record_id.encode('utf-8', 'surrogateescape'), safe='')}",
        headers={"x-pendo-integration-key": key} if key else {},
    )
    if answer.status == 404:
        return None
    if answer.status == 403:
        message = (
            f"{base} refused the integration key (403). Check that the key is of this region, and may read."
        )
        raise Failure(message, CONFIGURATION)
    if answer.status != 200 or not isinstance(answer.value, dict):
        message = f"{base} cannot be read: {answer.error}."
        raise Failure(message, CANNOT_START)
    return answer.value
