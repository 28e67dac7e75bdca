"""Connection tests on the screen, against a server on loopback that speaks Exotel's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg

from tests.screens.integrations.test_editor import fill, open_editor
from tests.support.acme import ACME, keyring, opened
from tests.support.servers.exotel import FAULTS, ExotelServer
from tests.support.terminal.console_driver import add, new_app, run_headless
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.screens.connection_test import ConnectionTestScreen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.terminal.console_driver import ConsoleDriver


def state(conninfo: str) -> Any:
    """Of the phone's row: whether it is verified, and ever was."""
    with psycopg.connect(conninfo) as connection:
        query = (
            "select is_verified, last_verified_at is not null from integration_credentials"
            " where integration_type = 'exotel_phone'"
        )
        return connection.execute(query).fetchone()


def log_of_tests(conninfo: str) -> list[tuple[Any, ...]]:
    query = """select status, details ->> 'draft' from integration_audit_logs
                where action = 'connection_tested' order by created_at"""
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


async def save(conninfo: str, credential: Mapping[str, object]) -> None:
    """Store another credential in place of the one there."""
    async with opened(conninfo) as database:
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", credential, None), base, "auto")


async def press_t(console: ConsoleDriver) -> None:
    await console.press("t")
    await console.wait_for(lambda: isinstance(console.app.screen, ConnectionTestScreen))


async def test_what_is_stored_is_tested_stopped_and_tested_again(keyed_database: str, exotel: ExotelServer) -> None:
    right = exotel.credential(virtual_number="01141169368")
    await add(keyed_database, credential=right)
    await add(keyed_database, "exotel_sms", exotel.credential(sms_number="+918033755555"))
    async with run_headless(new_app(keyed_database), size=(100, 40)) as console:
        await console.wait_for("not tested")
        await hear_a_yes(console, exotel, keyed_database)
        await sweep(console)
        await hear_a_no(console, keyed_database, {**right, "api_token": "not-the-token-0000"})
        await save(keyed_database, right)
        await stop_it(console, exotel, keyed_database)
        await quit_meanwhile(console, exotel)
    assert (console.app.return_code, console.app.return_value, console.app.crash_file) == (0, 130, None)


async def hear_a_yes(console: ConsoleDriver, exotel: ExotelServer, conninfo: str) -> None:
    """Each level is told, and the list says so afterwards."""
    await press_t(console)
    await console.wait_for("1 of 1 verified")
    for level in ("shape  fields", "reach ", "answer account", "answer number"):
        assert level in console.text
    assert exotel.api_token not in console.text
    await console.press("escape")
    await console.wait_for("✓ works, just now")
    assert state(conninfo) == (True, True)
    assert log_of_tests(conninfo) == [("pending", None), ("success", None)]


async def sweep(console: ConsoleDriver) -> None:
    """The others go on where one of them fails."""
    await console.press("T")
    await console.wait_for("1 of 2 verified")
    await console.press("escape")
    await console.wait_for("failed, just now")
    assert "✓ works, just now" in console.text


async def hear_a_no(console: ConsoleDriver, conninfo: str, wrong: Mapping[str, object]) -> None:
    """It says why, and the credential is kept."""
    await save(conninfo, wrong)
    await press_t(console)
    await console.wait_for("Not verified; the credential is kept.")
    assert "401" in console.text
    await console.press("escape")
    await console.wait_for(lambda: console.text.count(", just now") == 2)


async def stop_it(console: ConsoleDriver, exotel: ExotelServer, conninfo: str) -> None:
    """Escape stops an answer that never ends, nothing is kept, and only t asks again."""
    exotel.answer("account", FAULTS["dripping"])
    exotel.requests.clear()
    exotel.client_left.clear()
    before = log_of_tests(conninfo)
    await press_t(console)
    await console.wait_for(lambda: exotel.requests)
    await console.press("escape")
    await console.wait_for("Stopped.")
    await console.wait_for("t test again")
    await console.wait_for(exotel.client_left.is_set)
    assert "testing" not in console.text
    assert log_of_tests(conninfo) == [*before, ("pending", None)]
    # As after a connection to the database that is back.
    console.app.read_again()
    await console.pilot.pause()
    assert "t test again" in console.text
    exotel.answer_as_usual()
    await console.press("t")
    await console.wait_for("1 of 1 verified")
    await console.wait_for("Read besides: balance.")
    # Twice for the tests, and once for the reading after the second; the number's health was read just now.
    assert [request.path for request in exotel.requests].count("/v1/Accounts/exampleco1") == 3
    await console.press("escape")
    await console.wait_for("✓ works, just now")


async def quit_meanwhile(console: ConsoleDriver, exotel: ExotelServer) -> None:
    """While an answer never ends; that is no crash."""
    exotel.answer("account", FAULTS["dripping"])
    exotel.requests.clear()
    exotel.client_left.clear()
    await press_t(console)
    await console.wait_for(lambda: exotel.requests)
    await console.press("ctrl+c", "ctrl+c")
    await console.wait_for(exotel.client_left.is_set)


async def test_a_draft_that_passed_stays_verified_as_long_as_it_is_saved_unchanged(
    keyed_database: str, exotel: ExotelServer
) -> None:
    draft = {name: str(value) for name, value in exotel.credential(virtual_number="01141169368").items()}
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await console.press("f4")
        await console.wait_for("Not tested. Account SID: It is required")
        assert exotel.requests == []
        await fill(console, draft)
        await console.press("f4")
        await console.wait_for("If you save it unchanged, it stays verified.")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("It is verified.")
        assert state(keyed_database) == (True, True)
        assert log_of_tests(keyed_database) == [("success", "true"), ("success", None)]
        await console.wait_for("pool of phone numbers?")
        await console.press("n")
        await console.wait_for(lambda: not console.page.prompt.is_asking)

        # A secret that is typed once more and tested is verified too, though nothing else changes.
        await fill(console, {"api_token": exotel.api_token})
        await console.press("f4")
        await console.wait_for("If you save it unchanged, it stays verified.")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("No changes. It is verified.")
        assert state(keyed_database) == (True, True)

        await fill(console, {"virtual_number": "08033755555"})
        await console.press("f4")
        await console.wait_for("0 of 1 verified")
        await console.press("escape")
        await console.press("f2")
        await console.wait_for("It is not tested yet.")
    assert state(keyed_database) == (False, False)
