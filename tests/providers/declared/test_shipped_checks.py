"""The shipped definitions against stand-ins that answer as their providers document it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.definitions import shipped
from tests.support.servers.mail import PASSWORD, USER, ImapServer, SmtpServer
from tests.support.servers.providers import CREDENTIALS, ProviderServer, Reply
from tui.models.numbers import ListedNumber
from tui.providers.declared.check import read_shown, run_check
from tui.providers.declared.control import control
from tui.providers.declared.files import SHIPPED
from tui.providers.declared.numbers import list_numbers
from tui.providers.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from tui.providers.observations import Observation
    from tui.providers.verdicts import Verdict

# A number that the provider knows nothing of, in the shape that it has, by the field that names it.
STRANGE = {"twilio": "AC" + "f" * 32, "whatsapp_cloud": "999999999999999", "plivo": "MA" + "Z" * 18}
SHOWN = {
    "twilio": {"Account name": "Example & Co.", "Account type": "Full"},
    "whatsapp_cloud": {
        "Number": "+1 631-555-5555",
        "Verified name": "Example & Co.",
        "Quality rating": "GREEN",
        "Messaging limit tier": "TIER_1K",
    },
    "plivo": {"Credits in USD": "1.80900", "Billing": "prepaid", "Account type": "standard"},
}


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


async def report(name: str, server: ProviderServer, credential: Mapping[str, Any]) -> Report:
    verdicts: list[Verdict] = []
    await run_check(shipped(name, server.host), credential, verdicts.append)
    return Report(tuple(verdicts), 0)


@pytest.mark.parametrize("name", CREDENTIALS)
async def test_a_definition_says_yes_and_no_as_its_provider_does(name: str, server: ProviderServer) -> None:
    definition, credential = shipped(name, server.host), server.credential(name)
    result = await control(definition, credential)
    assert result.is_proven
    assert result.scrambled is not None and result.scrambled.code == "401"
    shown: dict[str, str | None] = {}

    def take(one: Observation) -> None:
        shown[one.name.removeprefix("shown:")] = one.value

    await read_shown(definition, credential, take)
    assert shown == SHOWN[name]
    # The right token with the id of somebody else's account is no yes either.
    other = {**credential, next(iter(credential)): STRANGE[name]}
    assert (await report(name, server, other)).says_no
    for status in (429, 500, 503):
        server.always = Reply(status, {"error": {"code": 1}})
        unknown = await report(name, server, credential)
        assert not unknown.passed and not unknown.says_no


async def test_what_a_provider_says_inside_a_yes_is_heard(server: ProviderServer) -> None:
    twilio = server.credential("twilio")
    for status, words in (("suspended", "suspended"), ("closed", "closed")):
        server.always = Reply(200, {"sid": twilio["account_sid"], "status": status})
        refused = await report("twilio", server, twilio)
        assert refused.says_no and words in refused.failures[0].sentence
    for status in (400, 401):
        server.always = Reply(status, {"error": {"message": "Error validating access token", "code": 190}})
        assert (await report("whatsapp_cloud", server, server.credential("whatsapp_cloud"))).says_no


async def test_numbers_are_listed_as_each_provider_pages_them(server: ProviderServer) -> None:
    numbers = await list_numbers(shipped("twilio", server.host), server.credential("twilio"), lambda count: None)
    assert [one.number for one in numbers] == ["+14155550100", "+14155550101"]
    numbers = await list_numbers(shipped("plivo", server.host), server.credential("plivo"), lambda count: None)
    assert numbers == [ListedNumber("+14153336666", "Desk", can_call=False, can_sms=True)]


async def test_a_mailbox_of_any_provider_passes_the_control() -> None:
    with SmtpServer() as smtp, ImapServer() as imap:
        credential = {
            "user_name": USER,
            "password": PASSWORD,
            "smtp_host": "localhost",
            "smtp_port": smtp.port,
            "imap_host": "localhost",
            "imap_port": imap.port,
        }
        assert (await control(shipped("smtp_imap"), credential)).is_proven
        assert {attempt.user for attempt in (*smtp.attempts[1:], *imap.attempts[1:])}.isdisjoint({USER})


def test_each_shipped_definition_is_tried_here() -> None:
    assert {file.stem for file in SHIPPED.glob("*.toml")} == {*CREDENTIALS, "smtp_imap"}
