"""Print tables as wide as the terminal. rich is imported only when a table is printed."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, TextIO

from segment_pendo.base.prose import printable

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["print_labelled", "print_table", "width", "wrapped"]

_PIPED = 160
_BESIDE = 3  # columns that stand beside each cell
_NAME = 25  # percent of the width that a column of names has in any case before one is folded


def width() -> int:
    """Return how many columns the terminal has, or a fixed number if the output is not a terminal."""
    return shutil.get_terminal_size((_PIPED, 24)).columns if sys.stdout.isatty() else _PIPED


def wrapped(text: str, out: TextIO) -> str:
    """Return a text with its lines broken between words where a terminal would break them within.

    What follows is indented. A command, which somebody copies, stays in one line, and so does all that goes
    into a pipe.
    """
    if not out.isatty():
        return text
    columns = shutil.get_terminal_size((_PIPED, 24)).columns

    def broken(line: str) -> str:
        if len(line) < columns or line.lstrip().startswith("->"):
            return line
        indent = " " * (len(line) - len(line.lstrip()) + 4)
        wrapper = textwrap.TextWrapper(
            columns - 1, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
        return wrapper.fill(line)

    return "\n".join(map(broken, text.split("\n")))


@cache
def _console(columns: int) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - imported only to print a table

    return Console(width=columns, highlight=False, no_color=None if sys.stdout.isatty() else True)


def print_table(heads: Sequence[str], lines: Iterable[Sequence[str]], *, names: int = 0) -> None:
    """Print lines of cells under their heads; long cells are folded, and no text is read as markup.

    `names`: so many columns, the first ones, have names, which are folded last.
    """
    from rich import box  # noqa: PLC0415 - imported only to print a table
    from rich.table import Table  # noqa: PLC0415 - only to print a table
    from rich.text import Text  # noqa: PLC0415 - only to print a table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=True, header_style="bold")
    told, columns = [*lines], width()
    longest = [max(len(printable(cell)) for cell in column) for column in zip(heads, *told, strict=True)]
    spare = columns - _BESIDE * len(longest) - sum(longest[names:])
    room = max(columns * _NAME // 100, spare // max(1, names))
    for number, head in enumerate(heads):
        fixed = min(longest[number], room) if sum(longest[:names]) > spare and number < names else None
        table.add_column(Text(head), overflow="fold", width=fixed)
    for cells in told:
        table.add_row(*(Text(printable(cell)) for cell in cells))
    _console(columns).print(table)


def print_labelled(title: str, lines: Iterable[tuple[str, str]], *, style: str = "bold") -> None:
    """Print a sentence, then texts with a label each; words are wrapped to the width of the terminal."""
    from rich.text import Text  # noqa: PLC0415 - only to print a table

    console, told = _console(width()), [*lines]
    for line in Text(printable(title), style=style).wrap(console, console.width):
        line.rstrip()
        console.print(line)
    indent = max((len(label) for label, _ in told), default=0) + 4
    for label, text in told:
        head = f"  {label}".ljust(indent)
        for line in Text(printable(text)).wrap(console, max(console.width - indent, 10)):
            line.rstrip()
            console.print(Text.assemble((head, "dim"), line), soft_wrap=True)
            head = " " * indent
