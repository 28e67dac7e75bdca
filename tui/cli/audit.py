"""The commands `audit`: reading the log."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tui.cli.output import Column, Output
from tui.cli.parsing import Count, Group
from tui.text import ascii_json, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.cli.request import Options
    from tui.data.models import LogRow, Person
    from tui.session import Session

MOST_ROWS = 10_000
PIPED_WIDTH = 200
VALUE_WIDTH = 60
# Who it was has columns of its own; which row, and what it held before and after, only JSON has room for.
ONLY_IN_JSON = {
    *("operator", "operation_id", "session_user", "role", "client_address", "xid"),
    *("source", "table", "user_from", "row", "before", "after"),
}


@click.group("audit", cls=Group)
def audit() -> None:
    """Who did what, and when."""


@audit.command("list")
@click.option(
    "--limit",
    type=Count(MOST_ROWS),
    default=50,
    metavar="N",
    help=f"How many rows: 50, or 1 to {MOST_ROWS}.",
)
@click.pass_obj
def list_(options: Options, limit: int) -> int:
    """List the newest rows of the organisation's log, newest first.

    Of the details only a summary that fits the line is shown; --json has the whole of them.
    """
    from tui.cli.run import run

    return run(options, partial(_list, limit=limit))


async def _list(session: Session, out: Output, *, limit: int) -> None:
    from tui.cli.run import organization_of
    from tui.data.audit import newest
    from tui.data.directory import people_by_id

    rows = await newest(session.database, organization_of(session).id, limit)
    people = await people_by_id(session.database, [row.user_id for row in rows if row.user_id])
    zone = session.settings.timezone
    out.rows(
        [_record(row) for row in rows],
        [
            Column(f"TIME ({zone})", lambda row: _time(row, zone), usual=19),
            Column("WHO", lambda row: _who(row, people), shrinks_to=9),
            Column("TYPE", lambda row: row["integration_type"], shrinks_to=15),
            Column("ACTION", lambda row: row["action"], shrinks_to=19),
            Column("STATUS", lambda row: row["status"], usual=7),
            Column("ADDRESS", lambda row: row["ip_address"] or "", optional=True, usual=15),
            Column("DETAILS", _summary, shrinks_to=20, optional=True),
        ],
        piped_width=PIPED_WIDTH,
        empty="The log of this organisation is empty.",
    )


def _record(row: LogRow) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    text = values.pop("created_at_text")
    return values | {"created_at": row.created_at or text or None}


def _time(row: Mapping[str, Any], zone: tzinfo) -> str:
    moment = row["created_at"]
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if isinstance(moment, datetime) else str(moment or "none")


def _who(row: Mapping[str, Any], people: Mapping[UUID, Person]) -> str:
    person = people.get(row["user_id"])
    details = row["details"]
    label = details.get("operator") if isinstance(details, dict) else None
    return (person and (person.email or person.name)) or str(row["user_id"] or label or "")


def _summary(row: Mapping[str, Any]) -> str:
    details = row["details"]
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
