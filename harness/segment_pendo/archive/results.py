"""What comes out of an archive: its report, its records line by line, and a hash that any engine comes to."""

from collections.abc import Iterator
from hashlib import blake2b

from segment_pendo.archive.state import is_shown, row_of
from segment_pendo.archive.whole import Whole
from segment_pendo.base import js_json
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.words import Json, JsonObject

__all__ = ["record_lines", "report_of"]


def record_lines(whole: Whole, switches: PendoSwitches) -> Iterator[bytes]:
    """Yield each record as a line of ASCII JSON: accounts first, in the order of the ids."""
    for kind, id, record in whole.entries():
        if is_shown(kind, record, switches):
            row: JsonObject = {"kind": kind, **row_of(kind, id, record)}
            yield js_json.ascii_only(js_json.write(row).decode()).encode() + b"\n"


def report_of(whole: Whole, switches: PendoSwitches) -> JsonObject:
    """Return the report as JSON; `hash` is that of the records and of all else in it."""
    digest = blake2b(digest_size=16)
    counts = {"account": 0, "visitor": 0}
    for line in record_lines(whole, switches):
        counts["visitor" if line.startswith(b'{"kind":"visitor"') else "account"] += 1
        digest.update(line)
    head = whole.head
    report: JsonObject = {
        "events": sum(head.report.types.values()),
        "webhooks": head.webhooks,
        "visitors": counts["visitor"],
        "accounts": counts["account"],
        **head.report.json(),
    }
    digest.update(js_json.write(report))
    told: Json = digest.hexdigest()
    return {**report, "hash": told}
