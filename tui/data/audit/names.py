"""Whom the users and organisations of a filter mean: names, e-mails and ids looked up in the directory."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.data.audit.filter import EVERY, NOBODY, OPERATOR, Term
from tui.data.directory import list_organizations, organizations_called, parse_uuid
from tui.data.postgres.patterns import containing
from tui.errors import FilterError
from tui.words.people import MARK
from tui.words.text import plain

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.audit.filter import LogFilter
    from tui.data.postgres.database import Connection, Database

MOST_PEOPLE = 200
SHOWN = 60

# Whoever is called exactly that, or else everybody whose name or e-mail has it in it.
PEOPLE = """
select p.id, lower(p.email) = lower(%(name)s) or lower(p.name) = lower(%(name)s) as exactly
  from switchboard.people as p
 where p.name ilike %(pattern)s or p.email ilike %(pattern)s
 order by 2 desc nulls last, p.id limit %(limit)s
"""
NAMES = "select p.email, p.name from switchboard.people as p order by p.is_active desc, p.id limit 5000"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A filter whose people and organisations are ids, and what should be said about that, a sentence each."""

    log_filter: LogFilter
    notes: tuple[str, ...] = ()


async def resolve_filter(database: Database, log_filter: LogFilter, organization_id: UUID | None) -> Resolved:
    """Look up the users and organisations of a filter.

    A filter without org: is of `organization_id`, None being all that this login may read, as `org:*` is. A user is an
    id, or whoever has that e-mail or name, in any case, or else everybody whose name or e-mail has it in it; what
    nobody is called is looked for as the name that an operator went by. `none` is rows without a user.
    Raises FilterError for an organisation that is not known, or whose name more than one has.
    """
    terms: list[Term] = []
    notes: list[str] = []
    for term in log_filter.terms:
        if term.ids is not None:
            terms.append(term)
        elif term.name == "user":
            found, said = await _user(database, term)
            terms.append(found)
            notes += said
        elif term.name == "org":
            terms.append(await _org(database, term, log_filter.text))
        else:
            terms.append(term)
    if organization_id is not None and not any(term.name == "org" for term in terms):
        terms.append(Term("org", (str(organization_id),), ids=(organization_id,)))
    if log_filter.since is not None and log_filter.until is not None and log_filter.since >= log_filter.until:
        notes.append("What until: says is not after what since: says, so no row is in this filter.")
    return Resolved(replace(log_filter, terms=tuple(terms)), tuple(notes))


async def _user(database: Database, term: Term) -> tuple[Term, list[str]]:
    ids: list[UUID] = []
    labels: list[str] = []
    notes: list[str] = []
    # As the log shows them: claimed.
    for name in (value.removeprefix(MARK) or value for value in term.values):
        person_id = parse_uuid(name)
        if person_id is not None:
            ids.append(person_id)
            continue
        if name == NOBODY:
            continue
        if name.startswith(OPERATOR):
            labels.append(name.removeprefix(OPERATOR))
            continue
        found = await _people_called(database, name)
        ids += found
        if not found:
            labels.append(name)
            notes.append(await _nobody(database, name))
        elif len(found) == MOST_PEOPLE:
            notes.append(f"More than {MOST_PEOPLE} people have {_short(name)} in their name; the first are looked for.")
    return replace(term, ids=tuple(dict.fromkeys(ids)), labels=tuple(labels)), notes


async def _people_called(database: Database, name: str) -> list[UUID]:
    async def unit(connection: Connection) -> list[UUID]:
        values = {"name": name, "pattern": containing(name), "limit": MOST_PEOPLE}
        rows = await (await connection.execute(PEOPLE, values)).fetchall()
        exact = [row["id"] for row in rows if row["exactly"]]
        return exact or [row["id"] for row in rows]

    return await database.read(unit)


async def _nobody(database: Database, name: str) -> str:
    async def unit(connection: Connection) -> list[str]:
        rows = await (await connection.execute(NAMES)).fetchall()
        return [text for row in rows for text in (row["email"], row["name"]) if text]

    known = {text.lower(): text for text in await database.read(unit)}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.7)
    meant = f" Did you mean {_short(known[near[0]])}?" if near else ""
    return f"Nobody in the directory is called {_short(name)}; operators who went by that name are looked for.{meant}"


async def _org(database: Database, term: Term, text: str) -> Term:
    ids: list[UUID] = []
    for name in term.values:
        if name == EVERY:
            continue
        organization_id = parse_uuid(name)
        if organization_id is not None:
            # Rows of one that was deleted, and of none, are in the log all the same.
            ids.append(organization_id)
            continue
        found = [organization.id for organization in await organizations_called(database, name)]
        if len(found) == 1:
            ids += found
        else:
            names = {
                organization.name.lower(): organization.name
                for organization in await list_organizations(database)
                if organization.name
            }
            near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
            wrong = "No organisation has that name." if not found else "More than one organisation has that name."
            what_to_do = f"Did you mean {_short(names[near[0]])}?" if near and not found else "Use its id, a UUID."
            raise FilterError(wrong, what_to_do, text=text, offset=term.offset, length=term.length)
    return replace(term, ids=tuple(dict.fromkeys(ids)))


def _short(name: str) -> str:
    shown = plain(name)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}\u2026"
