"""Prints what the proof of a row costs and weighs, for hours of 1,000 and of 100,000 rows: `... bench_proofs [SEALS]`.

The chain has as many seals as are asked for, by default 2,000; with 87,600 it is that of ten years.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import TYPE_CHECKING

import psycopg

from tests.support.acme import opened
from tests.support.database.seal_tampering import KEY, LOG, seal
from tests.support.servers.postgres import TestServer, run_schema_files
from tui.data.seals.proofs.checkpoints import read_checkpoint_of_newest
from tui.data.seals.proofs.proof import check_proof, read_proof
from tui.data.seals.proofs.proving import prove_row

if TYPE_CHECKING:
    from uuid import UUID

HOURS = {"2026-01-01 08:00": 1_000, "2026-01-01 09:00": 100_000}
FILL = f"""
insert into {LOG} (organization_id, user_id, integration_type, action, status, details, ip_address, user_agent,
                   created_at)
select gen_random_uuid(), gen_random_uuid(), 'exotel_phone', 'call_made', 'success',
       jsonb_build_object('to', '+9198450' || n, 'duration', n %% 300, 'operation_id', gen_random_uuid()), '192.0.2.7',
       'backend/1.0', %s::timestamptz + n * (%s::interval)
  from generate_series(1, %s) n
"""
OF_HOUR = f"select id from {LOG} where created_at >= %s and created_at < %s::timestamptz + interval '1 hour' limit 20"


async def prove(conninfo: str, rows: list[UUID]) -> None:
    """Print what the proofs of these rows take."""
    made, checked, sizes = [], [], []
    async with opened(conninfo) as database:
        for row in rows:
            began = time.perf_counter()
            proof = await prove_row(database, row)
            made.append(time.perf_counter() - began)
            text = str(proof)
            sizes.append(len(text.encode()) - len(proof.row.encode()))
            began = time.perf_counter()
            check_proof(read_proof(text), [KEY.public_key])
            checked.append(time.perf_counter() - began)
        checkpoint = await read_checkpoint_of_newest(database)
    made_ms, checked_ms = (statistics.median(times) * 1000 for times in (made, checked))
    print(f"  made in {made_ms:.0f} ms, checked offline in {checked_ms:.2f} ms, {max(sizes):,} bytes beside the row")
    assert checkpoint is not None
    print(f"  checkpoint of {checkpoint.size:,} seals: {len(str(checkpoint).encode())} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_proofs", description=__doc__)
    parser.add_argument("seals", type=int, nargs="?", default=2_000)
    seals = parser.parse_args().seals
    server = TestServer()
    try:
        conninfo = server.conninfo(server.create_database(prefix="proofs"))
        run_schema_files(conninfo)
        with psycopg.connect(conninfo) as connection:
            for hour, rows in HOURS.items():
                connection.execute(FILL.encode(), (f"{hour}+00", f"{3500 / rows} seconds", rows))
            connection.execute(FILL.encode(), ("2015-01-01 00:00+00", "1 hour", seals))
        asyncio.run(seal(conninfo))
        for hour, rows in HOURS.items():
            print(f"an hour of {rows:,} rows")
            with psycopg.connect(conninfo) as connection:
                ids = [row for (row,) in connection.execute(OF_HOUR.encode(), (f"{hour}+00", f"{hour}+00"))]
            asyncio.run(prove(conninfo, ids))
    finally:
        server.close()


if __name__ == "__main__":
    main()
