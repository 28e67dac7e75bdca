"""The frame of every screen: who and where on top, sections and filter below, status and keys at the foot."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.widget import Widget

from tui.words.text import fit, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
CONTEXT_ROOM, CONTEXT_ROOM_SHORT = 40, 22
"""Cells that the context has at least, beside the sections in full and in short."""
BLANK: tuple[str, Tone] = (" ", "plain")


class Part(NamedTuple):
    """A piece of a line.

    Where the line is too narrow, the piece with the highest `give` is shortened, or left out where it is `whole`.
    Pieces `at_right` stand together at the right edge.
    """

    text: str
    tone: Tone = "plain"
    give: int = 0
    whole: bool = False
    at_right: bool = False


class PartsLine(Widget):
    """One row made of parts, cut to the width it has."""

    DEFAULT_CSS = "PartsLine { height: 1; width: 1fr; }"
    parts: reactive[tuple[Part, ...]] = reactive((), layout=False, repaint=False)
    separator: str = " "

    def render(self) -> Content:
        return Content.assemble(*((text, STYLES[tone]) if STYLES[tone] else text for text, tone in self._pieces()))

    def watch_parts(self, before: tuple[Part, ...], after: tuple[Part, ...]) -> None:
        # Only from the first cell that differs to the last: on a slow link blanks are not free.
        old, new = (list(_painted(self._pieces(parts))) for parts in (before, after))
        different = [x for x, (one, other) in enumerate(zip_longest(old, new, fillvalue=BLANK)) if one != other]
        if different:
            self.refresh(Region(different[0], 0, different[-1] - different[0] + 1, 1))

    def _pieces(self, parts: Sequence[Part] | None = None) -> list[tuple[str, Tone]]:
        """Return the texts of the line from left to right, blanks among them."""
        width, gap = self.size.width, len(self.separator)
        fitting = shortened(self.parts if parts is None else parts, width, gap)
        left, right = (
            _joined([part for part in fitting if part.at_right is at_right], self.separator)
            for at_right in (False, True)
        )
        if not right:
            return left
        blank = width - sum(cells(text) for text, _ in (*left, *right))
        return [*left, (" " * blank, "plain"), *right]


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


def section_parts(sections: Sequence[tuple[str, str, str, str]], present: str, width: int) -> tuple[Part, ...]:
    """Return the sections (key, name, title, short title) as they fit `width` cells beside the context.

    The present one is named in full, the others in full, in short, or by their keys alone. The names depend on the
    width alone: if they came and went with the context, the whole line would be sent again.
    """

    def line(form: Callable[[str, str, str], str]) -> tuple[Part, ...]:
        return tuple(
            Part(f"[{key} {title}]") if name == present else Part(form(key, title, short_title), "quiet")
            for key, name, title, short_title in sections
        )

    in_full, in_short = line(lambda key, title, _: f" {key} {title} "), line(lambda key, _, short: f"{key} {short}")
    for parts, room in ((in_full, CONTEXT_ROOM), (in_short, CONTEXT_ROOM_SHORT)):
        if sum(cells(part.text) + 1 for part in parts) + room <= width:
            return parts
    return line(lambda key, *_: key)


class ContextLine(PartsLine):
    """What is open and the active filter; a widget of its own, so that a change does not send the sections again."""


class AgeLine(Widget):
    """How long ago what is shown was read, once that is longer than a minute."""

    DEFAULT_CSS = "AgeLine { height: 1; width: auto; color: ansi_yellow; }"
    age: reactive[str] = reactive("", layout=True)

    def render(self) -> Content:
        return Content(f" {self.age}" if self.age else "")


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

    def clear_news(self) -> None:
        """Show nothing, unless it is a warning or a failure."""
        tone = self.sentence.tone
        if tone in ("plain", "good"):
            self.clear()


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
            part = fitting[index]
            fitting[index] = part._replace(text=_cut(part, max(1, room)).rstrip(), give=-1)
            if used() > width:
                break
        else:
            del fitting[index]
    return fitting


def _cut(part: Part, width: int) -> str:
    """Cut a text at its end; what stands at the right, such as a mail address, in the middle."""
    if not part.at_right:
        return fit(part.text, width)
    tail = part.text[len(part.text) - (width - 1) // 2 :]
    return fit(part.text, width - cells(tail)).rstrip() + tail


def cells(text: str) -> int:
    """Return how many terminal cells a safe text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def _joined(parts: Sequence[Part], separator: str) -> list[tuple[str, Tone]]:
    pieces: list[tuple[str, Tone]] = []
    for part in parts:
        pieces += [(separator, "plain"), (part.text, part.tone)] if pieces else [(part.text, part.tone)]
    return pieces


def _painted(pieces: Sequence[tuple[str, Tone]]) -> Iterator[tuple[str, Tone]]:
    """Yield what stands in each cell; a wide character stands in two."""
    for text, tone in pieces:
        for character in text:
            yield from [(character, tone)] * cells(character)
