"""Opening envelopes and logging acts: what the database enforces, whoever asks, and that nobody blocks an opening."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.database.schema import log_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer

    Connection = psycopg.Connection[Any]

LOGINS = ("alice", "bob")


@pytest.fixture(scope="module", autouse=True)
def logins(database: str, postgres: TestServer) -> None:
    """Two superusers of the module's database."""
    for name in LOGINS:
        postgres.create_role(name, "login superuser")


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    """A connection that commits each statement, to the module's database without integrations and openings."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from switchboard.open_tickets")
        connection.execute("delete from public.integration_credentials")
        yield connection


@pytest.fixture
def integration(connection: Connection) -> UUID:
    row = connection.execute(
        "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "values (gen_random_uuid(), 'zoho_mail', 'the envelope') returning id"
    ).fetchone()
    assert row
    return row[0]


def login(database: str, name: str, isolation: str = "read committed") -> Connection:
    """Connect as one of LOGINS, with little patience for locks."""
    options = f"-c lock_timeout=200ms -c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
    return psycopg.connect(database.replace("postgres@", f"{name}@"), autocommit=True, options=options)


def begin(connection: Connection, integration: UUID, purpose: str = "reveal") -> UUID:
    row = connection.execute("select switchboard.begin_open(%s, %s)", [integration, purpose]).fetchone()
    assert row
    return row[0]


def open_envelope(connection: Connection, ticket: UUID) -> str:
    row = connection.execute("select switchboard.open_envelope(%s)", [ticket]).fetchone()
    assert row
    return row[0]


def is_refused(connection: Connection, ticket: UUID) -> bool:
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
    assert is_refused(connection, ticket)
    assert "the envelope" not in str(log_of(connection))


def test_the_transaction_that_logs_cannot_open(connection: Connection, integration: UUID) -> None:
    with connection.transaction():
        ticket = begin(connection, integration)
        assert is_refused(connection, ticket)
    assert open_envelope(connection, ticket) == "the envelope"


def test_savepoints_do_not_let_the_transaction_that_logs_open(connection: Connection, integration: UUID) -> None:
    with connection.transaction():
        with connection.transaction():
            ticket = begin(connection, integration)
        assert is_refused(connection, ticket)
        with connection.transaction():
            assert is_refused(connection, ticket)


def test_a_ticket_whose_log_row_was_rolled_back_opens_nothing(connection: Connection, integration: UUID) -> None:
    with connection.transaction(force_rollback=True):
        ticket = begin(connection, integration)
    assert is_refused(connection, ticket)


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
            assert is_refused(connection, ticket)
        assert is_refused(connection, ticket)
        with psycopg.connect(database, autocommit=True) as second:
            assert is_refused(second, ticket)


def test_a_ticket_is_good_for_thirty_seconds(connection: Connection, integration: UUID) -> None:
    ticket = begin(connection, integration)
    connection.execute("update switchboard.open_tickets set created_at = created_at - interval '31 seconds'")
    assert is_refused(connection, ticket)
    ticket = begin(connection, integration)
    connection.execute("update switchboard.open_tickets set created_at = created_at - interval '25 seconds'")
    assert open_envelope(connection, ticket) == "the envelope"


def test_a_ticket_belongs_to_its_login(connection: Connection, integration: UUID, postgres: TestServer) -> None:
    postgres.create_role("other", "login superuser")
    ticket = begin(connection, integration)
    with psycopg.connect(postgres.conninfo(connection.info.dbname, user="other"), autocommit=True) as second:
        assert is_refused(second, ticket)
        # set role, or another session of the same login, is not another login
        connection.execute("set role other")
        assert open_envelope(connection, ticket) == "the envelope"


def test_an_unknown_ticket_opens_nothing(connection: Connection) -> None:
    assert is_refused(connection, uuid4())


def test_an_integration_that_is_gone_is_said_to_be(connection: Connection, integration: UUID) -> None:
    ticket = begin(connection, integration)
    connection.execute("delete from public.integration_credentials")
    with pytest.raises(psycopg.errors.NoDataFound):
        open_envelope(connection, ticket)
    with pytest.raises(psycopg.errors.NoDataFound):
        begin(connection, integration)


@pytest.mark.parametrize("purpose", ["reveal", "copy"])
def test_the_eleventh_in_five_minutes_is_refused_to_its_login_alone(
    database: str, connection: Connection, integration: UUID, purpose: str
) -> None:
    with login(database, "alice") as alice:
        for number in range(10):
            begin(connection, integration, purpose)
            if number:
                begin(alice, integration, purpose)
        begin(alice, integration, purpose)
        with pytest.raises(psycopg.Error, match=f"more than 10 openings to {purpose}"):
            begin(alice, integration, purpose)
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


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_ten_reveals_are_ten_at_every_isolation_level(
    database: str, connection: Connection, integration: UUID, isolation: str
) -> None:
    """Six transactions that all began before the first reveal: together they got sixty."""
    with ExitStack() as stack:
        sessions = [stack.enter_context(login(database, "alice", isolation)) for _ in range(6)]
        for session in sessions:
            session.execute("begin")
            session.execute("select count(*) from switchboard.open_tickets")
        for session in sessions:
            try:
                for _ in range(10):
                    begin(session, integration)
                session.execute("commit")
            except psycopg.Error as failure:
                assert failure.sqlstate == ("SB001" if isolation == "read committed" else "40001")
                session.execute("rollback")
    assert connection.execute("select count(*) from switchboard.open_tickets").fetchone() == (10,)


@pytest.mark.parametrize("purpose", ["test", "sync"])
def test_tests_and_syncs_have_a_limit_too_and_say_when_it_ends(
    connection: Connection, integration: UUID, purpose: str
) -> None:
    fill = (
        "insert into switchboard.open_tickets (integration_id, purpose, opened_by, created_at) select %s, %s, %s, "
        "clock_timestamp() - interval '4 minutes' from generate_series(1, %s)"
    )
    connection.execute(fill, [integration, purpose, "bob", 600])
    connection.execute(fill, [integration, purpose, "postgres", 599])
    begin(connection, integration, purpose)
    with pytest.raises(psycopg.Error) as caught:
        begin(connection, integration, purpose)
    assert caught.value.sqlstate == "SB001"
    assert caught.value.diag.message_primary in {
        f"more than 600 openings to {purpose} in 5 minutes are refused: the next is possible in {seconds} s"
        for seconds in (58, 59, 60)
    }


def test_nobody_else_can_keep_an_opening_waiting(database: str, connection: Connection, integration: UUID) -> None:
    """Another login holds every advisory key that ours were made from, has opened, and has cleared old tickets."""
    with login(database, "alice") as alice, login(database, "bob") as bob:
        for purpose in ("reveal", "test"):
            begin(alice, integration, purpose)
        connection.execute("update switchboard.open_tickets set created_at = created_at - interval '2 hours'")
        ticket = begin(alice, integration, "copy")
        bob.execute("begin")
        for key in ("reveal alice", "copy alice", "test alice", "sync alice", f"ticket {ticket}"):
            bob.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"switchboard {key}"])
        for purpose in ("reveal", "test"):
            begin(bob, integration, purpose)
        for purpose in ("reveal", "test", "sync"):
            opened = begin(alice, integration, purpose)
            envelope = alice.execute("select switchboard.open_envelope(%s)", [opened]).fetchone()
            assert envelope == ("the envelope",)
        assert alice.execute("select switchboard.open_envelope(%s)", [ticket]).fetchone() == ("the envelope",)
        old_tickets = "select count(*) from switchboard.open_tickets where created_at < now() - interval '1 hour'"
        assert connection.execute(old_tickets).fetchone() == (0,)


def test_whoever_comes_second_with_a_ticket_is_refused_at_once(
    database: str, connection: Connection, integration: UUID
) -> None:
    ticket = begin(connection, integration)
    ask = "select switchboard.open_envelope(%s)"
    with login(database, "postgres") as first, login(database, "postgres") as second:
        first.execute("begin")
        assert first.execute(ask, [ticket]).fetchone() == ("the envelope",)
        for _ in range(2):
            with pytest.raises(psycopg.Error) as caught:
                second.execute(ask, [ticket])
            assert caught.value.sqlstate == "SB002"
            first.execute("rollback")


@pytest.mark.parametrize("purpose", ["", "look", None])
def test_an_envelope_opens_for_known_purposes_only(connection: Connection, integration: UUID, purpose: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        begin(connection, integration, purpose)


@pytest.mark.parametrize(
    "action", ["connection_tested", "numbers_synced", "log_exported", "log_sealed", "schema_changed"]
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
