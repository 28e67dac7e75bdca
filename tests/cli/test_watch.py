"""--watch: a list on a terminal that follows the database, and leaves the terminal as it was."""

from __future__ import annotations

import termios
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.generate.commands import leaves
from tests.support.commands import execute
from tests.support.database.number_rows import add_row
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.waiting import wait_until
from tui.cli.request import Options
from tui.terminal.early_screen import ENTER, LEAVE

if TYPE_CHECKING:
    from tests.support.commands import Shell

LISTS = {"access list", "integrations list", "permissions list", "phone-numbers list", "audit list"}
SIGINT = 130


def watching(shell: Shell, *words: str, rows: int = 24) -> ForkedTerminal:
    return ForkedTerminal(*words, environment=shell.environment, cwd=shell.folder, rows=rows)


def test_a_list_follows_the_database_and_only_what_changed_is_written(office_shell: Shell) -> None:
    with watching(office_shell, "phone-numbers", "list", "--watch=1") as terminal:
        before = termios.tcgetattr(terminal.descriptor)
        terminal.wait_for("+91 11 4116 9368")
        assert terminal.lines[0].startswith("Every 1 s; read at ")
        assert terminal.lines[0].endswith(" UTC; ctrl+c ends it.")
        terminal.type("typed")
        mark = terminal.mark()
        add_row(office_shell.environment["DATABASE_URL"], "+918033755555", display_name="Front desk")
        terminal.wait_for("Front desk")
        assert "typed" not in terminal.text
        assert b"\x1b[2J" not in terminal.bytes_since(mark)
        # Where nothing has changed, the time alone is written.
        head, mark = terminal.lines[0], terminal.mark()
        terminal.wait_for(lambda text: text.splitlines()[0] != head)
        assert len(terminal.bytes_since(mark)) < 100
        terminal.press("ctrl+c")
        assert terminal.wait_for_exit() == SIGINT
        assert bytes(terminal.output).count(ENTER.encode()) == 1
        assert bytes(terminal.output).endswith(LEAVE.encode())
        assert termios.tcgetattr(terminal.descriptor) == before
    sessions = "select count(*) from pg_stat_activity where application_name like 'switchboard/%%'"
    # The server notices the end of a session a moment later.
    wait_until(lambda: execute(office_shell.environment["DATABASE_URL"], sessions) == [(0,)])


def test_more_lines_than_there_is_room_for_are_counted_also_in_another_size(office_shell: Shell) -> None:
    for number in range(30):
        add_row(office_shell.environment["DATABASE_URL"], f"+9180337555{number:02}")
    with watching(office_shell, "phone-numbers", "list", "--watch=900", rows=12) as terminal:
        # A head, a blank, the titles and 31 numbers.
        terminal.wait_for("... 23 lines more")
        assert len(terminal.lines) == 12
        terminal.resize(80, 40)
        terminal.wait_for("80 3375 5529")
        assert "lines more" not in terminal.text


def test_a_lock_that_passes_is_waited_for(office_shell: Shell) -> None:
    with watching(office_shell, "phone-numbers", "list", "--watch=1") as terminal:
        terminal.wait_for("+91 11 4116 9368")
        with psycopg.connect(office_shell.environment["DATABASE_URL"]) as holder:
            holder.execute("lock table organization_phone_numbers")
            terminal.wait_for("Not read since ")
        terminal.wait_for("Every 1 s; read at")


def test_a_failure_that_waiting_cannot_mend_ends_it_with_its_status_on_the_shells_own_screen(
    office_shell: Shell,
) -> None:
    with watching(office_shell, "phone-numbers", "list", "--watch=1") as terminal:
        terminal.wait_for("+91 11 4116 9368")
        execute(office_shell.environment["DATABASE_URL"], "drop table organization_phone_numbers cascade")
        assert terminal.wait_for_exit() != 0
        assert LEAVE.encode() in bytes(terminal.output)


def test_it_is_for_lists_and_for_a_terminal_alone(office_shell: Shell) -> None:
    watched = {path for path, command in leaves().items() if any("--watch" in one.opts for one in command.params)}
    assert watched == LISTS
    for path in LISTS:
        assert "needs a terminal" in office_shell.run(*path.split(), "--watch").refusal(2)
    assert "do not go together" in office_shell.run("audit", "list", "--watch", "-o", "csv").refusal(2)
    assert "from 1 to 3600" in office_shell.run("audit", "list", "--watch=0").refusal(2)


@pytest.mark.parametrize(
    ("words", "seconds", "number"),
    [
        (["--watch"], 2, None),
        (["--watch=5"], 5, None),
        (["--watch", "429"], 2, "429"),
        (["--watch=60", "9368"], 60, "9368"),
        (["--watch", "9368"], 2, "9368"),
        (["9368", "--watch"], 2, "9368"),
    ],
)
def test_the_seconds_may_be_left_out(words: list[str], seconds: int, number: str | None) -> None:
    options = Options()
    context = leaves()["phone-numbers list"].make_context("list", words, obj=options)
    assert (options.watch, context.params["number"]) == (seconds, number)
