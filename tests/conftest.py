"""Fixtures that give a test a real Postgres; one server per session and pytest-xdist worker."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.support.acme import MASTER_KEY, SALT
from tests.support.commands import start_program_server
from tests.support.compiled_tests import compile_tests
from tests.support.first_salts import first_salt, forget_first_salts
from tests.support.run_folder import derived_once
from tests.support.servers.postgres import TestServer, run_schema_files
from tests.support.servers.supabase import SupabaseServer
from tui.data.keys import master_key

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# Set by .ci/run, which brings whatever a test needs: there a test that is skipped is a test that is missing.
NO_SKIPS = "TESTS_MAY_NOT_SKIP"
LONGEST = {"screens", "terminal"}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where NO_SKIPS is set."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(NO_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"{NO_SKIPS} is set, and this test was skipped: {report.longrepr}"
    return report


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process: for consoles that no terminal shows, and for commands that a signal is to reach."""
    # Ten frames a second instead of sixty; read when Textual is imported.
    os.environ.setdefault("TEXTUAL_FPS", "10")
    # Consoles of this process keep filters there, and not with what the developer's own have kept.
    os.environ["XDG_STATE_HOME"] = folder = tempfile.mkdtemp(prefix="switchboard-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # A machine that is busy draws and runs a case slowly, which says nothing of the test.
    hypothesis_settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.load_profile("any machine")
    # What is imported and collected stays: looking for circles in it takes a tenth of the time of that.
    gc.disable()
    # Started in the background by a shell, it ignores SIGINT, and so would every command that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # The first process to come here is the one that starts the workers.
    start_program_server()
    compile_tests(config)
    master_key._scrypt = derived_once(master_key._scrypt)
    master_key.MasterKey.first_salt = first_salt


def pytest_runtest_setup() -> None:
    """Give the keys of each test the salts that those of the test before had."""
    forget_first_salts()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start with the folders whose modules take longest: no worker is left with one while the others have ended."""
    items.sort(key=lambda item: LONGEST.isdisjoint(item.path.parts))


def pytest_collection_finish() -> None:
    """Keep what was imported and collected, which stays to the end, out of every later garbage collection."""
    gc.freeze()
    gc.enable()
    # A console makes and drops tens of thousands of objects a second; looking for circles among them can wait.
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """A Postgres 18."""
    server = TestServer(version=18)
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres16() -> Iterator[TestServer]:
    """A Postgres 16."""
    server = TestServer(version=16)
    yield server
    server.close()


@pytest.fixture(scope="session")
def supabase_server() -> Iterator[SupabaseServer]:
    """A Postgres 18 with Supabase's roles."""
    server = SupabaseServer()
    yield server
    server.close()


@pytest.fixture
def empty_database(postgres: TestServer) -> Iterator[str]:
    """Connection URI (superuser) of a database with nothing in it."""
    with postgres.own_database(prefix="empty") as name:
        yield postgres.conninfo(name)


@pytest.fixture
def empty_database16(postgres16: TestServer) -> Iterator[str]:
    """The same on Postgres 16."""
    with postgres16.own_database(prefix="empty") as name:
        yield postgres16.conninfo(name)


@pytest.fixture(scope="session")
def installed_template(postgres: TestServer) -> str:
    """Name of a database with the schema installed and no rows, to be cloned and not to be changed."""
    name = postgres.create_database(prefix="template_installed")
    run_schema_files(postgres.conninfo(name))
    return name


@pytest.fixture
def installed_database(postgres: TestServer, installed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database with the schema installed and no rows."""
    with postgres.own_database(template=installed_template, prefix="installed") as name:
        yield postgres.conninfo(name)


@pytest.fixture(scope="session")
def keyed_template(postgres: TestServer, installed_template: str) -> str:
    """The same with the tests' master key recorded: its slow derivation is then done once per process."""
    name = postgres.create_database(template=installed_template, prefix="template_keyed")
    with psycopg.connect(postgres.conninfo(name)) as connection:
        connection.execute(
            "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)",
            (MASTER_KEY.key_id(SALT), SALT),
        )
    return name


@pytest.fixture
def keyed_database(postgres: TestServer, keyed_template: str) -> Iterator[str]:
    """Connection URI (superuser) of a database with the schema installed and the tests' master key recorded."""
    with postgres.own_database(template=keyed_template, prefix="keyed") as name:
        yield postgres.conninfo(name)


@pytest.fixture
def supabase_like(supabase_server: SupabaseServer) -> Iterator[str]:
    """Connection URI (the non-superuser `postgres`, who owns it) of a database as a Supabase project has it."""
    name = supabase_server.create_project()
    yield supabase_server.conninfo(name, user="postgres")
    supabase_server.drop_database(name)
    supabase_server.drop_new_roles()
