"""The console: its modes and keys, theme and output filters, and what a change of connection brings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from tui.navigation import SECTIONS, Navigation
from tui.process.garbage import resume_collector
from tui.screens.background import leaving_nothing
from tui.screens.freshness import Freshness
from tui.screens.page import Page
from tui.session.console_connection import CONNECTING, ConsoleConnection, Health
from tui.session_switch import WRITE_UNDER_WAY, SessionSwitch
from tui.settings.configuration import Configuration, configuration_file, keymap_file, read_configuration
from tui.widgets.bindings import bind
from tui.widgets.glyphs import UNICODE
from tui.widgets.line_filters.colours import TERMINAL_COLOURS, ColourlessFilter, PaletteFilter, colours_are_unwanted
from tui.widgets.line_filters.control import ControlFilter
from tui.widgets.ordered_app import OrderedApp
from tui.widgets.stylesheet import ParsedOnce

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence

    from textual.actions import ActionParseResult
    from textual.app import SystemCommand
    from textual.binding import BindingType
    from textual.dom import DOMNode
    from textual.filter import LineFilter
    from textual.screen import Screen
    from textual.timer import Timer
    from textual.worker import Worker

    from tui.data.keys.master_key import MasterKey
    from tui.errors import SwitchboardError
    from tui.screens.choosers.help import KeysScreen
    from tui.session.session import Session
    from tui.session_switch import LoadProfile
    from tui.settings.configuration import Colour
    from tui.words.log.invocation import Invocation

    WriteCommands = Callable[[Sequence[Invocation], str | None], str]
    """Writes the command lines, one on each line, for the profile in use. Raises InvalidInput."""

# What `run` returns when somebody in the wizard asked for the sample data; never an exit status of the program.
DEMO = 200
NOT_SET_UP = Health("waiting", "not set up yet")
QUIT_WITHIN_S = 2.0
WORKERS_END_WITHIN_S = 2.0


class SwitchboardApp(OrderedApp):
    """The console. `run` returns the exit status, or DEMO."""

    CSS_PATH: ClassVar[Any] = ["screens/page.tcss"]
    ENABLE_COMMAND_PALETTE = False
    # The first section is there from the first frame on, and not switched to: that would lay out and style a blank
    # screen before. Were it among the modes by then, the tasks of Python 3.12 and later, which begin at once, would
    # mount it before it is on the stack.
    DEFAULT_MODE: ClassVar[str] = SECTIONS[0].name
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        section.name: section.open for section in SECTIONS[1:]
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            bind(key, f"section('{name}')", title, id=f"app.{name}", tooltip=tooltip)
            for key, name, title, _, tooltip, _ in SECTIONS
        ),
        # F1 as well: an input that has the focus takes the question mark.
        bind("question_mark,f1", "help", "Help", id="app.help", tooltip="Show all keys of this screen"),
        bind("colon,ctrl+p", "palette", "Palette", id="app.palette", tooltip="Run a command by its name"),
        bind("o", "organization", "Organisation", id="app.organization", tooltip="Switch to another organisation"),
        # A function key as well: in a form a letter is typed.
        bind("f9,D", "profile", "Profile", id="app.profile", tooltip="Switch to another profile and its database"),
        bind("q", "quit_at_root", "Quit", id="app.quit", tooltip="Quit; on an inner screen go back"),
        bind("ctrl+c", "interrupt", "Quit", priority=True, id="app.interrupt", tooltip="Quit (press twice)"),
        bind("ctrl+q", "nothing", "", id="app.nothing"),
    ]
    sections = tuple((section.key, section.name, section.title, section.short_title) for section in SECTIONS)

    def __init__(
        self,
        session: Session,
        *,
        wizard: bool = False,
        load_profile: LoadProfile | None = None,
        write_commands: WriteCommands | None = None,
        keep_key: Callable[[MasterKey], None] | None = None,
    ) -> None:
        """`load_profile` loads another session; without it there is none, as in the demo. `keep_key` see Console."""
        super().__init__()
        self.connection = ConsoleConnection(session, self, NOT_SET_UP if wizard else CONNECTING)
        self.navigation = Navigation(self, self.read_again, self.enter_section)
        self._freshness = Freshness(self)
        self.glyphs = UNICODE
        # A person's file could not open what is closed, but might say of another file whether it is there.
        is_locked = session.settings.locked
        self.configuration = (
            Configuration() if is_locked else read_configuration(configuration_file(os.environ), keymap_file())
        )
        self.profile_colours: Mapping[str, Colour] = self.configuration.colours
        self.session_switch = SessionSwitch(
            self,
            self.connection,
            load_profile,
            pages=self._pages,
            lost_key=self._lost_key,
            settings_changed=self._settings_changed,
            warn=self.warn,
        )
        self._write_commands = write_commands
        self.keep_key = keep_key
        self._idle_timer: Timer | None = None
        self._wizard = wizard
        self._interrupted_at = 0.0
        self._is_asking_for_key = False
        self.no_color = colours_are_unwanted(session.environ)
        self._line_filters = self._new_line_filters()
        self.register_theme(TERMINAL_COLOURS)
        # Before anything is parsed with the variables of another theme.
        self.theme = TERMINAL_COLOURS.name
        self.stylesheet = ParsedOnce(variables=self.get_css_variables())
        # Every step of an animation is a frame that a slow line has to carry.
        self.animation_level = "none"

    @property
    def session(self) -> Session:
        return self.connection.session

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return our own filters, control characters first; Textual's turn colours into absolute ones."""
        return self._line_filters

    def _new_line_filters(self) -> tuple[LineFilter, ...]:
        filters: list[LineFilter] = [ControlFilter()]
        if self.session.settings.ascii:
            from tui.widgets.line_filters.ascii import AsciiFilter

            filters.append(AsciiFilter())
        if self.no_color:
            filters.append(ColourlessFilter())
        elif self.configuration.is_truecolor:
            filters.append(PaletteFilter())
        return tuple(filters)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer none of Textual's own commands: one of them writes a screenshot of secrets."""
        return ()

    def get_default_screen(self) -> Screen[Any]:
        return SECTIONS[0].open()

    def on_mount(self) -> None:
        self.add_mode(SECTIONS[0].name, SECTIONS[0].open)
        self.set_keymap(self.configuration.keys)
        self._watch_idle()
        if self._wizard:
            self.switch_mode("setup")
        # One frame, once everything is laid out: Textual would draw the list alone, and then the whole again.
        drawing = contextlib.ExitStack()
        drawing.enter_context(self.batch_update())
        # Messages wait until the app runs, and what comes after a refresh until the screen has nothing left to do.
        self.call_later(lambda: self.screen.call_after_refresh(self._draw_once_settled, drawing))
        if self.configuration.problem:
            self.call_after_refresh(self.warn, self.configuration.problem)

    def _draw_once_settled(self, drawing: contextlib.ExitStack) -> None:
        # Two turns of the loop later the widgets have said what their first sizes change. Said behind the frame, it
        # would be laid out and painted as a whole again before the rows.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self.call_later, self._draw_first_frame, drawing)

    def _draw_first_frame(self, drawing: contextlib.ExitStack) -> None:
        drawing.close()
        if isinstance(self.screen, Page):
            self.screen.draw_now()
        self.screen.call_after_refresh(self._after_first_frame)

    def _after_first_frame(self) -> None:
        # Not before: importing the driver takes almost as long as that frame.
        if not self._wizard:
            self.connection.connect()
        resume_collector()

    def after_resume(self) -> None:
        """Show no secret again, and read everything anew."""
        for page in self._pages():
            page.hide_secrets()
        self.read_again()

    def _watch_idle(self) -> None:
        """Look again when the limit could be reached; cover the screen once it is."""
        seconds, idle = self.session.settings.idle_lock, time.monotonic() - self.last_key_at
        if idle < seconds:
            self._idle_timer = self.set_timer(seconds - idle, self._watch_idle)
            return
        from tui.screens.lock import LockScreen

        for page in self._pages():
            page.hide_secrets()
        self.push_screen(LockScreen(), lambda _: self._watch_idle())

    def warn(self, sentence: str) -> None:
        """Say something that stops nothing on the status line."""
        if isinstance(self.screen, Page):
            self.screen.status.say(sentence, "warning")

    def watch_connection(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run what makes and watches the connection in the background, in place of what ran before."""
        self._run_in_background(work, "connection")

    def _run_in_background(self, work: Callable[[], Coroutine[None, None, None]], group: str) -> None:
        run = partial(leaving_nothing, work)
        _: Worker[None] = self.run_worker(run, group=group, exclusive=True, exit_on_error=False)

    def stop_watching(self) -> None:
        self.workers.cancel_group(self, "connection")
        # It looks at an organisation of the database that is left.
        self.workers.cancel_group(self, "freshness")

    def stop_reading(self) -> None:
        for page in self._pages():
            self.workers.cancel_group(page, "load")

    def show_health(self) -> None:
        """Show how the connection is."""
        for page in self._pages():
            page.refresh_frame()

    def show_failure(self, failure: SwitchboardError) -> None:
        """Show why there is no connection, or what else went wrong on the way in."""
        for page in self._pages():
            page.show_failure(failure)

    def read_again(self) -> None:
        """Draw every frame anew, and fill every screen again once there is a connection."""
        for page in self._pages():
            page.refresh_frame()
            if self.connection.ready:
                page.start_load()
        self._run_in_background(self._freshness.run, "freshness")

    def _settings_changed(self) -> None:
        self._line_filters = self._new_line_filters()
        if self._idle_timer is not None:
            self._idle_timer.stop()
        self._watch_idle()

    def command_line(self, invocations: Sequence[Invocation]) -> str:
        """Return the command lines, one on each line, empty for none. Raises InvalidInput."""
        return self._write_commands(invocations, self.session.settings.profile) if self._write_commands else ""

    def open_demo(self) -> None:
        """Leave for the console on sample data; the caller of `run` starts it."""
        self.exit(DEMO)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an act, or say that the locked console does not."""
        if self._is_open(action, default_namespace):
            return await super().run_action(action, default_namespace, namespaces)
        from tui.locked.acts import CLOSED

        self.warn(CLOSED)
        return True

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """Offer nothing in help and palette that the locked console does not do."""
        return self._is_open(action, default_namespace) and super()._check_action_state(action, default_namespace)

    def _is_open(self, action: str | ActionParseResult, node: DOMNode | None) -> bool:
        if not self.session.settings.locked:
            return True
        from tui.locked.acts import is_open

        return isinstance(action, str) and is_open(type(self if node is None else node), action)

    def action_section(self, name: str) -> None:
        """Open a section, read again behind its rows; the one that is left keeps its filter and cursor."""
        left = self.screen
        if not isinstance(left, Page) or len(self.screen_stack) > 1 or left.prompt.is_asking:
            return
        if name != left.section and self.connection.failure is None:
            # When somebody comes back, it would be old.
            left.status.clear()
        self.enter_section(name)

    def enter_section(self, name: str) -> None:
        """Open a section; what is shown there is read again behind its rows."""
        left = self.screen
        self.switch_mode(name)
        if isinstance(self.screen, Page) and self.screen is not left and self.connection.ready:
            self.screen.read_behind()

    def action_help(self) -> None:
        from tui.screens.choosers.help import HelpScreen

        self._open_key_list(HelpScreen)

    def action_palette(self) -> None:
        from tui.screens.choosers.help import PaletteScreen

        self._open_key_list(PaletteScreen)

    def _open_key_list(self, screen_type: type[KeysScreen]) -> None:
        from tui.screens.choosers.chooser import ChooserScreen

        if not isinstance(self.screen, ChooserScreen):
            if isinstance(self.screen, Page):
                self.screen.focus_for_acts()
            self.push_screen(screen_type(self.screen))

    def action_organization(self) -> None:
        from tui.screens.choosers.organization import OrganizationChooser

        if self.session.is_connected and len(self.screen_stack) == 1:
            self._guard_unsaved(lambda: self.push_screen(OrganizationChooser()))

    def action_profile(self) -> None:
        from tui.screens.choosers.chooser import ChooserScreen
        from tui.screens.choosers.profile import ProfileChooser

        page = self.screen
        if not isinstance(page, Page) or isinstance(page, ChooserScreen) or page.prompt.is_asking:
            return
        if self.session_switch.is_write_under_way:
            self.warn(WRITE_UNDER_WAY)
        else:
            self.push_screen(ProfileChooser())

    def action_quit_at_root(self) -> None:
        """Quit from a section's own screen; elsewhere go back."""
        if len(self.screen_stack) == 1:
            self._guard_unsaved(lambda: self._leave(0))
        elif isinstance(self.screen, Page):
            self.screen.action_back()

    def _guard_unsaved(self, go: Callable[[], object]) -> None:
        """Do what would lose staged changes only when there are none, or nobody wants them."""
        staging = next((page for page in self._pages() if page.unsaved()), None)
        if staging is None:
            go()
        elif isinstance(self.screen, Page) and not self.screen.prompt.is_asking:
            self.screen.act(self._ask_to_leave(self.screen, staging, go))

    async def _ask_to_leave(self, page: Page, staging: Page, go: Callable[[], object]) -> None:
        from tui.widgets.prompt import Choice

        choices = (Choice("r", "go there"), Choice("d", "discard and continue"))
        chosen = await page.prompt.choose(staging.unsaved(), choices, leave="stay")
        if chosen == "r":
            self.switch_mode(staging.section)
        elif chosen == "d":
            staging.forget_unsaved()
            go()

    def action_interrupt(self) -> None:
        """Quit on the second ctrl+c within two seconds, after asking where a form holds changes; the first says so."""
        # One that is pressed by habit, to copy or to stop something, must not cost what was typed or staged.
        now = time.monotonic()
        if now - self._interrupted_at < QUIT_WITHIN_S:
            self._interrupted_at = 0.0
            self._quit_or_ask()
            return
        self._interrupted_at = now
        if isinstance(self.screen, Page):
            status = self.screen.status
            once_more = status.say("Press ctrl+c once more to quit.")
            self.set_timer(QUIT_WITHIN_S, lambda: status.clear(once_more))

    def _quit_or_ask(self) -> None:
        """Quit; what was typed into a form is asked about once, while a question that is open is no reason to stay."""
        from tui.screens.form_page import FormPage

        form = next((page for page in self.screen_stack if isinstance(page, FormPage) and page.unsaved()), None)
        if form is not None and isinstance(self.screen, Page) and not self.screen.prompt.is_asking:
            self.screen.act(self._ask_to_quit(self.screen, form.unsaved()))
        else:
            self._leave(130)

    async def _ask_to_quit(self, page: Page, unsaved: str) -> None:
        from tui.widgets.prompt import Choice

        if await page.prompt.choose(unsaved, (Choice("d", "discard and quit"),), leave="stay") is not None:
            self._leave(130)

    def _leave(self, status: int) -> None:
        """Quit, after asking, once, where the key of every credential would be lost."""
        if self._lost_key() and not self._is_asking_for_key:
            self._run_in_background(partial(self._ask_for_key, status), "leaving")
        else:
            self.exit(status)

    def _lost_key(self) -> str:
        """Say that the key in use is configured nowhere, or nothing."""
        from tui.words.keys import CONSOLE, IN_THIS_CONSOLE_ALONE

        current = self.session.keyring.current
        is_here_alone = self.keep_key is None and current is not None and current.source == CONSOLE
        return IN_THIS_CONSOLE_ALONE if is_here_alone else ""

    async def _ask_for_key(self, status: int) -> None:
        from tui.screens.setup.keys.only_copy import may_be_lost

        current = self.session.keyring.current
        self._is_asking_for_key = True
        try:
            if not isinstance(self.screen, Page):
                # The cover, which would hide the question.
                await self.screen.dismiss()
            if isinstance(self.screen, Page) and current is not None and await may_be_lost(self.screen, current):
                self.exit(status)
        finally:
            self._is_asking_for_key = False

    def action_nothing(self) -> None:
        """Take a key that terminals use for flow control."""

    async def on_unmount(self) -> None:
        """Leave no query running on the server, and let what is broken off say so in the log."""
        running = [worker.wait() for worker in self.workers if worker.is_running]
        self.workers.cancel_all()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), WORKERS_END_WITHIN_S)
        await self.session.close()

    def _pages(self) -> list[Page]:
        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        return [screen for screen in screens if isinstance(screen, Page) and screen.is_mounted]
