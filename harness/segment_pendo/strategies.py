"""Hypothesis strategies: calls as apps make them, and requests as Segment's SDKs send them.

They need `segment-pendo[pytest]`.

A call is what an app hands to its SDK: `type`, ids, `traits` or `properties`. A session is the calls of one
person, in order. A batch is the JSON of several calls in one request, and an SdkRequest is the whole HTTP
request. Most strategies take strategies for their parts; each default shrinks to the simplest case.
"""

import gzip
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from segment_pendo.pendo.ids import Kind, examine
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = [
    "batches",
    "calls",
    "group_calls",
    "hostile_traits",
    "identify_calls",
    "ids",
    "register_ci_profile",
    "sdk_requests",
    "sessions",
    "track_calls",
    "traits",
    "valid_ids",
]

type Strategy[T] = st.SearchStrategy[T]

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Not by codec: its table takes Hypothesis a second on a new machine.
_ANY = st.characters(exclude_categories=["Cs"])
_WORDS = st.text(st.characters(categories=["L", "N"], include_characters=" -_.'"), min_size=1, max_size=20)
_NAMES = st.text(_LETTERS, min_size=1, max_size=10)
_BEFORE = st.lists(st.sampled_from(["identify", "track"]), max_size=3)
_INSIDE = st.lists(st.sampled_from(["identify", "track"]), max_size=2)
_PEOPLE = st.sampled_from([("userId",), ("userId", "anonymousId"), ("anonymousId",)])
_DEVICES = st.uuids().map(str)
_EMAILS = st.builds(
    "{}@example.{}".format,
    _NAMES | st.builds("{}.{}".format, _NAMES, _NAMES),
    st.sampled_from(["com", "org"]),
)
# Hypothesis wants naive limits.
_YEARS = datetime(2000, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001
_DATES = st.datetimes(*_YEARS).map(lambda at: at.isoformat(timespec="milliseconds") + "Z")
_PLANS = st.sampled_from(["free", "pro", "premium", "enterprise"])
# As long as Segment's. No UUID begins with wk: recordings would replace an id that equals the write key.
_WRITE_KEYS = st.text(_LETTERS + _LETTERS.upper() + "0123456789", min_size=30, max_size=30).map("wk{}".format)
# Traits from Segment's specification, with values as apps give them.
_KNOWN: dict[str, Strategy[Json]] = {
    "name": _WORDS,
    "email": _EMAILS,
    "plan": _PLANS,
    "createdAt": _DATES,
    "employees": st.integers(0, 100_000),
    "logins": st.integers(0, 10_000),
    "industry": _WORDS,
    "phone": st.integers(0, 99).map("+1-555-01{:02}".format),
    "website": _NAMES.map("https://{}.example.com".format),
    "address": st.fixed_dictionaries({}, optional={"city": _WORDS, "country": _WORDS, "postalCode": _WORDS}),
    "company": st.fixed_dictionaries({}, optional={"id": _WORDS, "name": _WORDS}),
    "roles": st.lists(_WORDS, max_size=3),
    "mrr": st.floats(0, 1e6).map(lambda amount: round(amount, 2)),
    "trial": st.booleans(),
    "referredBy": st.none() | _WORDS,
}
_STANDARD: Strategy[JsonObject] = st.fixed_dictionaries({}, optional=_KNOWN)


def register_ci_profile(name: str = "ci") -> None:
    """Register a Hypothesis profile for CI: the same examples in every run, and no deadline.

    A failing example is printed so that you can copy it. Load the profile in conftest.py:
    `settings.load_profile("ci")`. With it, a test with @given may take the fixture `segment_pendo`, which
    lives as long as the test: begin each example with `segment_pendo.clear()`.
    """
    settings.register_profile(
        name,
        derandomize=True,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


# Hypothesis shows what a composite returns as it is; of `builds` it would show the lambda.
@st.composite
def _joined(draw: st.DrawFn, *parts: Strategy[JsonObject]) -> JsonObject:
    return {name: value for part in parts for name, value in draw(part).items()}


@st.composite
def _who(draw: st.DrawFn, user_ids: Strategy[str], anonymous_ids: Strategy[str]) -> JsonObject:
    members = {"userId": user_ids, "anonymousId": anonymous_ids}
    return {name: draw(members[name]) for name in draw(_PEOPLE)}


def _or[T](given: Strategy[T] | None, default: Strategy[T]) -> Strategy[T]:
    if given is None:
        return default
    if not isinstance(given, st.SearchStrategy):
        msg = f"a strategy belongs here, such as st.just({given!r}), not {given!r}"
        raise TypeError(msg)
    return given


def ids() -> Strategy[str]:
    """Generate user, anonymous and group ids: any non-empty text that UTF-8 can hold.

    Often it is a UUID, an e-mail address or a number in digits. Segment takes them all, but Pendo not: white
    space alone is none to it, and it warns of others, such as "null" and "_PENDO_T_...". `valid_ids` has only
    those of which there is nothing to warn.
    """
    any_text = st.text(_ANY, min_size=1, max_size=40)
    return any_text | st.uuids().map(str) | _EMAILS | st.integers(0, 10**9).map(str)


def valid_ids() -> Strategy[str]:
    """Generate the `ids` that Pendo takes as visitor and as account without a warning.

    No two of them differ in case alone. Of such ids, `problems()` says nothing.
    """
    return _VALID_IDS


def _is_valid(id: str) -> bool:
    kinds: tuple[Kind, ...] = ("visitor", "account")
    findings = [finding for kind in kinds for finding in examine(id, kind, "$")]
    return id == id.casefold() and all(finding.level == "info" for finding in findings)


_VALID_IDS = ids().filter(_is_valid)
_IDS = ids()  # the defaults exist once: a strategy that was used before draws faster


def traits(
    *, keys: Strategy[str] | None = None, values: Strategy[Json] | None = None
) -> Strategy[JsonObject]:
    """Generate realistic traits or properties.

    They are those of Segment's specification, and up to three of the app's own. With `keys` or `values`,
    there are only the latter.
    """
    scalars: Strategy[Json] = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _WORDS
    own: Strategy[JsonObject] = st.dictionaries(
        _or(keys, _NAMES | st.builds("{}_{}".format, _NAMES, _NAMES)), _or(values, scalars), max_size=3
    )
    return own if keys is not None or values is not None else _joined(own, _STANDARD)


_TRAITS = traits()


def hostile_traits() -> Strategy[JsonObject]:
    """Generate any JSON object: odd keys, lone surrogates, numbers that JavaScript changes, nesting."""
    return _HOSTILE


def _hostile() -> Strategy[JsonObject]:
    texts = st.text(_ANY, max_size=12) | st.sampled_from(
        ["", "id", "userId", "__proto__", "1", "\ud83d", "a.b", "$set", "Plan", "plan"]
    )
    scalars: Strategy[Json] = (
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
    )
    # Two levels with names draw far faster than a recursive strategy.
    flat: Strategy[Json] = st.lists(scalars, max_size=3) | st.dictionaries(texts, scalars, max_size=3)
    deep: Strategy[Json] = st.lists(scalars | flat, max_size=3) | st.dictionaries(
        texts, scalars | flat, max_size=3
    )
    return st.dictionaries(texts, scalars | flat | deep, max_size=5)


_HOSTILE = _hostile()


def _calls(
    kind: str,
    who: tuple[Strategy[str] | None, Strategy[str] | None],
    parts: dict[str, Strategy[Json]],
    optional: dict[str, Strategy[Json]],
) -> Strategy[JsonObject]:
    user_ids, anonymous_ids = who
    rest: Strategy[JsonObject] = st.fixed_dictionaries(parts, optional=optional)
    return _joined(st.just({"type": kind}), _who(_or(user_ids, _IDS), _or(anonymous_ids, _IDS)), rest)


def identify_calls(
    *,
    user_ids: Strategy[str] | None = None,
    anonymous_ids: Strategy[str] | None = None,
    traits: Strategy[JsonObject] | None = None,
) -> Strategy[JsonObject]:
    """Generate identify calls, some of them anonymous, some without traits."""
    return _calls("identify", (user_ids, anonymous_ids), {}, {"traits": _or(traits, _TRAITS)})


def group_calls(
    *,
    user_ids: Strategy[str] | None = None,
    anonymous_ids: Strategy[str] | None = None,
    group_ids: Strategy[str] | None = None,
    traits: Strategy[JsonObject] | None = None,
) -> Strategy[JsonObject]:
    """Generate group calls, some of anonymous users, some without traits."""
    return _calls(
        "group",
        (user_ids, anonymous_ids),
        {"groupId": _or(group_ids, _IDS)},
        {"traits": _or(traits, _TRAITS)},
    )


def track_calls(
    *,
    user_ids: Strategy[str] | None = None,
    anonymous_ids: Strategy[str] | None = None,
    events: Strategy[str] | None = None,
    properties: Strategy[JsonObject] | None = None,
) -> Strategy[JsonObject]:
    """Generate track calls, some of them without properties."""
    return _calls(
        "track",
        (user_ids, anonymous_ids),
        {"event": _or(events, _WORDS)},
        {"properties": _or(properties, _TRAITS)},
    )


def calls() -> Strategy[JsonObject]:
    """Generate identify, group and track calls."""
    return identify_calls() | group_calls() | track_calls()


_CALLS = calls()


def batches(
    *, calls: Strategy[JsonObject] | None = None, write_keys: Strategy[str] | None = None
) -> Strategy[JsonObject]:
    """Generate the JSON that an SDK sends to /v1/batch: one to five calls, a write key, perhaps sentAt."""
    many = st.lists(_or(calls, _CALLS), min_size=1, max_size=5)
    keys = _or(write_keys, _WRITE_KEYS)
    parts: dict[str, Strategy[Any]] = {"batch": many, "writeKey": keys}
    optional: dict[str, Strategy[Json]] = {"sentAt": _DATES}
    return st.fixed_dictionaries(parts, optional=optional)


@st.composite
def sessions(
    draw: st.DrawFn,
    *,
    user_ids: Strategy[str] | None = None,
    anonymous_ids: Strategy[str] | None = None,
    group_ids: Strategy[str] | None = None,
    traits: Strategy[JsonObject] | None = None,
    events: Strategy[str] | None = None,
) -> list[JsonObject]:
    """Generate the calls of one person, in order: up to three anonymous calls, then identify, then accounts.

    There are up to three accounts, one after the other, with up to two more calls in each: track, or identify
    with other traits. It shrinks to one identify call.
    """
    user, device = draw(_or(user_ids, _IDS)), draw(_or(anonymous_ids, _DEVICES))
    facts, named = _or(traits, _TRAITS), _or(events, _WORDS)

    def call(kind: str, who: JsonObject, **inside: Json) -> JsonObject:
        drawn = draw(facts)
        if kind == "track":
            return {"type": kind, **who, "event": draw(named), "properties": {**drawn, **inside}}
        return {"type": kind, **who, "traits": drawn}

    session = [call(kind, {"anonymousId": device}) for kind in draw(_BEFORE)]
    session.append(call("identify", {"userId": user, "anonymousId": device}))
    for account in draw(st.lists(_or(group_ids, _IDS), max_size=3, unique=True)):
        session.append(call("group", {"userId": user, "groupId": account}))
        # Pendo learns the account of a track event from its properties.
        session += [call(kind, {"userId": user}, groupId=account) for kind in draw(_INSIDE)]
    return session


@st.composite
def sdk_requests(
    draw: st.DrawFn,
    *,
    sdk: Strategy[str] | None = None,
    calls: Strategy[JsonObject] | None = None,
    write_keys: Strategy[str] | None = None,
) -> SdkRequest:
    """Generate a request of an SDK with up to five calls.

    `sdk` generates one of python, node, browser, browser-batching, react-native, http, ruby, go, php.

    It holds one call if the SDK sends each call by itself. Like a real request, it may be compressed, a
    retry, or sent below a path of a proxy.
    """
    name = draw(_or(sdk, st.sampled_from(sorted(SDKS))))
    if name not in SDKS:
        msg = f"there is no SDK {name!r}; the SDKs are {', '.join(SDKS)}"
        raise ValueError(msg)
    most = 1 if SDKS[name].envelope is None else 5
    drawn = draw(st.lists(_or(calls, _CALLS), min_size=1, max_size=most))
    at = draw(st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given beside
    write_key = draw(_or(write_keys, _WRITE_KEYS))
    names = iter(range(10**6))
    start = draw(st.uuids()).int
    (request,) = requests(
        drawn, name, write_key=write_key, at=at, unique=lambda: f"{start + next(names):032x}"
    )
    if SDKS[name].gzips and draw(st.booleans()):
        body = gzip.compress(request.body, mtime=0)
        request = replace(request, body=body, headers=(*request.headers, ("Content-Encoding", "gzip")))
    if draw(st.booleans()):
        request = replace(
            request, headers=(*request.headers, ("X-Retry-Count", str(draw(st.integers(1, 10)))))
        )
    return replace(request, path=draw(st.sampled_from(["", "/segment", "/a/b"])) + request.path)
