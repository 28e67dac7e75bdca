"""The state of section 4 in one place; the screen and its parts change it and keep none of their own.

    rows       NONE -> UNRESOLVED (a load) -> UNCOUNTED (the filter is resolved) -> COUNTED (read and marked)
    reading    IDLE <-> OLDER | NEWER; esc or a failure: STOPPED, until a key moves the cursor
    following  OFF -> STARTING (f) -> ON (loaded) -> RESUMING (another load, a lost connection) -> ON; f or esc: OFF

A load may be broken off anywhere, by esc or by a key that reads something else: `rows` says what is still to be done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tui.widgets.frame import Part

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tui.data.audit.counts import Count
    from tui.data.audit.name_resolution import ResolvedFilter
    from tui.models.integrations import Integration
    from tui.models.log import AuditRow


class Rows(Enum):
    """How far the rows of the filter are."""

    NONE = "nothing was loaded yet"
    UNRESOLVED = "which rows are wanted is not known yet: a key that reads has to load them first"
    UNCOUNTED = "they are being read; whoever breaks that off leaves marking and counting to the next reading"
    COUNTED = "they are marked, and are or have been counted"


class Reading(Enum):
    """Whether the list reads on, and in which direction."""

    IDLE = "idle"
    OLDER = "older"
    NEWER = "newer"
    STOPPED = "stopped"


READING = (Reading.OLDER, Reading.NEWER)


class Following(Enum):
    """Whether new rows are looked for."""

    OFF = "off"
    STARTING = "from the newest row on, once that is loaded"
    RESUMING = "once what is shown is loaded again"
    ON = "on"


class Typing(Enum):
    """What the line at the foot is for."""

    FILTER = "filter"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class History:
    """The filter of one thing, which another section asked for by its name, and the filter that was there before.

    `integration` is what it is about, where it is about one that is set up.
    """

    filter_text: str
    of: str
    before: str
    origin: str
    integration: Integration | None = None


@dataclass(slots=True)
class AuditState:
    """What is shown of the audit log, and what goes on."""

    filter: ResolvedFilter | None = None
    """Of the rows that are shown or being read."""
    applied: ResolvedFilter | None = None
    """What was typed and resolved, until a load takes it."""
    search: ResolvedFilter | None = None
    source: tuple[object, ...] = ()
    rows: Rows = Rows.NONE
    reading: Reading = Reading.IDLE
    following: Following = Following.OFF
    rows_arrived: int = 0
    """New rows since the load: with any, what was counted holds no more."""
    rows_waiting: int = 0
    """Those of them that are not shown, because the cursor is elsewhere."""
    count: Count | None = None
    archived_before: datetime | None = None
    """Before when rows of the filter may be in archives."""
    typing: Typing = Typing.FILTER
    status_before: Part = field(default_factory=lambda: Part(""))
    """What the status line said when typing began."""
    opened: AuditRow | None = None
    """The row that is open in full."""
    history: History | None = None
    exported_rows: int | None = None
    """How many rows the export that runs has written."""

    def begin_load(self, session: object, organization_id: UUID, text: str) -> bool:
        """Begin a load; returns whether it is of other rows than the last one."""
        before, self.source = self.source, (session, organization_id, text)
        self.rows, self.count, self.rows_arrived, self.rows_waiting = Rows.UNRESOLVED, None, 0, 0
        self.archived_before = None
        return before != self.source

    def resolved(self, text: str, organization_id: UUID | None) -> ResolvedFilter | None:
        """Return the filter of a text where it has been resolved for that organisation."""
        for candidate in (self.applied, self.filter):
            if candidate is not None and candidate.is_of(text, organization_id):
                return candidate
        return None

    @property
    def lists_several(self) -> bool:
        """Whether the rows may be of several organisations."""
        return self.filter is not None and self.filter.audit_filter.is_of_several_organizations

    @property
    def is_following(self) -> bool:
        """Whether new rows are looked for, or will be."""
        return self.following is not Following.OFF

    def pause_following(self) -> None:
        """Look for new rows no more until the next load."""
        if self.following is Following.ON:
            self.following = Following.RESUMING
