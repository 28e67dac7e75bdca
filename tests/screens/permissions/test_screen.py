"""Section 2 driven by keys on a real database: what the grid shows, lists and reads as one scrolls."""

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
    open_grid,
    query,
    row_text,
    wait_until_loaded,
)
from tests.support.acme import GLOBEX
from tests.support.database.people import directory_database, fill_log, give_everybody, integration, person
from tests.support.terminal import console_driver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

MANY = 1_000


@pytest.fixture
def few_people(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=6, integrations=4) as conninfo:
        yield conninfo


@pytest.fixture(scope="module")
def many_people(postgres: TestServer) -> Iterator[str]:
    """A thousand people who all have access; only read by the tests that use it."""
    with directory_database(postgres, people=MANY, integrations=8) as conninfo:
        with psycopg.connect(conninfo) as connection:
            give_everybody(connection)
        yield conninfo


async def test_rights_expiry_limits_and_use_are_told_by_letters_signs_and_bars(few_people: str) -> None:
    now = datetime.now(UTC)
    give(few_people, 1, 1, can_send=True, can_configure=True)
    give(few_people, 1, 2, expires_at=now - timedelta(days=1))
    give(few_people, 1, 3, expires_at=now + timedelta(days=3))
    give(few_people, 1, 4, expires_at=now + timedelta(days=20))
    give(few_people, 2, 1, can_send=True, daily_limit=4, monthly_limit=1_000)
    with psycopg.connect(few_people) as connection:
        fill_log(connection, rows=6, people=1)
        logged = "update integration_audit_logs set user_id = %s, created_at = now(), action = 'call_made'"
        connection.execute("alter table integration_audit_logs disable trigger user")
        connection.execute(f"{logged} where action in ('call_made', 'connection_tested')".encode(), [person(2)])
        connection.execute("alter table integration_audit_logs enable trigger user")
    async with grid(few_people) as console:
        assert row_text(console, "Person 000001") == "VSC V--▲ V--✗ V--◌"
        assert row_text(console, "Person 000002").startswith("VS- d■■■m■□□ --- ---")
        assert row_text(console, "Person 000003") == "--- --- --- ---"
        await console.press("right", "right")
        assert detail_text(console, "Expires").startswith("expired ")
        await console.press("down", "left", "left")
        assert detail_text(console, "Sent") == "6 of 4 ■■■■■■■■■■ today   6 of 1,000 ■□□□□□□□□□ this month"
        assert "Not enforced by any program seen" in console.text


async def test_a_disabled_integration_and_people_who_are_not_active_are_marked_and_named(few_people: str) -> None:
    query(few_people, "update integration_credentials set is_active = false where integration_type = 'zoho_mail'")
    query(few_people, "update public.users set is_active = false where full_name = 'Person 000002'")
    query(few_people, "update public.users set organization_id = %s where full_name = 'Person 000003'", GLOBEX)
    give(few_people, 3, 1)
    give(few_people, 99, 1)
    async with grid(few_people) as console:
        assert "○ disabled" in console.text
        assert "○ Person 000002" in console.text
        assert "→ Person 000003" in console.text
        assert f"✗ {person(99)}"[:18] in console.text
        await console.press("down")
        assert "(inactive)" in detail_text(console, "Person")
        await console.press("G", "G")
        standings = set()
        for _ in range(2):
            standings.add(detail_text(console, "Person").rpartition("(")[2])
            await console.press("up")
        assert standings == {"of another organisation)", "not in the directory)"}


async def test_the_filter_is_asked_of_the_server_as_it_is_typed_and_finds_names_mails_and_ids(few_people: str) -> None:
    async with grid(few_people) as console:
        for text, number in (("003", 3), ("n4@", 4), (str(person(5))[:8], 5)):
            await console.press("slash")
            await console.type(text)
            await console.wait_for("1 of 1")
            assert f"Person {number:06}" in console.text
            await console.press("escape")
            await console.wait_for("of 6")
        await console.press("slash")
        await console.type("nobody")
        await console.wait_for("Nobody matches")
        assert "esc  clear the filter" in console.text
        await console.press("enter", "escape")
        await console.wait_for("Person 000001")


async def test_w_shows_who_has_access_whose_ends_soon_and_who_has_left(few_people: str) -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    give(few_people, 2, 1)
    give(few_people, 3, 1, expires_at=soon)
    give(few_people, 77, 2)
    async with grid(few_people) as console:
        await console.press("w")
        await console.wait_for("of 3")
        assert "With access" in console.text
        await console.press("w")
        await console.wait_for("1 of 1")
        assert "Person 000003" in console.text
        await console.press("w")
        await console.wait_for("Not in directory")
        assert str(person(77))[:12] in console.text
        query(few_people, "delete from user_integration_permissions")
        await console.press("r")
        await console.wait_for("Nobody listed has left the directory.")
        await console.press("w")
        await console.wait_for("of 6")


async def test_the_order_follows_name_mail_and_newest_grant(few_people: str) -> None:
    give(few_people, 4, 1)
    async with grid(few_people) as console:
        await console.press("S")
        await console.wait_for("by e-mail")
        await console.press("S")
        await console.wait_for("by newest grant")
        await wait_until_loaded(console)
        assert console.text.index("Person 000004") < console.text.index("Person 000001")


async def test_pages_are_read_as_one_goes_and_far_ones_forgotten(many_people: str) -> None:
    async with grid(many_people, size=(80, 60), until=f"1 of {MANY:,}") as console:
        for index in range(1, 13):
            await console.press("pagedown")
            await wait_until_loaded(console)
            row = 1 + index * (grid_of(console).height_of_rows - 1)
            assert f"Person {row:06}" in console.text
            assert f"{row:,} of {MANY:,}" in console.text
        model = console.page.query_one("PermissionPane").model  # type: ignore[attr-defined]
        assert sum(len(loaded.page.people) for loaded in model.listing.window.pages) < MANY / 2
        await console.press("home")
        await console.wait_for("Person 000001")


async def test_the_last_person_is_reached_at_once_and_from_there_the_ones_before(many_people: str) -> None:
    async with grid(many_people, until=f"1 of {MANY:,}") as console:
        await console.press("G")
        await console.wait_for(f"{MANY:,} of {MANY:,}")
        assert f"Person {MANY:06}" in console.text
        await console.press(*["pageup"] * 9)
        await wait_until_loaded(console)
        row = MANY - 9 * (grid_of(console).height_of_rows - 1)
        await console.wait_for(f"{row:,} of {MANY:,}")
        assert f"Person {row:06}" in console.text
        await console.press("r")
        await wait_until_loaded(console)
        assert f"{row:,} of {MANY:,}" in console.text
        assert f"Person {row:06}" in console.text


async def test_a_burst_of_pages_ends_on_the_right_person_without_a_hole(many_people: str) -> None:
    async with grid(many_people, until=f"1 of {MANY:,}") as console:
        step = grid_of(console).height_of_rows - 1
        await console.press(*["pagedown"] * 16)
        await wait_until_loaded(console)
        assert f"Person {1 + 16 * step:06}" in console.text
        assert "···" not in console.text


async def test_columns_that_do_not_fit_are_reached_with_the_names_standing_still(many_people: str) -> None:
    async with grid(many_people, size=(60, 20), until=f"1 of {MANY:,}") as console:
        assert "1-5 of 8>" in console.text
        await console.press(*["right"] * 7)
        assert "<4-8 of 8" in console.text
        assert "Person 000001" in console.text
        await console.press(*["h"] * 7)
        assert "1-5 of 8>" in console.text


async def test_an_organisation_without_integrations_says_so(postgres: TestServer) -> None:
    with directory_database(postgres, people=1, integrations=0) as conninfo:
        async with grid(conninfo, until="No integration is set up here") as console:
            assert "1  set one up" in console.text


async def test_without_a_directory_a_person_is_added_by_id_and_name(keyed_database: str) -> None:
    from tests.support.database.people import add_integrations

    with psycopg.connect(keyed_database) as connection:
        add_integrations(connection, 1)
    async with console_driver.run_headless(console_driver.new_app(keyed_database)) as console:
        await open_grid(console, "There is no directory of people here")
        await console.press("a")
        await console.wait_for("Id of the person")
        await console.type("no id")
        await console.press("enter")
        await console.wait_for("That is no id.")
        await console.press("a")
        await console.type(str(person(7)))
        await console.press("enter")
        await console.wait_for("Name that people know them by")
        await console.type("Asha")
        await console.press("enter")
        await console.wait_for("1 of 1")
        await console.press("s")
        assert row_text(console, "Asha") == "*VS-" or "*VS-" in console.text


async def test_a_person_of_the_directory_is_not_added_here(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("a")
        await console.wait_for("People come from this database's directory")


async def test_effective_access_says_what_can_be_done_and_why_not(few_people: str) -> None:
    give(few_people, 1, 1, can_send=True, daily_limit=0)
    give(few_people, 1, 2, expires_at=datetime.now(UTC) - timedelta(days=1))
    query(few_people, "update integration_credentials set is_active = false where id = %s", integration(3))
    give(few_people, 1, 3, can_send=True)
    async with grid(few_people) as console:
        await console.press("enter")
        await console.wait_for("Can do now")
        await console.wait_for("daily limit reached")
        for reason in ("expired", "integration disabled", "no permission"):
            assert reason in console.text
        assert "configure  ✗ no: may not configure" in console.text
        await console.press("L")
        await console.wait_for("Secrets to rotate (0)")
        assert "Access to revoke (3)" in console.text
        await console.press("escape", "escape")
        await console.wait_for("A review")
        await console.press("i")
        await console.wait_for("of 1 holders can use it now")
        assert "Person 000001" in console.text
