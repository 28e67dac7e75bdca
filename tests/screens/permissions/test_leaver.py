"""The leaver's report: one key reviews every revoke and number, another applies them, and u gives all of it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.screens.permissions.driver import give, grid, permissions, query, row_text, wait_until_loaded
from tests.support.acme import ACME
from tests.support.database.people import directory_database, integration, person
from tui.screens.permissions.leaver import LeaverScreen
from tui.screens.permissions.leaver_review import LeaverReviewScreen
from tui.screens.permissions.screen import PermissionsScreen

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver


async def wait_for_report(console: ConsoleDriver) -> None:
    await console.wait_for(lambda: isinstance(console.app.screen, LeaverScreen))
    await wait_until_loaded(console)


async def test_a_leaver_is_reviewed_applied_and_given_back_as_one(postgres: TestServer) -> None:
    with directory_database(postgres) as conninfo:
        give(conninfo, 1, 1)
        give(conninfo, 1, 2)
        give(conninfo, 2, 1)
        query(
            conninfo,
            "insert into organization_phone_numbers (organization_id, phone_number, assigned_to_user_id) "
            "values (%s, '+911141169368', %s)",
            ACME,
            person(1),
        )
        postgres.create_role("ann")
        query(
            conninfo,
            "select switchboard.map_login('ann', %s, 'admin', null, true, false, null, 'postgres')",
            person(1),
        )
        before = permissions(conninfo)
        async with grid(conninfo) as console:
            await console.press("L")
            await wait_for_report(console)
            await console.press("u")
            assert console.status == "Nothing to undo: nothing was revoked or returned since this report was opened."
            await console.press("A")
            await console.wait_for(lambda: isinstance(console.app.screen, LeaverReviewScreen))
            await wait_until_loaded(console)
            for shown in ("2 revokes, 1 number returned, 1 login removed", "Logins (1)", "Revokes (2)", "in the pool"):
                assert shown in console.text, shown
            await console.press("A")
            assert console.status == "Nothing is applied yet: press enter to apply all."
            assert permissions(conninfo) == before
            await console.press("enter")
            await wait_for_report(console)
            done = "2 revokes, 1 number returned to the pool, 1 login removed"
            assert console.status == f"Applied in one transaction: {done}. u gives back all but the logins."
            assert "Access to revoke (0)" in console.text
            assert {row[0] for row in permissions(conninfo)} == {person(2)}
            await console.press("A")
            assert console.status == "There is no permission to revoke, no number to return and no login to remove."
            await console.press("u")
            await console.wait_for(f"Undo it ({done})?")
            assert "The logins stay removed." in console.text
            await console.press("y")
            await console.wait_for("Undone in one transaction: 2 grants, 1 number given back.")
            assert permissions(conninfo) == before
            await console.press("A")
            await console.wait_for(lambda: isinstance(console.app.screen, LeaverReviewScreen))
            await wait_until_loaded(console)
            await console.press("enter")
            await wait_for_report(console)
            await console.press("escape")
            await console.wait_for(lambda: isinstance(console.app.screen, PermissionsScreen))
            await wait_until_loaded(console)
            # The grid that it was opened from is read again.
            assert row_text(console, "Person 000001") == "--- ---"
        async with grid(conninfo, SWITCHBOARD_READ_ONLY="1") as console:
            await console.press("L")
            await wait_for_report(console)
            assert "take all" not in console.text and "r refresh" in console.text
        assert (person(1), integration(1)) not in {row[:2] for row in permissions(conninfo)}
