"""Changes of permissions that are staged and not applied yet: what was seen, what is wanted, and the difference."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from tui.data.permissions.values import RIGHTS, Access, Cell, Grant, Right, check, normalised, with_right
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.data.permissions.values import CellKey

ChangeKind = Literal["grant", "change", "revoke"]
Unset = Literal["unset"]
UNSET: Unset = "unset"


@dataclass(frozen=True, slots=True)
class Change:
    """What apply would do with one cell: from the row that was seen (None: there was none) to what is wanted."""

    user_id: UUID
    integration_id: UUID
    seen: Grant | None
    wanted: Access

    @property
    def key(self) -> CellKey:
        """The cell it is about."""
        return self.user_id, self.integration_id

    @property
    def before(self) -> Access:
        """What the row said when it was seen."""
        return Cell(self.user_id, self.integration_id, self.seen).access

    @property
    def kind(self) -> ChangeKind:
        """A grant makes a row, a revoke deletes it."""
        if not self.wanted.rights:
            return "revoke"
        return "grant" if self.seen is None else "change"

    @property
    def gained(self) -> tuple[Right, ...]:
        """Rights that it gives."""
        return tuple(right for right in RIGHTS if self.wanted.has(right) and not self.before.has(right))

    @property
    def lost(self) -> tuple[Right, ...]:
        """Rights that it takes."""
        return tuple(right for right in RIGHTS if self.before.has(right) and not self.wanted.has(right))


@dataclass(frozen=True, slots=True)
class Review:
    """The net changes by kind, each in the order of people and integrations in which they were first staged."""

    grants: tuple[Change, ...] = ()
    changes: tuple[Change, ...] = ()
    revokes: tuple[Change, ...] = ()

    @property
    def total(self) -> int:
        """Cells that change."""
        return len(self.grants) + len(self.changes) + len(self.revokes)

    @property
    def people(self) -> int:
        """People that it is about."""
        return len({change.user_id for change in self.all})

    @property
    def all(self) -> tuple[Change, ...]:
        """Grants, then changes, then revokes."""
        return self.grants + self.changes + self.revokes

    @property
    def configure_given(self) -> int:
        """Cells that gain configure, the right to read and replace the credential."""
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
    """What one staging did: the cells that changed, and sentences about what it did beyond what was asked."""

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
    # Kept, and not counted anew: it is asked for at every key, and there may be tens of thousands.
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
        """What the cell will say once all is applied."""
        return self._wanted[cell.key] if self.is_changed(cell.key) else cell.access

    def is_changed(self, key: CellKey) -> bool:
        """Whether apply would change this cell."""
        return key in self._changed

    def stage(self, wanted: Iterable[tuple[Cell, Access]], now: datetime) -> Step:
        """Stage values for cells, as one step. Raises InvalidInput where one cannot be; nothing is staged then."""
        notes: dict[str, None] = {}
        values: dict[CellKey, Access] = {}
        seen: dict[CellKey, Grant | None] = {}
        for cell, access in wanted:
            value, note = normalised(access)
            # A cell that was staged back to what it was may have been read again since, with something else in it.
            first_seen = self._seen[cell.key] if self.is_changed(cell.key) else cell.grant
            before = Cell(*cell.key, first_seen).access
            check(value, before, now)
            if note and before != value:
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

    def toggle(self, cells: Sequence[Cell], right: Right, now: datetime) -> Step:
        """Give a right to all of the cells, or take it where all of them have it."""
        given = not all(self.access(cell).has(right) for cell in cells)
        return self.give(cells, (right,), now) if given else self.take(cells, (right,), now)

    def give(self, cells: Sequence[Cell], rights: Sequence[Right], now: datetime) -> Step:
        """Give rights to all of the cells, and view with them.

        A stored permission that was staged to be revoked comes back with its expiry and limits, not without any.
        """
        return self._each(cells, lambda access: _with_rights(access, rights, given=True), now)

    def take(self, cells: Sequence[Cell], rights: Sequence[Right], now: datetime) -> Step:
        """Take rights from all of the cells; with view go send and configure."""
        return self._each(cells, lambda access: _with_rights(access, rights, given=False), now)

    def revoke(self, cells: Sequence[Cell], now: datetime) -> Step:
        """Take every right from all of the cells."""
        return self.stage([(cell, Access()) for cell in cells], now)

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
        given: dict[str, Any] = {"expires_at": expires_at, "daily_limit": daily_limit, "monthly_limit": monthly_limit}
        values = {name: value for name, value in given.items() if value != UNSET}
        with_rights = [cell for cell in cells if self.access(cell).rights]
        step = self.stage([(cell, replace(self.access(cell), **values)) for cell in with_rights], now)
        left = len(cells) - len(with_rights)
        if not left:
            return step
        note = f"{counted(left, 'cell has', 'cells have')} no right yet: expiry and limits need one."
        return Step(step.cells, (*step.notes, note))

    def copy(self, source: Sequence[Cell], target: Sequence[Cell], now: datetime) -> Step:
        """Make the target's cells say what the source's cells of the same integration say.

        The target's cells may be of several people; integrations that the source does not have are left alone.
        An expiry that has passed is copied as no right: an expired permission is none. Staged ones are copied as such.
        """
        values = {cell.integration_id: self.access(cell) for cell in source}
        expired = [identifier for identifier, access in values.items() if access.rights and access.is_expired(now)]
        values |= dict.fromkeys(expired, Access())
        step = self.stage(
            [(cell, values[cell.integration_id]) for cell in target if cell.integration_id in values], now
        )
        if not expired:
            return step
        note = f"{counted(len(expired), 'expired permission was', 'expired permissions were')} not copied."
        return Step(step.cells, (*step.notes, note))

    def undo(self) -> frozenset[CellKey]:
        """Take back the last step; returns the cells that it was about, none where nothing was staged."""
        if not self._steps:
            return frozenset()
        step = self._steps.pop()
        for key, before in step.items():
            if before is None:
                del self._wanted[key], self._seen[key]
            else:
                self._wanted[key] = before
        self._note_changed(step)
        return frozenset(step)

    def clear(self) -> None:
        """Forget everything that is staged."""
        self._seen, self._wanted, self._steps, self._changed = {}, {}, [], set()

    def review(self) -> Review:
        """The net difference: a cell that is wanted as it was seen is not in it."""
        found: dict[ChangeKind, list[Change]] = {"grant": [], "change": [], "revoke": []}
        for change in self._net():
            found[change.kind].append(change)
        return Review(tuple(found["grant"]), tuple(found["change"]), tuple(found["revoke"]))

    def without(self, keys: Iterable[CellKey]) -> Staged:
        """The same without some cells, such as those that somebody else has changed meanwhile."""
        left_out = set(keys)
        return Staged(
            self.organization_id,
            {key: grant for key, grant in self._seen.items() if key not in left_out},
            {key: access for key, access in self._wanted.items() if key not in left_out},
            [kept for step in self._steps if (kept := {k: v for k, v in step.items() if k not in left_out})],
        )

    def _forget(self, keys: Iterable[CellKey]) -> None:
        """Take cells that come to nothing out of the steps, so that `undo` cannot stage them against what is there."""
        for key in keys:
            del self._wanted[key], self._seen[key]
            for step in self._steps:
                step.pop(key, None)
        self._steps = [step for step in self._steps if step]

    def _net(self) -> Iterable[Change]:
        for key, wanted in self._wanted.items():
            if key in self._changed:
                yield Change(*key, self._seen[key], wanted)

    def _note_changed(self, keys: Iterable[CellKey]) -> None:
        for key in keys:
            if key in self._wanted and not _same(self._seen[key], self._wanted[key]):
                self._changed.add(key)
            else:
                self._changed.discard(key)

    def _with_limits(self, cell: Cell) -> Access:
        access = self.access(cell)
        if access.rights:
            return access
        stored = Cell(*cell.key, self._seen.get(cell.key, cell.grant)).access
        return replace(stored, can_view=False, can_send=False, can_configure=False) if stored.rights else access

    def _each(self, cells: Sequence[Cell], change: Callable[[Access], tuple[Access, list[str]]], now: datetime) -> Step:
        notes: dict[str, None] = {}
        values = []
        for cell in cells:
            access, said = change(self._with_limits(cell))
            values.append((cell, access))
            if access != self.access(cell):
                notes |= dict.fromkeys(said)
        step = self.stage(values, now)
        return Step(step.cells, tuple(notes | dict.fromkeys(step.notes)))


def _with_rights(access: Access, rights: Sequence[Right], *, given: bool) -> tuple[Access, list[str]]:
    notes = []
    # View first, so that nothing is said to be implied that was asked for.
    for right in sorted(rights, key=RIGHTS.index):
        access, note = with_right(access, right, given=given)
        notes += [note] if note else []
    return access, notes


def _same(seen: Grant | None, wanted: Access) -> bool:
    if seen is None:
        return not wanted.rights
    return seen.access == wanted
