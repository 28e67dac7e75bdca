"""Connection tests on the screen, against a server on loopback that speaks Exotel's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from tests.screens.integrations.test_editor import fill, open_editor
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.terminal.console_app import add, console, piloted
from tui.screens.connection_test import ConnectionTestScreen

if TYPE_CHECKING:
    from tests.support.terminal.console_app import Console


def state(conninfo: str) -> Any:
    with psycopg.connect(conninfo) as connection:
        query = "select is_verified, last_verified_at is not null from integration_credentials"
        return connection.execute(query).fetchone()


def log_of_tests(conninfo: str) -> list[tuple[Any, ...]]:
    query = """select status, details ->> 'draft' from integration_audit_logs
                where action = 'connection_tested' order by created_at"""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


async def press_t(driver: Console) -> None:
    await driver.wait_for("not tested")
    await driver.press("t")
    await driver.wait_for(lambda: isinstance(driver.app.screen, ConnectionTestScreen))


async def test_each_level_is_told_and_a_yes_is_in_the_list_afterwards(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with piloted(console(keyed_database)) as driver:
        await press_t(driver)
        await driver.wait_for("1 of 1 verified")
        for level in ("shape  fields", "reach ", "answer account", "answer number"):
            assert level in driver.text
        assert exotel.api_token not in driver.text
        await driver.press("escape")
        await driver.wait_for("just now")
    assert state(keyed_database) == (True, True)
    assert log_of_tests(keyed_database) == [("pending", None), ("success", None)]


async def test_a_no_says_why_and_what_to_do_and_the_credential_is_kept(
    keyed_database: str, exotel: ExotelServer
) -> None:
    wrong = exotel.credential(virtual_number="01141169368", api_token="not-the-token-0000")
    await add(keyed_database, credential=wrong)
    async with piloted(console(keyed_database)) as driver:
        await press_t(driver)
        await driver.wait_for("Not verified; the credential is kept.")
        assert "401" in driver.text
        await driver.press("escape")
        await driver.wait_for("failed just now")
    assert len(exotel.requests) == 1


async def test_escape_stops_an_answer_that_never_ends_and_nothing_is_kept(
    keyed_database: str, exotel: ExotelServer
) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with piloted(console(keyed_database)) as driver:
        await press_t(driver)
        await driver.wait_for(lambda: exotel.requests)
        await driver.press("escape")
        await driver.wait_for("Stopped.")
        await driver.wait_for(exotel.client_left.is_set)
        await driver.press("escape")
        await driver.wait_for("not tested")
    assert log_of_tests(keyed_database) == [("pending", None)]


async def test_what_was_stopped_says_so_and_only_t_asks_again(keyed_database: str, exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with piloted(console(keyed_database)) as driver:
        await press_t(driver)
        await driver.wait_for(lambda: exotel.requests)
        await driver.press("escape")
        await driver.wait_for("t test again")
        assert "testing" not in driver.text
        # As after a connection to the database that is back.
        driver.app.read_again()
        await driver.pilot.pause()
        assert "t test again" in driver.text
        exotel.answer_as_usual()
        await driver.press("t")
        await driver.wait_for("1 of 1 verified")
    assert [request.path for request in exotel.requests].count("/v1/Accounts/exampleco1") == 2


async def test_quitting_while_an_answer_never_ends_is_no_crash(keyed_database: str, exotel: ExotelServer) -> None:
    exotel.answer("account", FAULTS["dripping"])
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with piloted(console(keyed_database)) as driver:
        await press_t(driver)
        await driver.wait_for(lambda: exotel.requests)
        await driver.press("ctrl+c", "ctrl+c")
        await driver.wait_for(exotel.client_left.is_set)
    assert (driver.app.return_code, driver.app.return_value, driver.app.crash_file) == (0, 130, None)


async def test_a_secret_typed_once_more_and_tested_is_verified_when_it_is_saved(
    keyed_database: str, exotel: ExotelServer
) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("not tested")
        await open_editor(driver)
        await fill(driver, {"api_token": exotel.api_token})
        await driver.press("f4")
        await driver.wait_for("Saved unchanged, it stays verified.")
        await driver.press("escape")
        await driver.press("f2")
        await driver.wait_for("Nothing changed. It is verified.")
    assert state(keyed_database) == (True, True)


async def test_a_sweep_goes_on_where_one_of_them_fails(keyed_database: str, exotel: ExotelServer) -> None:
    await add(keyed_database, credential=exotel.credential(virtual_number="01141169368"))
    await add(keyed_database, "exotel_sms", exotel.credential(sms_number="+918033755555"))
    async with piloted(console(keyed_database), size=(100, 40)) as driver:
        await driver.wait_for("not tested")
        await driver.press("T")
        await driver.wait_for("1 of 2 verified")
        await driver.press("escape")
        await driver.wait_for("failed just now")
        assert "✓ works, just now" in driver.text


async def test_a_draft_that_passed_stays_verified_when_it_is_saved_unchanged(
    keyed_database: str, exotel: ExotelServer
) -> None:
    draft = {name: str(value) for name, value in exotel.credential(virtual_number="01141169368").items()}
    async with piloted(console(keyed_database)) as driver:
        await open_editor(driver)
        await fill(driver, draft)
        await driver.press("f4")
        await driver.wait_for("Saved unchanged, it stays verified.")
        await driver.press("escape")
        await driver.press("f2")
        await driver.wait_for("It is verified.")
        assert state(keyed_database) == (True, True)
        assert log_of_tests(keyed_database) == [("success", "true"), ("success", None)]

        await fill(driver, {"virtual_number": "08033755555"})
        await driver.press("f4")
        await driver.wait_for("0 of 1 verified")
        await driver.press("escape")
        await driver.press("f2")
        await driver.wait_for("It is not tested yet.")
    assert state(keyed_database) == (False, False)


async def test_a_draft_that_is_not_complete_is_not_asked_about(keyed_database: str, exotel: ExotelServer) -> None:
    async with piloted(console(keyed_database)) as driver:
        await open_editor(driver)
        await driver.press("f4")
        await driver.wait_for("Not tested. Account SID: It is required")
    assert exotel.requests == []
