"""Prepares the demo: a server that runs, its database with today's schema and sample data, and the settings for it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
import psycopg
from psycopg import sql

from tui.data.keys.master_key import MasterKey, generate_master_key
from tui.data.schema.files import schema_files
from tui.data.schema.install import install
from tui.demo import locks, sample, sample_checks, sample_log, sample_organizations
from tui.demo.account import account_for_root, running_as_root
from tui.demo.embedded import EmbeddedServer
from tui.demo.sample_organizations import ORGANIZATIONS
from tui.errors import DemoFailed

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from tui.demo.account import Account

SOURCES = (sample, sample_checks, sample_log, sample_organizations)
DATABASE = "switchboard_demo"
OWNER = "switchboard"
BUILT = "select shobj_description(oid, 'pg_database') from pg_database where datname = %s"
# Out of every home folder: the server of root runs as an account of its own, and no home is opened for it.
ROOTS_FOLDER = Path("/var/lib/switchboard/demo")


@dataclass(frozen=True, slots=True)
class DemoSession:
    """A running demo. `environment` has all the settings it needs; nothing else that is configured applies.

    `notice` is one line to be printed before the console opens, or None.
    """

    server: EmbeddedServer
    environment: dict[str, str]
    notice: str | None

    def keep_key(self, key: MasterKey) -> None:
        """Keep another master key, which the next start is given. Raises DemoFailed."""
        file = _key_file(self.server)
        try:
            build = file.read_text(encoding="utf-8").partition("\n")[0]
            _write_private(file, f"{build}\n{key.reveal('keep what the demo is changed to')}")
        except OSError as error:
            raise DemoFailed(
                f"The new key cannot be kept for the demo's next start: {error.strerror}.",
                "Start that with `switchboard demo --reset`.",
            ) from None

    def close(self) -> None:
        """Leave the server; the last console stops it."""
        self.server.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def demo_folder() -> Path:
    """Where the demo is kept: the user's data folder, and for root a folder outside of every home."""
    return ROOTS_FOLDER if running_as_root() else platformdirs.user_data_path("switchboard") / "demo"


def demo_server(*, reset: bool, folder: Path | None = None, account: Account | None = None) -> EmbeddedServer:
    """Return the demo's server, not started; with `reset` emptied. Raises DemoFailed.

    `folder` is where it is kept, by default `demo_folder()`. As root it runs as `account`, by default one of its own.
    """
    if running_as_root():
        account = account or account_for_root()
    server = EmbeddedServer(folder or demo_folder(), account=account)
    if reset:
        server.reset()
    return server


def prepare_demo(*, reset: bool, folder: Path | None = None, account: Account | None = None) -> DemoSession:
    """Start the demo's server and build its database where it is missing or was built by another version.

    Takes about three seconds the first time and a tenth of a second later. Arguments as for `demo_server`. Raises
    DemoFailed.
    """
    server = demo_server(reset=reset, folder=folder, account=account)
    if server.cluster_version not in (None, server.version):
        server.reset()
    server.start()
    try:
        with locks.exclusive_lock(server.data_dir / "build.lock"):
            key = _ready(server) or _build(server)
    except BaseException:
        server.stop()
        raise
    largest = ORGANIZATIONS[0]
    environment = {
        "DATABASE_URL": server.conninfo(DATABASE, user=OWNER),
        "ENCRYPTION_MASTER_KEY": key,
        # Some rows are in the other program's format to show it; that program is not there, so new rows are not.
        "SWITCHBOARD_CREDENTIAL_FORMAT": "sb2",
        "SWITCHBOARD_ORGANIZATION": str(largest.id),
        "SWITCHBOARD_OPERATOR": largest.email(largest.administrator),
    }
    return DemoSession(server, environment, server.notice)


def _ready(server: EmbeddedServer) -> str | None:
    """Return the master key where the database is complete, of this version, and the one the key was made for."""
    try:
        build, _, key = _key_file(server).read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return None
    with psycopg.connect(server.conninfo("postgres")) as connection:
        row = connection.execute(BUILT, [DATABASE]).fetchone()
    return key if row == (f"{_version()} {build}",) else None


def _build(server: EmbeddedServer) -> str:
    if not server.has_no_other_user():
        raise DemoFailed(
            "Another console is using a demo that another version of Switchboard has built.",
            "Quit that console first (q), then start this one again.",
        )
    _key_file(server).unlink(missing_ok=True)
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        names = {"database": sql.Identifier(DATABASE), "owner": sql.Identifier(OWNER)}
        connection.execute(sql.SQL("drop database if exists {database} with (force)").format(**names))
        if not connection.execute("select 1 from pg_roles where rolname = %s", [OWNER]).fetchone():
            connection.execute(sql.SQL("create role {owner} login createrole").format(**names))
        connection.execute(sql.SQL("create database {database} owner {owner}").format(**names))
    key, build = generate_master_key().reveal("keep the demo's own key"), secrets.token_hex(8)
    uri = server.conninfo(DATABASE, user=OWNER)
    with psycopg.connect(uri) as connection:
        sample.create_people(connection)
    # In a thread of its own, because a caller's may be running an event loop already.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, install(uri, operator_label="switchboard demo", roles=True)).result()
    with psycopg.connect(uri) as connection:
        sample.fill(connection, MasterKey(key, "the demo"), datetime.now(UTC))
        comment = sql.SQL("comment on database {} is {}").format(sql.Identifier(DATABASE), f"{_version()} {build}")
        connection.execute(comment)
    _write_private(_key_file(server), f"{build}\n{key}")
    return key


def _key_file(server: EmbeddedServer) -> Path:
    return server.data_dir / "demo.key"


def _version() -> str:
    """What the database was built from, as a hash: the schema and the sample's own source."""
    parts = [Path(module.__file__ or "").read_bytes() for module in SOURCES]
    parts += [file.sha256.encode() for file in schema_files()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 that is either complete or not there."""
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
