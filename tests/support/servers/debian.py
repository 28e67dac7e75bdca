"""The servers that only Debian's packages bring: Postgres 15 with TLS, and PgBouncer in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
import pytest
import trustme

from tests.support.servers.folders import new_folder
from tests.support.servers.postgres import TestServer
from tests.support.waiting import wait_until
from tui.demo.account import Account, running_as_root
from tui.demo.embedded import EmbeddedServer

if TYPE_CHECKING:
    from types import TracebackType

POSTGRES_15 = Path("/usr/lib/postgresql/15/bin")
PGBOUNCER = Path("/usr/sbin/pgbouncer")
START_SECONDS = 20
PASSWORD = "sk-CANARY-through-the-pooler"


def needs(program: Path, package: str) -> None:
    """Skip the test where Debian's package is not installed; .ci/run installs it and allows no skip."""
    if not program.exists():
        pytest.skip(f"needs Debian's package {package}, which .ci/run installs")


class _Postgres15(EmbeddedServer):
    @property
    def installed(self) -> Path:
        return POSTGRES_15


class DebianServer(TestServer):
    """A Postgres 15 that offers TLS with a certificate for localhost; `authority` is the file of its `issuer`."""

    server_class = _Postgres15

    def __init__(self) -> None:
        super().__init__(version=15)

    def settings(self) -> dict[str, str]:
        """The usual settings, and the certificate."""
        self.issuer = trustme.CA()
        issued = self.issuer.issue_cert("localhost")
        self.authority, certificate, key = (self.folder / name for name in ("ca.pem", "server.pem", "server.key"))
        self.issuer.cert_pem.write_to_path(self.authority)
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        key.chmod(0o600)
        _give_to_server(key)
        return super().settings() | {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}

    def over_tls(self, dbname: str, user: str, **parameters: str) -> str:
        """A connection string over TCP to localhost, with the password that every login of these tests has."""
        place = {"host": "localhost", "hostaddr": "127.0.0.1", "port": self.port, "dbname": dbname}
        return psycopg.conninfo.make_conninfo(**place | {"user": user, "password": PASSWORD} | parameters)


class Standby(DebianServer):
    """A hot standby of such a server, by streaming replication."""

    def __init__(self, primary: DebianServer) -> None:
        self._primary = primary
        super().__init__()

    def _copied_cluster(self, _version: int, _account: Account | None, _superuser: str) -> Path:
        place = self.folder / "postgres"
        cluster = place / "server" / "data"
        cluster.parent.mkdir(parents=True, mode=0o700)
        copy = [POSTGRES_15 / "pg_basebackup", "-D", cluster, "-R", "-c", "fast", "-d", self._primary.conninfo()]
        subprocess.run(copy, check=True, capture_output=True)
        for path in (place, *place.rglob("*")):
            _give_to_server(path)
        return place

    def settings(self) -> dict[str, str]:
        """Those of its primary, but that no query holds up what is replayed."""
        return super().settings() | {"max_standby_streaming_delay": "0"}

    def catch_up(self) -> None:
        """Wait until everything that the primary has committed is to be read here."""
        with self._primary.admin() as primary, self.admin() as standby:
            (written,) = primary.execute("select pg_current_wal_lsn()").fetchone() or (None,)
            replayed = "select pg_last_wal_replay_lsn() >= %s"
            wait_until(lambda: standby.execute(replayed, [written]).fetchone() == (True,))


class PgBouncer:
    """Debian's PgBouncer in transaction mode, as its package configures it otherwise; without TLS.

    It knows the logins in `users`, all with PASSWORD, and reaches the server over its socket. `settings` are further
    ones of its file, which win.
    """

    def __init__(self, server: TestServer, *users: str, **settings: str | int) -> None:
        self.folder = new_folder("switchboard-pooler-")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        target = psycopg.conninfo.conninfo_to_dict(server.conninfo())
        logins, file = self.folder / "userlist.txt", self.folder / "pgbouncer.ini"
        chosen = {"pool_mode": "transaction"} | settings
        logins.write_text("".join(f'"{user}" "{PASSWORD}"\n' for user in users), encoding="utf-8")
        file.write_text(
            f"""
[databases]
* = host={target["host"]} port={target["port"]}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {self.port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {logins}
logfile = {self.folder / "log"}
pidfile = {self.folder / "pid"}
"""
            + "".join(f"{name} = {value}\n" for name, value in chosen.items()),
            encoding="utf-8",
        )
        for path in (self.folder, logins, file):
            _give_to_server(path)

    def conninfo(self, dbname: str, user: str) -> str:
        """A connection string through the pooler."""
        return f"postgresql://{user}:{PASSWORD}@127.0.0.1:{self.port}/{dbname}"

    def __enter__(self) -> Self:
        account = Account.named("nobody") if running_as_root() else None
        # The port was held until now, so that nobody else was given it.
        self._socket.close()
        self._process = subprocess.Popen(
            [PGBOUNCER, "--quiet", self.folder / "pgbouncer.ini"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(START_SECONDS)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def _give_to_server(path: Path) -> None:
    if running_as_root():
        account = Account.named("nobody")
        os.chown(path, account.uid, account.gid)
