"""Who created, changed and tested an integration, where its row names nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import ACME, ASHA, GLOBEX, opened
from tui.data.integrations.authors import Authors, authors_of
from tui.data.integrations.listing import list_integrations, set_active
from tui.data.integrations.role_privileges import RolePrivileges
from tui.data.log_act import log_act
from tui.process.identity import Operator

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database
    from tui.models.integrations import Integration

INSERT = """
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted, created_by)
values (%s, %s, 'x', %s)
"""
VERIFIED = "update public.integration_credentials set is_verified = true, last_verified_at = now()"


async def _only_integration(database: Database, organization_id: UUID = ACME) -> Integration:
    (integration,) = await list_integrations(database, None, organization_id, [])
    return integration


async def _authors(database: Database) -> Authors:
    integration = await _only_integration(database)
    assert integration.id
    return (await authors_of(database, [integration]))[integration.id]


async def test_an_operator_without_a_user_id_is_called_as_the_log_calls_them(installed_database: str) -> None:
    async def create(connection: Connection) -> None:
        await connection.execute(INSERT, (ACME, "exotel_sms", None))

    async def create_another(connection: Connection) -> None:
        await connection.execute(INSERT, (ACME, "zoho_mail", None))
        await connection.execute("delete from public.integration_credentials where integration_type = 'zoho_mail'")

    async def log_test(connection: Connection) -> None:
        await log_act(connection, "connection_tested", ACME, "exotel_sms")
        await connection.execute(VERIFIED)

    async with opened(installed_database) as database:
        for label, unit in (("ben@jump", create), ("eve@jump", create_another)):
            database.operator = Operator(None, label)
            await database.write(unit)
        assert await _authors(database) == Authors("~ben@jump", "~ben@jump", None)
        database.operator = Operator(None, "chitra@jump")
        await set_active(database, await _only_integration(database), active=False)
        assert await _authors(database) == Authors("~ben@jump", "~chitra@jump", None)
        database.operator = Operator(None, "dev@jump")
        await database.write(log_test)
        assert await _authors(database) == Authors("~ben@jump", "~dev@jump", "~dev@jump")
        integration = await _only_integration(database)
        assert await authors_of(database, [integration], rights=RolePrivileges(log=False)) == {
            integration.id: Authors()
        }


async def test_where_neither_row_nor_log_names_anybody_nobody_is_named(installed_database: str) -> None:
    async with opened(installed_database) as database:
        with psycopg.connect(installed_database) as connection:
            for organization_id, author in ((ACME, None), (GLOBEX, ASHA)):
                connection.execute(INSERT, (organization_id, "exotel_sms", author))
        ours, theirs = await _only_integration(database), await _only_integration(database, GLOBEX)
        authors = await authors_of(database, [ours, theirs])
        assert authors == {ours.id: Authors(), theirs.id: Authors(created=f"~{ASHA}")}
