"""Prints what the triggers cost a write, its floor and budget: `python -m tests.benchmarks.bench_triggers [rounds]`."""

from __future__ import annotations

import statistics
import sys
import time
from uuid import UUID

import psycopg

from tests.support.servers.postgres import TestServer, run_schema_files

HOME = UUID("11111111-1111-4111-8111-111111111111")
ROWS = 10_000
BUDGET_ONE = 0.6  # ms
BUDGET_BULK = 1.5  # s
BUDGET_DELETE = 5.0  # s
ENVELOPE = "0" * 32 + ":" + "a" * 32 + ":" + "c0ffee" * 100


def one_update(connection: psycopg.Connection, rounds: int) -> list[float]:
    """Milliseconds of each of so many updates of one credential, committed one by one."""
    milliseconds = []
    for n in range(rounds):
        started = time.perf_counter()
        connection.execute("update public.integration_credentials set display_name = %s", [str(n)])
        milliseconds.append((time.perf_counter() - started) * 1000)
    return milliseconds


def bulk_update(connection: psycopg.Connection, rows: int) -> tuple[float, float]:
    """Seconds of one update of so many numbers, and of writing as many rows of the log as it wrote by one INSERT."""
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into public.organization_phone_numbers (organization_id, phone_number) "
            "select %s, n::text from generate_series(1, %s) n",
            [HOME, rows],
        )
        started = time.perf_counter()
        connection.execute("update public.organization_phone_numbers set display_name = 'x'")
        updated = time.perf_counter()
        connection.execute(
            "insert into public.integration_audit_logs select gen_random_uuid(), organization_id, user_id, "
            "integration_type, action, status, details, ip_address, user_agent, clock_timestamp() "
            "from public.integration_audit_logs where action = 'number_updated' limit %s",
            [rows],
        )
        return updated - started, time.perf_counter() - updated


def bulk_delete(connection: psycopg.Connection, rows: int) -> tuple[float, int]:
    """Seconds of one delete of so many integrations with a permission and a number each, and the bytes it kept."""
    memory = "select sum(used_bytes)::bigint from pg_backend_memory_contexts"
    connection.execute(
        "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "select gen_random_uuid(), 'exotel_sms', %s from generate_series(1, %s)",
        [ENVELOPE, rows],
    )
    connection.execute(
        "insert into public.user_integration_permissions (user_id, integration_id) "
        "select gen_random_uuid(), id from public.integration_credentials where integration_type = 'exotel_sms'"
    )
    connection.execute(
        "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number) "
        "select organization_id, id, '1' from public.integration_credentials where integration_type = 'exotel_sms'"
    )
    (before,) = connection.execute(memory).fetchone() or (0,)
    started = time.perf_counter()
    connection.execute("delete from public.integration_credentials where integration_type = 'exotel_sms'")
    seconds = time.perf_counter() - started
    (after,) = connection.execute(memory).fetchone() or (0,)
    return seconds, after - before


def main(rounds: int) -> None:
    server = TestServer()
    try:
        name = server.create_database(prefix="bench")
        run_schema_files(server.conninfo(name))
        with psycopg.connect(server.conninfo(name), autocommit=True) as connection:
            connection.execute(
                "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
                "values (%s, 'zoho_mail', %s)",
                [HOME, ENVELOPE],
            )
            one_update(connection, rounds // 10)
            singles: dict[str, list[float]] = {"on": [], "off": []}
            bulks: dict[str, list[tuple[float, float]]] = {"on": [], "off": []}
            # Alternating, so that neither side has the warmer half of the run.
            for _ in range(4):
                for state in ("off", "on"):
                    for table in ("integration_credentials", "organization_phone_numbers"):
                        word = "disable" if state == "off" else "enable always"
                        connection.execute(f"alter table public.{table} {word} trigger switchboard_log_change")
                    singles[state] += one_update(connection, rounds // 4)
                    bulks[state].append(bulk_update(connection, ROWS))
            bulk_delete(connection, ROWS // 10)
            deleted = {rows: bulk_delete(connection, rows) for rows in (ROWS // 10, ROWS)}
        for rows, (seconds, kept_bytes) in deleted.items():
            print(
                f"{rows:,} integrations with two children each, one delete: {seconds:.2f} s, {kept_bytes:,} bytes kept"
            )
        for state, milliseconds in singles.items():
            print(
                f"log triggers {state:>3}: one update, committed: median {statistics.median(milliseconds):.2f} ms, "
                f"95 % under {statistics.quantiles(milliseconds, n=20)[-1]:.2f} ms; "
                f"{ROWS:,} rows in one update: {min(updated for updated, _ in bulks[state]):.2f} s"
            )
        off = min(updated for updated, _ in bulks["off"])
        floor = off + min(copied for _, copied in bulks["on"])
        print(f"floor: {floor:.2f} s for the update and a plain INSERT of as many rows of the log")
        print(f"budget: one update {BUDGET_ONE} ms; {ROWS:,} rows {BUDGET_BULK} s, deleted {BUDGET_DELETE} s")
    finally:
        server.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
