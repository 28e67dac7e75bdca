"""Section 2 driven by keys on a real database: what the grid shows, lists and reads as one scrolls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import body, detail, give, grid, line, open_grid, query, settled
from tests.support.people import directory_database, fill_log, give_everybody, integration, person
from tests.support.sitting import GLOBEX
from tests.support.terminal.console_app import console, piloted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

MANY = 1_000


@pytest.fixture
def few(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def many(postgres: TestServer) -> Iterator[str]:
    """A thousand people who all have access; only read by the tests that use it."""
    with directory_database(postgres, people=MANY, integrations=8) as conninfo:
        with psycopg.connect(conninfo) as connection:
            give_everybody(connection)
        yield conninfo


async def test_rights_expiry_limits_and_use_are_told_by_letters_signs_and_bars(few: str) -> None:
    now = datetime.now(UTC)
    give(few, 1, 1, can_send=True, can_configure=True)
    give(few, 1, 2, expires_at=now - timedelta(days=1))
    give(few, 1, 3, expires_at=now + timedelta(days=3))
    give(few, 1, 4, expires_at=now + timedelta(days=20))
    give(few, 2, 1, can_send=True, daily_limit=4, monthly_limit=1_000)
    with psycopg.connect(few) as connection:
        fill_log(connection, rows=6, people=1)
        logged = "update integration_audit_logs set user_id = %s, created_at = now(), action = 'call_made'"
        connection.execute("alter table integration_audit_logs disable trigger user")
        connection.execute(f"{logged} where action in ('call_made', 'connection_tested')".encode(), [person(2)])
        connection.execute("alter table integration_audit_logs enable trigger user")
    async with grid(few) as it:
        assert line(it, "Person 000001") == "VSC V--▲ V--✗ V--◌"
        assert line(it, "Person 000002").startswith("VS- d■■■m■□□ --- ---")
        assert line(it, "Person 000003") == "--- --- --- ---"
        await it.press("right", "right")
        assert detail(it, "Expires").startswith("expired ")
        await it.press("down", "left", "left")
        assert detail(it, "Sent") == "6 of 4 ■■■■■■■■■■ today   6 of 1,000 ■□□□□□□□□□ this month"
        assert "Not enforced by any program seen" in it.text


async def test_a_disabled_integration_and_people_who_are_not_active_are_marked_and_named(few: str) -> None:
    query(few, "update integration_credentials set is_active = false where integration_type = 'zoho_mail'")
    query(few, "update public.users set is_active = false where full_name = 'Person 000002'")
    query(few, "update public.users set organization_id = %s where full_name = 'Person 000003'", GLOBEX)
    give(few, 3, 1)
    give(few, 99, 1)
    async with grid(few) as it:
        assert "○ disabled" in it.text
        assert "○ Person 000002" in it.text
        assert "→ Person 000003" in it.text
        assert f"✗ {person(99)}"[:18] in it.text
        await it.press("down")
        assert "(inactive)" in detail(it, "Person")
        await it.press("G", "G")
        said = set()
        for _ in range(2):
            said.add(detail(it, "Person").rpartition("(")[2])
            await it.press("up")
        assert said == {"of another organisation)", "not in the directory)"}


async def test_the_filter_is_asked_of_the_server_as_it_is_typed_and_finds_names_mails_and_ids(few: str) -> None:
    async with grid(few) as it:
        for text, found in (("003", 3), ("n4@", 4), (str(person(5))[:8], 5)):
            await it.press("slash")
            await it.type(text)
            await it.wait_for("1 of 1")
            assert f"Person {found:06}" in it.text
            await it.press("escape")
            await it.wait_for("of 6")
        await it.press("slash")
        await it.type("nobody")
        await it.wait_for("Nobody matches")
        assert "esc  clear the filter" in it.text
        await it.press("enter", "escape")
        await it.wait_for("Person 000001")


async def test_w_shows_who_has_access_whose_ends_soon_and_who_has_left(few: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    give(few, 2, 1)
    give(few, 3, 1, expires_at=soon)
    give(few, 77, 2)
    async with grid(few) as it:
        await it.press("w")
        await it.wait_for("of 3")
        assert "With access" in it.text
        await it.press("w")
        await it.wait_for("1 of 1")
        assert "Person 000003" in it.text
        await it.press("w")
        await it.wait_for("Not in directory")
        assert str(person(77))[:12] in it.text
        query(few, "delete from user_integration_permissions")
        await it.press("r")
        await it.wait_for("Nobody listed has left the directory.")
        await it.press("w")
        await it.wait_for("of 6")


async def test_the_order_follows_name_mail_and_newest_grant(few: str) -> None:
    give(few, 4, 1)
    async with grid(few) as it:
        await it.press("S")
        await it.wait_for("by e-mail")
        await it.press("S")
        await it.wait_for("by newest grant")
        await settled(it)
        assert it.text.index("Person 000004") < it.text.index("Person 000001")


async def test_pages_are_read_as_one_goes_and_far_ones_forgotten(many: str) -> None:
    async with grid(many, size=(80, 60), until=f"1 of {MANY:,}") as it:
        for index in range(1, 13):
            await it.press("pagedown")
            await settled(it)
            row = 1 + index * (body(it).height_of_rows - 1)
            assert f"Person {row:06}" in it.text
            assert f"{row:,} of {MANY:,}" in it.text
        model = it.page.query_one("PermissionPane").model  # type: ignore[attr-defined]
        assert sum(len(held.page.people) for held in model.listing.window.pages) < MANY / 2
        await it.press("home")
        await it.wait_for("Person 000001")


async def test_the_last_person_is_reached_at_once_and_from_there_the_ones_before(many: str) -> None:
    async with grid(many, until=f"1 of {MANY:,}") as it:
        await it.press("G")
        await it.wait_for(f"{MANY:,} of {MANY:,}")
        assert f"Person {MANY:06}" in it.text
        await it.press(*["pageup"] * 9)
        await settled(it)
        row = MANY - 9 * (body(it).height_of_rows - 1)
        await it.wait_for(f"{row:,} of {MANY:,}")
        assert f"Person {row:06}" in it.text
        await it.press("r")
        await settled(it)
        assert f"{row:,} of {MANY:,}" in it.text
        assert f"Person {row:06}" in it.text


async def test_a_burst_of_pages_ends_on_the_right_person_without_a_hole(many: str) -> None:
    async with grid(many, until=f"1 of {MANY:,}") as it:
        step = body(it).height_of_rows - 1
        await it.press(*["pagedown"] * 16)
        await settled(it)
        assert f"Person {1 + 16 * step:06}" in it.text
        assert "···" not in it.text


async def test_columns_that_do_not_fit_are_reached_with_the_names_standing_still(many: str) -> None:
    async with grid(many, size=(60, 20), until=f"1 of {MANY:,}") as it:
        assert "1-5 of 8>" in it.text
        await it.press(*["right"] * 7)
        assert "<4-8 of 8" in it.text
        assert "Person 000001" in it.text
        await it.press(*["h"] * 7)
        assert "1-5 of 8>" in it.text


async def test_an_organisation_without_integrations_says_so(postgres: TestServer) -> None:
    with directory_database(postgres, people=1, integrations=0) as conninfo:
        async with grid(conninfo, until="No integration is set up here") as it:
            assert "1  set one up" in it.text


async def test_without_a_directory_a_person_is_added_by_id_and_name(keyed_database: str) -> None:
    from tests.support.people import add_integrations

    with psycopg.connect(keyed_database) as connection:
        add_integrations(connection, 1)
    async with piloted(console(keyed_database)) as it:
        await open_grid(it, "There is no directory of people here")
        await it.press("a")
        await it.wait_for("Id of the person")
        await it.type("no id")
        await it.press("enter")
        await it.wait_for("That is no id.")
        await it.press("a")
        await it.type(str(person(7)))
        await it.press("enter")
        await it.wait_for("Name that people know them by")
        await it.type("Asha")
        await it.press("enter")
        await it.wait_for("1 of 1")
        await it.press("s")
        assert line(it, "Asha") == "*VS-" or "*VS-" in it.text


async def test_a_person_of_the_directory_is_not_added_here(few: str) -> None:
    async with grid(few) as it:
        await it.press("a")
        await it.wait_for("People come from this database's directory")


async def test_effective_access_says_what_can_be_done_and_why_not(few: str) -> None:
    give(few, 1, 1, can_send=True, daily_limit=0)
    give(few, 1, 2, expires_at=datetime.now(UTC) - timedelta(days=1))
    query(few, "update integration_credentials set is_active = false where id = %s", integration(3))
    give(few, 1, 3, can_send=True)
    async with grid(few) as it:
        await it.press("enter")
        await it.wait_for("Can do now")
        await it.wait_for("daily limit reached")
        for reason in ("expired", "integration disabled", "no permission"):
            assert reason in it.text
        assert "configure  ✗ no: may not configure" in it.text
        await it.press("L")
        await it.wait_for("Secrets to rotate (0)")
        assert "Access to revoke (3)" in it.text
        await it.press("escape", "escape")
        await it.wait_for("A review")
        await it.press("i")
        await it.wait_for("of 1 holders can use it now")
        assert "Person 000001" in it.text
