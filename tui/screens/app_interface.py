"""What screens may ask of the app, which alone knows which screens there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.navigation import Navigation
    from tui.session.console_connection import ConsoleConnection
    from tui.session.session import Session
    from tui.widgets.glyphs import Glyphs


class Console(Protocol):
    """The app as screens know it; `sections` are (key, name, title)."""

    glyphs: Glyphs
    sections: tuple[tuple[str, str, str], ...]
    connection: ConsoleConnection
    navigation: Navigation

    @property
    def is_key_held(self) -> bool:
        """Whether the last key is the one before, as of a key held down."""

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not yet taken the frames sent to it."""

    def read_again(self) -> None:
        """Fill every screen again."""

    async def use_session(self, session: Session) -> None:
        """Work with other settings from now on, beginning at the integrations."""

    def open_demo(self) -> None:
        """Leave for the console on sample data."""

    def fail(self, error: BaseException) -> None:
        """End the program on the crash page."""
