"""What an insert function's answers and errors mean, in words."""

import pytest

from segment_pendo.segment import functions
from segment_pendo.segment.functions import CODES, Thrown
from segment_pendo.words import JsonObject

EVENT: JsonObject = {"type": "track", "event": "E"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("identify", "onIdentify"),
        ("track", "onTrack"),
        ("group", "onGroup"),
        ("page", "onPage"),
        ("screen", "onScreen"),
        ("alias", "onAlias"),
        ("delete", "onDelete"),
        ("Track", ""),
        ("batch", ""),
        ("__proto__", ""),
        (7, ""),
        (None, ""),
        (["track"], ""),
    ],
)
def test_the_handler_of_a_type(kind: None | int | str | list[str], name: str) -> None:
    assert functions.handler({"type": kind}) == name  # type: ignore[dict-item]


def test_a_call_without_a_type_has_no_handler() -> None:
    assert functions.handler({}) == ""
    assert functions.missing({}, ("onTrack",)).reason == (
        "The type of this call is none, for which no handler exists."
    )
    assert functions.missing({"type": "x\n" * 50}, ()).reason == (
        'The type of this call is "' + "x\\x0a" * 7 + 'x\\x0…", for which no handler exists.'
    )


def test_a_missing_handler_is_named() -> None:
    blocked = functions.missing(EVENT, ("onIdentify",))
    assert (blocked.code, blocked.reason) == (
        "FUNCTION_NO_HANDLER",
        "The function has no onTrack, so Segment sends no track calls.",
    )


def test_on_batch_does_not_stand_in_for_a_handler() -> None:
    assert functions.missing(EVENT, ("onBatch",)).reason == (
        "The function has no onTrack, so Segment sends no track calls. It has onBatch, which Segment calls "
        "only where many calls come; onTrack is needed as well."
    )


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("EventNotSupported", "FUNCTION_EVENT_NOT_SUPPORTED"),
        ("InvalidEventPayload", "FUNCTION_INVALID_PAYLOAD"),
        ("ValidationError", "FUNCTION_VALIDATION"),
        ("RetryError", "FUNCTION_RETRY"),
        ("DropEvent", "FUNCTION_DROPPED"),
        ("", "FUNCTION_FAILED"),
        ("toString", "FUNCTION_FAILED"),
    ],
)
def test_what_each_error_means(kind: str, code: str) -> None:
    blocked = functions.thrown("onTrack", Thrown(kind, "TypeError", "no plan"), ("a line",))
    assert blocked == functions.Blocked(code, f"onTrack threw {kind or 'TypeError'}: no plan.", ("a line",))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Thrown("", "TypeError", "x is null", "12"), "TypeError: x is null (line 12)."),
        (Thrown("RetryError", "RetryError", "HTTP 500!"), "RetryError: HTTP 500!"),
        (Thrown("", "", ""), "an error without a message."),
        (Thrown("", "Error", "", "3"), "Error (line 3)."),
        (Thrown("", "", "just a text"), "just a text."),
        (Thrown("", "Error", "a\x1b[31m\nb\u202e"), "Error: a\\x1b[31m\\x0ab\\u202e."),
        (Thrown("", "Error", "m" * 1000), f"Error: {'m' * 299}…"),
        (Thrown("", "N" * 1000, "m"), f"{'N' * 59}…: m."),
    ],
)
def test_an_error_is_said_in_one_short_line(error: Thrown, text: str) -> None:
    assert functions.said(error) == text


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("_", " Segment's runtime has _; it is not part of this program."),
        ("AWS", " Segment's runtime has AWS; it is not part of this program."),
        ("require", " Segment's functions cannot import or export."),
        ("procces", ""),
    ],
)
def test_what_is_not_defined_here_may_be_defined_there(name: str, hint: str) -> None:
    said = functions.said(Thrown("", "ReferenceError", f"{name} is not defined", "1"))
    assert said == f"ReferenceError: {name} is not defined (line 1).{hint}"


def test_a_handler_that_returns_no_event_drops_it() -> None:
    assert functions.nothing("onTrack", "undefined") == functions.Blocked(
        "FUNCTION_DROPPED",
        "onTrack returned nothing (undefined); changing the event is not enough, it must be returned, so the "
        "call is dropped.",
    )
    assert functions.nothing("onTrack", "a list").reason == (
        "onTrack returned a list, where an event belongs, so the call is dropped."
    )


def test_a_handler_that_is_too_slow_or_ends_node() -> None:
    assert functions.timed_out("onTrack", 5).reason == (
        "onTrack did not answer within 5 seconds, so it was ended."
    )
    assert "within 1 second," in functions.timed_out("onTrack", 1.0).reason
    assert "within 0.5 seconds," in functions.timed_out("onTrack", 0.5).reason
    assert functions.ended("onTrack", -9, 128).reason == (
        "Node ended (-9) while onTrack ran; most often because it needs more than 128 MB of memory."
    )


def test_an_event_that_is_too_large_or_unreadable() -> None:
    assert functions.too_large("onPage").reason == "onPage returned an event of more than 1,000 KB."
    assert functions.unreadable("onPage", "it nests\n").reason == (
        "onPage returned an event that cannot be read: it nests\\x0a."
    )


def test_a_log_is_printable_and_short() -> None:
    assert functions.log_of(["a\x07", 7, "b" * 1000]) == ("a\\x07", "b" * 499 + "…")
    assert functions.log_of(None) == ()


def test_the_codes_are_in_sentences() -> None:
    chosen = {"FUNCTION_DROPPED", "FUNCTION_EVENT_NOT_SUPPORTED"}  # somebody wanted that
    for name, code in CODES.items():
        assert name.startswith("FUNCTION_")
        assert code.level == ("info" if name in chosen else "error")
        assert code.means.endswith(".")
        assert code.do.endswith(".")
