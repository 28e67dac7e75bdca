"""Prints what the log costs logins of a scope beside its owner: `python -m tests.benchmarks.bench_scope [ROWS]
[--folder DIR]`.

As bench_roles does it, and on the same log, for an auditor who sees everything, and for those of one organisation
(the largest, one in the middle, the smallest of 50) and of ten. Budget: 1.3 of the owner's figure in the same run.
In the first table everybody asks for what they see, so that a search for words goes further back the less that is; in
the second all ask for the same organisation.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from uuid import UUID

import psycopg

from tests.benchmarks.bench_roles import MEASURES, compare
from tests.benchmarks.log_server import LogServer
from tests.support.servers.postgres import run_schema_files

BUDGET = 1.3
# Of generate_audit.sql: the n-th of 50 by its number of rows.
SCOPES: dict[str, tuple[int, ...]] = {
    "everything": (),
    "largest": (1,),
    "middle": (25,),
    "smallest": (50,),
    "ten": tuple(range(1, 50, 5)),
}
ORGANIZATION = "select md5('org' || n)::uuid from unnest(%s::int[]) n"
FILTERED = {
    f"{title}, of the largest": (f"org:{{largest}} {line}", measure) for title, (line, measure) in MEASURES.items()
}


def map_logins(conninfo: str) -> dict[str, UUID]:
    """Give each scope a login; return the largest organisation by the name that FILTERED has for it."""
    person = UUID(int=1)
    with psycopg.connect(conninfo) as connection:
        existing = {name for (name,) in connection.execute("select rolname::text from pg_roles").fetchall()}
        if "switchboard_auditor" not in existing:
            connection.execute("create role switchboard_auditor nologin")
        for scope in SCOPES:
            if f"bench_{scope}" not in existing:
                connection.execute(f"create role bench_{scope} login in role switchboard_auditor".encode())
    # Its policies and grants are for the roles that exist.
    run_schema_files(conninfo)
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from switchboard.logins")
        connection.execute(
            "insert into switchboard.people_labels (id, label) values (%s, 'x') on conflict do nothing", [person]
        )
        for scope, numbers in SCOPES.items():
            organizations = [value for (value,) in connection.execute(ORGANIZATION, [list(numbers)]).fetchall()]
            connection.execute(
                "select switchboard.map_login(%s, %s, 'auditor', %s, %s, false, null, session_user::text)",
                [f"bench_{scope}", person, organizations, not numbers],
            )
        (largest,) = connection.execute(ORGANIZATION, [[1]]).fetchone() or (person,)
    return {"largest": largest}


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_scope", description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the server is kept for the next time")
    chosen = parser.parse_args()
    with LogServer(chosen.rows, chosen.folder) as log:
        names = map_logins(log.conninfo)
        asyncio.run(compare(log.conninfo, {scope: f"bench_{scope}" for scope in SCOPES}, MEASURES, BUDGET))
        of_one = {title: (line.format(**names), measure) for title, (line, measure) in FILTERED.items()}
        seeing = {scope: f"bench_{scope}" for scope in ("everything", "largest", "ten")}
        asyncio.run(compare(log.conninfo, seeing, of_one, BUDGET))
        with psycopg.connect(log.conninfo) as connection:
            connection.execute("delete from switchboard.logins")


if __name__ == "__main__":
    main()
