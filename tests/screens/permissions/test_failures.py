"""The grid where something is in the way: what may not be read, who else changed something, and what a leaver knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import TABLE, detail_text, give, grid, grid_of, query, row_text, wait_until_loaded
from tests.support.acme import ACME
from tests.support.database.people import directory_database, fill, person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

TYPED = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details)
values (%s, %s, 'exotel_phone', 'credential_created', 'success', '{"source": "trigger", "fields": ["account_sid"]}')
"""
REVEALED = """
insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details)
values (%s, %s, 'exotel_phone', 'credential_revealed', 'success', '{"fields": ["api_token"]}')
"""


@pytest.fixture
def few_people(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=4, integrations=2) as conninfo:
        yield conninfo


def eve(postgres: TestServer, conninfo: str, *, without: str) -> str:
    """Connection URI of a role that reads everything but one table."""
    postgres.create_role("eve", "login bypassrls")
    with psycopg.connect(conninfo) as connection:
        for schema in ("public", "switchboard"):
            connection.execute(f"grant usage on schema {schema} to eve".encode())
            connection.execute(f"grant select on all tables in schema {schema} to eve".encode())
        connection.execute("grant execute on all functions in schema switchboard to eve")
        connection.execute(f"revoke select on {without} from eve".encode())
    return conninfo.replace("postgres@", "eve@")


async def test_permissions_that_may_not_be_read_are_said_in_the_grids_place_and_r_tries_again(
    postgres: TestServer, few_people: str
) -> None:
    async with grid(eve(postgres, few_people, without=TABLE), until="r  try again") as console:
        assert "Not allowed by the database" in console.text
        query(few_people, f"grant select on {TABLE} to eve")
        await console.press("r")
        await console.wait_for("Person 000001")
        query(few_people, f"revoke select on {TABLE} from eve")
        await console.press("slash")
        await console.type("2")
        await console.wait_for("r  try again")


async def test_a_log_that_may_not_be_read_leaves_use_unknown_and_the_leaver_report_refused(
    postgres: TestServer, few_people: str
) -> None:
    give(few_people, 1, 1, daily_limit=5)
    async with grid(eve(postgres, few_people, without="public.integration_audit_logs")) as console:
        assert detail_text(console, "Sent") == "not visible to your role"
        assert row_text(console, "Person 000001") == "V-- ---"
        await console.press("L")
        await console.wait_for("Not allowed by the database")
        await console.press("escape", "i")
        await console.wait_for("r  try again")


async def test_an_undo_is_refused_whole_where_somebody_changed_one_of_its_cells(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("s", "down", "s", "A")
        await console.wait_for("Before")
        await console.press("enter")
        await console.wait_for("Applied in one transaction: 2 grants.")
        query(few_people, f"update {TABLE} set daily_limit = 3 where user_id = %s", person(1))
        await console.press("u", "y")
        await console.wait_for("Not undone, and nothing was written: 1 cell has been changed by somebody else since.")
        await wait_until_loaded(console)
        assert row_text(console, "Person 000001") == "VS- d□□□□□□ ---"
    assert len(query(few_people, f"select * from {TABLE}")) == 2


async def test_people_who_come_and_go_meanwhile_are_there_and_gone_after_r(few_people: str) -> None:
    async with grid(few_people) as console:
        await console.press("down", "down")
        query(few_people, "delete from public.users where full_name = 'Person 000001'")
        query(few_people, "update public.users set full_name = 'Person 000000' where full_name = 'Person 000004'")
        await console.press("r")
        await console.wait_for("of 3")
        assert "Person 000001" not in console.text
        assert "Person 000000" in console.text
        assert detail_text(console, "Person").startswith("Person 000003")
        query(few_people, "delete from public.users")
        await console.press("r")
        await console.wait_for("Nobody is in the directory of this organisation.")
        with psycopg.connect(few_people) as connection:
            fill(connection, people=2, integrations=0)
        await console.press("r")
        await console.wait_for("1 of 2")
        assert grid_of(console).row == 0


async def test_the_leaver_report_lists_the_secrets_they_have_seen(few_people: str) -> None:
    give(few_people, 1, 1)
    query(few_people, REVEALED, ACME, person(1))
    query(few_people, REVEALED, ACME, None)
    query(few_people, TYPED, ACME, person(1))
    number = "insert into organization_phone_numbers (organization_id, phone_number, assigned_to_user_id)"
    query(few_people, f"{number} values (%s, '+918047180101', %s)", ACME, person(1))
    async with grid(few_people) as console:
        await console.press("L")
        await console.wait_for("Secrets to rotate (1)")
        assert "api_token: revealed, last " in console.text
        assert "+918047180101" in console.text
        assert console.shows("1 opening of secrets names nobody in the log; it may have been this person.")
