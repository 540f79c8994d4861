"""What mitmproxy's log says of calls and their delivery."""

import logging
from logging import Logger

from mitmproxy.log import LegacyLogEvents

from segment_pendo.explain.telling.teller import Teller, refusal_line
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Attempt, CallRef, Receipt

__all__ = ["Report"]

_log = logging.getLogger("segment_pendo")


class Report:
    """A sink: logs a line for each call without a webhook, or whose webhook is not delivered.

    `setup`: with which calls are mapped. `heard` logs a line for each attempt.
    """

    def __init__(self, setup: Setup, *, delivers: bool) -> None:
        self._delivers = delivers
        self._teller = Teller(setup, "mitmdump")

    def take(self, receipt: Receipt) -> None:
        if receipt.refusal:
            _log.warning(refusal_line(receipt))
        for judged in receipt.each if _is_read(logging.INFO) else ():
            if not (self._delivers and judged.webhook):
                _log.info(self._teller.call(receipt, judged))

    @staticmethod
    def heard(ref: CallRef, attempt: Attempt) -> None:
        if attempt.state == "delivered":
            if _is_read(logging.INFO):
                _log.info("webhook of call %s: Pendo answered %s", ref, attempt.status)
        elif attempt.state == "dead" or attempt.number == 1:
            state = "was not delivered" if attempt.state == "dead" else "is not delivered yet"
            _log.warning("webhook of call %s %s: %s", ref, state, attempt.detail)


def _is_read(level: int) -> bool:
    """Return whether anybody reads records of this level: under -q, nobody does.

    What mitmproxy's deprecated hook `add_log` gets does not count: each record goes to all addons then, which
    takes longer than to map the call.
    """
    logger: Logger | None = _log if _log.isEnabledFor(level) else None
    while logger is not None:
        for handler in logger.handlers:
            if handler.level <= level and not isinstance(handler, LegacyLogEvents):
                return True
        logger = logger.parent if logger.propagate else None
    return False
