"""Staged changes of permissions, not applied yet: what was seen, what is wanted, and the net difference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from tui.data.permissions.values import NOTHING, Access, OfCell, access_of, check, normalised, with_right
from tui.data.rights import in_order
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.permissions.values import Cell, CellKey, Grant
    from tui.data.rights import Right

ChangeKind = Literal["grant", "change", "revoke"]
Unset = Literal["unset"]
UNSET: Unset = "unset"


@dataclass(frozen=True, slots=True)
class Change(OfCell):
    """The change of one cell: the row that was seen (None where there was none), and what is wanted."""

    seen: Grant | None
    wanted: Access

    @property
    def before(self) -> Access:
        """What the row gave when it was seen."""
        return access_of(self.seen)

    @property
    def kind(self) -> ChangeKind:
        """A grant inserts the row, a revoke deletes it."""
        if not self.wanted.rights:
            return "revoke"
        return "grant" if self.seen is None else "change"

    @property
    def gained(self) -> tuple[Right, ...]:
        """Rights that it gives."""
        return tuple(right for right in self.wanted.rights if not self.before.has(right))

    @property
    def lost(self) -> tuple[Right, ...]:
        """Rights that it takes."""
        return tuple(right for right in self.before.rights if not self.wanted.has(right))


@dataclass(frozen=True, slots=True)
class Review:
    """The net changes by kind, each in the order in which their cells were first staged."""

    grants: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    revokes: tuple[Change, ...] = ()

    @property
    def total(self) -> int:
        """The number of cells that change."""
        return len(self.grants) + len(self.changes) + len(self.revokes)

    @property
    def people(self) -> int:
        """The number of people whose cells change."""
        return len({change.user_id for change in self.all})

    @property
    def all(self) -> tuple[Change, ...]:
        """Grants, then changes, then revokes."""
        return self.grants + self.changes + self.revokes

    @property
    def configure_given(self) -> int:
        """The number of cells that gain configure, the right to read and replace the credential."""
        return sum("configure" in change.gained for change in self.all)

    def sentence(self) -> str:
        """Say it in counts: "12 grants, 1 change and 2 revokes for 7 people"."""
        counts = [
            counted(len(group), name)
            for name, group in (("grant", self.grants), ("change", self.changes), ("revoke", self.revokes))
            if group
        ]
        if not counts:
            return "no change"
        listed = " and ".join([", ".join(counts[:-1]), counts[-1]]) if len(counts) > 1 else counts[0]
        return f"{listed} for {counted(self.people, 'person', 'people')}"


@dataclass(frozen=True, slots=True)
class Step:
    """One staging: the cells that changed, and sentences about what it did beyond what was asked."""

    cells: frozenset[CellKey]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Staged:
    """The staged changes of one organisation's permissions. Knows no database; a mistake raises before it is staged.

    Each staging is one step, however many cells it covers, and `undo` takes back the last one.
    """

    organization_id: UUID
    _seen: dict[CellKey, Grant | None] = field(default_factory=dict)
    _wanted: dict[CellKey, Access] = field(default_factory=dict)
    _steps: list[dict[CellKey, Access | None]] = field(default_factory=list)
    # Kept up to date and not computed: it is asked for at every key, and there may be tens of thousands of cells.
    _changed: set[CellKey] = field(init=False)

    def __post_init__(self) -> None:
        self._changed = set()
        self._note_changed(self._wanted)

    def __len__(self) -> int:
        return len(self._changed)

    @property
    def steps(self) -> int:
        """How many steps `undo` can take back."""
        return len(self._steps)

    def access(self, cell: Cell) -> Access:
        """Return what the cell gives once everything is applied."""
        return self._wanted[cell.key] if self.is_changed(cell.key) else cell.access

    def is_changed(self, key: CellKey) -> bool:
        """Tell whether apply would change this cell."""
        return key in self._changed

    def stage(self, changes: Iterable[tuple[Cell, Access]], now: datetime) -> Step:
        """Stage values for cells as one step. Raises InvalidInput, and stages nothing, where one is not allowed."""
        notes: dict[str, None] = {}
        values: dict[CellKey, Access] = {}
        seen: dict[CellKey, Grant | None] = {}
        for cell, access in changes:
            value, note = normalised(access)
            # A cell that was staged back to what it was may have been read again since, with something else in it.
            first_seen = self._seen[cell.key] if self.is_changed(cell.key) else cell.grant
            stored = access_of(first_seen)
            check(value, stored, now)
            if note and stored != value:
                notes[note] = None
            if value != self.access(cell):
                values[cell.key], seen[cell.key] = value, first_seen
        if values:
            self._forget([key for key, grant in seen.items() if key in self._seen and self._seen[key] != grant])
            self._seen |= seen
            self._steps.append({key: self._wanted.get(key) for key in values})
            self._wanted |= values
            self._note_changed(values)
        return Step(frozenset(values), tuple(notes))

    def give(self, cells: Sequence[Cell], rights: Sequence[Right], now: datetime) -> Step:
        """Give rights to all of the cells, and what they imply with them.

        A stored permission that was staged to be revoked comes back with its expiry and limits, not without any.
        """
        return self._change_each(cells, lambda access: _with_rights(access, rights, given=True), now)

    def take(self, cells: Sequence[Cell], rights: Sequence[Right], now: datetime) -> Step:
        """Take rights from all of the cells, and those that imply them."""
        return self._change_each(cells, lambda access: _with_rights(access, rights, given=False), now)

    def revoke(self, cells: Sequence[Cell], now: datetime) -> Step:
        """Take every right from all of the cells."""
        return self.stage([(cell, NOTHING) for cell in cells], now)

    def limit(
        self,
        cells: Sequence[Cell],
        now: datetime,
        *,
        expires_at: datetime | Unset | None = UNSET,
        daily_limit: int | Unset | None = UNSET,
        monthly_limit: int | Unset | None = UNSET,
    ) -> Step:
        """Set expiry and limits of all of the cells that give a right; UNSET leaves one as it is."""
        limits: dict[str, Any] = {"expires_at": expires_at, "daily_limit": daily_limit, "monthly_limit": monthly_limit}
        values = {name: value for name, value in limits.items() if value != UNSET}
        with_rights = [cell for cell in cells if self.access(cell).rights]
        step = self.stage([(cell, replace(self.access(cell), **values)) for cell in with_rights], now)
        skipped = len(cells) - len(with_rights)
        if not skipped:
            return step
        note = f"{counted(skipped, 'cell has', 'cells have')} no right yet: expiry and limits need one."
        return Step(step.cells, (*step.notes, note))

    def copy(self, source: Sequence[Cell], target: Sequence[Cell], now: datetime) -> Step:
        """Make the target's cells say what the source's cells of the same integration say.

        The target's cells may be of several people; integrations that the source does not have are left alone.
        An expiry that has passed is copied as no right: an expired permission is none. Staged ones are copied as such.
        """
        values = {cell.integration_id: self.access(cell) for cell in source}
        expired = [identifier for identifier, access in values.items() if access.rights and access.is_expired(now)]
        values |= dict.fromkeys(expired, NOTHING)
        step = self.stage(
            [(cell, values[cell.integration_id]) for cell in target if cell.integration_id in values], now
        )
        if not expired:
            return step
        note = f"{counted(len(expired), 'expired permission was', 'expired permissions were')} not copied."
        return Step(step.cells, (*step.notes, note))

    def undo(self) -> frozenset[CellKey]:
        """Take back the last step and return its cells; empty where nothing was staged."""
        if not self._steps:
            return frozenset()
        step = self._steps.pop()
        for key, previous in step.items():
            if previous is None:
                del self._wanted[key], self._seen[key]
            else:
                self._wanted[key] = previous
        self._note_changed(step)
        return frozenset(step)

    def clear(self) -> None:
        """Drop everything that is staged."""
        self._seen, self._wanted, self._steps, self._changed = {}, {}, [], set()

    def review(self) -> Review:
        """Return the net difference, without cells that are wanted as they were seen."""
        by_kind: dict[ChangeKind, list[Change]] = {"grant": [], "change": [], "revoke": []}
        for key, wanted in self._wanted.items():
            if key in self._changed:
                change = Change(*key, self._seen[key], wanted)
                by_kind[change.kind].append(change)
        return Review(tuple(by_kind["grant"]), tuple(by_kind["change"]), tuple(by_kind["revoke"]))

    def without(self, keys: Iterable[CellKey]) -> Staged:
        """Return a copy without some cells, such as those that somebody else has changed since."""
        dropped = set(keys)
        return Staged(
            self.organization_id,
            {key: grant for key, grant in self._seen.items() if key not in dropped},
            {key: access for key, access in self._wanted.items() if key not in dropped},
            [remaining for step in self._steps if (remaining := {k: v for k, v in step.items() if k not in dropped})],
        )

    def _forget(self, keys: Iterable[CellKey]) -> None:
        """Take cells that come to nothing out of the steps, so that `undo` cannot stage them against what is there."""
        for key in keys:
            del self._wanted[key], self._seen[key]
            for step in self._steps:
                step.pop(key, None)
        self._steps = [step for step in self._steps if step]

    def _note_changed(self, keys: Iterable[CellKey]) -> None:
        for key in keys:
            if key in self._wanted and not _is_as_seen(self._seen[key], self._wanted[key]):
                self._changed.add(key)
            else:
                self._changed.discard(key)

    def _with_limits(self, cell: Cell) -> Access:
        access = self.access(cell)
        if access.rights:
            return access
        stored = access_of(self._seen.get(cell.key, cell.grant))
        return replace(stored, rights=()) if stored.rights else access

    def _change_each(
        self, cells: Sequence[Cell], change: Callable[[Access], tuple[Access, list[str]]], now: datetime
    ) -> Step:
        notes: dict[str, None] = {}
        values = []
        for cell in cells:
            access, sentences = change(self._with_limits(cell))
            values.append((cell, access))
            if access != self.access(cell):
                notes |= dict.fromkeys(sentences)
        step = self.stage(values, now)
        return Step(step.cells, tuple(notes | dict.fromkeys(step.notes)))


def _with_rights(access: Access, rights: Sequence[Right], *, given: bool) -> tuple[Access, list[str]]:
    notes = []
    # What is implied comes first in the table, so that nothing is said to be implied that was asked for.
    for right in in_order(rights):
        access, note = with_right(access, right, given=given)
        notes += [note] if note else []
    return access, notes


def _is_as_seen(seen: Grant | None, wanted: Access) -> bool:
    if seen is None:
        return not wanted.rights
    return seen.access == wanted
