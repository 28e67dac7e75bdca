"""The cover over the console after a time without a key: privacy, not authentication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import Screen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult


class LockScreen(Screen[Any]):
    """Covers everything; any key takes it away, and does nothing else."""

    DEFAULT_CSS = "LockScreen Static { width: 100%; height: 100%; content-align: center middle; }"

    def compose(self) -> ComposeResult:
        yield Static("The screen is hidden. Press any key to continue; nothing that you typed is lost.", markup=False)

    def on_key(self, event: events.Key) -> None:
        # It was pressed for nothing below, which nobody has seen.
        event.stop()
        event.prevent_default()
        self.dismiss()
