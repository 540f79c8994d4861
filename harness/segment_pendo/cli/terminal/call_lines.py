"""Lines of calls as a stream takes them: in columns; on a terminal cut to its width, and in colours."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import lru_cache, partial
from typing import Final, TextIO

from segment_pendo.base.prose import many
from segment_pendo.cli.terminal.columns import cut, fitted, fitted_ids, wide
from segment_pendo.cli.terminal.sources import coloured
from segment_pendo.explain.telling.call_line import KIND, OUTCOME, SOURCE, WHO, CallLine, Tone, Word

__all__ = ["Lines"]

_GAP: Final = "  "
_NARROWEST, _WIDEST = 16, 32  # columns for who, on a terminal
_USUAL: Final = 80  # columns of a terminal that does not know its own
_STYLES: Final[dict[Tone, str]] = {
    "good": "green",
    "warn": "yellow",
    "bad": "bold red",
    "idle": "dim",
    "wait": "cyan",
}

type _Paint = Callable[[str], str]


class Lines:
    """Makes the text of lines for one stream; `who`: columns for whom they are about, in a pipe."""

    def __init__(self, out: TextIO, who: int = WHO) -> None:
        self._out = out
        self._who = who
        self._is_terminal = out.isatty()
        self._paints = _paints(out) if self._is_terminal else {}

    def text(self, line: CallLine) -> str:
        """Return the text of a line. A pipe gets all of it, a terminal as much as it has columns for."""
        clock = _clock(line.at)
        if not self._is_terminal:
            return line.text(clock, self._who)
        columns = self._columns()
        most = max(_NARROWEST, min(_WIDEST, (columns - 20) // 3))
        head = [
            Word(clock, "idle"),
            *([Word(fitted(line.source, SOURCE))] if line.source else []),
            Word(fitted(line.kind, KIND)),
            Word(fitted_ids(line.who, most)),
            Word(f"{line.outcome:<{OUTCOME}}", line.tone),
        ]
        rest = columns - sum(wide(word.text) for word in head) - (len(head) - 1) * len(_GAP)
        painted = [*map(self._painted, head)]
        if line.source and self._paints:
            painted[1] = coloured(line.source, head[1].text)
        return (_GAP.join(painted) + "".join(self._words(line.words, rest))).rstrip()

    def missed(self, count: int) -> str:
        """Return what stands in the place of lines that were left out."""
        return f"... {many(count, 'line')} left out, as they were read too slowly"

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._out.fileno()).columns or _USUAL
        except (OSError, ValueError):
            return _USUAL

    def _painted(self, word: Word) -> str:
        paint = self._paints.get(word.tone) if word.tone is not None else None
        return word.text if paint is None else paint(word.text)

    def _words(self, words: Iterable[Word], columns: int) -> Iterator[str]:
        """Yield words, with what stands before each, as far as there are columns for them."""
        for word in words:
            columns -= len(_GAP)
            if columns < 1:
                return
            text = cut(word.text, columns)
            yield _GAP + self._painted(Word(text, word.tone))
            columns -= wide(text)


@lru_cache(maxsize=64)  # the calls of a request came at the same time
def _clock(at: datetime) -> str:
    return f"{at.astimezone():%H:%M:%S}"


def _paints(out: TextIO) -> dict[Tone, _Paint]:
    """Return what puts each tone on a terminal; nothing where it has no colours, or nobody wants them."""
    from rich.color import ColorSystem  # noqa: PLC0415 - only for a terminal
    from rich.console import Console  # noqa: PLC0415
    from rich.style import Style  # noqa: PLC0415

    console = Console(file=out)
    if console.color_system is None or console.no_color:
        return {}
    return {
        tone: partial(Style.parse(style).render, color_system=ColorSystem.STANDARD)
        for tone, style in _STYLES.items()
    }
