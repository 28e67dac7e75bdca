"""Bytes of the terminal that are no keys, on the real console: nothing is applied, shown, tested, typed or ended."""

from __future__ import annotations

import random

import psycopg
import pytest

from tests.support.acme import PHONE
from tests.support.commands import execute
from tests.support.database.number_rows import create_people
from tests.support.terminal.console_driver import add, settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.terminal.terminal_reports import TERMINAL_REPORTS

# Each was an act: the arrow applied what was staged, R showed a secret, the report of a cell's size ran a test.
PIECES = (
    ("\x1b[", "A"),
    ("\x1bO", "R"),
    ("\x1bO", "A"),
    ("\x1b[1;2", "A"),
    ("\x1b[6;18;9", "t"),
    ("\x1b]10;rgb", "yR"),
)
WHOLE = (*TERMINAL_REPORTS.values(), "\udcff", "\udcc3", "\x1b[99999999;1u", "\x1b[1:2;3u")
PAUSE_S = 0.12


def send_what_is_no_key(terminal: ForkedTerminal) -> None:
    """Send all of it, some in pieces with a pause between them."""
    for begun, rest in PIECES:
        terminal.send(begun)
        terminal.wait_until_quiet(PAUSE_S)
        terminal.send(rest)
    for sequence in WHOLE:
        terminal.send(sequence)
    # The tail of the last one is not waited for any more.
    terminal.send("\x1b[B\x1b[A")


@pytest.mark.long
async def test_random_cuts_on_the_real_console_cause_no_act_and_no_end(keyed_database: str) -> None:
    """Real pauses: 400 cuts on the list, the secrets and the permissions; no ESC stands alone, which is the key."""
    await add(keyed_database, "exotel_phone")
    logged = acts_logged(keyed_database)
    chance = random.Random(11)
    with ForkedTerminal(environment=settings_of(keyed_database)) as terminal:
        terminal.wait_for("● active")
        for keys, shown in (("", "● active"), ("R", "hidden"), ("\x1b", "● active"), ("2", "add a person")):
            terminal.send(keys)
            terminal.wait_for(shown)
            for _ in range(100):
                sequence = chance.choice(WHOLE)
                at = chance.randint(2, len(sequence)) if len(sequence) > 2 else len(sequence)
                terminal.send(sequence[:at])
                terminal.wait_until_quiet(PAUSE_S)
                terminal.send(sequence[at:])
            terminal.wait_until_quiet()
            assert shown in terminal.text
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert acts_logged(keyed_database) == logged


def acts_logged(conninfo: str) -> list[str]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute(
            "select action from public.integration_audit_logs where action !~ '^credential_created'"
        )
        return [action for (action,) in rows]


async def test_nothing_is_shown_tested_opened_or_applied(keyed_database: str) -> None:
    await add(keyed_database, "exotel_phone")
    create_people(keyed_database)
    logged = acts_logged(keyed_database)
    with ForkedTerminal(environment=settings_of(keyed_database)) as terminal:
        terminal.wait_for("● active")
        first = terminal.wait_until_quiet()
        send_what_is_no_key(terminal)
        terminal.wait_until_quiet()
        # The last of it moves the cursor down and up again, which may take two frames.
        terminal.wait_for(lambda text: text == first)
        terminal.press("R")
        terminal.wait_for("hidden")
        send_what_is_no_key(terminal)
        terminal.wait_until_quiet()
        assert "hidden" in terminal.text
        assert PHONE["api_token"] not in terminal.output.decode("utf-8", "replace")
        terminal.press("esc")
        terminal.wait_for("not tested")
        terminal.press("2")
        terminal.wait_for("Ravi Kumar")
        terminal.press("v")
        terminal.wait_for("1 staged")
        terminal.press("A")
        terminal.wait_for("1 grant for 1 person")
        send_what_is_no_key(terminal)
        terminal.wait_until_quiet()
        assert "1 grant for 1 person" in terminal.text
        terminal.press("ctrl+c", "ctrl+c")
        assert terminal.wait_for_exit() == 130
    assert acts_logged(keyed_database) == logged
    assert execute(keyed_database, "select count(*) from public.user_integration_permissions") == [(0,)]
