"""The grid on a real terminal: what a toggle, a move and a page cost on the wire, and that hostile names do nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import give, logged, permissions
from tests.support.database.people import directory_database, fill_log, give_everybody, integration, person
from tests.support.hostile_strings import hostile_strings
from tests.support.terminal.console_driver import settings_of
from tests.support.terminal.forked_terminal import ForkedTerminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer


@pytest.fixture
def filled(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=120, integrations=4) as conninfo:
        with psycopg.connect(conninfo) as connection:
            give_everybody(connection)
            fill_log(connection, rows=500, people=120)
        yield conninfo


def cost(terminal: ForkedTerminal, *keys: str) -> int:
    mark = terminal.mark()
    terminal.press(*keys)
    terminal.wait_until_quiet()
    return len(terminal.bytes_since(mark))


def test_keys_and_an_idle_time_keep_to_their_bytes_and_hostile_names_and_mails_reach_no_terminal(filled: str) -> None:
    storable = [text for text in hostile_strings().values() if not re.search("[\0\ud800-\udfff]", text)]
    with psycopg.connect(filled) as connection:
        people = connection.execute("select id from public.users order by full_name limit %s", [len(storable)])
        for (user_id,), text in zip(people.fetchall(), storable, strict=False):
            values = (f"000 {text}", f"{user_id}{text}", user_id)
            connection.execute("update public.users set full_name = %s, email = %s where id = %s", values)
    with ForkedTerminal(environment=settings_of(filled)) as terminal:
        terminal.wait_for("● connected")
        terminal.press("2")
        terminal.wait_for("1 of 120")
        terminal.wait_for("d□")
        terminal.wait_until_quiet()
        keys_keep_to_their_bytes(terminal)
        names_are_drawn_in_the_grid_below_it_and_on_every_page_about_them(terminal)
        for size in ((1, 1), (61, 20), (300, 90), (80, 24)):
            terminal.resize(*size)
            terminal.wait_until_quiet(0.1)
        terminal.wait_for("staged")
        terminal.press("q")
        terminal.wait_for("staged and not applied")
        terminal.press("d")
        assert terminal.wait_for_exit() == 0
        output = bytes(terminal.output)
    # What Textual itself writes: control sequences, the keypad's mode, and the shape of the pointer.
    escapes = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|[=>78]|\(B|\]22;default\x07)")
    rest = escapes.sub(b"", output)
    assert b"\x1b" not in rest
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", rest)
    assert not re.search("[\x80-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]", output.decode("utf-8", "replace"))


def keys_keep_to_their_bytes(terminal: ForkedTerminal) -> None:
    for key in ("s", "c", "v"):
        assert 0 < cost(terminal, key) <= 300, key
    for move in ("right", "down", "k"):
        assert 0 < cost(terminal, move) <= 1_000, move
    terminal.press("right", "right")
    terminal.wait_until_quiet()
    for key in ("s", "u", "v"):
        assert 0 < cost(terminal, key) <= 300, f"{key} in the last column"
    assert cost(terminal, "pagedown") <= 5_000
    # How much was used comes behind the people; on a busy machine later than the bytes were counted.
    terminal.wait_until_quiet(1)
    mark = terminal.mark()
    with pytest.raises(TimeoutError):
        terminal.wait_for(lambda _: len(terminal.output) > mark, timeout=3)
    terminal.press("g")
    terminal.wait_for("1 of 120")


def names_are_drawn_in_the_grid_below_it_and_on_every_page_about_them(terminal: ForkedTerminal) -> None:
    for key in ["j"] * 12 + ["s", "pagedown", "s", "pagedown", "enter"]:
        terminal.press(key)
        terminal.wait_until_quiet(0.1)
    terminal.wait_for("Can do now")
    terminal.press("L")
    terminal.wait_for("Access to revoke")
    terminal.press("esc", "esc")
    terminal.wait_for("A review")
    terminal.press("A")
    terminal.wait_for(lambda text: re.search(r" for \d people", text))
    terminal.wait_until_quiet()
    terminal.press("esc")
    terminal.wait_for("A review")


def test_two_consoles_on_the_same_cells_conflict_and_one_goes_on_with_the_rest(postgres: TestServer) -> None:
    with directory_database(postgres, people=4, integrations=2) as conninfo:
        give(conninfo, 1, 1)
        settings = settings_of(conninfo)
        with (
            ForkedTerminal(environment=settings) as first,
            ForkedTerminal(environment=settings) as second,
        ):
            for terminal, keys in ((first, "sjs"), (second, "cjjc")):
                terminal.wait_for("● connected")
                terminal.press("2")
                terminal.wait_for("1 of 4")
                terminal.press(*keys)
                terminal.wait_for("2 staged")
                terminal.press("A")
                terminal.wait_for("1 grant and 1 change for 2 people")
                terminal.wait_for("Before")
            first.press("enter")
            first.wait_for("Applied in one transaction: 1 grant, 1 change.")
            second.press("enter")
            second.wait_for("Nothing was written: 1 cell has changed since you saw it.")
            second.wait_for(lambda text: "you saw view; now view, send; you want view, configure." in joined(text))
            second.press("g")
            second.wait_for("Applied in one transaction: 1 grant.")
            second.wait_for(lambda text: "Person 000001 VS-" in joined(text))
            second.press("k", "k", "c", "A")
            second.wait_for(lambda text: "After view, send, configure" in joined(text))
            second.press("enter")
            second.wait_for("Applied in one transaction: 1 change.")
            first.press("u", "y")
            first.wait_for("Not undone: somebody else changed 1 cell since.")
        assert permissions(conninfo) == {
            (person(1), integration(1), True, True, True, None, None, None),
            (person(2), integration(1), True, True, False, None, None, None),
            (person(3), integration(1), True, False, True, None, None, None),
        }
        kinds = [row["action"].removeprefix("permission_") for row in logged(conninfo)]
        assert sorted(kinds) == ["changed"] * 2 + ["granted"] * 3


def joined(text: str) -> str:
    return " ".join(text.split())
