"""The part of the list of people that is held: consecutive pages round what is seen, numbered from the list's start."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from tui.data.permissions.people import Holder, PeoplePage, Place, Use
    from tui.data.permissions.values import Cell, CellKey, Grant

PAGE = 60
Direction = Literal["before", "behind"]


@dataclass(slots=True)
class Held:
    """One page with the number of its first person, and what its people have used once that is known."""

    start: int
    page: PeoplePage
    used: dict[tuple[UUID, str], Use] | None = None

    @property
    def end(self) -> int:
        """The number behind its last person."""
        return self.start + len(self.page.people)


@dataclass(slots=True)
class PeopleWindow:
    """Consecutive pages. Only neighbours can be added, since a page is found from the one beside it.

    `at_start` and `at_end` tell whether the list's ends are among them. Numbers are exact as long as nobody else adds
    or removes people; where the start turns out to be elsewhere, `lowest` is its number.
    """

    pages: list[Held] = field(default_factory=list)
    at_start: bool = False
    at_end: bool = False
    origin: int = 0
    total: int | None = None

    @classmethod
    def beginning(cls, page: PeoplePage) -> PeopleWindow:
        """The window that begins with the list's first page."""
        return cls.at_place(0, page, lowest=0, total=None)

    @classmethod
    def at_place(cls, start: int, page: PeoplePage, *, lowest: int, total: int | None) -> PeopleWindow:
        """The window on a page that was read forwards and whose first person has the number `start`."""
        return cls([Held(start, page)] if page.people else [], start == lowest, not page.more, lowest, total)

    @classmethod
    def ending(cls, page: PeoplePage, total: int) -> PeopleWindow:
        """The window that ends with the list's last page, read backwards; `total` is how many people there are."""
        total = max(total, len(page.people))
        return cls([Held(total - len(page.people), page)], not page.more, True, 0, total)

    @property
    def first(self) -> int:
        """The number of the first person held."""
        return self.pages[0].start if self.pages else self.origin

    @property
    def end(self) -> int:
        """The number behind the last person held."""
        return self.pages[-1].end if self.pages else self.origin

    @property
    def lowest(self) -> int:
        """The number of the first person of the list."""
        return self.first if self.at_start else min(self.origin, self.first)

    @property
    def highest(self) -> int:
        """The number of the last person that can be gone to: of the list, as far as it is known."""
        if self.at_end or self.total is None:
            return self.end - 1
        return max(self.end, self.lowest + self.total) - 1

    @property
    def count(self) -> int | None:
        """How many people the list has, None while that is not known."""
        return self.end - self.lowest if self.at_end else self.total

    def at(self, index: int) -> tuple[Held, Holder] | None:
        """The person of that number, None where they are not held."""
        for held in self.pages:
            if held.start <= index < held.end:
                return held, held.page.people[index - held.start]
        return None

    def index_of(self, user_id: UUID) -> int | None:
        """The number of a person who is held."""
        for held in self.pages:
            for offset, person in enumerate(held.page.people):
                if person.id == user_id:
                    return held.start + offset
        return None

    @property
    def people(self) -> dict[UUID, int]:
        """The numbers of everybody held."""
        return {holder.id: held.start + n for held in self.pages for n, holder in enumerate(held.page.people)}

    def cells(self, index: int, integration_ids: Iterable[UUID]) -> list[Cell]:
        """The cells of the person of that number; none where they are not held."""
        found = self.at(index)
        return [found[0].page.cell(found[1].id, id_) for id_ in integration_ids] if found else []

    def wanted(self, first: int, last: int) -> Direction | None:
        """On which side a page is missing for showing these numbers and a page's worth on either side of them."""
        if not self.pages:
            return None
        if not self.at_end and last + PAGE // 2 >= self.end:
            return "behind"
        if not self.at_start and first - PAGE // 2 < self.first:
            return "before"
        return None

    def place(self, direction: Direction) -> Place | None:
        """The place beyond which the next page in a direction is read."""
        if not self.pages:
            return None
        return self.pages[0].page.first if direction == "before" else self.pages[-1].page.last

    def add(self, page: PeoplePage, direction: Direction) -> Held:
        """Add the page that was read beyond `place(direction)`."""
        if direction == "behind":
            held = Held(self.end, page)
            self.at_end = not page.more
            if page.people:
                self.pages.append(held)
        else:
            held = Held(self.first - len(page.people), page)
            self.at_start = not page.more
            if page.people:
                self.pages.insert(0, held)
        return held

    def forget(self, first: int, last: int) -> None:
        """Forget the pages that are further than two pages away from these numbers."""
        while len(self.pages) > 1 and self.pages[0].end < first - 2 * PAGE:
            self.origin, self.at_start = self.lowest, False
            del self.pages[0]
        while len(self.pages) > 1 and self.pages[-1].start > last + 2 * PAGE:
            self.total, self.at_end = self.count, False
            del self.pages[-1]

    def put(self, grants: Mapping[CellKey, Grant | None]) -> None:
        """Put what some cells hold now in place of what was read."""
        for held in self.pages:
            ids = {person.id for person in held.page.people}
            mine = {key: grant for key, grant in grants.items() if key[0] in ids}
            if mine:
                merged = {**held.page.grants, **mine}
                kept = {key: grant for key, grant in merged.items() if grant is not None}
                held.page = replace(held.page, grants=kept)
