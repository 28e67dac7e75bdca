"""Keys and the screens that are opened while they are on their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.screen import Screen
from textual.widgets import Static

from tui.widgets.bindings import bind
from tui.widgets.ordered_app import OrderedApp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.binding import BindingType


class Opened(Screen[None]):
    """Counts its own x, with a widget that it has only once it is composed."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("x", "count", "Count")]
    counted = 0

    def compose(self) -> Iterable[Static]:
        yield Static("x", id="counted")

    def action_count(self) -> None:
        self.counted += 1
        self.query_one("#counted", Static).update(str(self.counted))


class Opener(OrderedApp):
    """Opens the other screen while the key is still on its way, as an act does that has read something first."""

    def on_mount(self) -> None:
        self.push_screen(Opening())


class Opening(Screen[None]):
    def on_key(self, event: events.Key) -> None:
        if event.key == "x":
            self.app.push_screen(Opened())


async def test_a_key_acts_on_the_screen_that_it_was_pressed_on_and_the_next_waits_for_the_new_one() -> None:
    app = Opener()
    async with app.run_test() as pilot:
        await pilot.press("x")
        opened = app.screen
        assert isinstance(opened, Opened) and opened.counted == 0
        await pilot.press("x")
        assert opened.counted == 1
        await app.pop_screen()
        await pilot.press("x", "x", "x")
        assert isinstance(app.screen, Opened) and app.screen.counted == 2
