"""The base of screens that show a secret: for a while, and only while somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.screens.page import Page

if TYPE_CHECKING:
    from textual import events
    from textual.timer import Timer

SHOWN_FOR_S = 30.0


class SecretPage(Page):
    """Subclasses extend `hide_secrets`, and call `hide_after_a_while` when they have shown one."""

    _hide_timer: Timer | None = None

    def on_mount(self) -> None:
        """Watch the focus of the terminal; Page looks after the rest."""
        # Textual tells the app alone that the terminal's window has lost it.
        self.watch(self.app, "app_focus", self._hide_when_blurred, init=False)

    def hide_after_a_while(self) -> None:
        """Hide in SHOWN_FOR_S what is shown now."""
        self._stop_timer()
        self._hide_timer = self.set_timer(SHOWN_FOR_S, self.hide_secrets)

    def hide_secrets(self) -> None:
        self._stop_timer()

    def _hide_when_blurred(self, has_focus: bool) -> None:
        if not has_focus:
            self.hide_secrets()

    def on_screen_suspend(self) -> None:
        self.hide_secrets()

    def on_resize(self, event: events.Resize) -> None:
        # Somebody may be moving the window onto another display.
        self.hide_secrets()

    def _stop_timer(self) -> None:
        if self._hide_timer is not None:
            self._hide_timer.stop()
            self._hide_timer = None
