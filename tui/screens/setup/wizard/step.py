"""What every step of the wizard is: a form that is checked, and that loses nothing when something goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, ClassVar, cast

from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static

from tui.errors import SwitchboardError
from tui.widgets.bindings import bind
from tui.widgets.notices import Notice, NoticeList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.screens.setup.screen import SetupScreen
    from tui.screens.setup.wizard.flow import Flow
    from tui.widgets.frame import Hints

Work = Callable[[], Coroutine[None, None, None]]


class Step(VerticalScroll, can_focus=False):
    """One step. `arrive` runs each time it is shown, `finish` when enter is pressed.

    A step keeps its widgets while another is shown, so nothing typed is lost by going back and forth.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "focus_by(-1)", "Previous line", id="wizard.up"),
        bind("down", "focus_by(1)", "Next line", id="wizard.down"),
        bind("enter", "proceed", "Continue", id="wizard.continue", tooltip="Go on to the next step"),
    ]
    works_locked: ClassVar[bool] = False
    """Whether it works in the locked console; what asks for a connection, a key or a command, or writes, does not."""
    key: ClassVar[str] = ""
    rail_name: ClassVar[str] = ""
    heading: ClassVar[str] = ""
    lead: ClassVar[str] = ""

    class Finished(Message):
        """The step is done and the next one can be shown."""

    class Changed(Message):
        """Something that the wizard's frame shows has changed."""

    def __init__(self, flow: Flow) -> None:
        super().__init__(id=f"step-{self.key}", classes="step")
        self.flow = flow
        self.problem = NoticeList(flow.glyphs, id=f"problem-{self.key}")

    def compose(self) -> Iterable[Widget]:
        yield Static(self.heading, classes="heading", markup=False)
        if self.lead:
            yield Static(self.lead, classes="lead", markup=False)
        yield from self.compose_step()
        yield self.problem

    def compose_step(self) -> Iterable[Widget]:
        """Yield the step's own lines."""
        return ()

    @property
    def host(self) -> SetupScreen:
        """The screen, which runs what a step starts."""
        return cast("SetupScreen", self.screen)

    async def arrive(self) -> None:
        """Look at what is there; runs each time the step is shown."""

    async def finish(self) -> bool:
        """Do what the step is for and return True, or say what is missing and return False."""
        return True

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the step's matter is left open once it is finished; the rail ticks it then."""
        return True

    def work_in_background(self, work: Work) -> None:
        """Run in the background what looks at what is typed; later work of the step cancels it, and so does leaving."""
        self.host.run_in_background(work, group=self.key)

    def stop_background(self) -> None:
        """Cancel what runs in the background: what the next step stands on must not change below it."""
        self.host.stop_in_background(self.key)

    def leave(self) -> None:
        """Take away what must not stay on the screen."""

    def first_line(self) -> Widget | None:
        """Return what gets the focus when the step is shown."""
        return self if self.can_focus else next(iter(self.query("FormLine, LineInput, RowBody").results()), None)

    def hints(self) -> Hints:
        """Return the keys that matter here, without those of every step."""
        return ()

    def fail(self, failure: SwitchboardError) -> None:
        """Say what went wrong and what to do, below the form, where it stays until the next attempt."""
        self._show_problem(Notice("bad", failure.sentence, failure.what_to_do))

    def refuse(self, sentence: str, what_to_do: str = "") -> bool:
        """Say what is missing; returns False, for `finish` to hand on."""
        self._show_problem(Notice("warning", sentence, what_to_do))
        return False

    def _show_problem(self, notice: Notice) -> None:
        self.problem.say([notice])
        # It is the last line of a form that may be higher than the screen.
        self.call_after_refresh(self.problem.scroll_visible, animate=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        # The hints of the wizard are those of the line with the focus.
        self.post_message(self.Changed())

    def action_focus_by(self, by: int) -> None:
        if by < 0:
            self.screen.focus_previous()
        else:
            self.screen.focus_next()

    def action_proceed(self) -> None:
        self.host.run_act(self._proceed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_proceed()

    async def _proceed(self) -> None:
        self.problem.clear()
        try:
            finished = await self.finish()
        except SwitchboardError as failure:
            self.fail(failure)
            return
        if finished and self.is_mounted:
            if self.is_complete:
                self.flow.done.add(self.key)
            else:
                self.flow.done.discard(self.key)
            self.post_message(self.Finished())
