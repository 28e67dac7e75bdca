"""The versions of an integration on the screen, and a delete that is undone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from textwrap import wrap
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ACME, PHONE, opened
from tests.support.commands import execute
from tests.support.terminal.console_driver import add, change, new_app, run_headless
from tui.data.integrations.deleted import RestorePlan, plan_restore
from tui.data.integrations.restore import restore
from tui.screens.audit.screen import AuditScreen
from tui.screens.integrations.screen import _what_a_restore_does
from tui.screens.integrations.versions import VersionsScreen, detail_of
from tui.words.integrations.versions import LIVE_AGAIN

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
        # While the first t reads the version, a second opens no test of its own.
        with psycopg.connect(keyed_database) as other:
            other.execute("lock table switchboard.credential_versions in access exclusive mode")
            await console.press("t", "t")
        await console.wait_for("1 of 1 verified")
        await console.press("escape")
        assert isinstance(console.page, VersionsScreen)
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
        # Deleted meanwhile, which is what is said of it.
        execute(keyed_database, "delete from integration_credentials")
        await console.press("enter")
        await console.wait_for("The integration exotel_phone was deleted meanwhile.")
        await console.wait_for("3 versions")
        await console.press("escape")
        await console.wait_for("2 rows: Exotel phone tested: works")
        await console.press("escape")
        await console.wait_for("enter set up")


async def test_what_reading_alone_allows_is_offered(keyed_database: str) -> None:
    await add(keyed_database)
    await change(keyed_database, {**PHONE, "caller_id": "08033755555"})
    async with run_headless(new_app(keyed_database, SWITCHBOARD_READ_ONLY="1")) as console:
        await console.wait_for("active")
        await console.press("V")
        await console.wait_for("t test it")
        assert "enter go back to it" not in console.text
        assert isinstance(console.page, VersionsScreen) and console.page._current is not None
        *_, content = detail_of(replace(console.page._current, problem="not visible"), UTC, check_proven=True)
        assert content.text == "not visible to your role"


async def test_u_brings_back_what_is_under_the_cursor_before_what_was_deleted_here(keyed_database: str) -> None:
    for kind in ("exotel_phone", "exotel_sms"):
        await add(keyed_database, kind)
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("● active")
        await console.press("d")
        await console.wait_for("type its name to delete it")
        await console.press("t")
        await console.type("exotel_phone")
        await console.press("enter")
        await console.wait_for("u brings it back.")
        # Somebody else brings it back, and deletes the other one.
        async with opened(keyed_database) as database:
            await restore(database, await plan_restore(database, ACME, "exotel_phone"))
        execute(keyed_database, "delete from integration_credentials where integration_type = 'exotel_sms'")
        await console.press("r")
        await console.wait_for("space disable")
        await console.press("u")
        await console.wait_for("No deleted integration")
        await console.press("escape", "u")
        await console.wait_for("Nothing was deleted here.")
        while console.page.current.integration_type != "exotel_sms":
            await console.press("down")
        console.page._deleted = console.page.current._replace(id=UUID(int=1))
        await console.press("u")
        await console.wait_for("Exotel SMS comes back with its id")


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
            await console.wait_for(
                lambda: "it came back with its id" in console.status and LIVE_AGAIN in console.status
            )
            assert before == execute(keyed_database, rows)


@pytest.mark.parametrize(("count", "shown"), [(6, 6), (7, 5), (40, 5)])
def test_what_does_not_come_back_is_listed_as_far_as_the_question_has_room(count: int, shown: int) -> None:
    losses = tuple(f"{'a number of another organisation, in the directory ' * 2}{number}." for number in range(count))
    plan = RestorePlan(1, UUID(int=1), ACME, "exotel_phone", 1, 1, losses, (), (), (), ())
    lines = _what_a_restore_does("Exotel phone", plan, 80).split("\n")
    assert sum(line.startswith("Not back: ") for line in lines) == shown
    assert (f"{count - shown} more do not come back" in lines[-1]) == (count > shown)
    assert sum(len(wrap(line, 80)) for line in lines) <= 14
