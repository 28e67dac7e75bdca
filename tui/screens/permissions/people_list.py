"""Reads the people of one organisation, filtered and sorted, page by page as somebody scrolls."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.data.directory import people_by_id
from tui.data.permissions.listing import PeopleFilter, count_people, people_page, use_of
from tui.data.rights import RIGHTS, in_order
from tui.errors import InvalidInput
from tui.providers.naming import type_in_full
from tui.screens.permissions.people_window import PAGE, LoadedPage, PeopleWindow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from tui.data.permissions.listing import PeoplePage, Place, Sort
    from tui.data.postgres.database import Database
    from tui.data.rights import Right
    from tui.models.integrations import Integration
    from tui.models.people import Person

MOST_AT_ONCE = 5_000
BIG_PAGE = 1_000
# What is shown of the people, in words, with the filter's fields that say so.
VIEWS: tuple[tuple[str, Mapping[str, bool]], ...] = (
    ("everybody", {}),
    ("with access", {"only_with_access": True}),
    ("expiring within 30 days", {"expires_within_30_days": True}),
    ("no longer in the directory", {"no_longer_in_directory": True}),
)
EMPTY_MESSAGES = (
    ("Nobody is in the directory of this organisation.", "o  choose another organisation"),
    ("Nobody has access to anything here.", "w  show others"),
    ("Nobody's access expires within 30 days.", "w  show others"),
    ("Everybody listed is in the directory.", "w  show others"),
)


FEWEST_CHARACTERS = 3
CAN = "can:"


def typed_filter(text: str, integrations: Sequence[Integration], view: int) -> PeopleFilter:
    """Return what was typed as a filter: a part of a person or of an integration's name or type, and can:RIGHT.

    An integration is meant from the beginning of one of its words on, by three characters at least: what is in the
    middle of "Exotel" and "mail" is in many people's names. can: alone asks for nothing yet.
    """
    words = text.split()
    rights = {word: _right_of(word) for word in words if word.casefold().startswith(CAN)}
    asked = [word for word, right in rights.items() if right is not None or word.casefold() == CAN]
    rest = " ".join(word for word in words if word not in asked) if asked else text.strip()
    return PeopleFilter(
        rest,
        rights=in_order(right for right in rights.values() if right is not None),
        integration_ids=tuple(i.id for i in integrations if i.id is not None and _is_meant(i, rest)),
        **VIEWS[view][1],
    )


def _right_of(word: str) -> Right | None:
    """Return the right that can:RIGHT names, or begins to."""
    begun = word.casefold().removeprefix(CAN)
    return next((right for right in RIGHTS if begun and right.startswith(begun)), None)


def _is_meant(integration: Integration, text: str) -> bool:
    names = f"{type_in_full(integration.integration_type)} {integration.display_name or ''}".casefold()
    begins = re.search(rf"(?<![^\W_]){re.escape(text.casefold())}", names)
    return len(text) >= FEWEST_CHARACTERS and begins is not None


def empty_message(view: int, text: str, *, is_labelled: bool) -> tuple[str, str]:
    """Return why a listing is empty, and the key that changes it."""
    if text:
        return f"Nobody matches “{text}”: a name, an e-mail, an integration or can:send.", "esc  clear the filter"
    if is_labelled and not view:
        return "There is no directory of people here, so they are added by their ids.", "a  add a person"
    return EMPTY_MESSAGES[view]


class PeopleList:
    """One listing with its loaded part, `window`. Another filter or order is another listing."""

    def __init__(self, database: Database, organization_id: UUID, people_filter: PeopleFilter, sort: Sort) -> None:
        self.organization_id = organization_id
        self.people_filter = people_filter
        self.sort = sort
        self.window = PeopleWindow()
        self.granters: dict[UUID, Person] = {}
        """Who granted what is loaded, as far as the directory knows them."""
        self._database = database

    def is_same(self, other: PeopleList) -> bool:
        """Whether both list the same people in the same order."""
        mine, theirs = (
            (listing._database, listing.organization_id, listing.people_filter, listing.sort)
            for listing in (self, other)
        )
        return mine == theirs

    @property
    def heading(self) -> str:
        """The heading of the column of people: who is listed, in a word or two."""
        people_filter = self.people_filter
        if people_filter.only_with_access:
            return "With access"
        if people_filter.expires_within_30_days:
            return "Expiring"
        return "Not in directory" if people_filter.no_longer_in_directory else "Person"

    async def read_beginning(self) -> None:
        """Load the first page and drop the others."""
        self.window = PeopleWindow.beginning(await self._page(None))

    async def read_again(self, top: int) -> PeopleList:
        """Return the listing with only the page round the person of that number, read anew; this one stays as it is.

        It is read from the place before it, so that people who came or went do not shift it.
        """
        again = PeopleList(self._database, self.organization_id, self.people_filter, self.sort)
        again.granters, window = self.granters, replace(self.window, pages=[*self.window.pages])
        index = next((i for i, page in enumerate(window.pages) if page.start <= top < page.end), 0)
        if index == 0 and not window.at_start and window.pages:
            # The place before the first loaded page is the end of the page before it.
            window.add(await self._page(window.edge("before"), backwards=True), "before")
            index = next((i for i, page in enumerate(window.pages) if page.start <= top < page.end), 0)
        if index == 0:
            page, start = await self._page(None), window.lowest
        else:
            page, start = await self._page(window.pages[index - 1].page.last), window.pages[index].start
        if page.people:
            again.window = PeopleWindow.at_place(start, page, lowest=window.lowest, total=window.count)
        else:
            await again.read_beginning()
        return again

    async def read_end(self) -> None:
        """Load the last page and drop the others."""
        total, page = await asyncio.gather(self._count(), self._page(None, backwards=True))
        self.window = PeopleWindow.ending(page, total)

    async def read_more(self, first: int, last: int) -> bool:
        """Load one page that is missing round these numbers and drop far ones; return False where none is missing."""
        window = self.window
        direction = window.missing_side(first, last)
        if direction is None:
            return False
        window.add(await self._page(window.edge(direction), backwards=direction == "before"), direction)
        window.drop_far_pages(first, last)
        return True

    async def read_count(self) -> None:
        """Count everybody in the listing."""
        window = self.window
        total = await self._count()
        if window is self.window:
            window.total = total

    async def read_use(self, first: int, last: int) -> LoadedPage | None:
        """Read what the people of one page round these numbers have sent; return None where all of it is known.

        Raises PermissionDenied where the role may not read the log.
        """
        near = [page for page in self.window.pages if page.used is None and page.end > first and page.start <= last]
        if not near:
            return None
        used = await use_of(self._database, self.organization_id, [person.id for person in near[0].page.people])
        near[0].used = used
        return near[0]

    async def read_everybody(self) -> list[PeoplePage]:
        """Read all pages of the listing. Raises InvalidInput where that is more than MOST_AT_ONCE people."""
        pages: list[PeoplePage] = []
        beyond: Place | None = None
        total = await self._count()
        while total <= MOST_AT_ONCE:
            page = await self._people(beyond, BIG_PAGE)
            pages.append(page)
            beyond = page.last
            if not page.more:
                return pages
        raise InvalidInput(
            f"{total:,} people are listed, and at most {MOST_AT_ONCE:,} are changed at once.",
            "Filter the list (/ or w) until it holds fewer, or select a range (V).",
        )

    async def _page(self, beyond: Place | None, *, backwards: bool = False) -> PeoplePage:
        """Read a page that is to be looked at, and the names of whoever granted what is on it."""
        page = await self._people(beyond, PAGE, backwards=backwards)
        granters = {grant.granted_by for grant in page.grants.values() if grant.granted_by is not None}
        self.granters |= await people_by_id(self._database, granters - self.granters.keys())
        return page

    async def _people(self, beyond: Place | None, limit: int, *, backwards: bool = False) -> PeoplePage:
        return await people_page(
            self._database, self.organization_id, self.people_filter, self.sort, beyond, limit, backwards=backwards
        )

    async def _count(self) -> int:
        return await count_people(self._database, self.organization_id, self.people_filter)
