"""The lines of a form: options, a box to tick, an action to press, and a text field with its label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from tui.widgets.bindings import bind
from tui.words.text import fit, safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult, RenderResult
    from textual.binding import BindingType

    from tui.widgets.line_input import LineInput

LABEL_WIDTH = 19


class FormLine(Widget, can_focus=True):
    """A focusable line of a form; the one with the focus is drawn reversed."""

    DEFAULT_CSS = """
    FormLine { height: 1; width: 1fr; }
    """

    def cut(self, text: str, *, less: int = 0) -> str:
        """Return the text without control characters, cut to the line's width minus `less` cells.

        A wrapped line would push the others out of sight.
        """
        return fit(text, max(0, self.size.width - less)).rstrip()


class CheckLine(FormLine):
    """A box with a sentence beside it; space ticks it."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("space", "tick", "Tick", id="form.tick")]
    ticked: reactive[bool] = reactive(False)

    class Changed(Message):
        """The box was ticked or cleared by a key."""

        def __init__(self, line: CheckLine) -> None:
            super().__init__()
            self.line = line

    def __init__(self, label: str, *, ticked: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self.set_reactive(CheckLine.ticked, ticked)

    def render(self) -> RenderResult:
        box = "[x]" if self.ticked else "[ ]"
        return Content.assemble((self.cut(f"{box} {self._label}"), "reverse" if self.has_focus else ""))

    def relabel(self, label: str) -> None:
        """Replace the sentence beside the box."""
        self._label = label
        self.refresh()

    def action_tick(self) -> None:
        self.ticked = not self.ticked
        self.post_message(self.Changed(self))


class ActionLine(FormLine):
    """A line that does something when enter is pressed on it."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("enter,space", "press", "Run", id="form.press")]

    class Pressed(Message):
        """Enter was pressed on the line."""

    def __init__(self, label: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label

    def render(self) -> RenderResult:
        return Content.assemble((self.cut(f"> {self._label}"), "reverse" if self.has_focus else "bold"))

    def action_press(self) -> None:
        self.post_message(self.Pressed())


@dataclass(frozen=True, slots=True)
class Option:
    """One of several: its key, its name, and what it means."""

    key: str
    label: str
    meaning: str = ""


class OptionLines(FormLine):
    """A few options below one another, exactly one of them chosen; the arrows choose."""

    DEFAULT_CSS = "OptionLines { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up,k", "choose(-1)", "Previous", id="form.previous"),
        bind("down,j,space", "choose(1)", "Next", id="form.next"),
    ]
    chosen: reactive[str] = reactive("")

    class Chosen(Message):
        """Another option was chosen by a key."""

    def __init__(self, options: Sequence[Option], *, label_width: int = LABEL_WIDTH, id: str | None = None) -> None:
        super().__init__(id=id)
        self.options = tuple(options)
        self._label_width = label_width
        self.set_reactive(OptionLines.chosen, self.options[0].key if self.options else "")

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self.options)

    def render(self) -> RenderResult:
        lines = []
        for option in self.options:
            mine = option.key == self.chosen
            label = fit(option.label, self._label_width) if option.meaning else safe_text(option.label)
            text = f"{'(o)' if mine else '( )'} {label} "
            style = "reverse" if mine and self.has_focus else "bold" if mine else ""
            meaning = self.cut(f" {option.meaning}", less=len(text))
            lines.append(Content.assemble((text, style), (meaning, "" if mine else "dim")))
        return Content("\n").join(lines)

    def action_choose(self, by: int) -> None:
        # Past an end the focus goes on to the next line of the form.
        keys = [option.key for option in self.options]
        index = keys.index(self.chosen) + by if self.chosen in keys else 0
        if 0 <= index < len(keys):
            self.chosen = keys[index]
            self.post_message(self.Chosen())
        elif by < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()


class Field(Horizontal):
    """A text field with its label before it."""

    DEFAULT_CSS = f"""
    Field {{ height: 1; width: 1fr; }}
    Field > .label {{ width: {LABEL_WIDTH}; }}
    /* The first makes Textual style the label anew when the focus moves; the second alone it would not see. */
    Field:focus-within {{ height: 1; }}
    Field:focus-within > .label {{ text-style: reverse; }}
    """

    def __init__(self, label: str, field: LineInput, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self.field = field

    def compose(self) -> ComposeResult:
        yield Static(safe_text(self._label), classes="label", markup=False)
        yield self.field


class CycleLine(FormLine):
    """One of several options on a single line; left and right change it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("left,h", "change(-1)", "Previous", id="form.left"),
        bind("right,l,space", "change(1)", "Next", id="form.right"),
    ]
    chosen: reactive[str] = reactive("")

    class Changed(Message):
        """Another option was chosen by a key."""

    def __init__(self, label: str, options: Sequence[Option], *, chosen: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self._label = label
        self._options = tuple(options)
        self.set_reactive(CycleLine.chosen, chosen or self._options[0].key)

    def render(self) -> RenderResult:
        option = next(option for option in self._options if option.key == self.chosen)
        label, value = fit(self._label, LABEL_WIDTH), f"< {safe_text(option.label)} >"
        meaning = self.cut(f"  {option.meaning}", less=len(label + value))
        return Content.assemble(label, (value, "reverse" if self.has_focus else ""), (meaning, "dim"))

    def action_change(self, by: int) -> None:
        keys = [option.key for option in self._options]
        self.chosen = keys[(keys.index(self.chosen) + by) % len(keys)]
        self.post_message(self.Changed())
