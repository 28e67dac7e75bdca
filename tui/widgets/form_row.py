"""One field of a form: its label, and a control that holds its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Label, TextArea

from tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input


class FormRow(Horizontal):
    """A label and a line (or a few lines) of text, marked when it is required or wrong."""

    DEFAULT_CSS = """
    FormRow { height: auto; }
    FormRow Label { width: 22; padding: 0 1; }
    FormRow TextArea { height: 4; border: none; padding: 0; }
    FormRow.-wrong Label { color: ansi_red; text-style: bold; }
    FormRow.-changed Label { text-style: bold; }
    /* The first makes Textual style the labels anew when the focus moves; the second alone it would not see. */
    FormRow:focus-within { height: auto; }
    FormRow:focus-within Label { text-style: reverse; }
    """

    class Changed(Message):
        """The text of this field changed."""

    class Left(Message):
        """Enter was pressed in this field."""

        def __init__(self, row: FormRow) -> None:
            super().__init__()
            self.row = row

    def __init__(
        self,
        name: str,
        label: str,
        *,
        value: str = "",
        placeholder: str = "",
        required: bool = False,
        secret: bool = False,
        multiline: bool = False,
    ) -> None:
        super().__init__(id=f"row-{name}")
        self.field_name = name
        self.label = label
        self._required = required
        self._line = None if multiline else LineInput(value, secret=secret, placeholder=placeholder)
        self._area = TextArea(value, compact=True) if multiline else None

    def compose(self) -> ComposeResult:
        yield Label(f"{self.label}{' *' if self._required else ''}", markup=False)
        if self._line is not None:
            yield self._line
        if self._area is not None:
            self._area.cursor_blink = False
            yield self._area

    @property
    def value(self) -> str:
        """The text as typed."""
        if self._line is not None:
            return self._line.value
        return self._area.text if self._area is not None else ""

    @value.setter
    def value(self, text: str) -> None:
        if self._line is not None:
            self._line.value = text
        elif self._area is not None:
            self._area.text = text

    def show(self, value: str, placeholder: str) -> None:
        """Replace the text, and the placeholder shown while it is blank."""
        # A change that the form makes itself is none of the person's.
        with self.prevent(LineInput.Changed, TextArea.Changed):
            self.value = value
        if self._line is not None:
            self._line.placeholder = placeholder

    def focus_control(self) -> None:
        """Focus the field at once, before the next key arrives."""
        control = self._line or self._area
        if control is not None:
            self.screen.set_focus(control)

    @property
    def has_cursor(self) -> bool:
        """Whether the field has the focus."""
        control = self._line or self._area
        return control is not None and control.has_focus

    def mark(self, *, wrong: bool, changed: bool) -> None:
        """Show on the label whether the value is wrong or differs from what is stored."""
        self.set_class(wrong, "-wrong")
        self.set_class(changed, "-changed")

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.post_message(self.Changed())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left(self))
