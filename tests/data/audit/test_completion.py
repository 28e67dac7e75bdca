"""Completing a filter: what fits the word before the cursor, and what of it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.database.log_rows import log_row
from tests.support.database.number_rows import add_integration, create_people
from tui.data.audit.completion import Completer
from tui.data.audit.filter import parse_filter
from tui.data.audit.qualifiers import QUALIFIERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Database


@pytest.fixture(scope="module")
def log(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="values")
    conninfo = postgres.conninfo(name)
    create_people(conninfo)
    add_integration(conninfo, "exotel_sms")
    with psycopg.connect(conninfo) as connection:
        for action in ("call_made", "call_received", "number_call", 'odd "one", here', "zoho"):
            for _ in range(3):
                log_row(connection, action=action, details={"error_code": 429, "after": {"x": 1}})
        log_row(connection, details={"session_user": "sb_asha"})
        log_row(connection, status="queued", integration_type="own_type", details=["no keys"], organization_id=GLOBEX)
    yield conninfo
    postgres.drop_database(name)


async def completed_lines(database: Database, typed: str) -> list[str]:
    """The whole lines that the text before the | may become."""
    before, _, after = typed.partition("|")
    completion = await Completer(database, ACME).complete(before + after, len(before))
    text = before + after
    return [text[: completion.start] + candidate.text + text[completion.end :] for candidate in completion.candidates]


OFFERED = {
    "act|": ["action:"],
    "x -sta|": ["x -status:"],
    "de|": ["details."],
    "action:call|": ["action:call_made", "action:call_received", "action:number_call"],
    "-action:zoho,call_m|": ["-action:zoho,call_made"],
    "action:od|": ['action:"odd \\"one\\", here"'],
    "status:|": ["status:success", "status:failed", "status:pending", "status:queued"],
    "status:fa| type:x": ["status:failed type:x"],
    "type:o|": ["type:own_type", "type:zoho_mail", "type:exotel_sms"],
    "details.err|": ["details.error_code:"],
    "hour:20|": ["hour:20-08"],
    "-day:we|": ["-day:weekend", "-day:wednesday"],
    "by:sb|": ["by:sb_asha"],
    "has:be|": ["has:before"],
    "since:yes|": ["since:yesterday"],
    'until:"last w|': ['until:"last week"'],
    "org:glo|": ["org:Globex"],
    'org:"acme|': ['org:"Acme Foods"'],
    "user:ravi|": ["user:ravi@acme.example"],
    "user:ravi@acme.example,mee|": ["user:ravi@acme.example,meena@acme.example"],
    "qqq:x|": [],
    "ip:10|": [],
    '"some text|': [],
}


async def test_what_fits_is_offered_and_is_a_filter_then(log: str) -> None:
    async with opened(log) as database:
        for typed, lines in OFFERED.items():
            offered_lines = await completed_lines(database, typed)
            assert sorted(offered_lines) == sorted(lines), typed
            for line in offered_lines:
                if not line.endswith((":", ".")):
                    assert parse_filter(line)
        times = await completed_lines(database, "since:|")
    assert times[:2] == ["since:today", "since:yesterday"] and "since:now" in times


async def test_an_empty_filter_is_offered_every_qualifier_with_a_word_about_it(log: str) -> None:
    async with opened(log) as database:
        completion = await Completer(database, ACME).complete("", 0)
    assert [candidate.text for candidate in completion.candidates][:3] == ["action:", "status:", "type:"]
    assert all(candidate.note for candidate in completion.candidates)


async def test_what_was_looked_up_once_is_remembered(log: str) -> None:
    async with opened(log) as database:
        completer = Completer(database, ACME)
        before = await completer.values(QUALIFIERS["action"])
        with psycopg.connect(log) as connection:
            log_row(connection, action="new_action", organization_id=GLOBEX)
        assert await completer.values(QUALIFIERS["action"]) == before
        assert "new_action" in await Completer(database, ACME).values(QUALIFIERS["action"])


async def test_without_rows_the_words_that_are_always_there_remain(installed_database: str) -> None:
    async with opened(installed_database) as database:
        completer = Completer(database, ACME)
        assert await completer.values(QUALIFIERS["status"]) == ("success", "failed", "pending")
        known = {"credential_created", "log_sealed", "call_made", "credential_configured"}
        assert known <= set(await completer.values(QUALIFIERS["action"]))
        assert await completer.values(QUALIFIERS["details"]) == ()
