"""Wrong rules, each of which one could believe.

The kept verdicts of Segment's code find every one of them.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from segment_oracle import Case, Rule, differing, ours

from segment_pendo.base import js_json


def signed(body: bytes, secret: str) -> str | None:
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest() if secret else None


def writing(write: Callable[[str], bytes]) -> Rule:
    """A rule that writes each event by itself and is right about the rest."""

    def rule(case: Case) -> tuple[bytes, str | None]:
        bodies = [write(text) for text in case.texts]
        body = bodies[0] if case.kind == "event" else b"[" + b",".join(bodies) + b"]"
        return body, signed(bodies[0], case.secret)

    return rule


def signing(sign: Callable[[Case, bytes], str | None]) -> Rule:
    """A rule that is right about the body and signs by itself; it is given the body of the first event."""
    return lambda case: (ours(case)[0], sign(case, ours(Case("event", case.texts[:1]))[0]))


def value(text: str) -> Any:
    return js_json.read(text.encode()).value


def changing(change: Callable[[Any], Any], read: Callable[[str], Any] = value) -> Rule:
    """A rule that changes every value on the way; a text after MARK is written without quotes, a key after @@
    in its place.
    """

    def walk(one: Any) -> Any:
        if isinstance(one, dict):
            one = {key: walk(inner) for key, inner in one.items()}
        elif isinstance(one, list):
            one = [walk(inner) for inner in one]
        return change(one)

    return writing(lambda text: _IN_PLACE.sub(rb"\1", _MARKED.sub(rb"\1", js_json.write(walk(read(text))))))


def members(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Any], Any]:
    return lambda one: change(one) if isinstance(one, dict) else one


def digested(algorithm: str, text: Callable[[bytes], str] = bytes.hex) -> Rule:
    """A rule that signs, if there is a secret, with another digest or in another alphabet."""

    def sign(case: Case, first: bytes) -> str | None:
        return text(hmac.new(case.secret.encode(), first, algorithm).digest()) if case.secret else None

    return signing(sign)


MARK = "~~"
_IN_PLACE = re.compile(rb'(?<=")@@([^"]*":)')
_MARKED = re.compile(rb'"~~([^"]*)"')


def spelled(one: Any) -> Any:
    return MARK + repr(one) if isinstance(one, float) and one.is_integer() and abs(one) < 1e15 else one


def first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, inner in pairs:
        kept.setdefault(key, inner)
    return kept


MUTANTS: dict[str, Rule] = {
    "keys are sorted": changing(members(lambda one: dict(sorted(one.items())))),
    "1.0 is kept": changing(spelled, json.loads),
    "every digit is kept": writing(lambda text: js_json.keep(value(text))),
    "__proto__ is kept": changing(
        members(lambda one: {f"@@{k}" if k == "__proto__" else k: v for k, v in one.items()})
    ),
    "beyond ASCII is escaped": writing(
        lambda text: js_json.ascii_only(js_json.write(value(text)).decode()).encode()
    ),
    "U+2028 is escaped": writing(
        lambda text: js_json.write(value(text)).replace("\u2028".encode(), rb"\u2028")
    ),
    "/ is escaped": writing(lambda text: js_json.write(value(text)).replace(b"/", rb"\/")),
    "< is escaped, as Go does": writing(lambda text: js_json.write(value(text)).replace(b"<", rb"\u003c")),
    "integer-like keys stay in place": changing(
        members(lambda one: {f"@@{k}" if k.isdigit() else k: v for k, v in one.items()})
    ),
    "the first of duplicates wins": writing(
        lambda text: js_json.write(json.loads(text, object_pairs_hook=first_wins))
    ),
    "nulls are left out": changing(members(lambda one: {k: v for k, v in one.items() if v is not None})),
    "a lone surrogate becomes U+FFFD": changing(
        lambda one: (
            one.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(one, str) else one
        )
    ),
    "the text goes out as it came": writing(str.encode),
    "the array is signed": signing(lambda case, _: signed(ours(case)[0], case.secret)),
    "the last of a batch is signed": signing(
        lambda case, _: signed(ours(Case("event", case.texts[-1:]))[0], case.secret)
    ),
    "SHA-256 signs": digested("sha256"),
    "the signature is base64": digested("sha1", lambda digest: base64.b64encode(digest).decode()),
    "the text that came is signed": signing(lambda case, _: signed(case.texts[0].encode(), case.secret)),
    "an empty secret signs too": signing(
        lambda case, first: hmac.new(case.secret.encode(), first, "sha1").hexdigest()
    ),
}


def test_the_right_rule_differs_nowhere() -> None:
    # In all the ways in which the wrong ones are made: nothing but their fault may give them away.
    for right in (
        writing(lambda text: js_json.write(value(text))),
        changing(lambda one: one),
        changing(lambda one: one, json.loads),
        digested("sha1"),
        signing(lambda case, first: signed(first, case.secret)),
    ):
        assert differing(right) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_found(name: str) -> None:
    assert differing(MUTANTS[name])
