"""A console on a database that a newer Switchboard has set up."""

from __future__ import annotations

from tests.support.commands import contents, execute
from tests.support.database.schema import set_up_by_a_newer_version
from tests.support.terminal.console_driver import add, new_app, run_headless
from tui.data.schema.files import latest_number
from tui.errors import SchemaNewer
from tui.screens.setup.screen import SetupScreen


async def test_the_console_reads_says_why_it_only_reads_and_refuses_every_write_until_it_is_as_new(
    keyed_database: str,
) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database), (140, 30)) as console:
        await console.wait_for("● active")
        assert "READ-ONLY" not in console.text
        set_up_by_a_newer_version(keyed_database)
        before = contents(keyed_database)
        await console.press("space")
        await console.wait_for("Disable Exotel phone?")
        await console.press("y")
        await console.wait_for(SchemaNewer().sentence)
        assert contents(keyed_database) == before
        await console.app.session.until_back()
        assert console.app.session.database.refusal is SchemaNewer
        await console.press("2")
        await console.wait_for("READ-ONLY: newer schema")
        await console.wait_for("Read-only mode: nothing can be changed")
        await console.press("5")
        await console.wait_for(
            lambda: isinstance(console.app.screen, SetupScreen) and SchemaNewer().sentence in console.text
        )
        assert contents(keyed_database) == before
        execute(keyed_database, f"comment on schema switchboard is 'switchboard schema {latest_number():03}'")
        await console.app.session.until_back()
        assert not console.app.session.read_only and not console.app.session.database.read_only


async def test_one_that_opens_on_a_newer_schema_says_so_at_once(keyed_database: str) -> None:
    set_up_by_a_newer_version(keyed_database)
    async with run_headless(new_app(keyed_database), (140, 30)) as console:
        await console.wait_for(str(SchemaNewer()))
        assert "READ-ONLY: newer schema" in console.text
