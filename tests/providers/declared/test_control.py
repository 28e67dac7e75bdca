"""The negative control: checks that say yes to anything are refused, and a real one is proven."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.definitions import MAIL_FIELDS, check, definition, mail_check, twilio
from tests.support.servers.mail import PASSWORD, USER, ImapServer, SmtpServer
from tests.support.servers.providers import TWILIO, ProviderServer, Reply
from tui.providers.declared.control import control, made_up_user, scramble, scrambled
from tui.providers.declared.definition import Authorization, Condition, Get
from tui.providers.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterator

ACME = {"account_id": "AC1", "token": "sk_live_0a1b2c3d4e5f60718293"}
FOOLED = "This check says yes to a made-up secret, so it proves nothing."


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


async def test_a_check_that_can_say_no_is_proven(server: ProviderServer) -> None:
    result = await control(twilio(server.host), TWILIO)
    assert result.is_proven
    assert [report.passed for report in (result.real, result.scrambled) if report] == [True, False]
    real, fake = server.asked
    assert real.path == fake.path
    assert real.headers["authorization"] != fake.headers["authorization"]
    assert TWILIO["auth_token"] not in repr(result)


@pytest.mark.parametrize(
    ("get", "reply"),
    [
        # 200 on anything.
        (Get("/ping", Condition((200,), {})), Reply(200, b"pong")),
        # A public place that asks for no key: a status page, a list of countries.
        (Get("/v1/status.json", Condition((200,), {"status": "operational"})), Reply(200, {"status": "operational"})),
        # The id that was asked for comes back with 200, and the error stands beside it.
        (
            Get("/v1/accounts/{account_id}", Condition((200,), {"sid": "{account_id}"})),
            Reply(200, {"sid": "AC1", "error": {"code": 20003, "message": "Authenticate"}}),
        ),
    ],
)
async def test_a_check_that_says_yes_to_anything_is_refused(server: ProviderServer, get: Get, reply: Reply) -> None:
    server.always = reply
    result = await control(definition(check=check(server.host, get)), ACME)
    assert (result.is_proven, result.sentence) == (False, FOOLED)
    assert result.real.passed and result.scrambled is not None and result.scrambled.passed


async def test_of_two_secrets_each_has_to_be_looked_at() -> None:
    class Half(ProviderServer):
        """Looks at the key alone, or at the password alone."""

        looks_at = ""

        def _reply(self, asked: Any) -> Reply:
            pair = b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
            return Reply(200, {"sid": "AC1", "status": "active"}) if self.looks_at in pair else Reply(401, {})

    key = Field("key", "Key", "word", "", required=True, secret=True)
    pair = Authorization("basic", "{token}", "{key}")
    with Half() as server:
        acme = definition(fields=(*definition().fields, key), check=check(server.host, authorization=pair))
        credential = {**ACME, "key": "0123456789abcdef"}
        for looked_at, other in (("key", "Token"), ("token", "Key")):
            server.looks_at = credential[looked_at]
            fooled = await control(acme, credential)
            assert fooled.sentence == f"This check says yes to a made-up secret ({other}), so it proves nothing."
        server.looks_at = f"{credential['key']}:{credential['token']}"
        assert (await control(acme, credential)).is_proven


async def test_without_a_yes_of_the_real_one_no_control_is_made(server: ProviderServer) -> None:
    refused = await control(twilio(server.host), {**TWILIO, "auth_token": "wrong"})
    assert refused.sentence.startswith("The credential itself does not work, so no control was made.")
    server.always = Reply(503, {})
    unknown = await control(twilio(server.host), TWILIO)
    assert unknown.sentence.startswith("Nobody said yes to the credential, so no control was made.")
    assert refused.scrambled is unknown.scrambled is None
    assert len(server.asked) == 2


@pytest.mark.parametrize("status", [404, 429, 503])
async def test_no_clear_no_proves_nothing(status: int) -> None:
    class Moody(ProviderServer):
        """Answers a wrong key with another status than it should."""

        def _reply(self, asked: Any) -> Reply:
            reply = super()._reply(asked)
            return Reply(status, {}) if reply.status == 401 else reply

    with Moody() as moody:
        result = await control(twilio(moody.host), TWILIO)
    assert not result.is_proven
    assert result.sentence.startswith("A made-up secret got no clear no, so the check is not proven.")


async def test_a_mailbox_gets_no_failed_login_by_the_control() -> None:
    credential = {"user": USER, "mail_secret": PASSWORD}
    with SmtpServer() as smtp, ImapServer() as imap:
        mailbox = definition(fields=MAIL_FIELDS, check=mail_check(smtp, imap))
        assert (await control(mailbox, credential)).is_proven
        for server in (smtp, imap):
            real, fake = server.attempts
            assert (real.user, real.password) == (USER, PASSWORD)
            assert re.fullmatch(r"switchboard-control-[0-9a-f]{16}@example\.com", fake.user)
            assert PASSWORD not in fake.password
    with SmtpServer() as smtp:
        smtp.try_login = lambda attempt: True  # type: ignore[method-assign]
        fooled = await control(definition(fields=MAIL_FIELDS, check=mail_check(smtp, None)), credential)
    assert (fooled.is_proven, fooled.sentence) == (False, FOOLED)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_a_made_up_secret_is_another_of_the_same_make(secret: str) -> None:
    made_up = scramble(secret)
    assert made_up != secret and len(made_up) == len(secret)
    if re.search("[0-9A-Za-z]", secret[min(len(secret) // 4, 8) :]):
        shape = [(c.isascii() and c.isdigit(), c.isascii() and c.isalpha()) for c in secret]
        if not re.fullmatch("[0-9a-f]+|[0-9A-F]+", re.sub("[^0-9A-Za-z]", "", secret[min(len(secret) // 4, 8) :])):
            assert shape == [(c.isascii() and c.isdigit(), c.isascii() and c.isalpha()) for c in made_up]


def test_ids_and_what_keys_begin_with_stay() -> None:
    made_up = scrambled(definition(), {**ACME, "other": 7})
    assert (made_up["account_id"], made_up["other"]) == ("AC1", 7)
    assert re.fullmatch("sk_liv[a-z]_[0-9a-z]{20}", made_up["token"])
    assert re.fullmatch("[0-9a-f]{32}", scramble(TWILIO["auth_token"]))
    assert made_up_user("desk").startswith("switchboard-control-") and "@" not in made_up_user("desk")
