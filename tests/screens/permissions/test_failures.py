"""The grid where something is in the way: what may not be read, who else changed something, and what a leaver knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.screens.permissions.driver import TABLE, body, detail, give, grid, line, query, settled
from tests.support.people import directory_database, fill, person
from tests.support.sitting import ACME

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
def few(postgres: TestServer) -> Iterator[str]:
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
    postgres: TestServer, few: str
) -> None:
    async with grid(eve(postgres, few, without=TABLE), until="r  try again") as it:
        assert "Not allowed by the database" in it.text
        query(few, f"grant select on {TABLE} to eve")
        await it.press("r")
        await it.wait_for("Person 000001")
        query(few, f"revoke select on {TABLE} from eve")
        await it.press("slash")
        await it.type("2")
        await it.wait_for("r  try again")


async def test_a_log_that_may_not_be_read_leaves_use_unknown_and_the_leaver_report_refused(
    postgres: TestServer, few: str
) -> None:
    give(few, 1, 1, daily_limit=5)
    async with grid(eve(postgres, few, without="public.integration_audit_logs")) as it:
        assert detail(it, "Sent") == "not visible to your role"
        assert line(it, "Person 000001") == "V-- ---"
        await it.press("L")
        await it.wait_for("Not allowed by the database")
        await it.press("escape", "i")
        await it.wait_for("r  try again")


async def test_an_undo_is_refused_whole_where_somebody_changed_one_of_its_cells(few: str) -> None:
    async with grid(few) as it:
        await it.press("s", "down", "s", "A")
        await it.wait_for("Before")
        await it.press("enter")
        await it.wait_for("Applied in one transaction: 2 grants.")
        query(few, f"update {TABLE} set daily_limit = 3 where user_id = %s", person(1))
        await it.press("u", "y")
        await it.wait_for("Not undone, and nothing was written: 1 cell has been changed by somebody else since.")
        await settled(it)
        assert line(it, "Person 000001") == "VS- d□□□□□□ ---"
    assert len(query(few, f"select * from {TABLE}")) == 2


async def test_people_who_come_and_go_meanwhile_are_there_and_gone_after_r(few: str) -> None:
    async with grid(few) as it:
        await it.press("down", "down")
        query(few, "delete from public.users where full_name = 'Person 000001'")
        query(few, "update public.users set full_name = 'Person 000000' where full_name = 'Person 000004'")
        await it.press("r")
        await it.wait_for("of 3")
        assert "Person 000001" not in it.text
        assert "Person 000000" in it.text
        assert detail(it, "Person").startswith("Person 000003")
        query(few, "delete from public.users")
        await it.press("r")
        await it.wait_for("Nobody is in the directory of this organisation.")
        with psycopg.connect(few) as connection:
            fill(connection, people=2, integrations=0)
        await it.press("r")
        await it.wait_for("1 of 2")
        assert body(it).row == 0


async def test_the_leaver_report_lists_the_secrets_they_have_seen(few: str) -> None:
    give(few, 1, 1)
    query(few, REVEALED, ACME, person(1))
    query(few, REVEALED, ACME, None)
    query(few, TYPED, ACME, person(1))
    number = "insert into organization_phone_numbers (organization_id, phone_number, assigned_to_user_id)"
    query(few, f"{number} values (%s, '+918047180101', %s)", ACME, person(1))
    async with grid(few) as it:
        await it.press("L")
        await it.wait_for("Secrets to rotate (1)")
        assert "api_token: revealed, last " in it.text
        assert "+918047180101" in it.text
        assert it.shows("1 opening of secrets names nobody in the log; it may have been this person.")
