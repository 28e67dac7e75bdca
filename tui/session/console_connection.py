"""The console's connection: makes it, watches it, says how it is, and gets it back where that may help."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from tui.errors import ConnectionFailed, NoFreeConnection, SchemaNewer, SwitchboardError, UnknownOrganization
from tui.session.key_ahead import derive_with_recorded_salt
from tui.session.session import require_configured, require_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tui.session.session import Session


class Health(NamedTuple):
    """How the connection is, and the words for it."""

    state: Literal["waiting", "connected", "lost"]
    words: str


CONNECTING = Health("waiting", "connecting")
CONNECTED = Health("connected", "connected")
NOT_ADMITTED = Health("lost", "not admitted")


class ConnectionObserver(Protocol):
    """What the app does as the connection changes."""

    def watch_connection(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Run this in the background, in place of what ran before."""

    def stop_watching(self) -> None:
        """Cancel what `watch_connection` runs."""

    def stop_reading(self) -> None:
        """Cancel what any screen reads."""

    def show_health(self) -> None:
        """Show `health` anew."""

    def show_failure(self, failure: SwitchboardError) -> None:
        """Show why there is no connection."""

    def warn(self, sentence: str) -> None:
        """Show a sentence that stops nothing."""

    def read_again(self) -> None:
        """Fill every screen again."""

    def action_organization(self) -> None:
        """Let an organisation be chosen."""

    def switch_mode(self, mode: str) -> object:
        """Open a section."""


class ConsoleConnection:
    """Holds the session, and whether it is `ready`: connected to an installed schema; `failure` says why it is not."""

    def __init__(self, session: Session, app: ConnectionObserver, health: Health = CONNECTING) -> None:
        self.session = session
        self.failure: SwitchboardError | None = None
        self.ready = False
        self.health = health
        self._app = app

    def connect(self) -> None:
        """Connect in the background, again and again where that may help."""
        self._reset()
        self._app.watch_connection(self._connect_and_watch)

    def reconnect(self, failure: SwitchboardError) -> None:
        """Get a connection back that is lost; loads run again afterwards, writes never."""
        if self.ready and self.health.state != "lost":
            self._app.watch_connection(partial(self._watch, failure))

    def cause_of(self, failure: SwitchboardError) -> SwitchboardError:
        """Return why the database was left, where nobody tries to get back, in place of what only follows from it."""
        cause = self.failure
        return failure if cause is None or cause.may_pass or not failure.may_pass else cause

    async def follow_login(self, ask: Callable[[], Coroutine[None, None, None]]) -> bool:
        """Await Session.look_at_login or follow_login; show why and return False where nobody may go on.

        Raises what says nothing of the login, as a lost connection.
        """
        operator = self.session.operator
        try:
            await ask()
        except SwitchboardError as failure:
            if not (self.session.is_refused or isinstance(failure, UnknownOrganization)):
                raise
            self.ready = False
            self._app.watch_connection(partial(self._end, failure))
            return False
        if self.session.operator != operator:
            self._app.show_health()
        return True

    async def replace_session(self, session: Session) -> None:
        """Close the connection that there is, to work with other settings from now on."""
        self._app.stop_watching()
        await self.session.close()
        self.session = session
        self._reset()

    async def connect_once(self) -> None:
        """Connect unless the session has done so, and go on in the background as `connect` does."""
        session = self.session
        failure = await self._attempt(is_connected=session.is_connected)
        if session is not self.session:
            return
        if failure is not None and failure.may_pass:
            self._app.watch_connection(partial(self._watch, failure))
        elif self.session.is_connected:
            self._app.watch_connection(self._watch)

    def _reset(self) -> None:
        self.failure, self.ready = None, False
        self._set_health(CONNECTING)

    def _set_health(self, health: Health) -> None:
        if health != self.health:
            self.health = health
            self._app.show_health()

    async def _attempt(self, *, is_connected: bool = False) -> SwitchboardError | None:
        """Connect where that is to be done, and find the organisation; return what went wrong.

        Where the session is left for another meanwhile, nothing of it is shown: that would stand over the other one.
        """
        session = self.session
        try:
            if session.settings.locked:
                require_configured(session)
            if not is_connected:
                await session.connect()
            self._require_present(session)
            self.failure = None
            if session.settings.locked:
                require_installed(session)
            if not session.is_set_up:
                self._set_health(CONNECTED)
                self._app.switch_mode("setup")
                return None
            if not session.is_key_ahead:
                # Else behind the first rows: the salt hardly ever changes, and the kept one is at work.
                await derive_with_recorded_salt(session)
            self._require_present(session)
            await session.find_organization()
            self._require_present(session)
        except SwitchboardError as failure:
            if session is self.session:
                if isinstance(failure, UnknownOrganization):
                    self.ready = True
                    self._set_health(CONNECTED)
                    self._app.action_organization()
                    return None
                self._fail(failure)
            return failure
        else:
            self.ready = True
            # With the organisation, and not before: each is a frame that the rows would have to wait for.
            self._set_health(CONNECTED)
            self._app.read_again()
            if session.schema == "newer":
                self._app.warn(str(SchemaNewer()))
        return None

    def _require_present(self, session: Session) -> None:
        if session is not self.session:
            raise ConnectionFailed("The session was left for another.", "Open it again.")

    def _fail(self, failure: SwitchboardError) -> None:
        self.failure = failure
        is_connected = self.session.is_connected and not failure.may_pass
        lost = NOT_ADMITTED if self.session.is_refused else Health("lost", "no connection")
        self._set_health(CONNECTED if is_connected else lost)
        self._app.show_failure(failure)

    async def _connect_and_watch(self) -> None:
        while failure := await self._attempt():
            if not failure.may_pass:
                break
            if not await self._is_back(failure):
                return
            self._set_health(CONNECTING)
        if self.session.is_connected:
            await self._watch()

    async def _watch(self, failure: SwitchboardError | None = None) -> None:
        """Wait until the connection is lost, get it back, fill the screens again, and so on.

        `failure` says why it is lost already. Ends where trying again cannot help.
        """
        while await self._is_back(failure or await self.session.database.until_lost()):
            failure = None
            self._set_health(CONNECTED)
            if self.ready:
                self._app.read_again()
            else:
                await self._connect_and_watch()
                return

    async def _is_back(self, failure: SwitchboardError) -> bool:
        """Show the banner until there is a connection; say why and return False where trying again cannot help."""
        words = "connection lost" if self.ready else "no connection"
        if isinstance(failure, NoFreeConnection):
            words = "no free connection"
        back = asyncio.ensure_future(self.session.until_back())
        try:
            while not back.done():
                seconds = max(1, round(self.session.seconds_to_next_try))
                self._set_health(Health("lost", f"{words}, trying again in {seconds} s"))
                await asyncio.wait({back}, timeout=1)
        finally:
            back.cancel()
        refusal = back.result()
        if refusal is not None:
            await self._end(refusal)
        return refusal is None

    async def _end(self, refusal: SwitchboardError) -> None:
        """Leave the database and say why; whoever tries again, once that is mended, connects anew."""
        await self.session.close()
        self.ready = False
        self._app.stop_reading()
        self._fail(refusal)
