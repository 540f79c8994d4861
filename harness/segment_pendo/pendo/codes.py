"""The codes of findings about how Pendo takes a webhook (facts section 7), each with an example."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker

__all__ = ["CODES", "note"]

_AGENT: Final = "Pendo's browser agent 2.291.4"
_PAGE: Final = "Segment's documentation of Pendo"
_DEVICE: Final = "Segment's code of Pendo Web (Actions)"
_SPECIFICATIONS: Final = "Pendo support article 360031870352"
_TRACK_EVENTS: Final = "Pendo support article 360032294291"
_TRACK_WEBHOOK: Final = "Pendo support article 28403116836763"
_METADATA: Final = "Pendo support article 360038273392"
_KEYS: Final = "Pendo support article 360031832072"
_CHOOSE_IDS: Final = "Pendo support article 21326198721563"
_LENGTH: Final = "Pendo support article 360046272771"
_ACCOUNTS: Final = "Pendo support article 14051479314459"
_NOWHERE: Final = "documented nowhere"
_ORDER: Final = "Segment's documentation of insert functions"
_LONG_ID: Final = "x" * 128


def _identify(traits: str, user: str = '"u-1"') -> str:
    return f'{{"type":"identify","userId":{user},"traits":{traits}}}'


def _group(traits: str, more: str = '"groupId":"acme","userId":"u-1"') -> str:
    return f'{{"type":"group",{more},"traits":{traits}}}'


def _track(more: str) -> str:
    return f'{{"type":"track","userId":"u-1","event":"Signed Up",{more}}}'


CODES: Final[dict[str, Code]] = {
    # --- who ---
    "ANON_IDENTIFY": Code(
        "warning",
        "The call has no userId. Segment delivers it, but Pendo's visitor ID is the userId, so there "
        "is nobody to attach it to.",
        "Identify the user as soon as you know who it is; before that, expect nothing in Pendo.",
        _PAGE,
        '{"type":"identify","anonymousId":"a-1","traits":{"plan":"pro"}}',
    ),
    "ID_INVALID": Code(
        "error",
        "Pendo's agent does not accept such an id: blank text, the text ::, true, false, an object, a list.",
        "Send a text that names the user or account; do not send the call until you have one.",
        _AGENT,
        _identify('{"plan":"pro"}', '"  "'),
    ),
    "ID_PLACEHOLDER": Code(
        "error",
        "The id is the placeholder of Pendo's install snippet, VISITOR-UNIQUE-ID or ACCOUNT-UNIQUE-ID.",
        "Put the real id where the snippet was pasted.",
        _AGENT,
        _identify('{"plan":"pro"}', '"VISITOR-UNIQUE-ID"'),
    ),
    "ID_NUMERIC": Code(
        "info",
        "The id is a number; Pendo keeps its text. Segment itself drops calls whose userId is a number.",
        "Send the id as a text.",
        _AGENT,
        _group('{"plan":"pro"}', '"groupId":42,"userId":"u-1"'),
    ),
    "ID_SUSPICIOUS": Code(
        "warning",
        "The id looks like a missing value turned into text: null, undefined, None, NaN, [object Object], "
        "anonymous, unknown. Pendo accepts all of them, so all those users become one visitor.",
        "Find the place where the id is turned into text before it is known.",
        "our assumption",
        _identify('{"plan":"pro"}', '"undefined"'),
    ),
    "ID_WHITESPACE": Code(
        "warning",
        "The id begins or ends with white space. Pendo does not trim it, so it is not the same record as "
        "the id without it.",
        "Trim the id where it comes from.",
        _AGENT,
        _identify('{"plan":"pro"}', '"u-1 "'),
    ),
    "ID_TOO_LONG": Code(
        "warning",
        "The id has more than 128 bytes in UTF-8. Pendo cuts visitor ids there; for account ids "
        "nothing is documented.",
        "Send a shorter id, such as a hash or the key of your database.",
        _LENGTH,
        _identify('{"plan":"pro"}', f'"{_LONG_ID}y"'),
    ),
    "ID_COLLISION": Code(
        "error",
        "Two different visitor ids begin with the same 128 bytes. Pendo cuts ids there, so they become one "
        "visitor.",
        "Send shorter ids.",
        _LENGTH,
        "\n".join(_identify('{"plan":"pro"}', f'"{_LONG_ID}{end}"') for end in "yz"),
    ),
    "ID_CASE_VARIANT": Code(
        "warning",
        "Two ids differ only in upper and lower case. Ids are case-sensitive in Pendo, so they are "
        "two records.",
        "Spell the id the same everywhere; it is best to send e-mail addresses in lower case.",
        _CHOOSE_IDS,
        "\n".join((_identify('{"plan":"pro"}', '"Ann"'), _identify('{"plan":"pro"}', '"ann"'))),
    ),
    "ID_ANON_PREFIX": Code(
        "warning",
        "Pendo's reports show a visitor whose id begins with _PENDO_T_ as anonymous.",
        "Send the user's own id as userId.",
        _AGENT,
        _identify('{"plan":"pro"}', '"_PENDO_T_abc"'),
    ),
    "ID_EMAIL": Code(
        "info",
        "The visitor id is an e-mail address. Ids cannot be changed later: somebody whose address changes "
        "becomes a new visitor.",
        "Send an id that never changes, and the address as a trait.",
        _CHOOSE_IDS,
        _identify('{"plan":"pro"}', '"ann@example.com"'),
    ),
    "ID_DOUBLE_COLON": Code(
        "warning",
        "The account id contains ::, which Pendo reads as parent::child.",
        "Use another separator, unless you mean parent and child.",
        _AGENT,
        _group('{"plan":"pro"}', '"groupId":"acme::eu","userId":"u-1"'),
    ),
    "TRAIT_ID_CONFLICT": Code(
        "info",
        "There is a trait named id that differs from userId (groupId for a group). It never replaces the id.",
        "Leave it out, or give it a name of its own.",
        _DEVICE,
        _identify('{"id":"7"}'),
    ),
    # --- accounts ---
    "GROUP_WITHOUT_ID": Code(
        "error",
        "The group call has no groupId, so Pendo has no account to keep its traits in.",
        "Send the id of the account as groupId.",
        _DEVICE,
        '{"type":"group","userId":"u-1","traits":{"plan":"pro"}}',
    ),
    "GROUP_WITHOUT_USER": Code(
        "warning",
        "The group call has no userId: the account is made, but no visitor is joined to it.",
        "Send the userId with the group call.",
        _DEVICE,
        '{"type":"group","anonymousId":"a-1","groupId":"acme","traits":{"plan":"pro"}}',
    ),
    "GROUP_NO_TRAITS": Code(
        "info",
        "The group call has no traits, so the account gets no metadata from it.",
        "Send as traits what you want to filter accounts by.",
        _PAGE,
        _group("{}"),
    ),
    "GROUP_BEFORE_IDENTIFY": Code(
        "info",
        "A group call names a user whom no identify call has named so far. It is documented nowhere whether "
        "Pendo then makes the visitor.",
        "Send identify first, then group.",
        _NOWHERE,
        _group('{"plan":"pro"}'),
    ),
    "IDENTIFY_NO_ACCOUNT": Code(
        "info",
        "No group call has joined this user to an account so far, and none of the same request does. The "
        "visitor will be missing from Pendo's reports by account.",
        "If you use accounts, send a group call with userId and groupId.",
        _AGENT,
        _identify('{"plan":"pro"}'),
    ),
    "ACCOUNT_SWITCH": Code(
        "info",
        "The user's groupId changed. Pendo keeps every account that a visitor was ever seen with, so "
        "segments also find the visitor by the old accounts.",
        "If users change accounts in your app, nothing; else find the call that has the wrong groupId.",
        _ACCOUNTS,
        "\n".join((_group('{"plan":"pro"}'), _group('{"plan":"pro"}', '"groupId":"beta","userId":"u-1"'))),
    ),
    "CUSTOM_ACCOUNT_ID": Code(
        "info",
        "A trait has the name of an account id and differs from groupId. Only groupId is Pendo's account ID.",
        "If Pendo should know the account by that id, send it as groupId.",
        _PAGE,
        _group('{"companyId":"c-7"}'),
    ),
    "PARENT_ACCOUNT": Code(
        "info",
        "Pendo's browser agent understands parentAccount; in a webhook it is a nested object, and Pendo "
        "ignores objects.",
        "Keep the browser destination for parent accounts, or send the parent's id as a trait of its own.",
        _DEVICE,
        _group('{"plan":"pro","parentAccount":{"id":"umbrella"}}'),
    ),
    # --- metadata ---
    "NESTED_IGNORED": Code(
        "warning",
        "Pendo ignores objects, both as the value of a trait and inside lists.",
        "Send the parts as traits of their own: address_city instead of address.city.",
        _AGENT,
        _identify('{"address":{"city":"Brno"}}'),
    ),
    "KEY_SYNTAX": Code(
        "warning",
        "The name of a field should have only ASCII letters, digits and _, and not begin with a digit. Pendo "
        "cannot use other fields in segments and reports.",
        "Name it like total_billed, not total billed.",
        _KEYS,
        _identify('{"total billed":830}'),
    ),
    "KEY_CASE_COLLISION": Code(
        "error",
        "Two traits of one call differ only in upper and lower case. Pendo lower-cases keys, so one "
        "value is lost.",
        "Send only one of them, or rename one.",
        _AGENT,
        _identify('{"planName":"pro","planname":"free"}'),
    ),
    "KEY_CASE_VARIANT": Code(
        "info",
        "An earlier call spelled this trait differently in upper and lower case. In Pendo both are one "
        "field, and the last value wins.",
        "Spell it the same everywhere.",
        _AGENT,
        "\n".join((_identify('{"planName":"pro"}'), _identify('{"planname":"free"}'))),
    ),
    "KEY_LOWERCASED": Code(
        "info",
        "The name of the trait has upper-case letters, and Pendo keeps it in lower case. It is reported once "
        "for each name.",
        "Look for the lower-case name in Pendo's segments and reports.",
        _AGENT,
        _identify('{"firstName":"Ann"}'),
    ),
    "TYPE_CHANGED": Code(
        "warning",
        "An earlier call sent another type for this field. In Pendo an administrator gives a field one "
        "type, and values must have it.",
        "Always send the same type. A change from whole numbers to fractions is only info.",
        _METADATA,
        "\n".join((_identify('{"seats":5}'), _identify('{"seats":"five"}'))),
    ),
    "ORDER_SENSITIVE": Code(
        "warning",
        "Two calls write different values into the same place of a record, and the last one to arrive wins. "
        "Segment promises no order between requests, nor between the calls of a batch, so Pendo may keep the "
        "other value. Only `segment-pendo races` reports it, as it needs all calls.",
        "Have one place of the app send this field, and only when its value is final. Pendo does not compare "
        "timestamps, and flushing does not order deliveries; but sending the current value again later, such "
        "as at the next login, puts it right.",
        _ORDER,
        "\n".join((_identify('{"plan":"free"}'), _identify('{"plan":"pro"}'))),
        "races",
    ),
    "LIST_IN_SEGMENTIO": Code(
        "info",
        "Pendo documents lists for the metadata of its own agent, but says nothing about Segment's metadata.",
        "If you must be sure that the field is usable, send a text or several traits.",
        _METADATA,
        _identify('{"tags":["a","b"]}'),
    ),
    "DATE_FORMAT": Code(
        "info",
        "The name looks like a date, but the value is not an RFC 3339 time with a zone. Pendo reads only "
        "those as dates.",
        "Send texts like 2024-05-09T10:00:00.000Z.",
        _METADATA,
        _identify('{"createdAt":1715248800}'),
    ),
    "BOOL_AS_STRING": Code(
        "info",
        "A boolean in quotes is a text to Pendo until an administrator changes the field's type.",
        "Send true or false without quotes.",
        _METADATA,
        _identify('{"paying":"true"}'),
    ),
    "NUMBER_AS_STRING": Code(
        "info",
        "A number in quotes is a text to Pendo until an administrator changes the field's type.",
        "Send the number without quotes.",
        _METADATA,
        _identify('{"mrr":"12.50"}'),
    ),
    "VALUE_SUSPICIOUS": Code(
        "warning",
        "The value looks like a missing value turned into text, such as undefined or [object Object].",
        "Leave the trait out until its value is known.",
        _NOWHERE,
        _identify('{"plan":"undefined"}'),
    ),
    "VALUE_LONG": Code(
        "info",
        "Pendo recommends texts under 1,500 characters.",
        "Send a shorter text.",
        _METADATA,
        _identify(f'{{"bio":"{"x" * 1501}"}}'),
    ),
    "NULL_VALUE": Code(
        "info",
        "It is documented nowhere what Pendo does with null: clear the field, keep it, or store null.",
        "To keep the value, leave the trait out; do not rely on null to clear it.",
        _NOWHERE,
        _identify('{"plan":null}'),
    ),
    "EMPTY_VALUE": Code(
        "info",
        "The value is an empty text; we assume that Pendo stores it.",
        "If there is nothing to say, leave the trait out.",
        _NOWHERE,
        _identify('{"plan":""}'),
    ),
    # --- track ---
    "TRACK_NO_GROUP": Code(
        "warning",
        "Pendo learns the account of a track event only from properties.groupId; without it, the event "
        "belongs to no account.",
        "Put the account's id into properties.groupId.",
        _TRACK_WEBHOOK,
        _track('"properties":{"plan":"pro"}'),
    ),
    "TRACK_NOT_ENABLED": Code(
        "warning",
        "Track calls are sent, but the Pendo subscription does not have the setting for them "
        "(pendo_track is off), so they will not show up in Pendo.",
        "Ask Pendo for the setting, or do not select track in the destination.",
        _PAGE,
        _track('"properties":{"groupId":"acme"}'),
    ),
    "PROP_NAME": Code(
        "warning",
        "Pendo displays only properties whose names have ASCII letters, digits and _, do not begin with a "
        "digit, have at most 32 characters, and do not both begin and end with __.",
        "Rename the property.",
        _TRACK_EVENTS,
        _track('"properties":{"groupId":"acme","total billed":1}'),
    ),
    "PROPS_TOO_LARGE": Code(
        "warning",
        "Pendo shows properties of more than 512 bytes of JSON as too large.",
        "Send fewer or shorter properties.",
        _TRACK_EVENTS,
        _track(f'"properties":{{"groupId":"acme","text":"{"x" * 512}"}}'),
    ),
    "TRACK_TOO_OLD": Code(
        "warning",
        "The event is more than seven days old, and Pendo processes no events as old as that.",
        "Send events when they happen; check the clock and the queue of the app.",
        _TRACK_EVENTS,
        _track('"properties":{"groupId":"acme"},"timestamp":"2001-01-01T00:00:00Z"'),
    ),
    "TRACK_FUTURE": Code(
        "warning",
        "The event's time is more than five minutes in the future. What Pendo does with such events is "
        "documented nowhere.",
        "Check the clock of the app.",
        _NOWHERE,
        _track('"properties":{"groupId":"acme"},"timestamp":"2100-01-01T00:00:00Z"'),
    ),
    "TOO_MANY_NAMES": Code(
        "warning",
        "There are more than 5,000 different names of track events, and Pendo takes no more for an "
        "application.",
        "Use few names, and put what varies into properties.",
        _TRACK_EVENTS,
    ),
    "DUPLICATE_PATHS": Code(
        "warning",
        "The same track event came by webhook and by Pendo's own track API, so it counts twice.",
        "Send it only one way: switch off track events in one of the two destinations.",
        _TRACK_WEBHOOK,
    ),
    # --- the way ---
    "TYPE_MISSING": Code(
        "error",
        "The webhook has no type, by which Pendo tells identify from group. Only a mapping can leave it out.",
        "Let the mapping send type, with data.type or the whole event.",
        _SPECIFICATIONS,
    ),
    "UNSUPPORTED_TYPE": Code(
        "info",
        "Pendo documents only identify, group and track for Segment.",
        "Do not select other types in the destination.",
        _SPECIFICATIONS,
    ),
    "BATCHED_BODY": Code(
        "warning",
        "Several events came as one array. Pendo documents one event for each request.",
        "Switch batching off in the destination.",
        _NOWHERE,
    ),
    "DUAL_GROUP": Code(
        "info",
        "A browser sent data to Pendo while webhooks were sent: the same trait is then in Pendo twice, "
        "as agent and as segment.io.",
        "Use only one of the two ways for metadata.",
        _SPECIFICATIONS,
    ),
    "TRACK_EVENT_SHAPE": Code(
        "error",
        "A request to Pendo's track API does not have what the API needs: type track, event, visitorId, and "
        "a timestamp in milliseconds.",
        "Send what Pendo's article about the track API asks for.",
        _TRACK_EVENTS,
    ),
    "OLD_HOST": Code(
        "warning",
        "The host was once documented for webhooks and no longer is.",
        "Use data.pendo.io, or data.eu.pendo.io in the EU.",
        _PAGE,
    ),
    "UNDOCUMENTED_REGION": Code(
        "info",
        "Segment and Pendo document only the US and EU hosts for webhooks; the others are known by analogy.",
        "Ask Pendo whether your region takes Segment's webhooks.",
        _PAGE,
    ),
    "KEY_SHAPE": Code(
        "warning",
        "The API key does not have the usual shape of 8-4-4-4-12 hex digits.",
        "Copy it from Settings > Subscription settings > Applications > API key.",
        "API keys as published examples show them",
    ),
    "NO_EFFECT_ASSURED": Code(
        "info",
        "A real Pendo answered 200. It does so even for what it ignores, and shows results minutes later.",
        "Look with `segment-pendo state compare` a few minutes later.",
        "Pendo's API documentation",
    ),
    "HISTORY_CUT": Code(
        "info",
        "Only the last 10,000 ids, fields and names are remembered, so findings that need an earlier call "
        "may be missing.",
        "If these findings matter to you, look at shorter runs; else nothing.",
        "this program's own limit",
    ),
}

note: Final = maker(CODES)
