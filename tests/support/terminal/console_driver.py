"""The console on a test's database, driven by Textual's pilot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from textual import events
from textual.keys import _character_to_key
from textual.screen import Screen

from tests.support.acme import ACME, KEY, PHONE, keyring, opened
from tests.support.terminal.settled_pilot import SettledPilot
from tui.app import SwitchboardApp
from tui.cli.command_line import command_line
from tui.cli.request import Options
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.screens.page import Page
from tui.session.session import Session
from tui.settings.settings import load_settings
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from tui.data.keys.encryption import Keyring

LONGEST_WAIT_S = 15.0

LOOK_EVERY_S, TEXT_LOOKED_AT_EVERY_S = 0.005, 0.1


def settings_of(conninfo: str, **more: str) -> dict[str, str]:
    """The environment of a console on that database."""
    return {"DATABASE_URL": conninfo, "ENCRYPTION_MASTER_KEY": KEY, "SWITCHBOARD_ORGANIZATION": str(ACME), **more}


def new_app(conninfo: str, *, ring: Keyring | None = None, locked: bool = False, **more: str) -> SwitchboardApp:
    """A console that has not started yet. The keyring is shared, so that keys are derived once per process."""
    environment = settings_of(conninfo, **more)
    settings = load_settings(
        environment, cwd=Path("/nonexistent"), locked=locked, root_file=Path("/nonexistent/of_root")
    )
    return SwitchboardApp(
        Session(settings, environment, ring or keyring()),
        write_commands=lambda invocations, profile: command_line(invocations, Options(locked=locked), profile),
    )


@asynccontextmanager
async def run_headless(app: SwitchboardApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[ConsoleDriver]:
    """Run the console headless and hand out what drives it; what is on a screen is drawn when it is read."""
    with patch.object(Screen, "_compositor_refresh", _draw_nothing):
        async with app.run_test(size=size):
            yield ConsoleDriver(app, SettledPilot(app))


class _Frames:
    """How many frames the consoles of this process would have drawn by now."""

    drawn = 0


_frames = _Frames()


def _draw_nothing(screen: Screen[object]) -> None:
    # A fifth of a test's time went into frames that a headless terminal never shows.
    _frames.drawn += 1
    screen._dirty_widgets.clear()
    screen._compositor._dirty_regions.clear()


class ConsoleDriver:
    """Presses keys and waits for conditions; text is what a person would read."""

    def __init__(self, app: SwitchboardApp, pilot: SettledPilot) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def page(self) -> Page:
        """The screen on top."""
        assert isinstance(self.app.screen, Page)
        return self.app.screen

    @property
    def text(self) -> str:
        """The screen as text, line by line."""
        width, height = self.app.size
        strips = self.app.screen._compositor.render_strips()[:height]
        return "\n".join(strip.text[:width].rstrip() for strip in strips)

    @property
    def row_keys(self) -> list[str]:
        """The keys of the rows on the list of the screen."""
        return [row.key for row in self.page.query_one(RowBody).rows]

    @property
    def status(self) -> str:
        """What the status line says."""
        return self.page.status.sentence.text

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, one that is repeated like a key held down; wait until all is laid out."""
        sent_then = self.app._keys_sent + len(keys)
        for number, (key, same) in enumerate(groupby(keys)):
            if number:
                await self.pilot.pause()
            for _ in same:
                self.send(key)
        await self.pilot.pause()
        if not self._handled_keys(sent_then):
            await self.wait_for(lambda: self._handled_keys(sent_then))

    def _handled_keys(self, sent: int) -> bool:
        """Whether so many keys have been sent to widgets by now, and each has been handled; or the app has ended."""
        app, at_work = self.app, self.app._key_at_work
        is_done = at_work is None or not at_work.target.is_attached
        return not app.is_running or (app._keys_sent >= sent and is_done and not app._keys)

    async def type(self, text: str) -> None:
        """Type a text as a terminal sends it, in one go: waiting after each key would take longer than the test."""
        for character in text:
            self.send(character)
        await self.pilot.pause()
        await self.wait_for(lambda: self.app.keys_done)

    def send(self, key: str) -> None:
        """Send one key and do not wait for what it does."""
        character = " " if key == "space" else key
        is_typed = len(character) == 1
        pressed = events.Key(_character_to_key(character) if is_typed else key, character if is_typed else None)
        pressed.set_sender(self.app)
        assert self.app._driver is not None
        self.app._driver.send_message(pressed)

    def shows(self, wanted: str) -> bool:
        """Whether a text is on the screen, wrapped over lines or not."""
        text = self.text
        return wanted in text or wanted in " ".join(text.split())

    async def wait_for(self, wanted: str | Callable[[], object]) -> None:
        """Wait until a text is on the screen, or a condition holds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LONGEST_WAIT_S
        if isinstance(wanted, str):
            is_there, look_every_s = partial(self.shows, wanted), TEXT_LOOKED_AT_EVERY_S
        else:
            is_there, look_every_s = wanted, LOOK_EVERY_S
        while not is_there():
            if loop.time() > deadline:
                raise AssertionError(f"never came: {wanted!r}\n{self.text}")
            # To render a text costs more than most of what is waited for: seldom, where no frame would have been drawn.
            frames, look_at = _frames.drawn, loop.time() + look_every_s
            while _frames.drawn == frames and loop.time() < look_at:
                await asyncio.sleep(LOOK_EVERY_S)
                await self.pilot.settle()
        await self.pilot.pause()


async def add(
    conninfo: str, kind: str = "exotel_phone", credential: Mapping[str, object] = PHONE, *, policy: str = "sb2"
) -> None:
    """Store a credential in Acme as the data module does."""
    async with opened(conninfo) as database:
        await save_credential(database, keyring(), Draft(ACME, kind, credential, None), None, policy)  # type: ignore[arg-type]


async def change(conninfo: str, credential: Mapping[str, object], kind: str = "exotel_phone") -> None:
    """Store another credential in its place, so that there is an earlier one."""
    async with opened(conninfo) as database:
        base = await load_credential(database, keyring(), ACME, kind)
        await save_credential(database, keyring(), Draft(ACME, kind, credential, None), base, "auto")
