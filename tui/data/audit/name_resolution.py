"""The users and organisations of a filter: names, e-mails and ids, looked up in the directory."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.data.audit.filter import OPERATOR
from tui.data.audit.qualifiers import EVERY, NOBODY, QUALIFIERS, TEXT, Term
from tui.data.directory import list_organizations, organizations_called, parse_uuid
from tui.data.postgres.like_patterns import containing
from tui.errors import FilterError
from tui.words.people.names import MARK
from tui.words.people.scope import in_sight
from tui.words.text import plain

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Database

MOST_PEOPLE = 200
SHOWN = 60

# Whoever is called exactly that, or else everybody whose name or e-mail has it in it.
PEOPLE = """
select p.id, lower(p.email) = lower(%(name)s) or lower(p.name) = lower(%(name)s) as exactly
  from switchboard.visible_people as p
 where p.name ilike %(pattern)s or p.email ilike %(pattern)s
 order by 2 desc nulls last, p.id limit %(limit)s
"""
NAMES = "select p.email, p.name from switchboard.visible_people as p order by p.is_active desc, p.id limit 5000"


@dataclass(frozen=True, slots=True)
class ResolvedFilter:
    """A filter whose people and organisations are ids, and what should be said about that, a sentence each.

    It is of the rows of `organization_id` unless it names others.
    """

    audit_filter: AuditFilter
    organization_id: UUID | None
    notes: tuple[str, ...] = ()

    def is_of(self, text: str, organization_id: UUID | None) -> bool:
        """Whether it is what a text means for an organisation."""
        return (self.audit_filter.text, self.organization_id) == (text, organization_id)


async def resolve_filter(database: Database, audit_filter: AuditFilter, organization_id: UUID | None) -> ResolvedFilter:
    """Look up the users and organisations of a filter.

    A filter without org: gets `organization_id`; None stands for all that this login may read, as `org:*` does. A user
    is an id, else everybody with exactly that e-mail or name, in any case, else everybody whose e-mail or name contains
    it, else the name that an operator went by in the log. `none` stands for rows without a user.
    Raises FilterError for an organisation that is not known, or whose name more than one has.
    """
    terms: list[Term] = []
    notes: list[str] = []
    for term in audit_filter.terms:
        directory = None if term.ids is not None or term.name == TEXT else QUALIFIERS[term.name].directory
        if directory == "people":
            by_id, nobody = await _resolve_user(database, term)
            terms.append(by_id)
            notes += nobody
        elif directory == "organizations":
            terms.append(await _resolve_organization(database, term, audit_filter.text))
        else:
            terms.append(term)
    if organization_id is not None and not any(term.name == "org" for term in terms):
        # Those of a scoped login are not named here: they stand in its plans as a list already (sql/017_scope.sql), and
        # named twice a histogram of ten organisations took 134 ms in place of 27, a first page 4.5 in place of 2.1.
        terms.append(Term("org", (str(organization_id),), ids=(organization_id,)))
    if audit_filter.since is not None and audit_filter.until is not None and audit_filter.since >= audit_filter.until:
        notes.append("The time of until: is not after the time of since:, so no row matches this filter.")
    return ResolvedFilter(replace(audit_filter, terms=tuple(terms)), organization_id, tuple(notes))


async def _resolve_user(database: Database, term: Term) -> tuple[Term, list[str]]:
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
        people = await _people_called(database, name)
        ids += people
        if not people:
            labels.append(name)
            notes.append(await _unknown_user_note(database, name))
        elif len(people) == MOST_PEOPLE:
            called = f"More than {MOST_PEOPLE} people have {_shorten(name)} in their name"
            notes.append(f"{called}; only the first of them are searched for.")
    return replace(term, ids=tuple(dict.fromkeys(ids)), labels=tuple(labels)), notes


async def _people_called(database: Database, name: str) -> list[UUID]:
    rows = await database.fetch_all(PEOPLE, {"name": name, "pattern": containing(name), "limit": MOST_PEOPLE})
    exact = [row["id"] for row in rows if row["exactly"]]
    return exact or [row["id"] for row in rows]


async def _unknown_user_note(database: Database, name: str) -> str:
    listed = await database.fetch_all(NAMES)
    names = {text.lower(): text for row in listed for text in (row["email"], row["name"]) if text}
    similar = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7)
    hint = f" Did you mean {_shorten(names[similar[0]])}?" if similar else ""
    nobody = f"Nobody{in_sight(database.login) or ' in the directory'}"
    return f"{nobody} is called {_shorten(name)}; operators with that name are searched for.{hint}"


async def _resolve_organization(database: Database, term: Term, text: str) -> Term:
    ids: list[UUID] = []
    for name in term.values:
        if name == EVERY:
            continue
        organization_id = parse_uuid(name)
        if organization_id is not None:
            if database.login is not None and not database.login.sees(organization_id):
                problem, what_to_do = "Your login sees no organisation of that id.", "org:* is all that it sees."
                raise FilterError(problem, what_to_do, text=text, offset=term.offset, length=term.length)
            # Rows of one that was deleted, and of none, are in the log all the same.
            ids.append(organization_id)
            continue
        matches = [organization.id for organization in await organizations_called(database, name)]
        if len(matches) == 1:
            ids += matches
        else:
            names = {
                organization.name.lower(): organization.name
                for organization in await list_organizations(database)
                if organization.name
            }
            similar = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
            which = "More than one organisation" if matches else f"No organisation{in_sight(database.login)}"
            problem = f"{which} has that name."
            what_to_do = (
                f"Did you mean {_shorten(names[similar[0]])}?" if similar and not matches else "Use its id, a UUID."
            )
            raise FilterError(problem, what_to_do, text=text, offset=term.offset, length=term.length)
    return replace(term, ids=tuple(dict.fromkeys(ids)))


def _shorten(name: str) -> str:
    shown = plain(name)
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}\u2026"
