"""The wizard's pane: the rail that shows where one is, and one step at a time below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from tui.errors import SwitchboardError
from tui.screens.setup.wizard.connection import ConnectionStep
from tui.screens.setup.wizard.first_integration import FirstIntegrationStep
from tui.screens.setup.wizard.install import InstallStep
from tui.screens.setup.wizard.master_key import MasterKeyStep
from tui.screens.setup.wizard.organization import OrganizationStep
from tui.screens.setup.wizard.plan import PlanStep
from tui.screens.setup.wizard.proof import ProofStep
from tui.widgets.form import ActionLine

if TYPE_CHECKING:
    from textual.app import RenderResult

    from tui.screens.setup.wizard.flow import Flow
    from tui.screens.setup.wizard.step import Step
    from tui.widgets.frame import Hints

STEPS: tuple[type[Step], ...] = (
    ConnectionStep,
    MasterKeyStep,
    PlanStep,
    InstallStep,
    ProofStep,
    OrganizationStep,
    FirstIntegrationStep,
)


class Rail(Widget):
    """The names of the steps: done ones ticked, the present one marked; on a narrow screen only the present one."""

    DEFAULT_CSS = "Rail { height: 2; width: 1fr; border-bottom: solid ansi_bright_black; }"
    present: reactive[int] = reactive(0)

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self._flow = flow

    def render(self) -> RenderResult:
        names = [step.rail_name for step in STEPS]
        if sum(len(name) + 3 for name in names) - 1 > self.size.width:
            return Content(f"Step {self.present + 1} of {len(STEPS)}: {names[self.present]}")
        pieces: list[str | tuple[str, str]] = []
        for index, step in enumerate(STEPS):
            done = step.key in self._flow.done
            sign = self._flow.glyphs.yes if done else " "
            style = "reverse bold" if index == self.present else "ansi_green" if done else "dim"
            pieces += [(f"{sign} {step.rail_name}", style), " "]
        return Content.assemble(*pieces[:-1])


class WizardPane(Vertical):
    """Shows one step at a time. Steps are made when first needed, and stay."""

    DEFAULT_CSS = """
    WizardPane { height: 1fr; }
    """

    class Left(Message):
        """Escape was pressed on the first step."""

    class Moved(Message):
        """Another step is shown, or the same in another state."""

    def __init__(self, flow: Flow) -> None:
        super().__init__()
        self.flow = flow
        self._steps: dict[int, Step] = {}
        self._rail = Rail(flow)
        self._present = 0

    def compose(self) -> list[Widget]:
        """Lay the rail; `show` adds the steps."""
        return [self._rail]

    @property
    def step(self) -> Step | None:
        return self._steps.get(self._present)

    def hints(self, *, leaves: bool) -> Hints:
        """Return the keys of the step that is shown, as many as fit 60 cells.

        `leaves` says whether escape leaves the wizard from its first step.
        """
        own = self.step.hints() if self.step else ()
        is_act = isinstance(self.screen.focused, ActionLine)
        first = ("esc", "leave") if leaves else ("ctrl+c twice", "quit")
        back = ("esc", "back") if self._present else first
        return (*(own or (("tab", "next line"),)), ("enter", "run" if is_act else "next"), back, ("F1", "help"))

    async def show(self, index: int) -> None:
        """Show a step, the one before staying as it is."""
        step_before = self.step
        if step_before is not None:
            step_before.stop_background()
            step_before.leave()
            step_before.display = False
        self._present = self._rail.present = index
        step = self._steps.get(index)
        if step is None:
            step = self._steps[index] = STEPS[index](self.flow)
            await self.mount(step)
        step.display = True
        self.post_message(self.Moved())
        # Before it has looked at the database: what is typed meanwhile must not be lost.
        before = self.focus_step()
        try:
            await step.arrive()
        except SwitchboardError as failure:
            step.fail(failure)
        if self.is_mounted and self.step is step:
            if step.first_line() is not before:
                self.focus_step()
            self.post_message(self.Moved())

    async def close(self) -> None:
        """Stop what the step on show does in the background, and close the connection."""
        if self.step is not None:
            self.step.stop_background()
        await self.flow.close()

    def focus_step(self) -> Widget | None:
        """Focus the first line of the step and return it."""
        line = self.step.first_line() if self.step else None
        if line is not None:
            line.focus(scroll_visible=False)
        return line

    async def next(self) -> None:
        if self._present + 1 < len(STEPS):
            await self.show(self._present + 1)

    async def back(self) -> None:
        if self._present == 0:
            self.post_message(self.Left())
        else:
            await self.show(self._present - 1)

    def refresh_rail(self) -> None:
        self._rail.refresh()
