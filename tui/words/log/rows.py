"""How rows of the audit log and an export of them read: who it was, a summary of the details, and the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.words.counts import counted, plural
from tui.words.people.names import Origin, author
from tui.words.text import ascii_json, safe_text
from tui.words.times import ago, duration, in_zone, to_the_microsecond, to_the_second

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.audit.counts import Count
    from tui.data.audit.export.run import ExportResult, Progress
    from tui.models.log import AuditRow
    from tui.models.people import Person

SUMMARY_WIDTH = 200
VALUE_WIDTH = 60
# Who it was has columns of its own; which row, and what it held before and after, has no room in a line.
NOT_IN_A_LINE = {
    *("operator", "operator_from", "claimed", "operation_id", "session_user", "role", "client_address", "xid"),
    *("source", "table", "user_from", "row", "before", "after"),
}


def who(row: AuditRow, people: Mapping[UUID, Person]) -> str:
    """Return who it was, as `author` does; not yet safe for a terminal."""
    return author(row.user_id, people, row.evidence.get("operator"), Origin.of_details(row.evidence))


def other_claim(details: Mapping[str, Any]) -> str:
    """Return what was claimed in place of what a row says of who it was, as safe text; "" where nothing was."""
    claim = details.get("claimed")
    if not isinstance(claim, dict) or not claim:
        return ""
    if "operator_from" in claim:
        return "the program said that this name is proven, and it is not"
    named = [safe_text(claim[name], VALUE_WIDTH) for name in ("operator", "user_id") if claim.get(name)]
    return f"the client said it was {', '.join(named)}" if named else ""


def address(row: AuditRow) -> str:
    """Return where it came from, or ""; an IPv4 address also where it is stored as IPv6 has it."""
    return (row.ip_address or "").removeprefix("::ffff:")


def clock(row: AuditRow, zone: tzinfo) -> str:
    """Return the time to the second in the zone; one that Python cannot hold there as Postgres writes it."""
    if row.created_at is not None and in_zone(row.created_at, zone) is not None:
        return to_the_second(row.created_at, zone)
    date, _, era = (row.created_at_text or "").partition(" ")
    return f"{date} BC" if era.endswith("BC") else row.created_at_text or "without a time"


def clock_in_full(row: AuditRow, zone: tzinfo, now: datetime) -> str:
    """Return the time to the microsecond, marked with the zone, and how long ago that is."""
    if row.created_at is None or in_zone(row.created_at, zone) is None:
        return row.created_at_text or "without a time"
    return f"{to_the_microsecond(row.created_at, zone)}, {ago(row.created_at, now)}"


def summary(details: object) -> str:
    """Return what fits a line of the details, as safe text."""
    if details is None:
        return ""
    if not isinstance(details, dict):
        return ascii_json(details)[:SUMMARY_WIDTH]
    parts = (
        f"{safe_text(name, VALUE_WIDTH)}: {safe_text(short(value), VALUE_WIDTH)}"
        for name, value in details.items()
        if name not in NOT_IN_A_LINE
    )
    return "; ".join(parts)[:SUMMARY_WIDTH]


def short(value: Any) -> str:
    """Return a value of the details as text: a text as it is, a list of texts with commas, the rest as JSON."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return value if isinstance(value, str) else ascii_json(value)


def exported_words(exported: ExportResult, file: str | None) -> str:
    """Return what was exported as what, and to which file; None is standard output, where there is no manifest."""
    altered = ", altered so that no field is a formula" if exported.manifest["altered"] else ""
    where = "" if file is None else f"{',' * bool(altered)} to {file}; the manifest is beside it"
    before = exported.manifest["archived_before"]
    archived = f" Of months before {before[:7]} nothing: they are archived." if before else ""
    return f"Exported {counted(exported.rows, 'row')} as {exported.manifest['format']}{altered}{where}.{archived}"


def progress_line(progress: Progress) -> str:
    """Return the rows so far, of how many, how many in a second, and the time left where that can be said."""
    seconds = progress.seconds
    if not progress.rows:
        return f"waiting for the first row, {duration(seconds)} ..."
    rate = progress.rows / seconds if seconds > 0 else 0.0
    expected = progress.expected
    has_total = expected.rows is not None and expected.kind in ("exact", "about") and expected.rows >= progress.rows
    of = f" of {expected.text}" if has_total else ""
    time_left = ""
    if has_total and rate > 0:
        time_left = f", about {duration(((expected.rows or 0) - progress.rows) / rate)} left"
    return f"{counted(progress.rows, 'row')}{of}, {rate:,.0f} a second{time_left} ..."


def count_words(count: Count) -> str:
    """Return "1 row", "> 10,000 rows", or that it would take too long to say."""
    if count.rows is None:
        return "too many rows to count quickly"
    return f"{count.text} {plural(count.rows, 'row')}"
