"""The state behind the grid of permissions: listing, integrations, staged changes, and the cells of a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.data.permissions.listing import Use
from tui.data.permissions.staging import Staged
from tui.screens.permissions.staging import SelectedCells
from tui.screens.permissions.view import LABEL, detail, detail_beside, longest_cell, row_view, use_facts, use_words
from tui.widgets.text_lines import TextLine
from tui.words.counts import counted
from tui.words.integrations.description import NOT_VISIBLE
from tui.words.people.names import NAME_MOST, author
from tui.words.people.permissions import access_in_full, holder_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import tzinfo
    from uuid import UUID

    from tui.data.permissions.listing import Holder
    from tui.data.permissions.values import Access, Cell, CellKey, Grant
    from tui.models.integrations import Integration
    from tui.screens.permissions.people_list import PeopleList
    from tui.screens.permissions.people_window import LoadedPage
    from tui.widgets.glyphs import Glyphs
    from tui.widgets.grid import Selection
    from tui.widgets.grid_cells import GridRow


class GridModel:
    """Holds what was read and what is staged, and makes the grid's rows of it."""

    def __init__(self, organization_id: UUID, glyphs: Glyphs, zone: tzinfo) -> None:
        self.staged = Staged(organization_id)
        self.integrations: Sequence[Integration] = ()
        self.listing: PeopleList | None = None
        self.may_see_use = True
        self.applied = 0
        """How often what was read was replaced by what had just been applied."""
        self._glyphs = glyphs
        self._zone = zone

    def row(self, index: int) -> GridRow | None:
        """Return a person's row, None where they are not read yet."""
        located = self._person_at(index)
        if located is None:
            return None
        loaded, holder = located
        cells = [loaded.page.cell(holder.id, column) for column in self._columns()]
        return row_view(holder, cells, self.integrations, self.staged, loaded.used, loaded.page.now, self._glyphs)

    def corner(self, index: int) -> tuple[str, str]:
        """Return where the cursor is in the listing, and who is listed."""
        if self.listing is None or not self.listing.window.pages:
            return "", ""
        window = self.listing.window
        count = "" if window.count is None else f" of {window.count:,}"
        return f"{index - window.lowest + 1:,}{count}", self.listing.heading

    def person(self, index: int) -> Holder | None:
        """Return the person of a row."""
        located = self._person_at(index)
        return located[1] if located else None

    def cells(self, index: int) -> list[Cell]:
        """Return the cells of a row, none where they are not read yet."""
        return self.listing.window.cells(index, self._columns()) if self.listing else []

    def as_loaded(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return a row that was taken before as it is now, or as it was then where its person is not loaded."""
        index = self.listing.window.index_of(cells[0].user_id) if self.listing and cells else None
        return list(cells) if index is None else self.cells(index)

    def identity_of(self, selection: Selection) -> tuple[object, ...]:
        """Return what identifies the selected cells, which differs once other people or columns have their numbers."""
        first, last = selection.rows or (0, -1)
        people = [self.person(row) for row in range(first, last + 1)]
        ids = [person and person.id for person in people]
        listed = self.listing.people_filter if self.listing else None
        return (*ids, *self._columns(selection.columns), listed)

    def detail(self, index: int, column: int, selection: Selection, *, beside: bool = False) -> tuple[TextLine, ...]:
        """Return the lines below the grid or beside it: the cell under the cursor, and how much is selected."""
        located = self._person_at(index)
        if located is None or column >= len(self.integrations):
            return ()
        loaded, holder = located
        integration = self.integrations[column]
        cell = loaded.page.cell(holder.id, self._columns()[column])
        use = None if loaded.used is None else loaded.used.get((holder.id, integration.integration_type), Use())
        granter, access = self._granter(cell), self.staged.access(cell)
        # Against the limits that are staged; of what is revoked, against those that it has until then.
        limits = access if access.rights else cell.access
        about, now = (holder, cell, integration, self.staged), loaded.page.now
        if beside:
            facts = use_facts(limits, use) if self.may_see_use else (("Sent", NOT_VISIBLE),)
            lines = detail_beside(*about, facts, granter, now, self._zone)
        else:
            sent = use_words(limits, use) if self.may_see_use else NOT_VISIBLE
            lines = detail(*about, sent, granter, now, self._zone, is_selection=selection.span != "cell")
        if selection.span == "cell":
            return lines
        selected = TextLine(self.selection_words(selection), "warning", "Selected".ljust(LABEL))
        return (lines[0], selected, *lines[1:]) if beside else (selected, *lines[1:])

    def _granter(self, cell: Cell) -> str:
        """Return who granted it, as a claim; "" where nobody is said to have."""
        people = self.listing.granters if self.listing else {}
        return safe_text(author(cell.grant.granted_by, people), NAME_MOST) if cell.grant else ""

    @property
    def longest_label(self) -> int:
        """Cells of the longest name of who is loaded."""
        pages = self.listing.window.pages if self.listing else ()
        return max((cell_len(safe_text(person.label, 80)) for page in pages for person in page.page.people), default=0)

    @property
    def longest_cell(self) -> int:
        """Cells of the longest cell of who is loaded, its limits used up: before their use is read, too."""
        pages = self.listing.window.pages if self.listing else ()
        return max((longest_cell(grant.access) for page in pages for grant in page.page.grants.values()), default=0)

    def selection_words(self, selection: Selection) -> str:
        """Return how many people and integrations are selected."""
        columns = selection.columns[1] - selection.columns[0] + 1
        across = counted(columns, "integration")
        if selection.rows is None:
            count = self.listing.window.count if self.listing else None
            return f"everybody listed{'' if count is None else f' ({count:,})'} × {across}"
        people = selection.rows[1] - selection.rows[0] + 1
        return f"{counted(people, 'person', 'people')} × {across}"

    def selected_cells(self, selection: Selection) -> SelectedCells | None:
        """Return the selected cells; None where some of their people are not loaded."""
        if selection.rows is None or self.listing is None:
            return None
        people = []
        now = None
        for index in range(selection.rows[0], selection.rows[1] + 1):
            located = self._person_at(index)
            if located is None:
                return None
            loaded, holder = located
            now = loaded.page.now
            cells = (loaded.page.cell(holder.id, column) for column in self._columns(selection.columns))
            people.append((holder, tuple(cells)))
        return SelectedCells(tuple(people), now) if now is not None else None

    async def read_all_cells(self, columns: tuple[int, int]) -> SelectedCells:
        """Read the cells of everybody listed. Raises InvalidInput where they are too many."""
        if self.listing is None:
            raise RuntimeError("nothing is listed")
        integration_ids = self._columns(columns)
        pages = await self.listing.read_everybody()
        people = [
            (person, tuple(page.cell(person.id, i) for i in integration_ids))
            for page in pages
            for person in page.people
        ]
        return SelectedCells(tuple(people), pages[-1].now)

    def access(self, index: int, column: int) -> Access | None:
        """Return what a cell gives once the staged changes are applied."""
        cells = self.cells(index)
        return self.staged.access(cells[column]) if column < len(cells) else None

    def has_limit(self, index: int) -> bool:
        """Tell whether a row has a limit, and so a bar of use."""
        accesses = (self.staged.access(cell) for cell in self.cells(index))
        return any(access.daily_limit is not None or access.monthly_limit is not None for access in accesses)

    def places(self, keys: Iterable[CellKey]) -> list[tuple[int, int]]:
        """Return the row and column of each of these cells that is loaded."""
        if self.listing is None:
            return []
        rows, columns = self.listing.window.people, {identifier: n for n, identifier in enumerate(self._columns())}
        return [
            (rows[user], columns[integration]) for user, integration in keys if user in rows and integration in columns
        ]

    def update_grants(self, grants: Mapping[CellKey, Grant | None]) -> None:
        """Replace what was read of some cells."""
        self.applied += 1
        if self.listing is not None:
            self.listing.window.update(grants)

    def row_text(self, index: int) -> str:
        """Return a row as one line for a clipboard."""
        located = self._person_at(index)
        if located is None:
            return ""
        texts = [
            f"{safe_text(integration.integration_type, 50)}: {access_in_full(self.staged.access(cell), self._zone)}"
            for integration, cell in zip(self.integrations, self.cells(index), strict=True)
        ]
        return "\t".join([holder_in_full(located[1]), *texts])

    def _person_at(self, index: int) -> tuple[LoadedPage, Holder] | None:
        return self.listing.window.person_at(index) if self.listing else None

    def _columns(self, columns: tuple[int, int] | None = None) -> list[UUID]:
        ids = [integration.id for integration in self.integrations if integration.id is not None]
        return ids if columns is None else ids[columns[0] : columns[1] + 1]
