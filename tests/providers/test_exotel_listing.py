"""The list of an account's ExoPhones is whole or it fails: what is missing from it would be taken for gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.servers.exotel import FAULTS, ExotelServer, Scripted, error, exophone, exophones
from tui.errors import ProviderFailed
from tui.models.numbers import ListedNumber
from tui.providers import exotel_check, integration_type
from tui.providers.exotel_check import list_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    with ExotelServer(numbers=exophones(500)) as server:
        yield server


async def list_all(server: ExotelServer) -> list[ListedNumber]:
    return await list_numbers(server.credential(), lambda count: None)


async def listing_failure(server: ExotelServer, **options: Any) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as caught:
        await list_numbers(server.credential(), lambda count: None, **options)
    return caught.value


def pages_asked(server: ExotelServer) -> list[int]:
    return [int(request.query["Page"]) for request in server.requests]


def one_page(*entries: Any, **more: Any) -> Scripted:
    return Scripted(200, json.dumps({"incoming_phone_numbers": list(entries), **more}).encode())


async def test_phone_and_sms_list_numbers_and_whatsapp_has_no_exophones(exotel: ExotelServer) -> None:
    for name in ("phone", "sms"):
        list_them = integration_type(f"exotel_{name}").list_numbers
        assert list_them is not None
        assert await list_them(exotel.credential(), [].append) == await list_numbers(exotel.credential(), [].append)
    assert integration_type("exotel_whatsapp").list_numbers is None


async def test_500_numbers_come_in_10_pages_in_their_order_and_the_count_is_told(exotel: ExotelServer) -> None:
    counts: list[int] = []
    numbers = await list_numbers(exotel.credential(), counts.append)
    assert [number.number for number in numbers] == [number["phone_number"] for number in exotel.numbers]
    assert counts == list(range(50, 501, 50))
    assert pages_asked(exotel) == list(range(10))
    assert {request.method for request in exotel.requests} == {"GET"}


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (49, 1), (50, 1), (51, 2), (100, 2)])
async def test_the_list_ends_where_the_next_link_is_null(exotel: ExotelServer, count: int, pages: int) -> None:
    exotel.numbers = exophones(count)
    assert len(await list_all(exotel)) == count
    assert pages_asked(exotel) == list(range(pages))


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (49, 1), (50, 2), (120, 3)])
async def test_without_links_it_ends_at_a_page_that_is_not_full(exotel: ExotelServer, count: int, pages: int) -> None:
    exotel.numbers, exotel.tells_next = exophones(count), False
    assert len(await list_all(exotel)) == count
    assert pages_asked(exotel) == list(range(pages))


@pytest.mark.parametrize("tells_next", [True, False])
async def test_a_host_with_smaller_pages_is_asked_for_more_of_them(exotel: ExotelServer, tells_next: bool) -> None:
    exotel.numbers, exotel.most_per_page, exotel.tells_next = exophones(45), 20, tells_next
    assert len(await list_all(exotel)) == 45
    assert pages_asked(exotel) == [0, 1, 2]


@pytest.mark.parametrize("count", [49, 99, 100, 101])
async def test_a_last_page_that_is_repeated_for_ever_ends_the_list(exotel: ExotelServer, count: int) -> None:
    exotel.numbers, exotel.repeats_last = exophones(count), True
    assert len(await list_all(exotel)) == count


async def test_pages_that_do_not_turn_are_no_list(exotel: ExotelServer) -> None:
    exotel.turns_pages = False
    assert "the same 50 ExoPhones for every page" in (await listing_failure(exotel)).sentence
    assert pages_asked(exotel) == [0, 1]


async def test_a_page_size_that_cannot_be_does_not_end_the_list_early(exotel: ExotelServer) -> None:
    exotel.answer("numbers", one_page(), page=2)
    for size in (0, -1, 1000, "50", None, True):
        for page in (0, 1):
            exotel.answer("numbers", one_page(*exotel.numbers[50 * page : 50 * page + 50], page_size=size), page=page)
        assert len(await list_all(exotel)) == 100
        assert pages_asked(exotel)[-3:] == [0, 1, 2], size


async def test_a_host_that_ignores_paging_altogether_is_taken_at_its_word(exotel: ExotelServer) -> None:
    exotel.answer("numbers", one_page(*exophones(120)))
    assert len(await list_all(exotel)) == 120


async def test_a_list_without_an_end_is_given_up(exotel: ExotelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a hundred pages, which test_exotel_responses waits for."""
    monkeypatch.setattr(exotel_check, "MOST_PAGES", 12)
    exotel.numbers, exotel.most_per_page = exophones(13), 1
    assert "not ended after 12 pages" in (await listing_failure(exotel)).sentence
    assert len(exotel.requests) == 12


@pytest.mark.parametrize(
    ("page", "name"),
    [
        *((0, "401"), (1, "429 for 30 s"), (9, "500"), (1, "a web page"), (9, "cut"), (1, "hang up"), (9, "redirect")),
        (0, "XML"),
    ],
)
async def test_a_page_that_fails_fails_the_whole_list(exotel: ExotelServer, name: str, page: int) -> None:
    exotel.answer("numbers", FAULTS[name], page=page)
    problem = await listing_failure(exotel)
    assert len(exotel.requests) == page + 1
    assert problem.sentence.endswith(".")
    assert problem.what_to_do
    if name.startswith("429"):
        assert (problem.code, problem.what_to_do) == ("429", "Try again in 30 s.")


async def test_a_page_that_never_ends_fails_the_whole_list(exotel: ExotelServer) -> None:
    exotel.answer("numbers", FAULTS["dripping"], page=1)
    assert "not finish within 1 s" in (await listing_failure(exotel, seconds=1)).sentence


async def test_a_host_that_is_not_reached_fails_it_too() -> None:
    with ExotelServer(certificate="expired") as server:
        assert "has expired" in (await listing_failure(server)).sentence


async def test_a_wrong_key_and_a_wrong_sid_are_told(exotel: ExotelServer) -> None:
    exotel.api_token = "another"
    with pytest.raises(ProviderFailed, match="does not accept the API key"):
        await list_numbers(exotel.credential(api_token="wrong"), lambda count: None)
    exotel.answer("numbers", error(404))
    assert (await listing_failure(exotel)).code == "404"


async def test_the_same_number_twice_is_one_with_what_either_can_do(exotel: ExotelServer) -> None:
    exotel.numbers = [
        exophone("+911141169368", sms=False, name=""),
        exophone("01141169368", voice=False, name="Reception"),
        exophone("+918033755555"),
    ]
    assert await list_all(exotel) == [
        ListedNumber("+911141169368", "Reception", can_call=True, can_sms=True),
        ListedNumber("+918033755555", None, can_call=True, can_sms=True),
    ]


async def test_entries_are_read_leniently(exotel: ExotelServer) -> None:
    entries: list[tuple[dict[str, Any], ListedNumber]] = [
        ({"phone_number": "+911141169368"}, ListedNumber("+911141169368", None, True, True)),
        (
            {"phone_number": "+911141169368", "capabilities": {"voice": False}},
            ListedNumber("+911141169368", None, False, True),
        ),
        (
            {"phone_number": "+911141169368", "capabilities": {"voice": "false", "sms": "true"}},
            ListedNumber("+911141169368", None, False, True),
        ),
        (
            {"phone_number": "+911141169368", "capabilities": ["voice"], "friendly_name": 5, "country": "ZZZ"},
            ListedNumber("+911141169368", None, True, True),
        ),
        (
            {"phone_number": "01141169368", "friendly_name": "0114116 9368"},
            ListedNumber("+911141169368", None, True, True),
        ),
        ({"phone_number": "6561234567", "country": "SG"}, ListedNumber("+6561234567", None, True, True)),
        ({"phone_number": "61234567", "country": "SG"}, ListedNumber("+6561234567", None, True, True)),
        ({"phone_number": "56161"}, ListedNumber("56161", None, True, True)),
        (
            {"phone_number": "+911141169368", "friendly_name": "Front\x00 desk\n\ud800" + "x" * 200},
            ListedNumber("+911141169368", "Front  desk " + "x" * 88, True, True),
        ),
    ]
    for entry, expected in entries:
        exotel.answer("numbers", one_page(entry))
        assert await list_all(exotel) == [expected]


async def test_an_entry_that_is_no_number_fails_the_list_rather_than_being_left_out(exotel: ExotelServer) -> None:
    entries: tuple[Any, ...] = ({"phone_number": "+91XXXXXXXXXX"}, {"phone_number": None}, {"phone_number": ""}, {})
    for entry in (*entries, "01141169368", None, 5):
        exotel.answer("numbers", one_page(exophone("+911141169368"), entry))
        problem = await listing_failure(exotel)
        assert problem.sentence.endswith("lists an ExoPhone that cannot be read as a number."), entry
        assert "would look deleted" in problem.what_to_do


async def test_what_is_no_list_is_not_taken_for_an_empty_one(exotel: ExotelServer) -> None:
    for body in (b"", b"null", b"[]", b"{}", b'{"incoming_phone_numbers": {}}', b"\xff\xfe", b"[" * 99_999):
        exotel.answer("numbers", Scripted(200, body))
        assert "not with a list of ExoPhones" in (await listing_failure(exotel)).sentence, body[:40]
