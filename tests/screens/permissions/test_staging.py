"""Staging in the grid: rights, ranges, columns, copies, expiry, limits; what is refused, and what leaving asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import (
    detail_text,
    give,
    grid,
    grid_of,
    logged,
    permissions,
    query,
    row_text,
    wait_until_loaded,
)
from tests.support.acme import ACME, GLOBEX
from tests.support.database.people import directory_database, fill, integration, person
from tests.support.servers.postgres import run_schema_files
from tui.screens.permissions import people_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver


@pytest.fixture
def few_people(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        yield conninfo


async def type_answer(console: ConsoleDriver, question: str, *typed: str) -> None:
    await console.wait_for(question)
    for text in typed:
        await console.type(text)
    await console.press("enter")


async def test_send_and_configure_bring_view_and_view_takes_them_along_and_each_is_said(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("s")
        assert row_text(console, "Person 000001") == "*VS- --- --- ---"
        assert console.status == "send implies view: view added."
        await console.press("c")
        assert row_text(console, "Person 000001").startswith("*VSC")
        await console.press("v")
        assert row_text(console, "Person 000001") == "--- --- --- ---"
        assert console.status == "send and configure went with view."
        await console.press("space")
        assert row_text(console, "Person 000001").startswith("*V--")
        assert "1 staged" in console.text
        assert detail_text(console, "Access") == "Exotel phone: view  * staged, now nothing"
    assert permissions(few_people) == set()


async def test_u_takes_back_one_step_after_the_other(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("V", "down", "right", "v", "down", "s")
        assert row_text(console, "Person 000002") == "*V-- *V-- --- ---"
        assert "5 staged" in console.text
        await console.press("u")
        assert "4 staged" in console.text
        await console.press("u")
        assert "staged" not in console.text
        assert console.status == "Took the last step back: 4 cells."
        await console.press("u")
        assert console.status.startswith("Nothing is staged")


async def test_a_selection_serves_several_acts_and_the_next_move_ends_it(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("V", "down", "down", "v", "s")
        assert [row_text(console, f"Person 00000{n}")[:4] for n in (1, 2, 3, 4)] == ["*VS-"] * 3 + ["--- "]
        await console.press("down", "c")
        assert row_text(console, "Person 000004").startswith("*V-C")
        assert row_text(console, "Person 000003").startswith("*VS-")


async def test_a_whole_row_and_a_whole_column_are_staged_at_once(few_people: str) -> None:
    query(few_people, "update public.users set is_active = false where full_name = 'Person 000005'")
    async with grid(few_people) as console:
        await console.press("minus", "v")
        assert row_text(console, "Person 000001") == "*V-- *V-- *V-- *V--"
        await console.press("escape", "right", "vertical_line")
        assert "everybody listed (6) x 1 integration" in console.text
        await console.press("s")
        await console.wait_for("Staged for 5 of the 6 people listed.")
        assert console.shows("Person 000005 is inactive in the directory and is given nothing.")
        assert row_text(console, "Person 000006") == "--- *VS- --- ---"
        assert row_text(console, "Person 000005") == "--- --- --- ---"


async def test_a_column_acts_on_everybody_whom_the_filter_lists_and_on_nobody_else(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("slash")
        await console.type("n3@")
        await console.wait_for("1 of 1")
        await console.press("enter", "vertical_line", "v")
        await console.wait_for("Staged for 1 of the 1 people listed.")
        await console.press("escape", "escape")
        await console.wait_for("of 6")
        assert "1 staged" in console.text


async def test_more_people_than_a_column_may_change_are_refused_with_their_number(
    few_people: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "MOST_AT_ONCE", 5)
    async with grid(few_people) as console:
        await console.press("vertical_line", "v")
        await console.wait_for("6 people are listed, and at most 5 are changed at once.")
        assert "staged" not in console.text


async def test_a_row_is_taken_from_one_person_and_put_to_others(few_people: str) -> None:
    give(few_people, 1, 1, can_send=True, daily_limit=7)
    give(few_people, 1, 2, expires_at=datetime.now(UTC) - timedelta(days=1))
    give(few_people, 2, 4)
    async with grid(few_people) as console:
        await console.press("p")
        assert console.status.startswith("No row is taken yet")
        await console.press("Y", "down", "minus", "down", "p")
        assert console.shows("1 expired permission was not copied.")
        assert row_text(console, "Person 000002") == "*VS- d□□□□□□ --- --- *---"
        assert row_text(console, "Person 000003") == "*VS- d□□□□□□ --- --- ---"


async def test_expiry_and_limits_are_set_for_a_selection_and_mistakes_are_asked_again(few_people: str) -> None:
    give(few_people, 1, 1)
    give(few_people, 2, 1, monthly_limit=50)
    async with grid(few_people) as console:
        await console.press("V", "down", "e")
        await console.wait_for("Set for 2 people x 1 integration")
        await console.press("x")
        await type_answer(console, "Expires (now never)", "soon")
        await console.wait_for("That expiry is not understood.")
        await console.press(*["backspace"] * 4)
        await type_answer(console, "Expires", "2020-01-01")
        await console.wait_for("That expiry has passed already.")
        await console.press(*["backspace"] * 10)
        await type_answer(console, "Expires", "5d")
        await console.wait_for("2 staged")
        assert row_text(console, "Person 000001").startswith("*V--▲")
        await console.press("e", "d")
        await type_answer(console, "Sends a day", "-1")
        await console.wait_for("A limit cannot be negative.")
        await console.press("backspace", "backspace")
        await type_answer(console, "Sends a day", "60")
        await console.wait_for("The monthly limit (50) is below the daily one (60).")
        assert row_text(console, "Person 000001") == "*V--▲ --- --- ---"
        await console.press("e", "d")
        await type_answer(console, "Sends a day", "10")
        await console.wait_for("d□")
        assert row_text(console, "Person 000002").startswith("*V--▲ d□□□m□□□")


async def test_a_cell_without_a_right_has_nothing_to_limit_and_a_leaver_is_given_nothing(few_people: str) -> None:
    query(few_people, "update public.users set is_active = false where full_name = 'Person 000002'")
    give(few_people, 2, 1, can_send=True)
    async with grid(few_people) as console:
        await console.press("e")
        assert console.status.startswith("This cell gives nothing")
        await console.press("down", "c")
        assert "is given nothing" in console.status
        assert "staged" not in console.text
        await console.press("d")
        assert row_text(console, "Person 000002").startswith("*---")


async def test_a_role_that_may_only_look_has_its_keys_dimmed_and_is_told_why(
    postgres: TestServer, few_people: str
) -> None:
    give(few_people, 1, 1)
    for role in ("switchboard_admin", "switchboard_support"):
        postgres.create_role(role, "nologin")
    run_schema_files(few_people)
    postgres.create_role("eve", "login in role switchboard_support")
    async with grid(few_people.replace("postgres@", "eve@")) as console:
        await console.wait_for("The role eve may not change permissions: that needs switchboard_admin.")
        await console.press("v", "s", "d", "e")
        assert row_text(console, "Person 000001") == "V-- --- --- ---"
        assert "V range" not in console.text
        assert {"permissions.view", "permissions.revoke"} <= {
            binding.binding.id for binding in console.page.active_bindings.values() if not binding.enabled
        }


async def test_read_only_mode_stages_nothing_and_says_so(few_people: str) -> None:
    async with grid(few_people, SWITCHBOARD_READ_ONLY="1") as console:
        await console.press("v")
        assert "staged" not in console.text
        assert "Read-only mode: nothing can be changed here." in console.text


async def test_staged_changes_stay_while_another_section_is_open(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("s", "down", "1")
        await console.wait_for("sorted by")
        await console.press("2")
        await console.wait_for("1 staged")
        assert row_text(console, "Person 000001").startswith("*VS-")
        assert grid_of(console).row == 1
        await console.press("r")
        await wait_until_loaded(console)
        assert "1 staged" in console.text


async def test_quitting_and_leaving_the_organisation_ask_while_something_is_staged(few_people: str) -> None:
    with psycopg.connect(few_people) as connection:
        fill(connection, people=0, integrations=1, organization=GLOBEX)
        labels = "insert into switchboard.organization_labels values (%s, 'Acme'), (%s, 'Globex')"
        connection.execute(labels, [ACME, GLOBEX])
    async with grid(few_people) as console:
        await console.press("s", "q")
        await console.wait_for("1 change of permissions is staged and not applied.")
        await console.press("escape", "5", "q")
        await console.wait_for("1 change of permissions is staged and not applied.")
        await console.press("escape", "1")
        await console.wait_for("sorted by")
        await console.press("o")
        await console.wait_for("1 change of permissions is staged and not applied.")
        await console.press("r")
        await console.wait_for("1 staged")
        await console.press("o")
        await console.wait_for("drop it and go on")
        await console.press("d")
        await console.wait_for("Choose an organisation")
        await console.type("glob")
        await console.press("enter")
        await console.wait_for("Nobody is in the directory of this organisation.")
        await console.press("q")
        await console.wait_for(lambda: console.app.return_code is not None)


async def test_ctrl_c_twice_quits_although_something_is_staged(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("s", "ctrl+c", "ctrl+c")
        await console.wait_for(lambda: console.app.return_code is not None)
    assert logged(few_people) == []


async def test_a_row_is_copied_as_text_with_what_is_staged(few_people: str) -> None:
    give(few_people, 1, 1, daily_limit=5)
    async with grid(few_people) as console:
        await console.press("s", "y")
        assert console.status.startswith("Row sent to your terminal's clipboard")
        assert "exotel_phone: view, send, 5 a day" in console.app.clipboard
    assert permissions(few_people) == {(person(1), integration(1), True, False, False, 5, None, None)}
