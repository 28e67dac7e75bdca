"""The wizard's fourth step: the installation, with its progress, and what is left when it fails: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.schema.files import schema_files
from tui.data.schema.install import install
from tui.data.schema.state import schema_state
from tui.data.setup.plan import plan_setup
from tui.errors import ReadOnlyMode, SwitchboardError
from tui.screens.setup.wizard.step import Step
from tui.widgets.notices import Notice, NoticeList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from tui.data.schema.apply import Progress
    from tui.data.schema.install import InstallReport
    from tui.screens.setup.wizard.flow import Flow


class InstallStep(Step, can_focus=True):
    """Runs every file in one transaction."""

    key = "install"
    rail_name = "Install"
    heading = "Install"
    lead = "One transaction: all of it, or nothing."

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._files = NoticeList(flow.glyphs, id="i-files")
        self._result = NoticeList(flow.glyphs, id="i-result")
        self._is_installed = False

    def compose_step(self) -> Iterable[Widget]:
        """Lay the result over the files, of which there may be more than lines."""
        yield self._result
        yield self._files

    async def arrive(self) -> None:
        plan = self.flow.plan
        self._is_installed = plan is not None and plan.is_empty
        self.problem.clear()
        if self._is_installed:
            self.flow.done.add(self.key)
            self._show_files(len(_counts()), 0)
            self._result.say([Notice("good", "It is installed already. Press enter to continue.")])
        else:
            self.flow.done.discard(self.key)
            self._show_files(0, 0)
            self._result.say([Notice("plain", "Press enter to install.")])

    async def finish(self) -> bool:
        """Install with the first enter, go on with the next. Raises ReadOnlyMode in read-only mode."""
        if self._is_installed:
            return True
        if self.flow.settings.read_only:
            raise ReadOnlyMode
        before = await self.flow.connected().read(schema_state)
        self._result.say([Notice("quiet", "Installing ...")])
        try:
            report = await install(
                self.flow.conninfo(),
                operator_label=self.flow.operator.label,
                progress=self._show_progress,
                agreed=self.flow.plan.accepts if self.flow.plan else None,
            )
        except SwitchboardError as failure:
            await self._show_failure(failure, before)
            return False
        self.flow.plan = await plan_setup(self.flow.conninfo())
        self._is_installed = True
        self.flow.done.add(self.key)
        self._show_files(len(_counts()), 0)
        self._result.say(_result(report))
        self.post_message(self.Changed())
        return False

    def _show_progress(self, progress: Progress) -> None:
        names = list(_counts())
        self._show_files(names.index(progress.file), progress.number)

    def _show_files(self, done: int, number: int) -> None:
        """Tick the first `done` files, and say which statement of the next one is running."""
        lines = []
        for index, (name, count) in enumerate(_counts().items()):
            if index < done:
                lines.append(Notice("good", f"{name:<26} {count} statements"))
            elif index == done and number:
                lines.append(Notice("quiet", f"{name:<26} {number} of {count}"))
            else:
                lines.append(Notice("plain", f"{name:<26} {count} statements"))
        self._files.say(lines)

    async def _show_failure(self, failure: SwitchboardError, before: str) -> None:
        self._show_files(0, 0)
        try:
            unchanged = await self.flow.connected().read(schema_state) == before
        except SwitchboardError:
            outcome = "It is not known whether anything was installed: the connection is lost."
        else:
            outcome = "Nothing was changed." if unchanged else "The tables are installed; the rest is missing."
        self._result.say(
            [
                Notice("bad", failure.sentence, failure.what_to_do),
                Notice("plain", f"{outcome} Press enter to try again."),
            ]
        )


def _counts() -> dict[str, int]:
    return {file.name: len(file.statements) for file in schema_files()}


def _result(report: InstallReport) -> list[Notice]:
    created = len(report.changes.missing) if report.changes else 0
    changed = len(report.changes.different) if report.changes else 0
    lines = [Notice("good", f"Installed in {report.seconds:.1f} s: {created} objects created, {changed} changed.")]
    if report.indexes_built:
        lines.append(Notice("good", f"{len(report.indexes_built)} indexes of the log were built afterwards."))
    if report.verification is not None and not report.verification.is_well:
        count = len(report.verification.drifts) + len(report.verification.holes)
        lines.append(Notice("warning", f"{count} differences are left: section 5 lists them after the wizard."))
    lines += [Notice("warning", *note) for note in report.notes]
    return [*lines, Notice("plain", "Press enter to see the proof.")]
