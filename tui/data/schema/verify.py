"""Whether the schema is as the files make it: what is missing, altered, switched off, or somebody else's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.data.schema.accepted import foreign_entries, foreign_sentence, object_of, read_accepted
from tui.data.schema.catalogue_queries import fetch_rows
from tui.data.schema.expected import GRANTED_ROLES, expected_shape
from tui.data.schema.holes import Hole, find_holes
from tui.data.schema.shape import CatalogueEntry, read_shape
from tui.data.schema.state import schema_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

    from tui.data.schema.accepted import Acceptance
    from tui.data.schema.state import SchemaState

_CAST = re.compile(r"\((\w+)\)::text|::text")
_COLUMNS = re.compile(r"\(([^()]*)\)")
# What 011 had and setup takes away; named only where a later version has run.
FORMER = frozenset(
    {
        ("function", "switchboard.object_or_empty(text)"),
        ("policy", "public.integration_credentials.switchboard_admin_all"),
        ("policy", "public.user_integration_permissions.switchboard_admin_all"),
        ("policy", "public.organization_phone_numbers.switchboard_admin_all"),
    }
)
# Views that an administrator may replace, and that differ with what the database has.
REPLACEABLE = frozenset({"switchboard.people", "switchboard.organizations"})
# For consoles of schema 015, until a login is mapped: then nobody but through the view that filters them.
UNTIL_MAPPED = frozenset(
    ("grant", f"{view} to switchboard_{group}") for view in REPLACEABLE for group in ("admin", "support", "auditor")
)
_MAY_ASK = """
select exists (select from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
               where n.nspname = 'switchboard' and p.proname = 'my_login' and p.pronargs = 0
                 and pg_catalog.has_schema_privilege(n.oid, 'usage')
                 and pg_catalog.has_function_privilege(p.oid, 'execute'))
"""
_HAS_LOGINS = "select database_has_logins from switchboard.my_login()"
_CONTAINERS = ("table", "view", "column", "function")


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference: the entry that is expected (None: nothing of the kind) and the one that is there (None: none)."""

    expected: CatalogueEntry | None
    actual: CatalogueEntry | None
    sentence: str

    @property
    def acceptable(self) -> CatalogueEntry | None:
        """What a person may accept, if it belongs there: somebody else's, and no harm to the log."""
        return self.actual if self.expected is None and self.actual is not None and self.actual.harm is None else None


@dataclass(frozen=True, slots=True)
class Verification:
    """What differs and which holes are open, both empty when all is well; and what of others somebody has accepted.

    A newer version's schema cannot be judged, so all three are empty.
    """

    state: SchemaState
    drifts: tuple[Drift, ...] = ()
    holes: tuple[Hole, ...] = ()
    accepted: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nothing was found."""
        return not self.drifts and not self.holes


async def verify(conn: AsyncConnection[Any], shape: frozenset[CatalogueEntry] | None = None) -> Verification:
    """Compare the catalogue with what an installation of this version has; takes no locks, any role may.

    `shape` is what the catalogue says, where it was read already. Raises psycopg.Error.

    Adopted tables may be looser than fresh ones (nullable columns, longer texts, names, indexes and constraints of
    their own): that is no difference. Whatever else others have added is one until somebody accepts it.
    """
    state = await schema_state(conn)
    if state == "newer":
        return Verification(state)
    if shape is None:
        shape = await read_shape(conn)
    accepted = await read_accepted(conn)
    drifts = differences(shape, await _existing_roles(conn), accepted, has_logins=await _has_logins(conn))
    if state == "outdated":
        drifts = tuple(
            drift
            for drift in drifts
            if drift.expected or drift.actual is None or (drift.actual.kind, drift.actual.name) not in FORMER
        )
    present = {object_of(entry) for entry in shape} - {object_of(drift.actual) for drift in drifts if drift.actual}
    words = [
        f"{name} ({acceptance.by}, {acceptance.on})" for name, acceptance in sorted(accepted.items()) if name in present
    ]
    return Verification(state, drifts, await find_holes(conn), tuple(words))


async def find_foreign(conn: AsyncConnection[Any], shape: frozenset[CatalogueEntry]) -> tuple[Drift, ...]:
    """Return what of a shape is neither installed nor accepted. Raises psycopg.Error."""
    roles, accepted = await _existing_roles(conn), await read_accepted(conn)
    drifts = differences(shape, roles, accepted, has_logins=await _has_logins(conn))
    return tuple(drift for drift in drifts if drift.expected is None)


async def _existing_roles(conn: AsyncConnection[Any]) -> frozenset[str]:
    """The roles that an installation grants to, as far as they exist. Raises psycopg.Error."""
    records = await fetch_rows(
        conn, "select rolname::text from pg_roles where rolname = any (%(roles)s)", {"roles": list(GRANTED_ROLES)}
    )
    return frozenset(name for (name,) in records)


async def _has_logins(conn: AsyncConnection[Any]) -> bool:
    """Whether a login was ever mapped; False where this role may not know. Raises psycopg.Error."""
    ((may_ask,),) = await fetch_rows(conn, _MAY_ASK)
    return bool(may_ask and (await fetch_rows(conn, _HAS_LOGINS))[0][0])


def differences(
    shape: frozenset[CatalogueEntry],
    roles: frozenset[str],
    accepted: Mapping[str, Acceptance] | None = None,
    *,
    has_logins: bool = False,
) -> tuple[Drift, ...]:
    """Compare a shape with the expected one, as far as it concerns the roles that exist."""
    if not any(entry.kind == "policy" and entry.name.endswith(".switchboard_own_select") for entry in shape):
        # People signed in through Supabase see nothing where the database does not know who belongs to what.
        roles -= {"authenticated"}
    expected = [
        entry
        for entry in expected_shape()
        if _concerns(entry, roles) and not (has_logins and (entry.kind, entry.name) in UNTIL_MAPPED)
    ]
    by_name = {(entry.kind, entry.name): entry for entry in shape}
    drifts = []
    for entry in sorted(expected):
        if entry in shape or _is_satisfied(entry, shape, by_name):
            continue
        actual = by_name.get((entry.kind, entry.name)) if entry.kind not in ("constraint", "index") else None
        drifts.append(Drift(entry, actual, _sentence(entry, actual)))
    absent = {
        drift.expected.name
        for drift in drifts
        if drift.expected and not drift.actual and drift.expected.kind in _CONTAINERS
    }
    drifts = [drift for drift in drifts if drift.expected and not _part_of(drift.expected, absent)]
    # Of constraints and indexes there are many by one name.
    installed = {(entry.kind, entry.name) for entry in expected if entry.kind not in ("constraint", "index")}
    foreign = [entry for entry in foreign_entries(shape, installed) if entry not in expected]
    drifts += [
        Drift(None, entry, sentence) for entry in foreign if (sentence := foreign_sentence(entry, accepted or {}))
    ]
    return tuple(drifts)


def _part_of(entry: CatalogueEntry, absent: set[str]) -> bool:
    """Whether the entry is about something whose own absence is said already."""
    name = entry.name.rpartition(" to ")[0] if entry.kind == "grant" else entry.name
    own = set() if entry.kind in _CONTAINERS else {name}
    return bool(absent & (own | {name.rpartition(".")[0]}))


def _concerns(entry: CatalogueEntry, roles: frozenset[str]) -> bool:
    if entry.kind == "grant":
        return entry.name.rpartition(" to ")[2] in roles
    if entry.kind == "policy":
        return any(f" to {role} " in entry.text for role in roles)
    # Which number is installed is schema_state's question.
    return entry.kind != "schema"


def _is_satisfied(
    entry: CatalogueEntry, shape: frozenset[CatalogueEntry], by_name: dict[tuple[str, str], CatalogueEntry]
) -> bool:
    """Whether the database has something that does the same work: a replaced view, or what was there when adopted."""
    actual = by_name.get((entry.kind, entry.name))
    if entry.kind == "view" and entry.name in REPLACEABLE:
        return actual is not None
    if not entry.name.startswith("public."):
        return False
    if entry.kind in ("constraint", "index"):
        same = _same_constraint if entry.kind == "constraint" else _same_index
        return any(
            same(entry.text, other.text)
            for other in shape
            if other.name == entry.name and other.kind in ("constraint", "index")
        )
    if entry.kind == "trigger":
        return entry.name.endswith(".switchboard_updated_at") and _keeps_updated_at(
            entry.name.rpartition(".")[0], shape
        )
    return actual is not None and _loosely_equal(entry, actual)


def _keeps_updated_at(table: str, shape: frozenset[CatalogueEntry]) -> bool:
    return any(
        entry.kind == "trigger"
        and entry.name.startswith(f"{table}.")
        and re.search(r"EXECUTE FUNCTION \S*updated_at\S*\(\)( calls |$)", entry.text)
        for entry in shape
    )


def _loosely_equal(expected: CatalogueEntry, actual: CatalogueEntry) -> bool:
    if expected.kind == "table":
        return not re.search("no row security|forced|unlogged|access method|foreign|view", actual.text)
    return expected.kind == "column" and _base_type(actual.text) == _base_type(expected.text)


def _base_type(text: str) -> str:
    kind = re.sub(r"( not null| identity( by default)?| default .*)+$", "", text)
    return {"smallint": "integer", "bigint": "integer"}.get(
        kind, re.sub(r"^character varying(\(\d+\))?$", "text", kind)
    )


def _same_constraint(expected: str, actual: str) -> bool:
    if expected.startswith("FOREIGN KEY"):
        return actual.startswith(expected.partition(" ON DELETE")[0].removesuffix("(id)"))
    unique = actual.startswith(("PRIMARY KEY", "UNIQUE", "unique btree")) and "WHERE" not in actual
    return unique and sorted(_key(expected)) == sorted(_key(actual))


def _same_index(expected: str, actual: str) -> bool:
    if "INVALID" in actual:
        return False
    if _CAST.sub(r"\1", expected) == _CAST.sub(r"\1", actual):
        return True
    simple = "WHERE" not in expected and "DESC" not in expected and not expected.startswith("unique")
    return simple and "WHERE" not in actual and _key(actual)[:1] == _key(expected)[:1] and "FOREIGN" not in actual


def _key(text: str) -> list[str]:
    """The names of a constraint's or an index's columns, in their order."""
    columns = _COLUMNS.search(text)
    return [name.split()[0] for name in columns[1].split(",")] if columns and columns[1] else []


def _sentence(entry: CatalogueEntry, actual: CatalogueEntry | None) -> str:
    what = f"The {entry.kind} {entry.name}"
    if entry.kind in ("constraint", "index"):
        return f"{entry.name} lacks the {entry.kind} {entry.text}."
    if actual is None:
        return f"{what} ({entry.text}) is missing." if entry.kind == "grant" else f"{what} is missing."
    if entry.kind == "trigger" and "DISABLED" in actual.text:
        return f"{what} is switched off."
    return (_table_sentence(entry, actual) if entry.kind == "table" else "") or f"{what} is not as it was installed."


def _table_sentence(entry: CatalogueEntry, actual: CatalogueEntry) -> str:
    if "unlogged" in actual.text:
        return f"{entry.name} is UNLOGGED: a crash of the server empties it."
    if "no row security" not in entry.text:
        return f"Row security is off on {entry.name}." if "no row security" in actual.text else ""
    if "no row security" not in actual.text:
        return f"Row security was switched on for {entry.name}, so that nobody but its owner sees a row of it."
    return ""
