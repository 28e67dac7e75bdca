"""The versions of an integration on the screen, and a delete that is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.acme import PHONE
from tests.support.commands import execute
from tests.support.terminal.console_driver import add, change, new_app, run_headless
from tui.screens.audit.screen import AuditScreen
from tui.screens.integrations.versions import VersionsScreen

if TYPE_CHECKING:
    from tests.support.servers.exotel import ExotelServer


def stored_envelope(conninfo: str) -> str:
    ((envelope,),) = execute(conninfo, "select credentials_encrypted from integration_credentials")
    return str(envelope)


async def test_a_version_is_tested_and_put_back_from_the_history(keyed_database: str, exotel: ExotelServer) -> None:
    good = exotel.credential(virtual_number="01141169368")
    await add(keyed_database, credential=good)
    first = stored_envelope(keyed_database)
    await change(keyed_database, {**good, "api_token": "CANARY-of-a-token", "caller_id": "08033755555"})
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("H")
        await console.wait_for("V versions")
        assert isinstance(console.page, AuditScreen)
        await console.press("V")
        await console.wait_for("fingerprint")
        assert isinstance(console.page, VersionsScreen)
        await console.wait_for("Going back  changes api_token, caller_id")
        assert "CANARY" not in console.text

        # V opened it, and enter asks: neither goes back.
        await console.press("V")
        await console.wait_for("enter goes back to the version under the cursor, after asking.")
        await console.press("enter")
        await console.wait_for("caller_id is removed")
        await console.press("enter", "escape")
        assert stored_envelope(keyed_database) != first
        await console.press("t")
        await console.wait_for("1 of 1 verified")
        await console.press("escape")
        await console.wait_for("The provider accepts version")
        await console.press("enter")
        await console.wait_for("gets its earlier value")
        await console.press("y")
        await console.wait_for("verified: the provider accepted it a moment ago")
        await console.wait_for("that is what is stored")
        assert stored_envelope(keyed_database) == first
        ((verified,),) = execute(keyed_database, "select is_verified from integration_credentials")
        assert verified

        # Somebody else saves between the question and the answer: the newest version undoes the roll-back.
        await console.press("g", "enter")
        await console.wait_for("go back to it")
        await change(keyed_database, PHONE)
        now = stored_envelope(keyed_database)
        await console.press("y")
        await console.wait_for("Somebody else saved this integration meanwhile")
        assert stored_envelope(keyed_database) == now
        await console.press("escape")
        await console.wait_for("2 rows: Exotel phone tested: works")
        await console.press("escape")
        await console.wait_for("space disable")


async def test_u_after_a_delete_brings_it_back(keyed_database: str) -> None:
    await add(keyed_database)
    execute(
        keyed_database,
        "insert into organization_phone_numbers (organization_id, integration_id, phone_number) "
        "select organization_id, id, '+918040000000' from integration_credentials",
    )
    rows = "select c::text, n::text from integration_credentials c, organization_phone_numbers n"
    before = execute(keyed_database, rows)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("u")
        await console.wait_for("Nothing was deleted here.")
        for by_row in (False, True):
            await console.press("d")
            await console.wait_for("For 90 days it can be brought back with u.")
            await console.press("t")
            await console.type("exotel_phone")
            await console.press("enter")
            await console.wait_for("u brings it back.")
            if by_row:
                # As in a console that was started later: by the type under the cursor.
                console.page._deleted = None
            await console.press("u")
            await console.wait_for("comes back with its id, no permission and 1 phone number.")
            await console.press("u", "y")
            await console.wait_for("is restored: it came back with its id")
            assert before == execute(keyed_database, rows)
