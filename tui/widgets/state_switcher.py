"""The four states of a list: loading, empty, failed and full."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.widgets import Static

from tui.words.text import safe_text

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.timer import Timer
    from textual.widget import Widget

    from tui.errors import SwitchboardError

LOADING_SHOWN_AFTER_S = 0.3


class StateSwitcher(Vertical):
    """Shows either its content or a message in its place.

    Loading shows nothing at first, then the seconds and how to cancel; the clock runs only while it loads.
    """

    # Textual's loading indicator sends 3.2 KB a second, with animations off as well.
    DEFAULT_CSS = """
    StateSwitcher { height: 1fr; }
    StateSwitcher > #state-message { display: none; height: 1fr; padding: 1 2; }
    StateSwitcher.-message > #state-message { display: block; }
    StateSwitcher.-message > #content { display: none; }
    StateSwitcher > #content { height: 1fr; }
    """

    def __init__(self, content: Widget) -> None:
        super().__init__()
        self._content = content
        # No markup, here and wherever stored text is shown: a name like [/x] would end the program, and [@click=...]
        # would bind an action to a click. Kept, since the clock may tick when it is removed already.
        self._message = Static(id="state-message", markup=False)
        self._started = 0.0
        self._clock: Timer | None = None
        self._what = ""
        self._had_focus: Widget | None = None

    def compose(self) -> ComposeResult:
        yield self._message
        with Vertical(id="content"):
            yield self._content

    @property
    def shows_content(self) -> bool:
        """Whether the content is seen, and no message in its place."""
        return not self.has_class("-message")

    def show_loading(self, what: str, after_s: float = LOADING_SHOWN_AFTER_S) -> None:
        """Start waiting for `what` ("integrations"), and say so after some seconds."""
        self._stop()
        self._what = what
        self._started = time.monotonic()
        self._clock = self.set_interval(after_s, self._tick)

    def show_empty(self, why: str, what_changes_it: str) -> None:
        """Say why there is nothing, and the key that changes it."""
        self._stop()
        self._say(why, what_changes_it)

    def show_failed(self, failure: SwitchboardError) -> None:
        """Say what happened and what to do; r tries again."""
        self._stop()
        self._say(failure.title, "", failure.sentence, failure.what_to_do, "", "r  try again")

    def show_content(self) -> None:
        """Show the content."""
        self._stop()
        self.remove_class("-message")
        if self._had_focus is not None:
            # Textual takes the focus from what is hidden, and keys would go to the screen instead.
            widget, self._had_focus = self._had_focus, None
            if self.screen.focused is None and widget.is_attached:
                self.screen.set_focus(widget)

    def _tick(self) -> None:
        seconds = time.monotonic() - self._started
        waited = f"{seconds:.0f} s" if seconds >= 1 else ""
        self._say(f"Loading {self._what} … {waited}".rstrip(), "esc  cancel")
        if self._clock is not None and seconds < 2 * LOADING_SHOWN_AFTER_S:
            self._clock.stop()
            self._clock = self.set_interval(1.0, self._tick)

    def _say(self, *lines: str) -> None:
        self._message.update("\n".join(safe_text(line, 500) for line in lines))
        focused = self.screen.focused
        if focused is not None and self._content in focused.ancestors_with_self:
            self._had_focus = focused
        self.add_class("-message")

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.stop()
            self._clock = None
