"""Questions asked on the bottom lines of the screen, one at a time, answered by a key or a line of text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.widgets.line_input import LineInput
    from tui.widgets.ordered_app import OrderedApp


class Choice(NamedTuple):
    """A key (its character, or its name such as enter) and what it does."""

    key: str
    label: str


class Prompt(Vertical, can_focus=True):
    """Asks one question and gives the focus back afterwards; escape always answers None.

    The key that opened a question never answers it, so that a key held down decides nothing.
    """

    # On the bottom lines and not in a modal, which repaints the whole screen: 18 to 25 KB on the wire at 80x24.
    DEFAULT_CSS = """
    Prompt { height: auto; max-height: 16; display: none; border-top: solid ansi_yellow; }
    Prompt Static { width: 1fr; height: auto; }
    """

    class Changed(Message):
        """A question was opened or closed."""

    def __init__(self) -> None:
        super().__init__()
        self._answer: asyncio.Future[str | None] | None = None
        self._choices: tuple[Choice, ...] = ()
        self._opened_by = ""
        self._focus_before: Widget | None = None
        self._field: LineInput | None = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    @property
    def is_asking(self) -> bool:
        """Whether a question is open."""
        return self._answer is not None

    @property
    def typed(self) -> str:
        """The line of text that is typed so far."""
        return self._field.value if self._field else ""

    async def choose(self, question: str, choices: Sequence[Choice], *, leave: str = "cancel") -> str | None:
        """Ask for one of the keys; returns the key, or None for escape, which `leave` names. Call it from a worker."""
        self._choices = tuple(choices)
        listed = "   ".join(f"[{choice.key}] {choice.label}" for choice in choices)
        escape = f"   [esc] {leave}" if leave else ""
        return await self._open(f"{question}\n{listed}{escape}", self)

    async def confirm(self, question: str, yes: str) -> bool:
        """Ask whether to do what `yes` says; n and escape mean no."""
        return await self.choose(question, (Choice("y", yes), Choice("n", "cancel")), leave="") == "y"

    async def ask(self, question: str, value: str = "") -> str | None:
        """Ask for a line of text; returns it unstripped, or None for escape. Call it from a worker."""
        # Made when it is asked for first, as a page's filter is.
        from tui.widgets.line_input import LineInput

        self._choices = ()
        if self._field is None:
            self._field = LineInput()
            self.mount(self._field)
        field = self._field
        field.value = value
        field.cursor_position = len(value)
        field.display = True
        return await self._open(question, field)

    async def _open(self, question: str, focus: Widget) -> str | None:
        self.cancel()
        self._focus_before = self._focus_before if self.is_asking else self.screen.focused
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._opened_by = cast("OrderedApp", self.app).last_key
        lines = (safe_text(line, 500) for line in question.split("\n"))
        self.query_one(Static).update("\n".join(lines))
        self.display = True
        self.post_message(self.Changed())
        self.screen.set_focus(focus)
        try:
            return await answer
        finally:
            # Another question may have taken its place.
            if self._answer is answer:
                self._close()

    def cancel(self) -> None:
        """Answer an open question with None."""
        self._reply(None)

    def on_key(self, event: events.Key) -> None:
        # Every key is kept from the screen while a question is open.
        if not self.is_asking:
            return
        if event.key == "escape":
            event.stop()
            self._reply(None)
        elif self._choices:
            event.stop()
            if event.key == self._opened_by:
                return
            # A person's own keys may open a question by what answers it: then any other key before it will do.
            self._opened_by = ""
            answer = next((choice.key for choice in self._choices if choice.key in (event.character, event.key)), None)
            if answer is not None:
                self._reply(answer)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._reply(event.value)

    def _reply(self, answer: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _close(self) -> None:
        self._answer = None
        if self.is_mounted:
            if self._field is not None:
                self._field.value = ""
                self._field.display = False
            self.display = False
            self.post_message(self.Changed())
            if self._focus_before is not None and self._focus_before.is_mounted:
                self.screen.set_focus(self._focus_before)
