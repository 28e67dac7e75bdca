"""Staging in the grid by keys: rights, ranges, columns, copies, limits; what is refused, and what leaving asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

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
from tests.support.database.people import directory_database, fill
from tests.support.servers.postgres import run_schema_files
from tui.screens.logged_detail import HEADING, LoggedDetail

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver


async def type_answer(console: ConsoleDriver, question: str, typed: str) -> None:
    await console.wait_for(question)
    await console.press("ctrl+u")
    await console.type(typed)
    await console.press("enter")


async def unstage(console: ConsoleDriver) -> None:
    """End a selection, lose what is staged and go to the first person's first cell."""
    await console.press("escape")
    console.page.forget_unsaved()
    grid_of(console).move_to(0, 0)
    await console.pilot.pause()
    await console.wait_for("1 of 6")


async def test_keys_stage_what_they_say_and_write_nothing(postgres: TestServer) -> None:
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        give(conninfo, 6, 1, can_send=True, daily_limit=7)
        give(conninfo, 6, 2, expires_at=datetime.now(UTC) - timedelta(days=1))
        give(conninfo, 5, 1, can_send=True)
        give(conninfo, 3, 1)
        give(conninfo, 4, 1, monthly_limit=50)
        query(conninfo, "update public.users set is_active = false where full_name = 'Person 000005'")
        before = permissions(conninfo)
        async with grid(conninfo) as console:
            await send_and_configure_bring_view_and_view_takes_them_along_and_each_is_said(console)
            await u_takes_back_one_step_after_the_other(console)
            await a_selection_serves_several_acts_and_the_next_move_ends_it(console)
            await a_whole_row_and_a_whole_column_are_staged_at_once(console)
            await a_column_acts_on_everybody_whom_the_filter_lists_and_on_nobody_else(console)
            await a_row_is_taken_from_one_person_and_put_to_others(console)
            await expiry_and_limits_are_set_for_a_selection_and_mistakes_are_asked_again(console)
            await a_cell_without_a_right_has_nothing_to_limit_and_a_leaver_is_given_nothing(console)
            await a_row_is_copied_as_text_with_what_is_staged(console)
            await staged_changes_stay_while_another_section_is_open(console)
            with psycopg.connect(conninfo) as connection:
                fill(connection, people=0, integrations=1, organization=GLOBEX)
                labels = "insert into switchboard.organization_labels values (%s, 'Acme'), (%s, 'Globex')"
                connection.execute(labels, [ACME, GLOBEX])
            await quitting_and_leaving_the_organisation_ask_while_something_is_staged(console)
        assert permissions(conninfo) == before


async def send_and_configure_bring_view_and_view_takes_them_along_and_each_is_said(console: ConsoleDriver) -> None:
    await console.press("s")
    assert row_text(console, "Person 000001") == "*VS- --- --- ---"
    assert console.status == "send implies view: view added."
    await console.press("c")
    assert row_text(console, "Person 000001").startswith("*VSC")
    await console.press("v")
    assert row_text(console, "Person 000001") == "--- --- --- ---"
    assert console.status == "send and configure were removed with view."
    await console.press("space")
    assert row_text(console, "Person 000001").startswith("*V--")
    assert "1 staged" in console.text
    assert detail_text(console, "Access") == "Exotel phone: view (was nothing)  * staged"
    await unstage(console)


async def u_takes_back_one_step_after_the_other(console: ConsoleDriver) -> None:
    await console.press("V", "down", "right", "v", "down", "s")
    assert row_text(console, "Person 000002") == "*V-- *V-- --- ---"
    assert "5 staged" in console.text
    await console.press("u")
    assert "4 staged" in console.text
    await console.press("u")
    assert "staged" not in console.text
    assert console.status == "Undid the last step: 4 cells."
    await console.press("u")
    assert console.status.startswith("Nothing to undo")
    await unstage(console)


async def a_selection_serves_several_acts_and_the_next_move_ends_it(console: ConsoleDriver) -> None:
    await console.press("V", "down", "v", "s")
    assert [row_text(console, f"Person 00000{n}")[:4] for n in (1, 2, 3)] == ["*VS-", "*VS-", "V-- "]
    await console.press("down", "c")
    assert row_text(console, "Person 000003").startswith("*V-C")
    assert row_text(console, "Person 000002").startswith("*VS-")
    await unstage(console)


async def a_whole_row_and_a_whole_column_are_staged_at_once(console: ConsoleDriver) -> None:
    await console.press("minus", "v")
    assert row_text(console, "Person 000001") == "*V-- *V-- *V-- *V--"
    await console.press("escape", "right", "right", "vertical_line")
    assert "everybody listed (6) × 1 integration" in console.text
    await console.press("s")
    await console.wait_for("Staged for 5 of the 6 people listed.")
    assert console.shows("Person 000005 is inactive in the directory and gets no rights.")
    await console.press("escape")
    assert row_text(console, "Person 000004").endswith("--- *VS- ---")
    assert row_text(console, "Person 000005") == "VS- --- --- ---"
    await unstage(console)


async def a_column_acts_on_everybody_whom_the_filter_lists_and_on_nobody_else(console: ConsoleDriver) -> None:
    await console.press("slash")
    await console.type("n2@")
    await console.wait_for("1 of 1")
    await console.press("enter", "vertical_line", "v")
    await console.wait_for("Staged for 1 of the 1 people listed.")
    await console.press("escape", "escape")
    await console.wait_for("of 6")
    assert "1 staged" in console.text
    await unstage(console)


async def a_row_is_taken_from_one_person_and_put_to_others(console: ConsoleDriver) -> None:
    await console.press("p")
    assert console.status.startswith("No permissions are copied yet")
    await console.press("G", "Y", "g", "minus", "down", "p")
    assert console.shows("1 expired permission was not copied.")
    await console.wait_for("*VS- d□")
    for name in ("Person 000001", "Person 000002"):
        assert row_text(console, name) == "*VS- d□□□□□□ --- --- ---"
    await unstage(console)


async def expiry_and_limits_are_set_for_a_selection_and_mistakes_are_asked_again(console: ConsoleDriver) -> None:
    await console.press("down", "down", "V", "down", "e")
    await console.wait_for("Set for 2 people × 1 integration")
    await console.press("x")
    await type_answer(console, "Expires (now never)", "soon")
    await console.wait_for("That expiry is not understood.")
    await type_answer(console, "Expires", "2020-01-01")
    await console.wait_for("That expiry has passed already.")
    await type_answer(console, "Expires", "5d")
    await console.wait_for("2 staged")
    assert row_text(console, "Person 000003").startswith("*V--▲")
    await console.press("e", "d")
    await type_answer(console, "Sends a day", "-1")
    await console.wait_for("A limit cannot be negative.")
    await type_answer(console, "Sends a day", "60")
    await console.wait_for("The monthly limit (50) is below the daily one (60).")
    assert row_text(console, "Person 000003") == "*V--▲ --- --- ---"
    await console.press("e", "d")
    await type_answer(console, "Sends a day", "10")
    await console.wait_for("d□□□m□□□")
    assert row_text(console, "Person 000004").startswith("*V--▲ d□□□m□□□")
    await unstage(console)


async def a_cell_without_a_right_has_nothing_to_limit_and_a_leaver_is_given_nothing(console: ConsoleDriver) -> None:
    await console.press("e")
    assert console.status.startswith("There is no right here")
    await console.press(*["down"] * 4, "c")
    assert "gets no rights" in console.status
    assert "staged" not in console.text
    await console.press("d")
    assert row_text(console, "Person 000005").startswith("*---")
    await unstage(console)


async def a_row_is_copied_as_text_with_what_is_staged(console: ConsoleDriver) -> None:
    await console.press("G", "c", "y")
    assert console.status.startswith("Row sent to your terminal's clipboard")
    assert "exotel_phone: view, send, configure, 7 a day" in console.app.clipboard
    await unstage(console)


async def staged_changes_stay_while_another_section_is_open(console: ConsoleDriver) -> None:
    await console.press("s", "down", "1")
    await console.wait_for(" by ")
    await console.press("2")
    await console.wait_for("1 staged")
    assert row_text(console, "Person 000001").startswith("*VS-")
    assert grid_of(console).row == 1
    await console.press("r")
    await wait_until_loaded(console)
    assert "1 staged" in console.text


async def quitting_and_leaving_the_organisation_ask_while_something_is_staged(console: ConsoleDriver) -> None:
    question = "1 change of permissions is staged and not applied."
    await console.press("q")
    await console.wait_for(question)
    await console.press("escape", "5")
    await wait_until_loaded(console)
    await console.press("q")
    await console.wait_for(question)
    await console.press("escape", "1")
    await console.wait_for(" by ")
    await console.press("o")
    await console.wait_for(question)
    await console.press("r")
    await console.wait_for("1 staged")
    await console.press("o")
    await console.wait_for("discard and continue")
    await console.press("d")
    await console.wait_for("Choose an organisation")
    await console.type("glob")
    await console.press("enter")
    await console.wait_for("Nobody is in the directory of this organisation.")
    await console.press("q")
    await console.wait_for(lambda: console.app.return_code is not None)


async def test_keys_of_a_role_that_may_only_look_are_dimmed_and_a_reader_of_less_is_told_what_is_missing(
    postgres: TestServer,
) -> None:
    with directory_database(postgres, people=2, integrations=2) as conninfo:
        give(conninfo, 1, 1, daily_limit=5)
        for role in ("switchboard_admin", "switchboard_support"):
            postgres.create_role(role, "nologin")
        run_schema_files(conninfo)
        postgres.create_role("eve", "login in role switchboard_support")
        async with grid(conninfo.replace("postgres@", "eve@")) as console:
            await console.wait_for("The role eve may not change permissions: that needs switchboard_admin.")
            await console.press("v", "s", "d", "e")
            assert row_text(console, "Person 000001").startswith("V--")
            assert "V range" not in console.text
            assert {"permissions.view", "permissions.revoke"} <= {
                binding.binding.id for binding in console.page.active_bindings.values() if not binding.enabled
            }


async def test_in_read_only_mode_or_with_half_an_eye_nothing_is_staged_and_what_is_unknown_is_said(
    postgres: TestServer,
) -> None:
    with directory_database(postgres, people=2, integrations=2) as conninfo:
        give(conninfo, 1, 1, daily_limit=5)
        table, log = "public.user_integration_permissions", "public.integration_audit_logs"
        postgres.create_role("eve", "login bypassrls")
        with psycopg.connect(conninfo) as connection:
            for schema in ("public", "switchboard"):
                connection.execute(f"grant usage on schema {schema} to eve".encode())
                connection.execute(f"grant select on all tables in schema {schema} to eve".encode())
            connection.execute("grant execute on all functions in schema switchboard to eve")
            connection.execute(f"revoke select on {table}, {log} from eve".encode())
        eve = conninfo.replace("postgres@", "eve@")
        async with grid(eve, until="r  try again", SWITCHBOARD_READ_ONLY="1") as console:
            assert "Not allowed by the database" in console.text
            query(conninfo, f"grant select on {table} to eve")
            await console.press("r")
            await console.wait_for("Person 000001")
            await wait_until_loaded(console)
            assert detail_text(console, "Sent") == "not visible to your role"
            assert row_text(console, "Person 000001") == "V-- ---"
            await console.pilot.resize_terminal(120, 40)
            await console.wait_for(lambda: console.page.query_one(LoggedDetail)._is_refused)
            assert HEADING not in console.text and "Not allowed" not in console.text
            await console.pilot.resize_terminal(80, 24)
            await console.press("v")
            assert "staged" not in console.text
            assert "Read-only mode: nothing can be changed here." in console.text
            for keys in (["L"], ["i"]):
                await console.press(*keys)
                await console.wait_for("r  try again" if keys == ["i"] else "Not allowed by the database")
                await console.press("escape")
                await console.wait_for("Person 000002")
            query(conninfo, f"revoke select on {table} from eve")
            await console.press("slash")
            await console.type("2")
            await console.wait_for("r  try again")


async def test_ctrl_c_twice_quits_although_something_is_staged(postgres: TestServer) -> None:
    with directory_database(postgres, people=1, integrations=1) as conninfo:
        async with grid(conninfo) as console:
            await console.press("s")
            await console.press("ctrl+c", "ctrl+c")
            await console.wait_for(lambda: console.app.return_code is not None)
        assert logged(conninfo) == []
