"""How the Exotel tests ask: what is sent, what is never sent, and how they end when nobody waits for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.servers.exotel import FAULTS, ExotelServer, error, exophone, exophones
from tui.providers import integration_type
from tui.providers.exotel_check import list_numbers, prove_phone, prove_sms, prove_whatsapp
from tui.providers.exotel_http import ExotelAccount
from tui.providers.verdicts import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.exotel import Scripted
    from tui.providers.verdicts import Verdict

NUMBER = {"virtual_number": "011-4116 9368"}
ENDLESS = [FAULTS[name] for name in ("silent", "dripping")]


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    with ExotelServer() as server:
        yield server


def ignore(verdict: Verdict) -> None:
    """Told, and not interested."""


async def verdicts_for(server: ExotelServer, **fields: Any) -> list[Verdict]:
    verdicts: list[Verdict] = []
    await prove_phone(server.credential(**(fields or NUMBER)), verdicts.append)
    return verdicts


def summary(verdicts: list[Verdict]) -> list[tuple[str, str, str]]:
    return [(verdict.level, verdict.subject, verdict.outcome) for verdict in verdicts]


@pytest.mark.parametrize(
    ("name", "last"),
    [("phone", ("number", "passed")), ("sms", ("number", "doubtful")), ("whatsapp", ("templates", "passed"))],
)
async def test_each_exotel_type_brings_its_test(exotel: ExotelServer, name: str, last: tuple[str, str]) -> None:
    verdicts: list[Verdict] = []
    test = integration_type(f"exotel_{name}").test
    assert test is not None
    fields = {"virtual_number": "01141169368", "sms_number": "EXMPLE", "waba_id": "1"}
    await test(exotel.credential(**fields), verdicts.append)
    assert (verdicts[-1].subject, verdicts[-1].outcome) == last


async def test_a_good_connection_passes_on_both_levels_with_the_time_each_took(exotel: ExotelServer) -> None:
    verdicts = await verdicts_for(exotel)
    assert summary(verdicts) == [
        ("reach", "host", "passed"),
        ("answer", "account", "passed"),
        ("answer", "number", "passed"),
    ]
    assert all(verdict.milliseconds is not None for verdict in verdicts)
    report = Report(tuple(verdicts), 0)
    assert (report.passed, report.level, report.code) == (True, "answer", "200")


async def test_the_account_and_the_list_are_asked_once_each_at_the_documented_addresses(exotel: ExotelServer) -> None:
    await verdicts_for(exotel)
    account, numbers = exotel.requests
    assert (account.path, account.query) == ("/v1/Accounts/exampleco1", {})
    assert numbers.path == "/v2_beta/Accounts/exampleco1/IncomingPhoneNumbers"
    assert numbers.query == {"Page": "0", "PageSize": "50"}


async def test_the_templates_are_asked_for_by_their_waba_id(exotel: ExotelServer) -> None:
    credential = exotel.credential(whatsapp_number="+919876543210", waba_id="10/48&x=y")
    await prove_whatsapp(credential, ignore)
    assert exotel.requests[-1].path == "/v2/accounts/exampleco1/templates"
    assert exotel.requests[-1].query == {"waba_id": "10/48&x=y", "limit": "1"}


async def test_a_sender_name_is_not_looked_for_in_the_list(exotel: ExotelServer) -> None:
    await prove_sms(exotel.credential(sms_number="EXMPLE"), ignore)
    assert [request.path for request in exotel.requests] == ["/v1/Accounts/exampleco1"]


@pytest.mark.parametrize("sid", ["a/b", "../../v2/x", "a?b=c", "a#b", "ü%2F", "a b", "a\\b"])
async def test_whatever_the_sid_is_it_stays_one_segment_of_the_path(exotel: ExotelServer, sid: str) -> None:
    exotel.sid = sid
    assert summary(await verdicts_for(exotel))[1:] == [("answer", "account", "passed"), ("answer", "number", "passed")]
    assert [request.path.count("/") for request in exotel.requests] == [3, 4]
    assert exotel.requests[0].query == {}


@pytest.mark.parametrize("sid", ["..", ".", ""])
async def test_a_sid_that_would_climb_the_path_is_never_sent(exotel: ExotelServer, sid: str) -> None:
    exotel.sid = sid
    (verdict,) = await verdicts_for(exotel)
    assert (verdict.outcome, verdict.sentence) == ("failed", "The account SID is not the name of an account.")
    assert exotel.requests == []


@pytest.mark.parametrize("host", ["http://api.exotel.com", "k:t@localhost", "localhost:0", "localhost/x", "a b"])
async def test_what_is_no_host_is_never_asked(exotel: ExotelServer, host: str) -> None:
    (verdict,) = await verdicts_for(exotel, **NUMBER, api_host=host)
    assert (verdict.level, verdict.outcome, verdict.sentence) == ("reach", "failed", "The API host is not a host name.")


async def test_letters_of_any_script_are_sent_as_the_key(exotel: ExotelServer) -> None:
    exotel.api_key, exotel.api_token = "schlüssel", "令牌:x"
    assert summary(await verdicts_for(exotel))[1] == ("answer", "account", "passed")


def test_the_client_has_no_verb_but_get() -> None:
    verbs = {"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream"}
    assert verbs & set(dir(ExotelAccount)) == {"get"}


async def test_the_libraries_log_nothing_of_what_is_asked(
    exotel: ExotelServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    await verdicts_for(exotel)
    assert exotel.sid not in caplog.text
    assert str(exotel.port) not in caplog.text


async def test_a_proxy_of_the_environment_is_not_used_and_pointed_out_where_nothing_is_reached(
    exotel: ExotelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://localhost:1")
    assert Report(tuple(await verdicts_for(exotel)), 0).passed
    (verdict,) = await verdicts_for(exotel, **NUMBER, api_host="localhost:1")
    assert verdict.what_to_do.endswith("A proxy is named in the environment; Switchboard does not use it.")


async def test_redirects_and_links_to_other_hosts_are_never_followed(exotel: ExotelServer) -> None:
    with ExotelServer() as elsewhere:
        target = f"https://{elsewhere.host}/v1/Accounts/{exotel.sid}"
        for status in (301, 302, 303, 307, 308):
            exotel.answer("account", error(status, Location=target))
            verdicts = await verdicts_for(exotel)
            assert summary(verdicts)[1:] == [("answer", "account", "doubtful")]
        assert elsewhere.requests == []


@pytest.mark.parametrize("name", ["429 for 30 s", "500", "cut", "403"])
async def test_without_the_list_the_number_is_unproven_and_the_key_not_refused(exotel: ExotelServer, name: str) -> None:
    exotel.answer("numbers", FAULTS[name])
    verdicts: list[Verdict] = []
    await prove_phone(exotel.credential(virtual_number="01141169368"), verdicts.append)
    report = Report(tuple(verdicts), 1)
    assert (report.passed, report.says_no) == (False, False)


async def test_an_account_that_cannot_be_read_is_proven_by_its_list(exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["not an account"])
    verdicts = await verdicts_for(exotel)
    assert summary(verdicts)[1:] == [("answer", "account", "doubtful"), ("answer", "number", "passed")]
    assert Report(tuple(verdicts), 0).passed


@pytest.mark.parametrize(
    "name", ["401", "403", "suspended", "a web page", "redirect", "500", "silent", "error inside", "another account"]
)
async def test_after_a_no_nothing_more_is_asked(exotel: ExotelServer, name: str) -> None:
    exotel.answer("account", FAULTS[name])
    verdicts: list[Verdict] = []
    await prove_phone(exotel.credential(**NUMBER), verdicts.append, seconds=1)
    assert len(exotel.requests) == 1
    assert not Report(tuple(verdicts), 0).passed


async def test_the_caller_id_is_told_apart_from_the_number(exotel: ExotelServer) -> None:
    exotel.numbers.append(exophone("+918033755555", voice=False))
    verdicts = await verdicts_for(exotel, **NUMBER, caller_id="080-33755555")
    assert summary(verdicts)[2:] == [("answer", "number", "passed"), ("answer", "caller ID", "failed")]
    assert "+918033755555 is an ExoPhone of this account, but it has no voice." in verdicts[-1].sentence


async def test_a_caller_id_that_is_the_number_itself_is_told_once(exotel: ExotelServer) -> None:
    assert len(await verdicts_for(exotel, **NUMBER, caller_id="+911141169368")) == 3


async def test_the_list_is_read_no_further_than_to_the_number(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(120)
    await verdicts_for(exotel, virtual_number="01141160055")
    assert [request.query["Page"] for request in exotel.requests[1:]] == ["0", "1"]


async def test_reaching_a_host_leaves_no_connection_behind(exotel: ExotelServer) -> None:
    async with ExotelAccount(exotel.credential()) as account:
        await account.reach()
        await asyncio.to_thread(exotel.wait_until_alone)
    assert exotel.requests == []


async def test_a_handshake_that_took_too_long_is_hung_up(exotel: ExotelServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        credential = exotel.credential(**NUMBER, api_host=f"localhost:{silent.getsockname()[1]}")
        await prove_phone(credential, ignore, seconds=1)
        assert await asyncio.to_thread(hangs_up, silent)


def hangs_up(listener: socket.socket) -> bool:
    """Whether the client that waits at a listener goes away within 5 s."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(TimeoutError):
        connection.settimeout(5)
        while connection.recv(4096):
            """What it said before does not count."""
        return True
    return False


@pytest.mark.parametrize("endless", ENDLESS, ids=lambda scripted: scripted.manner)
@pytest.mark.parametrize("place", ["account", "numbers"])
async def test_cancelling_ends_at_once_and_hangs_up(exotel: ExotelServer, endless: Scripted, place: Any) -> None:
    exotel.answer(place, endless)
    task = asyncio.create_task(verdicts_for(exotel))
    requests = 1 if place == "account" else 2
    await asyncio.to_thread(exotel.wait_for_requests, requests)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < 1
    assert await asyncio.to_thread(exotel.client_left.wait, 5)


async def test_the_listing_can_be_cancelled_too(exotel: ExotelServer) -> None:
    exotel.answer("numbers", FAULTS["dripping"])
    task = asyncio.create_task(list_numbers(exotel.credential(), lambda count: None))
    await asyncio.to_thread(exotel.wait_for_requests, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(exotel.client_left.wait, 5)
