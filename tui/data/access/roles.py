"""The roles of the server behind logins: what the present role may do with them, and the SQL for whoever may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tui.data.postgres.database import Connection

AccessRole = Literal["admin", "support", "auditor"]
ACCESS_ROLES: tuple[AccessRole, ...] = get_args(AccessRole)
CONNECTION_LIMIT = 8
"""Two consoles at work, each with the four connections of its pool, which gives back what is idle."""

# A grant has its grantor from 16 on, and whoever revokes it has to be that one or have what it has. Before, whoever
# may create roles may grant and revoke every one but a superuser's.
# https://www.postgresql.org/docs/16/release-16.html
GRANTORS_SINCE = 160000

FACTS = """
select current_setting('server_version_num')::int as version, session_user::text as login, current_user::text as role,
       me.rolsuper as is_superuser, me.rolcreaterole as creates_roles,
       pg_has_role('pg_signal_backend', 'USAGE') as signals
  from pg_roles as me where me.rolname = current_user
"""
ROLE = """
select r.oid, r.rolsuper as is_superuser, r.rolreplication or r.rolbypassrls as is_special,
       pg_has_role(r.oid, 'MEMBER WITH ADMIN OPTION') as is_administered, pg_has_role(r.oid, 'USAGE') as is_held,
       not r.rolcanlogin and exists (select from switchboard.logins as l where l.login = r.rolname
                                       and l.login_oid = r.oid and l.removed_at is not null) as was_removed
  from pg_roles as r where r.rolname = %(login)s
"""
GROUPS = """
select g.rolname::text as name, pg_has_role(g.oid, 'MEMBER WITH ADMIN OPTION') as is_administered,
       coalesce(pg_has_role(r.oid, g.oid, 'USAGE'), false) as is_held,
       array(select m.grantor::regrole::text from pg_auth_members as m
              where m.roleid = g.oid and m.member = r.oid) as grantors,
       array(select pg_has_role(m.grantor, 'USAGE') from pg_auth_members as m
              where m.roleid = g.oid and m.member = r.oid) as may_act_as
  from unnest(%(groups)s::text[]) as w (name) join pg_roles as g on g.rolname = w.name
  left join pg_roles as r on r.rolname = %(login)s
"""
SESSIONS = """
select pid from pg_stat_activity where usesysid = %(oid)s and pid <> pg_backend_pid()
"""
END_SESSIONS = f"select count(*) filter (where pg_terminate_backend(s.pid)) as ended from ({SESSIONS}) as s"


def group_of(role: AccessRole) -> str:
    """Return the group that a login of this role is in."""
    return f"switchboard_{role}"


def identifier(name: str) -> str:
    """Return a name as SQL has it."""
    return sql.Identifier(name).as_string(None)


def literal(text: str) -> str:
    """Return a text as SQL has it."""
    return sql.Literal(text).as_string(None).strip()


class Step(NamedTuple):
    """A statement about a role, and whether the present role may run it."""

    statement: str
    is_allowed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group, and how a login is in it: by which grants, each with whether the present role may revoke it."""

    name: str
    is_administered: bool
    is_held: bool
    grantors: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What the server says of a login's role, and of what the present role may do with it.

    `login` is the name of the role that is looked at, `oid` None where there is none. `session_login` and `role` are
    whom the present session logged in as and acts as.
    """

    login: str
    version: int
    session_login: str
    role: str
    is_superuser: bool
    creates_roles: bool
    signals: bool
    oid: int | None
    is_special: bool
    is_administered: bool
    is_held: bool
    was_removed: bool
    """Whether it was a login here, and nobody logs in with it since it was removed."""
    groups: tuple[Group, ...]

    @property
    def may_create(self) -> bool:
        """Whether the present role may make a login."""
        return self.is_superuser or self.creates_roles

    @property
    def may_alter(self) -> bool:
        """Whether the present role may take the login and the password from the role."""
        if self.is_superuser:
            return True
        if self.version >= GRANTORS_SINCE:
            return self.creates_roles and self.is_administered
        return self.creates_roles and not self.is_special

    @property
    def may_become(self) -> bool:
        """Whether the present role may make itself a member of the role, for as long as it ends its sessions."""
        return self.creates_roles if self.version < GRANTORS_SINCE else self.is_administered

    @property
    def may_end_sessions(self) -> bool:
        """Whether the present role may end the sessions of the login."""
        return self.is_superuser or self.signals or self.is_held or self.may_become

    def may_grant(self, group: Group) -> bool:
        """Whether the present role may put logins into the group."""
        if self.is_superuser or group.is_administered:
            return True
        return self.version < GRANTORS_SINCE and self.creates_roles

    def group_steps(self, wanted: str | None) -> Iterator[Step]:
        """Return what puts the login into the wanted group, and takes it out of the others."""
        login = identifier(self.login)
        for group in self.groups:
            name, may = identifier(group.name), self.may_grant(group)
            if group.name == wanted:
                if not group.is_held:
                    # Otherwise a login that was made with noinherit would be in the group and have nothing of it.
                    how = " with inherit true" if self.version >= GRANTORS_SINCE else ""
                    yield Step(f"grant {name} to {login}{how}", may)
            elif self.version >= GRANTORS_SINCE:
                for grantor, may_act_as in group.grantors:
                    # Without a grantor it would be the grant of the present role, whoever made the one that is there.
                    statement = f"revoke {name} from {login} granted by {grantor}"
                    yield Step(statement, may and (may_act_as or self.is_superuser))
            elif group.grantors:
                yield Step(f"revoke {name} from {login}", may)

    def closing_step(self) -> Step:
        """Return what ends every login with the role."""
        return Step(f"alter role {identifier(self.login)} nologin password null", self.may_alter)


def sessions_statement(login: str) -> str:
    """Return the SQL that ends a login's sessions, for whoever may."""
    return f"select pg_terminate_backend(pid) from pg_stat_activity where usename = {literal(login)}"


async def read_role_facts(connection: Connection, login: str) -> RoleFacts:
    """Return what the server says of a role, which need not be there. Raises psycopg.Error."""
    values: dict[str, Any] = {"login": login, "groups": [group_of(role) for role in ACCESS_ROLES]}
    facts = await (await connection.execute(FACTS)).fetchone() or {}
    role = await (await connection.execute(ROLE, values)).fetchone()
    groups = await (await connection.execute(GROUPS, values)).fetchall()
    known = role or dict.fromkeys(("is_special", "is_administered", "is_held", "was_removed"), False) | {"oid": None}
    return RoleFacts(
        login=login,
        version=facts["version"],
        session_login=facts["login"],
        role=facts["role"],
        is_superuser=facts["is_superuser"],
        creates_roles=facts["creates_roles"],
        signals=facts["signals"],
        oid=known["oid"],
        is_special=known["is_special"],
        is_administered=known["is_administered"],
        is_held=known["is_held"],
        was_removed=known["was_removed"],
        groups=tuple(
            Group(
                group["name"],
                group["is_administered"],
                group["is_held"],
                tuple(zip(group["grantors"], group["may_act_as"], strict=True)),
            )
            for group in groups
        ),
    )


def opening_statement(verb: str, login: str, verifier: str | None, expires_at: datetime | None) -> str:
    """Return what creates a role that logs in, or alters one so; without a verifier by other means than a password."""
    parts = [f"{verb} role {identifier(login)} login connection limit {CONNECTION_LIMIT}"]
    if verifier is not None:
        parts.append(f"password {literal(verifier)}")
    if verb == "alter" or expires_at is not None:
        parts.append(f"valid until {literal(expires_at.isoformat() if expires_at else 'infinity')}")
    return " ".join(parts)


async def end_sessions(connection: Connection, facts: RoleFacts) -> int:
    """End the sessions of a role, also in other databases, and return how many there were. Raises psycopg.Error."""
    values = {"oid": facts.oid}
    if not await (await connection.execute(SESSIONS, values)).fetchall():
        return 0
    becomes = not (facts.is_superuser or facts.signals or facts.is_held)
    if becomes:
        # Whoever administers a role may be a member of it, and members may end its sessions. Nobody else sees it.
        how = " with inherit true" if facts.version >= GRANTORS_SINCE else ""
        await connection.execute("savepoint as_member")
        await connection.execute(f"grant {identifier(facts.login)} to {identifier(facts.role)}{how}".encode())
    row = await (await connection.execute(END_SESSIONS, values)).fetchone()
    if becomes:
        await connection.execute("rollback to savepoint as_member")
    return int(row["ended"]) if row else 0
