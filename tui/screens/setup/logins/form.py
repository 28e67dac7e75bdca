"""The form that makes a login a person, and the login where that is wanted; or changes what one may do and see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from tui.data.access.changes import (
    LoginChanged,
    LoginEdit,
    LoginSaved,
    NewLogin,
    NewRole,
    Scope,
    add_login,
    adding,
    edit_login,
    editing,
    login_after,
    rehearse,
    require_name,
    require_note,
)
from tui.data.access.logins import find_person_to_map
from tui.data.access.members import locked_out_by_first
from tui.data.access.other_programs import DAYS, NAMED, other_programs
from tui.data.access.passwords import generate_password, require_good_password
from tui.data.access.roles import ACCESS_ROLES, group_of
from tui.data.directory import resolve_organization
from tui.data.permissions.listing import server_time
from tui.data.permissions.values import parse_expiry
from tui.errors import InvalidInput
from tui.screens.form_page import FormPage
from tui.secret import Secret
from tui.widgets.bindings import bind
from tui.widgets.form import CheckLine, CycleLine, Field, Option
from tui.widgets.frame import Hints, Part
from tui.widgets.line_input import LineInput
from tui.words.log.invocation import Invocation
from tui.words.people.access import ROLES, SQL_FOR_OTHERS, also_used_by, lacking, locks_out, login_person_in_full
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence
    from uuid import UUID

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.access.logins import Login
    from tui.data.access.roles import AccessRole
    from tui.data.postgres.database import Connection
    from tui.models.people import Organization

GENERATED, TYPED, NONE = "generated", "typed", "none"
PASSWORDS = (
    Option(GENERATED, "generated", "shown once"),
    Option(TYPED, "typed", "twice, below"),
    Option(NONE, "none", "a certificate or the like"),
)
BETWEEN = ", "


class LoginForm(FormPage):
    """Dismissed with what was saved, or None."""

    CSS_PATH: ClassVar[Any] = ["form.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f2,ctrl+s", "save", "Save", id="login_form.save", tooltip="Save"),
        bind("down", "app.focus_next", "Next field", id="login_form.next"),
        bind("up", "app.focus_previous", "Previous field", id="login_form.previous"),
    ]
    section = "setup"

    def __init__(self, login: Login | None) -> None:
        super().__init__()
        self._login = login
        self._login_name = LineInput(id="name", placeholder="the name of the role, such as eve")
        self._person = LineInput(id="person", placeholder="e-mail or id")
        self._role = CycleLine(
            "Role",
            [Option(role, role, ROLES[role]) for role in reversed(ACCESS_ROLES)],
            chosen=login.role if login else "auditor",
            id="role",
        )
        self._all = CheckLine("sees all organisations", ticked=login is not None and login.sees_all, id="all")
        self._organizations = LineInput(id="organizations", placeholder="names or ids, a comma between them")
        self._note = LineInput((login.note or "") if login else "", id="note", placeholder="what it is for")
        self._create = CheckLine("make the login on the server", ticked=login is None, id="create")
        self._password = CycleLine("Password", PASSWORDS, chosen=GENERATED, id="kind")
        self._typed = LineInput(secret=True, id="typed")
        self._again = LineInput(secret=True, id="again")
        self._expires = LineInput(id="expires", placeholder="never, or a date, 90d, end of year")
        self._initial: tuple[object, ...] = ()

    def compose_body(self) -> Iterable[Widget]:
        login = self._login
        with VerticalScroll(id="fields", can_focus=False):
            if login is None:
                yield Field("Login", self._login_name)
                yield Field("Person", self._person)
            else:
                yield Static(f"{'Login':<19}{safe_text(login.login, 63)}", markup=False)
                yield Static(f"{'Person':<19}{login_person_in_full(login)}", markup=False)
            yield self._role
            yield self._all
            yield Field("Organisations", self._organizations, id="organizations-line")
            yield Field("Note", self._note)
            if login is None:
                yield self._create
                yield self._password
                yield Field("The password", self._typed, id="typed-line")
                yield Field("The same again", self._again, id="again-line")
                yield Field("Password ends", self._expires, id="expires-line")
        yield Static(id="help", classes="detail", markup=False)

    def on_mount(self) -> None:
        login, organization = self._login, self.session.organization
        shown = login.organizations if login is not None else (organization,) if organization is not None else ()
        self._organizations.value = BETWEEN.join(map(_name_to_type, shown))
        if self.session.settings.locked:
            # With a password one would log in past the locked console.
            self._create.ticked = self._create.display = False
        self._initial = self._values()
        self._show_lines()

    def hints(self) -> Hints:
        return (("F2", "save"), ("tab", "next field"), ("space", "tick, choose"), ("esc", "back"), ("F1", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part("Edit a login" if self._login else "Add a login"),)

    def focus_body(self) -> None:
        self.set_focus(self._login_name if self._login is None else self._role)

    def _show_lines(self) -> None:
        """Show what applies to what is chosen."""
        self.query_one("#organizations-line").display = not self._all.ticked
        if self._login is None:
            creates, kind = self._create.ticked, self._password.chosen
            self._password.display = creates
            self.query_one("#expires-line").display = creates and kind != NONE
            for name in ("typed", "again"):
                self.query_one(f"#{name}-line").display = creates and kind == TYPED
        self.query_one("#help", Static).update(self._meaning())

    def _meaning(self) -> str:
        if self._login is not None:
            return "Who it is cannot be changed: another person is another login. It moves to the group of its role."
        if self._create.ticked:
            group = group_of(self._chosen_role)
            return f"The login is made in the group {group}. The server is never told its password."
        return "The login is there already. Whoever logs in with it is that person from then on, whatever they claim."

    def on_check_line_changed(self, event: CheckLine.Changed) -> None:
        event.stop()
        self._show_lines()

    def on_cycle_line_changed(self, event: CycleLine.Changed) -> None:
        event.stop()
        self._show_lines()

    def on_input_changed(self, event: Input.Changed) -> None:
        self.status.clear()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def _values(self) -> tuple[object, ...]:
        return (
            *(field.value.strip() for field in (self._login_name, self._person, self._organizations, self._note)),
            *(self._role.chosen, self._all.ticked, self._create.ticked, self._typed.value, self._expires.value),
        )

    def unsaved(self) -> str:
        return "This login is not saved yet." if self._values() != self._initial else ""

    @property
    def _named(self) -> list[str]:
        """The organisations as typed; none where it sees all."""
        parts = self._organizations.value.split(BETWEEN.strip())
        return [] if self._all.ticked else [part.strip() for part in parts if part.strip()]

    @property
    def _chosen_role(self) -> AccessRole:
        return next(role for role in ACCESS_ROLES if role == self._role.chosen)

    def invocations(self) -> Sequence[Invocation]:
        note = self._note.value.strip()
        values: dict[str, str | bool | Sequence[str]] = {
            "role": self._role.chosen,
            "organizations": self._named,
            "all_organizations": self._all.ticked,
            "note": note,
        }
        if self._login is not None:
            no_note = bool(self._login.note) and not note
            return (Invocation("access edit", values | {"login": self._login.login, "no_note": no_note}),)
        name, person = self._login_name.value.strip(), self._person.value.strip()
        if not (name and person):
            return ()
        if self._create.ticked:
            kind = self._password.chosen
            values |= {"create": True, "ask_password": kind == TYPED, "no_password": kind == NONE}
            values |= {"expires": self._expires.value.strip() if kind != NONE else ""}
        return (Invocation("access add", values | {"login": name, "person": person}),)

    async def save(self) -> bool:
        saved = await (self._add() if self._login is None else self._edit(self._login))
        if saved is not None:
            self.leave(saved)
        return False

    async def _edit(self, login: Login) -> LoginSaved | None:
        edit = LoginEdit(self._chosen_role, await self._scope(), self._typed_note())
        if not await self._may_go_on(editing(login, edit), ()):
            return None
        changed = await self.writing(edit_login(self.session.database, login, edit))
        return LoginSaved(await login_after(self.session.database, login.login), changed, None)

    async def _add(self) -> LoginSaved | None:
        database, name = self.session.database, self._login_name.value.strip()
        require_name(name)
        if not name or not self._person.value.strip():
            raise InvalidInput("Login or person is missing.", "Type both.")
        creates, kind = self._create.ticked, self._password.chosen
        password = self._typed_password(name) if creates and kind == TYPED else None
        expires = self._expires.value.strip() if creates and kind != NONE else ""
        now = await server_time(database)
        expires_at = parse_expiry(expires, now, self.session.settings.timezone) if expires else None
        person = await find_person_to_map(database, self._person.value.strip())
        scope, note = await self._scope(), self._typed_note()

        def new(password: Secret | None) -> NewLogin:
            new_role = NewRole(password, expires_at) if creates else None
            return NewLogin(name, person.id, self._chosen_role, scope, note, new_role)

        programs = [] if creates else await other_programs(database, name)
        warnings = [" ".join(also_used_by(programs, NAMED, DAYS))] if programs else []
        if members := await locked_out_by_first(database, name):
            warnings.insert(0, locks_out(members))
        if not await self._may_go_on(adding(new(None)), warnings):
            return None
        made = generate_password() if creates and kind == GENERATED else None
        changed = await self.writing(add_login(database, new(made or password)))
        return LoginSaved(await login_after(database, name), changed, made)

    async def _may_go_on(
        self, change: Callable[[Connection], Awaitable[LoginChanged]], warnings: Sequence[str]
    ) -> bool:
        """Rehearse a change; where there are warnings, or a part of it is left to others, ask."""
        left = (await rehearse(self.session.database, change)).left_to_do
        role = safe_text(self.session.server.role, 63) if self.session.server else "your role"
        lines = list(warnings)
        if left:
            lines.append(f"{lacking(role)} {SQL_FOR_OTHERS} {'; '.join(left)};")
        return not lines or await self.prompt.confirm("\n".join(lines), "save the rest" if left else "save it")

    async def _scope(self) -> Scope:
        database = self.session.database
        found: list[UUID] = [(await resolve_organization(database, name)).id for name in self._named]
        return Scope(tuple(dict.fromkeys(found)), self._all.ticked)

    def _typed_note(self) -> str | None:
        note = self._note.value.strip() or None
        require_note(note)
        return note

    def _typed_password(self, login: str) -> Secret:
        if self._typed.value != self._again.value:
            raise InvalidInput("The two passwords are not the same.", "Type both again.")
        password = Secret(self._typed.value)
        require_good_password(password, login)
        return password


def _name_to_type(organization: Organization) -> str:
    """What finds the organisation again when it is typed: its name, unless that has what stands between two."""
    name = organization.name or ""
    return str(organization.id) if not name.strip() or BETWEEN.strip() in name else name
