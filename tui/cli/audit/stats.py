"""The command `audit stats`: what the rows of a filter add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.audit.filter import FilteredCommand
from tui.cli.output import Column
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.audit.stats import Statistics, statistics
from tui.data.directory import people_by_id
from tui.words.counts import counted
from tui.words.people import author_in_full
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections import Counter
    from datetime import tzinfo

    from tui.cli.output import Output
    from tui.data.audit.filter import AuditFilter
    from tui.session.session import Session

MOST_LINES = 31


@command(cls=FilteredCommand, locked=True, needs=Requirements("any", organization=False))
async def stats(session: Session, out: Output, audit_filter: AuditFilter) -> None:
    """Count the rows of a filter by action, status, type, user and day.

    Where a minute is not enough for all of them, the newest are counted, and the first line says back to when.
    """
    zone = session.settings.timezone
    figures = Statistics()
    async for figures in statistics(session.database, audit_filter, zone):
        if not figures.complete:
            out.progress(
                f"{counted(figures.rows, 'row')} counted, back to {to_the_minute(figures.counted_back_to, zone)}."
            )
    people = await people_by_id(
        session.database, [identifier for identifier in figures.by_user if identifier is not None]
    )
    if not out.as_table:
        record = _record(figures, zone)
        out.data(_counts(record) if out.form == "csv" else record)
        return
    if figures.complete:
        out.text(f"{counted(figures.rows, 'row')}, all of the filter.")
    else:
        since = to_the_minute(figures.counted_back_to, zone)
        out.text(f"The newest {figures.rows:,} rows, back to {since}; older ones were not counted (narrow the filter).")
    _write_table(out, "ACTION", figures.by_action)
    _write_table(out, "STATUS", figures.by_status)
    _write_table(out, "TYPE", figures.by_type)
    _write_table(
        out, "USER", figures.by_user, {user_id: author_in_full(user_id, people) for user_id in figures.by_user}
    )
    _write_table(out, f"DAY ({zone})", figures.by_day, newest_first=True)


def _write_table(
    out: Output, title: str, counter: Counter[Any], names: dict[Any, str] | None = None, *, newest_first: bool = False
) -> None:
    """Write one table, the largest first or the newest, with what does not fit in it as its last line."""
    ordered = sorted(counter.items(), key=lambda item: str(item[0] or ""), reverse=True)
    if not newest_first:
        ordered.sort(key=lambda item: -item[1])
    records = [
        {"what": (names or {}).get(value, value) or "none", "rows": rows} for value, rows in ordered[:MOST_LINES]
    ]
    rest = ordered[MOST_LINES:]
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


def _record(figures: Statistics, zone: tzinfo) -> dict[str, Any]:
    tables: dict[str, Counter[Any]] = {
        "action": figures.by_action,
        "status": figures.by_status,
        "integration_type": figures.by_type,
        "user_id": figures.by_user,
        "day": figures.by_day,
    }
    lists = {
        f"by_{name}": [{name: value, "rows": rows} for value, rows in counter.most_common()]
        for name, counter in tables.items()
    }
    return {
        "rows": figures.rows,
        "complete": figures.complete,
        "counted_back_to": figures.counted_back_to,
        "timezone": str(zone),
        **lists,
    }
