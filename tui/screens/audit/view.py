"""How a row of the audit log reads: its line in the list, the details below the list, and what it says was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.data.log_act import NO_ORGANIZATION
from tui.providers import title_of
from tui.screens.audit.state import READING, Reading
from tui.widgets.row_list import GAP, Cell, Column, Row
from tui.widgets.text_lines import TextLine
from tui.words.log.details import LogNames
from tui.words.log.rows import address, clock, other_claim, short, summary, who
from tui.words.log.sentences import sentence
from tui.words.people.names import Origin, person_in_full
from tui.words.people.organizations import WITHOUT_ORGANIZATION, organization_name
from tui.words.people.scope import NOT_IN_DIRECTORY
from tui.words.text import safe_text, spelled
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo
    from uuid import UUID

    from tui.models.log import AuditRow
    from tui.models.people import Person
    from tui.screens.audit.window import AuditWindow, ListLine
    from tui.widgets.frame import Tone

TONES: dict[str, Tone] = {"failed": "bad", "pending": "warning"}
FOLDED, UNFOLDED, WITHIN, MATCH = "+", "-", "|", "*"
NOT_AS_SEALED = "!"
VALUE_WIDTH = 60
MOST_CHANGES = 200
# What changes with every change, and says the least about it.
UPKEEP = ("id", "organization_id", "created_at", "created_by", "updated_at", "updated_by", "granted_at", "granted_by")
# Below the list there is one line for each: nobody waits there for a megabyte to be spelled.
CUT_AT = 400
LABEL = 9
NARROW = 72
TIME, MOST_OF_NAME, LONGEST_SENTENCE, ORGANIZATION = 21, 20, 75, 16
LEAST_BESIDE_ORGANIZATION = 40
MOST_BESIDE = TIME + MOST_OF_NAME + LONGEST_SENTENCE + 2 * GAP
"""Columns of the list beside the details, as long as these have room."""


class Names:
    """What ids are called: people as far as they were looked up, and every organisation."""

    def __init__(self) -> None:
        self.people: dict[UUID, Person] = {}
        self.organizations: dict[UUID, str] = {}
        self.unknown = NOT_IN_DIRECTORY
        """Where the others are."""
        self.longest = 0
        """Cells of the longest name on the list so far, as `who` has it."""

    def who(self, row: AuditRow) -> str:
        """Return who it was in few words, marked where that is not proven."""
        return safe_text(who(row, self.people), VALUE_WIDTH)

    def sentence(self, row: AuditRow, zone: tzinfo) -> str:
        """Return what the row says happened."""
        return sentence(row, LogNames(self.people, title_of, zone))

    def organization(self, organization_id: UUID) -> str:
        """Return the name of an organisation, else its id."""
        if organization_id == NO_ORGANIZATION:
            return WITHOUT_ORGANIZATION
        return safe_text(organization_name(organization_id, self.organizations.get(organization_id)), VALUE_WIDTH)


def columns(zone: tzinfo, width: int, longest_name: int, *, several: bool) -> tuple[Column, ...]:
    """Return the columns of a list of so many cells: those at the end are there on wide terminals.

    `longest_name` is the longest of who is on it, in cells; several organisations have a column of their own. What
    happened has all the room up to LONGEST_SENTENCE before another column has any.
    """
    name = max(3, min(MOST_OF_NAME if width >= NARROW else 7, longest_name))
    room = width - TIME - name - 2 * GAP
    has_organization = several and room - ORGANIZATION - GAP >= LEAST_BESIDE_ORGANIZATION
    room -= ORGANIZATION + GAP if has_organization else 0
    return (
        Column(f"  Time ({zone})", TIME),
        Column("Who", name),
        Column("What happened", max(20, min(LONGEST_SENTENCE, room)), grows=True),
        Column("Action", 19, drops=3),
        Column("Type", 15, drops=4),
        Column("Status", 7, drops=2),
        Column("Address", 15, drops=5),
        *((Column("Organisation", ORGANIZATION, drops=1),) if has_organization else ()),
    )


def row_of(line: ListLine, names: Names, zone: tzinfo, *, is_match: bool, found: str = "") -> Row:
    """Return a line of the list, marked with what a check of the log has found of its row."""
    row, entry = line.row, line.entry
    count = len(entry.numbered)
    fold = WITHIN if line.within else " " if count == 1 else UNFOLDED if entry.unfolded else FOLDED
    # Where there is no room for the status the sentence says that something failed.
    folded = f"{count} rows: " if count > 1 and not line.within else ""
    tone = TONES.get(row.status, "plain")
    happened = Cell(folded + names.sentence(row, zone), tone)
    if found:
        happened = Cell(f"{NOT_AS_SEALED} {found}: {happened.text}", "bad")
    return Row(
        line.key,
        (
            Cell(f"{MATCH if is_match else ' '}{fold}{clock(row, zone)}", "warning" if is_match else "plain"),
            Cell(names.who(row)),
            happened,
            Cell(safe_text(row.action, 100)),
            Cell(safe_text(row.integration_type, 50)),
            Cell(safe_text(row.status, 50), tone),
            Cell(address(row)),
            Cell(names.organization(row.organization_id)),
        ),
    )


def note_of(window: AuditWindow, reading: Reading, zone: tzinfo, *, in_windows: bool) -> str:
    """Return what stands behind the last line: how far rows have been looked through, or that there are no more."""
    if window.at_oldest:
        if not in_windows:
            return ""
        if reading is Reading.NEWER and not window.entries:
            return "  searching from the oldest row up ... esc stops"
        return "  no older row matches this filter"
    if window.searched_to is None:
        return ""
    until = f"  searched back to {to_the_minute(window.searched_to, zone)}"
    return f"{until} ... esc stops" if reading in READING else f"{until}; down continues the search"


def detail(line: ListLine, names: Names, zone: tzinfo) -> tuple[TextLine, ...]:
    """Return the lines below the list: what happened, who, what was changed, from where, and what is folded."""
    row, count = line.row, len(line.entry.numbered)
    changes = changes_of(row, CUT_AT)
    what = "; ".join(f"{name}: {before} -> {after}" for name, before, after in changes) or summary(row.details)
    agent = f"   {spelled(row.user_agent[:CUT_AT])}" if row.user_agent else ""
    fold = ""
    if count > 1:
        fold = f"{count} rows of one operation: space {'folds' if line.entry.unfolded else 'unfolds'} them"
    other = other_claim(row.evidence)
    who_it_was = f"{person_of(row, names)}{'; ' * bool(other)}{other}"
    return (
        TextLine(names.sentence(row, zone), TONES.get(row.status, "plain")),
        TextLine(who_it_was, "warning" if other else "plain", "Who".ljust(LABEL)),
        TextLine(safe_text(what, 400) or "no details", label="Details".ljust(LABEL)),
        TextLine(f"{row.ip_address or 'no address'}{agent}", label="From".ljust(LABEL)),
        TextLine(fold, "quiet"),
    )


def person_of(row: AuditRow, names: Names) -> str:
    """Return who it was in full: name, e-mail or id, and whether the login proves that, vouches for it, or neither."""
    person = names.people.get(row.user_id) if row.user_id else None
    parts: list[str] = []
    if person is not None:
        parts.append(person_in_full(person))
    elif row.user_id is not None:
        parts.append(f"{row.user_id}, {names.unknown}")
    label, origin = row.evidence.get("operator"), Origin.of_details(row.evidence)
    if label and isinstance(label, str) and (person is None or label not in (person.email, person.name)):
        parts.append(f"operator {safe_text(label, VALUE_WIDTH)}")
    if not parts:
        login = f"login {safe_text(origin.login, VALUE_WIDTH)}" if origin.login else ""
        return ", ".join(filter(None, ("no person named", login)))
    return origin.mark_in_full(", ".join(parts))


def changes_of(row: AuditRow, cut_at: int | None = None) -> list[tuple[str, str, str]]:
    """Return (column, before, after) of what a row says was changed, spelled; "" where it says nothing of a side.

    Of each only the first `cut_at` characters are looked at.
    """
    details = row.evidence
    sides = [side if isinstance(side := details.get(name), dict) else {} for name in ("before", "after")]
    both = sorted(dict.fromkeys([*sides[0], *sides[1]]), key=lambda name: name in UPKEEP)[:MOST_CHANGES]
    changes = [
        (spelled(name[:cut_at]), _value(sides[0], name, cut_at), _value(sides[1], name, cut_at)) for name in both
    ]
    envelope = details.get("envelope")
    if isinstance(envelope, dict):
        before, after = _value(envelope, "before", cut_at), _value(envelope, "after", cut_at)
        anew = ", written again" if before and before == after else ""
        changes.insert(0, ("envelope", before, f"{after}{anew}"))
    return [change for change in changes if change[1] or change[2]]


def _value(side: Mapping[str, Any], name: str, cut_at: int | None) -> str:
    return spelled(short(side[name])[:cut_at]) if name in side else ""
