"""The connection test of a declared type against real servers: what is sent, what is told, and what is never asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.definitions import GET, MAIL_FIELDS, check, definition, mail_check, twilio
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.servers.mail import PASSWORD, USER, ImapServer, SmtpServer
from tests.support.servers.providers import TWILIO, ProviderServer, Reply
from tui.errors import ProviderFailed
from tui.providers.declared.check import read_shown, run_check
from tui.providers.declared.definition import Authorization, Condition, Get
from tui.providers.fields import Field
from tui.providers.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.providers.declared.definition import Definition
    from tui.providers.observations import Observation
    from tui.providers.verdicts import Verdict

SECRET = "canary-token-77aa10"
BASIC = Authorization("basic", "{auth_token}", "{account_sid}")
MAILBOX = {"user": USER, "mail_secret": PASSWORD}


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


async def report(of: Definition, credential: Mapping[str, Any], **options: Any) -> Report:
    verdicts: list[Verdict] = []
    await run_check(of, credential, verdicts.append, **options)
    assert SECRET not in repr(verdicts) and PASSWORD not in repr(verdicts)
    return Report(tuple(verdicts), 0)


async def test_a_yes_takes_the_key_in_its_header_alone_and_a_wrong_one_is_a_no(server: ProviderServer) -> None:
    passed = await report(twilio(server.host), TWILIO)
    assert passed.passed
    assert [(verdict.level, verdict.subject, verdict.code) for verdict in passed.verdicts] == [
        ("reach", "host", ""),
        ("answer", "account", "200"),
    ]
    (asked,) = server.asked
    assert asked.path == f"/2010-04-01/Accounts/{TWILIO['account_sid']}.json"
    assert {asked.headers[name] for name in ("host", "accept", "accept-encoding")} == {
        server.host,
        "application/json",
        "identity",
    }
    refused = await report(twilio(server.host), {**TWILIO, "auth_token": SECRET})
    assert refused.says_no
    assert refused.code == "401"


async def test_bearer_and_header_send_the_secret_where_they_say(server: ProviderServer) -> None:
    server.always = Reply(200, {"sid": "AC1", "status": "active"})
    for authorization, name, value in (
        (Authorization("bearer", "{token}"), "authorization", f"Bearer {SECRET}"),
        (Authorization("header", "key {token}", header="X-Api-Key"), "x-api-key", f"key {SECRET}"),
    ):
        acme = definition(check=check(server.host, authorization=authorization))
        assert (await report(acme, {"account_id": "AC1", "token": SECRET})).passed
        assert server.asked[-1].headers[name] == value


async def test_what_an_address_or_a_header_cannot_carry_is_told_and_nothing_is_asked(server: ProviderServer) -> None:
    bearer = check(server.host, authorization=Authorization("bearer", "{token}"))
    host = Field("api_host", "API host", "host", "")
    by_field = definition(fields=(*definition().fields, host), check=bearer._replace(host="", host_field="api_host"))
    basic = definition(check=check(server.host))
    acme = definition(check=bearer)
    table: list[tuple[Definition, dict[str, Any], str]] = [
        (acme, {"account_id": ""}, "The Account id is empty"),
        (definition(check=check(server.host, Get("/{account_id}", GET.yes))), {"account_id": ".."}, "another address"),
        (acme, {"account_id": "a/../../x"}, "would lead to another address"),
        (acme, {"account_id": "..\\x"}, "would lead to another address"),
        (acme, {"account_id": "a/..;/x"}, "would lead to another address"),
        (acme, {"account_id": "a/%2e%2E/x"}, "would lead to another address"),
        (acme, {"token": ""}, "The Token is empty"),
        (acme, {"token": f"{SECRET}\r\nX-Other: 1"}, "The Token has characters that no header can carry"),
        (acme, {"token": f"{SECRET}\u20ac"}, "characters that no header can carry"),
        (acme, {"token": f"{SECRET} "}, "characters that no header can carry"),
        (basic, {"account_id": "AC1:x"}, "The Account id has a colon in it"),
        (by_field, {"api_host": "https://x/"}, "The API host is not a host name"),
        (by_field, {"api_host": ""}, "The API host is not a host name"),
        (by_field, {"api_host": "127.0.0.1@x"}, "The API host is not a host name"),
    ]
    for of, changed, words in table:
        asked = await report(of, {"account_id": "AC1", "token": SECRET, **changed})
        assert words in asked.verdicts[-1].sentence
        assert asked.verdicts[-1].outcome == "failed"
        assert not asked.says_no
    assert server.asked == []
    await report(acme, {"account_id": "a b/%2e?x#\u20ac", "token": SECRET})
    assert server.asked[-1].path == "/v1/accounts/a%20b%2F%252e%3Fx%23%E2%82%AC.json"


async def test_a_host_of_this_machine_or_network_is_refused_unless_the_definition_may(server: ProviderServer) -> None:
    for host in (server.host, f"127.0.0.1:{server.port}", "0x7f.1", "169.254.169.254"):
        asked = await report(definition(check=check(host, private_network=False)), {"account_id": "1", "token": SECRET})
        (verdict,) = asked.verdicts
        assert verdict.sentence.endswith("nothing was sent.")
        assert "private_network" in verdict.what_to_do
    assert server.asked == []


async def test_whatever_is_no_answer_leaves_the_credential_unknown() -> None:
    with ExotelServer() as server:
        get = Get("/v1/Accounts/{account_id}", Condition((200,), {}))
        acme = definition(check=check(server.host, get))
        credential = {"account_id": server.sid, "token": SECRET}
        answers = {}
        for fault in ("redirect", "429", "503", "compressed", "endless", "cut", "garbage", "hang up", "dripping"):
            server.answer("account", FAULTS[fault])
            asked = await report(acme, credential, seconds=1.0)
            assert not asked.passed and not asked.says_no, fault
            answers[fault] = asked.verdicts[-1].sentence.removeprefix(f"{server.host} ")
            assert "elsewhere" not in str(asked.verdicts)
        assert {request.path for request in server.requests} == {f"/v1/Accounts/{server.sid}"}
    assert answers == {
        "redirect": "answered with a redirect (302); redirects are not followed.",
        "429": "is asked too often (429).",
        "503": "could not answer just now (503).",
        "compressed": "compressed its answer, although it was asked not to.",
        "endless": "answered with more than 256 kB, so its answer was cut off.",
        "cut": "broke off in the middle of its answer.",
        "garbage": "speaks TLS, but what it answers is not HTTP.",
        "hang up": "closed the connection without an answer.",
        "dripping": "began to answer, but did not finish within 1 s.",
    }


async def test_the_second_question_is_asked_after_a_yes_alone(server: ProviderServer) -> None:
    first = twilio(server.host).check.gets[0]  # type: ignore[union-attr]
    second = Get("/2010-04-01/Accounts/{account_sid}/Other.json", Condition((200,), {}))
    both = twilio(server.host, check=check(server.host, first, second, authorization=BASIC))
    asked = await report(both, TWILIO)
    assert [(verdict.subject, verdict.outcome) for verdict in asked.verdicts[1:]] == [
        ("question 1", "passed"),
        ("question 2", "failed"),
    ]
    assert not asked.passed and not asked.says_no
    await report(both, {**TWILIO, "auth_token": SECRET})
    assert len(server.asked) == 3


async def test_shown_values_are_read_bounded_and_safe(server: ProviderServer) -> None:
    taken: list[Observation] = []
    observe = partial(read_shown, twilio(server.host))
    reading = await observe(TWILIO, taken.append)
    assert [(one.name, one.value) for one in taken] == [
        ("shown:Account type", "Full"),
        ("shown:Name", "Example & Co."),
        ("shown:Nothing", None),
    ]
    assert reading.observations == tuple(taken) and reading.calls == 1 and not reading.unread
    server.always = Reply(200, {"sid": TWILIO["account_sid"], "status": "active", "friendly_name": "\x1b[31m" * 500})
    hostile = await observe(TWILIO, taken.append)
    name = hostile.observations[1].value
    assert name is not None and len(name) <= 200 and name.isprintable()
    # Twilio's own answer has the token in it.
    for told in (f"Your token: {TWILIO['auth_token']}", server.asked[0].headers["authorization"]):
        server.always = Reply(200, {"sid": TWILIO["account_sid"], "status": "active", "friendly_name": told, "type": 1})
        telling = await observe(TWILIO, taken.append)
        assert [unread.what for unread in telling.unread] == ["Name"]
        assert told not in f"{telling}{taken}"
    server.always = Reply(401, {})
    refused = await observe(TWILIO, taken.append)
    assert [unread.what for unread in refused.unread] == ["Account type", "Name", "Nothing"]
    with pytest.raises(ProviderFailed, match="is empty"):
        await observe({}, taken.append)


async def test_a_mailbox_is_logged_in_to_by_what_the_definition_has() -> None:
    with SmtpServer() as smtp, ImapServer() as imap:
        for mail in (mail_check(smtp, imap), mail_check(smtp, None), mail_check(None, imap)):
            mailbox = definition(title="Any mailbox", fields=MAIL_FIELDS, check=mail)
            passed = await report(mailbox, MAILBOX)
            assert passed.passed
            assert all("app password" not in verdict.sentence for verdict in passed.verdicts)
        assert len(smtp.attempts) == len(imap.attempts) == 2


async def test_a_refused_login_names_no_other_provider_and_unwatched_no_second_follows() -> None:
    with SmtpServer() as smtp, ImapServer() as imap:
        mailbox = definition(title="Any mailbox", fields=MAIL_FIELDS, check=mail_check(smtp, imap))
        refused = await report(mailbox, {**MAILBOX, "mail_secret": SECRET}, is_watched=False)
        assert refused.says_no
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 0)
        told = str(refused.verdicts)
        assert "The server refused the address or the password." in told
        assert "Zoho" not in told and "data centre" not in told
        strict = mailbox.check._replace(private_network=False)  # type: ignore[union-attr]
        held = await report(definition(fields=MAIL_FIELDS, check=strict), {**MAILBOX, "user": "another"})
        assert {verdict.sentence for verdict in held.verdicts} == {
            "localhost is a loopback address (127.0.0.1); nothing was sent."
        }
        assert (len(smtp.attempts), len(imap.attempts)) == (1, 0)
