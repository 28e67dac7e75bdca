"""A console on a database that a newer Switchboard has set up."""

from __future__ import annotations

from tests.support.commands import contents, execute
from tests.support.schema import set_up_by_a_newer_version
from tests.support.terminal.console_app import add, console, piloted
from tui.data.schema.files import latest_number
from tui.errors import SchemaNewer
from tui.screens.setup.screen import SetupScreen


async def test_it_reads_says_why_it_only_reads_and_refuses_every_write(keyed_database: str) -> None:
    await add(keyed_database)
    set_up_by_a_newer_version(keyed_database)
    before = contents(keyed_database)
    async with piloted(console(keyed_database), (140, 30)) as it:
        await it.wait_for("● active")
        assert "READ-ONLY: newer schema" in it.text
        await it.wait_for(str(SchemaNewer()))
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("y")
        await it.wait_for(SchemaNewer().sentence)
        await it.press("2")
        await it.wait_for("Read-only mode: nothing can be changed here.")
        await it.press("5")
        await it.wait_for(lambda: isinstance(it.app.screen, SetupScreen) and SchemaNewer().sentence in it.text)
    assert contents(keyed_database) == before


async def test_what_was_set_up_meanwhile_is_met_when_the_connection_is_back(keyed_database: str) -> None:
    await add(keyed_database)
    async with piloted(console(keyed_database)) as it:
        await it.wait_for("● active")
        assert "READ-ONLY" not in it.text
        set_up_by_a_newer_version(keyed_database)
        before = contents(keyed_database)
        await it.press("space")
        await it.wait_for("Disable Exotel phone?")
        await it.press("y")
        await it.wait_for(SchemaNewer().sentence)
        assert contents(keyed_database) == before
        await it.app.session.until_back()
        assert it.app.session.read_only and it.app.session.database.refusal is SchemaNewer
        execute(keyed_database, f"comment on schema switchboard is 'switchboard schema {latest_number():03}'")
        await it.app.session.until_back()
        assert not it.app.session.read_only and not it.app.session.database.read_only
