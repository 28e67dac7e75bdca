"""What a page reads: whether somebody waits for it, and of which moment is what is shown."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from textual.worker import NoActiveWorker, get_current_worker

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.worker import Worker


class Reading:
    """Follows the workers of a page that read (group "load"); moments are those of time.monotonic."""

    def __init__(self, page: Screen[Any]) -> None:
        self._page = page
        self._behind: Worker[None] | None = None
        self.true_at: float | None = None
        self._tried_at = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether anything is read."""
        # The workers of every screen are kept together.
        workers = (worker for worker in self._page.workers if worker.node is self._page and worker.group == "load")
        return any(worker.is_running for worker in workers)

    @property
    def is_waited_for(self) -> bool:
        """Whether something is read that is waited for: escape stops that, and not what goes on behind the rows."""
        return self.is_under_way and not (self._behind is not None and self._behind.is_running)

    @property
    def is_behind(self) -> bool:
        """Whether whoever asks reads behind what is shown."""
        try:
            return get_current_worker() is self._behind
        except NoActiveWorker:
            return False

    @property
    def age(self) -> str:
        """How old is what is shown, once that is a minute."""
        minutes = int((time.monotonic() - self.true_at) / 60) if self.true_at is not None else 0
        return f"read {minutes} min ago" if minutes else ""

    def go_behind(self, worker: Worker[None]) -> None:
        """Take a worker for one that reads behind what is shown."""
        self._behind = worker

    def end(self, began_at: float, *, shows: bool) -> None:
        """Note that what began then has ended; it `shows` all of the page where nothing failed."""
        self._tried_at = began_at
        if shows:
            # Not when it ended: what has changed meanwhile may not be in it.
            self.true_at = began_at

    def has_been_tried_since(self, moment: float) -> bool:
        """Whether the page was read since then, or reading it has failed, which says so."""
        return self._tried_at >= moment

    def confirm(self, changed_at: float | None) -> None:
        """Take what was read since the last change for as true as if it had been read now."""
        if changed_at is not None and self.true_at is not None and self.true_at >= changed_at:
            self.true_at = time.monotonic()
