"""The actions of the grid's keys on the selection: stage, take back, review, and undo what was applied."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tui.data.permissions.apply import Conflicts, undo_applied
from tui.data.permissions.listing import server_time
from tui.errors import InvalidInput
from tui.screens.permissions.staging import ask_values, stage_copy, stage_revoke, stage_right, stage_values
from tui.screens.permissions.view import applied_words
from tui.words.counts import counted
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.data.permissions.apply import Applied
    from tui.data.permissions.staging import Staged, Step
    from tui.data.permissions.values import Access, Cell
    from tui.data.rights import Right
    from tui.screens.page import Page
    from tui.screens.permissions.model import GridModel
    from tui.screens.permissions.pane import PermissionPane
    from tui.screens.permissions.staging import SelectedCells
    from tui.widgets.grid import Selection


class GridActions:
    """Stages changes of the selected cells; remembers the row that was taken, and the last apply to undo it."""

    def __init__(self, page: Page, pane: PermissionPane) -> None:
        self._page = page
        self._pane = pane
        self._applied: Applied | None = None
        self._taken_row: list[Cell] | None = None
        self._is_reading = False

    def toggle(self, right: Right) -> None:
        """Stage a right for the selected cells, or its removal where all of them have it."""
        self._stage(partial(stage_right, right=right))

    def revoke(self) -> None:
        """Stage the removal of every right from the selected cells."""
        self._stage(stage_revoke)

    def take_row(self) -> None:
        """Remember the row of the person under the cursor for put_row."""
        if not self._is_seen():
            return
        row, model = self._pane.grid.row, self._pane.model
        person = model.person(row) if model else None
        if model is not None and person is not None:
            self._taken_row = model.cells(row)
            name = safe_text(person.label, 40)
            self._page.status.say(f"Copied the permissions of {name}: p gives the same to the selected people.")

    def put_row(self) -> None:
        """Stage the remembered row for the selected people; in a range or a column, only its selected cells."""
        model = self._pane.model
        if self._taken_row is None or model is None:
            self._page.status.say("No permissions are copied yet: Y copies those of the person under the cursor.")
            return
        source = model.as_loaded(self._taken_row)
        whole = self._pane.grid.selection.span in ("cell", "rows")
        self._stage(lambda staged, chosen: stage_copy(staged, source, chosen), whole_rows=whole)

    def set_values(self) -> None:
        """Ask for the expiry or a limit of the selected cells."""
        if not self._is_seen():
            return
        grid, model = self._pane.grid, self._pane.model
        if model is None or (access := model.access(grid.row, grid.column)) is None:
            return
        selection = grid.selection
        alone = selection.span == "cell"
        if alone and not access.rights:
            self._page.status.say("There is no right here, so there is nothing to limit: grant a right first.")
            return
        self._page.act(self._ask(model, access, selection))

    async def _ask(self, model: GridModel, access: Access, selection: Selection) -> None:
        asked_about, session = model.identity_of(selection), self._page.session
        how_many = "this cell" if selection.span == "cell" else model.selection_words(selection)
        clock = partial(server_time, session.database)
        values = await ask_values(self._page.prompt, access, how_many, session.settings.timezone, clock)
        if not values:
            return
        # The answer is for the cells that were asked about, whatever has taken their places meanwhile.
        if model is self._pane.model and model.identity_of(selection) == asked_about:
            self._stage(partial(stage_values, values=values), selection=selection)
        else:
            self._page.status.say("The list was reloaded meanwhile, so nothing was staged: press e again.", "warning")

    def undo(self) -> None:
        """Take back the last step of staging; where nothing is staged, offer to undo what was applied."""
        model = self._pane.model
        if model is None:
            return
        if model.staged.steps:
            cells = model.staged.undo()
            self._pane.show_cells(cells)
            self._page.refresh_frame()
            self._page.status.say(f"Undid the last step: {counted(len(cells), 'cell')}.")
        elif self._applied is not None:
            self._page.act(self._undo_applied(model, self._applied))
        else:
            self._page.status.say(
                "Nothing to undo: nothing is staged, and nothing was applied since this grid was opened."
            )

    def review(self) -> None:
        """Open the review of everything staged."""
        model = self._pane.model
        if model is None or not len(model.staged):
            self._page.status.say("Nothing is staged: v, s and c change rights, e expiry and limits.")
            return
        self._page.status.clear()
        self._page.console.navigation.open_permission_review(model.staged, partial(self._after_review, model))

    def _after_review(self, model: GridModel, staged: Staged, applied: Applied | None) -> None:
        dropped = staged is not model.staged
        model.staged = staged
        if applied is not None:
            self._show_applied(model, applied, "Applied")
        if dropped or applied is None:
            # Somebody else changed something, or may have: show what is there now.
            self._page.start_load()

    def _show_applied(self, model: GridModel, applied: Applied, word: str) -> None:
        self._applied = applied
        if self._taken_row is not None:
            self._taken_row = [
                replace(cell, grant=applied.grants.get(cell.key, cell.grant)) for cell in self._taken_row
            ]
        model.update_grants(applied.grants)
        self._pane.show_all()
        self._page.refresh_frame()
        self._page.status.say(f"{word} in one transaction: {applied_words(applied)}. u undoes all of it.", "good")

    async def _undo_applied(self, model: GridModel, applied: Applied) -> None:
        what = "Undo the last undo" if applied.undo_of else "Undo the last apply"
        question = f"{what} ({applied_words(applied)})? The reverse is written in one transaction."
        if not await self._page.prompt.confirm(question, "undo all"):
            return
        outcome = await self._page.writing(undo_applied(self._page.session.database, applied))
        if isinstance(outcome, Conflicts):
            cells = counted(len(outcome.cells), "cell")
            sentence = f"Not undone: somebody else changed {cells} since. Nothing was written."
            self._page.status.say(sentence, "bad")
            self._page.start_load()
        else:
            self._show_applied(model, outcome, "Undone")

    def _is_seen(self) -> bool:
        """Whether the grid is seen, and no message in its place; else say that the key did nothing."""
        is_seen = self._pane.switcher.shows_content
        if not is_seen and self._page.reading.is_under_way:
            self._page.status.say("The list is being read, so the key did nothing: press it again.", "warning")
        elif not is_seen:
            self._page.status.say("Nobody is shown, so the key did nothing: r reads the list again.", "warning")
        return is_seen

    def _stage(
        self,
        do: Callable[[Staged, SelectedCells], Step],
        *,
        whole_rows: bool = False,
        selection: Selection | None = None,
    ) -> None:
        selection, model = selection or self._pane.grid.selection, self._pane.model
        if model is None or model.listing is None or not model.integrations or self._is_reading:
            return
        if not self._is_seen():
            return
        if selection.rows is None:
            self._page.act(self._stage_for_everybody(model, selection.columns, do))
            return
        if whole_rows:
            selection = replace(selection, columns=(0, len(model.integrations) - 1))
        chosen = model.selected_cells(selection)
        if chosen is None:
            sentence = "Some of these people are still loading, so nothing was staged: press the key again."
            self._page.status.say(sentence, "warning")
        else:
            self._stage_now(model, do, chosen)

    async def _stage_for_everybody(
        self, model: GridModel, columns: tuple[int, int], do: Callable[[Staged, SelectedCells], Step]
    ) -> None:
        self._is_reading = True
        self._page.status.say("Loading everybody listed …")
        try:
            chosen = await model.read_all_cells(columns)
        finally:
            self._is_reading = False
            if self._page.is_mounted:
                self._page.status.clear()
        if not self._page.is_mounted or model is not self._pane.model:
            return
        step = self._stage_now(model, do, chosen)
        if step is not None and step.cells:
            changed = len({user for user, _ in step.cells})
            summary = f"Staged for {changed:,} of the {len(chosen.people):,} people listed."
            self._page.status.say(" ".join((summary, *step.notes)))

    def _stage_now(
        self, model: GridModel, do: Callable[[Staged, SelectedCells], Step], chosen: SelectedCells
    ) -> Step | None:
        try:
            step = do(model.staged, chosen)
        except InvalidInput as refusal:
            self._page.report_failure(refusal)
            return None
        self._pane.grid.use_selection()
        if step.notes:
            self._page.status.say(" ".join(step.notes))
        elif not step.cells:
            self._page.status.say("No changes: the selected cells are like that already.")
        else:
            self._page.status.clear()
        self._pane.show_cells(step.cells)
        self._page.refresh_frame()
        return step
