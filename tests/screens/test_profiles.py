"""One console on several databases: another profile is opened whole, or not at all."""

from __future__ import annotations

import asyncio
import gc
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from tests.support.acme import ACME, KEY
from tests.support.commands import execute
from tests.support.terminal.console_driver import ConsoleDriver, run_headless
from tui.app import SwitchboardApp
from tui.cli.request import Options
from tui.cli.run import load_session
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.data.postgres.conninfo.string import parse_connection_string
from tui.data.postgres.conninfo.uri import connection_uri
from tui.data.postgres.database import Database
from tui.models import Operator
from tui.screens.integrations.screen import IntegrationsScreen
from tui.screens.numbers.form import NumberForm
from tui.screens.profile_chooser import ProfileChooser
from tui.screens.setup.wizard.flow import Flow
from tui.widgets.glyphs import UNICODE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    import pytest

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
