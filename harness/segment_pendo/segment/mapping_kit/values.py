"""What one event may cost, and values as JSON.stringify sees them."""

from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Builtin,
    NotKnown,
    Prototype,
    Value,
    is_function,
)

__all__ = ["Work", "jsonable"]


class Work:
    """How much one event may cost: some mappings grow without end, and Segment's servers end them, too."""

    __slots__ = ("left",)

    def __init__(self, most: int = 2_000_000) -> None:
        self.left = most

    def spend(self, amount: int) -> None:
        """Take from what is left. Raises NotKnown at the end of it."""
        self.left -= amount
        if self.left < 0:
            msg = "the mapping makes more of this event than is worked out here"
            raise NotKnown(msg)


def jsonable(value: Value, work: Work) -> Value:
    """Return a value as JSON.stringify sees it: without what JSON cannot hold."""
    work.spend(1)
    if isinstance(value, dict):
        if isinstance(value.get("toJSON"), Builtin):
            msg = "a member toJSON that is a function of JavaScript"
            raise NotKnown(msg)
        return {
            key: jsonable(one, work)
            for key, one in value.items()
            if one is not UNDEFINED and not is_function(one)
        }
    if isinstance(value, list):
        return [jsonable(one, work) for one in value]
    if isinstance(value, str | int | float | None):
        return value
    return value.empty if isinstance(value, Prototype) else None
