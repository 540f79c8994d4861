"""Mappings that cannot grow without end."""

from segment_pendo.base.bounded import Bounded, Made


def test_what_is_made_is_made_once() -> None:
    asked: list[str] = []

    def make(key: str) -> int:
        asked.append(key)
        return len(key)

    made = Made(make)
    assert [made["ab"], made["ab"], made["c"]] == [2, 2, 1]
    assert asked == ["ab", "c"]


def test_what_is_made_begins_anew_at_its_limit() -> None:
    made = Made[str, str](str.upper, 2)
    assert [made[key] for key in "abca"] == ["A", "B", "C", "A"]
    assert set(made) == {"a", "c"}


def test_nothing_is_held_under_a_very_long_key() -> None:
    made = Made[str, int](len)
    assert made["x" * 2_001] == 2_001
    assert not made
    assert made["x" * 2_000] == 2_000
    assert len(made) == 1


def test_many_short_texts_are_a_long_key_too() -> None:
    made = Made[tuple[str, ...], int](len)
    assert made[("k",) * 100] == 100
    assert not made
    assert made[("k",) * 60] == 60
    assert len(made) == 1


def test_a_first_value_is_made_only_where_nothing_is_held() -> None:
    held = Bounded[str, list[int]](2, "use")
    held.first_made("a", list).append(1)
    held.first_made("b", list)
    assert held.first_made("a", list) == [1]  # and so it is the youngest
    held.first_made("c", list)
    assert [*held] == ["a", "c"]
