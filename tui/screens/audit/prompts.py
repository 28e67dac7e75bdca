"""What the audit log's screen asks: which date to go to, and in what other rows are to be like one."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.data.audit.filter_times import WrongTime, parse_time_range
from tui.data.audit.quoting import quoted
from tui.data.directory import parse_uuid
from tui.widgets.prompt import Choice
from tui.words.text import safe_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.models.log import AuditRow
    from tui.widgets.prompt import Prompt

WORDS = {"u": "the person", "o": "the operation"}


async def ask_moment(prompt: Prompt, zone: tzinfo) -> datetime | None:
    """Ask until it is a date or a time; returns the last moment of what it names, None where it was left."""
    answer: str | None = ""
    question = f"Go to which date or time ({zone})? 2026-01-31, 10:30, yesterday, 2d, last month"
    while answer is not None:
        answer = await prompt.ask(question, answer)
        if not answer or not answer.strip():
            return None
        try:
            stretch = parse_time_range(answer, zone, datetime.now(UTC))
        except WrongTime as wrong:
            problem = safe_text(wrong.sentence, 120) or f"“{safe_text(answer, 40)}” is not a date or time."
            question = f"{problem} {wrong}"
        else:
            return max(stretch.start, stretch.end - timedelta(microseconds=1))
    return None


async def ask_likeness(prompt: Prompt, row: AuditRow) -> str | None:
    """Ask in what rows should be like one; returns that as words of the filter language, None where it was left."""
    terms = like_this(row)
    choices = tuple(Choice(key, WORDS.get(key, safe_text(term, 40))) for key, term in terms.items())
    chosen = await prompt.choose("Show only rows with the same", choices)
    return terms[chosen] if chosen is not None else None


def like_this(row: AuditRow) -> dict[str, str]:
    """Return by key the words of the filter language for what a row has."""
    terms = {
        "a": f"action:{quoted(row.action)}",
        "s": f"status:{quoted(row.status)}",
        "t": f"type:{quoted(row.integration_type)}",
        "u": f"user:{row.user_id}" if row.user_id else "user:none",
    }
    if row.ip_address:
        terms["i"] = f"ip:{row.ip_address}"
    operation = row.evidence.get("operation_id")
    if isinstance(operation, str) and operation:
        is_own = row.evidence.get("source") in ("trigger", "switchboard") and str(parse_uuid(operation)) == operation
        terms["o"] = f"operation:{operation}" if is_own else f"details.operation_id:{quoted(operation)}"
        if row.created_at is not None:
            # No index leads to details, so a stretch of time keeps it quick; no operation takes a day.
            with suppress(OverflowError):
                first, last = (row.created_at.astimezone(UTC) + timedelta(days=by) for by in (-1, 1))
                terms["o"] += f" since:{first:%Y-%m-%dT%H:%M:%SZ} until:{last:%Y-%m-%dT%H:%M:%SZ}"
    return terms
