"""The console: which screens there are, theme, keys, output filter, crash policy and the session; nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from tui.errors import SchemaNewer, SwitchboardError, UnknownOrganization
from tui.locked.acts import CLOSED, is_open
from tui.navigation import Navigation
from tui.process import EXIT_CRASH, crash_report
from tui.screens.page import Page
from tui.session.reconnecting import connect_and_stay, stay_connected
from tui.session.session import require_configured, require_installed
from tui.settings.keymap import Keymap, keymap_file, read_keymap
from tui.widgets.ascii_filter import AsciiFilter
from tui.widgets.colours import TERMINAL_COLOURS, ColourlessFilter, colours_are_unwanted
from tui.widgets.control_filter import ControlFilter
from tui.widgets.glyphs import UNICODE
from tui.widgets.ordered_app import OrderedApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from textual.actions import ActionParseResult
    from textual.app import SystemCommand
    from textual.dom import DOMNode
    from textual.filter import LineFilter
    from textual.screen import Screen

    from tui.screens.chooser import KeysScreen
    from tui.session.session import Session

# What `run` returns when somebody in the wizard asked for the sample data; never an exit status of the program.
DEMO = 200
QUIT_WITHIN_S = 2.0
LAST_WORDS_WITHIN_S = 2.0
ONCE_MORE = "Press ctrl+c once more to quit."


def _integrations() -> Screen[Any]:
    from tui.screens.integrations.screen import IntegrationsScreen

    return IntegrationsScreen()


def _permissions() -> Screen[Any]:
    from tui.screens.permissions.screen import PermissionsScreen

    return PermissionsScreen()


def _phone_numbers() -> Screen[Any]:
    from tui.screens.numbers.screen import PhoneNumbersScreen

    return PhoneNumbersScreen()


def _audit() -> Screen[Any]:
    from tui.screens.audit.screen import AuditScreen

    return AuditScreen()


def _setup() -> Screen[Any]:
    from tui.screens.setup.screen import SetupScreen

    return SetupScreen()


def _opens(key: str, section: str, title: str, tooltip: str) -> Binding:
    """Return the binding that opens a section."""
    return Binding(key, f"section('{section}')", title, show=False, id=f"app.{section}", tooltip=tooltip)


class SwitchboardApp(OrderedApp):
    """The console. `run` returns the exit status; `crash_file` names the trace after a crash."""

    CSS_PATH: ClassVar[Any] = ["screens/page.tcss"]
    ENABLE_COMMAND_PALETTE = False
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "integrations": _integrations,
        "permissions": _permissions,
        "phone_numbers": _phone_numbers,
        "audit": _audit,
        "setup": _setup,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        _opens("1", "integrations", "Integrations", "Every integration"),
        _opens("2", "permissions", "Permissions", "Who may use what"),
        _opens("3", "phone_numbers", "Phone numbers", "Who has which number"),
        _opens("4", "audit", "Audit", "Who did what, and when"),
        _opens("5", "setup", "Setup", "The doctor, and the setup wizard"),
        Binding(
            "question_mark,f1", "help", "Help", key_display="?", show=False, id="app.help", tooltip="Every key here"
        ),
        Binding(
            "colon,ctrl+p",
            "palette",
            "Palette",
            key_display=":",
            show=False,
            id="app.palette",
            tooltip="Run an act by its name",
        ),
        Binding("o", "organization", "Organisation", show=False, id="app.organization", tooltip="Look at another one"),
        Binding("q", "quit_at_root", "Quit", show=False, id="app.quit", tooltip="Quit; on an inner screen go back"),
        Binding(
            "ctrl+c",
            "interrupt",
            "Quit",
            show=False,
            priority=True,
            id="app.interrupt",
            tooltip="Quit, when pressed twice",
        ),
        Binding("ctrl+q", "nothing", "", show=False, id="app.nothing"),
    ]
    sections = (
        ("1", "integrations", "Integrations"),
        ("2", "permissions", "Permissions"),
        ("3", "phone_numbers", "Phone numbers"),
        ("4", "audit", "Audit"),
        ("5", "setup", "Setup"),
    )

    def __init__(self, session: Session, *, wizard: bool = False) -> None:
        super().__init__()
        self.session = session
        self.navigation = Navigation(self, self.organization_changed)
        self.glyphs = UNICODE
        self.crash_file: Path | None = None
        self.failure: SwitchboardError | None = None
        self.ready = False
        self._wizard = wizard
        self._health: tuple[str, str] = ("warning", "not set up yet" if wizard else "connecting")
        self._interrupted_at = 0.0
        self.no_color = colours_are_unwanted(session.environ)
        self._line_filters: tuple[LineFilter, ...] = (
            ControlFilter(),
            *((AsciiFilter(),) if session.settings.ascii else ()),
            *((ColourlessFilter(),) if self.no_color else ()),
        )
        self.register_theme(TERMINAL_COLOURS)
        self.animation_level = "none"

    @property
    def health(self) -> tuple[str, str]:
        """The tone and the words for the connection's health."""
        return self._health

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return our own filters, control characters first; Textual's turn colours into absolute ones."""
        return self._line_filters

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer none of Textual's own commands: one of them writes a screenshot of secrets."""
        return ()

    def on_mount(self) -> None:
        """Draw the first screen, and connect behind it."""
        self.theme = TERMINAL_COLOURS.name
        # A person's file could not open what is closed, but might say of another file whether it is there.
        keymap = Keymap() if self.session.settings.locked else read_keymap(keymap_file())
        self.set_keymap(keymap.keys)
        self._watch_idle(self.session.settings.idle_lock)
        self.switch_mode("setup" if self._wizard else "integrations")
        if not self._wizard:
            self.connect()
        if keymap.problem:
            self.call_after_refresh(self._say, keymap.problem)

    def after_resume(self) -> None:
        """Show no secret again, and read everything anew."""
        for page in self._pages():
            page.hide_secrets()
        self.organization_changed()

    def _watch_idle(self, seconds: float) -> None:
        """Look again when the limit could be reached; cover the screen once it is."""
        idle = time.monotonic() - self.last_key_at
        if idle < seconds:
            self.set_timer(seconds - idle, lambda: self._watch_idle(seconds))
            return
        from tui.screens.lock import LockScreen

        for page in self._pages():
            page.hide_secrets()
        self.push_screen(LockScreen(), lambda _: self._watch_idle(seconds))

    def _say(self, sentence: str) -> None:
        if isinstance(self.screen, Page):
            self.screen.status.say(sentence, "warning")

    def connect(self) -> None:
        """Connect in the background and tell the screens."""
        self.failure, self.ready = None, False
        self.say_health("warning", "connecting")
        self._connecting()

    @work(group="connection", exclusive=True, exit_on_error=False)
    async def _connecting(self) -> None:
        await connect_and_stay(self)

    async def try_to_connect(self) -> SwitchboardError | None:
        """Connect and tell the screens; return what went wrong."""
        try:
            if self.session.settings.locked:
                require_configured(self.session)
            await self.session.connect()
            self.failure = None
            self.say_health("good", "connected")
            if self.session.settings.locked:
                require_installed(self.session)
            if not self.session.is_set_up:
                self.switch_mode("setup")
                return None
            await self.session.find_organization()
        except UnknownOrganization:
            self.ready = True
            self.action_organization()
        except SwitchboardError as failure:
            self.say_failure(failure)
            return failure
        else:
            self.ready = True
            self.organization_changed()
            if self.session.schema == "newer":
                self._say(str(SchemaNewer()))
        return None

    def say_failure(self, failure: SwitchboardError) -> None:
        """Show why there is no connection, or what else went wrong on the way in."""
        self.failure = failure
        is_connected = self.session.is_connected and not failure.may_pass
        self.say_health(*(("good", "connected") if is_connected else ("bad", "no connection")))
        for page in self._pages():
            page.show_failure(failure)

    def connection_lost(self, failure: SwitchboardError) -> None:
        """Show the banner and keep trying to reconnect; loads run again afterwards, writes never."""
        if self.ready and self._health[0] != "bad":
            self._reconnecting(failure)

    @work(group="connection", exclusive=True, exit_on_error=False)
    async def _reconnecting(self, failure: SwitchboardError | None = None) -> None:
        await stay_connected(self, failure)

    def load_again(self) -> None:
        """Fill every screen again."""
        for page in self._pages():
            page.start_load()

    def say_health(self, tone: str, words: str) -> None:
        """Show how the connection is."""
        if (tone, words) == self._health:
            return
        self._health = (tone, words)
        for page in self._pages():
            page.refresh_frame()

    def organization_changed(self) -> None:
        """Tell every screen that another organisation is looked at."""
        for page in self._pages():
            page.refresh_frame()
            if self.ready:
                page.start_load()

    async def use_session(self, session: Session) -> None:
        """Leave the connection there is, work with other settings from now on, and show the integrations."""
        self.workers.cancel_group(self, "connection")
        await self.session.close()
        self.session = session
        self.switch_mode("integrations")
        self.failure, self.ready = None, False
        self.say_health("warning", "connecting")
        failure = await self.try_to_connect()
        if failure is not None and failure.may_pass:
            self._reconnecting(failure)
        elif self.session.is_connected:
            self._reconnecting()

    def look_around(self) -> None:
        """Leave for the console on sample data; the caller of `run` starts it."""
        self.exit(DEMO)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Let nothing that a worker of the app did not expect go by in silence."""
        if event.state is WorkerState.ERROR and event.worker.error is not None:
            self.fail(event.worker.error)

    def fail(self, error: BaseException) -> None:
        """End the program on the crash page."""
        if isinstance(error, Exception):
            self._handle_exception(error)

    def _fatal_error(self) -> None:
        if self._exit:
            # A screen that was being laid out when the end came finds its widgets gone: that is no crash.
            self._return_code = 0
            self._close_messages_no_wait()
            return
        if self._exception is not None and self.crash_file is None:
            self.crash_file = crash_report(self._exception)
        self._return_code = EXIT_CRASH
        self._return_value = EXIT_CRASH
        self._close_messages_no_wait()

    def panic(self, *renderables: object) -> None:
        """Never print what an exception wants to show: it may hold a secret."""
        self._fatal_error()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run an act, or say that the locked console does not."""
        if self._is_open(action, default_namespace):
            return await super().run_action(action, default_namespace, namespaces)
        self._say(CLOSED)
        return True

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """Offer nothing in help and palette that the locked console does not do."""
        return self._is_open(action, default_namespace) and super()._check_action_state(action, default_namespace)

    def _is_open(self, action: str | ActionParseResult, node: DOMNode | None) -> bool:
        if not self.session.settings.locked:
            return True
        return isinstance(action, str) and is_open(type(self if node is None else node), action)

    def action_section(self, name: str) -> None:
        """Open a section; the one that is left keeps its filter and cursor."""
        if isinstance(self.screen, Page) and len(self.screen_stack) == 1 and not self.screen.prompt.is_asking:
            self.switch_mode(name)

    def action_help(self) -> None:
        """Show every key that works here."""
        from tui.screens.chooser import HelpScreen

        self._over(HelpScreen)

    def action_palette(self) -> None:
        """Choose an act by typing a part of its name."""
        from tui.screens.chooser import PaletteScreen

        self._over(PaletteScreen)

    def _over(self, screen_type: type[KeysScreen]) -> None:
        from tui.screens.chooser import ChooserScreen

        if not isinstance(self.screen, ChooserScreen):
            if isinstance(self.screen, Page):
                self.screen.focus_for_acts()
            self.push_screen(screen_type(self.screen))

    def action_organization(self) -> None:
        """Look at another organisation."""
        from tui.screens.organization_chooser import OrganizationScreen

        if self.session.is_connected and len(self.screen_stack) == 1:
            self._leave(lambda: self.push_screen(OrganizationScreen()))

    def action_quit_at_root(self) -> None:
        """Quit from a section's own screen; elsewhere go back."""
        if len(self.screen_stack) == 1:
            self._leave(lambda: self.exit(0))
        elif isinstance(self.screen, Page):
            self.screen.action_back()

    def _leave(self, go: Callable[[], object]) -> None:
        """Do what would lose staged changes only when there are none, or nobody wants them."""
        staging = next((page for page in self._pages() if page.unsaved()), None)
        if staging is None:
            go()
        elif isinstance(self.screen, Page) and not self.screen.prompt.is_asking:
            self.screen.act(self._ask_to_leave(self.screen, staging, go))

    async def _ask_to_leave(self, page: Page, staging: Page, go: Callable[[], object]) -> None:
        from tui.widgets.prompt import Choice

        choices = (Choice("r", "go there"), Choice("d", "drop it and go on"))
        chosen = await page.prompt.choose(staging.unsaved(), choices, leave="stay")
        if chosen == "r":
            self.switch_mode(staging.section)
        elif chosen == "d":
            staging.forget_unsaved()
            go()

    def action_interrupt(self) -> None:
        """Quit on the second ctrl+c within two seconds; the first one only says so."""
        now = time.monotonic()
        if now - self._interrupted_at < QUIT_WITHIN_S:
            self.exit(130)
        self._interrupted_at = now
        if isinstance(self.screen, Page):
            status = self.screen.status
            status.say(ONCE_MORE)
            self.set_timer(QUIT_WITHIN_S, lambda: status.clear() if status.said.text == ONCE_MORE else None)

    def action_nothing(self) -> None:
        """Take a key that terminals use for flow control."""

    async def on_unmount(self) -> None:
        """Leave no query running on the server, and let what is broken off say so in the log."""
        left = [worker.wait() for worker in self.workers if worker.is_running]
        self.workers.cancel_all()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), LAST_WORDS_WITHIN_S)
        await self.session.close()

    def _pages(self) -> list[Page]:
        screens = [screen for stack in self._screen_stacks.values() for screen in stack]
        return [screen for screen in screens if isinstance(screen, Page) and screen.is_mounted]
