"""What is looked up of the rows on the list: what the people in them are called, and which rows a search matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len

from tui.data import directory
from tui.screens.audit.view import Names
from tui.words.log.details import people_in
from tui.words.people.scope import not_in_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from tui.data.audit.pages import AuditReader
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

# Somebody may scroll through ten million rows: beyond these only what is on the list is kept.
MOST_PEOPLE = 5_000
MOST_MATCHES = 5_000


class NamesAndMatches:
    """Keeps what was looked up of no more people and rows than somebody looks at; `list_rows` returns those listed."""

    def __init__(self, list_rows: Callable[[], Sequence[AuditRow]]) -> None:
        self._list_rows = list_rows
        self.names = Names()
        self._unknown: set[UUID] = set()
        self._nameless: set[UUID] = set()
        self._has_more_organizations = False
        self.matches: set[UUID] = set()
        self._searched: AuditReader | None = None
        self._is_complete = True

    def search(self, searched: AuditReader | None) -> None:
        """Look from now on for the rows of a reader; None for none."""
        self._searched, self.matches, self._is_complete = searched, set(), searched is None

    async def complete(self) -> bool:
        """Look for matches among the rows held; False where that was done already. Raises what reading raises."""
        searched = self._searched
        if searched is None or self._is_complete:
            return False
        await self._look_for_matches(searched, self._list_rows())
        self._is_complete = searched is self._searched
        return True

    async def look_up(self, database: Database, rows: Sequence[AuditRow]) -> None:
        """Find out what the people and organisations in rows are called, and which rows match.

        Raises what reading raises.
        """
        if self._has_more_organizations:
            await self._name_those_of(database, rows)
        people, unknown = self.names.people, self._unknown
        if len(people) + len(unknown) > MOST_PEOPLE:
            seen = {person for row in self._list_rows() for person in people_in(row)}
            for name in people.keys() - seen:
                del people[name]
            unknown &= seen
        missing = {person for row in rows for person in people_in(row)} - people.keys() - unknown
        if missing:
            people |= await directory.people_by_id(database, missing)
            if unfound := missing - people.keys():
                self.names.unknown = not_in_directory(database.login)
                unknown |= unfound
        self.names.longest = max([self.names.longest, *(cell_len(self.names.who(row)) for row in rows)])
        if self._searched is not None:
            await self._look_for_matches(self._searched, rows)

    async def name_organizations(self, database: Database) -> bool:
        """Find out what organisations are called now: the first of them, and those in the rows held.

        Tells whether a name has changed. Raises what reading raises.
        """
        before = dict(self.names.organizations)
        listed = await directory.list_organizations(database)
        self.names.organizations |= {organization.id: organization.name for organization in listed if organization.name}
        self._has_more_organizations = len(listed) >= directory.LISTED_ORGANIZATIONS
        if self._has_more_organizations:
            self._nameless.clear()
            await self._name_those_of(database, self._list_rows())
        return before != self.names.organizations

    async def _name_those_of(self, database: Database, rows: Sequence[AuditRow]) -> None:
        unnamed = {row.organization_id for row in rows} - self.names.organizations.keys() - self._nameless
        if unnamed:
            names = await directory.organizations_by_id(database, unnamed)
            self.names.organizations |= {identifier: name for identifier, name in names.items() if name}
            self._nameless |= unnamed - self.names.organizations.keys()

    async def _look_for_matches(self, searched: AuditReader, rows: Sequence[AuditRow]) -> None:
        matches = await searched.among([row.id for row in rows]) if rows else set()
        if searched is self._searched:
            if len(self.matches) > MOST_MATCHES:
                self.matches &= {row.id for row in self._list_rows()}
            self.matches |= matches
