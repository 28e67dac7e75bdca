"""Draws the pictures of the documents: `python -m tests.generate.pictures` writes docs/*.svg from the demo's data."""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from tests.support.database.logins import map_login
from tests.support.demo_provider import demo_exotel, point_demo_at
from tests.support.processes import reachable_folder
from tests.support.terminal.console_driver import ConsoleDriver, run_headless
from tui.app import SwitchboardApp
from tui.data.keys.sources import read_keyring
from tui.demo.session import prepare_demo
from tui.process.identity import login_name
from tui.session.session import Session
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Keep = Callable[[ConsoleDriver, str], None]

DOCS = Path(__file__).parents[2] / "docs"
REMOTE = re.compile(r"@font-face \{.*?\}|<!-- .*? -->", re.DOTALL)
# The words of a picture must not change with the machine, the day or the moment it was drawn.
UNIQUE = re.compile(r"terminal-\d+")
# What changes with the day and the hour on which the sample data was made.
UUID, DIGITS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), re.compile(r"\d+")
BARS, SHARES = re.compile("[ ▁▂▃▄▅▆▇█]{20,}"), re.compile("[■□]+")
# Whoever drew them was somebody else, on another machine.
AGENT, LOGIN = re.compile(r"(switchboard/\S+) \(\S+?\)"), re.compile(rf"\b(root|{re.escape(login_name())})\b")
GAP = re.compile("  +")
ASHAS_LOGIN = "sb_asha"
LOG_ROW = re.compile(r".*0-0-0 0:0:0.*")
# Who used what last in the sample data, and on which day it was asked, is of the hour in which they are made.
OF_THE_HOUR = re.compile(r"(Last 0 d|Last used|Programs:|numbers?;).*")
STYLES = re.compile(r"-(r\d+) \{ (.*?) \}")
TEXTS = re.compile(r'<text class="\S*-(r\d+)" x="([\d.]+)" y="([\d.]+)" [^>]*>(.*?)</text>')


def console_on(environment: Mapping[str, str], *, wizard: bool = False) -> SwitchboardApp:
    """A console with just those settings."""
    settings = load_settings(environment, cwd=Path(tempfile.gettempdir()) / "nowhere")
    return SwitchboardApp(Session(settings, environment, read_keyring(settings.master_key_sources())), wizard=wizard)


def picture_of(console: ConsoleDriver, name: str) -> str:
    """The screen as it is now, as SVG."""
    svg = console.app.export_screenshot(title="Switchboard", simplify=True)
    return UNIQUE.sub(f"terminal-{name.replace('/', '-')}", REMOTE.sub("", svg))


def save(console: ConsoleDriver, name: str) -> None:
    """Write the screen as it is now."""
    (DOCS / f"{name}.svg").write_text(picture_of(console, name), encoding="utf-8")
    print(f"docs/{name}.svg", file=sys.stderr)


def content_of(svg: str) -> list[str]:
    """The lines of a picture, each piece behind its style; without digits, ids, bars, and what rows of the log say."""
    styles = dict(STYLES.findall(svg))
    lines: dict[float, list[tuple[float, str]]] = {}
    for style, x, y, text in TEXTS.findall(svg):
        plain = html.unescape(text).replace("\xa0", " ")
        lasting = LOGIN.sub("login", AGENT.sub(r"\1", BARS.sub("bars", SHARES.sub("□", UUID.sub("id", plain)))))
        lines.setdefault(float(y), []).append((float(x), f"[{styles[style]}] {GAP.sub('  ', lasting.rstrip())}"))
    texts = (DIGITS.sub("0", " ".join(piece for _, piece in sorted(line))) for _, line in sorted(lines.items()))
    return [LOG_ROW.sub("a row of the log", OF_THE_HOUR.sub(r"\1", text)) for text in texts]


async def draw(environment: Mapping[str, str], keep: Keep) -> None:
    """Walk through the screens and keep each."""
    async with run_headless(console_on(environment)) as console:
        await console.wait_for("Dispatch line")
        await draw_permissions(console, keep)
        await console.press("1")
        await console.wait_for("Dispatch line")
        await draw_numbers(console, keep)
        await draw_audit(console, keep)
        await console.press("1")
        await console.wait_for("another key")
        keep(console, "integrations")
        await console.press("d")
        await console.wait_for("can be brought back")
        keep(console, "delete")
        await console.press("escape", "enter")
        await console.wait_for("stored; leave blank")
        keep(console, "editor")
        await console.press("escape")
        await console.wait_for(" by ")
        await console.press("R")
        await console.wait_for("reveal for 30 s")
        keep(console, "secrets")
        await console.press("escape")
        await console.wait_for(" by ")
        await console.press("question_mark")
        await console.wait_for("Keys on this screen")
        keep(console, "help")
        await console.press("escape")
        await console.wait_for(" by ")
        await console.press("o")
        await console.wait_for("Harbour Clinics")
        keep(console, "organisations")
        await console.press("escape")
        await console.wait_for(" by ")
        await console.press("5")
        await console.wait_for("Schema")
        keep(console, "doctor")
    async with run_headless(console_on({}, wizard=True)) as console:
        await console.wait_for("Password")
        keep(console, "wizard")


async def draw_without_colours(environment: Mapping[str, str], keep: Keep) -> None:
    """Keep each section as it is under NO_COLOR."""
    async with run_headless(console_on({**environment, "NO_COLOR": "1"})) as console:
        for key, section, shown, then in (
            ("1", "integrations", "another key", ()),
            ("2", "permissions", "this month", ("V", "j", "l", "s")),
            ("3", "phone_numbers", "Vikram", ()),
            ("4", "audit", "about 12", ("b",)),
            ("5", "setup", "Schema", ()),
        ):
            await console.press(key)
            await console.wait_for(shown)
            await console.press(*then)
            if section == "audit":
                await console.wait_for(lambda: is_counted(console))
            keep(console, f"no_color/{section}")


async def draw_wide(environment: Mapping[str, str], keep: Keep) -> None:
    """Keep the five sections on wider terminals, as wide/120x40/NAME and wide/200x60/NAME."""
    for size in ((120, 40), (200, 60)):
        folder = f"wide/{size[0]}x{size[1]}"
        (DOCS / folder).mkdir(parents=True, exist_ok=True)
        async with run_headless(console_on(environment), size) as console:
            await console.wait_for("another key")
            await console.wait_for("Newest in the log" if size[1] == 60 else "Last used")
            keep(console, f"{folder}/integrations")
            for key, name, shown in (
                *(("2", "permissions", "Granted"), ("3", "numbers", "Newest in the log")),
                *(("4", "audit", "about 12"), ("5", "setup", "Schema")),
            ):
                await console.press(key)
                await console.wait_for(shown)
                await console.pilot.wait_for_scheduled_animations()
                keep(console, f"{folder}/{name}")


async def draw_proven(environment: Mapping[str, str], keep: Keep) -> None:
    """Keep section 4 where a login is a person, above names that are claims; nobody else sees anything afterwards."""
    owner = environment["DATABASE_URL"]
    with psycopg.connect(owner) as connection:
        connection.execute(f"create role {ASHAS_LOGIN} login in role switchboard_admin")
        people = "select id from switchboard.people where email = %s"
        (asha,) = connection.execute(people, [environment["SWITCHBOARD_OPERATOR"]]).fetchone() or (None,)
        map_login(connection, ASHAS_LOGIN, asha)
    # The name is the login's: no operator is configured.
    own = {name: value for name, value in environment.items() if name != "SWITCHBOARD_OPERATOR"}
    async with run_headless(console_on(own | {"DATABASE_URL": make_conninfo(owner, user=ASHAS_LOGIN)})) as console:
        await console.wait_for("another key")
        await console.press("space")
        await console.wait_for("disable")
        await console.press("y")
        await console.wait_for("○ disabled")
        await console.press("4")
        await console.wait_for("proven")
        keep(console, "proven")


def is_counted(console: ConsoleDriver) -> bool:
    """Whether the histogram is there, and no bar of it a question mark any more."""
    text = console.text
    return "/month" in text and "??" not in text


async def draw_permissions(console: ConsoleDriver, keep: Keep) -> None:
    """Keep section 2 with something staged, and its review."""
    await console.press("2")
    await console.wait_for("Asha")
    await console.press("s", "j", "c")
    await console.wait_for("staged")
    keep(console, "permissions")
    await console.press("A")
    await console.wait_for("apply")
    keep(console, "review")
    await console.press("escape")
    await console.wait_for("staged")
    await console.press("u", "u")


async def draw_numbers(console: ConsoleDriver, keep: Keep) -> None:
    """Keep section 3, with a stand-in for Exotel to sync from and to test against."""
    session = console.app.session
    with demo_exotel() as exotel:
        os.environ |= exotel.environment
        await point_demo_at(exotel, session.database, session.keyring)
        await console.press("t")
        await console.wait_for("Read besides")
        keep(console, "test")
        await console.press("escape", "3")
        await console.wait_for("by number")
        await console.wait_for("Vikram")
        keep(console, "numbers")
        await console.press("S")
        await console.wait_for("no longer listed")
        keep(console, "sync")
        await console.press("escape", "a")
        await console.wait_for("Add a number")
        await console.type("1800 202 0145")
        keep(console, "number")
        await console.press("escape")
        await console.wait_for("discard changes")
        await console.press("d")
        await console.wait_for("by number")


async def draw_audit(console: ConsoleDriver, keep: Keep) -> None:
    """Keep section 4 with its histogram and a filter half typed, and one row in full."""
    await console.press("4")
    await console.wait_for("about 12")
    await console.press("b")
    await console.wait_for(lambda: is_counted(console))
    # The sync that was left a moment ago is logged behind it.
    await console.wait_for("2 rows: Exotel phone: numbers not sync")
    await console.press("home", "j")
    await console.wait_for("level: answer")
    keep(console, "audit")
    await console.press("slash")
    await console.type("status:failed action:")
    await console.wait_for("[call_made]")
    await console.wait_for("other suggestions")
    keep(console, "filter")
    await console.press("escape", "slash")
    await console.type("action:credential_updated")
    await console.press("enter")
    await console.wait_for("/action:credential_updated")
    await console.wait_for("->")
    await console.press("j", "enter")
    await console.wait_for("Before and after")
    keep(console, "log_row")
    await console.press("escape", "escape")
    await console.wait_for("about 12")


def main() -> None:
    """Draw on a demo of its own, so that nobody's demo is touched."""
    with reachable_folder() as folder, prepare_demo(reset=False, folder=folder / "demo") as demo:
        # Nobody's own filters are offered in them, or kept.
        os.environ["XDG_STATE_HOME"] = str(folder)
        asyncio.run(draw(demo.environment, save))
        asyncio.run(draw_without_colours(demo.environment, save))
        asyncio.run(draw_wide(demo.environment, save))
        asyncio.run(draw_proven(demo.environment, save))


if __name__ == "__main__":
    main()
