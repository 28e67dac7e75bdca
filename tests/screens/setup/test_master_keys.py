"""The master keys on the screen: one is changed, another console learns of it, the one before is retired."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.support.acme import MASTER_KEY, OTHER_KEY, OTHER_MASTER_KEY, keyring, opened
from tests.support.commands import contents, execute
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tests.support.waiting import wait_until
from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import check_gate, take_census
from tui.data.keys.rotation import prepare_key_change, rotate_keys
from tui.data.schema.install import install
from tui.screens.page import SMALLEST
from tui.screens.setup.keys import progress
from tui.screens.setup.keys.new_key import NewKeyScreen
from tui.screens.setup.keys.rotation import RotationScreen
from tui.screens.setup.keys.screen import MasterKeysScreen
from tui.widgets.frame import KeyHints, whole_hints
from tui.words.keys import AS_IT_WAS, STOPPED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.servers.postgres import TestServer
    from tui.data.keys.master_key import MasterKey

STATES = "select state, count(*)::int from switchboard.keys where purpose = 'master' group by 1 order by 1"
BLOCKING = """
create function public.blocking() returns trigger language plpgsql as
$$begin perform pg_advisory_xact_lock(7); return new; end$$;
create trigger blocking before update on public.integration_credentials for each row execute function blocking();
"""
WAITING = "select count(*)::int from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"


@asynccontextmanager
async def at_the_plan(conninfo: str, paste: str = "", ring: Keyring | None = None) -> AsyncIterator[ConsoleDriver]:
    """A console on the smallest screen, at the plan for a new key, for one that is pasted, or for that of the ring."""
    async with run_headless(new_app(conninfo, ring=ring), SMALLEST) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("r check again")
        await console.press("m")
        await console.wait_for("Key active")
        await console.press("c")
        await console.wait_for("Your new key, shown only now:")
        if paste:
            await console.press("down")
            await console.wait_for("The key")
            await console.press("tab")
            await console.type(paste)
        if ring is None:
            await console.press("enter")
            await console.wait_for("First store a copy elsewhere")
            await console.press("space", "enter")
        else:
            await console.press("down", "down", "enter")
        await console.wait_for("To format")
        yield console


def assert_hints_fit(console: ConsoleDriver) -> None:
    hints = console.page.query_one(KeyHints).hints
    assert whole_hints(hints, SMALLEST[0]) == list(hints)


async def test_the_key_is_changed_on_the_smallest_screen_and_the_console_goes_on(
    keyed_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(keyed_database)
    await add(keyed_database, "exotel_sms", policy="legacy")
    execute(
        keyed_database,
        "insert into integration_credentials (organization_id, integration_type, credentials_encrypted)"
        " values (gen_random_uuid(), 'zoho_mail', 'sb2.x')",
    )
    async with at_the_plan(keyed_database) as console:
        assert_hints_fit(console)
        before = contents(keyed_database)
        await console.press("enter")
        await console.wait_for(lambda: "1 credential does not open: go to each" in console.status)
        await console.press(*["down"] * console.row_keys.index("left 0"), "space")
        await console.wait_for("[x] does not open")
        await console.press("enter")
        await console.wait_for("Type “the other program is stopped” to go on:")
        await console.type(STOPPED[1:])
        await console.press("enter")
        await console.wait_for(lambda: console.status == "That was not the sentence, so nothing was done.")
        assert contents(keyed_database) == before
        await console.press("enter")
        await console.wait_for("to go on:")
        await console.type(STOPPED)
        await console.press("enter")
        await console.wait_for(lambda: "this console goes on with the new one" in console.status)
        assert execute(keyed_database, STATES) == [("active", 1), ("decrypt-only", 1)]
        session = console.app.session
        assert (await check_gate(session.database, session.keyring)).state == "open"
        census = await take_census(session.database, Keyring(session.keyring.current))
        assert [reason for _, reason in census.unreadable] == ["malformed"]
        assert_hints_fit(console)
        await console.press("y", "enter")
        await console.wait_for(lambda: "Line sent to your terminal's clipboard" in console.status)
        line = console.app.clipboard
        assert line.startswith("ENCRYPTION_MASTER_KEY='") and len(line) == 23 + 44 + 1
        assert line[23:-1] not in console.text
        # It is in this console alone: no key that quits by habit loses it, whatever else is asked.
        console.app.copy_to_clipboard("")
        await console.press("y", "ctrl+c", "ctrl+c")
        await console.wait_for("[d] quit and lose it")
        await console.press("y")
        await console.wait_for(lambda: console.app.clipboard == line)
        await console.press("escape")
        await console.wait_for("Key decrypt-only")
        await console.press("escape")
        await console.wait_for("w setup wizard")
        await console.press("q")
        await console.wait_for("The new master key is in this console alone: quit and lose every credential?")
        await console.press("escape")
        await console.press("m")
        await console.wait_for("Key decrypt-only")
        assert isinstance(console.page, MasterKeysScreen)
        ((key_id,),) = execute(keyed_database, "select key_id from switchboard.keys where state = 'active'")
        assert re.search(rf"Key id +{key_id}", console.text)
        await console.press("end")
        await console.wait_for("configure it before you quit")
        await console.press("home", "down", "down")
        await console.press("up", "up", "d")
        await console.wait_for(lambda: "Only a decrypt-only key can be retired" in console.status)
        await console.press("down", "d")
        await console.wait_for("It can never be used again.")
        monkeypatch.setattr(progress, "SAID_EVERY_S", 0.0)
        with psycopg.connect(keyed_database) as holder:
            holder.execute("select from switchboard.keys where state = 'decrypt-only' for update")
            await console.press("d", "d", "y")
            await console.wait_for(lambda: "3 of 3 read" in console.status)
        await console.wait_for("Key retired")
        assert execute(keyed_database, STATES) == [("active", 1), ("retired", 1)]
    async with run_headless(new_app(keyed_database)) as console:
        await console.wait_for("The master key was changed by somebody (key id")
        await console.press("enter")
        await console.wait_for("Configure it and start again.")


async def test_a_change_that_is_stopped_leaves_everything_as_it_was(keyed_database: str) -> None:
    await add(keyed_database)
    execute(keyed_database, BLOCKING)
    before = contents(keyed_database)
    async with at_the_plan(keyed_database, OTHER_KEY) as console:
        assert OTHER_KEY not in console.text
        with psycopg.connect(keyed_database, autocommit=True) as holder:
            holder.execute("select pg_advisory_lock(7)")
            await console.press("enter", "enter")
            await console.wait_for("[y] change the key")
            await console.press("y")
            await console.wait_for("esc stop, all stays as it was")
            await asyncio.to_thread(wait_until, lambda: execute(keyed_database, WAITING) == [(1,)])
            await console.press("escape")
            await console.wait_for(lambda: console.status == AS_IT_WAS)
        assert contents(keyed_database) == before
        assert isinstance(console.page, RotationScreen)
        # It can be done all the same. In the demo the key is kept for its next start.
        kept: list[MasterKey] = []
        console.app.keep_key = kept.append
        await console.press("enter", "y")
        await console.wait_for("Row of the log")
        assert "the demo keeps the new key" in console.text and [key.reveal("a test") for key in kept] == [OTHER_KEY]
        await console.press("escape")
        await console.wait_for("Key decrypt-only")
        await console.press("end")
        await console.wait_for("Comes from")
        assert "configure it before you quit" not in console.text
        await console.press("escape", "escape")
        await console.wait_for("w setup wizard")
        await console.press("q")
        await console.wait_for(lambda: console.app.return_value == 0)


async def test_a_plan_that_somebody_elses_change_overtook_says_so_and_so_does_c(keyed_database: str) -> None:
    await add(keyed_database)
    async with at_the_plan(keyed_database, "a key that is longer than Zm9v 123456") as console:
        async with opened(keyed_database) as database:
            change = await prepare_key_change(database, keyring(), OTHER_MASTER_KEY, None)
            await rotate_keys(database, change, left_out=frozenset())
        await console.press("enter", "y")
        await console.wait_for("was changed")
        await console.press("r")
        await console.wait_for("The master key was changed by somebody (key id")
        assert "leaves it as it is" not in console.text and "change it" not in console.text
        await console.press("escape", "escape", "r")
        await console.wait_for("somebody has changed it; no credential can be written")
        await console.press("c")
        await console.wait_for(lambda: "The master key was changed by somebody" in console.status)
        assert isinstance(console.page, MasterKeysScreen)


@pytest.mark.long
async def test_a_change_of_which_nobody_knew_how_it_ended_is_known_once_the_server_is_back(
    keyed_database: str, postgres: TestServer
) -> None:
    await add(keyed_database)
    postgres.create_role("walter", "login superuser password 'walter'")
    name, port = (conninfo_to_dict(keyed_database)[part] for part in ("dbname", "port"))
    with TcpProxy(int(str(port))) as proxy:
        url = f"postgresql://walter:walter@127.0.0.1:{proxy.port}/{name}?sslmode=disable"
        async with at_the_plan(url, ring=keyring(OTHER_MASTER_KEY, MASTER_KEY)) as console:
            proxy.lose_commit()
            await console.press("enter", "y")
            await asyncio.to_thread(proxy.commit_seen.wait, 20)
            proxy.refuse()
            await console.wait_for(lambda: "could not be asked whether it was saved" in console.status)
            proxy.restore()
            await console.wait_for("The master key is changed")
            session = console.app.session
            assert (await check_gate(session.database, session.keyring)).state == "open"


async def test_a_login_that_may_write_no_credential_is_shown_no_new_key(
    postgres: TestServer, empty_database: str
) -> None:
    await install(empty_database, operator_label="a test", roles=True)
    await add(empty_database)
    postgres.create_role("kim", "login in role switchboard_support")
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="kim")
    async with run_headless(new_app(url)) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("r check again")
        await console.press("m")
        await console.wait_for("not visible to your role")
        assert "change the key" not in console.text
        await console.press("c")
        await console.wait_for(lambda: "The role kim may not change master keys." in console.status)
        assert isinstance(console.page, MasterKeysScreen)


async def test_read_only_mode_changes_no_key(keyed_database: str) -> None:
    async with run_headless(new_app(keyed_database, SWITCHBOARD_READ_ONLY="1")) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("r check again")
        await console.press("m")
        await console.wait_for("Key active")
        assert "change the key" not in console.text
        for key in ("c", "d"):
            console.page.status.clear()
            await console.press(key)
            await console.wait_for(lambda: "read-only mode" in console.status)
        assert not isinstance(console.page, NewKeyScreen)
