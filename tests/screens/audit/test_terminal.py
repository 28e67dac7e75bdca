"""The audit log on a real terminal: what it costs on the wire, that stored text does nothing in it, and how it ends."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.screens.audit.driver import log_slow_to_export
from tests.screens.test_terminal import _inert
from tests.support.acme import ACME, ASHA
from tests.support.database.log_rows import fill_log, log_row
from tests.support.database.number_rows import create_people
from tests.support.hostile_strings import hostile_strings
from tests.support.terminal.console_driver import settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.terminal.pty import Terminal

ROWS = 3_000
ENDS = "select status from integration_audit_logs where action = 'log_exported' order by created_at"


def add_operation(conninfo: str) -> None:
    """Add an operation of three rows on top."""
    with psycopg.connect(conninfo) as connection:
        for number in range(3):
            details = {"operation_id": "00000000-0000-4000-8000-000000000001", "n": number}
            details |= {"source": "switchboard", "session_user": "app"}
            log_row(connection, action="number_added", user_id=ASHA, details=details)


def cost(terminal: Terminal, key: str) -> int:
    """Bytes that a key costs, from the first, however long that takes to come."""
    mark = terminal.mark()
    terminal.press(key)
    terminal.wait_for(lambda _: len(terminal.output) > mark)
    terminal.wait_until_quiet()
    return len(terminal.bytes_since(mark))


def writes_nothing(terminal: Terminal) -> bool:
    mark = terminal.mark()
    try:
        terminal.wait_for(lambda _: len(terminal.output) > mark, timeout=3)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("every", [15, pytest.param(1, marks=pytest.mark.long)])
def test_the_list_keeps_to_its_bytes_and_hostile_strings_in_every_column_reach_no_terminal(
    keyed_database: str, tmp_path: Path, every: int
) -> None:
    storable = [text for text in hostile_strings().values() if not re.search("[\0\ud800-\udfff]", text)]
    strings = [text for n, text in enumerate(storable) if n % every == 0 or "\x08" in text]
    create_people(keyed_database)
    fill_log(keyed_database, ROWS)
    with psycopg.connect(keyed_database) as connection:
        for number, text in enumerate(strings):
            _plant(connection, number, text[:500])
        label = "update switchboard.organization_labels set name = %s where id = %s"
        connection.execute(label, ("Ac\x1b]52;c;x\x07\u202e\u200b\x9bme", ACME))
    add_operation(keyed_database)
    with ForkedTerminal(environment=settings_of(keyed_database), cwd=tmp_path) as terminal:
        terminal.wait_for("● connected")
        terminal.wait_until_quiet()
        mark = terminal.mark()
        terminal.press("4")
        terminal.wait_for(f"{2_403 + len(strings):,} rows")
        terminal.wait_for("▲")
        terminal.wait_until_quiet()
        assert len(terminal.bytes_since(mark)) <= 9_000
        keys_keep_to_their_bytes(terminal)
        it_follows_in_silence(terminal, keyed_database)
        it_survives_every_size(terminal)
        hostile_strings_do_nothing(terminal, len(strings))
        terminal.press("esc")
        terminal.wait_for("w like this")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        _inert(bytes(terminal.output), "the log")


def keys_keep_to_their_bytes(terminal: Terminal) -> None:
    for key in ("j", "k"):
        assert 0 < cost(terminal, key) <= 1_000, key
    assert "3 rows: a number added" in terminal.text
    for key in ("space", "space"):
        assert 0 < cost(terminal, key) <= 5_000, key
    terminal.press("b")
    terminal.wait_for("/month")
    terminal.wait_until_quiet()
    for key in ("j", "k"):
        assert 0 < cost(terminal, key) <= 1_000, f"{key} with the histogram"
    for key in ("pagedown", "pagedown", "pageup", "end", "pageup", "home"):
        assert 0 < cost(terminal, key) <= 5_000, key


def it_follows_in_silence(terminal: Terminal, conninfo: str) -> None:
    terminal.press("f")
    terminal.wait_for("following")
    terminal.wait_until_quiet()
    assert writes_nothing(terminal)
    with psycopg.connect(conninfo) as connection:
        log_row(connection, action="came_at_once")
    mark = terminal.mark()
    terminal.wait_for("came_at_once")
    terminal.wait_until_quiet()
    assert len(terminal.bytes_since(mark)) <= 5_000
    terminal.press("f")
    terminal.wait_until_gone("following")


def it_survives_every_size(terminal: Terminal) -> None:
    for size in ((1, 1), (61, 20), (300, 90), (160, 24)):
        terminal.resize(*size)
        terminal.wait_until_quiet(0.1)
    terminal.wait_for("came_at_once")
    terminal.wait_for("/month")
    terminal.press("b")
    terminal.wait_until_gone("/month")


def hostile_strings_do_nothing(terminal: Terminal, count: int) -> None:
    # Two lines of other rows are above them; each row is drawn in the list, below it and in full.
    drawn(terminal, *["j"] * (count + 1), "home", "j", "enter", *["right"] * count, "end")
    terminal.wait_for("left right")
    terminal.press("esc")
    terminal.wait_for("w like this")
    # Of actions and names in details each offer is marked once; one of the others is put in.
    for word, marked in (
        ("action:", min(count, 49)),
        ("details.", min(count, 49)),
        ("status:", 4),
        ("type:", 0),
        ("org:", 0),
        ("user:", 0),
    ):
        terminal.press("/")
        terminal.wait_for("[action:]")
        terminal.type(word)
        offers = terminal.wait_for(lambda text, word=word: f"filter {word}\ntab [" in text and f"[{word}]" not in text)
        assert "␛" in offers, word
        drawn(terminal, *["down"] * marked, "tab")
        terminal.press("esc")
        terminal.wait_for("w like this")
    terminal.press("w")
    terminal.wait_for("[s] status:user␈␈␈␈root")
    terminal.press("s")
    terminal.wait_for(lambda text: re.search("/status:user␈␈␈␈root +1 row", text))
    terminal.press("x")
    terminal.wait_for("to a new file")
    terminal.press("ctrl+u")
    terminal.paste("log\u202e\u200b\x9b.jsonl")
    terminal.wait_for("log▯▯�.jsonl")
    terminal.press("enter")
    terminal.wait_for("Exported 1 row as jsonl to log▯�.jsonl")


def drawn(terminal: Terminal, *keys: str) -> None:
    """Press keys one by one, each when the one before has been drawn: what pyte makes of that is of no interest."""
    terminal.resize(161, 24, watched=False)
    for key in keys:
        terminal.press(key)
        terminal.wait_until_quiet(0.03)
    mark = terminal.mark()
    terminal.resize(160, 24)
    terminal.wait_for(lambda _: len(terminal.output) > mark)
    terminal.wait_until_quiet(0.1)


def _plant(connection: psycopg.Connection, number: int, text: str) -> None:
    """Add a row with a text in each of its columns, by a person who is called so, or an operator."""
    user = UUID(int=number)
    connection.execute("insert into public.staff values (%s, %s, %s, %s)", (user, text, text, ACME))
    details = {text: text, "before": {text: "x"}, "after": {text: text}, "operation_id": text, "operator": text}
    log_row(
        connection,
        user_id=user if number % 2 else None,
        action=text[:100],
        integration_type=text[:50],
        status=text[:50],
        details=details,
        user_agent=text,
        created_at=f"2026-01-01 00:00:{number}+00",
    )


def test_ascii_drawing_holds_nothing_else_and_a_hangup_during_an_export_leaves_no_file(
    keyed_database: str, tmp_path: Path
) -> None:
    slow = log_slow_to_export(keyed_database, 1_500)
    create_people(keyed_database)
    add_operation(keyed_database)
    environment = settings_of(slow, SWITCHBOARD_ASCII="1")
    with ForkedTerminal(environment=environment, cwd=tmp_path) as terminal:
        terminal.wait_for(" connected")
        terminal.press("4")
        terminal.wait_for("too many rows to count")
        terminal.press("b")
        terminal.wait_for(" max ")
        terminal.wait_until_quiet()
        assert "3 rows: a number added" in terminal.text
        for keys in (
            ("space",),
            ("s",),
            ("a", "c", "t"),
            ("esc",),
            ("enter",),
            ("esc",),
            ("ctrl+g",),
            ("esc",),
            ("x",),
        ):
            terminal.press(*keys)
            terminal.wait_until_quiet(0.15)
            assert terminal.text.isascii(), [part for part in terminal.text if not part.isascii()]
        terminal.wait_for("to a new file")
        terminal.press("enter")
        # What it writes meanwhile fits into the terminal's buffer.
        wait_until(lambda: any(file.stat().st_size for file in tmp_path.glob("*.part")))
        terminal.signal(signal.SIGHUP)
        assert terminal.wait_for_exit() == 129
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith("log-")] == []
    with psycopg.connect(keyed_database) as connection:
        ends = connection.execute(ENDS).fetchall()
    assert ends == [("pending",), ("failed",)]
