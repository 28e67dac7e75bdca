"""Checking the log against its seals from a screen: says how far it is and what it came to; esc stops it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.words.counts import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.data.seals.report import SealReport
    from tui.screens.page import Page
    from tui.widgets.frame import Tone

GROUP = "verify"
PROGRESS_EVERY_S = 1.0
STOPPED = "Stopped before the end of the log."


class LogVerification:
    """One check at a time; what it found is kept in the session, and `done` is called."""

    def __init__(self, page: Page, done: Callable[[], object]) -> None:
        self._page = page
        self._done = done

    @property
    def is_running(self) -> bool:
        """Whether a check is under way."""
        return any(worker.group == GROUP and not worker.is_finished for worker in self._page.workers)

    def start(self) -> None:
        """Check the whole log, unless that is under way."""
        if not self.is_running and self._page.session.is_connected:
            _check(self._page, self._done)

    def stop(self) -> bool:
        """Stop the check, on the server too; False where none is under way."""
        was_running = self.is_running
        self._page.workers.cancel_group(self._page, GROUP)
        return was_running


@background(GROUP)
async def _check(page: Page, done: Callable[[], object]) -> None:
    from tui.data.seals.hours import hour_text
    from tui.data.seals.marks import marks_of
    from tui.data.seals.verify import verify_log

    # Not the session that the console has when the check ends: that may be of another database.
    status, session = page.status, page.session
    shown = status.say("Comparing the log with its seals ... esc stops")
    shown_at = time.monotonic()

    def report(rows: int, hour: int) -> None:
        nonlocal shown, shown_at
        if page.is_mounted and time.monotonic() - shown_at >= PROGRESS_EVERY_S:
            shown_at = time.monotonic()
            words = f"{counted(rows, 'row')} compared, up to {hour_text(hour)} ... esc stops"
            shown = status.say(words, over=shown)

    try:
        found = await verify_log(session.database, on_progress=report)
        session.log_marks = marks_of(found)
        if page.is_mounted:
            status.say(*outcome(found))
            done()
    except SwitchboardError as failure:
        if page.is_mounted:
            page.report_failure(failure)


def outcome(report: SealReport) -> tuple[str, Tone]:
    """Return what a check came to, and its tone."""
    compared = f"{counted(report.rows, 'row')} under {counted(report.seals, 'seal')} compared"
    if report.is_well:
        gone = sum(month.rows for month in report.removed.values())
        archived = f"; {counted(gone, 'row is', 'rows are')} in archives, which were not checked" if gone else ""
        return f"The log is as it was sealed: {compared}{archived}; later rows are not sealed yet.", "good"
    first = report.findings[0].sentence
    if report.newest_seal is None and report.finding_count == 1:
        return first, "warning"
    findings = counted(report.finding_count, "finding")
    return f"NOT as it was sealed, or not protected: {findings}. {first} `switchboard audit verify` lists them.", "bad"
