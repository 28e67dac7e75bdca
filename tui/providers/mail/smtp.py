"""What is said to an SMTP server: TLS, one AUTH, NOOP, QUIT, and never MAIL FROM."""

from __future__ import annotations

import contextlib
import smtplib
from typing import TYPE_CHECKING

from tui.errors import ProviderFailed
from tui.providers.mail import failures, responses
from tui.providers.mail.connection import TooMuch
from tui.providers.verdicts import Verdict

if TYPE_CHECKING:
    from tui.providers.mail.connection import MailConnection
    from tui.providers.mail.provider import MailProvider
    from tui.providers.mail.responses import Login

SUBJECT = "SMTP"
TLS_PORT = 465
STARTTLS_PORT = 587
PORTS = f"{STARTTLS_PORT} or {TLS_PORT}"

_READY, _GOODBYE_SOON, _LOGGED_IN, _DONE, _GO_ON = 220, 421, 235, 250, 334

# The address literal of RFC 5321, section 4.1.4: the name of an operator's machine is nobody's business.
_OWN_NAME = "[127.0.0.1]"
_LONGEST_COMMAND = 512  # bytes with its line end (RFC 5321, section 4.5.3.1.4)


class SmtpDialogue:
    """One conversation with the SMTP server at the end of `connection`; to be called from one thread."""

    def __init__(self, connection: MailConnection, provider: MailProvider) -> None:
        self.login_sent = False
        self._is_greeted = False
        self._connection = connection
        self._provider = provider
        self._smtp = smtplib.SMTP(local_hostname=_OWN_NAME)

    def reach(self, patience: float) -> Verdict:
        """Connect and get to a verified TLS; `patience` seconds are waited for a greeting in the clear.

        Raises ProviderFailed with what the server said, and whatever a broken connection raises.
        """
        connection = self._connection
        connection.connect()
        in_the_clear = connection.greets_within(patience)
        version = "" if in_the_clear else connection.secure()
        self._take_over_connection()
        self._expect(_READY, self._smtp.getreply())
        self._is_greeted = True
        self._expect(_DONE, self._smtp.ehlo())
        if in_the_clear:
            if not self._smtp.has_extn("starttls"):
                raise failures.without_starttls(connection, TLS_PORT)
            self._expect(_READY, self._smtp.docmd("STARTTLS"))
            version = connection.secure()
            self._take_over_connection()
            self._expect(_DONE, self._smtp.ehlo())
        how = "STARTTLS, " if in_the_clear else ""
        return Verdict(
            "reach", SUBJECT, "passed", f"{connection.endpoint.place} answers; {how}{version}, certificate verified."
        )

    def log_in(self, login: Login) -> Verdict:
        """Send the login once; raises ProviderFailed where it is not accepted."""
        offered = self._smtp.esmtp_features.get("auth", "").upper().split()
        mechanism = next((name for name in ("PLAIN", "LOGIN") if name in offered), None)
        if mechanism is None:
            raise ProviderFailed(
                f"{self._connection.endpoint.host} offers no way to log in with a password.",
                f"Check the host and the port ({PORTS}): this server takes no mail from mailboxes.",
            )
        self.login_sent = True
        code, text = self._auth_plain(login) if mechanism == "PLAIN" else self._auth_login(login)
        if code != _LOGGED_IN:
            host = self._connection.endpoint.host
            raise responses.smtp_refusal(code, text.decode(errors="replace"), host, login, self._provider)
        is_usable = False
        with contextlib.suppress(smtplib.SMTPException, OSError, TooMuch):
            is_usable = self._smtp.noop()[0] == _DONE
        if not is_usable:
            return Verdict(
                "answer",
                SUBJECT,
                "doubtful",
                f"The {self._provider.login_with} was accepted, but then the server refused to continue (NOOP).",
                "Try again in a few minutes.",
                code=str(_LOGGED_IN),
            )
        return Verdict(
            "answer", SUBJECT, "passed", f"The {self._provider.login_with} was accepted.", code=str(_LOGGED_IN)
        )

    def leave(self) -> None:
        """Say goodbye where somebody still listens."""
        if self._is_greeted:
            with contextlib.suppress(Exception):
                self._smtp.quit()

    def _take_over_connection(self) -> None:
        """Speak through the connection as it is now; what was read ahead in the clear is forgotten."""
        self._smtp.sock = self._connection.open_socket
        self._smtp.file = self._connection.reader()

    def _auth_plain(self, login: Login) -> tuple[int, bytes]:
        # smtplib's auth() knows only ASCII, and its login() tries each mechanism that is offered: at Zoho one wrong
        # password would be two failed logins.
        command = f"PLAIN {login.plain}"
        if len(f"AUTH {command}\r\n") <= _LONGEST_COMMAND:
            return self._smtp.docmd("AUTH", command)
        # RFC 4954, section 4: an initial response that is too long goes after an empty challenge.
        reply = self._smtp.docmd("AUTH", "PLAIN")
        return self._smtp.docmd(login.plain) if reply[0] == _GO_ON else _reply_before_password(reply)

    def _auth_login(self, login: Login) -> tuple[int, bytes]:
        reply = self._smtp.docmd("AUTH", "LOGIN")
        for text in (login.user, login.password):
            if reply[0] != _GO_ON:
                return _reply_before_password(reply)
            reply = self._smtp.docmd(responses.as_base64(text))
        return reply

    def _expect(self, expected: int, reply: tuple[int, bytes]) -> None:
        """Raises ProviderFailed where a reply before the login is not the wanted one."""
        code, text = reply
        if code == expected:
            return
        if not 200 <= code <= 599:
            raise failures.not_the_protocol(self._connection, SUBJECT)
        what_to_do = "Try again in a few minutes." if 400 <= code < 500 else f"Check the host and the port ({PORTS})."
        raise ProviderFailed(
            f"{self._connection.endpoint.place} refused the connection."
            f"{responses.quote_of(text.decode(errors='replace'), None)}",
            what_to_do,
            code=str(code),
        )


def _reply_before_password(reply: tuple[int, bytes]) -> tuple[int, bytes]:
    """A reply that came before the password was sent: a yes among them has proven nothing, so it loses its code."""
    code, text = reply
    return (0 if code == _LOGGED_IN else code), text
