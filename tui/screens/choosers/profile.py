"""Choosing another profile: it is connected to first, and only then everything of the present one is left."""

from __future__ import annotations

from typing import ClassVar

from tui.errors import SwitchboardError
from tui.screens.choosers.chooser import ChooserScreen
from tui.screens.top_line import profile_part
from tui.settings.profiles import profile_names
from tui.widgets.row_list import Cell, Column, Row
from tui.widgets.state_switcher import StateSwitcher
from tui.words.text import safe_text

NO_PROFILE = "no profile"
NO_PROFILE_KEY = ""


class ProfileChooser(ChooserScreen):
    """Opens another profile; one that cannot be loaded or connected to leaves the present one as it was."""

    heading = "Choose a profile"
    columns: ClassVar = (Column("Profile", 54), Column("", 20, grows=True))

    def __init__(self) -> None:
        super().__init__()
        self._opening = False

    def on_mount(self) -> None:
        # Profiles are known without a connection, which may be what is missing.
        self.start_load()

    async def load(self) -> None:
        settings = self.session.settings
        names = profile_names(settings.profiles_folder)
        self.rows = [self._row(name) for name in names]
        if self.console.session_switch.started_without_profile:
            self.rows.append(Row(NO_PROFILE_KEY, (Cell(NO_PROFILE), self._mark(None, "./.env, environment"))))
        self.show_rows()
        if not names:
            self.query_one(StateSwitcher).show_empty(
                f"There is no profile in {safe_text(settings.profiles_folder, 60)}.",
                "NAME.env  has its settings: DATABASE_URL, ENCRYPTION_MASTER_KEY ...",
            )

    def choose(self, key: str) -> None:
        if not self._opening:
            self._opening = True
            self.act(self._open(key or None))

    def _row(self, name: str) -> Row:
        shown = profile_part(name, self.console.profile_colours)
        return Row(name, (Cell(shown.text, shown.tone), self._mark(name)))

    def _mark(self, name: str | None, otherwise: str = "") -> Cell:
        return Cell("open now" if name == self.session.settings.profile else otherwise, "quiet")

    async def _open(self, name: str | None) -> None:
        title = name or NO_PROFILE
        try:
            if name == self.session.settings.profile:
                self.status.say("That profile is open already.")
            elif await self.console.session_switch.may_lose(self):
                self.status.say(f"Opening {title} …")
                await self.console.session_switch.open_profile(name)
        except SwitchboardError as failure:
            # Not report_failure, which takes it for one of the connection that is in use.
            self.status.say(f"{title} was not opened. {failure.sentence} {failure.what_to_do}", "bad")
        finally:
            self._opening = False
