"""Which definitions of integration types may open stored credentials: of a person's own those that are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.rows import class_row

from tui.errors import NotRecorded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tui.data.postgres.database import Connection, Database
    from tui.providers.declared.definition import Definition

DIGITS_SHOWN = 16
"""Of a SHA-256 in a sentence; `switchboard types record` shows all 64."""

RECORDED = """
select r.name, encode(r.sha256, 'hex') as sha256, r.recorded_at, r.recorded_by
  from switchboard.recorded_types as r order by r.name
"""
RECORD = "select switchboard.record_type(%(name)s::text, decode(%(sha256)s::text, 'hex'::text)::bytea)"
WITHDRAW = "select switchboard.withdraw_type(%(name)s::text) as was_there"


class RecordedDefinition(NamedTuple):
    """The SHA-256 (hex) of the one definition of a type that was looked at, when, and by which login."""

    name: str
    sha256: str
    recorded_at: datetime
    recorded_by: str


async def read_recorded(database: Database) -> dict[str, RecordedDefinition]:
    """Return what is recorded, by the name of the type. Raises what Database.read raises."""
    listed = await database.fetch_all(RECORDED, row_factory=class_row(RecordedDefinition))
    return {recorded.name: recorded for recorded in listed}


async def record_definition(database: Database, definition: Definition) -> None:
    """Let a definition open stored credentials, in the place of the one before; the log says so.

    Raises PermissionDenied for whoever is no administrator of everything, and what Database.write raises.
    """
    await database.execute(RECORD, {"name": definition.name, "sha256": definition.sha256})


async def withdraw_definition(database: Database, name: str) -> bool:
    """End what record_definition began; False where nothing is recorded of the type. Raises as it does."""

    async def unit(connection: Connection) -> bool:
        row = await (await connection.execute(WITHDRAW, {"name": name})).fetchone()
        return bool((row or {})["was_there"])

    return await database.write(unit)


def why_closed_to(definition: Definition | None, recorded: Mapping[str, RecordedDefinition]) -> NotRecorded | None:
    """Return why a definition may open no stored credential, None where it may: it is built in, shipped or root's."""
    if definition is None or definition.origin != "user":
        return None
    known = recorded.get(definition.name)
    if known is not None and known.sha256 == definition.sha256:
        return None
    name, digest = definition.name, f"SHA-256 {definition.sha256[:DIGITS_SHOWN]}..."
    if known is None:
        sentence = f"The definition of {name} in this folder is not recorded in the database"
    else:
        sentence = f"The definition of {name} in this folder is another than the one recorded in the database"
        digest += f"; recorded is {known.sha256[:DIGITS_SHOWN]}..."
    return NotRecorded(
        f"{sentence}, so stored credentials are not opened for it.",
        f"An administrator looks at it and records it: `switchboard types record {name}` ({digest}).",
    )


async def require_recorded(database: Database, definition: Definition) -> None:
    """Raise NotRecorded where a definition may open no stored credential; nothing is asked of one that always may."""
    if definition.origin != "user":
        return
    refusal = why_closed_to(definition, await read_recorded(database))
    if refusal is not None:
        raise refusal
