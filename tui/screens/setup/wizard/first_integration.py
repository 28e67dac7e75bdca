"""The wizard's last step: the integration to configure first, or none yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tui.providers import type_titles
from tui.screens.setup.wizard.step import Step
from tui.widgets.form import Option, OptionLines
from tui.widgets.notices import Notice, NoticeList
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

LATER = "later"


class FirstIntegrationStep(Step):
    """Ends the wizard: in the credential editor, or in the list of integrations."""

    key = "first_integration"
    rail_name = "Integration"
    heading = "Everything is set up. Which integration first?"
    lead = "Its form says what each field is and where to find it."

    class Chosen(Message):
        """The wizard is through; `integration_type` is to be configured first, None for none."""

        def __init__(self, integration_type: str | None) -> None:
            super().__init__()
            self.integration_type = integration_type

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow)
        types = [Option(name, title, name) for name, title in type_titles().items()]
        self._types = OptionLines([*types, Option(LATER, "Later", "show the list of integrations")], id="f-types")
        self._note = NoticeList(flow.glyphs, id="f-note")

    def compose_step(self) -> Iterable[Widget]:
        yield self._types
        yield self._note

    async def arrive(self) -> None:
        why = self._why_nothing_can_be_saved()
        warning = Notice("warning", f"{why}, so no credential can be saved.", "Go back to Master key.")
        self._note.say([warning] if why else [])
        if why:
            self._types.chosen = LATER

    def _why_nothing_can_be_saved(self) -> str:
        key = self.flow.keyring.current
        if key is None:
            return "There is no master key yet"
        return f"The master key from {safe_text(key.source, 60)} is too weak" if key.weaknesses() else ""

    def hints(self) -> Hints:
        return (("up/down", "choose"),)

    async def finish(self) -> bool:
        chosen = self._types.chosen
        self.post_message(self.Chosen(None if chosen == LATER else chosen))
        return False
