"""Going on in another session: with another profile, or with what the setup wizard was told."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.errors import InvalidInput
from tui.navigation import SECTIONS, open_new_sections
from tui.session.session import require_configured
from tui.settings.settings import ENVIRONMENT_ONLY_NAMES
from tui.widgets.prompt import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from textual.app import App
    from textual.worker import Worker

    from tui.screens.page import Page
    from tui.session.console_connection import ConsoleConnection
    from tui.session.session import Session
    from tui.settings.settings import Settings

    LoadProfile = Callable[[str | None], tuple[Session, Sequence[tuple[str, ...]]]]
    """Loads the session of a profile, or with None that of no profile, and warnings; connects to nothing yet."""

WRITE_UNDER_WAY = "A change is being saved: try again in a moment."
# The beginnings of libpq's keywords that say how a connection is protected and kept, and not where it leads.
SAME_PLACE = ("ssl", "channel_binding", "passfile", "connect_timeout", "tcp_user_timeout", "keepalives")


class SessionSwitch:
    """Puts another session in the place of the connection's, one at a time; what may have been true of both stays.

    `load_profile` is None where no profile can be opened, as in the demo. `pages` returns every page there is,
    `settings_changed` is called once the settings are the new ones, and `warn` shows a sentence.
    """

    def __init__(
        self,
        app: App[int],
        connection: ConsoleConnection,
        load_profile: LoadProfile | None,
        *,
        pages: Callable[[], list[Page]],
        lost_key: Callable[[], str],
        settings_changed: Callable[[], None],
        warn: Callable[[str], None],
    ) -> None:
        self.started_without_profile = connection.session.settings.profile is None
        self._app = app
        self._connection = connection
        self._load_profile = load_profile
        self._pages = pages
        self._lost_key = lost_key
        self._settings_changed = settings_changed
        self._warn = warn
        self._is_under_way = False

    async def may_lose(self, asked: Page, session: Session | None = None) -> bool:
        """Ask, on the page that wants to go on in `session`, where another page would lose something.

        Says so there, and returns False, while a write is under way.
        """
        if self.is_write_under_way or not await self._may_lose(asked, session) or self.is_write_under_way:
            if self.is_write_under_way:
                asked.status.say(WRITE_UNDER_WAY, "warning")
            return False
        return True

    @property
    def is_write_under_way(self) -> bool:
        """Whether some page is saving a change, which leaving the session would break off."""
        return any(page.is_busy for page in self._pages())

    async def _may_lose(self, asked: Page, session: Session | None) -> bool:
        key = self._lost_key()
        losses = [f"{key}: going on loses every credential."] if key else []
        if session is None or not self._is_same_place(session):
            losses += [loss for page in self._pages() if page is not asked and (loss := page.lost_with_session())]
        if not losses:
            return True
        drop = Choice("d", "discard and continue")
        return await asked.prompt.choose("\n".join(losses), (drop,), leave="stay") == "d"

    async def open_profile(self, name: str | None) -> None:
        """Load a profile's settings and connect, and only then go on there.

        Raises what loading and connecting raise, and InvalidInput where another session is being opened or a change is
        being saved; the session in use stays then.
        """
        if self._load_profile is None:
            raise InvalidInput("The demo cannot switch to a profile.", "Quit, then run `switchboard --profile NAME`.")
        self._begin()
        try:
            session, warnings = await asyncio.to_thread(self._load_profile, name)
            # libpq would guess a database.
            require_configured(session)
            try:
                await session.connect()
                if self.is_write_under_way:
                    raise InvalidInput(WRITE_UNDER_WAY, "")
            except BaseException:
                await session.close()
                raise
        except BaseException:
            self._is_under_way = False
            raise
        self._start(session, " ".join(" ".join(warning) for warning in warnings), None, keeps_screens=False)

    def use(self, session: Session, then: Callable[[], None] | None) -> None:
        """Go on in a session that is not connected yet; `then` is called once it is.

        Raises InvalidInput where another one is being opened.
        """
        self._begin()
        self._start(session, "", then, keeps_screens=self._is_same_place(session))

    def _begin(self) -> None:
        if self._is_under_way:
            raise InvalidInput("Another session is being opened.", "Wait until it is.")
        self._is_under_way = True

    def _start(self, session: Session, warning: str, then: Callable[[], None] | None, *, keeps_screens: bool) -> None:
        work = self._switch(session, warning, then, keeps_screens=keeps_screens)
        # Not in a worker of the screen that asked for it, which may be left.
        _: Worker[None] = self._app.run_worker(work, group="session", exit_on_error=False)

    async def _switch(
        self, session: Session, warning: str, then: Callable[[], None] | None, *, keeps_screens: bool
    ) -> None:
        pages = self._pages()
        for page in pages:
            page.hide_secrets()
            if not keeps_screens:
                page.forget_unsaved()
        for worker in self._app.workers:
            # What still reads would ask the other session; a write is never cancelled.
            if worker.node in pages and worker.group != "write":
                worker.cancel()
        # Nothing is drawn of what is half old and half new.
        with self._app.batch_update():
            await self._connection.replace_session(session)
            if keeps_screens:
                await self._app.switch_mode(SECTIONS[0].name)
            else:
                # So that no row, filter or step to undo of the other database is left.
                await open_new_sections(self._app)
            self._settings_changed()
        self._is_under_way = False
        self._warn(warning)
        await self._connection.connect_once()
        if then is not None and session is self._connection.session and session.is_connected:
            then()

    def _is_same_place(self, session: Session) -> bool:
        """Whether it looks at the organisation of the database that the present one does: what is shown is true there.

        What cannot be known to be the same, such as one database under two names of its host, is another one.
        """
        present = self._connection.session
        if present.organization is None or str(present.organization.id) != session.settings.organization:
            return False
        return place_of(present.settings, present.environ) == place_of(session.settings, session.environ)


def place_of(settings: Settings, environ: Mapping[str, str]) -> dict[str, str | None]:
    """Return all that says which database is reached, and as whom: a pooler tells projects apart by the user alone."""
    from tui.data.postgres.conninfo.settings import PASSWORD_KEYWORDS, libpq_keywords
    from tui.data.postgres.conninfo.string import from_environment

    connection = from_environment(settings.database_url, settings.libpq)
    place = {
        keyword: connection.value(keyword)
        for keyword in libpq_keywords() - PASSWORD_KEYWORDS
        if not keyword.startswith(SAME_PLACE)
    }
    place["dbname"] = place["dbname"] or place["user"]
    # Which file the service is looked up in; its own host, user and database are compared by its name.
    files = {name: environ.get(name) for name in sorted(ENVIRONMENT_ONLY_NAMES)} if connection.service else {}
    return place | files
