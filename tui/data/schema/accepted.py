"""What others have hung on the tables: which entries are theirs, and whether somebody has accepted them as harmless."""

from __future__ import annotations

import hashlib
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from tui.data.schema.catalogue_queries import fetch_rows
from tui.words.people.names import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from psycopg import AsyncConnection

    from tui.data.schema.shape import CatalogueEntry

NEVER = "It can never be accepted: find out who made it, and drop it."
_WITH_PARTS = ("table", "view", "sequence", "function", "procedure", "aggregate")
# Whether a table of theirs is quicker or stricter is no matter of the log; what runs a function has its own entry.
_HARMLESS_ON_TABLES = ("constraint", "index")
# An acceptance that is not in the log, which is sealed, was written by somebody who did not want it to be seen.
# The time is asked for as well: an adopted log may have no index on its ids.
_ACCEPTED = """
select a.object, a.definition, coalesce(f.first ->> 'operator', ''), f.first ->> 'operator_from',
       f.first ->> 'session_user',
       coalesce(l.details -> 'accepted_first' ->> 'on', to_char(l.created_at, 'YYYY-MM-DD'))
from switchboard.accepted a join public.integration_audit_logs l on l.id = a.log_row
-- Where the row that said so first was archived, this one repeats it (switchboard.keep_acts).
cross join lateral (select coalesce(l.details -> 'accepted_first', l.details) as first) f
where l.action = 'schema_changed' and l.details ->> 'accepted' = a.object and l.details ->> 'definition' = a.definition
  and l.created_at between a.accepted_at - interval '1 minute' and a.accepted_at + interval '1 minute'
"""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The SHA-256 of the definition that was accepted, in hexadecimal digits, by whom, and on which day."""

    definition: str
    by: str
    on: str


def definition_of(entry: CatalogueEntry) -> str:
    """The SHA-256 that stands for an entry's text in an acceptance."""
    return hashlib.sha256(entry.text.encode()).hexdigest()


def object_of(entry: CatalogueEntry) -> str:
    """The name by which a person accepts what an entry is about."""
    return f"{entry.kind} {entry.name}"


async def read_accepted(conn: AsyncConnection[Any]) -> dict[str, Acceptance]:
    """Return what is accepted and in the log, by its name; nothing where this role may not read it.

    Raises psycopg.OperationalError; where the table is not as it was installed, nothing counts.
    """
    try:
        async with conn.transaction():
            records = await fetch_rows(conn, _ACCEPTED)
    except (psycopg.ProgrammingError, psycopg.DataError):
        return {}
    return {
        name: Acceptance(definition, f"{Origin.of(kind, login).mark(operator)} ({login})" if operator else login, on)
        for name, definition, operator, kind, login, on in records
    }


def foreign_entries(shape: Iterable[CatalogueEntry], installed: set[tuple[str, str]]) -> Iterator[CatalogueEntry]:
    """Yield the entries that no installation makes; not those that are harmless.

    `installed` holds kind and name of what an installation makes.
    """
    entries = sorted(entry for entry in shape if (entry.kind, entry.name) not in installed and entry.kind != "schema")
    columns = {entry.name for entry in entries if entry.kind == "column"}
    containers = {entry.name for entry in entries if entry.kind in _WITH_PARTS}
    for entry in entries:
        if entry.kind in _HARMLESS_ON_TABLES and entry.name.startswith("public."):
            continue
        if entry.kind == "default" and entry.name in columns:
            continue
        # Of a thing that is named, in the schema switchboard, its parts are not, nor who may use it.
        name = entry.name.rpartition(" to ")[0] if entry.kind == "grant" else entry.name
        if entry.kind not in _WITH_PARTS and containers & {name, name.rpartition(".")[0]}:
            continue
        yield entry


def foreign_sentence(entry: CatalogueEntry, accepted: Mapping[str, Acceptance]) -> str:
    """Say what is wrong with such an entry; empty where it is accepted as it is now."""
    what = f"The {object_of(entry)}" + (f" ({entry.text})" if entry.kind in ("grant", "owner") else "")
    if entry.harm is not None:
        return f"{what} {entry.harm}."
    acceptance = accepted.get(object_of(entry))
    if acceptance is None:
        return f"{what} is not Switchboard's, and nobody has accepted it."
    if acceptance.definition != definition_of(entry):
        return f"{what} was changed since {acceptance.by} accepted it on {acceptance.on}."
    return ""


def what_to_do(entry: CatalogueEntry) -> str:
    """Say what a person can do about a foreign entry."""
    if entry.harm is not None:
        return NEVER
    command = f"switchboard setup --accept {shlex.quote(object_of(entry))}"
    return f"If it belongs there, run `{command}`; else find out who made it."
