"""What screens may ask of the app, which alone knows which screens there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.errors import SwitchboardError
    from tui.navigation import Navigation
    from tui.session.session import Session
    from tui.widgets.glyphs import Glyphs


class Console(Protocol):
    """The app as screens know it; `sections` are (key, name, title)."""

    session: Session
    glyphs: Glyphs
    sections: tuple[tuple[str, str, str], ...]
    failure: SwitchboardError | None
    ready: bool
    navigation: Navigation

    @property
    def health(self) -> tuple[str, str]:
        """The tone and the words for the connection's health."""

    @property
    def is_key_held(self) -> bool:
        """Whether the last key is the one before, as of a key held down."""

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not yet taken the frames sent to it."""

    def connect(self) -> None:
        """Connect in the background and tell the screens."""

    def organization_changed(self) -> None:
        """Tell every screen that another organisation is looked at."""

    def connection_lost(self, failure: SwitchboardError) -> None:
        """Show the banner and keep trying to reconnect."""

    async def use_session(self, session: Session) -> None:
        """Work with other settings from now on, beginning at the integrations."""

    def look_around(self) -> None:
        """Leave for the console on sample data."""

    def fail(self, error: BaseException) -> None:
        """End the program on the crash page."""
