"""How much work a schema may make: a schema that would be applied for ever, or too often, is refused (D-107).

The library that judges cannot be stopped, and some schemas of a few lines take longer than anyone waits: each
level of a value doubles the work.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from segment_pendo.segment.plan.schema import Unusable, inner, target
from segment_pendo.words import Json, JsonObject

__all__ = ["check"]

_MOST: Final = 10_000  # schemas for one value

type _Path = tuple[str | int, ...]


def check(root: JsonObject) -> None:
    """Check a prepared schema. Raises Unusable."""
    graph = _Graph(root)
    for node in graph.same:
        graph.closure(node)
    graph.check_recursion()


def _at_once(slots: Counter[str], kind: str) -> int:
    """Return how many schemas may be applied to one member ('.') or element ('[') of a value."""
    one = max((times for slot, times in slots.items() if slot[0] == kind and len(slot) > 1), default=0)
    return one + slots["*" if kind == "." else "["]


def _popped(path: dict[int, None], node: int) -> set[int]:
    """Take what came since a node, with it, from a path, and return it."""
    popped: set[int] = set()
    while node not in popped:
        popped.add(path.popitem()[0])
    return popped


class _Graph:
    """Which schema applies which: to the same value (`same`), or to what is `inside`, with its slot."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._refers = False
        self._paths: dict[int, _Path] = {}
        self._schemas: list[JsonObject] = []
        self.same: dict[int, list[int]] = {}
        self.inside: dict[int, list[tuple[str, int]]] = {}
        self._closures: dict[int, Counter[int] | None] = {}
        self._find((), root)
        for schema in self._schemas:
            self._link(schema)

    def _find(self, path: _Path, root: JsonObject) -> None:
        stack: list[tuple[_Path, JsonObject]] = [(path, root)]
        while stack:
            path, schema = stack.pop()
            self._paths[id(schema)] = path
            self._schemas.append(schema)
            held = [(one.path, one.schema) for one in inner(schema)]
            stack += [((*path, *step), one) for step, one in held if isinstance(one, dict)]

    def _link(self, schema: JsonObject) -> None:
        same: list[int] = []
        inside: list[tuple[str, int]] = []
        for one in inner(schema):
            if isinstance(one.schema, dict) and one.slot is not None:
                if one.slot:
                    inside.append((one.slot, id(one.schema)))
                else:
                    same.append(id(one.schema))
        if "$ref" in schema:
            self._refers = True
            same += self._target(schema)
        self.same[id(schema)], self.inside[id(schema)] = same, inside

    def _target(self, schema: JsonObject) -> Iterator[int]:
        reference = schema["$ref"]
        assert isinstance(reference, str)
        found: Json = target(self._root, reference)
        if isinstance(found, bool):
            return
        if id(found) not in self._paths:
            raise Unusable(
                self._paths[id(schema)], f"nothing that is a schema stands at {reference}; correct the $ref."
            )
        yield id(found)

    def closure(self, start: int) -> Counter[int]:
        """Return which schemas are applied to a value with this one, and how often. Raises Unusable."""
        stack = [start]
        while stack:
            node = stack[-1]
            known = self._closures.get(node, Counter())
            if known:
                stack.pop()
                continue
            missing = [one for one in self.same[node] if not self._closures.get(one)]
            if not missing:
                self._closures[node] = self._summed(node)
                stack.pop()
                continue
            self._closures[node] = None  # under way
            for one in missing:
                if one in self._closures:
                    why = "this schema applies itself to the same value, for ever; remove the $ref."
                    raise Unusable(self._paths[one], why)
            stack += missing
        found = self._closures[start]
        assert found
        return found

    def _summed(self, node: int) -> Counter[int]:
        total = Counter([node])
        for one in self.same[node]:
            total += self._closures[one] or Counter()
        if total.total() > _MOST:
            raise Unusable(
                self._paths[node],
                f"more than {_MOST:,} schemas would be applied to one value; let it refer to fewer.",
            )
        return total

    def check_recursion(self) -> None:
        """Raise Unusable where each level of a value multiplies the work."""
        for component in self._components() if self._refers else ():
            for node in component:
                self._check_node(node, component)

    def _check_node(self, node: int, component: set[int]) -> None:
        slots: Counter[str] = Counter()
        for one, times in self.closure(node).items():
            for slot, child in self.inside[one]:
                if child in component:
                    slots[slot] += times
        if max(_at_once(slots, "["), _at_once(slots, ".")) > 1:
            raise Unusable(
                self._paths[node],
                "this schema applies itself several times to what is in a value, so each level of the value "
                "multiplies the work; let only one $ref lead back.",
            )

    def _components(self) -> Iterator[set[int]]:
        """Yield the sets of schemas that lead to each other (Tarjan's strongly connected components)."""
        order: dict[int, int] = {}
        low: dict[int, int] = {}
        path: dict[int, None] = {}  # in order
        following: dict[int, Iterator[int]] = {}
        for start in self.same:
            work = [start] if start not in order else []
            while work:
                node = work[-1]
                if node not in order:
                    order[node] = low[node] = len(order)
                    path[node] = None
                    following[node] = iter(self._next(node))
                new = next((one for one in following[node] if one not in order), None)
                if new is not None:
                    work.append(new)
                    continue
                work.pop()
                low[node] = min([low[node], *(low[one] for one in self._next(node) if one in path)])
                if low[node] == order[node]:
                    yield _popped(path, node)

    def _next(self, node: int) -> list[int]:
        return [*self.same[node], *(child for _, child in self.inside[node])]
