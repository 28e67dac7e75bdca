"""The grid with the lines below it: what is shown of a listing, and reading on as one scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import work

from tui.errors import PermissionDenied, SwitchboardError
from tui.screens.paging_pane import PagingPane
from tui.screens.permissions.view import heading
from tui.widgets.grid import Grid
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLine, TextLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from tui.data.permissions.values import CellKey
    from tui.models import Integration
    from tui.screens.permissions.model import GridModel
    from tui.screens.permissions.people_list import PeopleList
    from tui.widgets.glyphs import Glyphs
    from tui.widgets.grid_cells import GridRow

NOTE_LINE = 4


class PermissionPane(PagingPane):
    """Shows a model; reads the pages, the count and the use that are missing for what is seen."""

    DEFAULT_CSS = """
    PermissionPane { height: 1fr; }
    PermissionPane > #detail { height: 6; border-top: solid ansi_bright_black; padding: 0 1; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.model: GridModel | None = None
        self.nobody = ("", "")
        self._glyphs = glyphs
        self._note = ""
        self._is_filling = False

    @property
    def grid(self) -> Grid:
        """The grid itself."""
        return self.query_one(Grid)

    @property
    def switcher(self) -> StateSwitcher:
        """What stands in the grid's place while there is nothing to show."""
        return self.query_one(StateSwitcher)

    def compose(self) -> ComposeResult:
        """Lay the grid over what is known of the cell under the cursor."""
        yield StateSwitcher(Grid(self))
        yield TextLines(id="detail")

    def row(self, index: int) -> GridRow | None:
        """Return a row of the grid."""
        return self.model.row(index) if self.model else None

    def corner(self, index: int) -> tuple[str, str]:
        """Return where the cursor is, and who is listed."""
        return self.model.corner(index) if self.model else ("", "")

    def show_columns(self, integrations: Sequence[Integration]) -> None:
        """Show the integrations as columns, with the cursor on the one that it was on."""
        grid, model = self.grid, self.model
        if model is None:
            return
        before = model.integrations[grid.column].id if grid.column < len(model.integrations) else None
        model.integrations = integrations
        grid.set_columns([heading(integration, self._glyphs) for integration in integrations])
        column = next(
            (n for n, integration in enumerate(integrations) if before and integration.id == before), grid.column
        )
        if column != grid.column:
            grid.move_to(grid.row, column)

    def show_note(self, note: str) -> None:
        """Show a sentence below everything; of one that does not fit, the part before the colon."""
        self._note = note
        self.show_detail()

    async def read(self, listing: PeopleList) -> None:
        """Show a listing from its beginning, or the one that is shown already from where it is, as it is now.

        The cursor stays on its person where they are still near.
        """
        model, grid = self.model, self.grid
        if model is None:
            return
        before, offset = model.person(grid.row), grid.row - grid.top
        if model.listing is not None and model.listing.is_same(listing):
            listing = model.listing
            await listing.read_again(grid.top)
        else:
            await listing.read_beginning()
        if not self.is_mounted or model is not self.model:
            return
        model.listing, window = listing, listing.window
        index = window.index_of(before.id) if before else None
        if index is None:
            index = min(grid.row, window.highest) if window.first <= grid.row else window.first
        self._show(listing, index, index - offset)

    async def read_end(self, direction: int) -> None:
        """Go to the first (-1) or the last (1) page."""
        model = self.model
        if model is None or (listing := model.listing) is None:
            return
        await (listing.read_beginning() if direction < 0 else listing.read_end())
        if self.is_mounted and listing is model.listing:
            index = listing.window.lowest if direction < 0 else listing.window.highest
            self._show(listing, index, index)

    def _show(self, listing: PeopleList, index: int, top: int) -> None:
        window = listing.window
        self.grid.set_bounds(window.lowest, window.highest)
        self.grid.place(max(index, window.lowest), top)
        self.show_face()
        self._count(listing)
        self.fill()
        self.show_detail()

    def show_face(self) -> None:
        """Show the grid, or in its place why it is empty."""
        if self.model is not None and self.model.listing is not None:
            if self.model.listing.window.pages:
                self.switcher.show_content()
            else:
                self.switcher.show_empty(*self.nobody)

    def show_cells(self, cells: Iterable[CellKey]) -> None:
        """Paint cells that are staged otherwise now."""
        if self.model is not None:
            self.grid.refresh_cells(self.model.places(cells))
            self.show_detail()

    def show_all(self) -> None:
        """Paint everything again."""
        self.grid.repaint()
        self.show_detail()

    def show_detail(self) -> None:
        """Show what is known of the cell under the cursor."""
        if not self.is_mounted or self.model is None:
            return
        grid, shown = self.grid, self.query_one("#detail", TextLines)
        lines = self.model.detail(grid.row, grid.column, grid.selection)
        blank = [TextLine("")] * (NOTE_LINE - len(lines))
        note = self._note if len(self._note) <= shown.size.width else self._note.partition(":")[0]
        shown.show((*lines, *blank, TextLine(note, "quiet")))

    def on_grid_moved(self) -> None:
        """Follow the cursor with the lines below and with what is read."""
        self.fill()
        self.show_detail()

    @property
    def _seen(self) -> range:
        """The rows that are on the screen or selected: what has to be held."""
        grid = self.grid
        rows = grid.selection.rows or (grid.row, grid.row)
        return range(min(grid.top, rows[0]), max(grid.top + grid.height_of_rows - 1, rows[1]) + 1)

    @work(group="count", exclusive=True, exit_on_error=False)
    async def _count(self, listing: PeopleList) -> None:
        try:
            await listing.read_count()
        except SwitchboardError as failure:
            self.post_message(self.Failed(failure))
        else:
            self._bounds_changed(listing)

    def _bounds_changed(self, listing: PeopleList) -> None:
        if self.is_mounted and self.model is not None and self.model.listing is listing:
            self.grid.set_bounds(listing.window.lowest, listing.window.highest)

    def fill(self) -> None:
        """Read what is missing round the rows that are seen, one page after the other."""
        if not self._is_filling:
            self._is_filling = True
            self._fill()

    @work(group="pages", exit_on_error=False)
    async def _fill(self) -> None:
        try:
            # Both look at what is seen by then, and neither waits where nothing is missing: no move goes unnoticed.
            while await self._fill_page() or await self._fill_use():
                pass
        except SwitchboardError as failure:
            self.post_message(self.Failed(failure))
        finally:
            self._is_filling = False

    async def _fill_page(self) -> bool:
        """Read one page of people, False where none is missing."""
        if not self.is_mounted or self.model is None or (listing := self.model.listing) is None:
            return False
        seen = self._seen
        if not await listing.read_more(seen.start, seen.stop - 1):
            return False
        self._bounds_changed(listing)
        if self.is_mounted and self.grid.refresh_missing():
            self.show_detail()
        return True

    async def _fill_use(self) -> bool:
        """Read what one page of people have sent, False where it is known of all."""
        model = self.model
        if not self.is_mounted or model is None or model.listing is None or not model.may_see_use:
            return False
        seen = self._seen
        try:
            held = await model.listing.read_use(seen.start, seen.stop - 1)
        except PermissionDenied:
            model.may_see_use = False
        else:
            if held is None:
                return False
            if self.is_mounted:
                self.grid.refresh_rows(index for index in range(held.start, held.end) if model.has_limit(index))
        self.show_detail()
        return True
