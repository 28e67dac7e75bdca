"""Adding, changing and removing logins: the mapping and the roles behind it in one transaction, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.data.access.logins import Login, find_login, list_logins
from tui.data.access.passwords import scram_verifier
from tui.data.access.roles import (
    AccessRole,
    RoleFacts,
    Step,
    end_sessions,
    group_of,
    identifier,
    opening_statement,
    read_role_facts,
    sessions_statement,
)
from tui.data.postgres.failures.login_refusals import login_refusal
from tui.data.scope import require_everything
from tui.errors import InvalidInput, PermissionDenied, SchemaMissing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from tui.data.postgres.database import Connection, Database
    from tui.secret import Secret

MAP = """
select switchboard.map_login(%(login)s::text, %(person)s::uuid, %(role)s::text, %(organizations)s::uuid[], %(sees_all)s,
                             %(speaks_for_others)s, %(note)s::text, %(connected_as)s::text) as id
"""
EDIT = """
select switchboard.edit_login(%(login)s::text, %(role)s::text, %(organizations)s::uuid[], %(sees_all)s,
                              %(note)s::text) as id
"""
REMOVE = "select switchboard.remove_login(%(login)s::text) as id"
MAPS = "maps logins"
LONGEST_NAME_BYTES = 63
LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Scope:
    """What a login may see: these organisations, or all of them."""

    organizations: tuple[UUID, ...] = ()
    sees_all: bool = False


@dataclass(frozen=True, slots=True)
class NewRole:
    """A role that is made with the mapping, or opened after its login was removed.

    Without a password it logs in by other means, such as a certificate.
    """

    password: Secret | None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewLogin:
    """A login to be mapped; `person` is None for one that speaks for others."""

    login: str
    person: UUID | None
    role: AccessRole
    scope: Scope
    note: str | None = None
    new_role: NewRole | None = None


@dataclass(frozen=True, slots=True)
class LoginEdit:
    """What a login is to be from now on, all of it."""

    role: AccessRole
    scope: Scope
    note: str | None

    @classmethod
    def of(cls, login: Login) -> LoginEdit:
        """What it is."""
        organizations = tuple(organization.id for organization in login.organizations)
        return cls(login.role, Scope(organizations, login.sees_all), login.note)


@dataclass(frozen=True, slots=True)
class LoginChanged:
    """A change that was made, or rehearsed: `log_row` is None where the mapping stays as it was.

    `left_to_do` is the SQL that the present role may not run, and somebody else has to; `done` what it has run.
    """

    log_row: UUID | None
    done: tuple[str, ...]
    left_to_do: tuple[str, ...]
    sessions_ended: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was changed."""
        return self.log_row is None and not self.done


@dataclass(frozen=True, slots=True)
class LoginSaved:
    """A login as it was saved; `password` is one that was made here."""

    login: Login
    changed: LoginChanged
    password: Secret | None


async def rehearse(database: Database, change: Callable[[Connection], Awaitable[LoginChanged]]) -> LoginChanged:
    """Make a change and take it back, so that whatever refuses it does so before anybody is asked anything.

    Raises what making it would raise.
    """

    async def unit(connection: Connection) -> LoginChanged:
        await connection.execute("savepoint rehearsal")
        outcome = await change(connection)
        await connection.execute("rollback to savepoint rehearsal")
        return outcome

    return await database.write(unit)


async def require_mapper(database: Database) -> None:
    """Raise PermissionDenied where the present login does not change logins, whoever they are."""
    await database.read(lambda connection: require_everything(connection, MAPS))


def adding(new: NewLogin) -> Callable[[Connection], Awaitable[LoginChanged]]:
    """Return the change that maps a login, and makes its role where that is asked for. Raises InvalidInput."""
    require_name(new.login)

    async def change(connection: Connection) -> LoginChanged:
        await require_everything(connection, MAPS)
        facts = await read_role_facts(connection, new.login)
        _require_group(facts, new.role)
        if new.new_role is not None:
            await _create(connection, facts, new.login, new.new_role)
        values = {
            "login": new.login,
            "person": new.person,
            "speaks_for_others": new.person is None,
            "connected_as": connection.info.user,
        } | _values(new.role, new.scope, new.note)
        log_row = await _call(connection, MAP, values)
        return LoginChanged(log_row, *await _run(connection, facts.group_steps(group_of(new.role))))

    return change


def editing(login: Login, edit: LoginEdit) -> Callable[[Connection], Awaitable[LoginChanged]]:
    """Return the change of what a login may see and is for; its role moves to the group of that."""

    async def change(connection: Connection) -> LoginChanged:
        log_row = await _call(connection, EDIT, {"login": login.login} | _values(edit.role, edit.scope, edit.note))
        facts = await read_role_facts(connection, login.login)
        _require_group(facts, edit.role)
        # Whoever logs in with one that was renamed or made anew is nobody here.
        steps = facts.group_steps(group_of(edit.role)) if login.has_its_role else ()
        return LoginChanged(log_row, *await _run(connection, steps))

    return change


def removing(login: Login) -> Callable[[Connection], Awaitable[LoginChanged]]:
    """Return the change that makes a login nobody's, and its role one that nobody logs in with, in no group of ours.

    Of one that is nobody's already it does to the role what was left to others and never run.
    The role itself stays: what it owns, and what the log says of it, needs its name. One that was dropped, or made anew
    under the same name, is not touched; one that was renamed is closed under its new name.
    """

    async def change(connection: Connection) -> LoginChanged:
        await require_everything(connection, MAPS)
        log_row = await _call(connection, REMOVE, {"login": login.login}) if login.is_mapped else None
        if login.role_name is None:
            return LoginChanged(log_row, (), ())
        facts = await read_role_facts(connection, login.role_name)
        if facts.session_login == login.role_name:
            # The database knows it by the name of the login alone, and only while it is somebody's.
            error, sentence, what_to_do = login_refusal("own_row")
            raise error(sentence, what_to_do)
        closing = (facts.closing_step(),) if login.is_mapped or login.can_log_in else ()
        done, left = await _run(connection, (*closing, *facts.group_steps(None)))
        if login.sessions and not facts.may_end_sessions:
            left = (*left, sessions_statement(login.role_name))
        return LoginChanged(log_row, done, left)

    return change


async def add_login(database: Database, new: NewLogin) -> LoginChanged:
    """Map a login. Raises PermissionDenied, and InvalidInput where the mapping is refused; nothing is written then."""
    return await database.write(adding(new))


async def edit_login(database: Database, login: Login, edit: LoginEdit) -> LoginChanged:
    """Change a login; raises as `add_login`."""
    return await database.write(editing(login, edit))


async def remove_login(database: Database, login: Login) -> LoginChanged:
    """Remove a login, and once that is committed end its sessions where that is allowed; raises as `add_login`."""
    removed = await database.write(removing(login))
    role = login.role_name
    if role is None:
        return removed

    async def end(connection: Connection) -> int:
        facts = await read_role_facts(connection, role)
        return await end_sessions(connection, facts) if facts.may_end_sessions else 0

    # Not before: whoever is thrown out would be back before the login is closed.
    try:
        return replace(removed, sessions_ended=await database.write(end))
    except PermissionDenied:
        # The login is removed all the same: a server may keep more from a role than its attributes say.
        return replace(removed, left_to_do=(*removed.left_to_do, sessions_statement(role)))


def require_name(login: str) -> None:
    """Raise InvalidInput for what is no name of a role."""
    if len(login.encode()) > LONGEST_NAME_BYTES or not login.isprintable() or login != login.strip():
        raise InvalidInput(
            "That is no name for a login.",
            f"Take at most {LONGEST_NAME_BYTES} bytes, without blanks at the ends and control characters.",
        )


def require_note(note: str | None) -> None:
    """Raise InvalidInput for a note that is too long."""
    if note is not None and len(note) > LONGEST_NOTE:
        raise InvalidInput(f"The note is longer than {LONGEST_NOTE} characters.", "Shorten it.")


async def login_after(database: Database, login: str) -> Login:
    """Return a login as it is after a change, removed or not. Raises InvalidInput where it is none."""
    found = await list_logins(database, login)
    return found[0] if found else await find_login(database, login)


def _require_group(facts: RoleFacts, role: AccessRole) -> None:
    if group_of(role) not in [group.name for group in facts.groups]:
        raise SchemaMissing(
            f"The server has no group {group_of(role)} yet.", "Let the owner run `switchboard setup --roles` once."
        )


async def _create(connection: Connection, facts: RoleFacts, login: str, new: NewRole) -> None:
    """Make the role, or open the one that is closed since its login was removed here."""
    if facts.oid is not None and not facts.was_removed:
        raise InvalidInput(
            "The server has a role of that name already.",
            "Give it to the person without making it, or take another name.",
        )
    verb = "alter" if facts.was_removed else "create"
    if not (facts.may_alter if facts.was_removed else facts.may_create):
        steps = "; ".join([opening_statement(verb, login, None, new.expires_at), f"\\password {identifier(login)}"])
        raise PermissionDenied(
            f"The role {facts.role} may not {'open' if facts.was_removed else 'make'} logins.",
            f"Let somebody run this in psql who may: {steps}. Then add it without making it.",
        )
    verifier = scram_verifier(connection, new.password, login) if new.password is not None else None
    await connection.execute(opening_statement(verb, login, verifier, new.expires_at).encode())


async def _run(connection: Connection, steps: Iterable[Step]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Run the steps that are allowed; return those, and the others."""
    listed = tuple(steps)
    for step in listed:
        if step.is_allowed:
            await connection.execute(step.statement.encode())
    return (
        tuple(step.statement for step in listed if step.is_allowed),
        tuple(step.statement for step in listed if not step.is_allowed),
    )


def _values(role: AccessRole, scope: Scope, note: str | None) -> dict[str, Any]:
    require_note(note)
    return {"role": role, "organizations": list(scope.organizations), "sees_all": scope.sees_all, "note": note}


async def _call(connection: Connection, statement: str, values: dict[str, Any]) -> UUID | None:
    row = await (await connection.execute(statement, values)).fetchone()
    log_row: UUID | None = row["id"] if row else None
    return log_row
