"""The part of the audit log that is held round what is seen: its rows, those of one operation folded into one entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tui.data.audit.pages import Place
from tui.data.audit.rows import OPENINGS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from tui.data.audit.pages import ReadStep
    from tui.models.log import AuditRow

Direction = Literal["older", "newer"]

# An operation of more rows than this goes on in another entry, so that what is held stays bounded.
MOST_IN_ENTRY = 200
# How far apart, in entries and in seconds, rows of one operation may be to be folded: others write in between.
NEAR_ENTRIES = 50
NEAR_S = 60.0
# A program's own row and the trigger's about the same write have nothing in common but the moment.
SAME_WRITE_S = 2.0


@dataclass(slots=True)
class Entry:
    """Rows shown as one line while they are folded, newest first, with the number of each in the order of the log."""

    key: UUID
    operation: str | None
    numbered: list[tuple[int, AuditRow]]
    unfolded: bool = False

    @property
    def rows(self) -> list[AuditRow]:
        """The rows, newest first."""
        return [row for _, row in self.numbered]

    @property
    def headline(self) -> AuditRow:
        """The row that stands for all: the act's own, else the newest."""
        return next((row for row in self.rows if not is_by_trigger(row)), self.numbered[0][1])


@dataclass(frozen=True, slots=True)
class ListLine:
    """A line of the list: an entry's headline, or (`within`) another row of an unfolded one."""

    entry: Entry
    row: AuditRow
    within: bool = False

    @property
    def key(self) -> str:
        """What the line is known by, however many rows come and go around it."""
        return f"{self.row.id}" if self.within else f"entry {self.entry.key}"


@dataclass(slots=True)
class AuditWindow:
    """Entries without a gap between them, newest first; more are added at either end, and forgotten far from view.

    `searched_to` is how far back rows have been looked through, where they are.
    """

    entries: list[Entry] = field(default_factory=list)
    at_newest: bool = False
    at_oldest: bool = False
    searched_to: datetime | None = None
    _ends: dict[Direction, Place] = field(default_factory=dict)
    _first: int = 0
    _end: int = 0

    @property
    def rows(self) -> list[AuditRow]:
        """Every row that is held, entry by entry."""
        return [row for entry in self.entries for row in entry.rows]

    def place(self, direction: Direction) -> Place | None:
        """The place beyond which reading goes on in that direction; None where nothing has been read."""
        return self._ends.get(direction)

    def begin_at(self, place: Place) -> None:
        """Let the window grow in both directions from a place that no row was read of yet."""
        self._ends = {"older": place, "newer": place}

    def add(self, direction: Direction, step: ReadStep) -> None:
        """Add rows that were read beyond `place(direction)`."""
        (self.add_older if direction == "older" else self.add_newer)(step)

    def add_older(self, step: ReadStep) -> None:
        """Add rows that were read beyond `place("older")`."""
        self.at_oldest, self.searched_to = not step.more, step.searched_to
        for row in self._new(step.rows):
            self._join(self._end, row, newer=False)
            self._end += 1
        self._move_ends(step.rows)
        if not step.rows and step.searched_to is not None:
            self._ends["older"] = Place.at_time(step.searched_to)

    def add_newer(self, step: ReadStep) -> None:
        """Add rows that were read beyond `place("newer")`."""
        self.at_newest = not step.more
        for row in reversed(self._new(step.rows)):
            self._first -= 1
            self._join(self._first, row, newer=True)
        self._move_ends(step.rows, newest_first=True)

    def lines(self) -> list[ListLine]:
        """The lines of the list, in its order."""
        out: list[ListLine] = []
        for entry in self.entries:
            headline = entry.headline
            out.append(ListLine(entry, headline))
            if entry.unfolded:
                out += [ListLine(entry, row, within=True) for row in entry.rows if row is not headline]
        return out

    def entry_of(self, row_id: UUID) -> Entry | None:
        """The entry that holds a row."""
        return next((entry for entry in self.entries if any(row.id == row_id for row in entry.rows)), None)

    def forget(self, first: int, last: int) -> None:
        """Forget the entries before the one numbered `first` and behind `last`, counted from the newest held.

        Entries lie among one another: rows of other entries beyond the first row that is forgotten are forgotten too,
        so that what is held never has a gap. No entry within NEAR_ENTRIES of those kept loses any.
        """
        behind = [number for entry in self.entries[last + 1 :] for number, _ in entry.numbered]
        ahead = [number for entry in self.entries[:first] for number, _ in entry.numbered]
        if behind and min(behind) > self._first:
            self._end = min(behind)
            self._ends["older"] = Place.of(self._keep(self._first, self._end)[-1])
            self.at_oldest, self.searched_to = False, None
        if ahead and max(ahead) + 1 < self._end:
            self._first = max(ahead) + 1
            self._ends["newer"] = Place.of(self._keep(self._first, self._end)[0])
            self.at_newest = False

    def _keep(self, first: int, end: int) -> list[AuditRow]:
        """Keep the rows numbered from `first` to before `end`; returns them, newest first."""
        entries: list[Entry] = []
        shortened: list[Entry] = []
        for entry in self.entries:
            within = [pair for pair in entry.numbered if first <= pair[0] < end]
            (entries if len(within) == len(entry.numbered) else shortened).append(entry)
            entry.numbered = within
        for entry in shortened:
            if entry.numbered:
                # The row it is known by may come back in an entry of its own, and what is left belongs elsewhere.
                newest, row = entry.numbered[0]
                entry.key = entry.key if any(other.id == entry.key for other in entry.rows) else row.id
                place = next((n for n, other in enumerate(entries) if other.numbered[0][0] > newest), len(entries))
                entries.insert(place, entry)
        self.entries = entries
        numbered = sorted((pair for entry in entries for pair in entry.numbered), key=lambda pair: pair[0])
        return [row for _, row in numbered]

    def _new(self, rows: Iterable[AuditRow]) -> list[AuditRow]:
        held_ids = {row.id for row in self.rows}
        return [row for row in rows if row.id not in held_ids]

    def _move_ends(self, rows: tuple[AuditRow, ...], *, newest_first: bool = False) -> None:
        if not rows:
            return
        newest, oldest = Place.of(rows[0]), Place.of(rows[-1])
        if newest_first or "newer" not in self._ends:
            self._ends["newer"] = newest
        if not newest_first or "older" not in self._ends:
            self._ends["older"] = oldest

    def _join(self, number: int, row: AuditRow, *, newer: bool) -> None:
        """Add a row to the entry of its operation that is near, else as an entry of its own."""
        operation = operation_of(row)
        entry = self._near(row, operation, newer=newer)
        if entry is None:
            self.entries.insert(0 if newer else len(self.entries), Entry(row.id, operation, [(number, row)]))
            return
        entry.numbered.insert(0 if newer else len(entry.numbered), (number, row))
        entry.operation = entry.operation or operation

    def _near(self, row: AuditRow, operation: str | None, *, newer: bool) -> Entry | None:
        near = self.entries[:NEAR_ENTRIES] if newer else self.entries[: -NEAR_ENTRIES - 1 : -1]
        for place, entry in enumerate(near):
            if len(entry.numbered) >= MOST_IN_ENTRY:
                continue
            beside = entry.numbered[0 if newer else -1][1]
            if operation is not None and entry.operation == operation and _apart(row, beside) <= NEAR_S:
                return entry
            if place == 0 and len(entry.numbered) == 1 and is_same_write(row, beside):
                return entry
        return None


def is_by_trigger(row: AuditRow) -> bool:
    """Whether a trigger wrote the row."""
    return row.evidence.get("source") == "trigger"


def operation_of(row: AuditRow) -> str | None:
    """Return what the rows of one operation have in common: its id, or the transaction of another program's write.

    The id is what a client says, so it joins only what one login wrote for one person; and an opening stands alone,
    whatever it says it is part of: nobody's look at a secret is hidden in a line about something else.
    """
    evidence = row.evidence
    operation, transaction, login = evidence.get("operation_id"), evidence.get("xid"), evidence.get("session_user")
    if row.action in OPENINGS or evidence.get("source") not in ("trigger", "switchboard") or not isinstance(login, str):
        return None
    if isinstance(operation, str) and operation:
        return f"{login} as {row.user_id} {evidence.get('operator')}: {operation}"
    return f"{login}: transaction {transaction}" if is_by_trigger(row) and transaction else None


def is_same_write(row: AuditRow, other: AuditRow) -> bool:
    """Whether one is another program's own row about what a trigger has logged, and the other is the trigger's."""
    if is_by_trigger(row) == is_by_trigger(other):
        return False
    trigger, own = (row, other) if is_by_trigger(row) else (other, row)
    return (
        not trigger.evidence.get("operation_id")
        # What our own functions wrote is never another program's account of it.
        and not own.evidence.get("session_user")
        and own.action not in OPENINGS
        and own.action.startswith("credential_")
        and trigger.action.startswith("credential_")
        # Nor is a deletion a line about something else.
        and (trigger.action != "credential_deleted" or own.action == trigger.action)
        and (row.organization_id, row.integration_type) == (other.organization_id, other.integration_type)
        and (own.user_id is None or trigger.user_id in (None, own.user_id))
        and _apart(row, other) <= SAME_WRITE_S
    )


def _apart(row: AuditRow, other: AuditRow) -> float:
    if row.created_at is None or other.created_at is None:
        return 0.0 if row.created_at is other.created_at else float("inf")
    return abs((row.created_at - other.created_at).total_seconds())
