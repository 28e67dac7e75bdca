"""How a phone number reads: its row in the list, its detail, what a filter finds in it, and a row of a sync's plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.numbers.listing import digits_of
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.text_lines import TextLine
from tui.words.numbers.description import (
    abilities,
    assignee_in_full,
    assignee_name,
    organization_of,
    shown_number,
    shown_text,
    state,
)
from tui.words.numbers.health import NOT_KNOWN, call_flow, calls, health_facts, number_warnings
from tui.words.numbers.sync_plan import planned_rows
from tui.words.people.scope import NOT_IN_DIRECTORY
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.data.numbers.sync_plan import SyncPlan
    from tui.models.numbers import PhoneNumber
    from tui.widgets.frame import Tone
    from tui.widgets.glyphs import Glyphs

NUMBER = Column("Number", 17)
NAME = Column("Name", 10, grows=True, drops=1)
ASSIGNED = Column("Assigned to", 20)
REST = (Column("Type", 9, drops=2), Column("Can", 8), Column("State", 9))
HEALTH = (Column("Calls", 9, drops=3), Column("Call flow", 9, drops=4))
COLUMNS = (NUMBER, NAME, ASSIGNED, *REST, *HEALTH)
EVERYWHERE = (
    *(NUMBER, Column("Organisation", 9, grows=True), ASSIGNED, REST[0], Column("Can", 8, drops=1), REST[2]),
    *HEALTH,
)
"""The columns while every organisation is searched."""

SYNC_COLUMNS = (Column("Sync", 7), NUMBER, Column("Name", 12), Column("What", 20, grows=True))

SORTS = ("number", "name", "assigned to", "state")
SIGNS = "+-()/. \u2010\u2011\u2012\u2013\u2212"
SYNC_TONES: dict[str, Tone] = {"new": "good", "changed": "warning", "gone": "bad"}
VIEWS = ("all", "free", "assigned", "not active")


def is_in_view(number: PhoneNumber, view: str) -> bool:
    """Whether a number belongs to one of VIEWS."""
    if view == "free":
        return number.is_active and number.assigned_to_user_id is None
    if view == "assigned":
        return number.assigned_to_user_id is not None
    return not number.is_active if view == "not active" else True


def matches(number: PhoneNumber, filter_text: str) -> bool:
    """Whether every word of a filter is said of the number: its name, its assignee, its type, what it can do.

    Words of digits and signs count together, as one notation or a part of one.
    """
    description = " ".join(
        (
            number.display_name or "",
            assignee_in_full(number) if number.assigned_to_user_id else "free pool",
            number.number_type or "",
            number.integration_type or "",
            abilities(number),
            state(number) or "active",
        )
    ).casefold()
    words = filter_text.casefold().split()
    figures = [word for word in words if is_figures(word)]
    digits = digits_of("".join(figures)).lstrip("0")
    notations = digits_of(number.phone_number), digits_of(number.e164 or "")
    return (not digits or any(digits in notation for notation in notations)) and all(
        word in description for word in words if word not in figures
    )


def is_figures(text: str) -> bool:
    """Whether a text is a notation of a number, or a part of one."""
    return bool(text.strip()) and all(sign.isdigit() or sign in SIGNS for sign in text)


def sort_key(order: str, number: PhoneNumber) -> tuple[object, ...]:
    """Return what to compare by; the primary number first among equals."""
    text = {"name": number.display_name or "\uffff", "assigned to": assignee_name(number)}.get(order, "")
    first = (not number.is_active, not number.is_primary) if order == "state" else ()
    return (*first, text.casefold(), number.e164 or number.phone_number)


def row_of(number: PhoneNumber, glyphs: Glyphs, *, everywhere: bool) -> Row:
    """Return the number as a row of the list, with its organisation in the place of its name where that is asked."""
    second = organization_of(number) if everywhere else safe_text(number.display_name or "", 60)
    assigned = Cell(assignee_name(number), "plain" if number.assigned_to_user_id else "quiet")
    return Row(
        str(number.id),
        (
            Cell(shown_number(number), "plain" if number.is_active else "quiet"),
            Cell(second),
            assigned,
            Cell(safe_text(number.number_type or "", 20)),
            Cell(abilities(number)),
            _state_cell(number, glyphs),
            _calls_cell(number, glyphs),
            _flow_cell(number, glyphs),
        ),
    )


def _state_cell(number: PhoneNumber, glyphs: Glyphs) -> Cell:
    if not number.is_active:
        return Cell(f"{glyphs.empty} {state(number)}", "quiet")
    found = number_warnings(number)
    if found:
        tone: Tone = "bad" if "outage" in found else "warning"
        return Cell(f"{glyphs.bad if tone == 'bad' else glyphs.warning} {state(number)}", tone)
    return Cell(f"{glyphs.good} {state(number)}", "good") if number.is_primary else Cell("")


def _calls_cell(number: PhoneNumber, glyphs: Glyphs) -> Cell:
    words = calls(number)
    if "outage" in number_warnings(number):
        return Cell(f"{glyphs.bad} {words}", "bad")
    return Cell(f"{glyphs.yes} {words}", "good") if words == "active" else Cell(words, "quiet")


def _flow_cell(number: PhoneNumber, glyphs: Glyphs) -> Cell:
    if "no flow" in number_warnings(number):
        return Cell(f"{glyphs.warning} {call_flow(number)}", "warning")
    return Cell(call_flow(number), "quiet" if call_flow(number) == NOT_KNOWN else "plain")


def detail(number: PhoneNumber, zone: tzinfo, unknown: str = NOT_IN_DIRECTORY) -> tuple[TextLine, ...]:
    """Return the lines below the list; `unknown` says where somebody is of whom only the id is known."""
    stored = shown_text(number.phone_number)
    as_e164 = number.e164 if number.e164 else "not a phone number"
    notation = f"{as_e164}, stored as {stored}" if stored != number.e164 else as_e164
    person = number.assignee
    if number.assigned_to_user_id is None:
        who = "nobody: it is free"
    elif person is None:
        who = f"{number.assigned_to_user_id}, who is {unknown}"
    else:
        who = f"{assignee_in_full(number)}{'' if person.is_active else ', who is no longer active'}"
    primary = ", the primary number of its organisation" if number.is_primary else ""
    source = safe_text(number.integration_type or "", 50) if number.integration_id else "added by hand"
    return (
        TextLine(shown_number(number)),
        TextLine(safe_text(number.display_name or "none", 80), label="Name        "),
        TextLine(notation, label="Number      "),
        TextLine(who, label="Assigned to "),
        TextLine(f"{safe_text(number.number_type or 'unknown', 20)}; can {abilities(number)}", label="Type        "),
        TextLine(f"{'active' if number.is_active else 'not active'}{primary}", label="State       "),
        *(
            TextLine(text, "warning" if is_warning else "plain", label.ljust(12))
            for label, text, is_warning in health_facts(number, zone)
        ),
        TextLine(f"{organization_of(number)}, {source or 'an integration you may not see'}", label="Belongs to  "),
        TextLine(to_the_minute(number.updated_at, zone), label="Changed     "),
    )


def plan_rows(plan: SyncPlan) -> list[Row]:
    """Return a row for everything that a sync would write: new, changed, gone."""
    return [
        Row(
            f"{row.sync} {row.number}",
            (
                Cell(row.sync, SYNC_TONES[row.sync]),
                Cell(row.number),
                Cell(safe_text(row.name, 60)),
                Cell(safe_text(row.what, 300)),
            ),
        )
        for row in planned_rows(plan)
    ]
