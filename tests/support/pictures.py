"""Draws the pictures of the README: `python -m tests.support.pictures` writes docs/*.svg from the demo's data."""

from __future__ import annotations

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.console_app import Console, piloted
from tests.support.consoles import reachable_folder
from tui.app import SwitchboardApp
from tui.config import load_settings
from tui.data.key_sources import read_keyring
from tui.demo.session import prepare_demo
from tui.session import Session

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
    svg = UNIQUE.sub(f"terminal-{name}", REMOTE.sub("", svg))
    (DOCS / f"{name}.svg").write_text(svg, encoding="utf-8")
    print(f"docs/{name}.svg", file=sys.stderr)


async def draw(environment: Mapping[str, str]) -> None:
    """Walk through the screens and save each."""
    async with piloted(console_on(environment)) as it:
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
        await it.wait_for("secrets")
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


def main() -> None:
    """Draw on a demo of its own, so that nobody's demo is touched."""
    with reachable_folder() as folder, prepare_demo(reset=False, folder=folder / "demo") as demo:
        asyncio.run(draw(demo.environment))


if __name__ == "__main__":
    main()
