"""What it comes to when a mail server cannot be reached, or is no mail server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.providers.mail_checks import ask, speaking_threads, until
from tests.support.servers.certificates import server_context
from tests.support.servers.loopback import ScriptedServer, Tap, dripping, endless, saying, silent
from tests.support.servers.mail import PASSWORD, ImapServer, SmtpServer
from tui.providers.mail.check import IMAP, SMTP
from tui.providers.mail.connection import MOST_BYTES
from tui.providers.transport_failures import Endpoint, transport_failure

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Iterator

    from tests.support.servers.certificates import Certificate
    from tui.providers.mail.check import Service

BOTH = pytest.mark.parametrize("service", [SMTP, IMAP], ids=["SMTP", "IMAP"])


@BOTH
@pytest.mark.parametrize(
    ("certificate", "sentence", "what_to_do"),
    [
        ("other name", "is for another name; nothing secret was sent.", "Check the spelling of the"),
        (
            "untrusted",
            "is not signed by an authority that this machine trusts; nothing secret was sent.",
            "SSL_CERT_FILE",
        ),
        ("self-signed", "is self-signed; nothing secret was sent.", "SSL_CERT_FILE"),
        ("expired", "has expired; nothing secret was sent.", "the date of this machine"),
        ("not valid yet", "is not valid yet; nothing secret was sent.", "the date of this machine"),
    ],
)
async def test_a_wrong_certificate_ends_it_before_the_login(
    service: Service, certificate: Certificate, sentence: str, what_to_do: str
) -> None:
    for tls in ("starttls", "implicit"):
        kind = SmtpServer if service is SMTP else ImapServer
        with kind(tls=tls, certificate=certificate) as server, Tap(server.port) as tap:
            verdicts = await ask(service, tap.port, tls=tls)
            assert server.attempts == []
            assert PASSWORD.encode() not in tap.client_bytes
        assert [(verdict.level, verdict.outcome) for verdict in verdicts] == [("reach", "failed")]
        assert verdicts[0].sentence == f"The certificate of localhost:{tap.port} {sentence}"
        assert what_to_do in verdicts[0].what_to_do


@BOTH
async def test_a_port_where_nobody_listens(service: Service) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        (reach,) = await ask(service, port)
    assert reach.sentence.startswith(f"localhost:{port} refused the connection: nothing listens")
    assert service.ports in reach.what_to_do


@BOTH
@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64 + ".org"])
async def test_a_name_that_does_not_exist(service: Service, host: str) -> None:
    (reach,) = await ask(service, 587, host=host)
    # Without any name server, nobody knows whether it exists.
    assert reach.sentence in {f"There is no host called {host}.", f"The name server did not say where {host} is."}


@BOTH
async def test_an_address_without_a_route(service: Service) -> None:
    (reach,) = await ask(service, 587, host="255.255.255.255")
    assert reach.sentence.startswith("There is no route to 255.255.255.255:587 from this machine (E")


@BOTH
@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "smtp", "٥٨٧", "9" * 5000])
async def test_a_stored_port_that_is_none(service: Service, port: str) -> None:
    (reach,) = await ask(service, port)  # type: ignore[arg-type]
    assert reach.sentence == "The port is not a number."


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: further connections are neither taken nor refused."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


@BOTH
async def test_a_connection_that_is_never_taken_ends_in_time(service: Service, full_port: int) -> None:
    (reach,) = await ask(service, full_port, host="127.0.0.1", seconds=0.5)
    assert reach.sentence == f"127.0.0.1:{full_port} did not accept the connection within 0.5 s."
    assert reach.milliseconds == 500
    await until(lambda: not speaking_threads())


def test_a_name_server_that_is_silent_is_told_apart() -> None:
    failed = transport_failure(TimeoutError(), Endpoint("mail.example.com", 587, "SMTP host"), "name", 10)
    assert failed.sentence == "The name server did not say where mail.example.com is within 10 s."


STEPS = {
    "a silent peer": silent,
    "a greeting in drops": dripping(b"220 "),
    "an answer in drops": dripping(b"220 hello\r\n250-"),
    "a greeting of IMAP in drops": dripping(b"* OK "),
}


async def test_a_peer_that_never_comes_to_an_end_is_left_in_time() -> None:
    with ExitStack() as stack:
        ports = {step: stack.enter_context(ScriptedServer(talk)).port for step, talk in STEPS.items()}
        cases = [(service, step) for service in (SMTP, IMAP) for step in STEPS]
        answers = await asyncio.gather(*(ask(service, ports[step], seconds=1) for service, step in cases))
        for case, (reach,) in zip(cases, answers, strict=True):
            assert reach.outcome == "failed", case
            assert reach.milliseconds is not None
            assert reach.milliseconds <= 1000, case
        await until(lambda: not speaking_threads())


@BOTH
async def test_a_login_that_is_never_answered_ends_in_time_and_counts_as_failed(service: Service) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"220 hello\r\n" if service is SMTP else b"* OK hello\r\n")
        while line := await reader.readline():
            tag, *words = line.split()
            if tag == b"ehlo":
                writer.write(b"250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
            elif words == [b"CAPABILITY"]:
                writer.write(b"* CAPABILITY IMAP4rev1\r\n%s OK done\r\n" % tag)
            else:
                await dripping(b"")(reader, writer)

    with ScriptedServer(talk, server_context()) as server:
        _, answer = await ask(service, server.port, tls="implicit", seconds=1)
        assert answer.sentence == (
            "localhost did not answer the login within 1 s, so whether it is right is not known."
        )
        (again,) = await ask(service, server.port, tls="implicit", seconds=1)
        assert again.what_to_do.startswith("Wait ")
        assert server.connections == 1


@BOTH
async def test_a_server_that_answers_too_late_is_not_sent_the_login(service: Service) -> None:
    kind = SmtpServer if service is SMTP else ImapServer
    with kind(tls="implicit") as server:
        # The wait for a greeting in the clear is longer than the level may take.
        verdicts = await ask(service, server.port, tls="to be found out", seconds=1)
        await until(lambda: not speaking_threads())
        assert [verdict.outcome for verdict in verdicts] == ["failed"]
        assert server.attempts == []


@BOTH
@pytest.mark.parametrize(
    "flood",
    [endless(b"220 hello\r\n", b"250-more\r\n"), endless(b"* OK hello\r\n", b"* OK more\r\n"), endless(b"", b"x")],
)
async def test_a_server_that_sends_without_end_is_left_after_a_megabyte(service: Service, flood: object) -> None:
    with ScriptedServer(flood) as server:  # type: ignore[arg-type]
        (reach,) = await ask(service, server.port)
    assert reach.sentence in {
        f"localhost:{server.port} sends data without end.",
        f"What localhost:{server.port} answers is not {service.subject}.",
    }


@BOTH
async def test_a_line_that_does_not_end_with_the_last_byte_allowed_is_one_without_end(service: Service) -> None:
    with ScriptedServer(saying(b"x" * MOST_BYTES)) as server:
        (reach,) = await ask(service, server.port)
    assert reach.sentence in {
        f"localhost:{server.port} sends data without end.",
        f"What localhost:{server.port} answers is not SMTP.",
    }


async def test_a_literal_of_terabytes_is_not_waited_for() -> None:
    with ScriptedServer(saying(b"* OK hello\r\n* CAPABILITY {9999999999999}\r\n")) as server:
        (reach,) = await ask(IMAP, server.port)
    assert reach.sentence == f"localhost:{server.port} sends data without end."


@pytest.mark.parametrize(
    ("service", "greeting", "code", "sentence"),
    [
        (SMTP, b"* OK IMAP ready\r\n", "", "What localhost:{port} answers is not SMTP."),
        (SMTP, b"SSH-2.0-OpenSSH_9.2\r\n", "", "What localhost:{port} answers is not SMTP."),
        (SMTP, b"HTTP/1.1 400 Bad\r\n\r\n", "", "What localhost:{port} answers is not SMTP."),
        (SMTP, b"421 Too busy\r\n", "421", "localhost:{port} refused the connection. It said: Too busy"),
        (SMTP, b"554 Go away\r\n", "554", "localhost:{port} refused the connection."),
        (IMAP, b"220 mail ready\r\n", "", "What localhost:{port} answers is not IMAP."),
        (IMAP, b"HTTP/1.1 400 Bad\r\n\r\n", "", "What localhost:{port} answers is not IMAP."),
        (IMAP, b"* BYE Too many connections\r\n", "BYE", "The server has too many connections"),
        (IMAP, b"* BYE Maintenance\r\n", "BYE", "The server ended the session. It said: Maintenance"),
        (IMAP, b"* BYE IP blocked\r\n", "BYE", "The provider has blocked IMAP for this account."),
    ],
)
async def test_a_greeting_that_is_none(service: Service, greeting: bytes, code: str, sentence: str) -> None:
    with ScriptedServer(saying(greeting)) as server:
        (reach,) = await ask(service, server.port)
    assert (reach.level, reach.outcome, reach.code) == ("reach", "failed", code)
    assert reach.sentence.startswith(sentence.format(port=server.port))


@BOTH
@pytest.mark.parametrize("start", [b"", b"220 hello\r\n", b"* OK hello\r\n", b"22", b"* OK he"])
async def test_a_server_that_hangs_up(service: Service, start: bytes) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(start)

    with ScriptedServer(talk) as server:
        (reach,) = await ask(service, server.port)
    assert reach.sentence in {
        f"localhost:{server.port} closed the connection.",
        f"What localhost:{server.port} answers is not {service.subject}.",
    }
    assert reach.sentence.endswith("closed the connection.") or start[:1] in {b"*", b"2"}


@BOTH
async def test_a_server_that_hangs_up_on_tls(service: Service) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(10)

    with ScriptedServer(talk) as server:
        (reach,) = await ask(service, server.port, tls="implicit")
    assert "closed the connection" in reach.sentence


@BOTH
async def test_a_server_with_an_old_tls_only(service: Service) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x46")  # an alert: fatal, protocol_version

    with ScriptedServer(talk) as server:
        (reach,) = await ask(service, server.port, tls="implicit")
    assert "cannot agree on TLS (TLSV1_ALERT_PROTOCOL_VERSION)." in reach.sentence


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    greeting=st.sampled_from([b"220 hi\r\n", b"* OK hi\r\n", b""]) | st.binary(max_size=30),
    responses=st.lists(
        st.sampled_from([b"250 AUTH PLAIN\r\n", b"334 \r\n", b"* CAPABILITY IMAP4rev1\r\n%s OK x\r\n", b"%s OK [\r\n"])
        | st.sampled_from(
            [b"%s NO [", b"%s OK {5}\r\n", b"+ \r\n", b"* BYE\r\n", b"* 1 FETCH {0}\r\n", b"235 \xff\r\n"]
        )
        | st.binary(max_size=40),
        max_size=6,
    ),
    is_smtp=st.booleans(),
)
async def test_nothing_that_a_server_sends_raises(greeting: bytes, responses: list[bytes], is_smtp: bool) -> None:
    async def talk(reader: StreamReader, writer: StreamWriter) -> None:
        tag = b""
        writer.write(greeting)
        for response in responses:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    tag = (await reader.readline())[:6].strip()
            writer.write(response.replace(b"%s", tag))

    with ScriptedServer(talk, server_context()) as server:
        verdicts = await ask(SMTP if is_smtp else IMAP, server.port, tls="implicit", seconds=5)
    assert verdicts
    assert all(verdict.sentence.endswith((".", "…")) or "It said:" in verdict.sentence for verdict in verdicts)
    assert PASSWORD not in repr(verdicts)
