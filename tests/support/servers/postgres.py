"""Real Postgres servers for tests: databases made, cloned and dropped, roles cleaned up, the log at hand."""

from __future__ import annotations

import itertools
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import sql

from tests.support.run_folder import made_once, run_folder
from tests.support.servers.folders import new_folder
from tui.demo.account import Account, running_as_root
from tui.demo.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA_FILES = Path(__file__).parents[3] / "sql"


class TestServer:
    """An embedded server in a temporary folder of its own, with a superuser and any number of databases.

    Socket logins need no password: `conninfo("db", user="anyone")`. Over TCP (`conninfo(..., password=...)`)
    passwords are asked for.
    """

    __test__ = False
    server_class: type[EmbeddedServer] = EmbeddedServer

    def __init__(self, *, version: int = 18, superuser: str = "postgres") -> None:
        self._numbers = itertools.count(1)
        self._keeper: psycopg.Connection | None = None
        self.port = free_port()
        self.folder = new_folder("switchboard-test-")
        account = Account.named("nobody") if running_as_root() else None
        self.server = self.server_class(
            self._copied_cluster(version, account, superuser),
            version=version,
            account=account,
            superuser=superuser,
            settings={"listen_addresses": "127.0.0.1", "port": str(self.port)} | self.settings(),
        )
        try:
            self.server.start()
            self._roles_at_start = self.roles()
        except BaseException:
            self.close()
            raise

    def settings(self) -> dict[str, str]:
        """What the server is configured with; its folder is there by now."""
        return {"log_statement": "none", "log_min_messages": "warning", "max_prepared_transactions": "4"}

    def _copied_cluster(self, version: int, account: Account | None, superuser: str) -> Path:
        """A copy of what the first worker that needs such a server has made: a tenth of the work of making it anew."""

        def make(folder: Path) -> None:
            with self.server_class(folder, version=version, account=account, superuser=superuser):
                pass

        made = made_once(run_folder() / f"{self.server_class.__name__}-{version}-{superuser}", make)
        subprocess.run(["cp", "-a", made, self.folder / "postgres"], check=True)
        return self.folder / "postgres"

    def close(self) -> None:
        """Stop the server and delete its folder."""
        if self._keeper is not None:
            self._keeper.close()
        self.server.stop()
        shutil.rmtree(self.folder)

    def conninfo(self, dbname: str = "postgres", *, user: str | None = None, password: str | None = None) -> str:
        """A connection URI: over the socket, or over TCP with a password."""
        if password is None:
            return self.server.conninfo(dbname, user=user)
        login, secret = quote(user or self.server.superuser, safe=""), quote(password, safe="")
        return f"postgresql://{login}:{secret}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    @property
    def binaries(self) -> Path:
        """The folder with psql, pg_dump and the rest of this server's version."""
        return self.server.binaries

    def admin(self, dbname: str = "postgres") -> psycopg.Connection:
        """A superuser's connection in autocommit."""
        return psycopg.connect(self.conninfo(dbname), autocommit=True)

    def _keep(self) -> psycopg.Connection:
        """The superuser's connection that makes and drops: one for all tests, unless a test ended it."""
        if self._keeper is None or self._keeper.broken or self._keeper.closed:
            self._keeper = self.admin()
        return self._keeper

    def create_database(self, *, template: str = "template1", owner: str | None = None, prefix: str = "db") -> str:
        """Create a database and return its name."""
        name = f"{prefix}_{next(self._numbers)}"
        # Copied as files, a database costs a third of what it costs page by page through the log; and it comes with
        # the cache of its catalogue that its first connection would otherwise have to build.
        statement = sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        )
        if owner is not None:
            statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
        self._keep().execute(statement)
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, ending whoever is connected to it."""
        self._keep().execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def create_role(self, name: str, options: str = "login") -> None:
        """Create a role, for example create_role("eve", "login password 'x' in role switchboard_support")."""
        self._keep().execute(sql.SQL("create role {} {}").format(sql.Identifier(name), sql.SQL(options)))

    def roles(self) -> set[str]:
        """Names of all roles of the server."""
        return {name for (name,) in self._keep().execute("select rolname from pg_roles").fetchall()}

    def drop_new_roles(self) -> None:
        """Drop the roles that a test made; its databases must be gone."""
        for name in self.roles() - self._roles_at_start:
            self._keep().execute(sql.SQL("drop owned by {} cascade").format(sql.Identifier(name)))
            self._keep().execute(sql.SQL("drop role {}").format(sql.Identifier(name)))

    @contextmanager
    def own_database(
        self, *, template: str = "template1", owner: str | None = None, prefix: str = "db"
    ) -> Iterator[str]:
        """Name of a new database that is dropped at the end, with the roles that were made meanwhile."""
        name = self.create_database(template=template, owner=owner, prefix=prefix)
        yield name
        self.drop_database(name)
        self.drop_new_roles()

    @contextmanager
    def keeping_roles(self) -> Iterator[None]:
        """Until the end, the roles that are there now are no test's to be dropped: a template has granted to them."""
        before, self._roles_at_start = self._roles_at_start, self.roles()
        try:
            yield
        finally:
            self._roles_at_start = before

    def log_every_statement(self, dbname: str) -> None:
        """Let new sessions of that database log each statement with its parameters."""
        self._keep().execute(sql.SQL("alter database {} set log_statement = 'all'").format(sql.Identifier(dbname)))

    def log_size(self) -> int:
        """Bytes in the server's log: a mark for `log_since`."""
        return self.server.log.stat().st_size

    def log_since(self, mark: int = 0) -> str:
        """What the server logged after the mark."""
        with self.server.log.open("rb") as log:
            log.seek(mark)
            return log.read().decode("utf-8", "backslashreplace")


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def run_schema_files(conninfo: str) -> None:
    """Run sql/*.sql in order in one transaction, as `psql -1 -f ... -f ...` does."""
    with psycopg.connect(conninfo) as connection:
        for file in sorted(SCHEMA_FILES.glob("*.sql")):
            connection.execute(file.read_text(encoding="utf-8"))
