"""What was sent to Pendo, and each answer, as lines for people, without keys and control characters."""

from collections.abc import Iterator, Sequence
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import printable
from segment_pendo.base.times import text
from segment_pendo.explain.rows import attempt_row
from segment_pendo.words import Attempt, Webhook

__all__ = ["attempt_lines", "masked_body", "webhook_lines"]

_LAST: Final = 4  # characters of a write key that are shown, of a longer one
_SECRET_HEADERS: Final = frozenset({"x-signature", "authorization"})


def masked_body(body: bytes) -> str:
    """Return the body of a webhook as it is sent, with its write key masked; a batch has several."""
    value = js_json.read(body).value
    for event in value if isinstance(value, list) else [value]:
        key = event.get("writeKey") if isinstance(event, dict) else None
        if isinstance(event, dict) and isinstance(key, str):
            event["writeKey"] = "****" + (key[-_LAST:] if len(key) > 2 * _LAST else "")
    return js_json.write(value).decode()


def webhook_lines(webhook: Webhook) -> Iterator[str]:
    """Yield the headers and the body of a webhook."""
    for name, value in webhook.headers:
        shown = "****" if name.lower() in _SECRET_HEADERS else value
        yield printable(f"{name}: {shown}")
    yield printable(masked_body(webhook.body))


def attempt_lines(attempts: Sequence[Attempt]) -> Iterator[str]:
    """Yield a line for each attempt, then, indented, the answer's headers and its first bytes."""
    for attempt in attempts:
        row = attempt_row(attempt)
        ended = f"answered {attempt.status}" if attempt.state == "delivered" else attempt.detail
        yield printable(f"attempt {attempt.number}  {text(attempt.at)}  {row['seconds']} s  {ended}")
        for name, value in row["headers"] if isinstance(row["headers"], list) else ():  # type: ignore[misc, str-unpack]
            yield printable(f"    {name}: {value}")
        if attempt.answer:
            yield f"    {printable(str(row['answer']))}"
