"""The logins that are people: who each is, what it may see, and what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical

from tui.data.access.changes import rehearse, remove_login, removing
from tui.data.access.logins import list_logins
from tui.errors import PermissionDenied, ReadOnlyMode, SchemaNewer
from tui.screens.secret_page import SecretPage
from tui.screens.setup.logins.view import COLUMNS, detail_of, row_of
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.prompt import Choice
from tui.widgets.row_list import RowBody, RowList
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import DetailPane, TextLine, TextLines
from tui.words.counts import counted
from tui.words.log.invocation import Invocation
from tui.words.people.access import (
    NO_LOGINS,
    SHOWN_ONCE,
    removal,
    removed,
)
from tui.words.people.access import saved as said_of
from tui.words.text import fit, safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.access.changes import LoginSaved
    from tui.data.access.logins import Login
    from tui.secret import Secret
    from tui.widgets.frame import Tone

NEEDS_ADMINISTRATOR = "That needs switchboard_admin."
LEFT_BELOW = "A part of it is left to somebody else: see the detail."


class LoginsScreen(SecretPage):
    """Lists logins; a adds one, enter edits one, d removes one. A password that was made is shown here, once."""

    CSS_PATH: ClassVar[Any] = ["screen.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("a", "add", "Add a login", id="logins.add", tooltip="Make a login a person; the login too, if wanted"),
        bind("e", "edit", "Edit the login", id="logins.edit", tooltip="What it may do and see"),
        bind(
            "d", "remove", "Remove the login", id="logins.remove", tooltip="Close it and end its sessions, after asking"
        ),
        bind(
            "y", "copy_password", "Copy the password", id="logins.copy", tooltip="Copy the new password, after asking"
        ),
    ]
    section = "setup"
    is_inner = True

    def __init__(self) -> None:
        super().__init__()
        self._logins: dict[str, Login] = {}
        self._is_refused = False
        self._left: dict[str, Sequence[str]] = {}
        self._saved = ""
        """The login that was saved last, on which the cursor is put once it is read."""
        self._new: tuple[str, Secret] | None = None
        """The login that was saved last and the password that was made for it."""

    def compose_body(self) -> Iterable[Widget]:
        switcher = StateSwitcher(RowList(COLUMNS))
        with Vertical(id="logins"):
            yield switcher
            yield DetailPane(switcher)
        yield TextLines(id="password", classes="detail")

    def on_mount(self) -> None:
        self.hide_secrets()

    def hints(self) -> Hints:
        if self._is_refused:
            return (("esc", "back"), ("?", "help"))
        name = fit(safe_text(self._new[0], 63), 8).rstrip() if self._new is not None else ""
        copy = (("y", f"copy {name}'s password"),) if name else ()
        edit = (("enter", "edit"),) if self._current is not None else ()
        remove = (("d", "remove"),) if self._removable is not None else ()
        acts = () if self.session.read_only else (*copy, ("a", "add"), *edit, *remove)
        return (*acts, ("r", "refresh"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        alive = sum(login.is_mapped for login in self._logins.values())
        if self._is_refused:
            return (Part("Logins", "warning"),)
        return (Part("Logins", "warning"), Part(counted(alive, "login"), "quiet"))

    def invocations(self) -> Sequence[Invocation]:
        return (Invocation("access list"),)

    @property
    def _current(self) -> Login | None:
        """The login under the cursor, unless it was removed."""
        login = self._removable
        return login if login is not None and login.is_mapped else None

    @property
    def _removable(self) -> Login | None:
        """The login under the cursor, where there is anything left to remove."""
        login = self._logins.get(self.query_one(RowBody).current_key or "")
        return login if login is not None and login.is_removable else None

    async def load(self) -> None:
        self.show_loading("the logins")
        try:
            logins = await list_logins(self.session.database)
        except PermissionDenied:
            self._is_refused = True
            role = safe_text(self.session.server.role, 63) if self.session.server else "your role"
            self.query_one(StateSwitcher).show_empty(f"The role {role} may not see logins.", NEEDS_ADMINISTRATOR)
            return
        self._is_refused = False
        if not self.is_mounted:
            return
        self._logins = {login.login: login for login in logins}
        body = self.query_one(RowBody)
        body.show([row_of(login) for login in logins])
        if self._saved in self._logins:
            body.cursor = list(self._logins).index(self._saved)
        self._saved = ""
        switcher = self.query_one(StateSwitcher)
        if logins:
            switcher.show_content()
        else:
            switcher.show_empty(NO_LOGINS, "a  add the first one")
        self._show_detail()

    def on_row_body_moved(self) -> None:
        self._show_detail()
        self.refresh_frame()

    def on_row_body_opened(self) -> None:
        self.action_edit()

    def _show_detail(self) -> None:
        login = self._logins.get(self.query_one(RowBody).current_key or "")
        zone = self.session.settings.timezone
        lines = () if login is None else detail_of(login, self._left.get(login.login, ()), zone)
        self.query_one(DetailPane).show(lines)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("add", "edit", "remove"):
            is_possible = not (self._is_refused or self.is_busy or self.prompt.is_asking)
            subject = {"add": True, "edit": self._current is not None, "remove": self._removable is not None}[action]
            return True if is_possible and subject else None
        if action == "copy_password":
            return self._new is not None and not self.prompt.is_asking
        return super().check_action(action, parameters)

    def action_add(self) -> None:
        if self._may_write():
            self.console.navigation.open_login_form(None, self._after_form)

    def action_edit(self) -> None:
        if self._current is not None and self._may_write():
            self.console.navigation.open_login_form(self._current, self._after_form)

    def _after_form(self, saved: LoginSaved | None) -> None:
        if saved is None:
            return
        self._saved = saved.login.login
        self._left[self._saved] = saved.changed.left_to_do
        words = said_of(saved.login, is_nothing=saved.changed.is_nothing)
        tone: Tone = "warning" if saved.changed.left_to_do else "good"
        left = f" {LEFT_BELOW}" if saved.changed.left_to_do else ""
        self.status.say(f"{safe_text(words, 300)}{left}", tone)
        self._new = None
        if saved.password is not None:
            self._new = saved.login.login, saved.password
            self._show_password(saved.login, saved.password)
        self.start_load()

    def action_remove(self) -> None:
        if self._removable is not None and self._may_write():
            self.act(self._remove(self._removable))

    async def _remove(self, login: Login) -> None:
        database, name = self.session.database, safe_text(login.login, 63)
        rehearsed = await rehearse(database, removing(login))
        # The statements are long, and in the detail afterwards: the list stays in sight.
        later = f" The SQL for that ({counted(len(rehearsed.left_to_do), 'statement')}) is shown then."
        words = removal(login, rehearsed.left_to_do) + (later if rehearsed.left_to_do else "")
        typed = await self.prompt.ask(f"{words}\nType {name} to remove it, or esc to cancel:")
        if typed is None or typed.strip() != login.login:
            self.status.say("Nothing was written.")
            return
        changed = await self.writing(remove_login(database, login))
        self._left[login.login] = changed.left_to_do
        words = removed(name, changed.sessions_ended, changed.left_to_do)
        left = f" {LEFT_BELOW}" if changed.left_to_do else ""
        self.status.say(f"{words}{left}", "warning" if left else "good")
        self.start_load()

    def _may_write(self) -> bool:
        session = self.session
        if session.read_only:
            self.report_failure(SchemaNewer() if session.schema == "newer" else ReadOnlyMode())
        return not session.read_only

    def _show_password(self, login: Login, password: Secret) -> None:
        lines = self.query_one("#password", TextLines)
        lines.display = True
        lines.show(
            [
                TextLine(f"{safe_text(login.login, 63)}: {SHOWN_ONCE[:1].lower()}{SHOWN_ONCE[1:]}"),
                TextLine(password.reveal("shown once to whoever made the login"), "warning"),
                TextLine("Hidden after 30 s; y copies it until you leave this screen.", "quiet"),
            ]
        )
        self.hide_after_a_while()

    def hide_secrets(self) -> None:
        """Take the password off the screen; y still copies it."""
        super().hide_secrets()
        if self.is_mounted:
            lines = self.query_one("#password", TextLines)
            lines.show(())
            lines.display = False

    def action_copy_password(self) -> None:
        if self._new is not None:
            self.act(self._copy_password(*self._new))

    async def _copy_password(self, login: str, password: Secret) -> None:
        name = safe_text(login, 63)
        question = f"Copy the new password of {name} to the terminal's clipboard? Other programs there can read it."
        # Answered by another key than the y that asked.
        if await self.prompt.choose(question, (Choice("enter", "copy"),)) is not None:
            self.app.copy_to_clipboard(password.reveal("the operator asked to copy it"))
            self.status.say("Sent to your terminal's clipboard (cannot be confirmed).")
