"""A console on a database that a newer Switchboard has set up."""

from __future__ import annotations

from tests.support.commands import contents, execute
from tests.support.database.schema import set_up_by_a_newer_version
from tests.support.terminal.console_app import add, console, piloted
from tui.data.schema.files import latest_number
from tui.errors import SchemaNewer
from tui.screens.setup.screen import SetupScreen


async def test_the_console_reads_says_why_it_only_reads_and_refuses_every_write(keyed_database: str) -> None:
    await add(keyed_database)
    set_up_by_a_newer_version(keyed_database)
    before = contents(keyed_database)
    async with piloted(console(keyed_database), (140, 30)) as driver:
        await driver.wait_for("● active")
        assert "READ-ONLY: newer schema" in driver.text
        await driver.wait_for(str(SchemaNewer()))
        await driver.press("space")
        await driver.wait_for("Disable Exotel phone?")
        await driver.press("y")
        await driver.wait_for(SchemaNewer().sentence)
        await driver.press("2")
        await driver.wait_for("Read-only mode: nothing can be changed here.")
        await driver.press("5")
        await driver.wait_for(
            lambda: isinstance(driver.app.screen, SetupScreen) and SchemaNewer().sentence in driver.text
        )
    assert contents(keyed_database) == before


async def test_what_was_set_up_meanwhile_is_met_when_the_connection_is_back(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as driver:
        await driver.wait_for("● active")
        assert "READ-ONLY" not in driver.text
        set_up_by_a_newer_version(keyed_database)
        before = contents(keyed_database)
        await driver.press("space")
        await driver.wait_for("Disable Exotel phone?")
        await driver.press("y")
        await driver.wait_for(SchemaNewer().sentence)
        assert contents(keyed_database) == before
        await driver.app.session.until_back()
        assert driver.app.session.read_only and driver.app.session.database.refusal is SchemaNewer
        execute(keyed_database, f"comment on schema switchboard is 'switchboard schema {latest_number():03}'")
        await driver.app.session.until_back()
        assert not driver.app.session.read_only and not driver.app.session.database.read_only
