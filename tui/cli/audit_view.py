"""How a row of the log is shown by a command: as a record, and as the cells of a line."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tui.text import ascii_json, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.data.models import LogRow, Person

PIPED_WIDTH = 200
VALUE_WIDTH = 60
# Who it was has columns of its own; which row, and what it held before and after, only JSON has room for.
ONLY_IN_JSON = {
    *("operator", "operation_id", "session_user", "role", "client_address", "xid"),
    *("source", "table", "user_from", "row", "before", "after"),
}


def record_of(row: LogRow) -> dict[str, Any]:
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
    person = people.get(record["user_id"])
    details = record["details"]
    label = details.get("operator") if isinstance(details, dict) else None
    return (person and (person.email or person.name)) or str(record["user_id"] or label or "")


def summary_of(record: Mapping[str, Any]) -> str:
    """Return what fits a line of the details."""
    details = record["details"]
    if details is None:
        return ""
    if not isinstance(details, dict):
        return ascii_json(details)[:PIPED_WIDTH]
    parts = (
        f"{name}: {safe_text(_short(value), VALUE_WIDTH)}"
        for name, value in details.items()
        if name not in ONLY_IN_JSON
    )
    return "; ".join(parts)[:PIPED_WIDTH]


def _short(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else ascii_json(value)
