"""The SMTP half of the test of a mailbox, against aiosmtpd."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.providers.mail_checks import ask
from tests.support.servers.certificates import server_context
from tests.support.servers.loopback import ScriptedServer, Tap, saying, silent
from tests.support.servers.mail import PASSWORD, USER, Attempt, SmtpServer
from tui.providers.mail.check import SMTP
from tui.providers.mail.responses import Login

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

    from tests.support.servers.mail import Tls

WRONG = Login(USER, "canary-wrong")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_good_login_is_one_auth_over_verified_tls_and_no_mail(tls: Tls) -> None:
    with SmtpServer(tls=tls) as server:
        reach, answer = await ask(SMTP, server.port, tls=tls)
        assert server.attempts == [Attempt("PLAIN", USER, PASSWORD)]
    begin = ["EHLO", "STARTTLS"] if tls == "starttls" else []
    assert server.commands == [*begin, "EHLO", "AUTH", "NOOP", "QUIT"]
    prefix = "STARTTLS, " if tls == "starttls" else ""
    assert (reach.level, reach.outcome) == ("reach", "passed")
    assert reach.sentence == f"localhost:{server.port} answers; {prefix}TLSv1.3, certificate verified."
    assert (answer.level, answer.outcome, answer.code) == ("answer", "passed", "235")
    assert reach.milliseconds is not None
    assert answer.milliseconds is not None


@pytest.mark.parametrize("mechanisms", [("LOGIN", "PLAIN"), ("PLAIN",), ("LOGIN",)])
async def test_a_wrong_password_is_one_failed_login(mechanisms: tuple[str, ...]) -> None:
    with SmtpServer(mechanisms=mechanisms) as server:
        _, answer = await ask(SMTP, server.port, WRONG)
        mechanism = "PLAIN" if "PLAIN" in mechanisms else "LOGIN"
        assert server.attempts == [Attempt(mechanism, USER, WRONG.password)]
        assert server.commands[-2:] == ["AUTH", "QUIT"]
    assert (answer.outcome, answer.code) == ("failed", "535")
    assert answer.sentence == "The server refused the address or the app password."
    assert "accounts.zoho.com > Security > App Passwords" in answer.what_to_do


async def test_where_only_login_is_offered_it_is_used_once() -> None:
    with SmtpServer(mechanisms=("LOGIN",)) as server:
        _, answer = await ask(SMTP, server.port)
        assert server.attempts == [Attempt("LOGIN", USER, PASSWORD)]
    assert answer.outcome == "passed"


async def test_a_server_without_password_logins_is_sent_none() -> None:
    with SmtpServer(mechanisms=()) as server:
        _, answer = await ask(SMTP, server.port)
        assert server.attempts == []
        assert "AUTH" not in server.commands
    assert answer.sentence == "localhost offers no way to log in with a password."


@pytest.mark.parametrize("password", ["pässwörd ✓", 'with "quotes" and \\', "x" * 400, "😀" * 120, "a\r\nNOOP"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_any_password_arrives_as_it_is(password: str, mechanism: str) -> None:
    login = Login("büro desk@example.com", password)
    with SmtpServer(user=login.user, password=password, mechanisms=(mechanism,)) as server:
        _, answer = await ask(SMTP, server.port, login)
        assert server.attempts == [Attempt(mechanism, login.user, password)]
        # RFC 5321, section 4.5.3.1.4
        assert server.longest_auth <= 512
    assert answer.outcome == "passed"


@pytest.mark.parametrize("tls", ["starttls", "implicit", "none"])
async def test_nothing_of_the_login_is_on_the_wire_in_the_clear(tls: Tls) -> None:
    with SmtpServer(tls=tls) as server, Tap(server.port) as tap:
        reach, *answer = await ask(SMTP, tap.port, tls=tls)
        client_bytes = tap.client_bytes
    assert client_bytes
    assert not any(form in client_bytes for form in forms_of_the_login())
    if tls == "none":
        assert client_bytes.split() == [b"ehlo", b"[127.0.0.1]", b"quit"]
        assert server.attempts == answer == []
        assert reach.outcome == "failed"
        assert reach.sentence.endswith("does not offer STARTTLS; the password was not sent.")
    else:
        assert answer[0].outcome == "passed"


def forms_of_the_login() -> list[bytes]:
    whole = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())
    return [b"AUTH", PASSWORD.encode(), base64.b64encode(PASSWORD.encode()), whole]


async def test_a_refused_starttls_ends_it() -> None:
    with ScriptedServer(
        saying(b"220 hello\r\n250-hello\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n454 Not now\r\n")
    ) as server:
        (reach,) = await ask(SMTP, server.port)
    assert (reach.outcome, reach.code) == ("failed", "454")
    assert reach.what_to_do == "Try again in a few minutes."


async def test_a_yes_that_comes_before_the_password_was_sent_is_none() -> None:
    welcome = b"220 hello\r\n250-hello\r\n250 AUTH LOGIN\r\n235 welcome\r\n250 fine\r\n"
    with ScriptedServer(saying(welcome), server_context()) as server:
        _, answer = await ask(SMTP, server.port, tls="implicit")
    assert (answer.outcome, answer.code) == ("failed", "")
    assert answer.sentence == "The server refused the login for a reason not known here. It said: welcome"


async def test_what_somebody_in_between_says_before_tls_is_not_taken_for_the_server() -> None:
    """Command injection into STARTTLS (CVE-2011-0411): the lines behind 220 come from outside of TLS."""

    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        await reader.readline()
        writer.write(b"250-hello\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 fine\r\n")
        await writer.start_tls(server_context())
        await silent(reader, writer)

    with ScriptedServer(talk) as server:
        verdicts = await ask(SMTP, server.port, seconds=1)
    assert [(verdict.level, verdict.outcome) for verdict in verdicts] == [("reach", "failed")]


async def test_on_the_port_of_implicit_tls_a_server_that_speaks_in_the_clear_is_refused_at_once() -> None:
    with SmtpServer(tls="starttls") as server, Tap(server.port) as tap:
        (reach,) = await ask(SMTP, tap.port, tls="implicit")
        assert server.attempts == []
    assert reach.sentence.endswith("does not speak TLS on that port; nothing secret was sent.")
    assert reach.what_to_do.startswith("Check the SMTP host and its port (587 or 465)")
    assert reach.milliseconds is not None
    assert reach.milliseconds < 1000


async def test_on_the_port_of_implicit_tls_nothing_is_waited_for() -> None:
    with SmtpServer(tls="implicit") as server:
        reach, answer = await ask(SMTP, server.port, tls="implicit")
    assert answer.outcome == "passed"
    assert reach.milliseconds is not None
    assert reach.milliseconds < 1000


async def test_an_accepted_login_whose_session_then_fails_is_doubtful() -> None:
    with SmtpServer() as server:
        server.noop_reply = "421 Closing"
        _, answer = await ask(SMTP, server.port)
    assert (answer.outcome, answer.code) == ("doubtful", "235")
    assert answer.sentence == "The app password was accepted, but then the server refused to continue (NOOP)."


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_on_a_port_of_its_own_the_use_of_tls_is_found_out(tls: Tls) -> None:
    with SmtpServer(tls=tls) as server:
        _, answer = await ask(SMTP, server.port, tls="to be found out")
    assert answer.outcome == "passed"


def test_the_ports_decide_how_long_a_greeting_in_the_clear_is_waited_for() -> None:
    assert [SMTP.patience(port) for port in (465, 587, 2525)] == [0, 5, 1.5]
