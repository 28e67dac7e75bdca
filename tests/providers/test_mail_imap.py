"""The IMAP half of the test of a mailbox, against a script that answers as Zoho does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.providers.mail_checks import ask
from tests.support.servers.certificates import server_context
from tests.support.servers.loopback import ScriptedServer, Tap, silent
from tests.support.servers.mail import PASSWORD, USER, Attempt, ImapServer
from tui.providers.mail.check import IMAP
from tui.providers.mail.responses import Login

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from tests.support.servers.mail import Tls

WRONG = Login(USER, "canary-wrong")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_good_login_is_one_login_command_and_counts_the_inbox(tls: Tls) -> None:
    with ImapServer(tls=tls) as server:
        reach, answer = await ask(IMAP, server.port, tls=tls)
        assert server.attempts == [Attempt("LOGIN", USER, PASSWORD)]
    begin = ["CAPABILITY", "STARTTLS"] if tls == "starttls" else ["CAPABILITY"]
    assert server.commands == [*begin, "CAPABILITY", "LOGIN", "STATUS", "LOGOUT"]
    prefix = "STARTTLS, " if tls == "starttls" else ""
    assert reach.sentence == f"localhost:{server.port} answers; {prefix}TLSv1.3, certificate verified."
    assert (answer.outcome, answer.code) == ("passed", "OK")
    assert answer.sentence == "The app password was accepted; 3 messages in the inbox, 1 unread."


async def test_a_wrong_password_is_one_failed_login() -> None:
    with ImapServer(tls="starttls") as server:
        _, answer = await ask(IMAP, server.port, WRONG)
        assert server.attempts == [Attempt("LOGIN", USER, WRONG.password)]
        assert server.commands[-2:] == ["LOGIN", "LOGOUT"]
    assert (answer.outcome, answer.code) == ("failed", "AUTHENTICATIONFAILED")
    assert answer.sentence == "The server refused the address or the app password."
    assert "multi-factor" in answer.what_to_do


@pytest.mark.parametrize("password", ["pässwörd ✓", 'with "quotes" and \\', "two words", "a\r\nA1 NOOP", "{3}"])
async def test_any_password_arrives_as_it_is(password: str) -> None:
    login = Login('desk "of" \\example.com', password)
    with ImapServer(tls="starttls", user=login.user, password=password) as server:
        _, answer = await ask(IMAP, server.port, login)
        assert server.attempts == [Attempt("LOGIN", login.user, password)]
        assert server.commands.count("NOOP") == 0
    assert answer.outcome == "passed"


async def test_an_address_that_login_cannot_carry_is_not_sent() -> None:
    with ImapServer(tls="starttls") as server:
        _, answer = await ask(IMAP, server.port, Login("büro@example.com", PASSWORD))
        assert server.attempts == []
        assert server.commands[-1] == "LOGOUT"
    assert answer.sentence.startswith("The e-mail address has characters that IMAP's LOGIN cannot carry")


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
async def test_nothing_of_the_login_is_on_the_wire_in_the_clear(tls: Tls) -> None:
    with ImapServer(tls=tls) as server, Tap(server.port) as tap:
        reach, *answer = await ask(IMAP, tap.port, tls=tls)
        client_bytes = tap.client_bytes
    assert client_bytes
    assert not any(form in client_bytes for form in (PASSWORD.encode(), USER.encode(), b"LOGIN"))
    if tls == "none":
        assert [line.split()[1] for line in client_bytes.splitlines()] == [b"CAPABILITY", b"LOGOUT"]
        assert server.attempts == answer == []
        assert reach.outcome == "failed"
        assert reach.sentence.endswith("does not offer STARTTLS; the password was not sent.")
    else:
        assert answer[0].outcome == "passed"


@pytest.mark.parametrize("answer", [b"NO Not now", b"BAD Not at all"])
async def test_a_refused_starttls_ends_it(answer: bytes) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        for response in (
            b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%s OK done\r\n",
            b"%s " + answer + b"\r\n",
            b"%s OK bye\r\n",
        ):
            writer.write(response % (await reader.readline()).split()[0])

    with ScriptedServer(talk) as server:
        (reach,) = await ask(IMAP, server.port)
    assert reach.sentence.endswith("does not offer STARTTLS; the password was not sent.")


async def test_somebody_who_is_logged_in_before_tls_is_sent_nothing() -> None:
    with ImapServer(tls="starttls", greeting="* PREAUTH you are in") as server:
        (reach,) = await ask(IMAP, server.port)
        assert "STARTTLS" not in server.commands
        assert server.attempts == []
    assert "does not offer STARTTLS" in reach.sentence


async def test_what_somebody_in_between_says_before_tls_is_not_taken_for_the_server() -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        tag = (await reader.readline()).split()[0][:-1]
        writer.write(b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%s0 OK done\r\n" % tag)
        await reader.readline()
        lines = (
            b"T1 OK go",
            b"* CAPABILITY IMAP4rev1",
            b"T2 OK done",
            b"T3 OK in",
            b"* STATUS INBOX (MESSAGES 3)",
            b"T4 OK done",
        )
        writer.write(b"".join(re.sub(b"^T", tag, line) + b"\r\n" for line in lines))
        await writer.start_tls(server_context())
        await silent(reader, writer)

    with ScriptedServer(talk) as server:
        verdicts = await ask(IMAP, server.port, seconds=1)
    assert [verdict.outcome for verdict in verdicts] == ["passed", "failed"]


async def test_a_server_that_takes_no_login_is_sent_none() -> None:
    with ImapServer(capabilities="IMAP4rev1 LOGINDISABLED", tls="implicit") as server:
        _, answer = await ask(IMAP, server.port, tls="implicit")
        assert server.attempts == []
    assert answer.sentence == "localhost offers no way to log in with a password."


async def test_on_the_port_of_implicit_tls_a_server_that_speaks_in_the_clear_is_refused_at_once() -> None:
    with ImapServer(tls="starttls") as server:
        (reach,) = await ask(IMAP, server.port, tls="implicit")
        assert server.attempts == []
    assert reach.sentence.endswith("does not speak TLS on that port; nothing secret was sent.")
    assert reach.milliseconds is not None
    assert reach.milliseconds < 1000


@pytest.mark.parametrize("status", ["NO Not now", "BAD Unknown", "OK But nothing untagged", "hang up"])
async def test_an_inbox_that_cannot_be_looked_into_is_doubtful(status: str) -> None:
    responses = iter(["* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n"] * 2 + ["{tag} OK in\r\n", f"{{tag}} {status}\r\n"])

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        while (line := (await reader.readline()).decode()) and not (status == "hang up" and "STATUS" in line):
            writer.write(next(responses, "{tag} OK bye\r\n").format(tag=line.split()[0]).encode())

    with ScriptedServer(talk, server_context()) as server:
        _, answer = await ask(IMAP, server.port, tls="implicit")
    assert (answer.outcome, answer.code) == ("doubtful", "OK")
    assert "could not be opened" in answer.sentence


def test_the_ports_decide_how_long_a_greeting_in_the_clear_is_waited_for() -> None:
    assert [IMAP.patience(port) for port in (993, 143, 1993)] == [0, 5, 1.5]
