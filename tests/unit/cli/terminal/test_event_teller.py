"""What `pendo` prints of the events that come to it."""

from io import StringIO

from segment_pendo.cli.terminal.event_teller import EventTeller
from segment_pendo.pendo.effect import effect
from segment_pendo.pendo.switches import DEFAULT
from segment_pendo.serve.loopback_pendo import Answers, Taken
from segment_pendo.words import Json


def told(*events: Json) -> list[str]:
    out = StringIO()
    tell = EventTeller(out, Answers(DEFAULT))
    for event in events:
        tell(Taken(event, effect(event), ()))
    return out.getvalue().splitlines()


def test_a_sentence_is_written_out_once() -> None:
    people: list[Json] = [{"type": "identify", "userId": f"u-{number}", "traits": {}} for number in range(3)]
    first, *others = [line for line in told(*people) if line.startswith("  ")]
    assert first.startswith("  info IDENTIFY_NO_ACCOUNT at $.userId: No group call has joined ")
    assert others == ["  info IDENTIFY_NO_ACCOUNT at $.userId, as above"] * 2


def test_another_sentence_of_a_code_is_written_out() -> None:
    named: list[Json] = [
        {"type": "identify", "userId": "u", "traits": {name: 1}} for name in ("Plan", "Seats")
    ]
    lines = [line for line in told(*named) if "KEY_LOWERCASED" in line]
    assert [
        line.endswith(f"look for {name} there.") for line, name in zip(lines, ("plan", "seats"), strict=True)
    ]


def test_what_is_no_object_is_no_event() -> None:
    assert told(7, {"type": "x\x1b"}) == ["not an event: Pendo takes JSON objects", *told({"type": "x\x1b"})]
    assert "\x1b" not in "".join(told({"type": "x\x1b"}))
