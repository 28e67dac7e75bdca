"""The line for a filter of the audit log, offering what exists in the audit log as somebody types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.completion import Completer
from tui.errors import FilterError, SwitchboardError
from tui.screens.audit.filter_resolution import resolve
from tui.screens.background import background
from tui.widgets.filter_line import FilterLine

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.data.postgres.database import Database
    from tui.session.session import Session


class AuditFilterLine(FilterLine):
    """Remembers what it has looked up for one organisation."""

    def __init__(self) -> None:
        super().__init__()
        self._completer: Completer | None = None

    def use(self, database: Database, organization_id: UUID | None) -> None:
        """Offer what is in this database's log and people; what was looked up before is kept where it is the same."""
        before = self._completer
        if before is None or (before.database, before.organization_id) != (database, organization_id):
            self._completer = Completer(database, organization_id)

    def point(self, offset: int, length: int) -> None:
        """Point at a word, which no offer that is still looked up may cover."""
        self.workers.cancel_group(self, "complete")
        super().point(offset, length)

    async def resolve(self, session: Session, typed: str) -> ResolvedFilter | None:
        """Return the filter that was typed, None where the line was left meanwhile; point at a word that is wrong.

        Raises FilterError and what reading raises.
        """
        try:
            resolved = await resolve(session, typed.strip())
        except FilterError as wrong:
            if not self.is_open:
                return None
            self.point(wrong.offset + len(typed) - len(typed.lstrip()), wrong.length)
            raise
        return resolved if self.is_mounted and self.is_open else None

    def on_filter_line_edited(self, event: FilterLine.Edited) -> None:
        self._complete(event.text, event.cursor)

    @background("complete")
    async def _complete(self, text: str, cursor: int) -> None:
        if self._completer is None:
            return
        try:
            completion = await self._completer.complete(text, cursor)
        except SwitchboardError:
            # Offers are a help; what is wrong with the connection is said when the filter is applied.
            return
        if self.is_mounted and self.is_open and self.field.value == text:
            self.offer(
                completion.start,
                completion.end,
                [(candidate.text, candidate.note) for candidate in completion.candidates],
            )
