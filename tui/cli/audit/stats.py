"""The command `audit stats`: what the rows of a filter add up to."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from tui.cli.audit import audit
from tui.cli.audit.filter import FILTERED, LANGUAGE, filter_argument, run_on_filter
from tui.cli.output import Column
from tui.cli.requirements import Requirements
from tui.words.counts import counted
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections import Counter
    from datetime import tzinfo

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.stats import Statistics
    from tui.session.session import Session

MOST_LINES = 31
PROGRESS_EVERY_S = 2.0


@audit.command(
    "stats", locked=True, needs=Requirements("any", organization=False), context_settings=FILTERED, epilog=LANGUAGE
)
@filter_argument
@click.pass_obj
def stats(options: Options, words: tuple[str, ...]) -> int:
    """Count the rows of a filter by action, status, type, user and day.

    Where there are more than can be counted in a minute it is the newest that are, and it says back to when.
    """
    return run_on_filter(options, words, _stats)


async def _stats(session: Session, out: Output, audit_filter: AuditFilter) -> None:
    from tui.data.audit.stats import Statistics, statistics
    from tui.data.directory import people_by_id
    from tui.words.people import author

    zone = session.settings.timezone
    figures = Statistics()
    reported_at = time.monotonic()
    async for figures in statistics(session.database, audit_filter, zone):
        if not figures.complete and time.monotonic() - reported_at > PROGRESS_EVERY_S:
            reported_at = time.monotonic()
            out.say(f"{counted(figures.rows, 'row')} counted, back to {to_the_minute(figures.counted_back_to, zone)}.")
    people = await people_by_id(
        session.database, [identifier for identifier in figures.by_user if identifier is not None]
    )
    if out.as_json:
        out.data(_record(figures, zone))
        return
    if figures.complete:
        out.text(f"{counted(figures.rows, 'row')}, all of the filter.")
    else:
        since = to_the_minute(figures.counted_back_to, zone)
        out.text(f"The newest {figures.rows:,} rows, back to {since}; older ones were not counted (narrow the filter).")
    _section(out, "ACTION", figures.by_action)
    _section(out, "STATUS", figures.by_status)
    _section(out, "TYPE", figures.by_type)
    _section(out, "USER", figures.by_user, {user_id: author(user_id, people) for user_id in figures.by_user})
    _section(out, f"DAY ({zone})", figures.by_day, newest_first=True)


def _section(
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


def _record(counted: Statistics, zone: tzinfo) -> dict[str, Any]:
    tables: dict[str, Counter[Any]] = {
        "action": counted.by_action,
        "status": counted.by_status,
        "integration_type": counted.by_type,
        "user_id": counted.by_user,
        "day": counted.by_day,
    }
    lists = {
        f"by_{name}": [{name: value, "rows": rows} for value, rows in counter.most_common()]
        for name, counter in tables.items()
    }
    return {
        "rows": counted.rows,
        "complete": counted.complete,
        "counted_back_to": counted.counted_back_to,
        "timezone": str(zone),
        **lists,
    }
