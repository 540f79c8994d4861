"""What a file of another program holds: requests that are taken, and others that are not, with the reason."""

from datetime import datetime
from typing import NamedTuple

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.words import SdkRequest

__all__ = ["NOT_SENT", "OF_OAUTH", "Damage", "ImportFailure", "Imported", "PassedOver", "answered"]

NOT_SENT = "that never reached Segment (blocked, cancelled or failed)"
OF_OAUTH = "for an OAuth token, which no recording holds"


class ImportFailure(SegmentPendoError):
    """A file cannot be read as what it should be; the text says why, as a clause."""


class Imported(NamedTuple):
    """One SDK request and when it was received."""

    request: SdkRequest
    at: datetime


class PassedOver(NamedTuple):
    """A request, or an event, that is left out: its host, and why, as what "1 request" is followed by.

    `is_loss`: whether the file should have held it.
    """

    host: str
    why: str
    is_loss: bool = False


class Damage(NamedTuple):
    """A part of a file that is neither, and no request of anybody; `why`, as a clause with its line."""

    why: str


def answered(status: int) -> str:
    """Return why a request that was answered with an error is passed over."""
    return f"that was answered {status}, which an SDK sends again"
