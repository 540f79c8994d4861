"""The table of Segment's rules: what each says, where it is known from, and how well.

The code names them by id. `docs/fidelity.md` is made from the table. A test compares it with the code: every
id named there is here, and every rule here is named there.
"""

from typing import Final, Literal, NamedTuple

__all__ = ["RULES", "Grade", "Proof", "Rule"]

type Grade = Literal["code", "payloads", "documentation", "SDKs", "public threads", "assumption"]
type Proof = Literal["oracle", "payloads", "SDKs", "as read"]


class Rule(NamedTuple):
    """One rule: `grade` is the kind of its best source, `proof` is what our tests compare our code with.

    oracle: Segment's own published code, run beside ours. payloads: published events of the real service.
    SDKs: requests of real SDKs. as read: nothing but the text of the source.
    """

    id: str
    says: str
    grade: Grade
    source: str
    proof: Proof = "as read"


_HTTP: Final = "HTTP API reference"
_DISCARDS: Final = "delivery overview, discards"
_COMMON: Final = "specification, common fields"
_SAMPLES: Final = "payloads of the real service in public"
_SDKS: Final = "the SDKs' code and what they were seen to send"
_ACTIONS: Final = "npm @segment/action-destinations 3.497.0"
_CORE: Final = "npm @segment/actions-core 3.170.0"
_TRIGGERS: Final = "npm @segment/destination-subscriptions 3.37.0"
_FACADE: Final = "npm segmentio-facade 3.2.7"
_CLASSIC: Final = "Segment's framework for classic destinations, 7.1.0"
_WEBHOOKS: Final = "documentation of the Webhooks destinations"
_PROTOCOLS: Final = "documentation of Protocols"
_TERRAFORM: Final = "Segment's Terraform provider and npm @segment/public-api-sdk-typescript 47"
_FILTER: Final = "documentation of filtering data"
_FUNCTIONS: Final = "documentation of destination insert functions"

_FILTERS: Final = "documentation of destination filters"
_TSUB: Final = "npm @segment/tsub 2.0.1"
_CONSENT: Final = "documentation of consent in Connections"

RULES: Final[tuple[Rule, ...]] = (
    # --- ingest: paths, keys, bodies ---
    Rule("I-1", "api.segment.io and events.eu1.segmentapis.com take the same paths.", "documentation", _HTTP),
    Rule("I-2", "SDKs get their OAuth tokens from oauth2.segment.io and oauth2.eu1.segmentapis.com.",
        "documentation", "OAuth guide", "SDKs"),
    Rule("I-3", "Settings and scripts come from cdn.segment.com and cdn-settings.segment.com.", "SDKs",
        _SDKS, "SDKs"),
    Rule("I-4", "The configuration API and functions have other hosts and are left alone.",
        "documentation", _HTTP),
    Rule("I-5", "A custom domain or a proxy may put any host and any prefix before /v1.", "documentation",
        "custom proxy guide", "SDKs"),
    Rule("I-10", "Paths /v1/identify, group, track, page, screen, alias, batch; POST.", "documentation",
        _HTTP, "SDKs"),
    Rule("I-11", "/v1/import takes what /v1/batch takes; a slash at the end changes nothing.", "SDKs", _SDKS,
        "SDKs"),
    Rule("I-12", "Analytics.js posts to /v1/ and the first letter of the type.", "SDKs", _SDKS, "SDKs"),
    Rule("I-13", "/v1/b is the batch path of mobile and browser SDKs.", "SDKs", _SDKS, "SDKs"),
    Rule("I-14", "/v1/m takes the SDKs' own metrics, no events.", "SDKs", _SDKS),
    Rule("I-15", "Older Analytics.js posts its batches to PROXY/batch.", "public threads",
        "analytics-next #628"),
    Rule("I-16", "The pixel: GET with base64 JSON or dotted parameters; always an image.", "documentation",
        "pixel tracking API"),
    Rule("I-17", "GET /v1/projects/KEY/settings; what an SDK needs in it.", "SDKs", _SDKS, "SDKs"),
    Rule("I-18", "Scripts of the CDN: /analytics.js/v1/..., /next-integrations/...", "SDKs", _SDKS),
    Rule("I-19", "A prefix before /v1 changes nothing.", "assumption", "follows from custom proxies"),
    Rule("I-20", "Basic auth: the user is the write key, with or without the colon.", "documentation", _HTTP,
        "SDKs"),
    Rule("I-21", "Which key counts when body and header differ.", "public threads", "segment-docs #4137"),
    Rule("I-22", "With OAuth the header is a Bearer, and the write key stands in the body.", "documentation",
        _HTTP, "SDKs"),
    Rule("D-60", "An SDK with OAuth asks for a token, with a JWT that it signs with the app's private key; "
        "it is answered here. An error without error_description kills Python's SDK.", "SDKs", _SDKS, "SDKs"),
    Rule("I-24", "A write key has 32 letters and digits.", "public threads", "analytics-node #59 and #235"),
    Rule("I-30", "The body is parsed as JSON whatever Content-Type says.", "SDKs", _SDKS, "SDKs"),
    Rule("I-31", "gzip is decoded; a damaged stream is bad JSON.", "assumption", "SDKs send gzip"),
    Rule("I-33", "Every answer is JSON: Ruby parses any status, PHP and Python want exactly 200.", "SDKs",
        _SDKS, "SDKs"),
    Rule("I-34", 'A good answer is 200 {"success": true}.', "public threads", "analytics-go #205", "SDKs"),
    Rule("I-35", "The body of a 400 is not documented; ours is JSON.", "assumption",
        "safe for every SDK read"),
    Rule("I-36", "400 only for bad JSON and oversize; all else is 200.", "documentation", _HTTP),
    Rule("I-40", "One call over 32 KB: 400.", "documentation", _HTTP),
    Rule("I-41", "A batch over 500 KB: 400.", "documentation", _HTTP),
    Rule("I-42", "An item over 32 KB in a batch: the documentation contradicts itself.", "documentation",
        _HTTP),
    Rule("I-43",
        "More than 2,500 items: 200, then rejected; whether all of them or only the surplus is undocumented.",
        "documentation", _HTTP),
    Rule("I-44", "messageId has at most 100 characters; what happens beyond is undocumented.",
        "documentation", _HTTP),
    Rule("I-45", "10,000 properties in an event: cannot be reached within 32 KB.", "documentation", "limits"),
    Rule("I-46", "Limits are measured on the decoded body.", "assumption", "the SDKs measure so"),
    # --- ingest: drops after a 200 ---
    Rule("I-50", "empty_batch: a batch without calls.", "documentation", _DISCARDS),
    Rule("I-51", "empty_batch_result, when nothing of a batch is left: each call has its own code here.",
        "documentation", _DISCARDS),
    Rule("I-52", "multi_user_error, when some of a batch are lost: the others are delivered.",
        "documentation", _DISCARDS),
    Rule("I-53", "no_user_anon_id: neither userId nor anonymousId.", "documentation", _DISCARDS),
    Rule("I-54", "id_not_string: an id that is empty or no string.", "documentation", _DISCARDS),
    Rule("I-55", "event_not_defined, event_not_string (track).", "documentation", _DISCARDS),
    Rule("I-56", "properties_not_object.", "documentation", _DISCARDS),
    Rule("I-57", "traits_not_object.", "documentation", _DISCARDS),
    Rule("I-58", "name_not_string (page, screen).", "documentation", _DISCARDS),
    Rule("I-59", "category_not_string.", "documentation", _DISCARDS),
    Rule("I-60", "bad_request: an item that cannot be decoded (no source is unknown or disabled here).",
        "documentation", _DISCARDS),
    Rule("I-61", "An id that is null counts as absent.", "payloads", _SAMPLES),
    Rule("I-62",
        "A number is not an id over HTTP; SDKs turn it into a string before.", "documentation", _DISCARDS,
        "SDKs"),
    Rule("I-63", "Filtered at the destination: FILTERED_BY_INTEGRATIONS_OBJECT, NO_MATCHING_MAPPING.",
        "documentation", _DISCARDS),
    Rule("I-64",
        "A messageId repeated within 24 hours is mostly dropped; here it is delivered, with a finding.",
        "documentation",
         "duplicate data guide"),
    Rule("I-65",
        'An empty id counts as absent: a call with userId "" was shown as one without any id, and SDKs that '
        'always send userId "" beside an anonymousId are in use.', "public threads",
        "neondatabase/neonctl #399 and #400, analytics-ruby #243, RudderStack's browser SDK"),
    Rule("I-70",
        "Browsers send a preflight because of Authorization; the answer allows what is asked for.", "SDKs",
        _SDKS, "SDKs"),
    Rule("I-71",
        "RudderStack's browser SDK sends no call before GET /sourceConfig has told it of an enabled source "
        "with an id, a config and a list of destinations.", "SDKs", "@rudderstack/analytics-js 3.34.1",
        "SDKs"),
    # --- the message ---
    Rule("M-1", "Types are identify, group, track, page, screen, alias, in lower case.", "documentation",
        _COMMON),
    Rule("M-2",
        "Calls need an id, track an event. What else is missing does not stop a call; a finding says so.",
        "documentation", _COMMON),
    Rule("M-3", "context, integrations, messageId, timestamp and sentAt are common to all, and optional.",
        "documentation", _COMMON),
    Rule("M-4", "Trait names that the specification reserves are treated like any other.", "documentation",
        "specification, identify"),
    Rule("M-5", "The same for groups.", "documentation", "specification, group"),
    Rule("M-6", "Trait keys pass as they are: any case, blanks, also a key named id.", "code",
        "Segment's acceptance tester", "SDKs"),
    Rule("M-7",
        "null in a trait passes: it replaces the value, where an absent trait keeps it.",
        "payloads", _SAMPLES),
    Rule("M-8", "context.traits and traits are never merged.", "payloads", _SAMPLES),
    Rule("M-9", "context.groupId passes as it is.", "code", _ACTIONS),
    Rule("M-10", "Unknown keys of context pass.", "code", "Segment's acceptance tester", "SDKs"),
    Rule("M-11", "version is 2.", "payloads", _SAMPLES),
    Rule("M-12", "channel is client for single events of Analytics.js, else server.", "payloads", _SAMPLES),
    Rule("M-13",
        "What Segment's debugger shows lacks channel, version and projectId; destinations have them.",
        "payloads", _SAMPLES),
    Rule("N-1", "Everything is on unless All is false; a destination's own key beats All.", "documentation",
        _FILTER),
    Rule("N-2", "Names are those of the catalogue, and case matters.", "documentation", _FILTER),
    Rule("N-3", "false is off; true, an object or anything else is on.", "code", _FACADE, "oracle"),
    Rule("N-4", "Classic: All in any spelling, in integrations, options or context; options.providers.",
        "code", _FACADE, "oracle"),
    Rule("N-5", "Classic is named Webhooks.", "code", _CLASSIC),
    Rule("N-6",
        "The Actions destination has two names, Webhook and Webhooks (Actions); which wins is undocumented.",
        "documentation", "catalogue"),
    Rule("N-7", '"Pendo": false does not stop the webhook.', "assumption",
        "follows from N-2: they are different destinations"),
    Rule("N-8", '"Segment.io": false stops a call in the browser; a call that arrives is delivered.',
        "documentation", _FILTER),
    Rule("N-9", "Every type can be filtered, alias too (the documentation contradicts itself).",
        "documentation", _FILTER),
    Rule("N-10", "All instances of a destination obey one key.", "documentation", _FILTER),
    Rule("N-11", "integrations is delivered as sent; {} where there was none.", "payloads", _SAMPLES),
    Rule("N-12",
        "A filter set in the workspace does not override the object (workspaces are not known here).",
        "documentation", _FILTER),
    Rule("N-13", "_metadata.unbundled: no effect, as both destinations take client events anyway.", "code",
        _CLASSIC),
    Rule("D-70",
        "Settings of the CDN hold the plan; Analytics.js marks what it blocks All: false, Segment.io: true.",
        "code", "npm @segment/analytics-next 1.84.3", "SDKs"),
    # --- times ---
    Rule("T-1", "originalTimestamp is the client's timestamp, character for character.", "payloads",
        _SAMPLES, "payloads"),
    Rule("T-2", "sentAt, receivedAt and timestamp are UTC with milliseconds and Z.", "payloads", _SAMPLES,
        "payloads"),
    Rule("T-3", "timestamp = receivedAt - (sentAt - originalTimestamp).", "documentation", _COMMON,
        "payloads"),
    Rule("T-4",
        "Parts finer than milliseconds count in the calculation, then are cut.",
        "payloads", _SAMPLES, "payloads"),
    Rule("T-5", "Every call has the sentAt of its batch.", "payloads", _SAMPLES),
    Rule("T-6", "A batch without sentAt: sentAt is null, timestamp is the client's.", "payloads", _SAMPLES),
    Rule("T-7", "A single call without timestamp: timestamp is receivedAt, no other time is made.",
        "payloads", _SAMPLES),
    Rule("T-8",
        "A single call with timestamp and without sentAt: what happens is undocumented.", "assumption",
        "as T-6"),
    Rule("T-9", "A time that cannot be read counts as absent, with a warning.", "assumption", "no source"),
    Rule("T-11", "A client's wrong clock moves nothing.", "assumption", "follows from T-3"),
    Rule("T-12", "Mobile SDKs set sentAt when a batch is first tried; the formula is the same.",
        "documentation", _COMMON),
    # --- what the server makes ---
    Rule("S-1", "A batch becomes one message for each item.", "payloads", _SAMPLES),
    Rule("S-2",
        "context and integrations of a batch are merged into its items; which wins, how deep: undocumented.",
        "documentation", _HTTP),
    Rule("S-3", "Nothing else of a batch's envelope is copied.", "payloads", _SAMPLES),
    Rule("S-4", "writeKey is in messages that came by batch or import, absent in single ones.", "payloads",
        _SAMPLES),
    Rule("S-5", "A missing messageId becomes api- and 27 characters.", "payloads", _SAMPLES),
    Rule("S-6", "The path gives the type of a single call.", "documentation", _HTTP),
    Rule("S-7", "receivedAt is the server's time, whatever the client says.", "assumption",
        "no source says otherwise"),
    Rule("S-9", "projectId (here `local`), version and channel are added.", "payloads", _SAMPLES),
    Rule("S-10", "integrations {} and context.library unknown are added where absent.", "payloads", _SAMPLES),
    Rule("S-11",
        "context.ip is filled for client-side calls; how to tell them in a batch is undocumented.",
        "documentation", _COMMON),
    Rule("S-12", "No IPv6 address is collected.", "documentation", _COMMON),
    Rule("S-13", "context.userAgent is what the client put there; no header is copied.", "payloads",
        _SAMPLES),
    Rule("S-14", "_metadata passes.", "payloads", _SAMPLES),
    Rule("S-15", "Unknown keys pass through.", "assumption",
        "Segment's acceptance tester compares every key"),
    Rule("S-16", "null stays null, absent stays absent.", "payloads", _SAMPLES),
    Rule("S-17", "context.protocols is added only with Segment's Protocols: here, with a tracking plan.",
        "payloads", _SAMPLES),
    Rule("S-18", "Published payloads have their keys sorted; why is undocumented.", "payloads", _SAMPLES),
    Rule("S-19", "Dates in traits pass as they are.", "payloads", _SAMPLES),
    Rule("S-20", "Input equals output except for eleven keys and empty top-level objects.", "code",
        "Segment's acceptance tester", "SDKs"),
    Rule("S-21", "context.ip is not among the eleven keys: servers' libraries get none.", "code",
        "Segment's acceptance tester", "SDKs"),
    Rule("S-22", "Suppressed users and schema blocks are not known here.", "documentation", _DISCARDS),
    # --- destination filters ---
    Rule("D-30", "Filters run in the order sample, drop, drop properties, allow properties; at most ten.",
        "documentation", _FILTERS),
    Rule("D-31", "A sample keeps the events whose value at its path hashes below the percentage; without a "
         "path, lots are drawn. The published code hashes hexadecimal digits and so misses the percentage; "
         "what it means to compute is assumed of the servers.", "code", _TSUB, "oracle"),
    Rule("D-32", "A filter that errs drops the event, and no view of Segment's shows it.", "documentation",
        _FILTERS),
    Rule("D-33", "Fields are named by the path of their object; in a list, those of every object go. Filters "
         "that allow nothing in common leave nothing.", "code", _TSUB, "oracle"),
    Rule("D-34", "The names of actions in the Public API, the engine and the older API; `all` is the "
         "condition that always holds.", "documentation", _FILTERS),
    Rule("D-35", "The published engine, the browser's, differs from the documented one, the servers': there "
         "what is missing is no null, a list of the event holds paths, and functions work beside comparisons "
         "only.", "code", _TSUB, "oracle"),
    Rule("D-36", "In a pattern, * matches a slash too; a class that is wrong matches nothing.", "code", _TSUB,
        "oracle"),
    Rule("D-37", "The words of a condition are those of the published lexer; the grammar is the documented "
         "one, with and before or.", "code", "npm @segment/fql-ts 1.10.1", "oracle"),
    # --- consent ---
    Rule("D-40", "Without consent, or with an empty consent object and no integrations, a call is delivered.",
        "documentation", _CONSENT),
    Rule("D-41", "With empty preferences every category counts as refused.", "documentation", _CONSENT),
    Rule("D-42", "Without consent the integrations object alone decides.", "documentation", _CONSENT),
    Rule("D-43", "An empty consent object beside an integrations object refuses every category; the page "
         "contradicts itself.", "documentation", _CONSENT),
    Rule("D-44", "Empty consent keeps nothing from a destination without categories.", "documentation",
        _CONSENT),
    Rule("D-45", "No preference keeps a call from a destination without categories.", "documentation",
        _CONSENT),
    Rule("D-46", "Where every category of the destination is true, the integrations object decides.",
        "documentation", _CONSENT),
    Rule("D-47", "One category that is not true keeps the call back, whatever the integrations object says.",
        "documentation", _CONSENT),
    Rule("D-48", "A category that the preferences do not name counts as refused.", "documentation", _CONSENT),
    # --- the webhook destinations ---
    Rule("W-1", "Classic headers: Segment.io/1.0, application/json.", "documentation", _WEBHOOKS),
    Rule("W-2", "Classic body: the event as JSON, one for each request.", "documentation", _WEBHOOKS),
    Rule("W-6", "X-Signature is the HMAC-SHA1 of the body in lower-case hex, only with a secret.",
        "documentation", _WEBHOOKS, "oracle"),
    Rule("W-7", "Classic may rewrite texts that look like dates; whether it does today is not known.",
        "code", _FACADE, "oracle"),
    Rule("W-8", "Classic waits 5 s.", "documentation", _WEBHOOKS),
    Rule("W-10", "Classic tries again where no answer comes, and after 429, 500, 502, 503, 504.", "code",
        _CLASSIC),
    Rule("W-11", "A redirect is a failure (the documentation speaks of a followed 307); no switch here.",
        "code", _CLASSIC),
    Rule("W-12", "The body of an answer is ignored.", "code", _CLASSIC),
    Rule("W-20", "The body is the whole event, as it is.", "code", _ACTIONS, "oracle"),
    Rule("W-21", "With batching, the body is a JSON array of events.", "code", _ACTIONS, "oracle"),
    Rule("W-22", "With batching, X-Signature signs the first event only.", "code", _ACTIONS, "oracle"),
    Rule("W-23", "Actions headers and their order.", "code", _CORE, "oracle"),
    Rule("W-26", "Actions waits 10 s.", "code", _CORE),
    Rule("W-27", "Actions tries again after 5xx except 501, and after 408, 423, 429.", "code", _CORE),
    Rule("W-40", "A failed webhook is tried again for four hours, with randomised exponential backoff. How "
         "often is not published; here pauses double, nine attempts fill the window, and the window can be "
         "shorter.", "documentation", _WEBHOOKS),
    Rule("W-28", "JSON as JavaScript writes it: numbers are doubles, keys named __proto__ are lost.", "code",
         _ACTIONS, "oracle"),
    # --- Protocols: the tracking plan ---
    Rule("D-1", "Protocols judges a call after ingest, before any destination, for cloud mode only.",
         "documentation", _PROTOCOLS),
    Rule("D-4", "A plan is a list of rules {type, key, version, jsonSchema} in the Public API; Terraform has "
         "json_schema as a text. The schema controls have the same words in both.", "code", _TERRAFORM),
    Rule("D-100", "A track call is judged by the rule with its event as key, by exact case; page and screen "
         "calls by Page Viewed and Screen Viewed.", "documentation", _PROTOCOLS),
    Rule("D-101", "context.protocols.event_version names the version of the rule; without a known one the "
         "oldest judges.", "documentation", _PROTOCOLS),
    Rule("D-102", "The schema controls of a source block or omit: unplanned events, properties and traits, "
         "what violates its rule, what violates the rule for all calls.", "documentation", _PROTOCOLS),
    Rule("D-103", "The common JSON Schema judges the whole of every call.", "documentation", _PROTOCOLS),
    Rule("D-104", "Unplanned goes by name, on the first level of properties or traits; a name that only a "
         "pattern of the schema has is planned; an unplanned event keeps its properties.", "assumption",
         "the documentation speaks of names only"),
    Rule("D-105", "context.protocols has violations (type, field, description), omitted and "
         "omitted_on_violation.", "public threads", "columns of warehouses in public repositories"),
    Rule("D-106", "In these, fields are dotted paths, and omitted members are named without their values; "
         "but for Required, the words of types and descriptions are ours.", "assumption",
         "one published example of a forwarded violation"),
    Rule("D-107", "A schema is JSON Schema draft-07, judged as ajv 8 does, with formats; schemas and "
         "patterns that would take for ever are refused. Segment's own judge is not published: its "
         "messages are those of a Go library, which has no look-ahead.", "documentation",
         "npm ajv 8.17.1, ajv-formats 3.0.1", "oracle"),
    Rule("D-108", "Omitted on violation is the nearest member of properties or traits that holds what does "
         "not fit; for an element of a list, the list.", "assumption",
         "the documentation speaks of the property"),
    Rule("W-29", "A call that no trigger selects: NO_MATCHING_MAPPING.", "documentation", _DISCARDS),
    # --- insert functions ---
    Rule("D-50",
        "A function has handlers: onIdentify, onTrack, onGroup, onPage, onScreen, onAlias, onDelete. What "
        "one returns goes on; a type without a handler is not sent (Segment calls it EventNotSupported).",
        "documentation", _FUNCTIONS),
    Rule("D-51",
        "DropEvent drops an event, and so does a handler that does not return one. A list or a text in its "
        "place counts as none: that is documented nowhere.", "documentation",
        "documentation of destination insert functions; segment-docs #5576"),
    Rule("D-52",
        "EventNotSupported, InvalidEventPayload, ValidationError and any other error lose the event at once; "
        "after RetryError Segment runs the function again for four hours (here it is not run again).",
        "documentation", _FUNCTIONS),
    Rule("D-53", "A function has five seconds, then it is run again for up to four hours (not so here).",
        "documentation", "documentation of function usage limits"),
    Rule("D-54",
        "onBatch is called where more than one event a second comes, handlers of single events elsewhere; "
        "so here only they count.", "assumption", "documentation of destination insert functions"),
    Rule("D-55",
        "Segment's runtime is Node 20 in UTC with crypto, https, fetch, cache and some thirty packages; none "
        "of the packages is here, and https and fetch only where the network is allowed.", "documentation",
        "documentation of the functions' runtime"),
    Rule("D-56",
        "The trigger is asked before the function: a function cannot make a call match that did not.",
        "documentation", _FUNCTIONS),
    # --- triggers of mappings ---
    Rule("D-10", "A trigger compares texts by case, numbers with numbers only, and reads them as JavaScript.",
        "code", _TRIGGERS, "oracle"),
    Rule("D-11", "A trigger's ! counts only right before contains and match; elsewhere it is lost.", "code",
        _TRIGGERS, "oracle"),
    Rule("D-12", "!= null means that something is there; != and a text also holds where nothing is.", "code",
        _TRIGGERS, "oracle"),
    Rule("D-13", "What Segment does not know of a trigger is passed over: AND, OR, names of functions, "
        "fields; the last and/or counts for all. Back quotes, parentheses in parentheses, != without a blank "
        "and an empty trigger are errors, and then the mapping sends nothing.", "code", _TRIGGERS, "oracle"),
    Rule("D-14", "A destination may have several mappings, each with its own trigger.", "code", _CORE),
    # --- the mapping of a destination ---
    Rule("D-20",
        "A mapping is made of thirteen directives; Segment refuses what their check refuses, and fails on an "
        "event where one of them throws.", "code", _CORE, "oracle"),
    Rule("D-21",
        "data must be an object; without data, a request without a body goes out; a text, a number, a list "
        "or a method that is not POST, PUT or PATCH sends nothing.", "code", _ACTIONS, "oracle"),
    Rule("D-22",
        "@flatten makes tags_0 of lists unless omitArrays, and leaves out what is empty; null stays unless "
        "@excludeWhenNull, which does not look into lists.", "code", _CORE, "oracle"),
    Rule("D-23", "The usual repair for Pendo merges context.groupId into properties of track calls.",
        "documentation", "Pendo's article 28403116836763", "oracle"),
    Rule("D-24",
        "A path stops where a value counts as false and gives that one; it reads members of prototypes, and "
        "a dot separates within quotes, too.", "code", _CORE, "oracle"),
    Rule("D-25",
        "A template reads places without $., triple braces first; what they bring in is filled in again.",
        "code", _CORE, "oracle"),
    Rule("D-26",
        "Headers of a mapping go out in lower case, sorted; null goes out as a text; one that HTTP does not "
        'take stops the request, the value "undefined" takes a header away.', "code", _CORE, "oracle"),
    Rule("D-27", "An event whose context, or context.personas, is null is never sent.", "code", _CORE,
        "oracle"),
    Rule("D-28", "@liquid is liquidjs 10 with at most 1,000 characters, some tags and filters turned off.",
        "code", _CORE, "oracle"),
)  # fmt: skip
