"""One console on several databases: another profile, or what the wizard is told, is opened whole or not at all."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.screens.permissions.driver import grid
from tests.screens.setup.driver import FIRST
from tests.support.acme import ACME, KEY
from tests.support.commands import execute
from tests.support.database.people import directory_database
from tests.support.servers.loopback import LoopbackServer
from tests.support.servers.tcp_proxy import TcpProxy
from tests.support.terminal.console_driver import ConsoleDriver, run_headless
from tui.app import SwitchboardApp
from tui.cli.request import Options
from tui.cli.run import load_session
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.conninfo.uri import connection_uri
from tui.data.postgres.database import Database
from tui.errors import InvalidInput
from tui.process.identity import Operator
from tui.screens.choosers.profile import ProfileChooser
from tui.screens.integrations.screen import IntegrationsScreen
from tui.screens.lock import LockScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.setup.screen import SetupScreen
from tui.screens.setup.wizard.first_integration import FirstIntegrationStep
from tui.screens.setup.wizard.flow import Flow
from tui.session_switch import place_of
from tui.settings.settings import Settings
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from tests.support.servers.postgres import TestServer
    from tui.session.session import Session

CONNECTIONS = "select count(*) from pg_stat_activity where application_name like 'switchboard/%%' and datname = %s"


def write_profiles(folder: Path, profiles: Mapping[str, str]) -> None:
    (folder / "switchboard").mkdir()
    for name, content in profiles.items():
        file = folder / "switchboard" / f"{name}.env"
        file.touch(0o600)
        file.write_text(f"{content}\nSWITCHBOARD_ORGANIZATION={ACME}\n")


@asynccontextmanager
async def console_on(folder: Path, profile: str) -> AsyncIterator[ConsoleDriver]:
    def load(name: str | None) -> tuple[Session, list[Any]]:
        environ = {"XDG_CONFIG_HOME": str(folder)}
        return load_session(Options(profile=name), keys=True, environ=environ, cwd=folder, screen_is_open=True)

    async with run_headless(SwitchboardApp(load(profile)[0], load_profile=load)) as console:
        yield console


async def choose(console: ConsoleDriver, name: str) -> None:
    await console.press("f9")
    await console.wait_for("Choose a profile")
    await console.type(name)
    await console.press("enter")


async def test_nothing_goes_on_in_the_database_that_was_left_where_the_next_lists_nothing(
    installed_database: str, keyed_database: str, tmp_path: Path
) -> None:
    write_profiles(tmp_path, {"staging": f"DATABASE_URL='{installed_database}'"})
    without_organization = tmp_path / "switchboard" / "other.env"
    without_organization.touch(0o600)
    without_organization.write_text(f"DATABASE_URL='{keyed_database}'\n")
    async with console_on(tmp_path, "staging") as console:
        await console.wait_for(" connected")
        await console.wait_for(lambda: freshness_runs(console))
        await choose(console, "other")
        await console.wait_for("Choose an organisation")
        assert not freshness_runs(console)


def freshness_runs(console: ConsoleDriver) -> bool:
    return any(worker.group == "freshness" and worker.is_running for worker in console.app.workers)


def test_the_name_of_a_profile_stands_over_no_connection_that_its_file_does_not_have(tmp_path: Path) -> None:
    write_profiles(tmp_path, {"staging": "DATABASE_URL=postgresql://asha@db.example/app"})
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    settings = load_session(Options(profile="staging"), keys=False, environ=environ, cwd=tmp_path)[0].settings
    operator = Operator(None, "root", None, "switchboard/test")
    flow = Flow(settings, environ, Keyring(None), operator, UNICODE)
    flow.connection = parse_connection_string("postgresql://asha@db.example/app")
    assert flow.session().settings.profile == "staging"
    flow.connection = parse_connection_string("postgresql://asha@production.example/app")
    assert flow.session().settings.profile is None
    asyncio.run(flow.save({"DATABASE_URL": connection_uri(flow.connection)}))
    assert flow.session().settings.profile == "staging"


def keys_of_staging() -> list[MasterKey]:
    gc.collect()
    return [key for key in gc.get_objects() if isinstance(key, MasterKey) and "staging.env" in key.source]


def databases() -> list[Database]:
    gc.collect()
    return [database for database in gc.get_objects() if isinstance(database, Database)]


async def test_another_profile_is_opened_whole_once_it_connects_and_nobody_minds_what_is_lost(
    installed_database: str, keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = psycopg.conninfo.conninfo_to_dict(installed_database)["dbname"]
    write_profiles(
        tmp_path,
        {
            "staging": f"DATABASE_URL='{installed_database}'\nENCRYPTION_MASTER_KEY={KEY}",
            "production": f"DATABASE_URL='{keyed_database}'",
            "unreachable": "DATABASE_URL=postgresql://asha@127.0.0.1:1/x?sslmode=disable",
            "asks": f"DATABASE_URL='{keyed_database}'\nENCRYPTION_MASTER_KEY_COMMAND='pass show key'",
            "nowhere": "",
            "open": "",
        },
    )
    (tmp_path / "switchboard" / "open.env").chmod(0o644)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "switchboard" / "config.toml").write_text('[profiles]\nstaging = "red"\nproduction = "none"\n')
    async with console_on(tmp_path, "staging") as console:
        app = console.app
        await console.wait_for(" connected")
        assert " PRODUCTION: staging " in console.text.splitlines()[0]
        assert len(keys_of_staging()) == 1
        before = app.session
        await console.press("D")
        await console.wait_for("open now")
        assert all(console.shows(name) for name in ("asks", "nowhere", "production", "unreachable"))
        assert not console.shows("no profile")
        await console.press("escape")
        for name, why in {
            "open": "chmod 600",
            "asks": "run `switchboard --profile asks`",
            "nowhere": "No database is configured.",
            "unreachable": "refused",
            "staging": "open already",
        }.items():
            await choose(console, name)
            await console.wait_for(lambda why=why: why in console.status)  # type: ignore[misc]
            await console.press("escape")
            assert app.session is before
            assert app.connection.ready
        await console.press("3", "a")
        await console.wait_for(lambda: isinstance(app.screen, NumberForm))
        await console.type("+91 80 4718 0103")
        await choose(console, "production")
        await console.wait_for("This number is not saved yet.")
        await console.press("escape")
        assert isinstance(app.screen, ProfileChooser)
        await console.press("escape")
        assert console.shows("+91 80 4718 0103")
        await choose(console, "production")
        await console.wait_for("This number is not saved yet.")
        assert execute(keyed_database, CONNECTIONS, first) != [(0,)]
        await console.press("d")
        await console.wait_for("  production  ")
        await console.wait_for(" connected")
        assert [type(screen) for screen in app.screen_stack] == [IntegrationsScreen]
        assert app.session.settings.profile == "production"
        assert not app.session.keyring.keys
        await console.wait_for(lambda: execute(keyed_database, CONNECTIONS, first) == [(0,)])
        del before
        assert keys_of_staging() == []
        # It holds the password.
        assert app.session.database in databases() and len(databases()) == 1
        await console.press("3")
        await console.wait_for("This organisation has no phone numbers.")
        assert not console.shows("+91 80 4718 0103")


class SilentServer(LoopbackServer):
    """Takes connections and says nothing; counts them."""

    connections = 0

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._say_nothing, "127.0.0.1", 0)

    async def _say_nothing(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await asyncio.Event().wait()
        finally:
            writer.close()


async def test_one_session_is_opened_at_a_time(installed_database: str, tmp_path: Path) -> None:
    with SilentServer() as server:
        silent = f"DATABASE_URL=postgresql://asha@127.0.0.1:{server.port}/x?sslmode=disable&connect_timeout=2"
        write_profiles(tmp_path, {"staging": f"DATABASE_URL='{installed_database}'", "silent": silent})
        async with console_on(tmp_path, "staging") as console:
            await console.wait_for(" connected")
            await choose(console, "silent")
            assert isinstance(console.app.screen, ProfileChooser)
            console.app.screen.choose("silent")
            await console.wait_for(lambda: server.connections)
            with pytest.raises(InvalidInput, match="Another session is being opened"):
                await console.app.session_switch.open_profile("silent")
            await console.wait_for("silent was not opened.")
            assert server.connections == 1
            # The next attempt is not taken for a second one.
            console.app.screen.choose("silent")
            await console.wait_for(lambda: server.connections == 2)


async def end_wizard(console: ConsoleDriver, conninfo: str, then: str | None = None) -> None:
    """Open the wizard from whatever section there is, tell it of a database, and come to its end."""
    await console.press("5")
    setup = console.app.screen
    assert isinstance(setup, SetupScreen)
    if setup.wizard is None:
        await console.wait_for("w setup wizard")
        await console.press("w")
    await console.wait_for(FIRST)
    assert setup.wizard is not None
    setup.wizard.flow.connection = parse_connection_string(conninfo)
    setup.on_first_integration_step_chosen(FirstIntegrationStep.Chosen(then))


async def test_the_wizard_keeps_the_screens_of_the_same_database_and_asks_before_it_leaves_those_of_another(
    postgres: TestServer, keyed_database: str
) -> None:
    with directory_database(postgres, people=3, integrations=2) as conninfo:
        async with grid(conninfo, until="Person 000003") as console:
            app, kept = console.app, console.page
            await console.press("slash")
            await console.type("000002")
            await console.press("enter", "v")
            staged = kept.unsaved()
            assert staged
            first = app.session
            await end_wizard(console, conninfo)
            await console.wait_for(lambda: app.session is not first and app.connection.ready)
            await console.wait_for("[1 Integrations]")
            await console.press("2")
            assert (app.screen, kept.filter_text, kept.unsaved()) == (kept, "000002", staged)
            second = app.session
            await end_wizard(console, keyed_database)
            await console.wait_for(staged)
            await console.press("escape")
            await console.wait_for(lambda: not console.page.prompt.is_asking)
            assert app.session is second
            # While the question is open a write begins, and goes on when somebody tries again.
            is_saved = asyncio.Event()
            await end_wizard(console, keyed_database)
            await console.wait_for(staged)
            kept.act(kept.writing(is_saved.wait()))
            await console.wait_for(lambda: kept.is_busy)
            for _ in range(2):
                if console.page.prompt.is_asking:
                    await console.press("d")
                else:
                    await end_wizard(console, keyed_database)
                await console.wait_for("A change is being saved: try again in a moment.")
                assert not console.page.prompt.is_asking
                assert app.session is second
                console.page.status.clear()
            is_saved.set()
            await console.wait_for(lambda: not kept.is_busy)
            await end_wizard(console, keyed_database)
            await console.wait_for(staged)
            await console.press("d")
            await console.wait_for(lambda: app.session is not second and app.connection.ready)
            await console.wait_for("[1 Integrations]")
            assert type(app.screen) is IntegrationsScreen
            await console.press("2")
            assert app.screen is not kept
            assert (console.page.filter_text, console.page.unsaved()) == ("", "")


async def test_what_reads_in_the_session_that_is_left_ends_and_what_writes_goes_on(
    installed_database: str, tmp_path: Path
) -> None:
    write_profiles(
        tmp_path,
        {
            "staging": f"DATABASE_URL='{installed_database}'",
            "same": f"DATABASE_URL='{installed_database}'",
            "unreachable": "DATABASE_URL=postgresql://asha@127.0.0.1:1/x?sslmode=disable\nSWITCHBOARD_IDLE_LOCK=1",
            "other": f"DATABASE_URL='{installed_database}'",
        },
    )
    other = tmp_path / "switchboard" / "other.env"
    other.write_text(other.read_text().replace(str(ACME), str(ACME)[::-1]))
    connected: list[str | None] = []
    async with console_on(tmp_path, "staging") as console:
        app, kept = console.app, console.page
        await console.wait_for(" connected")
        is_saved, never = asyncio.Event(), asyncio.Event()
        kept.act(kept.writing(is_saved.wait()))
        reading = kept.run_worker(never.wait(), group="reading", exit_on_error=False)
        await console.wait_for(lambda: kept.is_busy and reading.is_running)
        (writing,) = (worker for worker in app.workers if worker.group == "write" and worker.is_running)

        def use(name: str) -> None:
            session = load_session(
                Options(profile=name), keys=True, environ={"XDG_CONFIG_HOME": str(tmp_path)}, cwd=tmp_path
            )[0]
            app.session_switch.use(session, lambda: connected.append(session.settings.profile))

        use("same")
        with pytest.raises(InvalidInput, match="Another session is being opened"):
            use("unreachable")
        await console.wait_for(lambda: connected)
        assert reading.is_cancelled and writing.is_running
        is_saved.set()
        await console.wait_for(lambda: writing.is_finished)
        assert not writing.is_cancelled
        assert console.page is kept
        use("other")
        await console.wait_for(lambda: len(connected) == 2)
        assert not kept.is_attached
        use("unreachable")
        await console.wait_for(lambda: app.connection.failure is not None)
        # The settings of the new session are in force.
        await console.wait_for(lambda: isinstance(app.screen, LockScreen))
        assert connected == ["same", "other"]


class LateServer(TcpProxy):
    """Takes logins, and passes them on once `lets_in` is set."""

    def __init__(self, target: int) -> None:
        super().__init__(target)
        self.logins, self.lets_in = 0, threading.Event()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.logins += 1
        await asyncio.to_thread(self.lets_in.wait, 20)
        await super()._serve(reader, writer)


@pytest.mark.parametrize("lets_in", [True, False])
async def test_a_session_that_is_left_before_it_connects_shows_and_keeps_nothing(
    installed_database: str, keyed_database: str, postgres: TestServer, tmp_path: Path, lets_in: bool
) -> None:
    postgres.create_role("walter", "superuser login password 'walter'")
    dbname = psycopg.conninfo.conninfo_to_dict(installed_database)["dbname"]
    write_profiles(
        tmp_path,
        {"staging": f"DATABASE_URL='{installed_database}'", "production": f"DATABASE_URL='{keyed_database}'"},
    )
    with LateServer(postgres.port if lets_in else 1) as late:
        async with console_on(tmp_path, "staging") as console:
            app, first = console.app, console.app.session
            await console.wait_for(" connected")
            await end_wizard(console, late.conninfo(str(dbname), user="walter", password="walter"), then="exotel_phone")
            await console.wait_for(lambda: late.logins)
            left = app.session
            assert left is not first
            await choose(console, "production")
            await console.wait_for(lambda: app.session is not left and app.connection.ready)
            late.lets_in.set()
            await console.wait_for(lambda: not any(w.group == "session" and w.is_running for w in app.workers))
            assert not left.is_connected
            assert [type(screen) for screen in app.screen_stack] == [IntegrationsScreen]
            assert app.connection.ready and app.connection.failure is None
            assert console.shows(" connected") and not console.status
            walters = "select count(*) from pg_stat_activity where usename = 'walter'"
            await console.wait_for(lambda: execute(keyed_database, walters) == [(0,)])
    postgres.drop_new_roles()


POOLER = "postgresql://postgres.aaaa@aws-0-x.pooler.supabase.com:5432/postgres"
SAME_PLACES = (
    (POOLER, "postgresql://postgres.aaaa:secret@aws-0-x.pooler.supabase.com/postgres?sslmode=require"),
    ("postgresql://asha@db/asha?connect_timeout=3", "postgresql://asha@db?keepalives=0&sslrootcert=system"),
    ("service=x user=asha", "service=x user=asha sslmode=verify-full"),
)
OTHER_PLACES = (
    (POOLER, POOLER.replace("aaaa", "bbbb")),
    ("host=db hostaddr=10.0.0.1 user=asha", "host=db hostaddr=10.0.0.2 user=asha"),
    ("postgresql://asha@a,b/app", "postgresql://asha@a,b/app?target_session_attrs=standby"),
    ("postgresql://asha@db/app", "postgresql://asha@db/app?options=-crole%3Dother"),
    ("postgresql://asha@db/app", "postgresql://asha@db:5433/app"),
    ("postgresql://asha@db/app", "postgresql://asha@db/other"),
    ("host=db user=asha", "host=db user=asha service=x"),
    ("service=x user=asha", "service=y user=asha"),
)


def test_a_place_is_all_that_decides_what_is_reached_and_as_whom() -> None:
    def place(url: str, **environ: str) -> dict[str, str | None]:
        return place_of(Settings(database_url=url), environ)

    for first, second in SAME_PLACES:
        assert place(first) == place(second), second
    for first, second in OTHER_PLACES:
        assert place(first) != place(second), second
    assert place("service=x", PGSERVICEFILE="/a") != place("service=x", PGSERVICEFILE="/b")
    assert place("host=db user=x", PGSERVICEFILE="/a") == place("host=db user=x", PGSERVICEFILE="/b")
