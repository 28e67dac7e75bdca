"""The base of every screen: its frame, its filter, its workers, and the way it meets failures."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.containers import Horizontal, Vertical
from textual.events import MouseEvent
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker, WorkerState

from tui.errors import SwitchboardError
from tui.screens.background import background
from tui.screens.reading import Reading
from tui.screens.top_line import top_line_parts
from tui.widgets.bindings import bind
from tui.widgets.frame import (
    AgeLine,
    ContextLine,
    Hints,
    KeyHints,
    Part,
    SectionLine,
    StatusLine,
    TopLine,
    section_parts,
)
from tui.widgets.prompt import Prompt
from tui.widgets.row_list import RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.text_lines import WIDE, DetailPane
from tui.words.log.invocation import Invocation
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import Binding, BindingType
    from textual.geometry import Size
    from textual.widget import Widget
    from textual.widgets import Input

    from tui.screens.app_interface import Console
    from tui.screens.paging_pane import ReadFailed
    from tui.session.session import Session
    from tui.widgets.line_input import LineInput

SMALLEST = (60, 20)


def enter_does(action: str, title: str, *, id: str, tooltip: str) -> Binding:
    """Return the binding of an act that enter does, and no letter; it comes before the list's own enter."""
    # A letter can be the end of an escape sequence that a slow line has cut in two: it must do nothing that stays.
    return bind("enter", action, title, priority=True, id=id, tooltip=tooltip)


class Page(Screen[Any]):
    """A screen with top line, context line, body, prompt, status line and key hints.

    Subclasses give `compose_body`, `section` (key of the section it belongs to), `hints`, and `load`, which fills the
    screen and runs whenever the session is ready, the organisation changes or r is pressed.
    """

    # Nothing by itself: Textual would choose the first input, which takes ? and every letter.
    AUTO_FOCUS: ClassVar[str | None] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("slash", "filter", "Filter", id="page.filter", tooltip="Filter the list"),
        bind("r", "reload", "Refresh", id="page.reload", tooltip="Read again from the database"),
        bind("escape", "back", "Back", id="page.back", tooltip="Clear the filter, else go back"),
        # No letter, which may be the end of a broken escape sequence: what was on the clipboard would be lost. The
        # function key first, which the palette presses: in a form, and where a text is asked for, a character is typed.
        bind(
            "f8,exclamation_mark",
            "copy_command",
            "Copy as command",
            id="page.command",
            tooltip="Copy what is shown as a command for a shell",
        ),
    ]
    section: ClassVar[str] = ""
    filterable: ClassVar[bool] = False
    # Whoever gets or loses the focus paints itself; Textual's own would paint the whole screen as well.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    is_inner: ClassVar[bool] = False
    """Whether it is opened from a section, so that no key leads to the others: only its own is named."""
    follows_changes: ClassVar[bool] = False
    """Whether it is read again by itself when the log says that something has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.filter_text = ""
        self._filter: LineInput | None = None
        self._is_new = True
        self._writes = 0
        self._focus_before: Widget | None = None
        self._pending_result: tuple[object] | None = None
        self.reading = Reading(self)
        self.is_reloaded = False
        """Whether somebody asked for what is read next, so that the login is looked at before."""

    @property
    def console(self) -> Console:
        """The app, as far as screens know it."""
        return cast("Console", self.app)

    @property
    def session(self) -> Session:
        return self.console.connection.session

    @property
    def prompt(self) -> Prompt:
        return self.query_one(Prompt)

    @property
    def status(self) -> StatusLine:
        return self.query_one(StatusLine)

    @property
    def is_busy(self) -> bool:
        """Whether a write is under way; acts are disabled until it is done."""
        return self._writes > 0

    def compose(self) -> ComposeResult:
        yield TopLine()
        with Horizontal(id="context"):
            yield SectionLine()
            yield ContextLine()
            yield AgeLine()
        with Vertical(id="body"):
            yield from self.compose_body()
        yield Prompt()
        yield StatusLine()
        yield KeyHints()
        yield Static("This window is too small: Switchboard needs at least 60x20.", id="too-small", markup=False)

    def compose_body(self) -> Iterable[Any]:
        """Yield the widgets of the screen's body."""
        return ()

    def hints(self) -> Hints:
        """Return (key, meaning) pairs for the bottom line, the most useful first, help last."""
        return (("r", "refresh"), ("esc", "back"), ("?", "help"))

    async def load(self) -> None:
        """Fill the screen from the database."""

    def context(self) -> tuple[Part, ...]:
        """Return what the context line says behind the sections."""
        return (Part(f"/{safe_text(self.filter_text, 40)}", "warning"),) if self.filter_text else ()

    def filter_changed(self) -> None:
        """Show what matches `filter_text` now."""

    def on_mount(self) -> None:
        # Before anything is read, so that the first keys already reach what they are for.
        self.focus_body()
        self.refresh_frame()
        if self.console.connection.ready:
            self.start_load()
        elif self.console.connection.failure is not None:
            self.show_failure(self.console.connection.failure)

    def _on_screen_resume(self, event: events.ScreenResume) -> None:
        """Draw the frame again: the session may have changed while another screen was open. Leave if that waited."""
        # All widgets of a new screen were styled as they were made; from Python 3.12 on before a style sheet of its own
        # was read, since tasks begin at once there.
        if self._is_new and not self.css_path:
            event.refresh_styles = False
        self._is_new = False
        self.refresh_frame()
        if self._pending_result is not None:
            self.dismiss(*self._pending_result)

    def on_screen_suspend(self) -> None:
        """Take back what was said of an act that went well: it would be old when somebody comes back."""
        for status in self.query(StatusLine):
            status.clear_news()

    def _compositor_refresh(self) -> None:
        """Draw nothing while another screen covers this one, which would paint all of that; resuming draws it whole."""
        if self is self.app.screen:
            super()._compositor_refresh()

    def _on_timer_update(self) -> None:
        """Draw nothing while the terminal is behind: the timer goes on, and all that changed is drawn as it is then."""
        # Put off and never dropped: Textual sends what differs from the frame before.
        if not self.console.terminal_is_behind:
            super()._on_timer_update()

    def draw_now(self) -> None:
        """Draw all that changed without waiting for the timer, which goes off sixty times a second."""
        self._on_timer_update()

    def _forward_event(self, event: events.Event) -> None:
        """Keep clicks from the screen while a question is open, as its keys are."""
        if not (isinstance(event, MouseEvent) and self.prompt.is_asking):
            super()._forward_event(event)

    def leave(self, result: object = None) -> None:
        """Leave with a result, once help or the cover over this screen is gone: dismiss() takes what is on top."""
        if self.is_active:
            self.dismiss(result)
        else:
            self._pending_result = (result,)

    def start_load(self) -> None:
        """Fill the screen, giving up on an earlier attempt."""
        self.run_load(self.load)

    def read_behind(self) -> bool:
        """Read again behind what is shown, which stays until then; return False where something has to end first."""
        if self.reading.true_at is None or self.is_busy or self.prompt.is_asking or self.reading.is_under_way:
            return False
        self.reading.go_behind(self.run_load(self.load))
        return True

    def show_loading(self, what: str) -> None:
        """Say that `what` is being read, in the place of what was there; nothing while that is read behind it."""
        if not self.reading.is_behind:
            self.query_one(StateSwitcher).show_loading(what)

    def confirm(self, changed_at: float | None) -> None:
        """Say how old is what is shown; what was read since the last change is as true as if it had been read now."""
        self.reading.confirm(changed_at)
        for line in self.query(AgeLine):
            line.age = self.age

    @property
    def age(self) -> str:
        """How old is what is shown, where that is to be said."""
        return self.reading.age

    def act(self, coroutine: Coroutine[Any, Any, object]) -> None:
        """Run an act that may write: never cancelled by another key, and one at a time, so that a second is dropped."""
        if any(not worker.is_finished for worker in self.workers if worker.node is self and worker.group == "write"):
            coroutine.close()
            return
        self.status.clear()
        # A group of its own, and not exclusive: what cancels a load must never cancel a COMMIT.
        self.run_worker(self._guarded_act(coroutine), group="write", exit_on_error=False)

    def refuse_held_key(self, instead: str) -> bool:
        """Say `instead` where the key is held down since it did something else: it must do nothing more that stays."""
        if self.console.is_key_held:
            self.status.say(instead)
        return self.console.is_key_held

    @background("load")
    async def run_load(self, load: Callable[[], Awaitable[object]]) -> None:
        """Read something in place of what is being read."""
        began_at, is_reloaded, self.is_reloaded = time.monotonic(), self.is_reloaded, False
        connection = self.console.connection
        try:
            # What the login sees by now: of what is out of sight, nothing can be read that would say so.
            if is_reloaded and not await connection.follow_login(connection.session.look_at_login):
                return
            await load()
        except SwitchboardError as failure:
            self.reading.end(began_at, shows=False)
            # A worker outlives the children of a screen that is being left.
            if self.is_mounted:
                (self.report_failure if self.reading.is_behind else self.show_failure)(failure)
        else:
            if load == self.load:
                self.reading.end(began_at, shows=True)
        if self.is_mounted:
            self.refresh_frame()

    async def _guarded_act(self, coroutine: Awaitable[object]) -> None:
        try:
            await coroutine
        except SwitchboardError as failure:
            if self.is_mounted:
                self.report_failure(failure)
        if self.is_mounted:
            self.refresh_frame()

    async def writing(self, coroutine: Awaitable[Any]) -> Any:
        """Await a write with the screen's acts disabled meanwhile."""
        self._writes += 1
        saving = self.status.say("Saving …")
        self.refresh_bindings()
        try:
            return await coroutine
        finally:
            self._writes -= 1
            if self.is_mounted:
                self.refresh_bindings()
                self.status.clear(saving)

    def show_failure(self, failure: SwitchboardError) -> None:
        """Show why nothing could be read, in the place of what is missing where there is such a place."""
        for switcher in self.query(StateSwitcher):
            switcher.show_failed(self.console.connection.cause_of(failure))
        self.report_failure(failure)

    def report_failure(self, failure: SwitchboardError) -> None:
        """Say what went wrong on the status line, where it stays."""
        failure = self.console.connection.cause_of(failure)
        by_itself = " Switchboard reconnects automatically." if failure.may_pass else ""
        self.status.say(f"{failure.sentence} {failure.what_to_do}{by_itself}", "bad")
        if failure.may_pass:
            self.console.connection.reconnect(failure)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Let nothing that a worker did not expect go by in silence."""
        # Each runs with exit_on_error=False: otherwise Textual prints the error with its local variables.
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.console.fail(event.worker.error)

    def refresh_frame(self) -> None:
        """Draw top line, context line and hints from what is true now."""
        self.query_one(TopLine).parts = top_line_parts(
            self.session, self.console.connection.health, self.console.profile_colours, self.console.glyphs
        )
        # What may be forgotten stands at the right edge.
        context = tuple(part._replace(at_right=part.tone == "quiet") for part in self.context())
        sections = [section for section in self.console.sections if section[1] == self.section or not self.is_inner]
        self.query_one(SectionLine).parts = section_parts(sections, self.section, self.size.width)
        self.query_one(ContextLine).parts = context
        self.query_one(AgeLine).age = self.age
        self.query_one(KeyHints).hints = (("esc", "cancel"),) if self.prompt.is_asking else self.hints()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.filterable if action == "filter" else True

    def action_filter(self) -> None:
        if self.filterable:
            field = self._filter_field()
            field.value = self.filter_text
            self._show_filter(field, shown=True)
            # Not field.focus(), which waits for a turn of the loop: the next key may be here already.
            self.set_focus(field)

    def action_reload(self) -> None:
        """Read again, or try again to connect."""
        self.status.clear()
        if self.console.connection.ready:
            self.is_reloaded = True
            self.start_load()
        elif self.console.connection.failure is not None:
            self.console.connection.connect()

    def action_back(self) -> None:
        """Stop loading, else clear the filter, else leave the screen."""
        if self.reading.is_waited_for:
            self.workers.cancel_group(self, "load")
            self.status.say("Cancelled.")
        elif self.filter_text:
            self._set_filter("")
        elif len(self.app.screen_stack) > 1 and not self.is_busy:
            self.leave()
        else:
            self.status.clear()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "filter":
            event.stop()
            if self.is_filtering:
                self._set_filter(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "filter":
            event.stop()
            self.end_filtering()

    def on_key(self, event: events.Key) -> None:
        # Escape clears the filter, down keeps it.
        if self._filter is not None and self._filter.display and event.key in ("escape", "down"):
            event.stop()
            if event.key == "escape":
                self._set_filter("")
            self.end_filtering()

    def on_read_failed(self, event: ReadFailed) -> None:
        self.report_failure(event.failure)

    def on_prompt_changed(self) -> None:
        self.refresh_frame()

    def on_line_input_paste_refused(self, event: LineInput.PasteRefused) -> None:
        """Say that a paste did not fit, since nothing of it was kept."""
        self.status.say(
            f"Nothing was pasted: the text has {event.lines} lines, and this field takes one line.", "warning"
        )

    def stands_beside(self, size: Size) -> bool:
        """Whether a detail stands beside its list on a screen of that size, and not below it."""
        return size.width >= WIDE

    def on_resize(self, event: events.Resize) -> None:
        too_small = event.size.width < SMALLEST[0] or event.size.height < SMALLEST[1]
        if too_small and not self.has_class("-too-small"):
            self._focus_before = self.focused
        self.set_class(too_small, "-too-small")
        is_beside = self.stands_beside(event.size)
        self.set_class(is_beside, "-wide")
        for pane in self.query(DetailPane):
            pane.place(event.size.width, is_beside=is_beside)
        self.refresh_frame()
        if not too_small and self.focused is None and self._focus_before is not None and self._focus_before.is_attached:
            self.set_focus(self._focus_before)

    def end_filtering(self) -> None:
        """Close the filter line and focus the list again."""
        if self._filter is not None:
            self._show_filter(self._filter, shown=False)
        self.focus_body()

    def focus_for_acts(self) -> None:
        """Focus what the keys are for where nothing is, or the filter: only there do they act and stand in the help."""
        if self.is_filtering:
            self.end_filtering()
        elif self.focused is None:
            self.focus_body()

    @property
    def is_filtering(self) -> bool:
        return self._filter is not None and bool(self._filter.display)

    def _filter_field(self) -> LineInput:
        """The filter's input, made when it is asked for first: Textual's Input would be a thirtieth of a start."""
        from tui.widgets.line_input import LineInput

        if self._filter is None:
            self._filter = LineInput(id="filter", placeholder="filter")
            self.mount(self._filter, before=self.status)
        return self._filter

    def _show_filter(self, field: LineInput, *, shown: bool) -> None:
        field.display = shown
        self.status.display = not shown

    def hide_secrets(self) -> None:
        """Take every revealed secret off the screen."""

    def unsaved(self) -> str:
        """Say in a sentence what leaving would lose, or nothing."""
        return ""

    def lost_with_session(self) -> str:
        """Say in a sentence what a change of the session would lose, or nothing."""
        return self.unsaved()

    def forget_unsaved(self) -> None:
        """Lose it: somebody said so."""

    def focus_body(self) -> None:
        """Focus what the keys of this screen are for: its list, where a subclass says nothing else."""
        for body in self.query(RowBody):
            self.set_focus(body)

    def copy_row(self, text: str, form: str = "") -> None:
        """Send a row's text to the terminal's clipboard; `form` says in which form (" as JSON")."""
        self.status.say(self.copy(text, "Row", form))

    def copy(self, text: str, what: str, form: str = "") -> str:
        """Send a text to the terminal's clipboard; return the sentence to be said of it."""
        self.app.copy_to_clipboard(text)
        # Terminals do not answer OSC 52, and tmux drops it by default: nobody knows whether it has arrived.
        return f"{what} sent to your terminal's clipboard{form} (cannot be confirmed)."

    def invocations(self) -> Sequence[Invocation]:
        """Return the commands that show what is under the cursor, or do what this screen is for; none where none does.

        Raises InvalidInput, which says why none does it just now.
        """
        return ()

    def invocation(self, command: str, **values: str | bool | Sequence[str]) -> Invocation:
        """Return a command on the organisation that is looked at."""
        organization = self.session.organization
        return Invocation(command, values, organization.id if organization else None)

    def action_copy_command(self) -> None:
        from tui.screens.command_copy import copy_as_command

        copy_as_command(self)

    def _set_filter(self, text: str) -> None:
        self.filter_text = text
        self.filter_changed()
        self.refresh_frame()
