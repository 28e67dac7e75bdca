"""The IMAP half of the test of a mailbox, against a real Dovecot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.providers.mail_checks import ask, until
from tests.support.servers.debian import needs
from tests.support.servers.dovecot import DOVECOT, Dovecot
from tui.providers.mail.check import IMAP
from tui.providers.mail.responses import Login

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

pytestmark = pytest.mark.debian

LOGIN = Login("desk@example.com", 'pässwörd "✓" \\')


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    needs(DOVECOT, "dovecot-imapd")
    with Dovecot(LOGIN.user, LOGIN.password, messages=2) as server:
        yield server


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_a_good_login_is_counted_once_and_looks_into_the_inbox(
    dovecot: Dovecot, tls: Literal["implicit", "starttls"]
) -> None:
    accepted, refused = dovecot.attempts()
    reach, answer = await ask(IMAP, dovecot.tls_port if tls == "implicit" else dovecot.starttls_port, LOGIN, tls=tls)
    prefix = "" if tls == "implicit" else "STARTTLS, "
    assert reach.sentence.endswith(f" answers; {prefix}TLSv1.3, certificate verified.")
    assert (answer.outcome, answer.sentence) == (
        "passed", "The app password was accepted; 2 messages in the inbox, 2 unread."
    )  # fmt: skip
    await until(lambda: dovecot.attempts() == (accepted + 1, refused))


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize("password", ["wrong", "fälsch"])
async def test_a_wrong_password_is_one_failed_login(
    dovecot: Dovecot, tls: Literal["implicit", "starttls"], password: str
) -> None:
    accepted, refused = dovecot.attempts()
    # An account of its own each: the same one may not be tried again at once.
    login = Login(f"{tls}-{password.encode().hex()}@example.com", password)
    port = dovecot.tls_port if tls == "implicit" else dovecot.starttls_port
    _, answer = await ask(IMAP, port, login, tls=tls)
    assert (answer.outcome, answer.code) == ("failed", "AUTHENTICATIONFAILED")
    assert answer.sentence == "The server refused the address or the app password."
    await until(lambda: dovecot.attempts() == (accepted, refused + 1))
    assert "Logged out" in dovecot.log() or "by logging out" in dovecot.log()


async def test_the_use_of_tls_is_found_out_on_ports_of_their_own(dovecot: Dovecot) -> None:
    for port in (dovecot.tls_port, dovecot.starttls_port):
        _, answer = await ask(IMAP, port, LOGIN, tls="to be found out")
        assert answer.outcome == "passed"
