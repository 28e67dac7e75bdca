"""The lines about keeping something in `.env`: whether, whether git would take it along, and the way out of that."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual.containers import Vertical

from tui.data.setup.findings import git_finding
from tui.screens.setup.finding import notice_of
from tui.settings.git_ignore import add_to_gitignore, git_ignore_state
from tui.widgets.form import CheckLine
from tui.widgets.notices import NoticeList
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from textual.widget import Widget

    from tui.screens.setup.wizard.flow import Flow


class SaveLines(Vertical):
    """A box to tick for saving `what`, and what follows from it."""

    DEFAULT_CSS = "SaveLines { height: auto; }"

    def __init__(self, flow: Flow, what: str, *, ticked: bool = True) -> None:
        super().__init__()
        self._flow = flow
        self._save = CheckLine("", ticked=ticked)
        self._git = NoticeList(flow.glyphs)
        self._ignore = CheckLine(f"Add /{safe_text(flow.env_file.name, 40)} to .gitignore", ticked=True)
        self.describe(what)

    def compose(self) -> Iterable[Widget]:
        yield self._save
        yield self._git
        yield self._ignore

    def on_mount(self) -> None:
        self.show_git()

    @property
    def is_ticked(self) -> bool:
        return self._save.ticked

    def describe(self, what: str) -> None:
        self._save.relabel(f"Save {what} to {safe_text(self._flow.env_file.name, 40)}, closed to others")

    def show_git(self) -> None:
        """Say whether git would take the file along, where it is written at all."""
        env_file = self._flow.env_file
        state = git_ignore_state(env_file) if self.is_ticked else "not in git"
        self._git.say([] if state == "not in git" else [notice_of(git_finding(env_file.name, state))])
        self._ignore.display = state == "not ignored"

    async def save(self, values: Mapping[str, str]) -> None:
        """Save where that is wanted, closing the way into git first. Raises ConfigError; nothing is written then."""
        if not self.is_ticked:
            return
        if self._ignore.display and self._ignore.ticked:
            await asyncio.to_thread(add_to_gitignore, self._flow.env_file)
        await self._flow.save(values)
        self.show_git()

    def on_check_line_changed(self, event: CheckLine.Changed) -> None:
        """Ask about git only where something is written."""
        if event.line is self._save:
            self.show_git()
