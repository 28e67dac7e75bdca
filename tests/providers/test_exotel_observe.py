"""What the same keys tell beside yes and no is read within the provider's rate, and what is missing is said."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from tests.support.servers.exotel import FAULTS, ExotelServer, Scripted, account_body, error, exophone, exophones
from tui.providers import integration_type
from tui.providers.exotel_observe import observe_numbers, observe_whatsapp
from tui.providers.observations import KINDS, Observation, Reading
from tui.providers.request_budget import RequestBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERS = [
    exophone("+911141169368", sid="AB" * 16, voice_url="http://my.exotel.com/exampleco1/exoml/start_voice/41"),
    exophone("+918047180101", voice_url="", sid="../x"),
    exophone("+918047180155", voice_url="https://flows.example.com/ivr"),
]
OUTAGE = {
    "incoming_call": {
        "status": "major_outage",
        "last_check_time": "2026-11-29T20:49:23+05:30",
        "alternate_exophone": "08047180155",
    },
    "outgoing_call": {"status": "active"},
}


@pytest.fixture
def exotel() -> Iterator[ExotelServer]:
    with ExotelServer(numbers=list(NUMBERS)) as server:
        yield server


def budget(most: int = 10_000, seconds: float = 60.0) -> RequestBudget:
    return RequestBudget(most, seconds)


async def read_numbers(server: ExotelServer, **options: Any) -> tuple[Reading, list[Observation]]:
    taken: list[Observation] = []
    reading = await observe_numbers(server.credential(), taken.append, **{"budget": budget(), **options})
    return reading, taken


def values(reading: Reading, number: str | None = None) -> dict[str, str]:
    return {name: value for name, value, about in reading.observations if about == number}


async def test_what_an_account_tells_is_read_in_one_request_each(exotel: ExotelServer) -> None:
    exotel.answer("account", Scripted(200, account_body(BillingType="prepaid", KycStatus="Pending")))
    exotel.health = {"AB" * 16: OUTAGE}
    reading, taken = await read_numbers(exotel)
    assert tuple(taken) == reading.observations
    assert values(reading) == {
        **{"billing_type": "prepaid", "kyc_status": "pending", "balance": "1543.75", "currency": "INR"}
    }
    assert values(reading, "+911141169368") == {
        "number_call_flow": "41",
        "number_incoming": "major_outage",
        "number_incoming_checked_at": "2026-11-29T15:19:23+00:00",
        "number_incoming_alternate": "+918047180155",
        "number_outgoing": "active",
        "number_outgoing_alternate": "",
    }
    # An id that would climb the path is not sent; the number stands in its place, which this account does not know.
    assert values(reading, "+918047180101") == {"number_call_flow": "none"}
    assert [(unread.what, unread.numbers) for unread in reading.unread] == [("health", ("+918047180101",))]
    assert values(reading, "+918047180155")["number_call_flow"] == "other"
    assert reading.calls == len(exotel.requests) == 3 + 3
    assert {request.method for request in exotel.requests} == {"GET"}
    assert not [request for request in exotel.requests if ".." in request.path]
    kinds = {kind.name: kind.subject for kind in KINDS}
    assert {(observation.name, observation.number is not None) for observation in taken} <= {
        (name, subject == "number") for name, subject in kinds.items()
    }


async def test_what_was_read_is_not_asked_again_and_what_was_not_is_said(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(120)
    progress: list[tuple[int, int]] = []
    first, _ = await read_numbers(exotel)
    assert first.unread == ()
    assert first.calls == 2 + 3 + 120
    # A limit that is met ends the reading: the numbers behind it were not asked, and their reason is that of the limit.
    exotel.requests.clear()
    exotel.answer("health", FAULTS["429 for 30 s"])
    fresh = [number["phone_number"] for number in exotel.numbers[:20]]
    second, taken = await read_numbers(exotel, fresh=fresh, tell=lambda done, of: progress.append((done, of)))
    (unread,) = second.unread
    assert (unread.what, len(unread.numbers), unread.why.what_to_do) == ("health", 100, "Try again in 30 s.")
    assert not set(unread.numbers) & set(fresh)
    assert (second.calls, progress, values(second)["balance"]) == (2 + 3 + 1, [], "1543.75")
    exotel.answer_as_usual()
    rest = set(unread.numbers)
    done = [number["phone_number"] for number in exotel.numbers if number["phone_number"] not in rest]
    third, taken = await read_numbers(exotel, fresh=done, tell=lambda done, of: progress.append((done, of)))
    assert {number for name, _, number in taken if name == "number_incoming"} == rest
    assert progress == [(n + 1, 100) for n in range(100)]
    assert third.unread == ()


async def test_what_waits_longest_has_its_turn_whatever_else_is_never_told(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(20)
    listed = [number["phone_number"] for number in exotel.numbers]
    exotel.numbers[:5] = [{**number, "sid": "../x"} for number in exotel.numbers[:5]]
    given_back = "+911141169999"
    _, taken = await read_numbers(exotel, fresh=[listed[8]], stale=[listed[19], given_back, listed[7]])
    paths = [unquote(request.path) for request in exotel.requests]
    asked = [path.rpartition("/")[2] for path in paths if "incoming-phone-numbers/" in path]
    assert asked[:4] == [listed[0], listed[19], listed[1], listed[7]]
    assert len(asked) == 19
    # What is no longer listed is no more.
    gone = {name for name, value, number in taken if number == given_back and value is None}
    assert gone == {kind.name for kind in KINDS if kind.subject == "number"}


async def test_a_cancelled_reading_has_told_what_it_knew(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(30)
    taken: list[Observation] = []
    slow = budget(most=10, seconds=30)
    task = asyncio.create_task(observe_numbers(exotel.credential(), taken.append, budget=slow))
    await asyncio.to_thread(exotel.wait_for_requests, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len([name for name, _, _ in taken if name == "number_incoming"]) in {6, 7}
    assert len(exotel.requests) == 10


async def test_no_window_has_more_requests_than_the_budget(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(60)
    sent: list[float] = []
    taken = lambda observation: sent.append(time.monotonic()) if observation.name == "number_incoming" else None  # noqa: E731
    window = 0.3
    await observe_numbers(exotel.credential(), taken, budget=budget(most=20, seconds=window))
    assert len(sent) == 60
    # What is told comes after the request was sent, by the time that the answer took.
    assert all(late - early > window * 0.5 for early, late in zip(sent, sent[21:], strict=False))


async def test_two_integrations_of_one_account_share_its_budget(exotel: ExotelServer) -> None:
    from tui.providers.exotel_http import ExotelAccount

    first, second = (ExotelAccount(exotel.credential()) for _ in range(2))
    other = ExotelAccount(exotel.credential(account_sid="another"))
    assert first._budget is second._budget is not other._budget


@pytest.mark.parametrize(
    ("place", "fault", "unread", "calls"),
    [
        ("account", "401", ["account", "balance", "numbers"], 1),
        ("account", "hang up", ["account", "balance", "numbers"], 1),
        ("account", "not an account", ["account"], 6),
        ("balance", "403", ["balance"], 6),
        ("balance", "not JSON", ["balance"], 6),
        ("balance", "500", ["balance", "numbers"], 2),
        ("numbers", "403", ["numbers"], 3),
        ("health", "not an account", ["health"], 6),
        ("health", "403", ["health"], 6),
        ("health", "401", ["health"], 4),
    ],
)
async def test_what_fails_is_said_with_its_reason_and_the_rest_is_read(
    exotel: ExotelServer, place: Any, fault: str, unread: list[str], calls: int
) -> None:
    exotel.numbers = [exophone(f"+91114116936{n}") for n in range(3)]
    exotel.answer(place, FAULTS[fault])
    reading, _ = await read_numbers(exotel)
    assert [missing.what for missing in reading.unread] == unread
    assert all(missing.why.sentence and missing.why.what_to_do for missing in reading.unread)
    assert reading.calls == len(exotel.requests) == calls


async def test_an_account_without_health_is_not_asked_for_each_number(exotel: ExotelServer) -> None:
    exotel.numbers = exophones(50)
    exotel.answer("health", error(404))
    reading, _ = await read_numbers(exotel)
    assert [(unread.what, len(unread.numbers)) for unread in reading.unread] == [("health", 50)]
    assert reading.calls == 3 + 5


def template(status: Any, n: int = 0, reason: Any = None) -> dict[str, Any]:
    return {"code": 200, "data": {"name": f"hello_{n}", "status": status, "rejected_reason": reason, "id": "1"}}


async def test_templates_are_counted_by_their_state_with_the_reason_of_a_rejection(exotel: ExotelServer) -> None:
    exotel.templates = [template("APPROVED", n) for n in range(120)]
    exotel.templates += [template("REJECTED", 1, "INVALID_FORMAT"), template("Rejected", 2, "NONE"), template(None)]
    credential = exotel.credential(waba_id="104857")
    reading = await observe_whatsapp(credential, [].append, budget=budget())
    found = values(reading)
    assert (found["templates_approved"], found["templates_rejected"], found["templates_other"]) == ("120", "2", "1")
    assert found["templates_rejected_reasons"] == "hello_1: INVALID_FORMAT\nhello_2: no reason given"
    assert (reading.unread, reading.calls) == ((), 2 + 2)
    # Without a cursor a full page may not be all: no count is given rather than one that is too low.
    exotel.answer("templates", Scripted(200, _page_without_cursor(100)))
    reading = await observe_whatsapp(credential, [].append, budget=budget())
    assert "templates_approved" not in values(reading)
    assert "more than 100 templates" in reading.unread[0].why.sentence
    exotel.answer("templates", Scripted(200, _page_without_cursor(99)))
    assert values(await observe_whatsapp(credential, [].append, budget=budget()))["templates_approved"] == "99"
    reading = await observe_whatsapp(exotel.credential(), [].append, budget=budget())
    assert [(unread.what, "no WABA id" in unread.why.sentence) for unread in reading.unread] == [("templates", True)]


def _page_without_cursor(count: int) -> bytes:
    import json

    templates = [template("APPROVED", n) for n in range(count)]
    return json.dumps({"http_code": 200, "response": {"whatsapp": {"templates": templates}}}).encode()


def test_every_kind_has_a_name_of_its_own_and_each_type_says_what_it_observes() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(itertools.chain(*((kind.name, kind.unit) for kind in KINDS)))
    observes = {
        name: integration_type(name).observe is not None for name in ("exotel_phone", "exotel_sms", "zoho_mail")
    }
    assert observes == {"exotel_phone": True, "exotel_sms": True, "zoho_mail": False}
