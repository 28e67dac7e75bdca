"""Reviewing and applying what is staged, the conflicts it meets, and undoing an apply as one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import body, detail, give, grid, line, logged, permissions, query, settled
from tests.support.people import directory_database, integration, person
from tui.screens.permissions.review import PermissionReviewScreen
from tui.screens.permissions.screen import PermissionsScreen
from tui.widgets.row_list import RowBody

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_app import Console

TABLE = "public.user_integration_permissions"


@pytest.fixture
def few(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=4, integrations=2) as conninfo:
        yield conninfo


async def review(it: Console) -> None:
    """Open the review and wait for its names."""
    await it.press("A")
    await it.wait_for(lambda: isinstance(it.app.screen, PermissionReviewScreen))
    await settled(it)


async def back_in_the_grid(it: Console) -> None:
    await it.wait_for(lambda: isinstance(it.app.screen, PermissionsScreen))
    await settled(it)


async def test_the_review_groups_and_counts_what_changes_and_shows_before_and_after(few: str) -> None:
    give(few, 2, 1, daily_limit=9)
    give(few, 3, 1)
    async with grid(few) as it:
        await it.press("c", "down", "s", "down", "d")
        await review(it)
        assert "1 grant, 1 change and 1 revoke for 3 people" in it.text
        assert "gives configure once" in it.text
        for title in ("Grants (1)", "Changes (1)", "Revokes (1)"):
            assert title in it.text
        assert line(it, "Person 000001") == "Exotel phone --- → V-C"
        assert line(it, "Person 000002") == "Exotel phone V-- → VS-"
        assert line(it, "Person 000003") == "Exotel phone V-- → ---"
        await it.press("down", "down")
        assert detail(it, "Before") == "view, 9 a day"
        assert detail(it, "After") == "view, send, 9 a day"
        await it.press("d")
        assert "1 grant and 1 revoke for 2 people" in it.text
        await it.press("escape")
        await back_in_the_grid(it)
        assert "2 staged" in it.text
        assert line(it, "Person 000002").startswith("V-- d")
    assert [row["action"] for row in logged(few)] == ["permission_granted"] * 2


async def test_an_apply_is_one_transaction_and_u_undoes_it_as_one(few: str) -> None:
    give(few, 2, 1, daily_limit=9)
    before = permissions(few)
    async with grid(few) as it:
        await it.press("s", "down", "d")
        await review(it)
        await it.press("enter")
        await back_in_the_grid(it)
        assert it.status == "Applied in one transaction: 1 grant, 1 revoke. u undoes it as one."
        assert line(it, "Person 000001") == "VS- ---"
        assert permissions(few) == {(person(1), integration(1), True, True, False, None, None, None)}
        await it.press("u")
        await it.wait_for("Undo the last apply (1 grant, 1 revoke)?")
        await it.press("n")
        assert permissions(few) != before
        await it.press("u", "y")
        await it.wait_for("Undone in one transaction")
        assert line(it, "Person 000002") == "V-- d□□□□□□ ---"
    assert permissions(few) == before
    operations = {str(row["details"]["operation_id"]): row["details"].get("undo_of") for row in logged(few)[1:]}
    assert len(operations) == 2
    assert next(iter(operations)) in operations.values()


async def test_a_held_key_opens_the_review_and_another_that_is_held_applies_it_once(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", *["A"] * 10)
        await it.wait_for("Nothing is applied yet: enter applies all of it.")
        await settled(it)
        assert permissions(few) == set()
        await it.press(*["enter"] * 10)
        await settled(it)
    assert [row["action"] for row in logged(few)] == ["permission_granted"]


async def test_nothing_is_applied_that_was_not_seen(few: str) -> None:
    async with grid(few) as it:
        await it.press("s")
        with psycopg.connect(few) as connection:
            connection.execute("lock table public.users")
            await it.press("A", "enter")
            await it.wait_for(lambda: isinstance(it.app.screen, PermissionReviewScreen))
            assert it.app.screen.busy is False
        await settled(it)
        assert "1 grant for 1 person" in it.text
    assert permissions(few) == set()


async def test_a_conflict_is_looked_at_cell_by_cell_and_can_be_left_staged(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", "down", "s", "down", "s")
        give(few, 1, 1)
        give(few, 2, 1, can_configure=True)
        await review(it)
        await it.press("enter")
        await it.wait_for("2 cells are not as you saw them")
        await it.press("l")
        await it.wait_for(lambda: not it.page.prompt.is_asking)
        assert it.text.count("✗ Person") == 2
        assert detail(it, "You saw") == "nothing"
        assert detail(it, "Now") == "view"
        assert detail(it, "You want") == "view, send"
        await it.press("down")
        assert detail(it, "Now") == "view, configure"
        await it.press("enter")
        await it.wait_for("2 cells are not as you saw them")
        await it.press("d")
        await it.wait_for("1 grant for 1 person")
        await it.press("enter")
        await back_in_the_grid(it)
    assert len(permissions(few)) == 3


async def test_a_deleted_integration_is_named_as_the_conflict(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", "right", "s")
        query(few, "delete from integration_credentials where id = %s", integration(1))
        await review(it)
        await it.press("enter")
        await it.wait_for("the integration was deleted")
        await it.press("escape")
        await back_in_the_grid(it)
        assert "2 staged" in it.text
        assert "phone" not in it.text.splitlines()[3]
    assert permissions(few) == set()


async def test_a_role_that_loses_its_right_meanwhile_is_told_and_keeps_what_is_staged(
    postgres: TestServer, few: str
) -> None:
    postgres.create_role("eve")
    with psycopg.connect(few) as connection:
        connection.execute(
            "grant usage on schema switchboard to eve; grant select on all tables in schema public to eve"
        )
        connection.execute("grant select on all tables in schema switchboard to eve")
        connection.execute(f"grant insert, update, delete on {TABLE} to eve")
        connection.execute("grant execute on all functions in schema switchboard to eve")
        connection.execute("alter role eve bypassrls")
    async with grid(few.replace("postgres@", "eve@")) as it:
        await it.press("s")
        with psycopg.connect(few) as connection:
            connection.execute(f"revoke insert on {TABLE} from eve")
        await review(it)
        await it.press("enter")
        await it.wait_for("The role eve may look at permissions but not change them")
        await it.press("escape")
        await back_in_the_grid(it)
        assert "1 staged" in it.text


async def test_five_hundred_changes_are_reviewed_applied_and_undone_with_a_log_row_each(postgres: TestServer) -> None:
    with directory_database(postgres, people=250, integrations=2) as conninfo:
        async with grid(conninfo, until="1 of 250") as it:
            await it.press("vertical_line", "right", "s")
            await it.wait_for("Staged for 250 of the 250 people listed.")
            await review(it)
            assert "500 grants for 250 people" in it.text
            await it.press("end")
            assert "Person 000250" in it.text
            await it.press("enter")
            await back_in_the_grid(it)
            assert "Applied in one transaction: 500 grants." in it.status
            assert body(it).row == 0
            assert len(permissions(conninfo)) == 500
            await it.press("u", "y")
            await it.wait_for("Undone in one transaction: 500 revokes.")
            assert line(it, "Person 000001") == "--- ---"
        assert permissions(conninfo) == set()
        rows = logged(conninfo)
        assert [row["action"] for row in rows] == ["permission_granted"] * 500 + ["permission_revoked"] * 500
        assert len({row["details"]["operation_id"] for row in rows}) == 2
        assert {row["details"].get("undo_of") for row in rows[500:]} == {rows[0]["details"]["operation_id"]}


async def test_the_review_of_many_keeps_its_cursor_where_a_change_was_dropped(few: str) -> None:
    async with grid(few) as it:
        await it.press("vertical_line", "v")
        await it.wait_for("Staged for 4 of the 4 people listed.")
        await review(it)
        await it.press("down", "d")
        assert "3 grants for 3 people" in it.text
        assert it.page.query_one(RowBody).cursor == 2
        await it.press("d", "d", "d")
        await it.wait_for("Nothing is staged any more.")
        await it.press("A", "enter", "escape")
        await back_in_the_grid(it)
        assert "staged" not in it.text


async def test_a_row_that_was_taken_before_an_apply_is_put_as_it_is_since(few: str) -> None:
    give(few, 1, 1)
    async with grid(few) as it:
        await it.press("Y", "s")
        await review(it)
        await it.press("enter")
        await back_in_the_grid(it)
        await it.press("down", "p")
        assert line(it, "Person 000002") == "*VS- ---"
        await it.press("u")
        query(few, f"update {TABLE} set can_configure = true")
        await it.press("r")
        await settled(it)
        await it.press("p")
        assert line(it, "Person 000002") == "*VSC ---"


async def test_a_question_about_a_selection_sets_nothing_for_others_who_have_its_place_meanwhile(few: str) -> None:
    give(few, 1, 1)
    give(few, 2, 1)
    async with grid(few) as it:
        await it.press("e", "d")
        await it.wait_for("Sends a day")
        query(few, "delete from public.users where id = %s", person(1))
        query(few, f"delete from {TABLE} where user_id = %s", person(1))
        it.page.start_load()
        await it.wait_for("1 of 3")
        await it.type("5")
        await it.press("enter")
        await it.wait_for("The list was read anew meanwhile, so nothing was staged.")
        assert "staged" not in it.text.replace("nothing was staged", "")


async def test_the_cursor_stays_on_its_integration_when_another_one_is_set_up_before_it(few: str) -> None:
    async with grid(few) as it:
        await it.press("right", "v")
        query(few, "update integration_credentials set integration_type = 'exotel_zz' where id = %s", integration(1))
        await it.press("r")
        await settled(it)
        assert detail(it, "Access").startswith("Exotel WhatsApp: view")
        await it.press("s")
        assert line(it, "Person 000001") == "*VS- ---"


async def test_a_time_from_now_counts_from_the_answer_and_not_from_when_the_grid_was_read(few: str) -> None:
    give(few, 1, 1)
    async with grid(few) as it:
        model = it.page.pane.model
        (held,) = model.listing.window.pages
        held.page = replace(held.page, now=held.page.now - timedelta(days=1))
        await it.press("e", "x")
        await it.wait_for("Expires (now never)")
        await it.type("12h")
        await it.press("enter")
        await it.wait_for("1 staged")
        (change,) = model.staged.review().changes
        assert change.wanted.expires_at > datetime.now(UTC) + timedelta(hours=11)


async def test_a_column_is_not_staged_before_anybody_is_listed(few: str) -> None:
    async with grid(few) as it:
        await it.press("vertical_line")
        it.page.pane.model.listing = None
        await it.press("v")
        await settled(it)
        assert it.app.crash_file is None
        assert it.app.return_code is None
