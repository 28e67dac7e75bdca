"""What the simulation takes each fault for is what the program takes it for, asked of servers that answer so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.providers.mail_checks import check_mailbox
from tests.support.check_world import FAULTS
from tests.support.servers.certificates import authority_file
from tests.support.servers.exotel import FAULTS as ANSWERS
from tests.support.servers.exotel import ExotelServer, exophone
from tests.support.servers.mail import IMAP_DISABLED, WRONG_PASSWORD, ImapServer, SmtpServer, credential
from tui.providers import integration_type
from tui.providers.verdicts import Report
from tui.session.connection_test import standing_of

if TYPE_CHECKING:
    from tui.providers.verdicts import Verdict

OF_EXOTEL = {
    "key revoked (401)": "401",
    "account closed (404)": "404",
    "account suspended (403)": "403",
    "no answer in time": "hang up",
    "asked too often (429)": "429",
    "server failed (5xx)": "503",
}
# The reply of SMTP, and what IMAP says NO with.
OF_MAIL = {
    "password changed": ("535 5.7.8 Authentication Failed", WRONG_PASSWORD),
    "IMAP switched off": ("", IMAP_DISABLED),
    "server failed (5xx)": ("454 4.7.0 Try later", ""),
}


async def test_an_answer_of_exotel_is_what_the_simulation_takes_it_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority_file()))
    test = integration_type("exotel_phone").test
    assert test is not None
    judged = {}
    for fault, answer in [*OF_EXOTEL.items(), ("number given back", "")]:
        with ExotelServer(numbers=[exophone("+911141169368")]) as server:
            number = "01141169368" if answer else "08044445555"
            if answer:
                server.answer("account", ANSWERS[answer])
            verdicts: list[Verdict] = []
            await test(server.credential(virtual_number=number), verdicts.append)
            judged[fault] = standing_of(Report(tuple(verdicts), 1))
    assert judged == {fault: FAULTS[fault][1] for fault in judged}


@pytest.mark.parametrize("fault", OF_MAIL)
async def test_an_answer_of_a_mailbox_is_what_the_simulation_takes_it_for(fault: str) -> None:
    smtp_reply, imap_refusal = OF_MAIL[fault]
    with SmtpServer(refusal=smtp_reply) as smtp, ImapServer(refusal=imap_refusal) as imap:
        verdicts = await check_mailbox(credential(smtp, imap))
        # One check is one login at each of the two servers.
        assert len(smtp.attempts) == len(imap.attempts) == 1
    assert standing_of(Report(tuple(verdicts.values()), 1)) == FAULTS[fault][1]
