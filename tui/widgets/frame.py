"""The frame of every screen: who and where on top, sections and filter below, status and keys at the foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.words.text import fit, safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

Hints = tuple[tuple[str, str], ...]
"""Keys and what each does, the most useful first, help last."""

Tone = Literal["plain", "good", "warning", "bad", "quiet", "blue", "magenta", "cyan"]
STYLES: dict[Tone, str] = {
    "plain": "",
    "good": "ansi_green",
    "warning": "ansi_yellow bold",
    "bad": "ansi_red bold",
    "quiet": "dim",
    # Of profiles, and of nothing else: they mean what whoever chose them meant.
    "blue": "ansi_blue bold",
    "magenta": "ansi_magenta bold",
    "cyan": "ansi_cyan bold",
}


class Part(NamedTuple):
    """A piece of a line.

    Where the line is too narrow, the piece with the highest `give` is shortened, or left out where it is `whole`.
    """

    text: str
    tone: Tone = "plain"
    give: int = 0
    whole: bool = False


class PartsLine(Widget):
    """One row made of parts, cut to the width it has."""

    DEFAULT_CSS = "PartsLine { height: 1; width: 1fr; }"
    parts: reactive[tuple[Part, ...]] = reactive((), layout=False, repaint=False)
    separator: str = " "

    def render(self) -> Content:
        return Content.assemble(*_styled(self._fitting(self.parts), self.separator))

    def watch_parts(self, before: tuple[Part, ...], after: tuple[Part, ...]) -> None:
        # Only as far as there is or was text: on a slow link blanks are not free.
        old, new = self._fitting(before), self._fitting(after)
        if old != new:
            gap = len(self.separator)
            used = max(sum(cells(part.text) + gap for part in parts) for parts in (old, new))
            self.refresh(Region(0, 0, max(1, used), 1))

    def _fitting(self, parts: Sequence[Part]) -> list[Part]:
        return shortened(parts, self.size.width, len(self.separator))


class TopLine(PartsLine):
    """Organisation, database, operator, read-only, health."""

    # No clock: an idle console sends nothing at all.
    DEFAULT_CSS = "TopLine { height: 1; width: 1fr; text-style: reverse; }"
    separator = "  "


class SectionLine(PartsLine):
    """The sections, and which one is open; as wide as it needs."""

    DEFAULT_CSS = "SectionLine { height: 1; width: auto; }"

    def watch_parts(self, before: tuple[Part, ...], after: tuple[Part, ...]) -> None:
        self.refresh(layout=True)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return sum(cells(part.text) + len(self.separator) for part in self.parts)


class ContextLine(PartsLine):
    """What is open and the active filter; a widget of its own, so that a change does not send the sections again."""


class StatusLine(Widget):
    """What happened last, over as many as four lines; stays until the next act or until it is dismissed."""

    # Not a toast: one costs 6.6 KB on the wire at 80x24, and an error is gone before it was read.
    DEFAULT_CSS = "StatusLine { height: auto; min-height: 1; max-height: 4; width: 1fr; }"
    sentence: reactive[Part] = reactive(Part(""), layout=False, repaint=False)

    def render(self) -> Content:
        return Content.styled(self.sentence.text, STYLES[self.sentence.tone]) if self.sentence.text else Content("")

    def watch_sentence(self, before: Part, after: Part) -> None:
        longest = max(cells(before.text), cells(after.text))
        if longest > self.size.width or self.size.height > 1:
            self.refresh(layout=True)
        else:
            self.refresh(Region(0, 0, max(1, longest), 1))

    def say(self, text: str, tone: Tone = "plain", *, over: Part | None = None) -> Part:
        """Show one sentence and return it; with `over` only where that one stands or none does, else return `over`."""
        if over is not None and self.sentence not in (over, Part("")):
            return over
        self.sentence = Part(safe_text(text, 500), tone)
        return self.sentence

    def clear(self, only: Part | None = None) -> None:
        """Show nothing; with `only` where that sentence still stands."""
        if only is None or self.sentence == only:
            self.sentence = Part("")


class KeyHints(Widget):
    """The keys that matter here, context first; whole hints only, and the way to help always last."""

    # Textual's Footer cuts a hint in the middle of a word at 80 columns.
    DEFAULT_CSS = "KeyHints { height: 1; width: 1fr; }"
    hints: reactive[Hints] = reactive((), layout=False)

    def render(self) -> Content:
        chosen = whole_hints(self.hints, self.size.width)
        pieces: list[Content | str | tuple[str, str]] = []
        for key, meaning in chosen:
            pieces += [(key, "bold"), f" {meaning}  "]
        return Content.assemble(*pieces)


def whole_hints(hints: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Return the hints that fit `width` cells, dropping from before the last one."""
    chosen = list(hints)
    while len(chosen) > 1 and sum(len(key) + len(meaning) + 3 for key, meaning in chosen) > width + 2:
        del chosen[-2]
    return chosen


def shortened(parts: Sequence[Part], width: int, gap: int) -> list[Part]:
    """Return parts that together with their gaps take at most `width` cells."""
    fitting = [part for part in parts if part.text]

    def used() -> int:
        return sum(cells(part.text) for part in fitting) + gap * max(0, len(fitting) - 1)

    while fitting and used() > width:
        index = max(range(len(fitting)), key=lambda i: (fitting[i].give, cells(fitting[i].text)))
        room = cells(fitting[index].text) - (used() - width)
        if len(fitting) == 1 or (room >= 8 and not fitting[index].whole):
            fitting[index] = Part(fit(fitting[index].text, max(1, room)).rstrip(), fitting[index].tone, -1)
            if used() > width:
                break
        else:
            del fitting[index]
    return fitting


def cells(text: str) -> int:
    """Return how many terminal cells a safe text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def _styled(parts: Sequence[Part], separator: str) -> list[Content | str | tuple[str, str]]:
    pieces: list[Content | str | tuple[str, str]] = []
    for index, part in enumerate(parts):
        if index:
            pieces.append(separator)
        pieces.append((part.text, STYLES[part.tone]) if STYLES[part.tone] else part.text)
    return pieces
