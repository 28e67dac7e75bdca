"""Rows that another program left behind, odd or changed meanwhile: nothing hides, crashes or is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.acme import ACME, PHONE, keyring, opened
from tests.support.commands import execute
from tests.support.database.log_rows import read_all, resolve_line
from tests.support.terminal.console_driver import add
from tui.data.audit.pages import AuditReader
from tui.data.directory import find_person, resolve_organization
from tui.data.integrations.credentials import CredentialConflict, Draft, load_credential, save_credential
from tui.data.integrations.listing import count_dependents, delete, list_integrations
from tui.data.keys.gate import check_gate, take_census
from tui.errors import DatabaseFailed, InvalidInput, NotFound

if TYPE_CHECKING:
    from tui.data.postgres.database import Connection


async def test_an_envelope_that_is_null_is_malformed_and_can_be_replaced(keyed_database: str) -> None:
    execute(keyed_database, "alter table integration_credentials alter credentials_encrypted drop not null")
    await add(keyed_database)
    execute(keyed_database, "update integration_credentials set credentials_encrypted = null")
    async with opened(keyed_database) as database:
        (untried,) = await list_integrations(database, None, ACME, [])
        assert untried.state == "checking"
        (integration,) = await list_integrations(database, keyring(), ACME, [])
        assert (integration.state, integration.unreadable) == ("unreadable", "malformed")
        assert [why for _, why in (await take_census(database, keyring())).unreadable] == ["malformed"]
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", PHONE, None), base, "auto")
        again = await load_credential(database, keyring(), ACME, "exotel_phone")
    assert again is not None
    assert again.credential == PHONE


async def test_a_row_without_an_organisation_is_counted_as_unreadable(keyed_database: str) -> None:
    await add(keyed_database)
    execute(keyed_database, "alter table integration_credentials alter organization_id drop not null")
    execute(keyed_database, "update integration_credentials set organization_id = null")
    async with opened(keyed_database) as database:
        assert [why for _, why in (await take_census(database, keyring())).unreadable] == ["altered"]


async def test_the_census_counts_more_rows_than_a_page_holds(keyed_database: str) -> None:
    await add(keyed_database, policy="legacy")
    execute(
        keyed_database,
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "select gen_random_uuid(), 'exotel_sms', credentials_encrypted "
        "from integration_credentials, generate_series(1, 1200)",
    )
    async with opened(keyed_database) as database:
        census = await take_census(database, keyring())
    assert census.by_format == {"legacy": 1201}
    assert sum(census.by_key.values()) == 1201


async def test_a_text_that_is_no_envelope_says_nothing_about_the_key(installed_database: str) -> None:
    execute(
        installed_database,
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "values (gen_random_uuid(), 'exotel_sms', 'no envelope')",
    )
    async with opened(installed_database) as database:
        assert (await check_gate(database, keyring())).state == "unused"


async def test_a_name_that_somebody_else_changed_meanwhile_is_a_conflict(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        execute(keyed_database, "update integration_credentials set display_name = 'by somebody else'")
        mine = Draft(ACME, "exotel_phone", {**PHONE, "caller_id": "08033755555"}, None)
        with pytest.raises(CredentialConflict):
            await save_credential(database, keyring(), mine, base, "auto")


async def test_a_success_of_ours_proves_nothing_once_the_envelope_changed(keyed_database: str) -> None:
    await add(keyed_database)
    tested = "select switchboard.log_act('connection_tested', %s, 'exotel_phone', 'success', '{}')"
    execute(keyed_database, tested, ACME)
    execute(keyed_database, "update integration_credentials set is_verified = true, last_verified_at = now()")
    async with opened(keyed_database) as database:
        assert [integration.proven for integration in await list_integrations(database, keyring(), ACME, [])] == [True]
        execute(
            keyed_database,
            "update integration_credentials set credentials_encrypted = credentials_encrypted || 'x', "
            "is_verified = true, last_verified_at = now()",
        )
        (changed,) = await list_integrations(database, keyring(), ACME, [])
    assert (changed.is_verified, changed.proven, changed.verified_by) == (True, False, None)


async def test_deleting_what_is_gone_says_so(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        (integration,) = await list_integrations(database, keyring(), ACME, [])
        expected = await count_dependents(database, integration)
        execute(keyed_database, "delete from integration_credentials")
        with pytest.raises(NotFound):
            await delete(database, integration, expected)


async def test_rows_without_a_time_come_last_and_are_reachable(keyed_database: str) -> None:
    log = "insert into integration_audit_logs (organization_id, integration_type, action, status, created_at) values "
    execute(
        keyed_database, log + "(%s, 'x', 'timeless', 'success', null), (%s, 'x', 'timed', 'success', now())", ACME, ACME
    )
    async with opened(keyed_database) as database:
        for line, limit, actions in (
            ("org:*", 5, ["timed", "timeless"]),
            (f"org:{ACME}", 5, ["timed", "timeless"]),
            (f"org:{ACME}", 1, ["timed"]),
            (f"org:{uuid4()}", 5, []),
        ):
            page = await read_all(AuditReader(database, await resolve_line(database, line)).older(None, limit))
            assert [row.action for row in page.rows] == actions


@pytest.mark.parametrize("resolve", [resolve_organization, find_person])
async def test_typed_text_that_is_not_unicode_is_refused(keyed_database: str, resolve: Any) -> None:
    async with opened(keyed_database) as database:
        with pytest.raises(InvalidInput):
            await resolve(database, "\udcff")


async def test_another_programs_trigger_that_quotes_the_row_is_not_repeated(keyed_database: str) -> None:
    await add(keyed_database)
    execute(
        keyed_database,
        "create function public.noisy() returns trigger language plpgsql as "
        "$$ begin raise exception 'refused row %', new; end $$",
    )
    execute(
        keyed_database,
        "create trigger noisy before update on integration_credentials for each row execute function public.noisy()",
    )

    async def unit(connection: Connection) -> None:
        await connection.execute("update public.integration_credentials set is_active = false")

    async with opened(keyed_database) as database:
        with pytest.raises(DatabaseFailed) as caught:
            await database.write(unit)
    assert "sb2." not in f"{caught.value} {caught.value.details}"


async def test_an_operator_in_public_is_never_used(keyed_database: str) -> None:
    """CVE-2018-1058: whoever may create in public could otherwise run code as whoever looks at an integration."""
    await add(keyed_database)
    execute(
        keyed_database,
        "create function public.trap(varchar, varchar) returns boolean language plpgsql as "
        "$$ begin raise exception 'trapped'; end $$",
    )
    execute(keyed_database, "create operator public.= (leftarg = varchar, rightarg = varchar, function = public.trap)")
    async with opened(keyed_database) as database:
        assert await load_credential(database, keyring(), ACME, "exotel_phone") is not None

        async def path(connection: Connection) -> str:
            row = await (await connection.execute("select current_setting('search_path') as path")).fetchone()
            return str(row["path"]) if row else ""

        assert await database.read(path) == await database.write(path) == "pg_catalog, pg_temp"
