"""Draws the pictures of the documents: `python -m tests.generate.pictures` writes docs/*.svg from the demo's data."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.demo_provider import demo_exotel, point_demo_at
from tests.support.processes import reachable_folder
from tests.support.terminal.console_driver import ConsoleDriver, run_headless
from tui.app import SwitchboardApp
from tui.data.keys.sources import read_keyring
from tui.demo.session import prepare_demo
from tui.session.session import Session
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).parents[2] / "docs"
REMOTE = re.compile(r"@font-face \{.*?\}|<!-- .*? -->", re.DOTALL)
# The words of a picture must not change with the machine, the day or the moment it was drawn.
UNIQUE = re.compile(r"terminal-\d+")


def console_on(environment: Mapping[str, str], *, wizard: bool = False) -> SwitchboardApp:
    """A console with just those settings."""
    settings = load_settings(environment, cwd=Path(tempfile.gettempdir()) / "nowhere")
    return SwitchboardApp(Session(settings, environment, read_keyring(settings.master_key_sources())), wizard=wizard)


def save(console: ConsoleDriver, name: str) -> None:
    """Write the screen as it is now."""
    svg = console.app.export_screenshot(title="Switchboard", simplify=True)
    svg = UNIQUE.sub(f"terminal-{name.replace('/', '-')}", REMOTE.sub("", svg))
    (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/{name}.svg", file=sys.stderr)


async def draw(environment: Mapping[str, str]) -> None:
    """Walk through the screens and save each."""
    async with run_headless(console_on(environment)) as console:
        await console.wait_for("Dispatch line")
        await draw_permissions(console)
        await console.press("1")
        await console.wait_for("Dispatch line")
        await draw_numbers(console)
        await draw_audit(console)
        await console.press("1")
        await console.wait_for("Dispatch line")
        save(console, "integrations")
        await console.press("d")
        await console.wait_for("cannot be undone")
        save(console, "delete")
        await console.press("escape", "enter")
        await console.wait_for("stored; leave blank")
        save(console, "editor")
        await console.press("escape")
        await console.wait_for("sorted by")
        await console.press("R")
        await console.wait_for("reveal for 30 s")
        save(console, "secrets")
        await console.press("escape")
        await console.wait_for("sorted by")
        await console.press("question_mark")
        await console.wait_for("Keys on this screen")
        save(console, "help")
        await console.press("escape")
        await console.wait_for("sorted by")
        await console.press("o")
        await console.wait_for("Harbour Clinics")
        save(console, "organisations")
        await console.press("escape")
        await console.wait_for("sorted by")
        await console.press("5")
        await console.wait_for("Schema")
        save(console, "doctor")
    async with run_headless(console_on({}, wizard=True)) as console:
        await console.wait_for("Password")
        save(console, "wizard")


async def draw_without_colours(environment: Mapping[str, str]) -> None:
    """Save each section as it is under NO_COLOR."""
    (DOCS / "no_color").mkdir(exist_ok=True)
    async with run_headless(console_on({**environment, "NO_COLOR": "1"})) as console:
        for key, section, shown, then in (
            ("1", "integrations", "Dispatch line", ()),
            ("2", "permissions", "this month", ("V", "j", "l", "s")),
            ("3", "phone_numbers", "Vikram", ()),
            ("4", "audit", "about 12", ("b",)),
            ("5", "setup", "Schema", ()),
        ):
            await console.press(key)
            await console.wait_for(shown)
            await console.press(*then)
            if section == "audit":
                await console.wait_for("/month")
            save(console, f"no_color/{section}")


async def draw_permissions(console: ConsoleDriver) -> None:
    """Save section 2 with something staged, and its review."""
    await console.press("2")
    await console.wait_for("Asha")
    await console.press("s", "j", "c")
    await console.wait_for("staged")
    save(console, "permissions")
    await console.press("A")
    await console.wait_for("apply")
    save(console, "review")
    await console.press("escape")
    await console.wait_for("staged")
    await console.press("u", "u")


async def draw_numbers(console: ConsoleDriver) -> None:
    """Save section 3, with a stand-in for Exotel to sync from and to test against."""
    session = console.app.session
    with demo_exotel() as exotel:
        os.environ |= exotel.environment
        await point_demo_at(exotel, session.database, session.keyring)
        await console.press("t")
        await console.wait_for("1 of 1 verified")
        save(console, "test")
        await console.press("escape", "3")
        await console.wait_for("sorted by number")
        await console.wait_for("Vikram")
        save(console, "numbers")
        await console.press("S")
        await console.wait_for("no longer listed")
        save(console, "sync")
        await console.press("escape", "a")
        await console.wait_for("Add a number")
        await console.type("1800 202 0145")
        save(console, "number")
        await console.press("escape")
        await console.wait_for("discard what was typed")
        await console.press("d")
        await console.wait_for("sorted by number")


async def draw_audit(console: ConsoleDriver) -> None:
    """Save section 4 with its histogram and a filter half typed, and one row in full."""
    await console.press("4")
    await console.wait_for("about 12")
    await console.press("b")
    await console.wait_for("/month")
    await console.press("j")
    save(console, "audit")
    await console.press("slash")
    await console.type("status:failed action:")
    await console.wait_for("[call_made]")
    save(console, "filter")
    await console.press("escape", "slash")
    await console.type("action:credential_updated")
    await console.press("enter")
    await console.wait_for("/action:credential_updated")
    await console.wait_for("->")
    await console.press("j", "enter")
    await console.wait_for("Before and after")
    save(console, "log_row")
    await console.press("escape", "escape")
    await console.wait_for("about 12")


def main() -> None:
    """Draw on a demo of its own, so that nobody's demo is touched."""
    with reachable_folder() as folder, prepare_demo(reset=False, folder=folder / "demo") as demo:
        asyncio.run(draw(demo.environment))
        asyncio.run(draw_without_colours(demo.environment))


if __name__ == "__main__":
    main()
