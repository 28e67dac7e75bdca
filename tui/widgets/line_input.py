"""An input of one line that repaints little, refuses pastes of several lines, and never copies a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.message import Message
from textual.widgets import Input

from tui.words.text import safe_characters

if TYPE_CHECKING:
    from textual import events

# Textual's mask has a sign for each character, and so tells how long a secret is.
MASK = "•" * 8


class LineInput(Input):
    """An Input without border, blink, or silent loss.

    A paste of several lines is refused whole, with a message (`PasteRefused`); one line break at its end is dropped.
    What it holds is drawn as safe text, a character for each. A secret one never copies itself to the clipboard, and
    shows a mask of constant length while it is not edited.
    """

    DEFAULT_CSS = """
    LineInput { border: none; height: 1; padding: 0; width: 1fr; background: ansi_default; text-style: underline; }
    LineInput:focus { border: none; }
    """

    class PasteRefused(Message):
        """A paste of more than one line was refused."""

        def __init__(self, lines: int) -> None:
            super().__init__()
            self.lines = lines

    def __init__(self, value: str = "", *, secret: bool = False, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(value, password=secret, placeholder=placeholder, id=id, select_on_focus=False, compact=True)
        # A blinking cursor sends 2 KB a second.
        self.cursor_blink = False

    @property
    def _value(self) -> Text:
        if self.password and self.value and not self.has_focus:
            return Text(MASK, no_wrap=True, end="")
        if self.password:
            return super()._value
        return Text(safe_characters(self.value), no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return (
            super()._position_to_cell(position) if self.password else cell_len(safe_characters(self.value[:position]))
        )

    def _on_paste(self, event: events.Paste) -> None:
        # Textual's own keeps the first line and drops the others without a word.
        event.stop()
        event.prevent_default()
        text = event.text.removesuffix("\n").removesuffix("\r")
        lines = text.splitlines() or [""]
        if len(lines) > 1:
            self.post_message(self.PasteRefused(len(lines)))
            return
        self.replace(lines[0], *self.selection)

    def action_copy(self) -> None:
        # Textual copies the clear text of a masked field by OSC 52.
        if not self.password:
            super().action_copy()

    def action_cut(self) -> None:
        if not self.password:
            super().action_cut()
