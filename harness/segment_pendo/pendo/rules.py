"""The table of Pendo's rules: what each says, where it is known from, and how well.

Effects and findings cite them by id. What Pendo does with Segment's webhook is published nowhere, so each
rule has a grade: the code of Pendo's browser agent, Pendo's documents, Segment's documents about Pendo, or
our assumption. `docs/findings.md` shows the table.
"""

from typing import Final, Literal, NamedTuple

__all__ = ["RULES", "Grade", "Rule"]

type Grade = Literal["Pendo's code", "Pendo's documents", "Segment's documents", "our assumption"]


class Rule(NamedTuple):
    """One rule; `says` is one short clause that can follow "because"."""

    says: str
    grade: Grade
    source: str


_CODE: Final = "Pendo's code"
_PENDO: Final = "Pendo's documents"
_SEGMENT: Final = "Segment's documents"
_OURS: Final = "our assumption"
_AGENT: Final = "Pendo's browser agent 2.291.4"
_PAGE: Final = "Segment's documentation of Pendo"
_DEVICE: Final = "as in Segment's code of Pendo Web (Actions)"
_NOWHERE: Final = "documented nowhere"
_SPECIFICATIONS: Final = "Pendo support article 360031870352"
_TRACK_EVENTS: Final = "Pendo support article 360032294291"
_TRACK_WEBHOOK: Final = "Pendo support article 28403116836763"

RULES: Final[dict[str, Rule]] = {
    # --- the webhook ---
    "1.06": Rule("webhooks come by POST", _SEGMENT, _PAGE),
    "1.12": Rule("an array is read as its events, one after the other", _OURS, _NOWHERE),
    "1.13": Rule("no source says that Pendo reads this part of the event", _OURS, _NOWHERE),
    "1.15": Rule("a webhook has at most 1 MiB", _OURS, _NOWHERE),
    "1.16": Rule("a webhook whose messageId came before is read like any other", _OURS, _NOWHERE),
    "1.17": Rule("calls change a record in the order in which they arrive; the last value of a field wins",
        _OURS, _NOWHERE),
    "1.20": Rule("Pendo takes identify, group and track from Segment", _PENDO, _SPECIFICATIONS),
    "1.21": Rule("Pendo documents nothing for this type of call", _PENDO, _SPECIFICATIONS),
    # --- identify ---
    "1.30": Rule("userId is the visitor ID", _SEGMENT, _PAGE),
    "1.31": Rule("traits are the visitor's metadata", _SEGMENT, _PAGE),
    "1.32": Rule("webhooks write the metadata group segment.io and no other", _PENDO, _SPECIFICATIONS),
    "1.36": Rule("a field that a later call leaves out keeps its value", _OURS,
        "as Pendo's metadata API does"),
    "1.38": Rule("there is no userId, which is Pendo's visitor ID", _OURS, _DEVICE),
    "1.39": Rule("a trait named id never replaces the ID", _OURS, _DEVICE),
    "1.40": Rule("only a group call joins a visitor to an account", _OURS, _NOWHERE),
    # --- group ---
    "1.50": Rule("groupId is the account ID", _SEGMENT, _PAGE),
    "1.51": Rule("traits are the account's metadata", _SEGMENT, _PAGE),
    "1.52": Rule("a group call joins its user to the account", _OURS, _DEVICE),
    "1.53": Rule("there is no userId", _OURS, _DEVICE),
    "1.54": Rule("there is no groupId", _OURS, _DEVICE),
    "1.55": Rule("a visitor may have several accounts; the last one is the current one", _PENDO,
        "Pendo support article 14051479314459"),
    "1.58": Rule("a group call makes its visitor exist", _OURS, _NOWHERE),
    # --- track ---
    "1.60": Rule("the Pendo subscription does not have the setting for track calls", _SEGMENT, _PAGE),
    "1.61": Rule("a track call is a Track Event with its name", _PENDO, _TRACK_WEBHOOK),
    "1.62": Rule("the account of a track event is properties.groupId", _PENDO, _TRACK_WEBHOOK),
    "1.63": Rule("the properties of a track call are the event's, groupId too", _OURS, _NOWHERE),
    "1.66": Rule("there is no userId, so there is no visitor for the event", _OURS, _NOWHERE),
    "2.04": Rule("a Track Event has a time", _PENDO, _TRACK_EVENTS),
    "2.13": Rule("it is more than seven days old when it comes", _PENDO, _TRACK_EVENTS),
    "1.70": Rule("every webhook that is JSON is answered with 200", _OURS, _NOWHERE),
    # --- metadata ---
    "3.04": Rule("a list of scalars is kept as a list", _PENDO,
        "Pendo support article 360038273392, for the agent's metadata"),
    "3.09": Rule("null is kept as null", _OURS, _NOWHERE),
    "3.10": Rule("an empty text is kept", _OURS, _NOWHERE),
    "3.20": Rule("Pendo ignores objects", _CODE, _AGENT),
    "3.21": Rule("Pendo ignores objects inside a list", _CODE, _AGENT),
    "3.31": Rule("Pendo lower-cases keys, and of equal keys only the last is kept", _CODE, _AGENT),
    # --- ids ---
    "4.1.2": Rule("an ID is cut after 128 bytes", _PENDO, "Pendo support article 360046272771"),
    "4.2.1": Rule("Pendo does not accept such an ID", _CODE, _AGENT),
    "4.2.2": Rule("a number as an ID becomes its text", _CODE, _AGENT),
    "4.2.4": Rule("the placeholder of Pendo's install snippet does not count as an ID", _CODE, _AGENT),
    "4.3.1": Rule("IDs that begin with _PENDO_T_ are anonymous visitors", _CODE, _AGENT),
    # --- what is read back ---
    "6.04": Rule("a visitor without any event is there too", _OURS, _NOWHERE),
}  # fmt: skip
