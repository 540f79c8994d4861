"""The codes about a mapping: what is odd in it, what it made of an event, and why nothing is sent."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker

__all__ = ["CODES", "FAILURES", "note"]

_KIT: Final = "Segment's published mapping kit"
_ACTION: Final = "Segment's published destination code"

CODES: Final[dict[str, Code]] = {
    "MAPPING_PATH_UNREADABLE": Code(
        "error",
        "A path of the mapping names a key that no event has: what stands before it, a dot within quotes, or "
        "a star.",
        "Write $.traits.plan; a key that has a dot in its name cannot be read by a path.",
        _KIT,
    ),
    "MAPPING_TEMPLATE_PATH": Code(
        "error",
        "A place in a @template begins with $., which only @path leaves out: it is always empty.",
        "Write {{traits.plan}}.",
        _KIT,
    ),
    "MAPPING_TEMPLATE_EMPTY": Code(
        "warning",
        "A text of the mapping has braces that are never filled in: it stands in no @template.",
        'Write {"@template": "..."}.',
        _KIT,
    ),
    "MAPPING_PATH_LITERAL": Code(
        "warning",
        "A text of the mapping looks like a path, but stands in no @path: it is sent as it is.",
        'Write {"@path": "..."}.',
        _KIT,
    ),
    "MAPPING_LITERAL_RUN": Code(
        "warning",
        "@literal holds a directive, and Segment runs that one: nothing under @literal is taken as it is.",
        "Leave @literal out, or send the value without a key that begins with @.",
        _KIT,
    ),
    "MAPPING_OPTION_IGNORED": Code(
        "warning",
        "A directive is given an option that it does not read.",
        "Correct the name of the option, or leave it out.",
        _KIT,
    ),
    "MAPPING_WORD_CASE": Code(
        "error",
        "Segment's check takes a word in capitals, and its code does not: @json then gives nothing, and "
        "@merge goes to the right.",
        "Write the word in lower case.",
        _KIT,
    ),
    "MAPPING_ALWAYS_FAILS": Code(
        "error",
        "A directive fails for every event that reaches it, and then nothing is sent.",
        "Give it what the finding says.",
        _KIT,
    ),
    "MAPPING_BRANCH_LOST": Code(
        "warning",
        "A part of an @if is never given: blank beside exists, and an else that is false, 0, null or empty.",
        "Use exists or blank, not both; to send such an else, turn the condition round.",
        _KIT,
    ),
    "MAPPING_DATA_NEVER_OBJECT": Code(
        "error",
        "data never becomes an object, so nothing is ever sent.",
        'Give an object, such as {"@path": "$."}.',
        _ACTION,
    ),
    "MAPPING_DATA_ABSENT": Code(
        "error",
        "The mapping gives no data, and Segment sends a request without a body.",
        'Give data, such as {"@path": "$."}.',
        _ACTION,
    ),
    "MAPPING_METHOD_REFUSED": Code(
        "error",
        "The action takes POST, PUT and PATCH only; with another method nothing is sent.",
        "Use POST, which is what Pendo takes.",
        _ACTION,
    ),
    "MAPPING_METHOD_NOT_POST": Code(
        "warning",
        "The mapping sends another method than POST, which is the only one that Pendo is known to take.",
        "Use POST.",
        _ACTION,
    ),
    "MAPPING_HEADER_REFUSED": Code(
        "error",
        "Segment's code refuses a header of the mapping, and with it every request.",
        "Use a name without blanks, and a value of one line in Latin letters.",
        _ACTION,
    ),
    "MAPPING_HEADER_REPLACED": Code(
        "warning",
        "A header of the mapping does not go out as it is written: Segment's code sets Content-Type and "
        'Content-Length itself, and takes away a header whose value is "undefined".',
        "Leave it out.",
        _ACTION,
    ),
    "MAPPING_FIELD_UNKNOWN": Code(
        "warning",
        "The mapping has a key that is no field of the Webhook action; Segment drops it.",
        "Put it into data, or leave it out.",
        _ACTION,
    ),
    # --- about one event ---
    "MAPPING_HEADER_NULL": Code(
        "warning",
        "A header of the mapping is null or an object for this call, and goes out as the text of it.",
        "Use @if or @excludeWhenNull.",
        _ACTION,
    ),
    "MAPPING_NO_BODY": Code(
        "error",
        "data is absent or null for this call, and Segment sends a request without a body.",
        "See where the mapping reads data from.",
        _ACTION,
    ),
}
note: Final = maker(CODES)

# Not findings: why nothing is sent for a call. Segment discards it with an error in the event's delivery.
FAILURES: Final[dict[str, Code]] = {
    "MAPPING_FAILED": Code(
        "error",
        "A directive of the mapping fails on this call, so nothing is sent.",
        "See where the mapping expects a text or an object, and what the call has there.",
        _KIT,
    ),
    "MAPPING_NOT_KNOWN": Code(
        "error",
        "The mapping does something with this call that is not worked out here.",
        "Make the mapping simpler, or try it in Segment's own mapping test.",
        "this program's own limit",
    ),
    "MAPPING_DATA_NOT_OBJECT": Code(
        "error",
        "data is a text, a number or a list for this call, so nothing is sent.",
        "Make data an object.",
        _ACTION,
    ),
    "MAPPING_HEADERS_NOT_OBJECT": Code(
        "error", "headers is no object for this call, so nothing is sent.", "Make it an object.", _ACTION
    ),
    "MAPPING_HEADERS": Code(
        "error",
        "A header has a name or a value that HTTP does not take, so nothing is sent.",
        "Only Latin letters of one line may go into a header.",
        _ACTION,
    ),
    "MAPPING_METHOD": Code(
        "error", "The method is not POST, PUT or PATCH, so nothing is sent.", "Use POST.", _ACTION
    ),
    "MAPPING_BATCHING": Code(
        "error",
        "batch_size is no number, or batch_keys no list of texts, so nothing is sent.",
        "Leave the two to Segment.",
        _ACTION,
    ),
    "MAPPING_URL": Code(
        "error",
        "A directive of the whole mapping leaves no URL, so nothing is sent.",
        "Let it keep url, method and data.",
        _ACTION,
    ),
    "MAPPING_CONTEXT_NULL": Code(
        "error",
        "context or context.personas is null, on which Segment's code fails, so nothing is sent.",
        "Leave context out instead of sending null.",
        _KIT,
    ),
}
