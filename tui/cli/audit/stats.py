"""The command `audit stats`: what the rows of a filter add up to."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.cli.audit.filter import FilteredCommand, archive_option
from tui.cli.completion.candidates import words
from tui.cli.output import Column
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.archive.matching import matcher
from tui.data.archive.reading import ArchiveReader
from tui.data.audit.archived import archived_before
from tui.data.audit.stats import BY, USUAL, Statistics, statistics
from tui.data.directory import people_by_id
from tui.errors import InvalidInput
from tui.words.counts import counted
from tui.words.log.archived import archived_sentence
from tui.words.people.names import Origin, author_in_full
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.cli.output import Output
    from tui.data.audit.filter import AuditFilter
    from tui.models.people import Person
    from tui.session.session import Session

MOST_LINES = 31
CHOICES = ("hour", "day", "user", "action")
IN_TIME = ("hour", "day")
# What a table is called where a column has another name.
FIELDS = {"type": "integration_type", "user": "user_id"}


@command(cls=FilteredCommand, locked=True, needs=Requirements("any", organization=False))
@option(
    "--by",
    locked=True,
    metavar="|".join(CHOICES),
    shell_complete=words(*CHOICES),
    callback=lambda context, parameter, value: _one_of_choices(value),
    help="Count by this alone: all of it, hours of the day and days in their order, the others by their rows.",
)
@archive_option
async def stats(session: Session, out: Output, audit_filter: AuditFilter, by: str | None, archive: str | None) -> None:
    """Count the rows of a filter by action, status, type, user and day, or by one of them, or the hour of the day.

    Where a minute is not enough for all of them, the newest are counted, and the first line says back to when.
    """
    zone, counted_by = session.settings.timezone, (by,) if by else USUAL
    figures = Statistics()
    if archive is not None:
        with ArchiveReader(Path(archive)) as reader:
            figures = reader.count(matcher(audit_filter), zone)
        _write(out, figures, {}, zone, by)
        reader.require_sealed()
        return
    async for figures in statistics(session.database, audit_filter, zone, by=counted_by):
        if not figures.complete:
            out.progress(
                f"{counted(figures.rows, 'row')} counted, back to {to_the_minute(figures.counted_back_to, zone)}."
            )
    before = await archived_before(session.database, audit_filter)
    people = await people_by_id(
        session.database, [identifier for identifier in figures.by_user if identifier is not None]
    )
    _write(out, figures, people, zone, by, before)


def _write(
    out: Output,
    figures: Statistics,
    people: Mapping[UUID, Person],
    zone: tzinfo,
    by: str | None,
    before: datetime | None = None,
) -> None:
    counted_by = (by,) if by else USUAL
    if not out.as_table:
        record = _record(figures, zone, by, before)
        out.data(_counts(record) if out.form == "csv" else record)
        return
    if figures.complete:
        out.text(f"{counted(figures.rows, 'row')}, all of the filter.")
    else:
        since = to_the_minute(figures.counted_back_to, zone)
        out.text(f"The newest {figures.rows:,} rows, back to {since}; older ones were not counted (narrow the filter).")
    if before is not None:
        out.text(archived_sentence(before))
    names: dict[Any, str] = {user_id: _name(user_id, people, figures) for user_id in figures.by_user}
    names |= {hour: f"{hour:02}" for hour in figures.by_hour if hour is not None}
    for name in counted_by:
        title = f"{name.upper()} ({zone})" if name in IN_TIME else name.upper()
        ordered = _ordered(name, getattr(figures, BY[name][0]), newest_first=not by)
        _write_table(out, title, ordered, names, most=len(ordered) if by else MOST_LINES)


def _name(user_id: UUID | None, people: Mapping[UUID, Person], figures: Statistics) -> str:
    """Return who it was: proven where all the rows are, else as a claim, with how many are proven."""
    rows, proven = figures.by_user[user_id], figures.proven_by_user[user_id]
    if proven == rows:
        return author_in_full(user_id, people, Origin("login"))
    return author_in_full(user_id, people) + (f" ({proven:,} proven)" if proven else "")


def _one_of_choices(value: str | None) -> str | None:
    """Return what to count by, if anything. Raises InvalidInput for what is none of CHOICES."""
    name = value.lower() if value is not None else None
    if name is not None and name not in CHOICES:
        near = difflib.get_close_matches(name, CHOICES, n=1, cutoff=0.5)
        raise InvalidInput(
            "Rows cannot be counted by the value of --by.",
            f"Did you mean {near[0]}?" if near else f"Give one of {', '.join(CHOICES)}.",
        )
    return name


def _ordered(name: str, counter: Counter[Any], *, newest_first: bool) -> list[tuple[Any, int]]:
    """Return the counts, the largest first; those of times in their order, or the newest first."""
    in_time = name in IN_TIME
    ordered = sorted(counter.items(), key=lambda item: _key(item[0]), reverse=not in_time or newest_first)
    return ordered if in_time else sorted(ordered, key=lambda item: -item[1])


def _key(value: Any) -> str:
    return "" if value is None else f"{value:02}" if isinstance(value, int) else str(value)


def _write_table(out: Output, title: str, ordered: list[tuple[Any, int]], names: dict[Any, str], *, most: int) -> None:
    """Write one table, with what does not fit in it as its last line."""
    records = [{"what": names.get(value, value) or "none", "rows": rows} for value, rows in ordered[:most]]
    rest = ordered[most:]
    if rest:
        records.append({"what": f"({len(rest):,} more)", "rows": sum(rows for _, rows in rest)})
    if records:
        out.text("")
        columns: list[Column[dict[str, Any]]] = [
            Column(title, lambda record: record["what"], shrinks_to=20),
            Column("ROWS", lambda record: f"{record['rows']:,}", to_the_right=True),
        ]
        out.table(records, columns)


def _counts(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the counts of a record as one flat list."""
    named = [
        (name.removeprefix("by_"), entry) for name, value in record.items() if name.startswith("by_") for entry in value
    ]
    return [{"by": name, "value": entry[name], "rows": entry["rows"]} for name, entry in named]


def _record(figures: Statistics, zone: tzinfo, by: str | None, before: datetime | None) -> dict[str, Any]:
    lists = {}
    for name in (by,) if by else USUAL:
        counter: Counter[Any] = getattr(figures, BY[name][0])
        field = FIELDS.get(name, name)
        ordered = _ordered(name, counter, newest_first=False) if by else counter.most_common()
        lists[f"by_{field}"] = [
            {field: value, "rows": rows} | ({"proven": figures.proven_by_user[value]} if name == "user" else {})
            for value, rows in ordered
        ]
    return {
        "rows": figures.rows,
        "complete": figures.complete,
        "counted_back_to": figures.counted_back_to,
        "archived_before": before,
        "timezone": str(zone),
        **lists,
    }
