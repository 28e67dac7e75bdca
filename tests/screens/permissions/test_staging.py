"""Staging in the grid: rights, ranges, columns, copies, expiry, limits; what is refused, and what leaving asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import (
    body,
    detail,
    give,
    grid,
    line,
    logged,
    permissions,
    query,
    settled,
)
from tests.support.people import directory_database, fill, integration, person
from tests.support.servers.postgres import run_schema_files
from tests.support.sitting import ACME, GLOBEX
from tui.screens.permissions import people_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_app import Console


@pytest.fixture
def few(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        yield conninfo


async def answer(it: Console, question: str, *typed: str) -> None:
    await it.wait_for(question)
    for text in typed:
        await it.type(text)
    await it.press("enter")


async def test_send_and_configure_bring_view_and_view_takes_them_along_and_each_is_said(few: str) -> None:
    async with grid(few) as it:
        await it.press("s")
        assert line(it, "Person 000001") == "*VS- --- --- ---"
        assert it.status == "send implies view: view added."
        await it.press("c")
        assert line(it, "Person 000001").startswith("*VSC")
        await it.press("v")
        assert line(it, "Person 000001") == "--- --- --- ---"
        assert it.status == "send and configure went with view."
        await it.press("space")
        assert line(it, "Person 000001").startswith("*V--")
        assert "1 staged" in it.text
        assert detail(it, "Access") == "Exotel phone: view  * staged, now nothing"
    assert permissions(few) == set()


async def test_u_takes_back_one_step_after_the_other(few: str) -> None:
    async with grid(few) as it:
        await it.press("V", "down", "right", "v", "down", "s")
        assert line(it, "Person 000002") == "*V-- *V-- --- ---"
        assert "5 staged" in it.text
        await it.press("u")
        assert "4 staged" in it.text
        await it.press("u")
        assert "staged" not in it.text
        assert it.status == "Took the last step back: 4 cells."
        await it.press("u")
        assert it.status.startswith("Nothing is staged")


async def test_a_selection_serves_several_acts_and_the_next_move_ends_it(few: str) -> None:
    async with grid(few) as it:
        await it.press("V", "down", "down", "v", "s")
        assert [line(it, f"Person 00000{n}")[:4] for n in (1, 2, 3, 4)] == ["*VS-"] * 3 + ["--- "]
        await it.press("down", "c")
        assert line(it, "Person 000004").startswith("*V-C")
        assert line(it, "Person 000003").startswith("*VS-")


async def test_a_whole_row_and_a_whole_column_are_staged_at_once(few: str) -> None:
    query(few, "update public.users set is_active = false where full_name = 'Person 000005'")
    async with grid(few) as it:
        await it.press("minus", "v")
        assert line(it, "Person 000001") == "*V-- *V-- *V-- *V--"
        await it.press("escape", "right", "vertical_line")
        assert "everybody listed (6) x 1 integration" in it.text
        await it.press("s")
        await it.wait_for("Staged for 5 of the 6 people listed.")
        assert it.shows("Person 000005 is inactive in the directory and is given nothing.")
        assert line(it, "Person 000006") == "--- *VS- --- ---"
        assert line(it, "Person 000005") == "--- --- --- ---"


async def test_a_column_acts_on_everybody_whom_the_filter_lists_and_on_nobody_else(few: str) -> None:
    async with grid(few) as it:
        await it.press("slash")
        await it.type("n3@")
        await it.wait_for("1 of 1")
        await it.press("enter", "vertical_line", "v")
        await it.wait_for("Staged for 1 of the 1 people listed.")
        await it.press("escape", "escape")
        await it.wait_for("of 6")
        assert "1 staged" in it.text


async def test_more_people_than_a_column_may_change_are_refused_with_their_number(
    few: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "MOST_AT_ONCE", 5)
    async with grid(few) as it:
        await it.press("vertical_line", "v")
        await it.wait_for("6 people are listed, and at most 5 are changed at once.")
        assert "staged" not in it.text


async def test_a_row_is_taken_from_one_person_and_put_to_others(few: str) -> None:
    give(few, 1, 1, can_send=True, daily_limit=7)
    give(few, 1, 2, expires_at=datetime.now(UTC) - timedelta(days=1))
    give(few, 2, 4)
    async with grid(few) as it:
        await it.press("p")
        assert it.status.startswith("No row is taken yet")
        await it.press("Y", "down", "minus", "down", "p")
        assert it.shows("1 expired permission was not copied.")
        assert line(it, "Person 000002") == "*VS- d□□□□□□ --- --- *---"
        assert line(it, "Person 000003") == "*VS- d□□□□□□ --- --- ---"


async def test_expiry_and_limits_are_set_for_a_selection_and_mistakes_are_asked_again(few: str) -> None:
    give(few, 1, 1)
    give(few, 2, 1, monthly_limit=50)
    async with grid(few) as it:
        await it.press("V", "down", "e")
        await it.wait_for("Set for 2 people x 1 integration")
        await it.press("x")
        await answer(it, "Expires (now never)", "soon")
        await it.wait_for("That expiry is not understood.")
        await it.press(*["backspace"] * 4)
        await answer(it, "Expires", "2020-01-01")
        await it.wait_for("That expiry has passed already.")
        await it.press(*["backspace"] * 10)
        await answer(it, "Expires", "5d")
        await it.wait_for("2 staged")
        assert line(it, "Person 000001").startswith("*V--▲")
        await it.press("e", "d")
        await answer(it, "Sends a day", "-1")
        await it.wait_for("A limit cannot be negative.")
        await it.press("backspace", "backspace")
        await answer(it, "Sends a day", "60")
        await it.wait_for("The monthly limit (50) is below the daily one (60).")
        assert line(it, "Person 000001") == "*V--▲ --- --- ---"
        await it.press("e", "d")
        await answer(it, "Sends a day", "10")
        await it.wait_for("d□")
        assert line(it, "Person 000002").startswith("*V--▲ d□□□m□□□")


async def test_a_cell_without_a_right_has_nothing_to_limit_and_a_leaver_is_given_nothing(few: str) -> None:
    query(few, "update public.users set is_active = false where full_name = 'Person 000002'")
    give(few, 2, 1, can_send=True)
    async with grid(few) as it:
        await it.press("e")
        assert it.status.startswith("This cell gives nothing")
        await it.press("down", "c")
        assert "is given nothing" in it.status
        assert "staged" not in it.text
        await it.press("d")
        assert line(it, "Person 000002").startswith("*---")


async def test_a_role_that_may_only_look_has_its_keys_dimmed_and_is_told_why(postgres: TestServer, few: str) -> None:
    give(few, 1, 1)
    for role in ("switchboard_admin", "switchboard_support"):
        postgres.create_role(role, "nologin")
    run_schema_files(few)
    postgres.create_role("eve", "login in role switchboard_support")
    async with grid(few.replace("postgres@", "eve@")) as it:
        await it.wait_for("The role eve may not change permissions: that needs switchboard_admin.")
        await it.press("v", "s", "d", "e")
        assert line(it, "Person 000001") == "V-- --- --- ---"
        assert "V range" not in it.text
        assert {"permissions.view", "permissions.revoke"} <= {
            binding.binding.id for binding in it.page.active_bindings.values() if not binding.enabled
        }


async def test_read_only_mode_stages_nothing_and_says_so(few: str) -> None:
    async with grid(few, SWITCHBOARD_READ_ONLY="1") as it:
        await it.press("v")
        assert "staged" not in it.text
        assert "Read-only mode: nothing can be changed here." in it.text


async def test_staged_changes_stay_while_another_section_is_open(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", "down", "1")
        await it.wait_for("sorted by")
        await it.press("2")
        await it.wait_for("1 staged")
        assert line(it, "Person 000001").startswith("*VS-")
        assert body(it).row == 1
        await it.press("r")
        await settled(it)
        assert "1 staged" in it.text


async def test_quitting_and_leaving_the_organisation_ask_while_something_is_staged(few: str) -> None:
    with psycopg.connect(few) as connection:
        fill(connection, people=0, integrations=1, organization=GLOBEX)
        labels = "insert into switchboard.organization_labels values (%s, 'Acme'), (%s, 'Globex')"
        connection.execute(labels, [ACME, GLOBEX])
    async with grid(few) as it:
        await it.press("s", "q")
        await it.wait_for("1 change of permissions is staged and not applied.")
        await it.press("escape", "5", "q")
        await it.wait_for("1 change of permissions is staged and not applied.")
        await it.press("escape", "1")
        await it.wait_for("sorted by")
        await it.press("o")
        await it.wait_for("1 change of permissions is staged and not applied.")
        await it.press("r")
        await it.wait_for("1 staged")
        await it.press("o")
        await it.wait_for("drop it and go on")
        await it.press("d")
        await it.wait_for("Choose an organisation")
        await it.type("glob")
        await it.press("enter")
        await it.wait_for("Nobody is in the directory of this organisation.")
        await it.press("q")
        await it.wait_for(lambda: it.app.return_code is not None)


async def test_ctrl_c_twice_quits_although_something_is_staged(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", "ctrl+c", "ctrl+c")
        await it.wait_for(lambda: it.app.return_code is not None)
    assert logged(few) == []


async def test_a_row_is_copied_as_text_with_what_is_staged(few: str) -> None:
    give(few, 1, 1, daily_limit=5)
    async with grid(few) as it:
        await it.press("s", "y")
        assert it.status.startswith("Row sent to your terminal's clipboard")
        assert "exotel_phone: view, send, 5 a day" in it.app.clipboard
    assert permissions(few) == {(person(1), integration(1), True, False, False, 5, None, None)}
