"""The numbers of an account by a definition: whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.definitions import TWILIO_NUMBERS, definition, twilio
from tests.support.servers.providers import TWILIO, ProviderServer, Reply, twilio_number
from tui.errors import ProviderFailed
from tui.models.numbers import ListedNumber
from tui.providers.declared import numbers as numbers_module
from tui.providers.declared.definition import Numbers
from tui.providers.declared.numbers import list_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.providers.declared.definition import Definition

PLAIN = Numbers("/list", "", "n")


@pytest.fixture
def server() -> Iterator[ProviderServer]:
    with ProviderServer() as running:
        yield running


async def listed(of: Definition) -> list[ListedNumber]:
    return await list_numbers(of, TWILIO, lambda count: None)


async def test_all_pages_are_read_and_what_each_number_can_do(server: ProviderServer) -> None:
    counts: list[int] = []
    assert await list_numbers(twilio(server.host), TWILIO, counts.append) == [
        ListedNumber("+14155550100", "Line +14155550100", can_call=True, can_sms=False),
        ListedNumber("+14155550101", "Line +14155550101", can_call=True, can_sms=False),
    ]
    assert counts == [1, 2]
    # Whoever sees numbers need not see secrets.
    server.pages = [[twilio_number("+14155550100") | {"friendly_name": f"x{TWILIO['auth_token']}"}]]
    assert [one.name for one in await listed(twilio(server.host))] == [None]
    with pytest.raises(ProviderFailed, match="lists no numbers"):
        await listed(definition())


async def test_numbers_are_read_as_providers_write_them(server: ProviderServer) -> None:
    server.always = Reply(
        200, [{"n": text} for text in ("14153336666", 919876543210, "+1 631-555-5555", "01141169368")]
    )
    numbers = [one.number for one in await listed(twilio(server.host, numbers=PLAIN))]
    assert numbers == ["+14153336666", "+919876543210", "+16315555555", "+911141169368"]
    for hostile in (None, True, {}, "a number", "1" * 300, 12.5):
        server.always = Reply(200, [{"n": "+14155550100"}, {"n": hostile}])
        with pytest.raises(ProviderFailed, match="lists a number that cannot be read"):
            await listed(twilio(server.host, numbers=PLAIN))


async def test_a_next_page_is_of_the_same_host_or_nothing_is_synced(server: ProviderServer) -> None:
    paged = Numbers("/list", "data", "n", next_path="next")
    for following in (
        "https://elsewhere.example/list?page=2",
        f"http://{server.host}/list?page=2",
        f"https://user@{server.host}/list",
        "https://localhost/list",
        "//elsewhere.example/list",
        "https://[/",
        "/list?x=\x07",
        "/list?" + "x" * 5000,
        7,
        {"href": "/list"},
    ):
        server.always = Reply(200, {"data": [{"n": "+14155550100"}], "next": following})
        with pytest.raises(ProviderFailed, match="names a next page of its list of numbers that is not asked"):
            await listed(twilio(server.host, numbers=paged))
    assert {asked.path for asked in server.asked} == {"/list"}


async def test_a_key_in_the_address_of_the_next_page_is_left_out(server: ProviderServer) -> None:
    token = TWILIO["auth_token"]
    paged = Numbers("/list", "data", "n", next_path="next")
    server.always = Reply(200, {"data": [], "next": f"https://{server.host}/list?access_token={token}&after=QVFI#top"})
    with pytest.raises(ProviderFailed, match="answers a page of its list of numbers again"):
        await listed(twilio(server.host, numbers=paged))
    assert [asked.path for asked in server.asked] == ["/list", "/list?after=QVFI"]
    server.always = Reply(200, {"data": [], "next": f"/{token}/list"})
    with pytest.raises(ProviderFailed, match="is not asked"):
        await listed(twilio(server.host, numbers=paged))


async def test_a_list_without_an_end_ends_with_a_sentence(
    server: ProviderServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.pages = [[twilio_number("+14155550100")]] * 3
    with pytest.raises(ProviderFailed, match="again, so its end cannot be seen"):
        await listed(twilio(server.host))
    server.asked.clear()
    monkeypatch.setattr(numbers_module, "MOST_PAGES", 20)
    server.pages = [[]] * 29
    with pytest.raises(ProviderFailed, match="after 20 pages"):
        await listed(twilio(server.host))
    assert len(server.asked) == 20


async def test_what_is_no_list_is_told_and_quotes_nothing(server: ProviderServer) -> None:
    table: dict[str, Any] = {
        "`incoming_phone_numbers` is no list": Reply(200, {"incoming_phone_numbers": {"x": 1}}),
        "it is not JSON": Reply(200, b"<html>canary"),
        "does not let this credential list": Reply(403, b"canary"),
        "could not answer just now": Reply(500, b"canary"),
        "with a redirect": Reply(301, b"", {"Location": "https://canary.example/"}),
    }
    for words, reply in table.items():
        server.always = reply
        with pytest.raises(ProviderFailed, match=words) as refused:
            await listed(twilio(server.host, numbers=TWILIO_NUMBERS))
        assert "canary" not in str(refused.value)
