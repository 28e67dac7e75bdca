"""A detail pane that also has the newest rows of the log about its thing, where it stands on a high and wide screen."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from tui.errors import PermissionDenied, SwitchboardError
from tui.screens.background import background
from tui.widgets.text_lines import DetailPane, TextLine, wrapped
from tui.words.people.names import NAME_MOST
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo
    from uuid import UUID

    from textual.widget import Widget

    from tui.models.log import AuditRow
    from tui.models.people import Person
    from tui.screens.page import Page
    from tui.widgets.frame import Tone

TALL = 40
"""Lines of a screen from which on it has the newest rows."""
REST_S = 0.25
"""How long the cursor rests before the log is asked: who holds a key down asks once, at the end."""
MOST_ROWS = 12
HEADING = "Newest in the log"
TONES: dict[str, Tone] = {"failed": "bad", "pending": "warning"}
Entry = tuple[TextLine, ...]


class LoggedDetail(DetailPane):
    """Asks for the rows of each thing once until the page has read anew; whoever may not read them is shown none.

    Each time that is one page of the log, bounded as every page is, and the names of the people in it.
    """

    def __init__(self, listed: Widget) -> None:
        super().__init__(listed)
        self._facts: Sequence[TextLine] = ()
        self._filter = ""
        self._of: object = None
        self._found: dict[str, tuple[Entry, ...]] = {}
        self._asked: set[str] = set()
        self._is_refused = False
        self._is_asking = False

    def show_thing(self, facts: Sequence[TextLine], filter_text: str, of: object) -> None:
        """Show what is known of a thing, and the rows that a filter finds, which hold as long as `of` is the same."""
        organization = self._page.session.organization
        # Never those of another organisation, which may have a thing of the same name.
        self._facts, self._filter = (
            facts,
            (f"{filter_text} org:{organization.id}" if organization and filter_text else ""),
        )
        if of is not self._of:
            # What was found of the thing stays until it is read again.
            self._of, self._asked, self._is_refused = of, set(), False
            self._found = {text: found for text, found in self._found.items() if text == self._filter}
        self._show()
        self._ask()

    def on_resize(self) -> None:
        self._show()
        self._ask()

    @property
    def _has_room(self) -> bool:
        return self.wraps and self.screen.size.height >= TALL

    def _show(self) -> None:
        entries = self._found.get(self._filter, ()) if self._has_room else ()
        self.show((*self._facts, *(self._fitting(entries) if entries else ())))

    def _fitting(self, entries: Sequence[Entry]) -> Sequence[TextLine]:
        """Return as many entries as there is room for below the facts, under a heading."""
        heading = [TextLine(""), TextLine(HEADING, "quiet")]
        room = self.size.height - self._height_of(self._facts) - len(heading)
        lines: list[TextLine] = []
        for entry in entries:
            room -= self._height_of(entry)
            if room < 0:
                break
            lines += entry
        return (*heading, *lines) if lines else ()

    def _height_of(self, lines: Sequence[TextLine]) -> int:
        return sum(len(wrapped(line, self.size.width)) for line in lines)

    @property
    def _page(self) -> Page:
        return cast("Page", self.screen)

    @property
    def _is_wanted(self) -> bool:
        is_known = not self._filter or self._filter in self._asked
        return self.is_mounted and self._has_room and not is_known and not self._is_refused

    def _ask(self) -> None:
        if not self._is_asking and self._is_wanted:
            self._is_asking = True
            self._ask_until_known()

    # A move does not cancel what is asked: a unit that is cancelled closes its connection.
    @background("newest rows", exclusive=False)
    async def _ask_until_known(self) -> None:
        try:
            while self._is_wanted:
                text, of = self._filter, self._of
                await asyncio.sleep(REST_S)
                if (text, of) != (self._filter, self._of) or not self._is_wanted:
                    continue
                self._asked.add(text)
                found = await self._newest(text)
                if of is self._of:
                    self._found[text] = found
                if self.is_mounted:
                    self._show()
        finally:
            self._is_asking = False

    async def _newest(self, filter_text: str) -> tuple[Entry, ...]:
        """Return the newest rows that a filter finds; none where they cannot be read."""
        from tui.data.audit.filter import parse_filter
        from tui.data.audit.name_resolution import resolve_filter
        from tui.data.audit.pages import AuditReader
        from tui.data.directory import people_by_id
        from tui.words.log.details import people_in

        session, rows = self._page.session, cast("tuple[AuditRow, ...]", ())
        try:
            parsed = parse_filter(filter_text, zone=session.settings.timezone)
            resolved = await resolve_filter(session.database, parsed, None)
            async with aclosing(AuditReader(session.database, resolved.audit_filter).older(limit=MOST_ROWS)) as steps:
                async for step in steps:
                    rows = step.rows
                    # Not on into the past: where no index leads there, one window of the newest rows has to do.
                    break
            people = await people_by_id(session.database, {person for row in rows for person in people_in(row)})
        except PermissionDenied:
            self._is_refused = True
            return ()
        except SwitchboardError:
            # The page itself says that the connection is lost, and a log too slow for this is in section 4.
            return ()
        return tuple(entry_of(row, people, session.settings.timezone) for row in rows)


def entry_of(row: AuditRow, people: Mapping[UUID, Person], zone: tzinfo) -> Entry:
    """Return when and who over what happened."""
    from tui.providers import title_of
    from tui.words.log.details import LogNames
    from tui.words.log.rows import clock, who
    from tui.words.log.sentences import sentence

    when = clock(row, zone).rpartition(":")[0] or clock(row, zone)
    return (
        TextLine(f"{when}  {safe_text(who(row, people), NAME_MOST)}".rstrip(), "quiet"),
        TextLine(sentence(row, LogNames(people, title_of, zone)), TONES.get(row.status, "plain"), "  "),
    )
