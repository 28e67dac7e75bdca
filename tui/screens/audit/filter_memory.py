"""Saved filters and earlier ones on the audit log's screen: asks for a name, and says once why nothing is kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.errors import ConfigError, SwitchboardError
from tui.settings.kept_filters import add_earlier_filter, kept_filters_file, read_kept_filters, save_filter
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.screens.page import Page

SHOWN = 60


class FilterMemory:
    """What is kept of filters between one console and the next."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._file = kept_filters_file(page.session.settings)
        self._has_failed = False

    def earlier(self) -> tuple[str, ...]:
        """Return the filters applied last, newest first; none where they cannot be read, which `add` says."""
        try:
            return read_kept_filters(self._file).earlier
        except ConfigError:
            return ()

    async def add(self, text: str) -> None:
        """Keep a filter that was applied."""
        try:
            # In a thread: another console may hold the lock.
            await asyncio.to_thread(add_earlier_filter, self._file, text)
        except ConfigError as failure:
            if not self._has_failed:
                self._page.status.say(f"Filters are not kept: {failure}", "warning")
            self._has_failed = True

    async def ask_to_save(self, text: str) -> None:
        """Ask for a name and keep a filter under it; without a filter ask which name to take away."""
        page = self._page
        try:
            saved = read_kept_filters(self._file).saved
            if not text and not saved:
                page.status.say("There is no filter to save: press / to set one.")
                return
            names = ", ".join(safe_text(name, SHOWN) for name in saved)
            question = (
                f"Save this filter under a name. Saved already: {names or 'none'}."
                if text
                else f"No filter is set. Delete which saved filter? {names}."
            )
            present = next((name for name, other in saved.items() if other == text), "")
            name = " ".join((await page.prompt.ask(question, present) or "").split())
            if not name or not page.is_mounted:
                return
            shown = safe_text(name, SHOWN)
            if not text and name not in saved:
                page.status.say(f"No filter is saved as “{shown}”.", "warning")
                return
            await asyncio.to_thread(save_filter, self._file, name, text)
            before = saved.get(name, "")
            instead = f" It replaces {safe_text(before, SHOWN)}." if before and before != text else ""
            page.status.say(
                f"Saved as “{shown}”: it is in the palette (:).{instead}"
                if text
                else f"Deleted the saved filter “{shown}”."
            )
        except SwitchboardError as failure:
            page.report_failure(failure)
