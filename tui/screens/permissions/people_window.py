"""The loaded part of the list of people: consecutive pages round the visible rows, numbered from the list's start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tui.data.permissions.listing import Holder, PeoplePage, Place, Use
    from tui.data.permissions.values import Cell, CellKey, Grant

PAGE = 60
Direction = Literal["before", "behind"]


@dataclass(slots=True)
class LoadedPage:
    """One page, the number of its first person, and what its people have sent; `used` is None until it is read."""

    start: int
    page: PeoplePage
    used: dict[tuple[UUID, str], Use] | None = None

    @property
    def end(self) -> int:
        """The number after its last person's."""
        return self.start + len(self.page.people)


@dataclass(slots=True)
class PeopleWindow:
    """Consecutive pages. Only neighbours can be added, since a page is found from the one beside it.

    `at_start` and `at_end` tell whether the list's ends are among them. Numbers are exact as long as nobody else adds
    or removes people; where the start turns out to be elsewhere, `lowest` is its number.
    """

    pages: list[LoadedPage] = field(default_factory=list)
    at_start: bool = False
    at_end: bool = False
    origin: int = 0
    total: int | None = None

    @classmethod
    def beginning(cls, page: PeoplePage) -> PeopleWindow:
        """Return the window that begins with the list's first page."""
        return cls.at_place(0, page, lowest=0, total=None)

    @classmethod
    def at_place(cls, start: int, page: PeoplePage, *, lowest: int, total: int | None) -> PeopleWindow:
        """Return the window on one page, read forwards, whose first person has the number `start`."""
        return cls([LoadedPage(start, page)] if page.people else [], start == lowest, not page.more, lowest, total)

    @classmethod
    def ending(cls, page: PeoplePage, total: int) -> PeopleWindow:
        """Return the window that ends with the list's last page, read backwards; `total` counts all people."""
        total = max(total, len(page.people))
        return cls([LoadedPage(total - len(page.people), page)], not page.more, True, 0, total)

    @property
    def first(self) -> int:
        """The number of the first loaded person."""
        return self.pages[0].start if self.pages else self.origin

    @property
    def end(self) -> int:
        """The number after the last loaded person's."""
        return self.pages[-1].end if self.pages else self.origin

    @property
    def lowest(self) -> int:
        """The number of the first person of the list."""
        return self.first if self.at_start else min(self.origin, self.first)

    @property
    def highest(self) -> int:
        """The number of the last person that the cursor can reach: the list's last one once the count is known."""
        if self.at_end or self.total is None:
            return self.end - 1
        return max(self.end, self.lowest + self.total) - 1

    @property
    def count(self) -> int | None:
        """How many people the list has, None while that is not known."""
        return self.end - self.lowest if self.at_end else self.total

    def person_at(self, index: int) -> tuple[LoadedPage, Holder] | None:
        """Return the person of that number with their page, None where they are not loaded."""
        for loaded in self.pages:
            if loaded.start <= index < loaded.end:
                return loaded, loaded.page.people[index - loaded.start]
        return None

    def index_of(self, user_id: UUID) -> int | None:
        """Return the number of a person, None where they are not loaded."""
        for loaded in self.pages:
            for offset, person in enumerate(loaded.page.people):
                if person.id == user_id:
                    return loaded.start + offset
        return None

    @property
    def people(self) -> dict[UUID, int]:
        """The numbers of all loaded people by their ids."""
        return {holder.id: loaded.start + n for loaded in self.pages for n, holder in enumerate(loaded.page.people)}

    def cells(self, index: int, integration_ids: Iterable[UUID]) -> list[Cell]:
        """Return the cells of the person of that number; an empty list where they are not loaded."""
        match self.person_at(index):
            case (loaded, holder):
                return [loaded.page.cell(holder.id, integration_id) for integration_id in integration_ids]
            case _:
                return []

    def missing_side(self, first: int, last: int) -> Direction | None:
        """Return the side on which these numbers, with half a page round them, reach beyond what is loaded."""
        if not self.pages:
            return None
        if not self.at_end and last + PAGE // 2 >= self.end:
            return "behind"
        if not self.at_start and first - PAGE // 2 < self.first:
            return "before"
        return None

    def edge(self, direction: Direction) -> Place | None:
        """Return the place beyond which the next page in a direction starts."""
        if not self.pages:
            return None
        return self.pages[0].page.first if direction == "before" else self.pages[-1].page.last

    def add(self, page: PeoplePage, direction: Direction) -> None:
        """Add the page that was read beyond `edge(direction)`."""
        if direction == "behind":
            self.at_end = not page.more
            if page.people:
                self.pages.append(LoadedPage(self.end, page))
        else:
            self.at_start = not page.more
            if page.people:
                self.pages.insert(0, LoadedPage(self.first - len(page.people), page))

    def drop_far_pages(self, first: int, last: int) -> None:
        """Drop the pages that lie more than two pages away from these numbers."""
        while len(self.pages) > 1 and self.pages[0].end < first - 2 * PAGE:
            self.origin, self.at_start = self.lowest, False
            del self.pages[0]
        while len(self.pages) > 1 and self.pages[-1].start > last + 2 * PAGE:
            self.total, self.at_end = self.count, False
            del self.pages[-1]

    def update(self, grants: Mapping[CellKey, Grant | None]) -> None:
        """Replace the grants of some cells; None removes one."""
        for loaded in self.pages:
            ids = {person.id for person in loaded.page.people}
            mine = {key: grant for key, grant in grants.items() if key[0] in ids}
            if mine:
                merged = {**loaded.page.grants, **mine}
                present = {key: grant for key, grant in merged.items() if grant is not None}
                loaded.page = replace(loaded.page, grants=present)
