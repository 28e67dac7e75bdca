"""What a real Postgres reports, in our words and without a row or a value."""

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from tui.data.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConstraintViolated,
    DatabaseFailed,
    InvalidInput,
    Locked,
    NoFreeConnection,
    NotFound,
    PermissionDenied,
    SchemaMissing,
    ServerUnsuitable,
    TimedOut,
)
from tui.data.failures import translate

CANARY = "Canary31secret"


def all_of(failure):
    return f"{failure.sentence}\n{failure.what_to_do}\n{failure.details}"


def running(connection, statement, parameters=None, *, role=None):
    """The failure of a statement."""
    try:
        connection.execute(statement, parameters)
    except psycopg.Error as exc:
        return translate(exc, doing="saving", role=role)
    raise AssertionError("it ran")


@pytest.fixture
def connection(empty_database):
    with psycopg.connect(empty_database, autocommit=True) as connection:
        yield connection


class TestStatements:
    """What a server's error becomes."""

    @pytest.mark.parametrize(
        ("statement", "error", "sqlstate"),
        [
            ("insert into t (name) values (%(canary)s)", ConstraintViolated, "23502"),
            ("insert into t (id, name) values (-1, %(canary)s)", ConstraintViolated, "23514"),
            ("insert into t (id, name) values (1, %(canary)s), (1, %(canary)s)", ConstraintViolated, "23505"),
            ("insert into t (id, parent, name) values (5, 99, %(canary)s)", ConstraintViolated, "23503"),
            ("insert into t (id, name) values (2, repeat(%(canary)s, 9))", InvalidInput, "22001"),
            ("select %(canary)s::text::uuid", InvalidInput, "22P02"),
            ("select %(canary)s::text::timestamptz", InvalidInput, "22007"),
            ("select '99999999999'::text::int", InvalidInput, "22003"),
        ],
    )
    def test_never_holds_the_row_or_the_value(self, connection, statement, error, sqlstate):
        connection.execute(
            "create table t (id int primary key check (id > 0), parent int references t, name varchar(20), secret text)"
        )
        failure = running(connection, statement, {"canary": CANARY})
        assert type(failure) is error
        assert failure.sqlstate == sqlstate
        assert failure.exit_status == 2
        assert CANARY not in all_of(failure)

    def test_a_text_too_long_names_the_limit(self, connection):
        assert (
            "at most 3 characters"
            in running(
                connection, "create temp table t as select 'abcd'::varchar(3);insert into t values ('abcd')"
            ).sentence
        )

    @pytest.mark.parametrize(
        ("statement", "error"),
        [
            ("select 1 from integration_credentials", SchemaMissing),
            ("select 1 from switchboard.people", SchemaMissing),
            ("create table nowhere.t ()", SchemaMissing),
            ("select switchboard.may()", SchemaMissing),
            ("select no_function()", SchemaMissing),
            ("set statement_timeout = 20; select pg_sleep(600)", TimedOut),
            ("begin read only; create table t ()", ServerUnsuitable),
            ("do $$ begin raise exception 'The log is append-only' using hint = 'Leave it'; end $$", DatabaseFailed),
            ("select 1/0", InvalidInput),
            ("selct", DatabaseFailed),
        ],
    )
    def test_becomes_one_of_ours_with_a_sentence_and_what_to_do(self, connection, statement, error):
        failure = running(connection, statement)
        assert type(failure) is error
        assert failure.sentence.endswith(".")
        assert failure.what_to_do.endswith(".")
        assert len(failure.sqlstate) == 5

    def test_a_functions_own_words_may_quote_a_row_and_are_not_repeated(self, connection):
        failure = running(
            connection, "do $$ begin raise exception E'The log is \n append-only' using hint = 'Leave it'; end $$"
        )
        assert "append-only" not in f"{failure} {failure.details}"
        assert failure.sentence == "A trigger of another program refused it; nothing was written."

    def test_a_missing_privilege_names_role_and_object(self, connection, empty_database, postgres):
        connection.execute(
            "create table secrets (a int); create role support login; alter table secrets enable row level security"
        )
        with psycopg.connect(postgres.conninfo(conninfo_to_dict(empty_database)["dbname"], user="support")) as support:
            failure = running(support, "select a from secrets", role="support")
            assert isinstance(failure, PermissionDenied)
            assert failure.exit_status == 3
            assert "role support" in failure.sentence
            assert "table secrets" in failure.sentence
            support.rollback()
            connection.execute("grant insert on secrets to support")
            assert "row-level security" in running(support, "insert into secrets values (1)").sentence

    def test_a_lock_that_is_held_and_a_deadlock_are_locked(self, connection, empty_database):
        connection.execute("create table t (a int)")
        with psycopg.connect(empty_database) as other:
            other.execute("lock table t")
            assert type(running(connection, "set lock_timeout = 20; select a from t")) is Locked
        for error in (pg.DeadlockDetected, pg.SerializationFailure):
            assert type(translate(_reported(connection, error.sqlstate))) is Locked

    @pytest.mark.parametrize(
        ("sqlstate", "error", "word"),
        [
            ("53300", NoFreeConnection, "free connection"),
            ("53100", DatabaseFailed, "disk is full"),
            ("53200", DatabaseFailed, "memory"),
            ("57P01", ConnectionLost, "ended"),
            ("57P02", ConnectionLost, "ended"),
            ("57P03", ConnectionLost, "starting"),
            ("08006", ConnectionLost, "ended"),
            ("25P03", ConnectionLost, "ended"),
            ("28P01", ConnectionFailed, "password"),
            ("28000", ConnectionFailed, "let this user in"),
            ("3D000", ConnectionFailed, "no database"),
        ],
    )
    def test_classes_that_a_test_cannot_provoke(self, connection, sqlstate, error, word):
        failure = translate(_reported(connection, sqlstate), doing="reading")
        assert type(failure) is error
        assert word in failure.sentence
        assert failure.sqlstate == sqlstate

    def test_a_backend_that_was_killed_is_a_lost_connection(self, connection, empty_database):
        with psycopg.connect(empty_database, autocommit=True) as victim:
            pid = victim.info.backend_pid
            connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))
            assert type(running(victim, "select 1")) is ConnectionLost
            assert type(running(victim, "select 1")) is ConnectionLost

    def test_a_character_that_postgres_cannot_store_is_invalid_input(self, connection):
        assert type(running(connection, "select %s::text", ("a\x00b",))) is InvalidInput

    def test_what_is_ours_already_stays_as_it_is(self):
        failure = NotFound("It is gone.", "Reload.")
        assert translate(failure) is failure


def _reported(connection, sqlstate):
    """The error with that code, raised by the server itself."""
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(f"do $$ begin raise exception '{CANARY}' using errcode = '{sqlstate}'; end $$")
    return raised.value
