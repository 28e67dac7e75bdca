"""A screen that is a form: saved on demand, and left without saving only when somebody says so."""

from __future__ import annotations

from tui.screens.page import Page
from tui.widgets.prompt import Choice

CHOICES = (Choice("s", "save"), Choice("d", "discard changes"))


class FormPage(Page):
    """Subclasses give `unsaved`, `save`, and `close` where more is to be done than to leave."""

    is_inner = True

    async def save(self) -> bool:
        """Save what was typed; returns whether it is saved and the form still open."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave, whatever was typed."""
        self.leave()

    def action_save(self) -> None:
        if not self.is_busy and not self.prompt.is_asking:
            self.act(self.save())

    def action_back(self) -> None:
        if self.is_busy or self.prompt.is_asking:
            return
        if question := self.unsaved():
            self.act(self._ask_to_leave(question))
        else:
            self.close()

    async def _ask_to_leave(self, question: str) -> None:
        chosen = await self.prompt.choose(question, CHOICES, leave="keep editing")
        if chosen == "d" or (chosen == "s" and await self.save()):
            self.close()
