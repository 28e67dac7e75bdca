"""One secret at a time, and never without its row in the log."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ASHA, PHONE, keyring, opened, phone_integration
from tests.support.database.schema import run_files_with_roles
from tests.support.terminal.console_driver import add
from tui.data.integrations.reveal import open_secret
from tui.errors import DatabaseFailed, NotFound, PermissionDenied

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer


def opening_log_rows(conninfo: str, action: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        query = "select user_id, status, details from integration_audit_logs where action = %s"
        return connection.execute(query, (action,)).fetchall()


@pytest.mark.parametrize(("purpose", "action"), [("reveal", "credential_revealed"), ("copy", "credential_copied")])
async def test_an_opened_secret_is_in_the_log_with_who_and_which_field(
    keyed_database: str, purpose: Any, action: str
) -> None:
    await add(keyed_database)
    async with opened(keyed_database, read_only=True) as database:
        secret = await open_secret(database, keyring(), await phone_integration(database), "api_key", purpose)
    assert secret.reveal("a test") == PHONE["api_key"]
    ((who, status, details),) = opening_log_rows(keyed_database, action)
    assert (who, status, details["fields"]) == (ASHA, "success", ["api_key"])
    assert PHONE["api_key"] not in str(details)


async def test_the_eleventh_reveal_in_five_minutes_is_refused_by_the_database(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        integration = await phone_integration(database)
        for _ in range(10):
            await open_secret(database, keyring(), integration, "api_key", "reveal")
        with pytest.raises(DatabaseFailed) as caught:
            await open_secret(database, keyring(), integration, "api_key", "reveal")
        assert re.fullmatch(
            r"More than 10 reveals and loans in 5 minutes are refused: the next is possible in (299|300) s\.",
            caught.value.sentence,
        )
        await open_secret(database, keyring(), integration, "api_key", "copy")
    assert len(opening_log_rows(keyed_database, "credential_revealed")) == 10


async def test_a_field_that_is_not_stored_says_so(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        with pytest.raises(NotFound):
            await open_secret(database, keyring(), await phone_integration(database), "caller_id", "reveal")


async def test_a_support_login_is_refused_and_sees_nothing(postgres: TestServer, empty_database: str) -> None:
    await run_files_with_roles(empty_database)
    await add(empty_database)
    postgres.create_role("sam", "login in role switchboard_support")
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="sam")
    async with opened(url) as database:
        with pytest.raises(PermissionDenied):
            await open_secret(database, keyring(), await phone_integration(database), "api_key", "reveal")
