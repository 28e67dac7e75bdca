"""Opening envelopes and logging acts: what the database enforces, whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import log_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def database(postgres: TestServer, installed_template: str) -> Iterator[str]:
    name = postgres.create_database(template=installed_template, prefix="tickets")
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database, autocommit=True) as connected:
        connected.execute("delete from switchboard.open_tickets")
        connected.execute("delete from public.integration_credentials")
        yield connected


@pytest.fixture
def integration(connection: Connection) -> UUID:
    row = connection.execute(
        "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "values (gen_random_uuid(), 'zoho_mail', 'the envelope') returning id"
    ).fetchone()
    assert row
    return row[0]


def begin(connection: Connection, integration: UUID, purpose: str = "reveal") -> UUID:
    row = connection.execute("select switchboard.begin_open(%s, %s)", [integration, purpose]).fetchone()
    assert row
    return row[0]


def open_envelope(connection: Connection, ticket: UUID) -> str:
    row = connection.execute("select switchboard.open_envelope(%s)", [ticket]).fetchone()
    assert row
    return row[0]


def refused(connection: Connection, ticket: UUID) -> bool:
    with pytest.raises(psycopg.Error) as caught, connection.transaction():
        open_envelope(connection, ticket)
    return caught.value.sqlstate == "SB002"


@pytest.mark.parametrize(
    ("purpose", "action", "status"),
    [
        ("reveal", "credential_revealed", "success"),
        ("copy", "credential_copied", "success"),
        ("test", "connection_tested", "pending"),
        ("sync", "numbers_synced", "pending"),
    ],
)
def test_a_ticket_opens_once_after_its_log_row_is_committed(
    connection: Connection, integration: UUID, purpose: str, action: str, status: str
) -> None:
    ticket = begin(connection, integration, purpose)
    row = log_of(connection)[-1]
    assert (row["action"], row["status"], row["integration_type"]) == (action, status, "zoho_mail")
    assert row["details"]["integration_id"] == str(integration) and row["details"]["purpose"] == purpose
    assert open_envelope(connection, ticket) == "the envelope"
    assert refused(connection, ticket)
    assert "the envelope" not in str(log_of(connection))


def test_the_transaction_that_logs_cannot_open(connection: Connection, integration: UUID) -> None:
    with connection.transaction():
        ticket = begin(connection, integration)
        assert refused(connection, ticket)
    assert open_envelope(connection, ticket) == "the envelope"


def test_savepoints_do_not_let_the_transaction_that_logs_open(connection: Connection, integration: UUID) -> None:
    with connection.transaction():
        with connection.transaction():
            ticket = begin(connection, integration)
        assert refused(connection, ticket)
        with connection.transaction():
            assert refused(connection, ticket)


def test_a_ticket_whose_log_row_was_rolled_back_opens_nothing(connection: Connection, integration: UUID) -> None:
    with connection.transaction(force_rollback=True):
        ticket = begin(connection, integration)
    assert refused(connection, ticket)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_a_rollback_does_not_give_a_ticket_back(
    connection: Connection, integration: UUID, database: str, isolation: str
) -> None:
    connection.execute(f"set default_transaction_isolation = '{isolation}'")
    for outer in (False, True):
        ticket = begin(connection, integration)
        with connection.transaction(force_rollback=outer):
            with connection.transaction(force_rollback=True):
                assert open_envelope(connection, ticket) == "the envelope"
            assert refused(connection, ticket)
        assert refused(connection, ticket)
        with psycopg.connect(database, autocommit=True) as second:
            assert refused(second, ticket)


def test_a_ticket_is_good_for_thirty_seconds(connection: Connection, integration: UUID) -> None:
    ticket = begin(connection, integration)
    connection.execute("update switchboard.open_tickets set created_at = created_at - interval '31 seconds'")
    assert refused(connection, ticket)
    ticket = begin(connection, integration)
    connection.execute("update switchboard.open_tickets set created_at = created_at - interval '25 seconds'")
    assert open_envelope(connection, ticket) == "the envelope"


def test_a_ticket_belongs_to_its_login(connection: Connection, integration: UUID, postgres: TestServer) -> None:
    postgres.create_role("other", "login superuser")
    ticket = begin(connection, integration)
    with psycopg.connect(postgres.conninfo(connection.info.dbname, user="other"), autocommit=True) as other:
        assert refused(other, ticket)
        # set role, or another session of the same login, is not another login
        connection.execute("set role other")
        assert open_envelope(connection, ticket) == "the envelope"


def test_an_unknown_ticket_opens_nothing(connection: Connection) -> None:
    assert refused(connection, uuid4())


def test_an_integration_that_is_gone_is_said_to_be(connection: Connection, integration: UUID) -> None:
    ticket = begin(connection, integration)
    connection.execute("delete from public.integration_credentials")
    with pytest.raises(psycopg.errors.NoDataFound):
        open_envelope(connection, ticket)
    with pytest.raises(psycopg.errors.NoDataFound):
        begin(connection, integration)


@pytest.mark.parametrize("purpose", ["reveal", "copy"])
def test_the_eleventh_in_five_minutes_is_refused(connection: Connection, integration: UUID, purpose: str) -> None:
    for _ in range(10):
        begin(connection, integration, purpose)
    with pytest.raises(psycopg.Error) as caught:
        begin(connection, integration, purpose)
    assert caught.value.sqlstate == "SB001"
    begin(connection, integration, "test")
    connection.execute("update switchboard.open_tickets set created_at = created_at - interval '5 minutes'")
    begin(connection, integration, purpose)


def test_two_sessions_at_once_share_the_limit(connection: Connection, integration: UUID, database: str) -> None:
    for _ in range(9):
        begin(connection, integration)
    with psycopg.connect(database) as second:
        begin(second, integration)
        connection.execute("set lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            begin(connection, integration)
        second.commit()
    with pytest.raises(psycopg.Error) as caught:
        begin(connection, integration)
    assert caught.value.sqlstate == "SB001"


@pytest.mark.parametrize("purpose", ["", "look", None])
def test_an_envelope_opens_for_known_purposes_only(connection: Connection, integration: UUID, purpose: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        begin(connection, integration, purpose)


@pytest.mark.parametrize(
    "action", ["connection_tested", "numbers_synced", "log_exported", "log_sealed", "keys_rotated", "schema_changed"]
)
def test_a_program_logs_its_acts_with_evidence(connection: Connection, action: str) -> None:
    home = uuid4()
    connection.execute(
        "select switchboard.log_act(%s, %s, 'zoho_mail', 'failed', %s)",
        [action, home, '{"why": "x", "source": "trigger", "session_user": "somebody"}'],
    )
    row = log_of(connection)[-1]
    assert (row["action"], row["status"], row["organization_id"]) == (action, "failed", home)
    assert row["details"]["why"] == "x"
    assert (row["details"]["source"], row["details"]["session_user"]) == ("switchboard", "postgres")


@pytest.mark.parametrize(
    ("action", "status", "details"),
    [
        ("credential_created", "success", "{}"),
        ("credential_revealed", "success", "{}"),
        ("call_made", "success", "{}"),
        (None, "success", "{}"),
        ("log_exported", "done", "{}"),
        ("log_exported", None, "{}"),
        ("log_exported", "success", "[]"),
    ],
)
def test_what_only_the_database_logs_cannot_be_claimed(
    connection: Connection, action: str, status: str, details: str
) -> None:
    before = log_of(connection)
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        connection.execute("select switchboard.log_act(%s, null, null, %s, %s)", [action, status, details])
    assert log_of(connection) == before
