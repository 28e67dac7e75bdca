"""Opens the console at one screen, on demo data: `python -m tests.dev.screen NAME`; without NAME it lists the names.

With Textual's development console, in one terminal and then in another:

    textual console -x EVENT
    textual run --dev -c python -m tests.dev.screen NAME

The development console then shows what the code logs (`self.log(...)`) or prints, and a style sheet that is saved is
drawn at once. The database is an embedded Postgres of its own, built for each start and deleted at the end; a stand-in
for Exotel answers tests and syncs. Unlike the program, this process is not hardened and reads no configuration.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.demo_provider import demo_exotel, point_demo_at
from tests.support.processes import reachable_folder
from tests.support.terminal.console_driver import ConsoleDriver
from tests.support.terminal.every_screen import COVERED_AFTER_S, LOCK, WALK, Stop
from tui.app import SwitchboardApp
from tui.data.keys.sources import read_keyring
from tui.demo.session import prepare_demo
from tui.process.terminal_checks import require_terminal
from tui.session.session import Session
from tui.settings.settings import load_settings
from tui.terminal.ending import EndingOnSignals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.pilot import Pilot

    from tests.support.servers.exotel import ExotelServer

SECTION_KEYS = {("1",), ("2",), ("3",), ("4",), ("5",)}


def screen_names() -> dict[str, Stop]:
    """Return each stop of the walk by its name: the class of its screen, and from the second stop on a number."""
    names: dict[str, Stop] = {}
    for stop in (*WALK, LOCK):
        words = re.findall("[A-Z][a-z]*", stop.screen.__name__.removesuffix("Screen"))
        name, number = "-".join(words).lower(), 1
        while (numbered := name if number == 1 else f"{name}-{number}") in names:
            number += 1
        names[numbered] = stop
    return names


def way_to(stop: Stop) -> Sequence[Stop]:
    """Return the stops of its section up to it; none for what the idle lock shows."""
    if stop is LOCK:
        return ()
    last = WALK.index(stop)
    first = max(number for number in range(last + 1) if number == 0 or WALK[number].keys in SECTION_KEYS)
    return WALK[first : last + 1]


async def walk(console: ConsoleDriver, stops: Sequence[Stop]) -> None:
    """Press the keys that lead there, each once what the one before it opened is shown."""
    await console.wait_for(" connected")
    for stop in stops:
        if stop.back and stop is not stops[0]:
            await console.press("escape")
            await console.wait_for(stop.back)
        await console.press(*stop.keys)
        if stop.text:
            await console.type(stop.text.rstrip("\r"))
        if stop.text.endswith("\r"):
            await console.press("enter")
        await console.wait_for(stop.shows)


def run(environment: Mapping[str, str], exotel: ExotelServer, stop: Stop) -> int:
    """Run the console in this terminal and go to the screen; return the exit status."""
    environment = dict(environment)
    if stop is LOCK:
        environment["SWITCHBOARD_IDLE_LOCK"] = str(COVERED_AFTER_S)
    settings = load_settings(environment, cwd=Path("/nonexistent"))
    session = Session(settings, environment, read_keyring(settings.master_key_sources()))
    app = SwitchboardApp(session)

    async def go(pilot: Pilot[int]) -> None:
        console = ConsoleDriver(app, pilot)
        await console.wait_for(lambda: app.connection.ready)
        await point_demo_at(exotel, session.database, session.keyring)
        await walk(console, way_to(stop))

    # Closing the window must not leave the server behind.
    with EndingOnSignals(app.end_soon, app.abandon_terminal, app.wake):
        return app.run(mouse=False, auto_pilot=go) or app.return_code or 0


def main() -> int:
    names = screen_names()
    parser = argparse.ArgumentParser(prog="python -m tests.dev.screen", description=__doc__.partition("\n")[0])
    parser.add_argument("name", nargs="?", choices=names, metavar="NAME", help="a name of the list that no NAME prints")
    name = parser.parse_args().name
    if name is None:
        for listed, stop in names.items():
            print(f"{listed:24} {stop.shows}")
        return 0
    require_terminal("python -m tests.dev.screen")
    with (
        reachable_folder() as folder,
        prepare_demo(reset=False, folder=folder / "demo") as demo,
        demo_exotel() as exotel,
    ):
        os.environ |= exotel.environment
        # The last step of the wizard writes .env into the folder that it runs in.
        os.chdir(folder)
        return run(demo.environment, exotel, names[name])


if __name__ == "__main__":
    sys.exit(main())
