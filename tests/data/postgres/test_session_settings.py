"""What a session is pinned to is what the server shows afterwards, on whatever system the server runs."""

from __future__ import annotations

import psycopg

from tui.data.postgres.session_settings import _PINNED, Limits, pin_session

LIMITS = Limits(lock_ms=5_000, statement_ms=60_000, idle_in_transaction_ms=60_000)
CHECKED = "client_connection_check_interval"
ELSEWHERE = (
    "PostgreSQL 16.4, compiled by Visual C++ build 1941, 64-bit",
    "PostgreSQL 17.2 on x86_64-windows, compiled by msvc-19.42.34435, 64-bit",
    "PostgreSQL 14.5 on aarch64-apple-darwin21, compiled by Apple clang version 13.1.6, 64-bit",
)


async def _settings(connection: psycopg.AsyncConnection[tuple[str, str]]) -> dict[str, str]:
    rows = await connection.execute("select name, current_setting(name) from pg_settings")
    return dict(await rows.fetchall())


async def test_a_pinned_session_shows_each_value_as_it_is_written(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as connection:
        await pin_session(connection, LIMITS)
        settings = await _settings(connection)
    # Else what is so already would be set again, also by who may not.
    assert {name: settings[name] for name in _PINNED if name in settings and settings[name] != _PINNED[name]} == {}
    assert settings[CHECKED] == "2s"


async def test_the_line_to_the_client_is_looked_at_only_where_the_server_can(empty_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as connection:
        await connection.execute("alter function pg_catalog.version() rename to real_version")
        for version in ELSEWHERE:
            await connection.execute(
                f"create or replace function pg_catalog.version() returns text language sql as $$ select '{version}' $$"
            )
            await pin_session(connection, LIMITS)
            settings = await _settings(connection)
            assert settings[CHECKED] == "0", version
            assert settings["row_security"] == "on"
