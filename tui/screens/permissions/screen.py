"""Section 2: the grid of people and integrations on which changes of permissions are staged."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from tui.data.directory import people_are_labelled
from tui.data.permissions.apply import can_change
from tui.data.permissions.effective import enforcement
from tui.data.permissions.grantees import label_person
from tui.data.permissions.listing import integrations_of
from tui.data.rights import RIGHTS, implying
from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.screens.list_page import ListPage
from tui.screens.permissions.grid_actions import GridActions
from tui.screens.permissions.model import GridModel
from tui.screens.permissions.pane import PermissionPane
from tui.screens.permissions.people_list import VIEWS, PeopleList, empty_message, typed_filter
from tui.screens.permissions.staging import ask_person
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.words.counts import counted
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import Binding, BindingType
    from textual.widget import Widget

    from tui.data.permissions.effective import Enforcement
    from tui.data.permissions.listing import Sort
    from tui.data.rights import Right, RightDefinition
    from tui.widgets.row_list import EndWanted
    from tui.words.log.invocation import Invocation

SORTS: tuple[tuple[Sort, str], ...] = (("name", "name"), ("email", "e-mail"), ("granted", "newest grant"))
RIGHT_KEYS = [right.keys.partition(",")[0] for right in RIGHTS.values()]
USERS_HINT = ("i", "who may")
LEAVER_HINT = ("L", "leaver")
EDIT_ACTIONS = frozenset({"right", "revoke", "values", "put_row", "add"})


def _key(keys: str, action: str, name: str, label: str, tooltip: str) -> Binding:
    return bind(keys, action, label, id=f"permissions.{name}", tooltip=tooltip)


def _right_key(right: RightDefinition) -> Binding:
    brings = f"; this also grants {' and '.join(right.implies)}" if right.implies else ""
    takes = f"; revoking it also revokes {' and '.join(implying(right.name))}" if implying(right.name) else ""
    tooltip = f"Grant or revoke {right.name}{brings}{takes}"
    return _key(right.keys, f"right('{right.name}')", right.name, right.name.capitalize(), tooltip)


class PermissionsScreen(ListPage):
    """Shows who may use which integration, stages changes, and hands them to the review."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(_right_key(right) for right in RIGHTS.values()),
        _key("d", "revoke", "revoke", "Revoke", "Revoke every right in the selection"),
        _key("e", "values", "values", "Expiry, limits", "Set the expiry, the daily or the monthly limit"),
        _key("Y", "take_row", "take", "Copy permissions", "Copy the permissions of the person under the cursor"),
        # Not P, which behind an esc begins a sequence (DCS), and swallows what follows.
        _key("p", "put_row", "put", "Paste permissions", "Give the copied permissions to the selected people"),
        _key("u", "undo", "undo", "Undo", "Undo the last step; when nothing is staged, the last apply"),
        _key("A", "review", "review", "Review, apply", "Review everything staged; enter applies it there"),
        _key(
            "w",
            "who",
            "who",
            "Who is shown",
            "Show everybody, or those with access, expiring, or no longer in the directory",
        ),
        _key("S", "sort", "sort", "Sort", "By name, e-mail or newest grant"),
        _key("i", "users", "users", "Who can use it", "Everybody who can use this integration, and why not"),
        _key("L", "leaver", "leaver", "Leaver report", "What this person could reach, and which secrets they know"),
        _key("H", "history", "history", "History", "Show this person's rows in the log; esc goes back"),
        _key("a", "add", "add", "Add a person", "By id and name, where there is no directory"),
        _key("y", "copy", "copy", "Copy row", "Copy the row as text"),
    ]
    section = "permissions"

    def __init__(self) -> None:
        super().__init__()
        self._view = self._sort = 0
        self._may_change = True
        self._is_labelled = False

    @property
    def pane(self) -> PermissionPane:
        """The grid and the lines below it."""
        return self.query_one(PermissionPane)

    @property
    def model(self) -> GridModel | None:
        """What was read and what is staged; None before the first load."""
        return self.pane.model

    def compose_body(self) -> Iterable[Widget]:
        pane = PermissionPane(self.console.glyphs)
        self._grid_actions = GridActions(self, pane)
        yield pane

    def hints(self) -> Hints:
        # The hints of the grid never change with the cursor: on a slow link each repaint of the line is seen.
        if self.model is None or not self.model.integrations:
            return (("1", "integrations"), ("o", "organisation"), ("r", "refresh"), ("?", "help"))
        reading = (("enter", "what they can do"), ("/", "filter"), ("w", "who is shown"))
        if not self._may_edit:
            return (reading[0], USERS_HINT, LEAVER_HINT, *reading[1:], ("o", "organisation"), ("?", "help"))
        return (
            (" ".join(RIGHT_KEYS), "rights"),
            ("e", "limits"),
            ("V", "range"),
            ("A", "review"),
            ("u", "undo"),
            USERS_HINT,
            LEAVER_HINT,
            *reading,
            ("H", "history"),
            ("?", "help"),
        )

    def context(self) -> tuple[Part, ...]:
        staged = len(self.model.staged) if self.model else 0
        view, sort = VIEWS[self._view][0], SORTS[self._sort][1]
        return (
            Part(f"{staged:,} staged" if staged else "", "warning", give=-1),
            *super().context(),
            Part(view if self._view else "", "warning"),
            Part(f"by {sort}" if self._sort else "", "quiet", give=2),
        )

    def unsaved(self) -> str:
        staged = len(self.model.staged) if self.model else 0
        changes = counted(staged, "change of permissions is", "changes of permissions are")
        return f"{changes} staged and not applied." if staged else ""

    def forget_unsaved(self) -> None:
        if self.model is not None:
            self.model.staged.clear()
            self.pane.show_all()
            self.refresh_frame()

    def focus_body(self) -> None:
        self.set_focus(self.pane.grid)

    async def load(self) -> None:
        switcher, organization = self.pane.switcher, self.organization_to_list()
        if organization is None:
            return
        self.show_loading("permissions")
        model = self.model
        if model is None or model.staged.organization_id != organization.id:
            self.pane.model = model = GridModel(organization.id, self.console.glyphs, self.session.settings.timezone)
            self._grid_actions = GridActions(self, self.pane)
        integrations = await integrations_of(self.session.database, organization.id)
        self.pane.show_columns(integrations)
        if not integrations:
            switcher.show_empty("No integration is set up here, so there is nothing to grant.", "1  set one up")
            return
        self._read_privileges(model)
        await self.pane.read(self._listing(model))

    def _listing(self, model: GridModel) -> PeopleList:
        people_filter = typed_filter(self.filter_text, model.integrations, self._view)
        self.pane.empty_message = empty_message(self._view, self.filter_text.strip(), is_labelled=self._is_labelled)
        return PeopleList(self.session.database, model.staged.organization_id, people_filter, SORTS[self._sort][0])

    @background("allowed")
    async def _read_privileges(self, model: GridModel) -> None:
        database = self.session.database
        try:
            self._may_change = await can_change(database)
            self._is_labelled = await people_are_labelled(database)
            state = await enforcement(database)
        except SwitchboardError as failure:
            if self.is_mounted:
                self.report_failure(failure)
            return
        if self.is_mounted and model is self.model:
            self.pane.empty_message = empty_message(self._view, self.filter_text.strip(), is_labelled=self._is_labelled)
            if model.listing is not None and not model.listing.window.pages:
                self.pane.show_state()
            self.refresh_bindings()
            self.refresh_frame()
            self.pane.show_note(self._note(state))

    def filter_changed(self) -> None:
        if self.model is None or self.model.listing is None:
            self.start_load()
        elif self.model.integrations:
            self.run_load(partial(self.pane.read, self._listing(self.model)))

    def _note(self, enforcement: Enforcement) -> str:
        if self.session.read_only:
            return "Read-only mode: nothing can be changed here."
        if not self._may_change:
            role = safe_text(self.session.server.role if self.session.server else "of this login", 30)
            return f"The role {role} may not change permissions: that needs switchboard_admin."
        return enforcement.sentence()

    @property
    def _may_edit(self) -> bool:
        return self._may_change and not self.session.read_only

    def on_grid_opened(self) -> None:
        person = self.model.person(self.pane.grid.row) if self.model else None
        if person is not None:
            self.console.navigation.open_access_of(person)

    def on_end_wanted(self, event: EndWanted) -> None:
        grid, model = self.pane.grid, self.model
        if model is None or model.listing is None:
            return
        window = model.listing.window
        if window.at_start if event.direction < 0 else window.at_end:
            grid.move_to(window.lowest if event.direction < 0 else window.highest, grid.column)
        elif grid.selection.span in ("range", "rows"):
            self.status.say("Arrow and page keys extend a range; | selects a column for everybody listed.")
        else:
            self.run_load(partial(self.pane.read_end, event.direction))

    def invocations(self) -> Sequence[Invocation]:
        person = self.model.person(self.pane.grid.row) if self.model else None
        return (self.invocation("permissions list", user=str(person.id) if person else ""),)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in EDIT_ACTIONS and not (self._may_edit and not self.is_busy and self.model is not None):
            return None
        return None if action in ("review", "undo") and self.is_busy else True

    def action_right(self, right: Right) -> None:
        self._grid_actions.toggle(right)

    def action_revoke(self) -> None:
        self._grid_actions.revoke()

    def action_values(self) -> None:
        self._grid_actions.set_values()

    def action_take_row(self) -> None:
        self._grid_actions.take_row()

    def action_put_row(self) -> None:
        self._grid_actions.put_row()

    def action_undo(self) -> None:
        self._grid_actions.undo()

    def action_review(self) -> None:
        self._grid_actions.review()

    def action_who(self) -> None:
        self._view = (self._view + 1) % len(VIEWS)
        self.filter_changed()
        self.refresh_frame()

    def action_sort(self) -> None:
        self._sort = (self._sort + 1) % len(SORTS)
        self.filter_changed()
        self.refresh_frame()

    def action_users(self) -> None:
        grid = self.pane.grid
        if self.model is not None and grid.column < len(self.model.integrations):
            self.console.navigation.open_users_of(self.model.integrations[grid.column])

    def action_leaver(self) -> None:
        person = self.model.person(self.pane.grid.row) if self.model else None
        if person is not None:
            self.console.navigation.open_leaver_report(person)

    def action_history(self) -> None:
        from tui.data.audit.history import history_of_person

        person = self.model.person(self.pane.grid.row) if self.model else None
        if person is not None:
            self.console.navigation.open_history(history_of_person(person.id), safe_text(person.label, 40))

    def action_add(self) -> None:
        if self.model is not None:
            self.act(self._add(self.model))

    async def _add(self, model: GridModel) -> None:
        if not self._is_labelled:
            self.status.say("People come from this database's directory; add them there.")
            return
        person = await ask_person(self.prompt)
        if person is not None:
            organization_id = model.staged.organization_id
            holder = await self.writing(label_person(self.session.database, organization_id, *person))
            self.status.say(f"{safe_text(holder.label, 60)} was added to the list.", "good")
            self.start_load()

    def action_copy(self) -> None:
        if self.model is not None and (text := self.model.row_text(self.pane.grid.row)):
            self.copy_row(text)

    def action_back(self) -> None:
        # The first press only ends a selection.
        if not self.pane.grid.unselect():
            super().action_back()
