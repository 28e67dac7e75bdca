"""How a row of the audit log is shown by a command: as a record, and as the columns of a table."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.words.audit import address, clock, summary, who

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.models import AuditRow, Person

PIPED_WIDTH = 200


def record_of(row: AuditRow) -> dict[str, Any]:
    """Return the row under its columns' names; a time that Python cannot hold as Postgres writes it."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    text = values.pop("created_at_text")
    return values | {"created_at": row.created_at or text or None}


def columns(people: Mapping[UUID, Person], zone: tzinfo) -> tuple[Column[AuditRow], ...]:
    """Return the columns of a table of rows."""
    return (
        Column(f"TIME ({zone})", lambda row: clock(row, zone), usual=19),
        Column("WHO", lambda row: who(row, people), shrinks_to=9),
        Column("TYPE", lambda row: row.integration_type, shrinks_to=15),
        Column("ACTION", lambda row: row.action, shrinks_to=19),
        Column("STATUS", lambda row: row.status, usual=7),
        Column("ADDRESS", address, optional=True, usual=15),
        Column("DETAILS", lambda row: summary(row.details), shrinks_to=20, optional=True),
    )
