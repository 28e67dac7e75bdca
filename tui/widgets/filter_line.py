"""A line at the foot to type a filter into: offers what could come next, and points at the word that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets.input import Selection

from tui.widgets.bindings import bind
from tui.widgets.frame import Part, PartsLine
from tui.widgets.line_input import LineInput
from tui.words.text import safe_characters, safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Input

SEEN = 12


class FilterLine(Vertical):
    """Hidden until it is opened; tab puts in the offer that is marked, enter submits, escape leaves.

    In an empty line up puts in what was submitted before, and goes on from there; down goes back.
    """

    DEFAULT_CSS = """
    FilterLine { height: 2; display: none; }
    FilterLine > Horizontal { height: 1; }
    FilterLine #filter-title { width: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("tab", "complete", "Complete", id="filter.complete", tooltip="Insert the selected suggestion"),
        bind("down", "mark(1)", "Next suggestion", id="filter.next", tooltip="Select the next suggestion"),
        bind("up", "mark(-1)", "Previous suggestion", id="filter.previous", tooltip="Select the previous suggestion"),
        bind("escape", "leave", "Cancel", id="filter.leave", tooltip="Keep the filter as it was"),
    ]

    class Edited(Message):
        """The text or the place of the cursor has changed: offers for it are wanted."""

        def __init__(self, text: str, cursor: int) -> None:
            super().__init__()
            self.text = text
            self.cursor = cursor

    class Submitted(Message):
        """Enter was pressed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Cancelled(Message):
        """It was closed with escape."""

    def __init__(self) -> None:
        super().__init__()
        self._offers: tuple[tuple[str, str], ...] = ()
        self._replaced = (0, 0)
        self._marked = 0
        # Filters of before, the newest first, and which of them stands in the line; -1 for none.
        self._earlier: tuple[str, ...] = ()
        self._recalled = -1

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield PartsLine(id="filter-title")
            yield LineInput(id="filter-text")
        yield PartsLine(id="filter-offers")

    @property
    def field(self) -> LineInput:
        """Where it is typed."""
        return self.query_one("#filter-text", LineInput)

    @property
    def is_open(self) -> bool:
        """Whether somebody types."""
        return bool(self.display)

    def open(self, title: str, text: str, earlier: Sequence[str] = ()) -> None:
        """Show it with a text to begin with, and take the keys; `earlier` is what up brings back, newest first."""
        self._earlier, self._recalled = tuple(earlier), -1
        self.display = True
        heading = self.query_one("#filter-title", PartsLine)
        heading.styles.width = len(title) + 1
        heading.parts = (Part(title, "quiet"),)
        field = self.field
        field.value = text
        field.cursor_position = len(text)
        self._offers = ()
        self.query_one("#filter-offers", PartsLine).parts = ()
        # Not field.focus(), which waits for a turn of the loop: the next key may be here already.
        self.screen.set_focus(field)
        self.post_message(self.Edited(text, len(text)))

    @property
    def has_earlier(self) -> bool:
        """Whether up would put in what was submitted before."""
        return bool(self._earlier) and not self.field.value

    def close(self) -> None:
        """Hide it."""
        self.display = False

    def offer(self, start: int, end: int, offers: Sequence[tuple[str, str]]) -> None:
        """Offer texts, each with a word about it, for the characters from `start` to before `end`."""
        self._replaced, self._offers, self._marked = (start, end), tuple(offers), 0
        self._show_offers()

    def point(self, offset: int, length: int) -> None:
        """Select the word of that many characters and point at it; what is wrong with it is said elsewhere."""
        field = self.field
        text = field.value
        end = min(len(text), offset + max(length, 1))
        field.selection = Selection(offset, end)
        self._offers = ()
        if not self.size.width:
            # Keys that come at once are done before the line is laid out: where its text stands is not known yet.
            self.call_after_refresh(self._point_unless_edited, text, offset, length)
            return
        indent = self.query_one("#filter-title", PartsLine).size.width + cell_len(safe_characters(text[:offset]))
        carets = "^" * max(1, cell_len(safe_characters(text[offset:end])))
        pointer = f"{' ' * (indent - int(field.scroll_offset.x))}{carets}"
        self.query_one("#filter-offers", PartsLine).parts = (Part(pointer[: self.size.width], "bad"),)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self._offers = ()
            self.post_message(self.Edited(event.value, self.field.cursor_position))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(event.value))

    def action_complete(self) -> None:
        if not self._offers:
            return
        text, (start, end), field = self._offers[self._marked][0], self._replaced, self.field
        if not text.endswith((":", ".")) and not field.value[end:].startswith(" "):
            text += " "
        field.value = field.value[:start] + text + field.value[end:]
        field.cursor_position = start + len(text)

    def action_mark(self, by: int) -> None:
        if self._recall(-by):
            return
        if self._offers:
            self._marked = (self._marked + by) % len(self._offers)
            self._show_offers()

    def _recall(self, by: int) -> bool:
        """Put in an earlier text, older (1) or newer (-1); False where the line holds something else."""
        field = self.field
        if not field.value:
            self._recalled = -1
        present = self._earlier[self._recalled] if self._recalled >= 0 else ""
        place = self._recalled + by
        if not self._earlier or field.value != present or place < -1:
            return False
        self._recalled = min(place, len(self._earlier) - 1)
        field.value = self._earlier[self._recalled] if self._recalled >= 0 else ""
        field.cursor_position = len(field.value)
        return True

    def action_leave(self) -> None:
        self.close()
        self.post_message(self.Cancelled())

    def _point_unless_edited(self, text: str, offset: int, length: int) -> None:
        if self.is_open and self.field.value == text:
            self.point(offset, length)

    def _show_offers(self) -> None:
        first = max(0, self._marked - 2)
        parts = [Part("tab", "quiet", give=-1)] if self._offers else []
        for place, (text, note) in enumerate(self._offers[first : first + SEEN], first):
            shown = safe_text(text, 40)
            if place == self._marked:
                shown = f"[{shown}]" + (f" {safe_text(note, 40)}" if note else "")
            parts.append(Part(shown, "warning" if place == self._marked else "plain", give=place, whole=True))
        more = len(self._offers) - first - SEEN
        if more > 0:
            parts.append(Part(f"+{more}", "quiet"))
        self.query_one("#filter-offers", PartsLine).parts = tuple(parts)
