"""What a real Postgres reports, in our words and without a row or a value."""

import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from tui.data.postgres.failures import translate
from tui.errors import (
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

CANARY = "Canary31secret"


def text_of(failure):
    return f"{failure.sentence}\n{failure.what_to_do}\n{failure.details}"


def failure_of(connection, statement, parameters=None, *, role=None):
    """The failure of a statement."""
    try:
        connection.execute(statement, parameters)
    except psycopg.Error as exc:
        return translate(exc, role=role)
    raise AssertionError("it ran")


@pytest.fixture(scope="module")
def empty_database(postgres):
    name = postgres.create_database(prefix="failures")
    yield postgres.conninfo(name)
    postgres.drop_database(name)
    postgres.drop_new_roles()


@pytest.fixture
def connection(empty_database):
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "drop schema if exists public, switchboard cascade; create schema public; "
            "grant usage on schema public to public"
        )
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
        failure = failure_of(connection, statement, {"canary": CANARY})
        assert type(failure) is error
        assert failure.sqlstate == sqlstate
        assert failure.exit_status == 2
        assert CANARY not in text_of(failure)

    def test_a_text_too_long_names_the_limit(self, connection):
        assert (
            "at most 3 characters"
            in failure_of(
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
        failure = failure_of(connection, statement)
        assert type(failure) is error
        assert failure.sentence.endswith(".")
        assert failure.what_to_do.endswith(".")
        assert len(failure.sqlstate) == 5

    def test_a_functions_own_words_may_quote_a_row_and_are_not_repeated(self, connection):
        failure = failure_of(
            connection, "do $$ begin raise exception E'The log is \n append-only' using hint = 'Leave it'; end $$"
        )
        assert "append-only" not in f"{failure} {failure.details}"
        assert failure.sentence == "A trigger of another program refused it; nothing was written."

    def test_another_programs_trigger_never_shows_its_words_whatever_code_it_gives(self, connection):
        # A foreign trigger may well lie below a function of ours, and give a code that is ours.
        connection.execute("""
            create schema switchboard;
            create table t (a text);
            create function refuse() returns trigger language plpgsql as $$ begin
              raise exception 'row was %', new.a using errcode = tg_argv[0], constraint = new.a, hint = new.a; end $$;
            create function switchboard.write(a text) returns void language plpgsql as $$ begin
              insert into public.t values (a); end $$;
        """)
        wrong = []
        about_the_row = ("ZZ001", "22001", "23514", "42501", "42P01", "HV000", "P0001", "0A000")
        of_the_server = ("08006", "28000", "3D000", "40001", "53100", "57000", "XX000")
        ours = ("P0002", "SB001", "SB002", "SB003")
        for sqlstate in (*about_the_row, *of_the_server, *ours):
            connection.execute(
                "drop trigger if exists refuse on t;"
                f"create trigger refuse before insert on t for each row execute function refuse('{sqlstate}')"
            )
            for statement in ("insert into t values (%s)", "select switchboard.write(%s)"):
                failure = failure_of(connection, statement, (CANARY,))
                actual = (type(failure), failure.sentence, failure.sqlstate, sqlstate in failure.details)
                expected = (
                    DatabaseFailed,
                    "A trigger of another program refused it; nothing was written.",
                    sqlstate,
                    True,
                )
                wrong += (
                    [f"{sqlstate} {statement}: {failure!r}"] if actual != expected or CANARY in text_of(failure) else []
                )
        assert not wrong, "\n".join(wrong)

    def test_a_function_of_ours_and_the_server_inside_one_keep_their_words(self, connection):
        connection.execute("""
            create schema switchboard;
            create table t (a int constraint positive check (a > 0));
            create function switchboard.refuse(code text) returns void language plpgsql as $$ begin
              raise exception 'more than 600 acts are refused' using errcode = code; end $$;
            create function switchboard.write() returns void language plpgsql as $$ begin
              insert into public.t values (-1); end $$;
            create function other() returns trigger language plpgsql as $$ begin
              insert into public.t values (-1); return new; end $$;
            create table u (a int);
            create trigger other before insert on u for each row execute function other();
        """)
        for sqlstate in ("SB001", "42501", "23514", "22023"):
            failure = failure_of(connection, "select switchboard.refuse(%s)", (sqlstate,))
            assert "trigger of another program" not in failure.sentence, sqlstate
            assert ("600 acts" in failure.sentence) is (sqlstate != "22023")
        for statement in ("select switchboard.write()", "insert into u values (1)"):
            assert "positive" in failure_of(connection, statement).sentence, statement

    def test_a_missing_privilege_names_role_and_object(self, connection, empty_database, postgres):
        connection.execute(
            "create table secrets (a int); create role support login; alter table secrets enable row level security"
        )
        with psycopg.connect(postgres.conninfo(conninfo_to_dict(empty_database)["dbname"], user="support")) as support:
            failure = failure_of(support, "select a from secrets", role="support")
            assert isinstance(failure, PermissionDenied)
            assert failure.exit_status == 3
            assert "role support" in failure.sentence
            assert "table secrets" in failure.sentence
            support.rollback()
            connection.execute("grant insert on secrets to support")
            assert "row-level security" in failure_of(support, "insert into secrets values (1)").sentence

    def test_a_lock_that_is_held_and_a_deadlock_are_locked(self, connection, empty_database):
        connection.execute("create table t (a int)")
        with psycopg.connect(empty_database) as other:
            other.execute("lock table t")
            assert type(failure_of(connection, "set lock_timeout = 20; select a from t")) is Locked
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
        failure = translate(_reported(connection, sqlstate))
        assert type(failure) is error
        assert word in failure.sentence
        assert failure.sqlstate == sqlstate

    def test_a_backend_that_was_killed_is_a_lost_connection(self, connection, empty_database):
        with psycopg.connect(empty_database, autocommit=True) as victim:
            pid = victim.info.backend_pid
            connection.execute("select pg_terminate_backend(%s, 5000)", (pid,))
            assert type(failure_of(victim, "select 1")) is ConnectionLost
            assert type(failure_of(victim, "select 1")) is ConnectionLost

    def test_a_character_that_postgres_cannot_store_is_invalid_input(self, connection):
        assert type(failure_of(connection, "select %s::text", ("a\x00b",))) is InvalidInput

    def test_what_is_ours_already_stays_as_it_is(self):
        failure = NotFound("It is gone.", "Reload.")
        assert translate(failure) is failure


def _reported(connection, sqlstate):
    """The error with that code, raised by the server itself."""
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(f"do $$ begin raise exception '{CANARY}' using errcode = '{sqlstate}'; end $$")
    return raised.value
