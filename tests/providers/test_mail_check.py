"""The test of a whole mailbox: SMTP and IMAP side by side, one login each, ended at once when it is cancelled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.providers.mail_checks import ask, check_mailbox, speaking_threads, until
from tests.support.servers.certificates import server_context
from tests.support.servers.loopback import ScriptedServer, silent
from tests.support.servers.mail import (
    IMAP_DISABLED,
    PASSWORD,
    ImapServer,
    SmtpServer,
    credential,
    environment,
)
from tui.providers import integration_type
from tui.providers.mail.check import IMAP, SMTP
from tui.providers.mail.connection import MailConnection
from tui.providers.mail.failed_logins import Account, FailedLogins
from tui.providers.transport_failures import Endpoint
from tui.providers.verdicts import Report

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from tui.providers.mail.check import Service

REACH_AND_ANSWER = {("SMTP", "reach"), ("SMTP", "answer"), ("IMAP", "reach"), ("IMAP", "answer")}


async def test_a_good_credential_passes_both_with_one_login_each() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls") as imap:
        verdicts = await check_mailbox(credential(smtp, imap))
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 1)
    assert set(verdicts) == REACH_AND_ANSWER
    assert {verdict.outcome for verdict in verdicts.values()} == {"passed"}
    assert Report(tuple(verdicts.values()), 1).passed


async def test_a_wrong_password_is_one_failed_login_each() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls") as imap:
        verdicts = await check_mailbox(credential(smtp, imap, app_password="wrong"))
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 1)
    assert verdicts["SMTP", "answer"].code == "535"
    assert verdicts["IMAP", "answer"].code == "AUTHENTICATIONFAILED"
    assert not Report(tuple(verdicts.values()), 1).passed


async def test_where_nobody_watches_a_wrong_password_is_one_failed_login_in_all() -> None:
    with SmtpServer(password="other") as smtp, ImapServer(tls="starttls") as imap:
        verdicts = await check_mailbox(credential(smtp, imap), is_watched=False)
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 0)
    assert Report(tuple(verdicts.values()), 1).says_no
    # What was not reached was not refused.
    with ImapServer(tls="starttls") as imap:
        verdicts = await check_mailbox(credential(smtp, imap), is_watched=False)
        assert len(imap.attempts) == 1
    assert {verdict.subject: verdict.outcome for verdict in verdicts.values()} == {"SMTP": "failed", "IMAP": "passed"}
    with SmtpServer() as smtp, ImapServer(tls="starttls") as imap:
        assert set(await check_mailbox(credential(smtp, imap), is_watched=False)) == REACH_AND_ANSWER


async def test_imap_switched_off_fails_alone() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls", refusal=IMAP_DISABLED) as imap:
        verdicts = await check_mailbox(credential(smtp, imap))
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 1)
    assert verdicts["SMTP", "answer"].outcome == "passed"
    assert verdicts["IMAP", "answer"].sentence.startswith("IMAP is not enabled for this mailbox")
    assert not Report(tuple(verdicts.values()), 1).passed


async def test_one_server_may_be_out_of_reach_alone() -> None:
    with ImapServer() as imap:
        pass
    with SmtpServer() as smtp:
        verdicts = await check_mailbox(credential(smtp, imap))
    assert set(verdicts) == REACH_AND_ANSWER - {("IMAP", "answer")}
    assert verdicts["SMTP", "answer"].outcome == "passed"
    assert verdicts["IMAP", "reach"].sentence.startswith(
        f"localhost:{imap.port} refused the connection: nothing listens"
    )


async def test_neither_server_is_waited_for_before_the_other_is_asked() -> None:
    """Each server greets only once both are connected."""
    waiting: list[StreamWriter] = []

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        waiting.append(writer)
        if len(waiting) == 2:
            waiting[0].write(b"554 no\r\n")
            waiting[1].write(b"554 no\r\n")
        await silent(reader, writer)

    with ScriptedServer(talk) as server:
        verdicts = await check_mailbox(credential(server, server))
        assert len(waiting) == 2
    assert (verdicts["SMTP", "reach"].code, verdicts["IMAP", "reach"].outcome) == ("554", "failed")


async def test_ports_may_be_stored_as_text_and_absent_fields_have_their_defaults() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls") as imap:
        verdicts = await check_mailbox(credential(smtp, imap, smtp_port=str(smtp.port), imap_port="no port"))
        assert verdicts["SMTP", "answer"].outcome == "passed"
        assert verdicts["IMAP", "reach"].sentence == "The port is not a number."
    zoho_mail = integration_type("zoho_mail")
    defaults = [zoho_mail.field(name).default for name in ("smtp_host", "smtp_port", "imap_host", "imap_port")]  # type: ignore[union-attr]
    assert defaults == ["smtp.zoho.com", "587", "imap.zoho.com", "993"]


async def test_a_second_test_soon_after_a_failed_login_asks_nobody() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls", refusal=IMAP_DISABLED) as imap:
        for app_password in ("wrong", "wrong", PASSWORD):
            verdicts = await check_mailbox(credential(smtp, imap, app_password=app_password))
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 1)
        of_another_account = await check_mailbox(credential(smtp, imap, email="other@example.com"))
        assert (len(smtp.attempts), len(imap.attempts)) == (2, 2)
    for subject in ("SMTP", "IMAP"):
        verdict = verdicts[subject, "reach"]
        assert verdict.sentence == "The last login failed a moment ago, so none was tried now."
        assert verdict.what_to_do in {f"Wait {n} s: Zoho blocks accounts that fail too often." for n in range(1, 6)}
        assert (subject, "answer") not in verdicts
        assert (subject, "answer") in of_another_account


async def test_a_good_login_may_be_repeated_at_once() -> None:
    with SmtpServer() as smtp, ImapServer(tls="starttls") as imap:
        for _ in range(3):
            assert Report(tuple((await check_mailbox(credential(smtp, imap))).values()), 1).passed
        assert (len(smtp.attempts), len(imap.attempts)) == (3, 3)


def test_a_failed_login_is_forgotten_after_its_pause() -> None:
    account, other = Account("localhost", 1, "desk"), Account("localhost", 1, "other")
    lasting, brief = FailedLogins(3.5), FailedLogins(0)
    for logins in (lasting, brief):
        logins.note(account)
    assert (lasting.seconds_to_wait(account), lasting.seconds_to_wait(other)) == (4, 0)
    assert brief.seconds_to_wait(account) == 0


class Stuck:
    """A server that goes silent at the greeting, or at the login; it notes when the client hangs up."""

    def __init__(self, service: Service, *, at_login: bool) -> None:
        self.is_reached = self.is_left = False
        self._is_smtp = service is SMTP
        self._at_login = at_login

    async def talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._at_login:
            writer.write(b"220 hello\r\n" if self._is_smtp else b"* OK hello\r\n")
            for answer in (
                (b"250-hello\r\n250 AUTH PLAIN\r\n",)
                if self._is_smtp
                else [b"* CAPABILITY IMAP4rev1\r\n%s OK done\r\n"] * 2
            ):
                tag = (await reader.readline()).split()[0]
                writer.write(answer.replace(b"%s", tag))
            await reader.readline()
        self.is_reached = True
        await silent(reader, writer)
        self.is_left = True


@pytest.mark.parametrize("at_login", [False, True])
@pytest.mark.parametrize("service", [SMTP, IMAP], ids=["SMTP", "IMAP"])
async def test_cancelling_returns_at_once_and_hangs_up(service: Service, at_login: bool) -> None:
    stuck = Stuck(service, at_login=at_login)
    with ScriptedServer(stuck.talk, server_context() if at_login else None) as server:
        tls = "implicit" if at_login else "starttls"
        task = asyncio.create_task(ask(service, server.port, tls=tls))
        await until(lambda: stuck.is_reached)
        assert all(thread.daemon for thread in speaking_threads())
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - begun < 0.2
        await until(lambda: stuck.is_left)
        await until(lambda: not speaking_threads())
        if at_login:
            # Nobody knows what the login came to, so it counts as failed.
            (again,) = await ask(service, server.port, tls=tls)
            assert again.what_to_do.startswith("Wait ")
            assert server.connections == 1


def test_a_line_that_is_cut_while_its_name_is_looked_up_is_never_connected() -> None:
    with ScriptedServer(silent) as server:
        connection = MailConnection(Endpoint("localhost", server.port, "SMTP host"), 1)
        connection.cut()
        with pytest.raises(ConnectionAbortedError):
            connection.connect()
        assert server.connections == 0


async def test_cancelling_the_test_of_a_mailbox_ends_both() -> None:
    connections: list[int] = []

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        connections.append(1)
        await silent(reader, writer)

    with ScriptedServer(talk) as smtp, ScriptedServer(talk) as imap:
        task = asyncio.create_task(check_mailbox(credential(smtp, imap)))
        await until(lambda: len(connections) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not speaking_threads())


def test_a_stuck_server_does_not_hold_up_the_end_of_the_program() -> None:
    program = (
        "import asyncio, sys\n"
        "from tui.providers.integration_types.zoho_mail import test_connection\n"
        "fields = {'email': 'a@b.org', 'app_password': 'x', 'smtp_host': 'localhost', 'imap_host': 'localhost'}\n"
        "ports = {'smtp_port': sys.argv[1], 'imap_port': sys.argv[1]}\n"
        "try:\n"
        "    asyncio.run(asyncio.wait_for(test_connection(fields | ports, print), 0.3))\n"
        "except TimeoutError:\n"
        "    print('cancelled')\n"
    )
    with ScriptedServer(silent) as server:
        begun = time.monotonic()
        run = subprocess.run(
            [sys.executable, "-c", program, str(server.port)],
            capture_output=True, text=True, check=True, env=os.environ | environment(), timeout=30,
        )  # fmt: skip
        assert time.monotonic() - begun < 5
    assert (run.stdout, run.stderr) == ("cancelled\n", "")


def test_the_registry_loads_no_mail_library() -> None:
    code = (
        "import sys, tui.providers as p; p.registry(); "
        "print([m for m in ('smtplib', 'imaplib', 'tui.providers.mail.check') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
