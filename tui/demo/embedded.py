"""Starts and stops an embedded Postgres that lives in one folder and is shared by every console using it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from psycopg.pq import PGconn, Ping

from tui.demo import locks
from tui.demo.binaries import copy_binaries, find_binaries, may_run
from tui.demo.folders import make_folder, make_private
from tui.errors import DemoFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    from tui.demo.account import Account

START_SECONDS = 30
STOP_SECONDS = 10
POLL_SECONDS = 0.01
ANSWER_SECONDS = 5
ANSWERS = (Ping.OK, Ping.REJECT)
# sun_path holds 108 bytes on Linux and 104 on macOS; the socket's lock file has a name five bytes longer.
SOCKET_PATH_BYTES = 98

# Without fsync a commit survives the server's end, however it comes, and only a crash of the machine costs data.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "listen_addresses": "",
    "port": "5432",
    "unix_socket_permissions": "0700",
    "log_line_prefix": "%m [%p] ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedServer:
    """A Postgres cluster below `data_dir`, reached over a Unix socket that only its account can open.

    `start` joins a server that is already running there; `stop` ends it only when no other console uses it.
    Both facts are kernel locks (flock), so that a killed console or server leaves nothing to clean up:
    `in-use.lock` is held shared by each console, `running.lock` by the server's own processes, and
    `start.lock` while one console starts, stops or resets. With `account` (needed as root) the server runs as
    that account. `settings` are further ones of Postgres, which win; where they have it listen on the network, it asks
    for passwords there (scram).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        version: int = 18,
        account: Account | None = None,
        superuser: str = "postgres",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.version = version
        self.account = account
        self.superuser = superuser
        self._binaries: Path | None = None
        self._settings = {**SETTINGS, **(settings or {})}
        self._membership: int | None = None
        self._copied_to: Path | None = None

    @property
    def folder(self) -> Path:
        """The server's own folder: the cluster, its log and its socket; mode 0700, owned by its account."""
        return self.data_dir / "server"

    @property
    def cluster(self) -> Path:
        """PGDATA."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.data_dir / "server.log"

    @property
    def installed(self) -> Path:
        """The folder of the programs as they were installed. Raises DemoFailed."""
        return find_binaries(self.version)

    @property
    def binaries(self) -> Path:
        """The folder of the programs this server runs: as installed, or a copy that its account can reach."""
        if self._binaries is None:
            if self.account is None or may_run(self.account, self.installed):
                self._binaries = self.installed
            else:
                place = self.data_dir / "programs"
                with _as_demo_failure(place):
                    self._binaries = copy_binaries(self.installed, place)
                self._copied_to = place
        return self._binaries

    @property
    def notice(self) -> str | None:
        """One line that says what another account was given, after `start`; None where there is no other."""
        if self.account is None:
            return None
        copied = f", and its programs are copied to {self._copied_to}" if self._copied_to else ""
        return (
            f"Running as root: the embedded Postgres runs as the account {self.account.name}, "
            f"which was given {self.folder}{copied}."
        )

    @property
    def socket_folder(self) -> Path:
        """Where the Unix socket is: beside the cluster, or a temporary folder where that path is too long."""
        status = self._pid_file()
        return Path(status[4]) if len(status) > 4 and status[4] else self._socket_folder_to_use()

    def _socket_folder_to_use(self) -> Path:
        path = str(self.folder)
        fits = len(os.fsencode(f"{path}/.s.PGSQL.{self._settings['port']}")) <= SOCKET_PATH_BYTES
        # A comma or a quote would be read as part of a list of folders, by Postgres and by libpq.
        if fits and re.fullmatch(r"[\w./+-]+", path):
            return self.folder
        return Path(tempfile.gettempdir()) / f"switchboard-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"

    def conninfo(self, dbname: str, *, user: str | None = None) -> str:
        """Return a connection URI over the socket."""
        login, database = quote(user or self.superuser, safe=""), quote(dbname, safe="")
        # The port too, although it is the usual one: libpq would take it from PGPORT.
        where = {"host": str(self.socket_folder), "port": self._settings["port"]}
        return f"postgresql://{login}@/{database}?{urlencode(where)}"

    def start(self) -> None:
        """Start the server, creating the cluster first where there is none. Raises DemoFailed."""
        if self._membership is not None:
            return
        self._make_folders()
        with locks.exclusive_lock(self._lock_file("start")):
            membership = locks.open_lock(self._lock_file("in-use"))
            locks.lock_shared(membership)
            try:
                if not self._join_running_server():
                    self._create_cluster()
                    self._launch()
            except BaseException:
                os.close(membership)
                raise
            self._membership = membership

    def stop(self) -> None:
        """Release the server, and stop it where no other console uses it."""
        if self._membership is None:
            return
        with locks.exclusive_lock(self._lock_file("start")):
            membership, self._membership = self._membership, None
            try:
                if locks.try_lock_exclusively(membership):
                    self._shut_down()
            finally:
                os.close(membership)

    def reset(self) -> None:
        """Delete the cluster; raises DemoFailed where a console uses it."""
        self._make_folders()
        with locks.exclusive_lock(self._lock_file("start")):
            in_use = locks.open_lock(self._lock_file("in-use"))
            try:
                if not locks.try_lock_exclusively(in_use):
                    raise DemoFailed(
                        "Another console is using the demo, so it was not reset.",
                        "Quit that console first (q), then run `switchboard demo --reset` again.",
                    )
                self._shut_down()
                with _as_demo_failure(self.folder):
                    for entry in self.folder.iterdir():
                        shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            finally:
                os.close(in_use)

    def has_no_other_user(self) -> bool:
        """Tell whether this is the only console on the started server."""
        with locks.exclusive_lock(self._lock_file("start")):
            if self._membership is None:
                return False
            # A failed attempt may lose the shared lock; nobody acts on that before the start lock is free.
            only = locks.try_lock_exclusively(self._membership)
            locks.lock_shared(self._membership)
            return only

    @property
    def cluster_version(self) -> int | None:
        """The major version that made the cluster; None where there is none."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except (OSError, ValueError):
            return None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether any process of the server is alive."""
        # Over NFS a child does not inherit a lock; there the socket has to tell.
        return locks.is_held(self._lock_file("running")) or self._ping() in ANSWERS

    def _lock_file(self, name: str) -> Path:
        return self.data_dir / f"{name}.lock"

    def _ping(self) -> int:
        """Ask the server whether it lets people in. A killed or stopped one's socket may accept, and says nothing."""
        # Without what libpq would take from PGHOSTADDR, PGREQUIREPEER and PGGSSENCMODE: it gives up before it asks.
        options = urlencode(
            {"hostaddr": "", "requirepeer": "", "gssencmode": "disable", "connect_timeout": ANSWER_SECONDS}
        )
        return PGconn.ping(f"{self.conninfo('postgres')}&{options}".encode())

    def _make_folders(self) -> None:
        with _as_demo_failure(self.data_dir):
            make_folder(self.data_dir, self.account)
            for folder in {self.folder, self._socket_folder_to_use()}:
                make_private(folder, self.account)

    def _join_running_server(self) -> bool:
        """Use a server that is running already and return whether there is one; one that does not answer is ended."""
        deadline = time.monotonic() + START_SECONDS
        while self.running and time.monotonic() < deadline:
            # Where libpq cannot even ask (PGSERVICE may say anything), connecting will say so, and no server ends.
            if self._ping() in (Ping.OK, Ping.NO_ATTEMPT):
                return True
            time.sleep(POLL_SECONDS)
        self._shut_down()
        return False

    def _pid_file(self) -> list[str]:
        """Lines of postmaster.pid: pid, data, start, port, socket folder, address, shared memory, status."""
        try:
            return [line.strip() for line in (self.cluster / "postmaster.pid").read_text().splitlines()]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _create_cluster(self) -> None:
        if self.cluster_version is not None:
            return
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.rmtree(self.cluster, ignore_errors=True)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self.version >= 17 else []
        # The lock keeps the next console away should this one be killed while initdb goes on.
        with locks.exclusive_lock(self._lock_file("running")) as inherited:
            initdb = self._spawn(
                "initdb",
                *("--pgdata", str(unfinished), "--username", self.superuser, "--encoding=UTF8", "--no-locale"),
                *(*locale, "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions"),
                inherited=inherited,
            )
            output = initdb.communicate()[0].decode(errors="replace")
        if initdb.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise DemoFailed(
                f"The embedded database could not be created in {self.cluster}{_reason(output)}.",
                "Fix the cause and start again.",
                details=output,
            )
        unfinished.rename(self.cluster)

    def _spawn(
        self, program: str, *arguments: str, inherited: int | None = None, output: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        """Start one of the server's programs as its account, in a session of its own: ctrl+c does not reach it."""
        account = self.account
        with _as_demo_failure(self.binaries):
            return subprocess.Popen(
                [self.binaries / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
                # Nothing of the caller's environment gets in: PGPORT or LD_PRELOAD would change the server.
                # The cluster by a variable, since pg_ctl hands an option to a shell, which would read what is in it.
                env={
                    **{"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(self.folder), "TZ": "UTC"},
                    "PGDATA": str(self.cluster),
                },
                pass_fds=[] if inherited is None else [inherited],
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
            )

    def _launch(self) -> None:
        # No process of this cluster is alive, so these are leftovers; Postgres would refuse to start where the
        # number in them now belongs to another program of the same account.
        for leftover in (self.cluster / "postmaster.pid", *self._socket_folder_to_use().glob(".s.PGSQL.*")):
            leftover.unlink(missing_ok=True)
        settings = self._settings | {"unix_socket_directories": str(self.socket_folder)}
        options = shlex.join([part for name, value in settings.items() for part in ("-c", f"{name}={value}")])
        with _as_demo_failure(self.log), locks.exclusive_lock(self._lock_file("running")) as inherited:
            log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            try:
                arguments = ("start", "-s", "-w", "-t", str(START_SECONDS), "-o", options)
                started = self._spawn("pg_ctl", *arguments, inherited=inherited, output=log).wait() == 0
            finally:
                os.close(log)
        if not started:
            text = self.log.read_text(errors="replace")
            self._shut_down()
            raise DemoFailed(
                f"The embedded database did not start{_reason(text)}.",
                f"Its log is {self.log}; `switchboard demo --reset` starts over.",
                details=text[-4000:],
            )

    def _shut_down(self) -> None:
        """End the server: first as Postgres' fast shutdown, at last by killing it."""
        pid = [number for number in self._pid_file()[:1] if number.isdigit()]
        # As the server's own account: what its file says can then hit nothing but its own processes.
        for orders in (["stop", "-m", "fast"], ["stop", "-m", "immediate"], ["kill", "KILL", *pid]):
            if self.running:
                # -W: pg_ctl would look ten times a second, and the last console ends only with the server.
                self._spawn("pg_ctl", "-s", "-W", *orders, output=subprocess.DEVNULL).wait()
            deadline = time.monotonic() + STOP_SECONDS
            while self.running and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)


def _reason(output: str) -> str:
    """Return the first line in which Postgres gives a reason, as a clause, or an empty text."""
    match = re.search(r"(?:(?:FATAL|PANIC|ERROR|error):|^postgres:)\s+(.+)", output, re.MULTILINE)
    return f": {match[1].strip().rstrip('.')}" if match else ""


@contextmanager
def _as_demo_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DemoFailed(
            f"{error.filename or path}: {error.strerror}.",
            "The embedded database needs this folder: free some space or correct its permissions.",
        ) from None
