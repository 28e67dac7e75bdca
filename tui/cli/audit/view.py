"""How a row of the audit log is shown by a command: as a record, and as the columns of a table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.data.directory import people_by_id
from tui.providers import title_of
from tui.words.log.details import LogNames, people_in
from tui.words.log.rows import address, clock, who
from tui.words.log.sentences import sentence
from tui.words.people.names import operator_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.models.log import AuditRow
    from tui.session.session import Session

PIPED_WIDTH = 200


def record_of(row: AuditRow) -> dict[str, Any]:
    """Return the row under its columns' names; a time that Python cannot hold as Postgres writes it.

    `operator_from` says whether the login proves who it was; None where Switchboard did not write the row.
    """
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    text = values.pop("created_at_text")
    return values | {"created_at": row.created_at or text or None, "operator_from": operator_from(row.evidence)}


async def names_of(session: Session, rows: Sequence[AuditRow]) -> LogNames:
    """Look up what the people in rows are called. Raises what reading raises."""
    people = await people_by_id(session.database, {person for row in rows for person in people_in(row)})
    return LogNames(people, title_of, session.settings.timezone)


def columns(names: LogNames) -> tuple[Column[AuditRow], ...]:
    """Return the columns of a table of rows."""
    return (
        Column(f"TIME ({names.zone})", lambda row: clock(row, names.zone), usual=19),
        Column("WHO", lambda row: who(row, names.people), shrinks_to=9),
        Column("TYPE", lambda row: row.integration_type, shrinks_to=15, optional=True),
        Column("ACTION", lambda row: row.action, shrinks_to=19, optional=True),
        Column("STATUS", lambda row: row.status, usual=7),
        Column("ADDRESS", address, optional=True, usual=15),
        Column("SUMMARY", lambda row: sentence(row, names), shrinks_to=30),
    )
