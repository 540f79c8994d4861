"""Gift wrap."""


def with_gift_wrap(cents: int) -> int:
    return cents + 250
