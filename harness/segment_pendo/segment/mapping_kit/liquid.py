"""Templates of @liquid (D-28): the part of liquidjs 10 that is worked out here, with Segment's limits.

Outputs, the tags if, unless, assign, capture and comment, and the filters of liquid_filters. All else is
refused before any event comes: a template that is read wrongly would be worse.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from segment_pendo.base.javascript.texts import joined, length
from segment_pendo.base.javascript.values import NotKnown, Thrown, Value
from segment_pendo.segment.mapping_kit.liquid_expressions import (
    Expression,
    Refusal,
    Variables,
    evaluated,
    expression,
    is_true,
)
from segment_pendo.segment.mapping_kit.liquid_filters import text_of
from segment_pendo.segment.mapping_kit.values import Work

__all__ = ["fault", "rendered", "texts"]

LONGEST: Final = 1000
_DISABLED: Final = ("case", "for", "include", "layout", "render", "tablerow")
_BLANKS: Final = (
    "\t\n\v\f\r \xa0\u1680\u180e\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028"
    "\u2029\u202f\u205f\u3000"
)
_PIECE: Final = re.compile(r"\{\{(-?)(.*?)(-?)\}\}|\{%(-?)(.*?)(-?)%\}", re.DOTALL)
_TAG: Final = re.compile(r"\s*([A-Za-z_#][\w-]*)(.*?)\s*\Z", re.ASCII | re.DOTALL)
_ASSIGNMENT: Final = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=(.*)", re.ASCII | re.DOTALL)
_NAME: Final = re.compile(r"\s*([A-Za-z_][\w-]*)", re.ASCII)


class Output(NamedTuple):
    """An expression between double braces."""

    value: Expression


class Branches(NamedTuple):
    """An if or unless: each condition with the value it must have, and what follows."""

    each: tuple[tuple[Expression | None, bool, "Template"], ...]


class Assign(NamedTuple):
    """A variable that is set to an expression, or to what a part of the template writes."""

    name: str
    value: "Expression | Template"


type Node = str | Output | Branches | Assign


class Template(NamedTuple):
    """What is written one after the other."""

    nodes: tuple[Node, ...]


class Piece(NamedTuple):
    """Text, an output or a tag as it stands in the template; `name` is that of the tag."""

    kind: str
    text: str
    name: str = ""


def texts(mapping: Value) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the templates of a mapping, each with the path to it."""
    stack: list[tuple[tuple[str | int, ...], Value]] = [((), mapping)]
    while stack:
        path, value = stack.pop()
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, one in inner:
            if key == "@liquid" and isinstance(one, str):
                yield (*path, key), one
            stack.append(((*path, key), one))


def fault(text: str) -> str:
    """Return why a template cannot be worked out, or ''."""
    if length(text) > LONGEST:
        return f"a Liquid template has at most {LONGEST} characters"
    try:
        _template(text)
    except Refusal as refusal:
        return str(refusal)
    return ""


def rendered(value: Value, payload: Value, work: Work) -> str:
    """Return what a template writes for a payload."""
    if not isinstance(value, str):
        msg = "a Liquid template must be a text"
        raise Thrown(msg)
    if not value:
        return ""
    if not isinstance(payload, dict):
        msg = "a Liquid template reads from something that is no object"
        raise NotKnown(msg)
    try:
        template = _template(value)
    except Refusal as refusal:
        raise NotKnown(str(refusal)) from None
    return _written(template, Variables({}, payload), work)


def _written(template: Template, variables: Variables, work: Work) -> str:
    pieces: list[str] = []
    for node in template.nodes:
        work.spend(1)
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, Output):
            pieces.append(text_of(_shown(evaluated(node.value, variables, work))))
        elif isinstance(node, Branches):
            pieces.append(_branch(node, variables, work))
        elif isinstance(node.value, Template):
            variables.assigned[node.name] = _written(node.value, variables, work)
        else:
            variables.assigned[node.name] = evaluated(node.value, variables, work)
        work.spend(len(pieces[-1]) if pieces else 0)
    return joined("".join(pieces))


def _shown(value: Value) -> Value:
    return getattr(value, "stands_for", value)


def _branch(node: Branches, variables: Variables, work: Work) -> str:
    for condition, wanted, template in node.each:
        if condition is None or is_true(evaluated(condition, variables, work)) == wanted:
            return _written(template, variables, work)
    return ""


# --- reading ---


@lru_cache(maxsize=512)
def _template(text: str) -> Template:
    pieces = list(_pieces(text))
    template, end = _block(pieces, 0, ())
    assert end == len(pieces)
    return template


def _pieces(text: str) -> Iterator[Piece]:
    end, trims = 0, False
    for match in _PIECE.finditer(text):
        output = match[2] is not None
        before = match[1] if output else match[4]
        html = text[end : match.start()]
        if html.endswith("{") and not output:
            msg = "a Liquid template has an opening {{ without its end"
            raise Refusal(msg)
        yield _html(html, trims, bool(before))
        trims = bool(match[3] if output else match[6])
        yield Piece("output", match[2]) if output else _tag(match[5])
        end = match.end()
    yield _html(text[end:], trims, trim_end=False)


def _html(text: str, trim_start: bool, trim_end: bool) -> Piece:
    if "{{" in text or "{%" in text:
        msg = "a Liquid template has an opening {{ or {% without its end"
        raise Refusal(msg)
    text = text.lstrip(_BLANKS) if trim_start else text
    return Piece("html", text.rstrip(_BLANKS) if trim_end else text)


def _tag(text: str) -> Piece:
    match = _TAG.match(text)
    if match is None:
        msg = f"the Liquid tag {text.strip()!r} is not worked out here"
        raise Refusal(msg)
    return Piece("tag", match[2], match[1])


def _block(pieces: list[Piece], at: int, ends: tuple[str, ...]) -> tuple[Template, int]:
    """Return what stands before the next tag of `ends`, and where that tag is."""
    nodes: list[Node] = []
    while at < len(pieces):
        piece = pieces[at]
        if piece.kind == "html":
            nodes.append(piece.text)
        elif piece.kind == "output":
            nodes.append(Output(expression(piece.text)))
        elif piece.name in ends:
            return Template(tuple(nodes)), at
        else:
            node, at = _of_tag(pieces, at)
            nodes.append(node)
        at += 1
    if ends:
        msg = f"a Liquid tag is never closed by {ends[-1]}"
        raise Refusal(msg)
    return Template(tuple(nodes)), at


def _of_tag(pieces: list[Piece], at: int) -> tuple[Node, int]:
    """Return the node of a tag, and where its last piece is."""
    piece = pieces[at]
    match piece.name:
        case "if" | "unless":
            return _branches(pieces, at)
        case "assign":
            found = _ASSIGNMENT.fullmatch(piece.text)
            if found:
                return Assign(found[1], expression(found[2])), at
        case "capture":
            named = _NAME.fullmatch(piece.text)
            if named:
                template, end = _block(pieces, at + 1, ("endcapture",))
                return Assign(named[1], template), end
        case "comment":
            return "", _end_of_comment(pieces, at)
    if piece.name in _DISABLED:
        msg = f"Segment turns the Liquid tag {piece.name} off, and fails on it"
    else:
        msg = f"the Liquid tag {piece.name} is not worked out here"
    raise Refusal(msg)


def _end_of_comment(pieces: list[Piece], at: int) -> int:
    while at < len(pieces) and pieces[at].name not in {"endcomment", "raw"}:
        at += 1
    if at == len(pieces) or pieces[at].name == "raw":
        msg = "a Liquid comment is never closed, or holds the tag raw"
        raise Refusal(msg)
    return at


def _branches(pieces: list[Piece], at: int) -> tuple[Node, int]:
    name = pieces[at].name
    end = f"end{name}"
    each: list[tuple[Expression | None, bool, Template]] = []
    wanted = name == "if"
    while True:
        piece = pieces[at]
        condition = None if piece.name == "else" else expression(piece.text)
        ends = (end,) if condition is None else ("elsif", "else", end)
        template, at = _block(pieces, at + 1, ends)
        each.append((condition, wanted, template))
        wanted = True
        if pieces[at].name == end or (pieces[at].name == "else" and pieces[at].text):
            break
    if pieces[at].text or any(one.text for one in [piece] if one.name == "else"):
        msg = f"a Liquid tag {pieces[at].name} has words after it"
        raise Refusal(msg)
    return Branches(tuple(each)), at
