"""How an integration reads: its row in the list and its detail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.providers import title_of
from tui.providers.naming import integration_name, type_in_full
from tui.screens.integrations.checks import check_lines, month_cell
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.text_lines import TextLine
from tui.words.integrations.description import connection, count_of_use, facts
from tui.words.integrations.seen_checks import for_how_long, warnings
from tui.words.integrations.usage import with_usage
from tui.words.people.names import NAME_MOST
from tui.words.text import safe_text

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.usage import Usage
    from tui.models.integrations import Integration
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs

COLUMNS = (
    Column("Integration", 16, grows=True),
    Column("Type", 15, drops=1),
    Column("State", 12),
    Column("Connection", 19),
    Column("For", 4, drops=2),
    Column("People", 6, drops=3),
    Column("Numbers", 7, drops=4),
    Column("Last 30 days", 30, drops=5),
)
# As wide as what usually comes, so that few columns move then.
_BLANK_MONTH = Cell(" " * COLUMNS[-1].width)
SORTS = ("type", "state", "last verified", "last changed")
STATE_ORDER = {"unreadable": 0, "checking": 1, "active": 1, "disabled": 2, "not set up": 3}


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


def row_of(integration: Integration, glyphs: Glyphs, *, is_whole: bool = True) -> Row:
    """Return the integration as a row of the list; not `is_whole`, what depends on its checks stays blank.

    A yes that stands alone is read as "all is well".
    """
    sign, tone = state_sign(integration, glyphs)
    is_set_up, known = integration.id is not None, connection_cell(integration, glyphs)
    tone_of_name: Tone = "plain" if is_set_up else "quiet"
    cells = (
        Cell(integration_name(integration), tone_of_name),
        Cell(safe_text(title_of(integration.integration_type), NAME_MOST), tone_of_name),
        Cell(f"{sign} {integration.state}", tone),
        known if is_whole else known._replace(text=" " * cell_len(known.text)),
        Cell(for_how_long(integration) if is_whole else ""),
        Cell(count_of_use(integration, integration.people_with_access).rjust(5)),
        Cell(count_of_use(integration, integration.phone_numbers).rjust(5)),
        _BLANK_MONTH if is_set_up and not is_whole else month_cell(integration, glyphs),
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


def connection_cell(integration: Integration, glyphs: Glyphs) -> Cell:
    """Return what is known of the connection, in at most 19 cells where times allow."""
    words = connection(integration)
    if integration.state == "unreadable":
        return Cell(words, "bad")
    if integration.unknown_since is not None:
        # That nobody answered speaks neither for nor against the credential.
        return Cell(f"{glyphs.warning} {words}", "warning")
    if integration.id is None or not (integration.failing or integration.is_verified):
        return Cell(words, "quiet")
    if integration.failing:
        return Cell(f"{glyphs.bad} {words}", "bad")
    if integration.proven and not warnings(integration):
        return Cell(f"{glyphs.yes} {words}", "good")
    return Cell(f"{glyphs.warning} {words}", "warning")


def detail(
    integration: Integration, authors: Authors | None, usage: Usage | None, zone: tzinfo, glyphs: Glyphs
) -> tuple[TextLine, ...]:
    """Return the lines below the list: everything known of one integration, never a secret. None: not read yet."""
    title = type_in_full(integration.integration_type)
    if integration.id is None:
        return (TextLine(title), TextLine("Not set up in this organisation; enter sets it up.", "quiet"))
    if authors is None:
        return (TextLine(title), TextLine("What checks found is not read yet.", "quiet"))
    if integration.place:
        title += f", one of {integration.place[1]} rows of this type"
    checks = check_lines(integration, zone, glyphs)
    drawn = {line.label: line for line in checks}
    if warnings(integration):
        drawn["Connection"] = TextLine("", "warning")
    lines = with_usage(facts(integration, authors, zone, [(line.label, line.text) for line in checks]), usage, zone)
    return (
        TextLine(title),
        *(drawn.get(label, TextLine(""))._replace(text=text, label=label.ljust(12)) for label, text in lines),
    )
