"""What a rotation costs beside one UPDATE of the same rows: `python -m tests.benchmarks.bench_rotation [ROWS]`.

ROWS credentials and as many versions are rotated; the floor is one UPDATE of each table in the same run, on a copy of
the same database and with the same triggers. Prints both, their ratio (at most 3), and what the process holds at most.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from uuid import uuid4

import psycopg

from tests.support.acme import MASTER_KEY, OTHER_MASTER_KEY, SALT, keyring, opened
from tests.support.servers.postgres import TestServer
from tui.data.keys.encryption import RowBinding
from tui.data.keys.rotation import prepare_key_change, rotate_keys

MOST = 3.0
KEYS = "insert into switchboard.keys (key_id, purpose, salt) values (%s, 'master', %s)"
UPDATES = (
    "update public.integration_credentials set credentials_encrypted = credentials_encrypted || 'x'",
    "update switchboard.credential_versions set envelope = envelope || 'x'",
)
PLAINTEXT = (
    b'{"account_sid": "acme1", "api_key": "5f0c1e2d3b4a59687766554433221100", "api_token": "99887766554433221100"}'
)


def fill(conninfo: str, rows: int) -> None:
    """Add credentials of one organisation each, every tenth of them legacy, and a version of each."""
    ring = keyring(MASTER_KEY)
    with psycopg.connect(conninfo) as connection:
        connection.execute("select set_config('session_replication_role', 'replica', false)")
        connection.execute("alter table public.integration_credentials disable trigger all")
        connection.execute(KEYS, [MASTER_KEY.key_id(SALT), SALT])
        with connection.cursor() as cursor:
            bindings = [RowBinding(uuid4(), uuid4(), "exotel_phone") for _ in range(rows)]
            sealed = [
                ring.seal(PLAINTEXT, binding, format="legacy" if place % 10 == 0 else "sb2", salt=SALT)
                for place, binding in enumerate(bindings)
            ]
            for table, extra, value in (
                (
                    "public.integration_credentials (id, organization_id, integration_type, credentials_encrypted",
                    "",
                    (),
                ),
                (
                    "switchboard.credential_versions (credential_id, organization_id, integration_type, envelope",
                    ", kind",
                    ("updated",),
                ),
            ):
                with cursor.copy(f"copy {table}{extra}) from stdin") as copy:
                    for binding, envelope in zip(bindings, sealed, strict=True):
                        copy.write_row(
                            (binding.row_id, binding.organization_id, binding.integration_type, envelope, *value)
                        )
        connection.execute("alter table public.integration_credentials enable trigger all")
        for trigger in ("log_change", "log_truncate", "remember", "forget", "versions", "versions_deleted"):
            connection.execute(
                f"alter table public.integration_credentials enable always trigger switchboard_{trigger}"
            )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("vacuum analyze public.integration_credentials")
        connection.execute("vacuum analyze switchboard.credential_versions")


def floor(conninfo: str) -> float:
    """Seconds of one UPDATE of each table, in a transaction."""
    with psycopg.connect(conninfo) as connection:
        started = time.perf_counter()
        # The rows of the credentials are marked as those of a rotation: neither side keeps a version.
        connection.execute("select switchboard.begin_rotation(%s, %s, 'x', %s)", [MASTER_KEY.key_id(SALT), SALT, SALT])
        for statement in UPDATES:
            connection.execute(statement)
        seconds = time.perf_counter() - started
        connection.rollback()
        return seconds


async def rotation(conninfo: str) -> float:
    """Seconds of the whole rotation."""
    async with opened(conninfo) as database:
        started = time.perf_counter()
        change = await prepare_key_change(database, keyring(MASTER_KEY), OTHER_MASTER_KEY, None)
        result = await rotate_keys(database, change, left_out=frozenset())
        seconds = time.perf_counter() - started
        print(f"  {result.after.credentials} credentials, {result.after.versions} versions, {result.after.by_format}")
        return seconds


def main() -> None:
    """Print the figures of one run."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database(prefix="rotation"))
        from tests.support.database.schema import installed

        asyncio.run(installed(conninfo))
        fill(conninfo, rows)
        held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        least = floor(conninfo)
        took = asyncio.run(rotation(conninfo))
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"one UPDATE of each {least:.1f} s; rotation {took:.1f} s: {took / least:.2f}x (at most {MOST:.1f}x)")
        print(f"resident {held:.0f} MiB before, {most:.0f} MiB at most")
    finally:
        server.close()


if __name__ == "__main__":
    main()
