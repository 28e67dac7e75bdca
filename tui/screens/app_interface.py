"""What screens may ask of the app, and how they get to one another without knowing each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.data.access.changes import LoginSaved
    from tui.data.access.logins import Login
    from tui.data.keys.master_key import MasterKey
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
    from tui.screens.audit.view import Names
    from tui.screens.page import Page
    from tui.secret import Secret
    from tui.session.connection_test import ConnectionTestResult, Job
    from tui.session.console_connection import ConsoleConnection
    from tui.session.session import Session
    from tui.settings.configuration import Colour
    from tui.widgets.glyphs import Glyphs
    from tui.words.log.invocation import Invocation


class Navigation(Protocol):
    """The screens that are opened on top of another; `then` is called with what they were left with."""

    def open_editor(self, integration_type: str, integration: Integration | None = None) -> None:
        """Open the credential editor on top of the screen."""

    def open_secrets(self, integration: Integration) -> None:
        """Open the list of an integration's secrets."""

    def open_connection_test(
        self, title: str, jobs: Sequence[Job], then: Callable[[tuple[ConnectionTestResult | None, ...]], None]
    ) -> None:
        """Run connection tests on a screen of their own; `then` is called with the finished ones when it is left."""

    def choose_person(self, heading: str, then: Callable[[Person], None]) -> None:
        """Let a person of the organisation be chosen; `then` is not called where that was left."""

    def open_number(self, number: PhoneNumber | None, then: Callable[[NumberChanged | None], None]) -> None:
        """Open the form of a phone number, or of a new one; `then` gets what was saved."""

    def open_number_sync(self, then: Callable[[str | None], None]) -> None:
        """Open a sync of phone numbers; `then` gets a sentence about what was written."""

    def open_permission_review(self, staged: Staged, then: Callable[[Staged, Applied | None], None]) -> None:
        """Open the review of what is staged; `then` gets what is left of it, and what was applied."""

    def open_versions(self, integration: Integration) -> None:
        """Open the earlier credentials of an integration that is set up."""

    def open_access_of(self, person: Holder) -> None:
        """Open what a person can do, and why not."""

    def open_users_of(self, integration: Integration) -> None:
        """Open who can use an integration, and why not."""

    def open_leaver_report(self, person: Holder) -> None:
        """Open what a leaver could reach and knows."""

    def open_leaver_review(self, report: LeaverReport, then: Callable[[Departure | None], None]) -> None:
        """Open the review of what is taken from a leaver; `then` gets what was written, if anything was."""

    def open_master_keys(self) -> None:
        """Open the list of master keys."""

    def open_logins(self) -> None:
        """Open the list of logins that are people."""

    def open_login_form(self, login: Login | None, then: Callable[[LoginSaved | None], None]) -> None:
        """Open the form for a new login or one that is there; `then` gets what was saved, if anything was."""

    def open_new_key(self, then: Callable[[bool], None]) -> None:
        """Open the choice of a new master key; `then` gets whether the key was changed."""

    def open_rotation(self, change: KeyChange, new_key: Secret | None, then: Callable[[bool], None]) -> None:
        """Open the plan of a change of the master key; `then` gets whether it was changed."""

    def open_audit_row(self, row: AuditRow, names: Names, step: Callable[[int], AuditRow | None]) -> None:
        """Open a row of the log in full; `step` moves to the next newer (-1) or older (1) one and returns it."""

    def open_log(self, filter_text: str) -> None:
        """Go to the section of the audit log and show the rows of a filter there."""

    def open_history(self, filter_text: str, of: str, integration: Integration | None = None) -> None:
        """Show what a filter leaves of the log in its section, as the history of what `of` says.

        esc comes back, and V opens the versions of the integration.
        """

    def open_section(self, name: str) -> None:
        """Show a section as it was left."""


class SessionSwitch(Protocol):
    """Going on in another session; everything that was true of the one in use alone is left."""

    @property
    def started_without_profile(self) -> bool:
        """Whether the settings were those of no profile when the console was started."""

    async def may_lose(self, asked: Page, session: Session | None = None) -> bool:
        """Ask, on the page that wants to go on in `session`, where another page would lose something."""

    async def open_profile(self, name: str | None) -> None:
        """Load a profile's settings, connect, and only then go on there. Raises what loading and connecting raise."""

    def use(self, session: Session, then: Callable[[], None] | None) -> None:
        """Go on in a session that is not connected yet; `then` is called once it is."""


class Console(Protocol):
    """The app as screens know it; `sections` are (key, name, title, short title)."""

    glyphs: Glyphs
    sections: tuple[tuple[str, str, str, str], ...]
    connection: ConsoleConnection
    navigation: Navigation
    session_switch: SessionSwitch
    profile_colours: Mapping[str, Colour]
    keep_key: Callable[[MasterKey], None] | None
    """Keeps a new master key for the next start, where that is not the operator's part. Raises SwitchboardError."""

    @property
    def is_key_held(self) -> bool:
        """Whether the last key is the one before, as of a key held down."""

    @property
    def terminal_is_behind(self) -> bool:
        """Whether the terminal has not yet taken the frames sent to it."""

    def read_again(self) -> None:
        """Fill every screen again."""

    def command_line(self, invocations: Sequence[Invocation]) -> str:
        """Return the command lines, one on each line, empty for none. Raises InvalidInput."""

    def open_demo(self) -> None:
        """Leave for the console on sample data."""

    def fail(self, error: BaseException) -> None:
        """End the program on the crash page."""
