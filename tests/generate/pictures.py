"""Draws the pictures of the documents: `python -m tests.generate.pictures` writes docs/*.svg from the demo's data."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.consoles import reachable_folder
from tests.support.demo_provider import demo_exotel, point_demo_at
from tests.support.terminal.console_app import Console, piloted
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


def save(it: Console, name: str) -> None:
    """Write the screen as it is now."""
    svg = it.app.export_screenshot(title="Switchboard", simplify=True)
    svg = UNIQUE.sub(f"terminal-{name.replace('/', '-')}", REMOTE.sub("", svg))
    (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/{name}.svg", file=sys.stderr)


async def draw(environment: Mapping[str, str]) -> None:
    """Walk through the screens and save each."""
    async with piloted(console_on(environment)) as it:
        await it.wait_for("Dispatch line")
        await draw_permissions(it)
        await it.press("1")
        await it.wait_for("Dispatch line")
        await draw_numbers(it)
        await draw_audit(it)
        await it.press("1")
        await it.wait_for("Dispatch line")
        save(it, "integrations")
        await it.press("d")
        await it.wait_for("cannot be undone")
        save(it, "delete")
        await it.press("escape", "enter")
        await it.wait_for("stored; leave blank")
        save(it, "editor")
        await it.press("escape")
        await it.wait_for("sorted by")
        await it.press("R")
        await it.wait_for("reveal for 30 s")
        save(it, "secrets")
        await it.press("escape")
        await it.wait_for("sorted by")
        await it.press("question_mark")
        await it.wait_for("Keys on this screen")
        save(it, "help")
        await it.press("escape")
        await it.wait_for("sorted by")
        await it.press("o")
        await it.wait_for("Harbour Clinics")
        save(it, "organisations")
        await it.press("escape")
        await it.wait_for("sorted by")
        await it.press("5")
        await it.wait_for("Schema")
        save(it, "doctor")
    async with piloted(console_on({}, wizard=True)) as it:
        await it.wait_for("Password")
        save(it, "wizard")


async def draw_without_colours(environment: Mapping[str, str]) -> None:
    """Save each section as it is under NO_COLOR."""
    (DOCS / "no_color").mkdir(exist_ok=True)
    async with piloted(console_on({**environment, "NO_COLOR": "1"})) as it:
        for key, section, shown, then in (
            ("1", "integrations", "Dispatch line", ()),
            ("2", "permissions", "this month", ("V", "j", "l", "s")),
            ("3", "phone_numbers", "Vikram", ()),
            ("4", "audit", "about 12", ("b",)),
            ("5", "setup", "Schema", ()),
        ):
            await it.press(key)
            await it.wait_for(shown)
            await it.press(*then)
            if section == "audit":
                await it.wait_for("/month")
            save(it, f"no_color/{section}")


async def draw_permissions(it: Console) -> None:
    """Save section 2 with something staged, and its review."""
    await it.press("2")
    await it.wait_for("Asha")
    await it.press("s", "j", "c")
    await it.wait_for("staged")
    save(it, "permissions")
    await it.press("A")
    await it.wait_for("apply")
    save(it, "review")
    await it.press("escape")
    await it.wait_for("staged")
    await it.press("u", "u")


async def draw_numbers(it: Console) -> None:
    """Save section 3, with a stand-in for Exotel to sync from and to test against."""
    session = it.app.session
    with demo_exotel() as exotel:
        os.environ |= exotel.environment
        await point_demo_at(exotel, session.database, session.keyring)
        await it.press("t")
        await it.wait_for("1 of 1 verified")
        save(it, "test")
        await it.press("escape", "3")
        await it.wait_for("sorted by number")
        await it.wait_for("Vikram")
        save(it, "numbers")
        await it.press("S")
        await it.wait_for("no longer listed")
        save(it, "sync")
        await it.press("escape", "a")
        await it.wait_for("Add a number")
        await it.type("1800 202 0145")
        save(it, "number")
        await it.press("escape")
        await it.wait_for("discard what was typed")
        await it.press("d")
        await it.wait_for("sorted by number")


async def draw_audit(it: Console) -> None:
    """Save section 4 with its histogram and a filter half typed, and one row in full."""
    await it.press("4")
    await it.wait_for("about 12")
    await it.press("b")
    await it.wait_for("/month")
    await it.press("j")
    save(it, "audit")
    await it.press("slash")
    await it.type("status:failed action:")
    await it.wait_for("[call_made]")
    save(it, "filter")
    await it.press("escape", "slash")
    await it.type("action:credential_updated")
    await it.press("enter")
    await it.wait_for("/action:credential_updated")
    await it.wait_for("->")
    await it.press("j", "enter")
    await it.wait_for("Before and after")
    save(it, "log_row")
    await it.press("escape", "escape")
    await it.wait_for("about 12")


def main() -> None:
    """Draw on a demo of its own, so that nobody's demo is touched."""
    with reachable_folder() as folder, prepare_demo(reset=False, folder=folder / "demo") as demo:
        asyncio.run(draw(demo.environment))
        asyncio.run(draw_without_colours(demo.environment))


if __name__ == "__main__":
    main()
