"""The grid with the lines below it, which loads further pages as somebody scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.containers import Vertical

from tui.data.audit.history import history_of_person, of_own_rows
from tui.errors import PermissionDenied, SwitchboardError
from tui.screens.background import background
from tui.screens.logged_detail import LoggedDetail
from tui.screens.paging_pane import PagingPane, ReadFailed
from tui.screens.permissions.view import heading, legend
from tui.widgets.grid import Grid
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import TextLine, TextLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult

    from tui.data.permissions.values import CellKey
    from tui.models.integrations import Integration
    from tui.screens.page import Page
    from tui.screens.permissions.model import GridModel
    from tui.screens.permissions.people_list import PeopleList
    from tui.screens.permissions.people_window import LoadedPage
    from tui.widgets.glyphs import Glyphs
    from tui.widgets.grid_cells import GridRow

NOTE_LINE = 4


class PermissionPane(PagingPane):
    """Shows a model, and loads the pages, the count and the use that its visible rows lack."""

    DEFAULT_CSS = """
    PermissionPane, PermissionPane > #listed { height: 1fr; }
    PermissionPane #legend { height: 1; padding: 0 1; }
    PermissionPane > #detail { height: 6; }
    """

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.model: GridModel | None = None
        self.empty_message = ("", "")
        self._glyphs = glyphs
        self._note = ""
        self._is_loading = False

    @property
    def grid(self) -> Grid:
        """The grid itself."""
        return self.query_one(Grid)

    @property
    def switcher(self) -> StateSwitcher:
        """Shows the grid, or a message in its place."""
        return self.query_one(StateSwitcher)

    def compose(self) -> ComposeResult:
        listed = Vertical(StateSwitcher(Grid(self)), TextLines(id="legend"), id="listed")
        yield listed
        yield LoggedDetail(listed)

    def row(self, index: int) -> GridRow | None:
        """Return a row of the grid."""
        return self.model.row(index) if self.model else None

    def corner(self, index: int) -> tuple[str, str]:
        """Return where the cursor is, and who is listed."""
        return self.model.corner(index) if self.model else ("", "")

    def show_columns(self, integrations: Sequence[Integration]) -> None:
        """Show the integrations as columns; the cursor stays on its integration."""
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
        """Show a sentence on the lowest line; of one that does not fit, the part before the colon."""
        self._note = note
        self.show_detail()

    async def read(self, listing: PeopleList) -> None:
        """Show a listing from its beginning, or read the one that is shown again where it is.

        The cursor stays on its person where they are still near. Until all is read, keys act on what is shown.
        """
        model, grid = self.model, self.grid
        if model is None:
            return
        if model.listing is not None and model.listing.is_same(listing):
            listing = await self._read_again(model, model.listing)
        else:
            await listing.read_beginning()
            self._show_column_of(listing)
        if not self.is_mounted or model is not self.model:
            return
        # Where the cursor is by now: somebody may have moved it since, and acts on whom they see under it.
        before, offset = model.person(grid.row), grid.row - grid.top
        selection = grid.selection
        selected = model.identity_of(selection)
        model.listing, window = listing, listing.window
        index = window.index_of(before.id) if before else None
        if index is None:
            index = min(grid.row, window.highest) if window.first <= grid.row else window.first
        self._show(listing, index, index - offset)
        if selection.span in ("range", "rows") and (
            grid.selection != selection or model.identity_of(selection) != selected
        ):
            grid.unselect()
            cast("Page", self.screen).status.say("The list has changed, so the selection was ended.", "warning")

    async def _read_again(self, model: GridModel, shown: PeopleList) -> PeopleList:
        """Read a listing anew beside the one that is shown, and all of what is seen: bars would go and come again."""
        while True:
            applied = model.applied
            listing = await shown.read_again(self.grid.top)
            while await self._read_visible(listing):
                pass
            # What was applied meanwhile may not be in it.
            if applied == model.applied:
                return listing

    def _show_column_of(self, listing: PeopleList) -> None:
        """Put the cursor on an integration that the filter names, unless it is on one of them."""
        grid, named = self.grid, listing.people_filter.integration_ids
        columns = [n for n, i in enumerate(self.model.integrations if self.model else ()) if i.id in named]
        if columns and grid.column not in columns:
            grid.move_to(grid.row, columns[0])

    async def read_end(self, direction: int) -> None:
        """Load and show the first (-1) or the last (1) page."""
        model = self.model
        if model is None or (listing := model.listing) is None:
            return
        await (listing.read_beginning() if direction < 0 else listing.read_end())
        if self.is_mounted and listing is model.listing:
            index = listing.window.lowest if direction < 0 else listing.window.highest
            self._show(listing, index, index)

    def _show(self, listing: PeopleList, index: int, top: int) -> None:
        window = listing.window
        self._make_room()
        self.grid.set_bounds(window.lowest, window.highest)
        self.grid.place(max(index, window.lowest), top)
        self.show_state()
        self._count(listing)
        self.load_missing()
        self.show_detail()

    def _make_room(self) -> None:
        if self.model is not None:
            self.grid.make_room_for(self.model.longest_label, self.model.longest_cell)

    def show_state(self) -> None:
        """Show the grid, or why it is empty."""
        if self.model is not None and self.model.listing is not None:
            if self.model.listing.window.pages:
                self.switcher.show_content()
            else:
                self.switcher.show_empty(*self.empty_message)

    def show_cells(self, cells: Iterable[CellKey]) -> None:
        """Paint cells again whose staged changes are others now."""
        if self.model is not None:
            self.grid.refresh_cells(self.model.places(cells))
            self.show_detail()

    def show_all(self) -> None:
        """Paint everything again."""
        self.grid.repaint()
        self.show_detail()

    def show_detail(self) -> None:
        """Describe the cell under the cursor, and say what the letters and signs of the grid mean."""
        if not self.is_mounted or self.model is None:
            return
        grid, shown = self.grid, self.query_one(LoggedDetail)
        self.query_one("#legend", TextLines).show((TextLine(legend(self._glyphs, grid.widths.column), "quiet"),))
        shown.leave_to_list(grid.width_wanted)
        lines = self.model.detail(grid.row, grid.column, grid.selection, beside=shown.wraps)
        blank = [TextLine("")] * (min(1, len(lines)) if shown.wraps else NOTE_LINE - len(lines))
        is_cut = not shown.wraps and len(self._note) > shown.size.width
        note = TextLine(self._note.partition(":")[0] if is_cut else self._note, "quiet")
        person, listing = self.model.person(grid.row), self.model.listing
        about = of_own_rows(history_of_person(person.id)) if person else ""
        shown.show_thing((*lines, *blank, note), about, listing and listing.window)

    def on_grid_moved(self) -> None:
        self.load_missing()
        self.show_detail()

    @property
    def _visible_rows(self) -> range:
        """The rows that have to be loaded: those on the screen and the selected ones."""
        grid = self.grid
        rows = grid.selection.rows or (grid.row, grid.row)
        return range(min(grid.top, rows[0]), max(grid.top + grid.height_of_rows - 1, rows[1]) + 1)

    @background("count")
    async def _count(self, listing: PeopleList) -> None:
        try:
            await listing.read_count()
        except SwitchboardError as failure:
            self.post_message(ReadFailed(failure))
        else:
            self._update_bounds(listing)

    def _update_bounds(self, listing: PeopleList) -> None:
        if self.is_mounted and self.model is not None and self.model.listing is listing:
            self.grid.set_bounds(listing.window.lowest, listing.window.highest)

    def load_missing(self) -> None:
        """Load what is missing round the visible rows, one page after the other."""
        if not self._is_loading:
            self._is_loading = True
            self._load_missing()

    @background("pages", exclusive=False)
    async def _load_missing(self) -> None:
        try:
            # Each round looks at the rows visible by then, and nothing is awaited once none is missing: so no move
            # goes unnoticed.
            while await self._load_page() or await self._load_use():
                pass
        except SwitchboardError as failure:
            self.post_message(ReadFailed(failure))
        finally:
            self._is_loading = False

    async def _load_page(self) -> bool:
        """Load one page of people; return False where none is missing."""
        if not self.is_mounted or self.model is None or (listing := self.model.listing) is None:
            return False
        seen = self._visible_rows
        if not await listing.read_more(seen.start, seen.stop - 1):
            return False
        self._make_room()
        self._update_bounds(listing)
        if self.is_mounted and self.grid.refresh_missing():
            self.show_detail()
        return True

    async def _read_visible(self, listing: PeopleList) -> bool:
        """Read one page that the visible rows lack; return False where none is missing."""
        seen = self._visible_rows
        return await listing.read_more(seen.start, seen.stop - 1) or await self._read_use(listing) is not None

    async def _read_use(self, listing: PeopleList) -> LoadedPage | None:
        model, seen = self.model, self._visible_rows
        if model is None or not model.may_see_use:
            return None
        try:
            return await listing.read_use(seen.start, seen.stop - 1)
        except PermissionDenied:
            model.may_see_use = False
            return None

    async def _load_use(self) -> bool:
        """Read what the people of one page have sent; return False where that is known of all."""
        model = self.model
        if not self.is_mounted or model is None or model.listing is None or not model.may_see_use:
            return False
        loaded = await self._read_use(model.listing)
        if model.may_see_use:
            if loaded is None:
                return False
            if self.is_mounted:
                self.grid.refresh_rows(index for index in range(loaded.start, loaded.end) if model.has_limit(index))
        self.show_detail()
        return True
