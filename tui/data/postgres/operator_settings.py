"""Who acts, told to the server at the beginning of each write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from tui.data.postgres.connect import Connection
    from tui.process.identity import Operator

SCHEMA_NUMBER = """pg_catalog.substring(
         pg_catalog.obj_description(pg_catalog.to_regnamespace('switchboard'), 'pg_namespace'),
         '^switchboard schema ([0-9]{1,9})$')::int"""
"""The number of the schema, from its comment; null without one."""

# Local to the transaction: behind a transaction pooler a session's settings are read by the next client.
OPERATOR_SETTINGS = f"""
select set_config('switchboard.operator_id', %(operator_id)s, true),
       set_config('switchboard.operator_label', %(operator_label)s, true),
       set_config('switchboard.source_address', %(source_address)s, true),
       set_config('switchboard.user_agent', %(user_agent)s, true),
       set_config('switchboard.operation_id', %(operation_id)s, true),
       set_config('switchboard.request_organization', %(request_organization)s, true),
       {SCHEMA_NUMBER} as schema_number
"""
NAME_OPERATOR = """
select pg_catalog.set_config('switchboard.operator_id', %(operator_id)s, true),
       pg_catalog.set_config('switchboard.request_organization', %(request_organization)s, true)
"""
NOBODY = UUID(int=0)


async def name_operator(connection: Connection, operator: Operator) -> None:
    """Say in the open transaction, which only reads, for whom it is. Raises psycopg.Error."""
    # While the operator is looked up, nobody in particular.
    values = {
        "operator_id": str(operator.user_id or NOBODY),
        "request_organization": str(operator.request_organization or ""),
    }
    await connection.execute(NAME_OPERATOR, values)


async def set_operator(connection: Connection, operator: Operator, operation_id: UUID) -> int:
    """Set who acts in the open transaction; return the number of the schema, 0 without one. Raises psycopg.Error."""
    values = {
        "operator_id": str(operator.user_id or ""),
        "operator_label": operator.label,
        "source_address": operator.source_address or "",
        "user_agent": operator.user_agent,
        "operation_id": str(operation_id),
        "request_organization": str(operator.request_organization or ""),
    }
    row = await (await connection.execute(OPERATOR_SETTINGS, values)).fetchone() or {}
    return row["schema_number"] or 0
