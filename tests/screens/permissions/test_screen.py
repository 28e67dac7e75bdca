"""Section 2 driven by keys on a real database: what the grid lists and reads, and what it says of what is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from tests.screens.permissions.driver import (
    TABLE,
    detail_text,
    give,
    grid,
    grid_of,
    open_grid,
    query,
    row_text,
    wait_until_loaded,
)
from tests.support.acme import ACME, GLOBEX
from tests.support.database.log_rows import locked_log
from tests.support.database.people import (
    add_integrations,
    directory_database,
    fill,
    fill_log,
    give_everybody,
    integration,
    person,
)
from tests.support.terminal.console_driver import new_app, run_headless
from tui.data.permissions.values import Access, Grant

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tests.support.terminal.console_driver import ConsoleDriver

MANY = 400
WAITING = "select query from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'integration_audit_logs'"
LOGGED = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details)
values (%s, %s, 'exotel_phone', %s, 'success', %s)
"""


async def test_the_grid_lists_people_in_every_view_and_what_they_can_do(postgres: TestServer) -> None:
    now = datetime.now(UTC)
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        give(conninfo, 1, 1, can_send=True, daily_limit=4, monthly_limit=1_000)
        give(conninfo, 1, 2, expires_at=now - timedelta(days=1))
        give(conninfo, 2, 1)
        give(conninfo, 3, 1, expires_at=now + timedelta(days=2))
        give(conninfo, 99, 2)
        with psycopg.connect(conninfo) as connection:
            fill_log(connection, rows=6, people=1)
            logged = "update integration_audit_logs set user_id = %s, created_at = now(), action = 'call_made'"
            connection.execute("alter table integration_audit_logs disable trigger user")
            connection.execute(f"{logged} where action in ('call_made', 'connection_tested')".encode(), [person(1)])
            connection.execute("alter table integration_audit_logs enable trigger user")
        query(conninfo, "update integration_credentials set is_active = false where integration_type = 'zoho_mail'")
        query(conninfo, "update public.users set is_active = false where full_name = 'Person 000002'")
        query(conninfo, "update public.users set organization_id = %s where full_name = 'Person 000003'", GLOBEX)
        async with grid(conninfo) as console:
            await what_is_read_is_drawn(console)
            await the_filter_is_asked_of_the_server_as_it_is_typed(console)
            await w_shows_who_has_access_whose_ends_soon_and_who_has_left(console, conninfo)
            give(conninfo, 4, 1)
            await the_order_follows_name_mail_and_newest_grant(console)
            await what_a_person_can_do_and_knows_is_reported(console, conninfo)
            await keys_act_on_whom_is_seen_while_the_list_is_read_again(console, conninfo)
            await what_was_applied_while_the_list_is_read_again_stays(console, conninfo)
            await people_who_come_and_go_meanwhile_are_there_and_gone_after_r(console, conninfo)


async def what_is_read_is_drawn(console: ConsoleDriver) -> None:
    await console.wait_for("d■■■m■□□")
    assert row_text(console, "Person 000001") == "VS- d■■■m■□□ --- V--✗ ---"
    assert detail_text(console, "Sent") == "6 of 4 ■■■■■■■■■■ today   6 of 1,000 ■□□□□□□□□□ this month"
    assert "It is not known whether any program checks these limits" in console.text
    assert "○ Zoho" in console.text and "Mail disabled" in console.text
    assert console.text.splitlines()[-1].split("  ")[-3:] == ["i who may", "L leaver", "? help"]
    for marked in ("○ Person 000002", "→ Person 000003", f"✗ {person(99)}"[:18]):
        assert marked in console.text
    await console.press("down")
    assert "(inactive)" in detail_text(console, "Person")
    await console.press("a")
    await console.wait_for("People come from this database's directory")


async def the_filter_is_asked_of_the_server_as_it_is_typed(console: ConsoleDriver) -> None:
    await console.press("slash")
    await console.type("n4@")
    await console.wait_for("1 of 1")
    assert "Person 000004" in console.text
    # The cursor goes to the integration that is named, which i then opens.
    await console.press("ctrl+u")
    await console.type("whatsapp")
    await console.wait_for(lambda: "Exotel WhatsApp" in detail_text(console, "Access"))
    # Also by what they may do: whoever holds send on an integration of that name, and nobody by it.
    await console.press("ctrl+u")
    await console.type("exotel can:send")
    await console.wait_for(lambda: "Person 000001" in console.text and "Person 000004" not in console.text)
    await console.press("ctrl+u")
    await console.type("nobody")
    await console.wait_for("Nobody matches")
    assert "esc  clear the filter" in console.text
    await console.press("enter", "escape")
    await console.wait_for("of 7")
    await console.press("left", "left", "left")


async def w_shows_who_has_access_whose_ends_soon_and_who_has_left(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("w")
    await console.wait_for("With access")
    await console.wait_for("of 4")
    await console.press("w")
    await console.wait_for("1 of 1")
    assert "Person 000003" in console.text
    await console.press("w")
    await console.wait_for("Not in directory")
    assert str(person(99))[:12] in console.text
    query(conninfo, "delete from user_integration_permissions where user_id <> %s", person(1))
    query(conninfo, "update public.users set is_active = true")
    await console.press("r")
    await console.wait_for("Everybody listed is in the directory.")
    await console.press("w")
    await console.wait_for("of 5")


async def the_order_follows_name_mail_and_newest_grant(console: ConsoleDriver) -> None:
    assert console.text.index("Person 000001") < console.text.index("Person 000004")
    await console.press("S")
    await console.wait_for("by e-mail")
    await console.press("S")
    await console.wait_for("by newest grant")
    await wait_until_loaded(console)
    assert console.text.index("Person 000004") < console.text.index("Person 000001")
    await console.press("S")
    await wait_until_loaded(console)
    await console.press("g")
    await console.wait_for("1 of 5")


async def what_a_person_can_do_and_knows_is_reported(console: ConsoleDriver, conninfo: str) -> None:
    query(conninfo, LOGGED, ACME, person(1), "credential_revealed", '{"fields": ["api_token"]}')
    query(conninfo, LOGGED, ACME, None, "credential_revealed", '{"fields": ["api_token"]}')
    query(conninfo, LOGGED, ACME, person(1), "credential_created", '{"source": "trigger", "fields": ["account_sid"]}')
    number = "insert into organization_phone_numbers (organization_id, phone_number, assigned_to_user_id)"
    query(conninfo, f"{number} values (%s, '+918047180101', %s)", ACME, person(1))
    query(conninfo, "update integration_credentials set is_active = false where id = %s", integration(3))
    give(conninfo, 1, 3, can_send=True)
    await console.press("enter")
    await console.wait_for("Can do now")
    await console.wait_for("daily limit reached")
    for reason in ("expired", "integration disabled", "no permission"):
        assert reason in console.text
    assert "configure  ✗ no: may not configure" in console.text
    await console.press("L")
    await console.wait_for("Secrets to rotate (1)")
    assert "Access to revoke (3)" in console.text
    assert "api_token: revealed, last " in console.text
    assert "+918047180101" in console.text
    assert console.shows("1 opening of secrets names nobody in the log; it may have been this person.")
    await console.press("escape", "escape")
    await console.wait_for("A review")
    await console.press("i")
    await console.wait_for("of 2 holders can use it now")
    assert "Person 000001" in console.text
    await console.press("escape")
    await console.wait_for("A review")


async def keys_act_on_whom_is_seen_while_the_list_is_read_again(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("g")
    first = detail_text(console, "Person")
    come = "insert into public.users values (%s, 'p0@acme.example', 'Person 000000', %s)"
    query(conninfo, come, person(0), ACME)
    # What was sent is read last, when everybody is there.
    with locked_log(conninfo):
        assert console.page.read_behind()
        await console.wait_for(lambda: query(conninfo, WAITING))
        await console.press("j")
        second = detail_text(console, "Person")
        await console.press("right", "c")
    await console.wait_for("Person 000000")
    assert first != second == detail_text(console, "Person")
    assert row_text(console, second.partition(" <")[0]).split()[1].startswith("*")
    with locked_log(conninfo):
        await console.press("r")
        await console.wait_for("Loading permissions")
        await console.press("v")
        await console.wait_for("The list is being read, so the key did nothing")
    await console.wait_for("Person 000000")
    assert "1 staged" in console.text
    await console.press("u")
    await console.press("g", "V", "j")
    query(conninfo, "delete from public.users where id = %s", person(0))
    assert console.page.read_behind()
    await console.wait_for("The list has changed, so the selection was ended.")
    assert "Person 000000" not in console.text


async def what_was_applied_while_the_list_is_read_again_stays(console: ConsoleDriver, conninfo: str) -> None:
    key = (person(6), integration(3))
    with locked_log(conninfo) as other:
        assert console.page.read_behind()
        await console.wait_for(lambda: query(conninfo, WAITING))
        other.execute(f"insert into {TABLE} (user_id, integration_id, can_view) values (%s, %s, true)", key)
        console.page.pane.model.update_grants({key: Grant(uuid4(), *key, Access(("view",)))})
    await wait_until_loaded(console)
    assert row_text(console, "Person 000006") == "--- V-- --- ---"


async def people_who_come_and_go_meanwhile_are_there_and_gone_after_r(console: ConsoleDriver, conninfo: str) -> None:
    await wait_until_loaded(console)
    await console.press("g", "down", "down")
    assert detail_text(console, "Person").startswith("Person 000004")
    query(conninfo, "delete from public.users where full_name = 'Person 000001'")
    query(conninfo, "delete from user_integration_permissions")
    query(conninfo, "update public.users set full_name = 'Person 000000' where full_name = 'Person 000005'")
    await console.press("r")
    await console.wait_for("of 4")
    assert "Person 000001" not in console.text
    assert "Person 000000" in console.text
    assert detail_text(console, "Person").startswith("Person 000004")
    query(conninfo, "delete from public.users")
    await console.press("r")
    await console.wait_for("Nobody is in the directory of this organisation.")
    with psycopg.connect(conninfo) as connection:
        fill(connection, people=2, integrations=0)
    await console.press("r")
    await console.wait_for("1 of 2")
    assert grid_of(console).row == 0


async def test_pages_are_read_as_one_goes_without_a_hole_and_far_ones_forgotten(postgres: TestServer) -> None:
    with directory_database(postgres, people=MANY, integrations=8) as conninfo:
        with psycopg.connect(conninfo) as connection:
            give_everybody(connection)
        async with grid(conninfo, size=(60, 40), until=f"1 of {MANY:,}") as console:
            step = grid_of(console).height_of_rows - 1
            await columns_that_do_not_fit_are_reached_with_the_names_standing_still(console)
            # One after the other, then in a burst.
            for keys in (1, 1, 6):
                row = 1 + grid_of(console).row + keys * step
                await console.press(*["pagedown"] * keys)
                await wait_until_loaded(console)
                assert f"Person {row:06}" in console.text
                assert f"{row:,} of {MANY:,}" in console.text
                assert "···" not in console.text
            model = console.page.query_one("PermissionPane").model  # type: ignore[attr-defined]
            assert sum(len(loaded.page.people) for loaded in model.listing.window.pages) < MANY
            assert model.listing.window.pages[0].start > 0
            await console.press("home")
            await console.wait_for("Person 000001")
            await the_last_person_is_reached_at_once_and_from_there_the_ones_before(console, step)


async def columns_that_do_not_fit_are_reached_with_the_names_standing_still(console: ConsoleDriver) -> None:
    assert "1-5 of 8>" in console.text
    await console.press(*["right"] * 7)
    assert "<4-8 of 8" in console.text
    assert "Person 000001" in console.text
    await console.press(*["h"] * 7)
    assert "1-5 of 8>" in console.text


async def the_last_person_is_reached_at_once_and_from_there_the_ones_before(console: ConsoleDriver, step: int) -> None:
    await console.press("G")
    await console.wait_for(f"{MANY:,} of {MANY:,}")
    assert f"Person {MANY:06}" in console.text
    await console.press(*["pageup"] * 5)
    await wait_until_loaded(console)
    row = MANY - 5 * step
    for _ in range(2):
        await console.wait_for(f"{row:,} of {MANY:,}")
        assert f"Person {row:06}" in console.text
        await console.press("r")
        await wait_until_loaded(console)


async def test_without_integrations_or_a_directory_the_next_step_is_said_and_a_person_added_by_id_and_name(
    keyed_database: str,
) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await open_grid(console, "No integration is set up here")
        assert "1  set one up" in console.text
        with psycopg.connect(keyed_database) as connection:
            add_integrations(connection, 1)
        await console.press("r")
        await console.wait_for("There is no directory of people here")
        await console.press("a")
        await console.wait_for("Id of the person")
        await console.type("no id")
        await console.press("enter")
        await console.wait_for("That is not an id.")
        await console.press("a")
        await console.type(str(person(7)))
        await console.press("enter")
        await console.wait_for("Name of the person")
        await console.type("Asha")
        await console.press("enter")
        await console.wait_for("1 of 1")
        await console.press("s")
        assert "*VS-" in console.text
