"""Reviewing and applying what is staged, the conflicts it meets, and undoing an apply as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import (
    TABLE,
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
from tests.support.database.people import directory_database, integration, person
from tui.screens.permissions.review import PermissionReviewScreen
from tui.screens.permissions.screen import PermissionsScreen
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver

NO_LIMIT = (None, None, None)


async def open_review(console: ConsoleDriver) -> None:
    """Open the review and wait for its names."""
    await console.press("A")
    await console.wait_for(lambda: isinstance(console.app.screen, PermissionReviewScreen))
    await wait_until_loaded(console)


async def wait_for_grid(console: ConsoleDriver) -> None:
    await console.wait_for(lambda: isinstance(console.app.screen, PermissionsScreen))
    await wait_until_loaded(console)


async def start_anew(console: ConsoleDriver, conninfo: str) -> None:
    """Take away what is staged and stored, and go to the first person's first cell."""
    await console.press("escape")
    while "staged" in console.text.splitlines()[1]:
        await console.press("u")
    query(conninfo, f"delete from {TABLE}")
    await console.press("r")
    await wait_until_loaded(console)
    await console.press("g", "h", "h")
    await console.wait_for("1 of 4")


async def test_what_is_staged_is_reviewed_applied_and_undone(postgres: TestServer) -> None:
    with directory_database(postgres, people=4, integrations=2) as conninfo:
        give(conninfo, 2, 1, daily_limit=9)
        give(conninfo, 3, 1)
        async with grid(conninfo) as console:
            await the_review_groups_and_counts_what_changes_and_shows_before_and_after(console)
            await an_apply_is_one_transaction_and_u_undoes_it_as_one(console, conninfo)
            await start_anew(console, conninfo)
            await a_held_key_opens_the_review_and_another_that_is_held_applies_it_once(console, conninfo)
            await start_anew(console, conninfo)
            await enter_held_down_in_the_palette_opens_the_review_and_applies_nothing(console, conninfo)
            await start_anew(console, conninfo)
            await nothing_is_applied_that_was_not_seen(console, conninfo)
            await start_anew(console, conninfo)
            await the_review_of_many_keeps_its_cursor_where_a_change_was_dropped(console)
            await start_anew(console, conninfo)
            await a_row_that_was_taken_before_an_apply_is_put_as_it_is_since(console, conninfo)


async def the_review_groups_and_counts_what_changes_and_shows_before_and_after(console: ConsoleDriver) -> None:
    await console.press("c", "down", "s", "down", "d")
    await open_review(console)
    assert "1 grant, 1 change and 1 revoke for 3 people" in console.text
    assert "gives configure once" in console.text
    for title in ("Grants (1)", "Changes (1)", "Revokes (1)"):
        assert title in console.text
    assert row_text(console, "Person 000001") == "Exotel phone --- → V-C"
    assert row_text(console, "Person 000002") == "Exotel phone V-- → VS-"
    assert row_text(console, "Person 000003") == "Exotel phone V-- → ---"
    await console.press("down", "down")
    assert detail_text(console, "Before") == "view, 9 a day"
    assert detail_text(console, "After") == "view, send, 9 a day"
    await console.press("d")
    assert "1 grant and 1 revoke for 2 people" in console.text
    await console.press("escape")
    await wait_for_grid(console)
    assert "2 staged" in console.text
    await console.wait_for(lambda: row_text(console, "Person 000002").startswith("V-- 0/9 day"))


async def an_apply_is_one_transaction_and_u_undoes_it_as_one(console: ConsoleDriver, conninfo: str) -> None:
    before, rows_before = permissions(conninfo), len(logged(conninfo))
    await open_review(console)
    await console.press("enter")
    await wait_for_grid(console)
    assert console.status == "Applied in one transaction: 1 grant, 1 revoke. u undoes all of it."
    assert row_text(console, "Person 000001") == "V-C ---"
    assert permissions(conninfo) == {
        (person(1), integration(1), True, False, True, *NO_LIMIT),
        (person(2), integration(1), True, False, False, 9, None, None),
    }
    await console.press("u")
    await console.wait_for("Undo the last apply (1 grant, 1 revoke)?")
    await console.press("n")
    assert permissions(conninfo) != before
    await console.press("u", "y")
    await console.wait_for("Undone in one transaction")
    assert row_text(console, "Person 000003") == "V-- ---"
    assert permissions(conninfo) == before
    rows = logged(conninfo)[rows_before:]
    operations = {str(row["details"]["operation_id"]): row["details"].get("undo_of") for row in rows}
    assert len(operations) == 2
    assert next(iter(operations)) in operations.values()


async def a_held_key_opens_the_review_and_another_that_is_held_applies_it_once(
    console: ConsoleDriver, conninfo: str
) -> None:
    before = len(logged(conninfo))
    await console.press("s", *["A"] * 10)
    await console.wait_for("Nothing is applied yet: press enter to apply all.")
    await wait_until_loaded(console)
    assert permissions(conninfo) == set()
    await console.press(*["enter"] * 10)
    await wait_until_loaded(console)
    assert [row["action"] for row in logged(conninfo)[before:]] == ["permission_granted"]
    # What is left of them has opened the person in the grid.
    while not isinstance(console.app.screen, PermissionsScreen):
        await console.press("escape")
    await wait_for_grid(console)


async def enter_held_down_in_the_palette_opens_the_review_and_applies_nothing(
    console: ConsoleDriver, conninfo: str
) -> None:
    await console.press("s")
    await console.press("colon", *"review, apply", "enter")
    await console.wait_for(lambda: isinstance(console.app.screen, PermissionReviewScreen))
    await wait_until_loaded(console)
    await console.press(*["enter"] * 3)
    assert console.status == "Nothing is applied yet: press A, then enter, to apply all."
    assert permissions(conninfo) == set()
    await console.press("escape")
    await wait_for_grid(console)


async def nothing_is_applied_that_was_not_seen(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("s")
    with psycopg.connect(conninfo) as connection:
        connection.execute("lock table public.users")
        await console.press("A", "enter")
        await console.wait_for(lambda: isinstance(console.app.screen, PermissionReviewScreen))
        assert console.app.screen.is_busy is False
    await wait_until_loaded(console)
    assert "1 grant for 1 person" in console.text
    assert permissions(conninfo) == set()
    await console.press("escape")
    await wait_for_grid(console)


async def the_review_of_many_keeps_its_cursor_where_a_change_was_dropped(console: ConsoleDriver) -> None:
    await console.press("vertical_line", "v")
    await console.wait_for("Staged for 4 of the 4 people listed.")
    await open_review(console)
    await console.press("down", "d")
    assert "3 grants for 3 people" in console.text
    assert console.page.query_one(RowBody).cursor == 2
    await console.press("d", "d", "d")
    await console.wait_for("Nothing is staged.")
    await console.press("A", "enter", "escape")
    await wait_for_grid(console)
    assert "staged" not in console.text


async def a_row_that_was_taken_before_an_apply_is_put_as_it_is_since(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("v", "Y", "s")
    await open_review(console)
    await console.press("enter")
    await wait_for_grid(console)
    # Also where its person is not listed any more.
    await console.press("slash")
    await console.type("n2@")
    await console.wait_for("1 of 1")
    await console.press("enter", "p")
    assert row_text(console, "Person 000002") == "*VS- ---"
    await console.press("u", "escape")
    await console.wait_for("of 4")
    query(conninfo, f"update {TABLE} set can_configure = true")
    await console.press("r")
    await wait_until_loaded(console)
    await console.press("g", "down", "p")
    assert row_text(console, "Person 000002") == "*VSC ---"


async def test_what_somebody_else_changed_meanwhile_is_a_conflict_and_stands_under_its_own_name(
    postgres: TestServer,
) -> None:
    with directory_database(postgres, people=4, integrations=2) as conninfo:
        async with grid(conninfo) as console:
            await a_conflict_is_looked_at_cell_by_cell_and_can_be_left_staged(console, conninfo)
            await an_undo_is_refused_whole_where_somebody_changed_one_of_its_cells(console, conninfo)
            await start_anew(console, conninfo)
            await a_time_from_now_counts_from_the_answer_and_not_from_when_the_grid_was_read(console, conninfo)
            await start_anew(console, conninfo)
            await the_cursor_stays_on_its_integration_when_another_one_is_set_up_before_it(console, conninfo)
            await start_anew(console, conninfo)
            await a_deleted_integration_is_named_as_the_conflict(console, conninfo)
            await start_anew(console, conninfo)
            await a_question_about_a_selection_sets_nothing_for_others_who_have_its_place(console, conninfo)
            await a_column_is_not_staged_before_anybody_is_listed(console)


async def a_conflict_is_looked_at_cell_by_cell_and_can_be_left_staged(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("s", "down", "s", "down", "s")
    give(conninfo, 1, 1)
    give(conninfo, 2, 1, can_configure=True)
    await open_review(console)
    await console.press("enter")
    await console.wait_for("2 cells have changed since you saw them")
    await console.press("l")
    await console.wait_for(lambda: not console.page.prompt.is_asking)
    assert console.text.count("✗ Person") == 2
    assert detail_text(console, "You saw") == "nothing"
    assert detail_text(console, "Now") == "view"
    assert detail_text(console, "You want") == "view, send"
    await console.press("down")
    assert detail_text(console, "Now") == "view, configure"
    await console.press("enter")
    await console.wait_for("2 cells have changed since you saw them")
    await console.press("d")
    await console.wait_for("1 grant for 1 person")
    await console.press("enter")
    await wait_for_grid(console)
    assert len(permissions(conninfo)) == 3


async def an_undo_is_refused_whole_where_somebody_changed_one_of_its_cells(
    console: ConsoleDriver, conninfo: str
) -> None:
    query(conninfo, f"update {TABLE} set daily_limit = 3 where user_id = %s", person(3))
    before = permissions(conninfo)
    await console.press("u", "y")
    await console.wait_for("Not undone: somebody else changed 1 cell since. Nothing was written.")
    await wait_until_loaded(console)
    await console.wait_for(lambda: row_text(console, "Person 000003") == "VS- 0/3 day ---")
    assert permissions(conninfo) == before


async def a_time_from_now_counts_from_the_answer_and_not_from_when_the_grid_was_read(
    console: ConsoleDriver, conninfo: str
) -> None:
    give(conninfo, 1, 1)
    await console.press("r")
    await wait_until_loaded(console)
    model = console.page.pane.model
    (loaded,) = model.listing.window.pages
    loaded.page = replace(loaded.page, now=loaded.page.now - timedelta(days=1))
    await console.press("e", "x")
    await console.wait_for("Expires (now never)")
    await console.type("12h")
    await console.press("enter")
    await console.wait_for("1 staged")
    (change,) = model.staged.review().changes
    assert change.wanted.expires_at > datetime.now(UTC) + timedelta(hours=11)


async def the_cursor_stays_on_its_integration_when_another_one_is_set_up_before_it(
    console: ConsoleDriver, conninfo: str
) -> None:
    await console.press("right", "v")
    renamed = "update integration_credentials set integration_type = %s where id = %s"
    query(conninfo, renamed, "exotel_zz", integration(1))
    await console.press("r")
    await wait_until_loaded(console)
    assert detail_text(console, "Access").startswith("Exotel WhatsApp: view")
    await console.press("s")
    assert row_text(console, "Person 000001") == "*VS- ---"
    query(conninfo, renamed, "exotel_phone", integration(1))


async def a_deleted_integration_is_named_as_the_conflict(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("s", "right", "s")
    query(conninfo, "delete from integration_credentials where id = %s", integration(1))
    await open_review(console)
    await console.press("enter")
    await console.wait_for("the integration was deleted")
    await console.press("escape")
    await wait_for_grid(console)
    assert "2 staged" in console.text
    assert "phone" not in console.text.splitlines()[3]
    assert permissions(conninfo) == set()


async def a_question_about_a_selection_sets_nothing_for_others_who_have_its_place(
    console: ConsoleDriver, conninfo: str
) -> None:
    for who in (1, 2):
        give(conninfo, who, 2)
    await console.press("r")
    await wait_until_loaded(console)
    await console.press("e", "d")
    await console.wait_for("Sends a day")
    query(conninfo, "delete from public.users where id = %s", person(1))
    query(conninfo, f"delete from {TABLE} where user_id = %s", person(1))
    console.page.start_load()
    await console.wait_for("1 of 3")
    await console.type("5")
    await console.press("enter")
    await console.wait_for("The list was reloaded meanwhile, so nothing was staged")
    assert "staged" not in console.text.replace("nothing was staged", "")


async def a_column_is_not_staged_before_anybody_is_listed(console: ConsoleDriver) -> None:
    await console.press("vertical_line")
    console.page.pane.model.listing = None
    await console.press("v")
    await wait_until_loaded(console)
    assert console.app.crash_file is None
    assert console.app.return_code is None


async def test_a_role_that_loses_its_right_meanwhile_is_told_and_keeps_what_is_staged(postgres: TestServer) -> None:
    with directory_database(postgres, people=2, integrations=1) as conninfo:
        postgres.create_role("eve")
        with psycopg.connect(conninfo) as connection:
            for schema in ("public", "switchboard"):
                connection.execute(f"grant select on all tables in schema {schema} to eve".encode())
            connection.execute("grant usage on schema switchboard to eve")
            connection.execute("grant execute on all functions in schema switchboard to eve")
            connection.execute(f"grant insert, update, delete on {TABLE} to eve".encode())
            connection.execute("alter role eve bypassrls")
        async with grid(conninfo.replace("postgres@", "eve@")) as console:
            await console.press("s")
            query(conninfo, f"revoke insert on {TABLE} from eve")
            await open_review(console)
            await console.press("enter")
            await console.wait_for("The role eve may read permissions but not change them")
            await console.press("escape")
            await wait_for_grid(console)
            assert "1 staged" in console.text


@pytest.mark.long
async def test_five_hundred_changes_are_reviewed_applied_and_undone_with_a_log_row_each(postgres: TestServer) -> None:
    with directory_database(postgres, people=250, integrations=2) as conninfo:
        async with grid(conninfo, until="1 of 250") as console:
            await console.press("vertical_line", "right", "s")
            await console.wait_for("Staged for 250 of the 250 people listed.")
            await open_review(console)
            assert "500 grants for 250 people" in console.text
            await console.press("end")
            assert "Person 000250" in console.text
            await console.press("enter")
            await wait_for_grid(console)
            assert "Applied in one transaction: 500 grants." in console.status
            assert grid_of(console).row == 0
            assert len(permissions(conninfo)) == 500
            await console.press("u", "y")
            await console.wait_for("Undone in one transaction: 500 revokes.")
            assert row_text(console, "Person 000001") == "--- ---"
        assert permissions(conninfo) == set()
        rows = logged(conninfo)
        assert [row["action"] for row in rows] == ["permission_granted"] * 500 + ["permission_revoked"] * 500
        assert len({row["details"]["operation_id"] for row in rows}) == 2
        assert {row["details"].get("undo_of") for row in rows[500:]} == {rows[0]["details"]["operation_id"]}
