"""Section 5: the setup wizard until everything is set up, then the doctor."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import Vertical

from tui.errors import ConnectionFailed, SwitchboardError
from tui.screens.log_verification import STOPPED, LogVerification
from tui.screens.page import Page
from tui.screens.setup.doctor_pane import DoctorPane
from tui.screens.setup.wizard.flow import Flow
from tui.screens.setup.wizard.pane import STEPS, WizardPane
from tui.widgets.bindings import bind
from tui.widgets.frame import Part
from tui.widgets.line_input import LineInput
from tui.words.log.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.worker import Worker

    from tui.screens.setup.wizard.connection import ConnectionStep
    from tui.screens.setup.wizard.first_integration import FirstIntegrationStep
    from tui.screens.setup.wizard.step import Step, Work
    from tui.widgets.frame import Hints


HOW_TO_LEAVE = "To quit before the end, press ctrl+c twice."


class SetupScreen(Page):
    """Shows the doctor, or the wizard where nothing is configured or the schema is missing."""

    CSS_PATH: ClassVar[Any] = ["screen.tcss", "wizard/steps.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("q", "leave", "Quit", id="setup.leave"),
        bind(
            "m", "master_keys", "Master keys", id="setup.keys", tooltip="What is under each key; change the one in use"
        ),
        bind("l", "logins", "Logins", id="setup.logins", tooltip="Which login is whom, and what each may see"),
        bind("v", "verify", "Verify the log", id="setup.verify", tooltip="Compare the whole log with its seals"),
        bind("w", "wizard", "Set up again", id="setup.wizard", tooltip="Open the setup wizard"),
    ]
    section = "setup"

    def __init__(self) -> None:
        super().__init__()
        self._doctor: DoctorPane | None = None
        self.wizard: WizardPane | None = None
        self._failure: SwitchboardError | None = None
        self._acting = False
        self._looked_in = Part("")
        self._verification = LogVerification(self, self.refresh_frame)

    def compose_body(self) -> Iterable[Any]:
        yield Vertical(id="setup")

    def hints(self) -> Hints:
        if self.wizard is not None:
            return self.wizard.hints(leaves=not self._needs_wizard())
        wizard = (("w", "setup wizard"),) if self._has_wizard else ()
        return (
            ("r", "check again"),
            *wizard,
            ("v", "verify the log"),
            ("m", "master keys"),
            ("l", "logins"),
            ("?", "help"),
        )

    def context(self) -> tuple[Part, ...]:
        return (self._doctor.summary,) if self._doctor is not None else ()

    def on_mount(self) -> None:
        """Open the wizard where it is needed, without a connection too; Page looks after the rest."""
        if not self.console.connection.ready:
            self.start_load()

    def start_load(self) -> None:
        """Show what is needed now; an open wizard stays as it is."""
        if self.wizard is not None:
            self.refresh_frame()
        elif self._needs_wizard():
            self.run_in_background(self._open_wizard, group="wizard")
        else:
            super().start_load()

    async def load(self) -> None:
        from tui.data.postgres.conninfo.string import from_environment
        from tui.data.setup.doctor import examine
        from tui.providers import definitions

        pane = await self._show_doctor()
        pane.show_loading()
        session, settings = self.session, self.session.settings
        failure = self._failure
        try:
            connection = from_environment(settings.database_url, settings.libpq)
        except SwitchboardError as malformed:
            connection, failure = None, malformed
        if not session.is_connected and failure is None:
            waiting = ConnectionFailed("There is no connection to the database yet.", "Wait a moment, then press r.")
            failure = self.console.connection.failure or waiting
        findings = await examine(
            session.database if session.is_connected else None,
            session.keyring,
            connection=connection,
            env_file=settings.env_file_to_write,
            failure=failure,
            key_days=settings.key_days,
            definitions=definitions(),
        )
        # The wizard may stand in its place by now.
        if self.is_mounted and pane.is_attached:
            pane.show(findings)

    def invocations(self) -> Sequence[Invocation]:
        # What is typed into the wizard is in no settings that `setup` would read.
        return (Invocation("doctor"),) if self.wizard is None else ()

    def show_failure(self, failure: SwitchboardError) -> None:
        """Let the doctor say why there is no connection."""
        if self.wizard is None and not self.session.is_connected:
            self._failure = failure
            self.start_load()
        else:
            self.report_failure(failure)

    def run_in_background(self, work: Work, *, group: str) -> None:
        """Run in the background; a later one of the same group cancels an earlier one."""
        _: Worker[None] = self.run_worker(work, group=group, exclusive=True, exit_on_error=False)

    def stop_in_background(self, group: str) -> None:
        """Cancel what runs in the background in that group."""
        self.workers.cancel_group(self, group)

    def run_act(self, work: Work) -> None:
        """Run something that writes: nothing cancels it, and steps do not change meanwhile."""
        if not self._acting:
            self._acting = True
            self.act(self._act(work))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("wizard", "reload", "verify", "master_keys", "logins"):
            return self.wizard is None
        return super().check_action(action, parameters)

    def lost_with_session(self) -> str:
        typed = self.wizard is not None and any(field.value for field in self.wizard.query(LineInput))
        return "The entries in the setup wizard are not saved." if typed else super().lost_with_session()

    def action_wizard(self) -> None:
        if self.wizard is None and not self.is_busy:
            self.run_in_background(self._open_wizard, group="wizard")

    def action_verify(self) -> None:
        if self.wizard is None:
            self._verification.start()

    def action_master_keys(self) -> None:
        if not self.session.is_set_up:
            self.status.say("Nothing is set up here yet: there are no keys to be seen.", "warning")
        elif self.wizard is None and not self.prompt.is_asking:
            self.console.navigation.open_master_keys()

    def action_logins(self) -> None:
        if not self.session.is_set_up:
            self.status.say("Nothing is set up here yet: there are no logins to be seen.", "warning")
        elif self.wizard is None and not self.prompt.is_asking:
            self.console.navigation.open_logins()

    async def action_leave(self) -> None:
        """Quit from the doctor, as everywhere; in the wizard one key must not lose what was typed."""
        if self.wizard is None:
            await self.run_action("app.quit_at_root")
        else:
            self.status.say(HOW_TO_LEAVE)

    def action_reload(self) -> None:
        """Look again; the wizard has nothing to read again."""
        if self.wizard is None:
            self.status.clear()
            self._failure = None
            self.is_reloaded = self.console.connection.ready
            self.start_load()

    def action_back(self) -> None:
        if self._verification.stop():
            self.status.say(STOPPED)
        elif self.wizard is None:
            super().action_back()
        elif not self._acting:
            self.status.clear()
            self.run_in_background(self.wizard.back, group="wizard")

    def on_step_finished(self, event: Step.Finished) -> None:
        event.stop()
        if self.wizard is not None:
            self.status.clear()
            self.run_in_background(self.wizard.next, group="wizard")

    def on_step_changed(self, event: Step.Changed) -> None:
        event.stop()
        if self.wizard is not None:
            if self.wizard.flow.connection is not None:
                # On a small screen it would take the place of what is found out now.
                self.status.clear(self._looked_in)
            self.wizard.refresh_rail()
            self.refresh_frame()

    def on_wizard_pane_moved(self, event: WizardPane.Moved) -> None:
        event.stop()
        self.refresh_frame()

    def on_wizard_pane_left(self, event: WizardPane.Left) -> None:
        """Leave the wizard for the doctor where there is something to examine."""
        event.stop()
        if self._needs_wizard():
            self.status.say(f"This is the first step. {HOW_TO_LEAVE}")
        else:
            self.run_in_background(self._close_wizard, group="wizard")

    def on_first_integration_step_chosen(self, event: FirstIntegrationStep.Chosen) -> None:
        event.stop()
        self.act(self._complete(event.integration_type))

    def on_connection_step_demo_wanted(self, event: ConnectionStep.DemoWanted) -> None:
        event.stop()
        self.console.open_demo()

    def focus_body(self) -> None:
        if self.wizard is not None:
            self.wizard.focus_step()
        elif self._doctor is not None:
            self._doctor.focus_list()

    @property
    def _has_wizard(self) -> bool:
        """Whether the wizard can be opened: in the locked console only if every step of it works there."""
        return not self.session.settings.locked or all(step.works_locked for step in STEPS)

    def _needs_wizard(self) -> bool:
        session = self.session
        if session.is_connected:
            return self._has_wizard and not session.is_set_up
        return self._has_wizard and session.settings.nothing_configured

    async def _act(self, work: Work) -> None:
        try:
            await self.writing(work())
        finally:
            self._acting = False

    async def _open_wizard(self) -> None:
        if not self._has_wizard:
            return
        place = self.query_one("#setup", Vertical)
        await place.remove_children()
        self._doctor = None
        flow, failure = self._new_flow()
        self.wizard = WizardPane(flow)
        await place.mount(self.wizard)
        await self.wizard.show(0)
        if self.session.settings.nothing_configured:
            self._looked_in = self.status.say(f"{self.session.settings.places_looked_in()} F9 opens a profile.")
        if failure is not None and self.wizard.step is not None:
            self.wizard.step.fail(failure)

    def _new_flow(self) -> tuple[Flow, SwitchboardError | None]:
        from tui.data.postgres.conninfo.string import from_environment

        session, settings = self.session, self.session.settings
        flow = Flow(settings, session.environ, session.keyring, session.operator, self.console.glyphs)
        flow.operator_setting = settings.operator
        flow.organization = session.organization
        if not settings.nothing_configured:
            try:
                flow.connection = from_environment(settings.database_url, settings.libpq)
            except SwitchboardError as failure:
                return flow, failure
        return flow, None

    async def _show_doctor(self) -> DoctorPane:
        if self._doctor is None:
            place = self.query_one("#setup", Vertical)
            await place.remove_children()
            self._doctor = DoctorPane(self.console.glyphs)
            await place.mount(self._doctor)
            self._doctor.focus_list()
        return self._doctor

    async def _close_wizard(self) -> None:
        if self.wizard is not None:
            await self.wizard.close()
            self.wizard = None
        self.status.clear()
        super().start_load()

    async def _complete(self, open_type: str | None) -> None:
        if self.wizard is None:
            return
        session = self.wizard.flow.session()
        if not await self.console.session_switch.may_lose(self, session):
            return
        await self.wizard.close()
        await self.wizard.remove()
        self.wizard = None
        then = partial(self.console.navigation.open_editor, open_type) if open_type is not None else None
        self.console.session_switch.use(session, then)

    async def on_unmount(self) -> None:
        """Leave no connection of the wizard's behind."""
        if self.wizard is not None:
            await self.wizard.flow.close()
