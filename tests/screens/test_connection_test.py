"""Connection tests on the screen, against a server on loopback that speaks Exotel's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from tests.screens.integrations.test_editor import fill, open_editor
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.terminal.console_driver import add, new_app, run_headless
from tui.screens.connection_test import ConnectionTestScreen

if TYPE_CHECKING:
    from tests.support.terminal.console_driver import ConsoleDriver


def state(conninfo: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        query = "select is_verified, last_verified_at is not null from integration_credentials"
        return connection.execute(query).fetchone()


def log_of_tests(conninfo: str) -> list[tuple[Any, ...]]:
    query = """select status, details ->> 'draft' from integration_audit_logs
                where action = 'connection_tested' order by created_at"""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


async def press_t(console: ConsoleDriver) -> None:
    await console.wait_for("not tested")
    await console.press("t")
    await console.wait_for(lambda: isinstance(console.app.screen, ConnectionTestScreen))


async def test_each_level_is_told_and_a_yes_is_in_the_list_afterwards(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with run_headless(new_app(keyed_database)) as console:
        await press_t(console)
        await console.wait_for("1 of 1 verified")
        for level in ("shape  fields", "reach ", "answer account", "answer number"):
            assert level in console.text
        assert exotel.api_token not in console.text
        await console.press("escape")
        await console.wait_for("just now")
    assert state(keyed_database) == (True, True)
    assert log_of_tests(keyed_database) == [("pending", None), ("success", None)]


async def test_a_no_says_why_and_what_to_do_and_the_credential_is_kept(
    keyed_database: str, exotel: ExotelServer
) -> None:
    wrong = exotel.credential(virtual_number="01141169368", api_token="not-the-token-0000")
    await add(keyed_database, credential=wrong)
    async with run_headless(new_app(keyed_database)) as console:
        await press_t(console)
        await console.wait_for("Not verified; the credential is kept.")
        assert "401" in console.text
        await console.press("escape")
        await console.wait_for("failed just now")
    assert len(exotel.requests) == 1


async def test_escape_stops_an_answer_that_never_ends_and_nothing_is_kept(
    keyed_database: str, exotel: ExotelServer
) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with run_headless(new_app(keyed_database)) as console:
        await press_t(console)
        await console.wait_for(lambda: exotel.requests)
        await console.press("escape")
        await console.wait_for("Stopped.")
        await console.wait_for(exotel.client_left.is_set)
        await console.press("escape")
        await console.wait_for("not tested")
    assert log_of_tests(keyed_database) == [("pending", None)]


async def test_what_was_stopped_says_so_and_only_t_asks_again(keyed_database: str, exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with run_headless(new_app(keyed_database)) as console:
        await press_t(console)
        await console.wait_for(lambda: exotel.requests)
        await console.press("escape")
        await console.wait_for("t test again")
        assert "testing" not in console.text
        # As after a connection to the database that is back.
        console.app.read_again()
        await console.pilot.pause()
        assert "t test again" in console.text
        exotel.answer_as_usual()
        await console.press("t")
        await console.wait_for("1 of 1 verified")
    assert [request.path for request in exotel.requests].count("/v1/Accounts/exampleco1") == 2


async def test_quitting_while_an_answer_never_ends_is_no_crash(keyed_database: str, exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with run_headless(new_app(keyed_database)) as console:
        await press_t(console)
        await console.wait_for(lambda: exotel.requests)
        await console.press("ctrl+c", "ctrl+c")
        await console.wait_for(exotel.client_left.is_set)
    assert (console.app.return_code, console.app.return_value, console.app.crash_file) == (0, 130, None)


async def test_a_secret_typed_once_more_and_tested_is_verified_when_it_is_saved(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("not tested")
        await open_editor(console)
        await fill(console, {"api_token": exotel.api_token})
        await console.press("f4")
        await console.wait_for("Saved unchanged, it stays verified.")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("Nothing changed. It is verified.")
    assert state(keyed_database) == (True, True)


async def test_a_sweep_goes_on_where_one_of_them_fails(keyed_database: str, exotel: ExotelServer) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    await add(keyed_database, "exotel_sms", exotel.credential(sms_number="+918033755555"))
    async with run_headless(new_app(keyed_database), size=(100, 40)) as console:
        await console.wait_for("not tested")
        await console.press("T")
        await console.wait_for("1 of 2 verified")
        await console.press("escape")
        await console.wait_for("failed just now")
        assert "✓ works, just now" in console.text


async def test_a_draft_that_passed_stays_verified_when_it_is_saved_unchanged(
    keyed_database: str, exotel: ExotelServer
) -> None:
    draft = {name: str(value) for name, value in exotel.credential(virtual_number="01141169368").items()}
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, draft)
        await console.press("f4")
        await console.wait_for("Saved unchanged, it stays verified.")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("It is verified.")
        assert state(keyed_database) == (True, True)
        assert log_of_tests(keyed_database) == [("success", "true"), ("success", None)]

        await fill(console, {"virtual_number": "08033755555"})
        await console.press("f4")
        await console.wait_for("0 of 1 verified")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("It is not tested yet.")
    assert state(keyed_database) == (False, False)


async def test_a_draft_that_is_not_complete_is_not_asked_about(keyed_database: str, exotel: ExotelServer) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await console.press("f4")
        await console.wait_for("Not tested. Account SID: It is required")
    assert exotel.requests == []
