"""switchboard.may: what it allows, why not, and that the data module judges the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.database.people import directory_database, integration, person
from tests.support.waiting import wait_until
from tui.data.permissions.effective import access_of_person, enforcement
from tui.data.rights import RIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

NOBODY = UUID(int=0xFF)
PERMIT = "insert into public.user_integration_permissions (user_id, integration_id, {}) values (%s, %s, {})"
ASK = "select allowed, reason, used_today, used_this_month from switchboard.may(%s, %s, %s)"
SENT = (
    "insert into public.integration_audit_logs "
    "(organization_id, user_id, integration_type, action, status, created_at) "
    "select %s, %s, %s, %s, %s, date_trunc(%s, now(), 'UTC') + %s::interval from generate_series(1, %s)"
)


@pytest.fixture(scope="module")
def shared(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=1) as conninfo:
        yield conninfo


@pytest.fixture
def database(shared: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose transaction is never committed."""
    with psycopg.connect(shared) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def committing(postgres: TestServer) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database of the test's own, which others see as well."""
    with (
        directory_database(postgres, people=1) as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):
        yield connection


def permit(connection: psycopg.Connection[Any], **columns: str) -> None:
    """Person 1 on integration 1, with expressions for the columns."""
    connection.execute("delete from public.user_integration_permissions")
    statement = PERMIT.format(", ".join(columns), ", ".join(columns.values()))
    connection.execute(statement.encode(), [person(1), integration(1)])


def log_sends(
    connection: psycopg.Connection[Any],
    count: int,
    *,
    action: str = "call_made",
    status: str = "success",
    unit: str = "day",
    offset: str = "0",
    organization: UUID = ACME,
    type_: str = "exotel_phone",
) -> None:
    connection.execute(SENT.encode(), [organization, person(1), type_, action, status, unit, offset, count])


def may(
    connection: psycopg.Connection[Any], act: str | None, user: UUID | None = None, identifier: UUID | None = None
) -> tuple[bool, str | None, int, int]:
    row = connection.execute(ASK, [user or person(1), identifier or integration(1), act]).fetchone()
    assert row is not None
    return row


def test_each_flag_allows_its_own_act_and_nothing_else(database: psycopg.Connection[Any]) -> None:
    for right in RIGHTS:
        permit(database, **{f"can_{right}": "true"})
        for act in RIGHTS:
            expected = (True, None, 0, 0) if act == right else (False, f"may not {act}", 0, 0)
            assert may(database, act) == expected
    permit(database, can_view="null")
    assert may(database, "view")[:2] == (False, "may not view")


def test_no_row_no_integration_and_no_such_act_are_told_apart(database: psycopg.Connection[Any]) -> None:
    permit(database, can_view="true")
    assert may(database, "view", user=NOBODY) == (False, "no permission", 0, 0)
    assert may(database, "view", identifier=integration(2)) == (False, "no permission", 0, 0)
    assert may(database, "view", identifier=NOBODY) == (False, "no such integration", 0, 0)
    for act in ("delete", "", None, "VIEW"):
        assert may(database, act)[:2] == (False, "unknown act")
        assert may(database, act, identifier=NOBODY)[:2] == (False, "unknown act")


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ("now() + interval '1 minute'", None),
        ("now() - interval '1 second'", "expired"),
        ("'infinity'", None),
        ("'-infinity'", "expired"),
        ("null", None),
    ],
)
def test_an_expiry_that_has_passed_refuses(database: psycopg.Connection[Any], ends: str, reason: str | None) -> None:
    permit(database, can_view="true", expires_at=ends)
    assert may(database, "view")[:2] == (reason is None, reason)


@pytest.mark.parametrize("active", ["false", "null"])
def test_a_disabled_integration_refuses(database: psycopg.Connection[Any], active: str) -> None:
    permit(database, can_view="true")
    database.execute(f"update public.integration_credentials set is_active = {active}")
    assert may(database, "view")[:2] == (False, "integration disabled")


def test_a_limit_refuses_the_send_after_the_last_one_and_nothing_but_sends(database: psycopg.Connection[Any]) -> None:
    permit(database, can_view="true", can_send="true", can_configure="true", daily_limit="3", monthly_limit="5")
    log_sends(database, 2)
    assert may(database, "send") == (True, None, 2, 2)
    log_sends(database, 1, action="whatsapp_sent")
    assert may(database, "send") == (False, "daily limit reached", 3, 3)
    assert may(database, "view") == (True, None, 3, 3)
    assert may(database, "configure")[0]
    permit(database, can_send="true", daily_limit="9", monthly_limit="3")
    assert may(database, "send") == (False, "monthly limit reached", 3, 3)
    permit(database, can_send="true", daily_limit="0")
    assert may(database, "send")[1] == "daily limit reached"
    permit(database, can_send="true")
    assert may(database, "send")[0]


def test_only_successful_sends_of_this_integration_in_this_day_and_month_of_utc_count(
    database: psycopg.Connection[Any],
) -> None:
    permit(database, can_send="true")
    database.execute("set timezone = 'Pacific/Auckland'")
    ignored: list[dict[str, Any]] = [
        {"status": "failed"},
        {"status": "pending"},
        {"action": "connection_tested"},
        {"organization": GLOBEX},
        {"type_": "exotel_sms"},
        {"unit": "month", "offset": "-1 microsecond"},
    ]
    for columns in ignored:
        log_sends(database, 1, **columns)
        assert may(database, "send") == (True, None, 0, 0), columns
    log_sends(database, 1)
    log_sends(database, 1, unit="month")
    row = database.execute(
        "select 1 + (date_trunc('day', now(), 'UTC') = date_trunc('month', now(), 'UTC'))::int"
    ).fetchone()
    assert row is not None
    assert may(database, "send") == (True, None, row[0], 2)


def test_more_actions_can_be_made_to_count_and_what_was_taken_out_stays_out(
    postgres: TestServer, committing: psycopg.Connection[Any]
) -> None:
    from tests.support.servers.postgres import run_schema_files

    permit(committing, can_send="true", daily_limit="1")
    log_sends(committing, 1, action="fax_sent")
    assert may(committing, "send")[0]
    committing.execute("insert into switchboard.send_actions values ('fax_sent')")
    committing.execute("delete from switchboard.send_actions where action = 'call_made'")
    assert may(committing, "send") == (False, "daily limit reached", 1, 1)
    run_schema_files(postgres.conninfo(committing.info.dbname))
    row = committing.execute("select array_agg(action::text order by action) from switchboard.send_actions").fetchone()
    assert row == (["email_sent", "fax_sent", "message_sent", "sms_sent", "whatsapp_sent"],)


async def test_what_the_console_says_is_what_may_answers(
    postgres: TestServer, committing: psycopg.Connection[Any]
) -> None:
    log_sends(committing, 2)
    log_sends(committing, 3, unit="month")
    cases = [
        {"can_view": "true"},
        {"can_view": "true", "can_send": "true", "daily_limit": "2"},
        {"can_send": "true", "monthly_limit": "4"},
        {"can_configure": "true", "expires_at": "now() - interval '1 day'"},
        {"can_view": "true", "can_send": "true", "can_configure": "true", "expires_at": "'infinity'"},
    ]
    async with opened(postgres.conninfo(committing.info.dbname)) as console:
        for columns in cases:
            permit(committing, **columns)
            for active in ("true", "false"):
                committing.execute(f"update public.integration_credentials set is_active = {active}")
                entries = await access_of_person(console, ACME, person(1))
                assert len(entries) == 2
                for access in entries:
                    for decision in access.decisions:
                        answer = may(committing, decision.right, identifier=access.integration.id)
                        judged = (decision.allowed, decision.reason, access.use.today, access.use.this_month)
                        assert judged == answer


async def test_whether_anything_asks_is_counted_by_the_server_or_not_known(
    postgres: TestServer, committing: psycopg.Connection[Any]
) -> None:
    conninfo = postgres.conninfo(committing.info.dbname)
    async with opened(conninfo) as console:
        not_counted = await enforcement(console)
        assert not_counted.calls is None
        assert not_counted.sentence().startswith(
            "It is not known whether any program checks these limits: track_functions"
        )
    committing.execute(f"alter database {committing.info.dbname} set track_functions = 'pl'")
    async with opened(conninfo) as console:
        await access_of_person(console, ACME, person(1))
        no_call = await enforcement(console)
        assert no_call.calls == 0
        assert "nothing has called" in no_call.sentence()
    with psycopg.connect(conninfo) as program:
        backend = program.info.backend_pid
        may(program, "send")
    # It counts its calls as it ends, a little after the client has gone.
    is_there = "select from pg_stat_activity where pid = %s"
    wait_until(lambda: committing.execute(is_there, [backend]).fetchone() is None)
    async with opened(conninfo) as console:
        one_call = await enforcement(console)
        assert one_call.calls == 1
        assert "called once" in one_call.sentence()
