"""How rows of the audit log and an export of them read: who it was, a summary of the details, and the progress."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.words.claims import claimed
from tui.words.text import ascii_json, safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tui.data.audit.counts import Count
    from tui.data.audit.export import Exported, Progress
    from tui.models import Person

SUMMARY_WIDTH = 200
VALUE_WIDTH = 60
# Who it was has columns of its own; which row, and what it held before and after, has no room in a line.
NOT_IN_A_LINE = {
    *("operator", "operation_id", "session_user", "role", "client_address", "xid"),
    *("source", "table", "user_from", "row", "before", "after"),
}


def who(user_id: UUID | None, details: object, people: Mapping[UUID, Person]) -> str:
    """Return who it was, marked as a claim: e-mail, name, id, or what the operator went by; not yet safe."""
    person = people.get(user_id) if user_id else None
    label = details.get("operator") if isinstance(details, dict) else None
    return claimed((person and (person.email or person.name)) or str(user_id or label or ""))


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
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return ", ".join(value)
    return value if isinstance(value, str) else ascii_json(value)


def exported_words(exported: Exported, file: str | None) -> str:
    """Return what was exported as what, and to which file; None is standard output, where there is no manifest."""
    altered = ", altered so that no field is a formula" if exported.manifest["altered"] else ""
    where = "" if file is None else f"{',' * bool(altered)} to {file}; the manifest is beside it"
    return f"Exported {rows_words(exported.rows)} as {exported.manifest['format']}{altered}{where}."


def progress_line(progress: Progress) -> str:
    """Return the rows so far, of how many, how many in a second, and the time left where that can be said."""
    seconds = progress.seconds
    if not progress.rows:
        return f"waiting for the first row, {_duration(seconds)} ..."
    rate = progress.rows / seconds if seconds > 0 else 0.0
    expected = progress.expected
    known = expected.rows is not None and expected.kind in ("exact", "about") and expected.rows >= progress.rows
    of = f" of {expected.text}" if known else ""
    left = ""
    if known and rate > 0:
        left = f", about {_duration(((expected.rows or 0) - progress.rows) / rate)} left"
    return f"{rows_words(progress.rows)}{of}, {rate:,.0f} a second{left} ..."


def count_words(count: Count) -> str:
    """Return "1 row", "> 10,000 rows", or that it would take too long to say."""
    if count.rows is None:
        return "too many rows to count quickly"
    return f"{count.text} row{'' if count.rows == 1 else 's'}"


def no_rows_words(text: str) -> str:
    """Return why a list is empty: its filter, or the audit log."""
    return "No row of the log is in this filter." if text else "The log of this organisation is empty."


def rows_words(number: int) -> str:
    """Return "1 row" or "2,612 rows"."""
    return f"{number:,} row{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
