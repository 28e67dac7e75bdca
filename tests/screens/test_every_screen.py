"""Every screen and inner screen on terminals of many kinds: what is drawn, and with which bytes."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime
from difflib import unified_diff
from itertools import product
from typing import TYPE_CHECKING
from unittest.mock import patch

import psycopg
import pytest

from tests.generate.pictures import DOCS, content_of, draw, draw_without_colours, picture_of
from tests.support.acme import MASTER_KEY, keyring, opened
from tests.support.demo_provider import MERIDIAN, demo_exotel, point_demo_at
from tests.support.servers.postgres import run_schema_files
from tests.support.terminal.console_driver import ConsoleDriver, settings_of
from tests.support.terminal.every_screen import COVERED_AFTER_S, LOCK, WALK, Stop, final_screens
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.palettes import unreadable_cells
from tui.demo import sample
from tui.demo.session import DATABASE, OWNER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.generate.pictures import Keep
    from tests.support.servers.exotel import ExotelServer
    from tests.support.servers.postgres import TestServer

COLUMNS, ROWS = 80, 24
QUIET_S = 0.05
TERMS = ("vt100", "xterm", "screen", "tmux-256color", "linux")
NO_COLOR, ASCII, TRUE_COLOUR = {"NO_COLOR": "1"}, {"SWITCHBOARD_ASCII": "1"}, {"COLORTERM": "truecolor"}
# Both palettes are tried on whatever was drawn. What is sent depends on TERM in nothing but the number of colours, so
# the others are left to the proofs in bulk, with every value of each variable on every screen.
ENVIRONMENTS = ({"TERM": "vt100"} | NO_COLOR | ASCII,)
OTHERS = [
    whole
    for term, *more in product(TERMS, ({}, NO_COLOR), ({}, ASCII), ({}, TRUE_COLOUR))
    if (whole := {"TERM": term} | more[0] | more[1] | more[2]) not in ENVIRONMENTS
]
SGR = re.compile(rb"\x1b\[([0-9;:]*)m")
PLAIN_CODES = {*range(10), *range(21, 30)}
TERMINALS_OWN_COLOURS = {*range(30, 38), 39, *range(40, 48), 49, *range(90, 98), *range(100, 108)}


@pytest.fixture(scope="module")
def exotel() -> Iterator[ExotelServer]:
    with demo_exotel() as server:
        yield server


@pytest.fixture(scope="module")
def sample_settings(postgres: TestServer) -> Iterator[dict[str, str]]:
    """A console's environment on a database like the demo's, by its names too, which pictures show."""
    postgres.create_role(OWNER, "login createrole")
    name = postgres.create_database(prefix="every_screen", owner=OWNER)
    with postgres.admin() as admin:
        admin.execute(f"alter database {name} rename to {DATABASE}")
    conninfo = postgres.conninfo(DATABASE, user=OWNER)
    with psycopg.connect(conninfo) as connection:
        sample.create_people(connection)
    run_schema_files(conninfo)
    with psycopg.connect(conninfo) as connection:
        sample.fill(connection, MASTER_KEY, datetime.now(UTC))
    names = {"SWITCHBOARD_ORGANIZATION": str(MERIDIAN.id), "SWITCHBOARD_OPERATOR": MERIDIAN.email("Asha")}
    yield settings_of(conninfo, **names)
    postgres.drop_database(DATABASE)
    postgres.drop_new_roles()


@pytest.fixture(scope="module")
def settings(sample_settings: dict[str, str], exotel: ExotelServer) -> dict[str, str]:
    """The same with a stand-in for Exotel."""
    asyncio.run(store_reachable_credential(sample_settings["DATABASE_URL"], exotel))
    return sample_settings | exotel.environment


async def store_reachable_credential(conninfo: str, exotel: ExotelServer) -> None:
    async with opened(conninfo) as database:
        await point_demo_at(exotel, database, keyring())


def name_of(environment: Mapping[str, str]) -> str:
    return "-".join(value if name == "TERM" else name for name, value in environment.items())


def test_the_walk_meets_every_screen_there_is() -> None:
    assert {stop.screen for stop in (*WALK, LOCK)} == final_screens()


@pytest.mark.parametrize(
    "ways", [(draw,), pytest.param((draw, draw_without_colours), marks=pytest.mark.long)], ids=["coloured", "all"]
)
async def test_the_pictures_of_the_documents_are_what_the_console_shows(
    sample_settings: dict[str, str],
    ways: Sequence[Callable[[Mapping[str, str], Keep], Awaitable[None]]],
    tmp_path: Path,
) -> None:
    """Line by line with its colours; times and numbers may differ. Before the others, which change what is shown."""
    differences: list[str] = []

    def compare(console: ConsoleDriver, name: str) -> None:
        committed = content_of((DOCS / f"{name}.svg").read_text(encoding="utf-8"))
        shown = content_of(picture_of(console, name))
        differences.extend(unified_diff(committed, shown, f"docs/{name}.svg", "shown", n=0, lineterm=""))

    # Without the filters that other tests have used.
    with patch.dict(os.environ, {"XDG_STATE_HOME": str(tmp_path)}):
        for draw_them in ways:
            await draw_them(sample_settings, compare)
    assert not differences, "\n".join(["Draw them anew: python -m tests.generate.pictures", *differences])


def test_commands_write_no_codes_at_all_on_a_terminal(settings: dict[str, str]) -> None:
    for arguments, status in ((("integrations", "list"), 0), (("doctor",), 5)):
        with ForkedTerminal(*arguments, environment=settings) as terminal:
            assert terminal.wait_for_exit() == status
            assert len(terminal.output) > 100
            assert b"\x1b" not in terminal.output


@pytest.mark.parametrize(
    "environment",
    [*ENVIRONMENTS, *(pytest.param(other, marks=pytest.mark.long) for other in OTHERS)],
    ids=name_of,
)
def test_every_screen_is_drawn_so_that_it_can_be_read(
    settings: dict[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    with ForkedTerminal(environment=settings | environment, cwd=tmp_path) as terminal:
        terminal.wait_for(" connected")
        for stop in WALK:
            go_to(terminal, stop)
            check_readable(terminal, environment)
        terminal.resize(50, 10)
        terminal.wait_for("too small")
        check_readable(terminal, environment)
        terminal.resize(COLUMNS, ROWS)
        terminal.wait_for(WALK[-1].shows)
        terminal.press("ctrl+c", "ctrl+c")
        assert terminal.wait_for_exit() == 130
        check_codes(bytes(terminal.output), environment)
    covered = settings | environment | {"SWITCHBOARD_IDLE_LOCK": str(COVERED_AFTER_S)}
    with ForkedTerminal(environment=covered, cwd=tmp_path) as terminal:
        terminal.wait_for(LOCK.shows)
        check_readable(terminal, environment)
        check_codes(bytes(terminal.output), environment)


def go_to(terminal: ForkedTerminal, stop: Stop) -> None:
    """Press the keys that lead there; wait until the screen is there and what the cursor is on is drawn reversed."""
    if stop.back:
        mark = terminal.mark()
        terminal.press("esc")
        # A key too soon behind it would be taken for alt and that key.
        terminal.wait_for(lambda text: len(terminal.output) > mark and stop.back in text)
        terminal.wait_until_quiet(QUIET_S)
    terminal.press(*stop.keys)
    terminal.type(stop.text)
    terminal.wait_for(stop.shows)
    try:
        terminal.wait_for(lambda _: stop.marked in "\n".join(reversed_texts(terminal)), timeout=3)
    except TimeoutError:
        raise AssertionError(f"{stop.marked!r} is not drawn reversed\n{terminal.text}") from None
    terminal.wait_until_quiet(QUIET_S)


def reversed_texts(terminal: ForkedTerminal) -> Iterator[str]:
    """Yield what is drawn reversed in each line below the top line, which always is."""
    for row in range(1, ROWS):
        cells = (terminal.cell(column, row) for column in range(COLUMNS))
        yield "".join(cell.data for cell in cells if cell.reverse)


def check_readable(terminal: ForkedTerminal, environment: Mapping[str, str]) -> None:
    wrong = list(unreadable_cells(terminal))
    assert not wrong, (wrong[:5], terminal.text)
    if "SWITCHBOARD_ASCII" in environment:
        assert terminal.text.isascii(), (
            {character for character in terminal.text if not character.isascii()},
            terminal.text,
        )


def check_codes(output: bytes, environment: Mapping[str, str]) -> None:
    """No code of an absolute colour, and none of any colour where NO_COLOR is set."""
    allowed = PLAIN_CODES if "NO_COLOR" in environment else PLAIN_CODES | TERMINALS_OWN_COLOURS
    for codes in set(SGR.findall(output)):
        assert {int(code or 0) for code in re.split(rb"[;:]", codes)} <= allowed, codes
