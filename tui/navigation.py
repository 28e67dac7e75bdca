"""The sections, and the screens that are opened from them, each imported when it is first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.app import App
    from textual.screen import Screen

    from tui.data.access.changes import LoginSaved
    from tui.data.access.logins import Login
    from tui.data.keys.rotation import KeyChange
    from tui.data.numbers.changes import NumberChanged
    from tui.data.permissions.apply import Applied
    from tui.data.permissions.leaver import LeaverReport
    from tui.data.permissions.leaving import Departure
    from tui.data.permissions.listing import Holder
    from tui.data.permissions.staging import Staged
    from tui.models.integrations import Integration
    from tui.models.log import AuditRow
    from tui.models.numbers import PhoneNumber
    from tui.models.people import Person
    from tui.screens.audit.screen import AuditScreen
    from tui.screens.audit.view import Names
    from tui.secret import Secret
    from tui.session.connection_test import ConnectionTestResult, Job


# What a screen imports is paid for when it is opened: the first frame is drawn before anything of it is read.
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


class Section(NamedTuple):
    """A section of the console: its key, the name of its mode, its titles, what the help says, and its screen."""

    key: str
    name: str
    title: str
    short_title: str
    tooltip: str
    open: Callable[[], Screen[Any]]


SECTIONS = (
    Section("1", "integrations", "Integrations", "Integ", "All integrations and their credentials", _integrations),
    Section("2", "permissions", "Permissions", "Perms", "Who may use what", _permissions),
    Section("3", "phone_numbers", "Numbers", "Numbers", "Who has which phone number", _phone_numbers),
    Section("4", "audit", "Audit", "Audit", "Who did what, and when", _audit),
    Section("5", "setup", "Setup", "Setup", "The doctor, and the setup wizard", _setup),
)


NO_SECTION = "no_section"


async def open_new_sections(app: App[int]) -> None:
    """Leave every screen there is, and open the first section on a new one."""
    from textual.screen import Screen

    while len(app.screen_stack) > 1:
        await app.pop_screen()
    # From a mode of its own: the one that is shown cannot be removed, nor its only screen be switched.
    app.add_mode(NO_SECTION, Screen)
    await app.switch_mode(NO_SECTION)
    for section in SECTIONS:
        await app.remove_mode(section.name)
        app.add_mode(section.name, section.open)
    await app.switch_mode(SECTIONS[0].name)
    await app.remove_mode(NO_SECTION)


class Navigation:
    """Opens screens on top of the one that is shown; `then` is called with what they were left with.

    `changed` is called where what other screens show may not be true any more, `enter` opens a section by its name.
    """

    # With callbacks, since push_screen_wait works in workers only.
    def __init__(self, app: App[int], changed: Callable[[], None], enter: Callable[[str], None]) -> None:
        self._app = app
        self._changed = changed
        self._enter = enter

    def open_editor(self, integration_type: str, integration: Integration | None = None) -> None:
        from tui.screens.integrations.editor import CredentialEditor

        self._app.push_screen(CredentialEditor(integration_type, integration), lambda _: self._changed())

    def open_secrets(self, integration: Integration) -> None:
        from tui.screens.integrations.reveal import RevealScreen

        self._app.push_screen(RevealScreen(integration))

    def open_versions(self, integration: Integration) -> None:
        from tui.screens.integrations.versions import VersionsScreen

        self._app.push_screen(VersionsScreen(integration), lambda changed: self._changed() if changed else None)

    def open_connection_test(
        self, title: str, jobs: Sequence[Job], then: Callable[[tuple[ConnectionTestResult | None, ...]], None]
    ) -> None:
        from tui.screens.connection_test import ConnectionTestScreen

        self._app.push_screen(ConnectionTestScreen(title, jobs), lambda results: then(results or ()))

    def choose_person(self, heading: str, then: Callable[[Person], None]) -> None:
        from tui.screens.choosers.person import PersonChooser

        self._app.push_screen(PersonChooser(heading), lambda person: then(person) if person is not None else None)

    def open_number(self, number: PhoneNumber | None, then: Callable[[NumberChanged | None], None]) -> None:
        from tui.screens.numbers.form import NumberForm

        self._app.push_screen(NumberForm(number), then)

    def open_number_sync(self, then: Callable[[str | None], None]) -> None:
        from tui.screens.numbers.sync import NumberSyncScreen

        self._app.push_screen(NumberSyncScreen(), then)

    def open_permission_review(self, staged: Staged, then: Callable[[Staged, Applied | None], None]) -> None:
        from tui.screens.permissions.review import PermissionReviewScreen

        self._app.push_screen(PermissionReviewScreen(staged), lambda result: then(*(result or (staged, None))))

    def open_access_of(self, person: Holder) -> None:
        from tui.screens.permissions.effective import AccessOfPersonScreen

        self._app.push_screen(AccessOfPersonScreen(person))

    def open_users_of(self, integration: Integration) -> None:
        from tui.screens.permissions.effective import UsersOfIntegrationScreen

        self._app.push_screen(UsersOfIntegrationScreen(integration))

    def open_leaver_report(self, person: Holder) -> None:
        from tui.screens.permissions.leaver import LeaverScreen

        self._app.push_screen(LeaverScreen(person), lambda changed: self._changed() if changed else None)

    def open_leaver_review(self, report: LeaverReport, then: Callable[[Departure | None], None]) -> None:
        from tui.screens.permissions.leaver_review import LeaverReviewScreen

        self._app.push_screen(LeaverReviewScreen(report), then)

    def open_master_keys(self) -> None:
        from tui.screens.setup.keys.screen import MasterKeysScreen

        self._app.push_screen(MasterKeysScreen(), lambda changed: self._changed() if changed else None)

    def open_logins(self) -> None:
        from tui.screens.setup.logins.screen import LoginsScreen

        self._app.push_screen(LoginsScreen())

    def open_login_form(self, login: Login | None, then: Callable[[LoginSaved | None], None]) -> None:
        from tui.screens.setup.logins.form import LoginForm

        self._app.push_screen(LoginForm(login), then)

    def open_new_key(self, then: Callable[[bool], None]) -> None:
        from tui.screens.setup.keys.new_key import NewKeyScreen

        self._app.push_screen(NewKeyScreen(), lambda changed: then(bool(changed)))

    def open_rotation(self, change: KeyChange, new_key: Secret | None, then: Callable[[bool], None]) -> None:
        from tui.screens.setup.keys.rotation import RotationScreen

        self._app.push_screen(RotationScreen(change, new_key), lambda changed: then(bool(changed)))

    def open_audit_row(self, row: AuditRow, names: Names, step: Callable[[int], AuditRow | None]) -> None:
        from tui.screens.audit.row import AuditRowScreen

        self._app.push_screen(AuditRowScreen(row, names, step))

    def open_log(self, filter_text: str) -> None:
        if (screen := self._show_audit_log()) is not None:
            screen.show_filter(filter_text)

    def open_history(self, filter_text: str, of: str, integration: Integration | None = None) -> None:
        origin = self._app.current_mode
        if (screen := self._show_audit_log()) is not None:
            screen.show_history(filter_text, of, origin, integration)

    def _show_audit_log(self) -> AuditScreen | None:
        """Show the section of the log, which reads what it is asked for then, and nothing before."""
        from tui.screens.audit.screen import AuditScreen

        self._app.switch_mode("audit")
        return self._app.screen if isinstance(self._app.screen, AuditScreen) else None

    def open_section(self, name: str) -> None:
        self._enter(name)
