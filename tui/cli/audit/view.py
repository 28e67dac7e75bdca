"""How a row of the audit log is shown by a command: as a record, and as the cells of a line."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.words.audit import summary, who

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


def time_of(record: Mapping[str, Any], zone: tzinfo) -> str:
    """Return when it was, in the zone: 2026-01-31 10:30:00."""
    moment = record["created_at"]
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else str(moment or "none")


def who_of(record: Mapping[str, Any], people: Mapping[UUID, Person]) -> str:
    """Return who it was: e-mail, name, id, or the name that the operator went by."""
    return who(record["user_id"], record["details"], people)


def summary_of(record: Mapping[str, Any]) -> str:
    """Return what fits a line of the details."""
    return summary(record["details"])
