"""The wizard's fifth step: the proof that it works, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.setup.proof import prove
from tui.errors import SwitchboardError
from tui.screens.setup.finding import notice_of
from tui.screens.setup.wizard.step import Step
from tui.widgets.notices import Notice, NoticeList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from tui.screens.setup.wizard.flow import Flow


class ProofStep(Step, can_focus=True):
    """Asks for the four tables, their row security, and an encrypted round trip."""

    key = "proof"
    rail_name = "Proof"
    heading = "The proof"
    lead = "Checked in the database just now. The trial credential was rolled back."

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        self._notices = NoticeList(flow.glyphs, id="r-found")
        self._is_proven = False

    def compose_step(self) -> Iterable[Widget]:
        yield self._notices

    async def arrive(self) -> None:
        self.problem.clear()
        self._is_proven = False
        self._notices.say([Notice("quiet", "Checking the database ...")])
        try:
            findings = await prove(self.flow.connected(), self.flow.keyring, self.flow.settings.credential_format)
        except SwitchboardError:
            self._notices.clear()
            raise
        self._is_proven = all(finding.state != "problem" for finding in findings)
        what_next = "Press enter to continue." if self._is_proven else "Press enter to check again; esc goes back."
        self._notices.say([*(notice_of(finding) for finding in findings), Notice("plain", what_next)])
        if self._is_proven:
            self.flow.done.add(self.key)
            self.post_message(self.Changed())

    async def finish(self) -> bool:
        if not self._is_proven:
            await self.arrive()
            return False
        return True
