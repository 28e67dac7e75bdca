"""The place of a list while there is none: it can be told of anything until it is gone itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import Static

from tui.widgets.state_switcher import StateSwitcher

if TYPE_CHECKING:
    from textual.app import ComposeResult


class OneSwitcher(App[None]):
    def compose(self) -> ComposeResult:
        yield StateSwitcher(Static())


async def test_it_may_be_told_of_something_when_its_parts_are_removed_before_it() -> None:
    app = OneSwitcher()
    async with app.run_test():
        switcher = app.query_one(StateSwitcher)
        switcher.show_empty("Nothing matches.", "r  read again")
        assert "Nothing matches." in str(switcher.query_one("#state-message", Static).visual)
        await switcher.remove_children()
        switcher.show_empty("Nothing.", "r  read again")
        assert switcher.has_class("-message")
