"""An export started from the screen: asks for the file, says how far it is, and can be stopped without leaving one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import InvalidInput, SwitchboardError
from tui.locked.export_place import export_folder, is_plain_name, new_file
from tui.providers import title_of
from tui.words.counts import counted
from tui.words.log.rows import exported_words, progress_line
from tui.words.text import safe_text
from tui.words.times import day

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.data.audit.export.run import Progress
    from tui.data.audit.filter import AuditFilter
    from tui.screens.audit.state import AuditState
    from tui.screens.page import Page
    from tui.settings.settings import Settings

PROGRESS_EVERY_S = 1.0
ENDINGS = (".csv", ".jsonl")
ENDINGS_WORDS = "Its name must end in .jsonl (exact) or .csv (formula-safe)."


class AuditExport:
    """At most one export at a time; another key never stops it, only somebody who says so."""

    def __init__(self, page: Page, state: AuditState) -> None:
        self._page = page
        self._state = state
        self._is_asking = False

    def file_asked_for(self) -> str | None:
        """Return the file that is typed so far, None where none is asked for. Raises InvalidInput for one not made."""
        if not self._is_asking:
            return None
        answer, settings = self._page.prompt.typed, self._page.session.settings
        path = typed_file(answer, settings)
        refusal = _refusal(answer.strip(), path, settings)
        if refusal:
            raise InvalidInput(f"“{safe_text(answer, 40)}” {refusal}", ENDINGS_WORDS)
        return str(path)

    @property
    def is_running(self) -> bool:
        """Whether rows are being written."""
        return self._state.exported_rows is not None

    @property
    def words(self) -> str:
        """How far it is, for the context line."""
        rows = self._state.exported_rows
        return "" if rows is None else f"exporting, {counted(rows, 'row')}"

    def start(self, resolve_filter: Callable[[], Awaitable[AuditFilter]]) -> None:
        """Ask for the file and export the rows of the filter that `resolve_filter` resolves."""
        if not self.is_running:
            # A group of its own: it goes on while somebody reads, filters and scrolls, which cancel other groups.
            self._page.run_worker(self._run(resolve_filter), group="export", exclusive=True, exit_on_error=False)

    def ask_to_stop(self) -> None:
        """Stop after asking."""
        self._page.run_worker(self._ask_to_stop(), group="ask", exclusive=True, exit_on_error=False)

    def stop(self) -> None:
        """Stop at once."""
        self._page.workers.cancel_group(self._page, "export")

    async def _ask_to_stop(self) -> None:
        if await self._page.prompt.confirm("Stop the export? No file is kept.", "stop it"):
            self.stop()

    async def _run(self, resolve_filter: Callable[[], Awaitable[AuditFilter]]) -> None:
        try:
            path = await self._ask_for_file()
        except SwitchboardError as failure:
            self._page.report_failure(failure)
            return
        if path is None:
            return
        self._state.exported_rows = 0
        try:
            await self._export(await resolve_filter(), path)
        except SwitchboardError as failure:
            if self._page.is_mounted:
                self._page.report_failure(failure)
        except BaseException:
            if self._page.is_mounted:
                self._page.status.say("Export stopped; no file was kept.", "warning")
            raise
        finally:
            self._state.exported_rows = None
            if self._page.is_mounted:
                self._page.refresh_frame()

    async def _ask_for_file(self) -> Path | None:
        answer: str | None = f"log-{day(datetime.now(UTC), UTC)}.jsonl"
        settings = self._page.session.settings
        where = f" It will be in {safe_text(str(export_folder(settings)), 60)}." if settings.locked else ""
        question = f"Export the rows of this filter to a new file. {ENDINGS_WORDS}{where}"
        while True:
            self._is_asking = True
            try:
                answer = await self._page.prompt.ask(question, answer or "")
            finally:
                self._is_asking = False
            if answer is None or not answer.strip():
                return None
            path = typed_file(answer, settings)
            refusal = _refusal(answer.strip(), path, settings)
            if not refusal:
                return path
            question = f"“{safe_text(answer, 40)}” {refusal}"

    async def _export(self, audit_filter: AuditFilter, path: Path) -> None:
        from tui.data.audit.export.format import format_of
        from tui.data.audit.export.run import export_audit_log

        page, status = self._page, self._page.status

        shown = status.say("Exporting: writing this to the log first ... esc stops")

        def report(progress: Progress) -> None:
            nonlocal shown
            self._state.exported_rows = progress.rows
            if page.is_mounted:
                # What somebody has to read stays; the context line shows that it goes on.
                shown = status.say(f"Exporting: {progress_line(progress)} esc stops", over=shown)
                page.refresh_frame()

        page.refresh_frame()
        file = new_file(page.session.settings, path)
        exported = await export_audit_log(
            page.session.database,
            audit_filter,
            format_of(path.name),
            file,
            title_of=title_of,
            on_progress=report,
            progress_every_s=PROGRESS_EVERY_S,
        )
        if page.is_mounted:
            status.say(exported_words(exported, str(file.path)), "good")


def _refusal(typed: str, path: Path, settings: Settings) -> str:
    """Say why a file of that name is not made; nothing where it may be."""
    if settings.locked and not is_plain_name(typed):
        return "is not a plain name: it must have no folder and no leading dot."
    return "" if path.suffix.lower() in ENDINGS else "must end in .jsonl or .csv."


def typed_file(typed: str, settings: Settings) -> Path:
    """Return the file that was typed, with ~ replaced but in the locked console."""
    path = Path(typed.strip())
    if settings.locked:
        return path
    try:
        return path.expanduser()
    except RuntimeError:
        # Nobody here is called that: then it is the name of a folder.
        return path
