"""Mail servers on loopback that count what clients do: SMTP by aiosmtpd, IMAP by a script that answers as Zoho does.

    with SmtpServer() as smtp, ImapServer(refusal=IMAP_DISABLED) as imap:
        credential(smtp, imap)          # what a test of zoho_mail takes
        environment()                   # what a child process needs to trust them
        smtp.attempts, imap.commands    # each login with its password, and every command in order

They listen on 127.0.0.1 and are called localhost:PORT.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from aiosmtpd.smtp import MISSING, SMTP, AuthResult

from tests.support.servers.certificates import authority_file, server_context
from tests.support.servers.loopback import LoopbackServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.servers.certificates import Certificate

Tls = Literal["implicit", "starttls", "none"]

# Zoho's own words, from the places that the fact sheet of the providers names.
WRONG_PASSWORD = "[AUTHENTICATIONFAILED] Invalid credentials(Failure)"
IMAP_DISABLED = "[ALERT] You are yet to enable IMAP for your account. Please contact your administrator (Failure)"
WRONG_HOST = "[ALERT] Your IMAP server details are incorrect. Please use imappro.zoho.in (Failure)"

USER = "desk@example.com"
PASSWORD = "canary-app-password-e1c7"


@dataclass(frozen=True)
class Attempt:
    """One login as the server saw it."""

    mechanism: str
    user: str
    password: str


def credential(smtp: Listening, imap: Listening, **fields: Any) -> dict[str, Any]:
    """The credential of a mailbox on these two servers."""
    return {
        "email": USER,
        "app_password": PASSWORD,
        "smtp_host": "localhost",
        "smtp_port": smtp.port,
        "imap_host": "localhost",
        "imap_port": imap.port,
    } | fields


def environment() -> dict[str, str]:
    """The environment in which a program trusts these servers."""
    return {"SSL_CERT_FILE": str(authority_file())}


class Listening(Protocol):
    """Anything with a port."""

    port: int


class _Mailbox(LoopbackServer):
    """What both servers keep: every login attempt, and every command's name in order."""

    def __init__(self, tls: Tls, certificate: Certificate, user: str, password: str) -> None:
        self.user = user
        self.password = password
        self.attempts: list[Attempt] = []
        self.commands: list[str] = []
        self._tls = tls
        self._context = server_context(certificate)

    def try_login(self, attempt: Attempt) -> bool:
        """Count a login attempt, and whether it is the mailbox's."""
        self.attempts.append(attempt)
        return (attempt.user, attempt.password) == (self.user, self.password)


class SmtpServer(_Mailbox):
    """aiosmtpd with one mailbox, on 127.0.0.1:`port` while it is entered.

    `mechanisms` are offered in EHLO. `refusal` is the reply to every login, such as "454 4.7.0 Try later"; empty,
    the mailbox's own login is accepted. Mail that is handed in is counted in `commands` as MAIL.
    """

    def __init__(
        self,
        *,
        tls: Tls = "starttls",
        certificate: Certificate = "good",
        user: str = USER,
        password: str = PASSWORD,
        mechanisms: Sequence[str] = ("LOGIN", "PLAIN"),
        refusal: str = "",
    ) -> None:
        super().__init__(tls, certificate, user, password)
        self.noop_reply = "250 OK"
        self.longest_auth = 0  # bytes, with its line end
        self._mechanisms = mechanisms
        self._refusal = refusal

    async def listen(self) -> asyncio.Server:
        implicit = self._context if self._tls == "implicit" else None
        return await asyncio.get_running_loop().create_server(self._session, "127.0.0.1", 0, ssl=implicit)

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="mx.zohomail.com",
            ident="SMTP Server ready",
            loop=self._loop,
            tls_context=self._context if self._tls == "starttls" else None,
            require_starttls=self._tls == "starttls",
            # aiosmtpd does not see the TLS outside of it.
            auth_require_tls=False,
            auth_exclude_mechanism={"LOGIN", "PLAIN"} - set(self._mechanisms),
            authenticator=self._authenticate,
            timeout=30,
        )

    def _authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = self.try_login(Attempt(mechanism, data.login.decode(), data.password.decode()))
        if self._refusal:
            return AuthResult(success=False, handled=False, message=self._refusal)
        message = None if good else "535 Authentication Failed"
        return AuthResult(success=good, handled=False, message=message)

    # aiosmtpd calls these by name.
    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, name: str, lines: list[str]) -> list[str]:
        self.commands.append("EHLO")
        session.host_name = name
        return lines

    def handle_STARTTLS(self, server: Any, session: Any, envelope: Any) -> Any:
        self.commands.append("STARTTLS")
        return True

    async def handle_AUTH(self, server: Any, session: Any, envelope: Any, arguments: list[str]) -> Any:
        self.commands.append("AUTH")
        self.longest_auth = max(self.longest_auth, len(" ".join(["AUTH", *arguments])) + 2)
        return MISSING

    async def handle_NOOP(self, server: Any, session: Any, envelope: Any, argument: str) -> str:
        self.commands.append("NOOP")
        return self.noop_reply

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        self.commands.append("QUIT")
        return "221 Bye"

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        self.commands.append("MAIL")
        return "550 This server takes no mail"

    async def handle_exception(self, error: Exception) -> str:
        return "500 Error"


class ImapServer(_Mailbox):
    """A mailbox that greets, logs in and refuses as Zoho's IMAP server does, on 127.0.0.1:`port` while entered.

    `refusal` is the text of NO to every login (the constants of this module are Zoho's); empty, the mailbox's own
    login is accepted. `greeting` is sent instead of OK's, and with a BYE the server hangs up. `capabilities` are what
    it says it can. `instead_of_answer` is sent raw in place of a login's tagged answer, "{line}" being the command.
    """

    def __init__(
        self,
        *,
        tls: Tls = "implicit",
        certificate: Certificate = "good",
        user: str = USER,
        password: str = PASSWORD,
        refusal: str = "",
        greeting: str = "* OK Zoho Mail IMAP4rev1 Server",
        capabilities: str = "IMAP4rev1 UNSELECT CHILDREN XLIST NAMESPACE IDLE ID AUTH=PLAIN SASL-IR UIDPLUS",
        instead_of_answer: str = "",
        messages: int = 3,
        unseen: int = 1,
    ) -> None:
        super().__init__(tls, certificate, user, password)
        self._refusal = refusal
        self._greeting = greeting
        self._capabilities = capabilities
        self._instead_of_answer = instead_of_answer
        self._status = f"MESSAGES {messages} UNSEEN {unseen}"

    async def listen(self) -> asyncio.Server:
        implicit = self._context if self._tls == "implicit" else None
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=implicit)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{self._greeting}\r\n".encode())
        is_secure = self._tls == "implicit"
        while not self._greeting.startswith("* BYE"):
            line = await reader.readline()
            if not line:
                return
            tag, name, *arguments = line.decode().rstrip("\r\n").split(" ", 2)
            self.commands.append(name)
            if name == "STARTTLS" and self._tls == "starttls" and not is_secure:
                writer.write(f"{tag} OK Begin TLS\r\n".encode())
                await writer.drain()
                await writer.start_tls(self._context)
                is_secure = True
                continue
            if name == "LOGIN":
                answer = self._log_in(tag, line, await self._arguments(arguments[0], reader, writer))
            else:
                answer = self._answer(tag, name, is_secure=is_secure)
            writer.write(answer.encode())
            await writer.drain()
            if name == "LOGOUT":
                return

    async def _arguments(self, text: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[str]:
        """The two strings of LOGIN: atoms, quoted strings or literals."""
        arguments: list[str] = []
        while text:
            literal = re.fullmatch(r"\{([0-9]+)\}", text)
            if literal:
                writer.write(b"+ Go ahead\r\n")
                arguments.append((await reader.readexactly(int(literal[1]))).decode())
                text = (await reader.readline()).decode().rstrip("\r\n").removeprefix(" ")
                continue
            match = re.match(r'"((?:[^"\\]|\\.)*)" ?|([^ ]+) ?', text)
            assert match is not None
            arguments.append(re.sub(r"\\(.)", r"\1", match[1]) if match[1] is not None else match[2])
            text = text[match.end() :]
        return arguments

    def _log_in(self, tag: str, line: bytes, arguments: list[str]) -> str:
        if len(arguments) != 2:
            return f"{tag} BAD Error in IMAP command LOGIN\r\n"
        good = self.try_login(Attempt("LOGIN", *arguments))
        if self._instead_of_answer:
            return self._instead_of_answer.format(line=line.decode().strip(), tag=tag)
        if self._refusal:
            return f"{tag} NO {self._refusal}\r\n"
        if not good:
            return f"{tag} NO {WRONG_PASSWORD}\r\n"
        return f"* CAPABILITY {self._capabilities}\r\n{tag} OK Success\r\n"

    def _answer(self, tag: str, name: str, *, is_secure: bool) -> str:
        starttls = "" if is_secure or self._tls == "none" else " STARTTLS LOGINDISABLED"
        untagged = {
            "CAPABILITY": f"* CAPABILITY {self._capabilities}{starttls}\r\n",
            "STATUS": f'* STATUS "INBOX" ({self._status})\r\n',
            "LOGOUT": "* BYE Zoho Mail says goodbye\r\n",
        }
        if name not in untagged:
            return f"{tag} BAD Unknown command\r\n"
        return f"{untagged[name]}{tag} OK Completed\r\n"
