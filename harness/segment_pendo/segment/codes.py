"""The codes of what Segment does with a call, and of what it drops or refuses, each with an example."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker
from segment_pendo.segment.filters import codes as filter_codes

__all__ = ["CODES", "DROPS", "note"]

_OBJECT: Final = "Segment's documentation of the integrations object"
_HTTP: Final = "Segment's HTTP API documentation"
_PUBLISHED: Final = "Segment's published destination code"
_CONSENT: Final = "Segment's documentation of consent in Connections"

CODES: Final[dict[str, Code]] = {
    "NUMBER_CHANGED": Code(
        "warning",
        "Segment's destination is JavaScript, where a number has only about 16 digits: this one changes.",
        "If every digit matters, send it as a text.",
        _PUBLISHED,
        '{"type":"identify","userId":"u-1","traits":{"card":12345678901234567890}}',
    ),
    "KEY_LOST": Code(
        "warning",
        "A key named __proto__ is lost with everything in it, as Segment's destination is JavaScript.",
        "Rename it.",
        _PUBLISHED,
        '{"type":"identify","userId":"u-1","traits":{"__proto__":{"a":1}}}',
    ),
    "PENDO_INTEGRATION_IGNORED": Code(
        "info",
        'integrations has "Pendo": false. That is the name of the destination in the browser; the webhook '
        "is another destination.",
        'To stop the webhook, use its name: "Webhooks (Actions)": false.',
        _OBJECT,
        '{"type":"identify","userId":"u-1","integrations":{"Pendo":false}}',
    ),
    "DUPLICATE_MESSAGE_ID": Code(
        "warning",
        "The messageId came before. Segment drops most repeats within 24 hours; here the call is delivered.",
        "Give each call a messageId of its own, or leave it to the SDK.",
        "Segment's documentation of duplicate data",
        "\n".join(['{"type":"identify","userId":"u-1","messageId":"m-1"}'] * 2),
    ),
    "MESSAGE_ID_LONG": Code(
        "warning",
        "messageId has more than 100 characters, which is Segment's limit; what it does then is "
        "documented nowhere.",
        "Leave messageId to the SDK.",
        _HTTP,
        f'{{"type":"identify","userId":"u-1","messageId":"{"m" * 101}"}}',
    ),
    "TIME_UNREADABLE": Code(
        "warning",
        "timestamp or sentAt is not an ISO 8601 time, so it counts as absent here.",
        "Send an ISO 8601 text such as 2024-05-09T10:00:00.000Z.",
        "our assumption; Segment documents ISO 8601",
        '{"type":"identify","userId":"u-1","timestamp":"yesterday"}',
    ),
    "WRITE_KEYS_DIFFER": Code(
        "warning",
        "The body and the Authorization header have different write keys, and Segment's documentation "
        "does not say which one counts.",
        "Send the same key in both places, or only one.",
        _HTTP,
    ),
    "NEAR_MISS": Code(
        "warning",
        "Something stands beside the place where it is read: a key that is almost one of Segment's, traits "
        "where properties belong, traits inside traits. It is an error where an id is lost by it, info where "
        "nothing is.",
        "Send it under the name, or at the place, that the finding says.",
        "Segment's specification of calls",
        '{"type":"identify","userId":"u-1","properties":{"plan":"pro"}}',
    ),
    "CONSENT_MAY_FILTER": Code(
        "info",
        "The call carries consent preferences. Segment keeps it from destinations with a category that is "
        "refused or not named; which categories the webhook has is not known here, so it is delivered.",
        "Compare the categories of the destination in Segment with those that the call refuses.",
        _CONSENT,
    ),
    "MORE_FINDINGS": Code(
        "info",
        "The call has more than 100 findings; the others are not shown.",
        "Fix these first.",
        "this program's own limit",
    ),
    **filter_codes.CODES,
}

note: Final = maker(CODES)
_DISCARDS: Final = "Segment's delivery overview, discards"
# Not findings: why a call is skipped or a request refused. Segment itself shows none of this to the sender.
DROPS: Final[dict[str, Code]] = {
    "no_user_anon_id": Code(
        "error",
        "Segment drops a call with neither userId nor anonymousId, after answering 200.",
        "Send the userId, which is what Pendo needs.",
        _DISCARDS,
        '{"type":"identify","traits":{"plan":"pro"}}',
    ),
    "id_not_string": Code(
        "error",
        "Segment drops a call whose userId or anonymousId is empty or not a text, after answering 200.",
        "Send a text that is not empty; leave out an id that you do not have.",
        _DISCARDS,
        '{"type":"identify","userId":7}',
    ),
    "event_not_defined": Code(
        "error",
        "Segment drops a track call without an event, after answering 200.",
        "Send the name of the event as event.",
        _DISCARDS,
        '{"type":"track","userId":"u-1"}',
    ),
    "event_not_string": Code(
        "error",
        "Segment drops a track call whose event is empty or not a text, after answering 200.",
        "Send the name of the event as a text.",
        _DISCARDS,
        '{"type":"track","userId":"u-1","event":""}',
    ),
    "properties_not_object": Code(
        "error",
        "Segment drops a call whose properties are not an object, after answering 200.",
        "Send properties as an object.",
        _DISCARDS,
        '{"type":"track","userId":"u-1","event":"E","properties":[]}',
    ),
    "traits_not_object": Code(
        "error",
        "Segment drops a call whose traits are not an object, after answering 200.",
        "Send traits as an object.",
        _DISCARDS,
        '{"type":"identify","userId":"u-1","traits":"pro"}',
    ),
    "name_not_string": Code(
        "error",
        "Segment drops a page or screen call whose name is empty or not a text.",
        "Send a text, or leave it out.",
        _DISCARDS,
        '{"type":"page","userId":"u-1","name":7}',
    ),
    "category_not_string": Code(
        "error",
        "Segment drops a page or screen call whose category is empty or not a text.",
        "Send a text, or leave it out.",
        _DISCARDS,
        '{"type":"page","userId":"u-1","category":7}',
    ),
    "bad_request": Code(
        "error",
        "An item of the batch is not an object, or the body is JSON of the wrong shape.",
        'Send an event, or {"batch": [events]}.',
        _DISCARDS,
        '{"batch":[7]}',
    ),
    "unknown_type": Code(
        "error",
        "The type is not one of identify, group, track, page, screen, alias, in lower case.",
        "Correct the type.",
        _HTTP,
        '{"type":"Identify","userId":"u-1"}',
    ),
    "message_too_large": Code(
        "error",
        "The call has more than 32 KB.",
        "Send less.",
        _HTTP,
        f'{{"batch":[{{"type":"identify","userId":"u-1","traits":{{"t":"{"x" * 33000}"}}}}]}}',
    ),
    "shared_too_large": Code(
        "error",
        "The context that a batch shares would, copied into each of its calls, make more than 8 MB. Nobody "
        "says what Segment does then; here the calls beyond that are not mapped.",
        "Send a smaller context, or smaller batches.",
        "our assumption",
    ),
    "too_many_messages": Code("error", "A batch has more than 2,500 calls.", "Send smaller batches.", _HTTP),
    "message_id_too_long": Code(
        "error",
        "messageId has more than 100 characters, and here long_message_id=dropped is assumed.",
        "Leave messageId to the SDK.",
        _HTTP,
    ),
    "too_large": Code(
        "error",
        "The body has more than 500 KB, or more than 32 KB for a single call; Segment answers 400.",
        "Send smaller batches.",
        _HTTP,
    ),
    "empty_batch": Code(
        "error",
        "The batch has no calls; Segment answers 200 and drops it.",
        "Do not send empty batches.",
        _DISCARDS,
    ),
    "bad_json": Code(
        "error", "The body is not JSON; Segment answers 400.", "Check the code that makes the body.", _HTTP
    ),
    "bad_gzip": Code(
        "error",
        "The request says that its body is gzip, but it is not, or the gzip is damaged.",
        "Check the code that compresses the body.",
        _HTTP,
    ),
    "bad_encoding": Code(
        "error", "The body is encoded in a way that Segment does not read.", "Send plain JSON or gzip.", _HTTP
    ),
    "bad_pixel": Code(
        "error",
        "The query of a pixel does not contain an event.",
        "Send JSON in base64 as data.",
        "Segment's pixel tracking API",
    ),
    "unknown_path": Code(
        "error",
        "The path is not a path of Segment's ingest API.",
        "Check the host that is set in the SDK: the path after it must be /v1/...",
        _HTTP,
    ),
    "cdn_script": Code(
        "error",
        "Scripts of cdn.segment.com are served here only if the app has npm's @segment/analytics-next.",
        "Install that package where the run is started, load Analytics.js from it, or turn offline off, so "
        "that the proxy fetches it.",
        "the SDKs' code and what they were seen to send",
    ),
    "FILTERED_BY_INTEGRATIONS_OBJECT": Code(
        "info",
        "The call's integrations object turns the webhook destination off.",
        'Set "Webhooks (Actions)": true, or remove "All": false.',
        _OBJECT,
        '{"type":"identify","userId":"u-1","integrations":{"All":false}}',
    ),
    "FILTERED_BY_CONSENT": Code(
        "info",
        "Filtered by end user consent: a consent category of the destination is refused by the call, or not "
        "named in it.",
        "Nothing, if the user refused. Else have the consent tool send the categories that Segment has.",
        _CONSENT,
    ),
    **filter_codes.DROPS,
    "DESTINATION_DISABLED": Code(
        "info",
        "The destination is off in its file, so Segment sends it nothing.",
        'Set "enabled": true there.',
        _OBJECT,
    ),
    "MAPPING_WITHOUT_BODY": Code(
        "error",
        "The mapping gives no data for the call. Segment sends a request without a body, and Pendo gets "
        "nothing of the call.",
        "See where the mapping reads data from.",
        _PUBLISHED,
    ),
    "NO_MATCHING_MAPPING": Code(
        "info",
        "The destination does not select this type of call: track is off by default, and page, "
        "screen and alias never go to Pendo.",
        "If your Pendo subscription has the setting for track calls, turn track on.",
        _DISCARDS,
        '{"type":"page","userId":"u-1"}',
    ),
}
