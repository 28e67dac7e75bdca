"""What is said to an IMAP server: TLS, one LOGIN, STATUS INBOX, LOGOUT."""

from __future__ import annotations

import contextlib
import imaplib
import re
from typing import TYPE_CHECKING, Any

from tui.errors import ProviderFailed
from tui.providers.mail import failures, responses
from tui.providers.mail.connection import MOST_BYTES, TooMuch
from tui.providers.verdicts import Verdict

if TYPE_CHECKING:
    from tui.providers.mail.connection import MailConnection
    from tui.providers.mail.provider import MailProvider
    from tui.providers.mail.responses import Login

SUBJECT = "IMAP"
TLS_PORT = 993
STARTTLS_PORT = 143
PORTS = str(TLS_PORT)

_QUOTABLE = re.compile("[ -~]*")


class _Imap(imaplib.IMAP4):
    """imaplib's client on a connection that somebody else opens, secures and closes."""

    literal: Any  # bytes, whatever the stubs say

    def __init__(self, connection: MailConnection) -> None:
        self._connection = connection
        super().__init__(connection.endpoint.host, connection.endpoint.port)

    def open(self, host: str = "", port: int = TLS_PORT, timeout: float | None = None) -> None:
        """Speak through the connection as it is now; what was read ahead in the clear is forgotten."""
        self.host = host
        self.port = port
        self.sock = self._connection.open_socket
        self._reader = self._connection.reader()

    def read(self, size: int) -> bytes:
        if size > MOST_BYTES:
            raise TooMuch
        return self._reader.read(size)

    def readline(self) -> bytes:
        return self._reader.readline(MOST_BYTES)

    def shutdown(self) -> None:
        """Leave closing to the connection's owner."""


class ImapDialogue:
    """One conversation with the IMAP server at the end of `connection`; to be called from one thread."""

    def __init__(self, connection: MailConnection, provider: MailProvider) -> None:
        self.login_sent = False
        self._connection = connection
        self._provider = provider
        self._imap: _Imap | None = None

    def reach(self, patience: float) -> Verdict:
        """Connect and get to a verified TLS; `patience` seconds are waited for a greeting in the clear.

        Raises ProviderFailed with what the server said, and whatever a broken connection raises.
        """
        connection = self._connection
        connection.connect()
        in_the_clear = connection.greets_within(patience)
        version = "" if in_the_clear else connection.secure()
        try:
            imap = self._imap = _Imap(connection)
        except imaplib.IMAP4.error as error:
            raise self._greeting_failure(error) from error
        if in_the_clear:
            if not self._may_start_tls(imap):
                raise failures.without_starttls(connection, TLS_PORT)
            version = connection.secure()
            imap.open()
        how = "STARTTLS, " if in_the_clear else ""
        return Verdict(
            "reach", SUBJECT, "passed", f"{connection.endpoint.place} answers; {how}{version}, certificate verified."
        )

    def log_in(self, login: Login) -> Verdict:
        """Send the login once; raises ProviderFailed where it is not accepted."""
        imap = self._imap
        if imap is None:
            raise ConnectionAbortedError
        if not _QUOTABLE.fullmatch(login.user):
            raise ProviderFailed(
                "The e-mail address has characters that IMAP's LOGIN cannot carry; nothing was sent.",
                f"Enter the address as {self._provider.name} shows it, in plain letters.",
            )
        try:
            # What was offered before TLS counts for nothing.
            offered = imap.capability()[1][-1] or b""
            if imap.state != "NONAUTH" or b"LOGINDISABLED" in offered.upper().split():
                raise ProviderFailed(
                    f"{self._connection.endpoint.host} offers no way to log in with a password.",
                    f"Check the host and the port ({PORTS}).",
                )
            self.login_sent = True
            answer, data = self._send(imap, login)
        except imaplib.IMAP4.abort:
            self._raise_goodbye(imap, login)
            raise
        except imaplib.IMAP4.error:
            # imaplib's text repeats the server's, which may repeat the command.
            raise ProviderFailed(
                "The server did not understand the login (BAD).", f"Check the host and the port ({PORTS}).", code="BAD"
            ) from None
        if answer != "OK":
            raise responses.imap_refusal(
                (data[-1] or b"").decode(errors="replace"), self._connection.endpoint.host, login, self._provider
            )
        return self._inbox_verdict(imap)

    def leave(self) -> None:
        """Say goodbye where somebody still listens."""
        if self._imap is not None:
            with contextlib.suppress(Exception):
                self._imap.logout()

    @staticmethod
    def _may_start_tls(imap: _Imap) -> bool:
        if imap.state != "NONAUTH" or "STARTTLS" not in imap.capabilities:
            return False
        try:
            return imap.xatom("STARTTLS")[0] == "OK"
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            return False  # BAD

    @staticmethod
    def _send(imap: _Imap, login: Login) -> tuple[str, list[Any]]:
        # Not AUTHENTICATE PLAIN: Zoho refused it with BAD (thunderbird-android#6814). Not imaplib's login(), which
        # leaves the user unquoted and knows only ASCII.
        if _QUOTABLE.fullmatch(login.password):
            return imap.xatom("LOGIN", responses.quoted(login.user), responses.quoted(login.password))
        imap.literal = login.password.encode(errors="replace")
        return imap.xatom("LOGIN", responses.quoted(login.user))

    def _inbox_verdict(self, imap: _Imap) -> Verdict:
        """The verdict on an accepted login, with how full the inbox is."""
        imap.state = "AUTH"
        accepted = f"The {self._provider.login_with} was accepted"
        status = ""
        with contextlib.suppress(imaplib.IMAP4.error, OSError, TooMuch):
            answer, data = imap.status("INBOX", "(MESSAGES UNSEEN)")
            status = (data[-1] or b"").decode(errors="replace") if answer == "OK" else ""
        messages = re.search(r"\bMESSAGES ([0-9]{1,10})\b", status)
        unseen = re.search(r"\bUNSEEN ([0-9]{1,10})\b", status)
        if messages is None:
            return Verdict(
                "answer",
                SUBJECT,
                "doubtful",
                f"{accepted}, but the inbox could not be opened.",
                "Open the mailbox in a browser and see whether it works there.",
                code="OK",
            )
        count = f"{messages[1]} message{'' if messages[1] == '1' else 's'} in the inbox"
        unread = f", {unseen[1]} unread" if unseen else ""
        return Verdict("answer", SUBJECT, "passed", f"{accepted}; {count}{unread}.", code="OK")

    def _raise_goodbye(self, imap: _Imap, login: Login) -> None:
        """Raises ProviderFailed where imaplib gave up because the server said BYE."""
        goodbye = imap.response("BYE")[1][-1]
        if goodbye is not None:
            raise responses.imap_goodbye(goodbye.decode(errors="replace"), login, self._provider) from None

    def _greeting_failure(self, error: imaplib.IMAP4.error) -> Exception:
        """What it means that the greeting or the first answer was not one."""
        # imaplib raises the whole line of a greeting that is not OK: as bytes, from Python 3.14 on as a text with words
        # in front.
        line = error.args[0] if error.args else ""
        text = line.decode(errors="replace") if isinstance(line, bytes) else str(line)
        greeting = text.removeprefix("invalid greeting: ")
        if greeting.upper().startswith("* BYE"):
            return responses.imap_goodbye(greeting[5:], None, self._provider)
        return error if failures.is_hang_up(error) else failures.not_the_protocol(self._connection, SUBJECT)
