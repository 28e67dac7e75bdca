"""How an integration reads: its row in the list and its detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.providers import title_of
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.text_lines import TextLine
from tui.words.text import safe_text
from tui.words.times import ago, shown

if TYPE_CHECKING:
    from datetime import tzinfo
    from uuid import UUID

    from tui.data.integrations.authors import Authors
    from tui.models import Integration
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs

COLUMNS = (
    Column("Integration", 16, grows=True),
    Column("State", 12),
    Column("Connection", 19),
    Column("Format", 6, drops=2),
    Column("People", 6),
    Column("Numbers", 7, drops=1),
)
SORTS = ("type", "state", "last verified", "last changed")
STATE_ORDER = {"unreadable": 0, "checking": 1, "active": 1, "disabled": 2, "not set up": 3}
NOT_VISIBLE = "not visible to your role"
UNKNOWN = "somebody unknown"


def key_of(integration: Integration) -> str:
    """Return the key of its row: the type, or the row's id where a type has several."""
    return str(integration.id) if integration.place else integration.integration_type


def matches(integration: Integration, text: str) -> bool:
    """Whether a filter stands in the integration's title, type, name or state, in any case."""
    searched = (
        title_of(integration.integration_type),
        integration.integration_type,
        integration.display_name or "",
        integration.state,
    )
    return text.casefold() in " ".join(searched).casefold()


def sort_key(order: str, integration: Integration) -> tuple[object, ...]:
    """Return what to compare by; newest first for times, and what needs somebody first for states."""
    if order == "state":
        return (STATE_ORDER[integration.state],)
    moment = {"last verified": integration.last_verified_at, "last changed": integration.updated_at}.get(order)
    return (0, -moment.timestamp()) if moment else (1, 0.0)


def row_of(integration: Integration, glyphs: Glyphs) -> Row:
    """Return the integration as a row of the list."""
    sign, tone = state_sign(integration, glyphs)
    words, connection_tone = connection_words(integration, glyphs)
    title = safe_text(integration.display_name or title_of(integration.integration_type), 60)
    if integration.place:
        # Before the name, where a narrow column does not cut it.
        title = "{}/{} {}".format(*integration.place, title)
    cells = (
        Cell(title, "quiet" if integration.id is None else "plain"),
        Cell(f"{sign} {integration.state}", tone),
        Cell(words, connection_tone),
        Cell(integration.envelope_format or ""),
        Cell(_count(integration.id, integration.people_with_access)),
        Cell(_count(integration.id, integration.phone_numbers)),
    )
    return Row(key_of(integration), cells)


def state_sign(integration: Integration, glyphs: Glyphs) -> tuple[str, Tone]:
    """Return the glyph and the tone of the state."""
    signs: dict[str, tuple[str, Tone]] = {
        "active": (glyphs.good, "good"),
        "disabled": (glyphs.empty, "quiet"),
        "unreadable": (glyphs.bad, "bad"),
        "checking": (glyphs.busy, "quiet"),
        "not set up": (" ", "quiet"),
    }
    return signs[integration.state]


def connection_words(integration: Integration, glyphs: Glyphs) -> tuple[str, Tone]:
    """Return what is known of the connection, in at most 19 cells where times allow."""
    if integration.id is None:
        return "", "quiet"
    if integration.failing:
        return f"{glyphs.bad} failed {ago(integration.tested_at)}", "bad"
    if not integration.is_verified:
        return "not tested", "quiet"
    if not integration.proven:
        return f"{glyphs.warning} unproven", "warning"
    return f"{glyphs.yes} {ago(integration.last_verified_at)}", "good"


def detail(integration: Integration, authors: Authors, zone: tzinfo) -> tuple[TextLine, ...]:
    """Return the lines below the list: everything known of one integration, never a secret."""
    title = f"{title_of(integration.integration_type)} ({safe_text(integration.integration_type, 50)})"
    if integration.id is None:
        return (TextLine(title), TextLine("Not set up in this organisation; enter sets it up.", "quiet"))
    if integration.place:
        title += f", one of {integration.place[1]} rows of this type"
    created = f"{shown(integration.created_at, zone)} by {_who(authors.created)}"
    changed = f"{shown(integration.updated_at, zone)} by {_who(authors.changed)}"
    return (
        TextLine(title),
        TextLine(f"{integration.state}{_why(integration)}", label="State       "),
        TextLine(_connection(integration, authors, zone), label="Connection  "),
        TextLine(_envelope(integration), label="Envelope    "),
        TextLine(_used(integration), label="Used by     "),
        TextLine(created, label="Created     "),
        TextLine(changed, label="Changed     "),
    )


def _who(name: str | None) -> str:
    return safe_text(name, 60) if name else UNKNOWN


def _envelope(integration: Integration) -> str:
    return NOT_VISIBLE if integration.unreadable == "not visible" else integration.envelope_format or "neither format"


def _why(integration: Integration) -> str:
    reasons = {
        "other key": ": written with another master key",
        "altered": ": the envelope was altered or moved from another row",
        "malformed": ": the text is no envelope",
        "ambiguous": ": it opens under two of the configured keys",
        "no key": ": no master key is configured",
        "not tried": " whether its credential can be read",
    }
    return reasons.get(integration.unreadable or "", "")


def _connection(integration: Integration, authors: Authors, zone: tzinfo) -> str:
    if integration.failing:
        return f"the last test failed, {shown(integration.tested_at, zone)}"
    if not integration.is_verified:
        return "not tested since it last changed"
    when = shown(integration.last_verified_at, zone)
    if not integration.proven:
        return f"verified {when} by another program, unproven"
    return f"verified {when} by {_who(authors.tested)}"


def _used(integration: Integration) -> str:
    people = _counted(integration.people_with_access, "nobody has access", "1 person has access", "people have access")
    numbers = _counted(integration.phone_numbers, "no number", "1 number", "numbers")
    return f"{people}; {numbers}"


def _counted(count: int | None, none: str, one: str, many: str) -> str:
    if count is None:
        return NOT_VISIBLE
    return (none, one)[count] if count < 2 else f"{count} {many}"


def _count(row_id: UUID | None, number: int | None) -> str:
    if row_id is None:
        return ""
    return "?" if number is None else f"{number:>5}"
