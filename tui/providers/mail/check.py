"""The test of a mailbox: one SMTP and one IMAP dialogue at a time, each in a thread, with deadlines."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import ProviderFailed
from tui.providers.mail import failures, imap, smtp
from tui.providers.mail.connection import MailConnection
from tui.providers.mail.failed_logins import Account, FailedLogins
from tui.providers.transport_failures import Endpoint, transport_failure
from tui.providers.verdicts import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tui.providers.mail.provider import MailProvider
    from tui.providers.mail.responses import Login
    from tui.providers.public_address import Destinations
    from tui.providers.verdicts import Level, Tell

LEVEL_SECONDS = 10.0
"""How long one level may take in total, whatever the server does meanwhile."""

_LEVELS: tuple[Level, ...] = ("reach", "answer")
_GOODBYE_SECONDS = 2.0

# A server that speaks first does so within milliseconds, unless it makes spammers wait.
_PATIENCE_ON_STARTTLS_PORT = 5.0
_PATIENCE_ELSEWHERE = 1.5

# Called from one thread; each of their methods may raise anything.
Dialogue = smtp.SmtpDialogue | imap.ImapDialogue


@dataclass(frozen=True, slots=True)
class Service:
    """A protocol of a mailbox: the name of its fields, and the ports whose use of TLS is agreed on."""

    subject: str
    tls_port: int
    starttls_port: int
    ports: str
    dialogue: Callable[[MailConnection, MailProvider], Dialogue]

    def patience(self, port: int) -> float:
        """Seconds to wait on `port` for a greeting in the clear, before TLS is begun; 0 is TLS at once."""
        if port == self.tls_port:
            return 0.0
        return _PATIENCE_ON_STARTTLS_PORT if port == self.starttls_port else _PATIENCE_ELSEWHERE


SMTP = Service(smtp.SUBJECT, smtp.TLS_PORT, smtp.STARTTLS_PORT, smtp.PORTS, smtp.SmtpDialogue)
IMAP = Service(imap.SUBJECT, imap.TLS_PORT, imap.STARTTLS_PORT, imap.PORTS, imap.ImapDialogue)

_FAILED_LOGINS = FailedLogins()


class Place(NamedTuple):
    """Where a protocol of a mailbox is, as it was typed."""

    service: Service
    host: str
    port: str


async def check_mailbox(
    login: Login,
    places: Sequence[Place],
    provider: MailProvider,
    tell: Tell,
    *,
    is_watched: bool = True,
    destinations: Destinations | None = None,
    seconds: float = LEVEL_SECONDS,
) -> None:
    """Log in once at each place, all at a time, each telling its own verdicts.

    Where nobody watches, one after the other, and none once a login was refused. `destinations` are where these may be.
    """
    is_refused = False

    def tell_and_note(verdict: Verdict) -> None:
        nonlocal is_refused
        is_refused = is_refused or (verdict.level == "answer" and verdict.outcome == "failed")
        tell(verdict)

    async def check(place: Place) -> None:
        await check_service(*place, login, provider, tell_and_note, destinations=destinations, seconds=seconds)

    if is_watched:
        async with asyncio.TaskGroup() as all_of_them:
            for place in places:
                all_of_them.create_task(check(place))
    else:
        for place in places:
            if not is_refused:
                await check(place)


async def check_service(
    service: Service,
    host: str,
    port: str,
    login: Login,
    provider: MailProvider,
    tell: Tell,
    *,
    destinations: Destinations | None = None,
    seconds: float = LEVEL_SECONDS,
) -> None:
    """Tell whether one server can be reached and what it says to the login; `seconds` is for each of the two.

    Returns at once when cancelled: the connection is cut, and the thread ends by itself.
    """
    if not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        tell(
            Verdict("reach", service.subject, "failed", "The port is not a number.", f"It is usually {service.ports}.")
        )
        return
    account = Account(host.lower(), int(port), login.user)
    wait = _FAILED_LOGINS.seconds_to_wait(account)
    if wait:
        sentence = "The last login failed a moment ago, so none was tried now."
        what_to_do = f"Wait {wait} s: {provider.name} blocks accounts that fail too often."
        # Not an answer: nobody was asked, so it says nothing about the credential.
        tell(Verdict("reach", service.subject, "failed", sentence, what_to_do))
        return
    await _Conversation(service, account, login, provider, destinations, seconds).hold(tell)


class _Conversation:
    """One dialogue in its thread, as the event loop sees it."""

    def __init__(
        self,
        service: Service,
        account: Account,
        login: Login,
        provider: MailProvider,
        destinations: Destinations | None,
        seconds: float,
    ) -> None:
        self._service = service
        self._account = account
        self._login = login
        self._seconds = seconds
        # The loop keeps the time: a thread that waits for a resolver cannot even be woken.
        self._connection = MailConnection(
            Endpoint(account.host, account.port, f"{service.subject} host", service.ports), seconds + 1, destinations
        )
        self._dialogue = service.dialogue(self._connection, provider)
        self._is_broken = False
        self._loop = asyncio.get_running_loop()
        self._verdicts: asyncio.Queue[Verdict | None] = asyncio.Queue()

    async def hold(self, tell: Tell) -> None:
        """Tell each level's verdict; every login that was not accepted is remembered, also one cut off."""
        is_accepted = False
        # Daemonic, since nothing may hold up the program's end; the pool of asyncio.to_thread is waited for.
        threading.Thread(target=self._run_dialogue, name=f"{self._service.subject} test", daemon=True).start()
        try:
            for level in _LEVELS:
                verdict = await self._next(level)
                is_accepted = level == "answer" and verdict.outcome != "failed"
                tell(verdict)
                if verdict.outcome == "failed":
                    break
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await self._verdicts.get()
        finally:
            if self._dialogue.login_sent and not is_accepted:
                _FAILED_LOGINS.note(self._account)
            self._connection.cut()

    async def _next(self, level: Level) -> Verdict:
        try:
            async with asyncio.timeout(self._seconds):
                verdict = await self._verdicts.get()
        except TimeoutError:
            verdict = None
        if verdict is not None:
            return verdict
        # Before anything else, so that a server which answers at last is not sent the login.
        self._connection.cut()
        if level == "reach":
            failed = transport_failure(TimeoutError(), self._connection.endpoint, self._connection.stage, self._seconds)
        else:
            failed = failures.no_answer(self._connection, self._seconds)
        return self._failed_verdict(level, failed, self._seconds)

    def _run_dialogue(self) -> None:
        """The thread: says goodbye and closes whatever happens, and never raises."""
        try:
            for level in _LEVELS:
                verdict = self._ask(level)
                self._post(verdict)
                if verdict.outcome == "failed":
                    break
            if not self._is_broken:
                self._dialogue.leave()
        finally:
            self._connection.close()
            self._post(None)

    def _ask(self, level: Level) -> Verdict:
        started = time.monotonic()
        try:
            if level == "reach":
                verdict = self._dialogue.reach(self._service.patience(self._account.port))
            else:
                verdict = self._dialogue.log_in(self._login)
        except ProviderFailed as failed:
            verdict = self._failed_verdict(level, failed, 0)
        except Exception as error:
            # The libraries meet a hostile server with errors of any type.
            self._is_broken = True
            failure = failures.dialogue_failure(error, self._connection, self._service.subject)
            verdict = replace(self._failed_verdict(level, failure, 0), is_temporary=True)
        return replace(verdict, milliseconds=round((time.monotonic() - started) * 1000))

    def _failed_verdict(self, level: Level, failed: ProviderFailed, seconds: float) -> Verdict:
        return Verdict(
            level,
            self._service.subject,
            "failed",
            failed.sentence,
            failed.what_to_do,
            milliseconds=round(seconds * 1000),
            code=failed.code,
            is_temporary=failed.is_temporary,
        )

    def _post(self, verdict: Verdict | None) -> None:
        # Nobody listens any more where the loop has been closed.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._verdicts.put_nowait, verdict)
