"""The setup wizard driven by Textual's pilot: a folder of its own, nothing configured, keys and pastes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from textual import events

from tests.support.terminal.console_driver import ConsoleDriver, run_headless
from tui.app import SwitchboardApp
from tui.data.keys.sources import read_keyring
from tui.screens.page import SMALLEST
from tui.screens.setup.screen import SetupScreen
from tui.session.session import Session
from tui.settings.settings import load_settings
from tui.widgets.frame import KeyHints, whole_hints

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.terminal.settled_pilot import SettledPilot

FIRST = "Where is your Postgres database?"
SECOND = "Which master key encrypts the credentials?"
THIRD = "What will be done"
FOURTH = "One transaction: all of it, or nothing."
FIFTH = "The proof"
SIXTH = "Whose integrations are they"
SEVENTH = "Which integration first?"


class Wizard(ConsoleDriver):
    """A console in its wizard; `folder` is where `.env` would be."""

    def __init__(self, app: SwitchboardApp, pilot: SettledPilot, folder: Path) -> None:
        super().__init__(app, pilot)
        self.folder = folder

    @property
    def env(self) -> str:
        """What `.env` holds, empty where there is none."""
        file = self.folder / ".env"
        return file.read_text() if file.exists() else ""

    @property
    def setup(self) -> SetupScreen:
        """Section 5."""
        assert isinstance(self.app.screen, SetupScreen)
        return self.app.screen

    async def paste(self, text: str) -> None:
        """Send a bracketed paste to the field with the cursor."""
        assert self.app.focused is not None
        self.app.focused.post_message(events.Paste(text))
        await self.pilot.pause()

    async def enter(self, shown: str) -> None:
        """Press enter, once the one before has done its work, and wait for what it leads to."""
        if isinstance(self.app.screen, SetupScreen):
            await self.wait_for(lambda: not self.setup.is_busy)
        await self.press("enter")
        await self.wait_for(shown)
        if isinstance(self.app.screen, SetupScreen):
            hints = self.setup.query_one(KeyHints).hints
            assert whole_hints(hints, SMALLEST[0]) == list(hints), "a hint is cut off on the smallest screen"

    async def focus(self, selector: str) -> None:
        """Move with tab to a line of the form, as a person does, and see that it can be reached."""
        screen = self.app.screen
        target = screen.query_one(selector)
        for _ in range(3):
            if target.has_focus:
                return
            # What is left on the way may change the way.
            chain = screen.focus_chain
            places = [chain.index(widget) if widget in chain else -1 for widget in (screen.focused, target)]
            await self.press(*["tab"] * ((places[1] - places[0]) % len(chain)))
        assert target.has_focus, f"tab never reaches {selector}"

    async def wait_until_settled(self) -> None:
        """Wait until the step that is shown has found out what it shows."""
        await self.wait_for(lambda: " ..." not in self.text and not self.setup.is_busy)

    async def connect(self, conninfo: str) -> None:
        """Paste a connection string into the first step and wait for the answer."""
        await self.wait_for(FIRST)
        await self.focus("#c-uri")
        await self.paste(conninfo)
        await self.wait_for("Connected to database")

    async def take_new_key(self) -> None:
        """From the first step to the third with a new key, stored elsewhere."""
        await self.enter("The key is good")
        await self.focus("#k-stored")
        await self.press("space")
        await self.enter(THIRD)

    async def install(self, proof: str = "A trial credential was encrypted") -> None:
        """From the third step to the sixth."""
        await self.wait_for("will be created")
        await self.enter("Press enter to install.")
        await self.enter("Installed in")
        await self.enter(proof)
        await self.enter(SIXTH)


@asynccontextmanager
async def wizard(
    folder: Path, environment: dict[str, str] | None = None, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[Wizard]:
    """Run the console as `switchboard` does in that folder."""
    environ = environment or {}
    settings = load_settings(environ, cwd=folder)
    session = Session(settings, environ, read_keyring(settings.master_key_sources()))
    app = SwitchboardApp(session, wizard=settings.nothing_configured)
    async with run_headless(app, size) as console:
        yield Wizard(app, console.pilot, folder)
