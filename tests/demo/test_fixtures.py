"""The fixtures every other test stands on."""

import psycopg
import pytest

from tests.support.servers.postgres import TestServer
from tests.support.servers.supabase import SupabaseServer, as_web_user


def test_an_empty_database_has_no_tables(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
        assert connection.info.server_version // 10000 == 18


def test_roles_a_test_makes_are_gone_for_the_next(postgres: TestServer) -> None:
    postgres.create_role("passing_by", "login password 'once'")
    with psycopg.connect(postgres.conninfo(user="passing_by", password="once")) as connection:
        assert connection.execute("select current_user").fetchone() == ("passing_by",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.conninfo(user="passing_by", password="wrong"))
    postgres.drop_new_roles()
    assert "passing_by" not in postgres.roles()


def test_statements_are_logged_where_asked(postgres: TestServer, empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        postgres.log_every_statement(connection.info.dbname)
    mark = postgres.log_size()
    with psycopg.connect(empty_database) as connection:
        connection.execute("select %s::text", ["canary-in-a-parameter"])
    assert "canary-in-a-parameter" in postgres.log_since(mark)


def test_a_supabase_project_is_owned_by_someone_who_is_no_superuser(supabase_like: str) -> None:
    with psycopg.connect(supabase_like) as connection:
        row = connection.execute("select usesuper, usebypassrls from pg_user where usename = current_user").fetchone()
        assert row == (False, True)
        connection.execute("create table public.born_open (id int)")
        row = connection.execute("select has_table_privilege('anon', 'public.born_open', 'truncate')").fetchone()
        assert row == (True,)


def test_a_web_user_is_known_by_the_claims_of_the_request(supabase_server: SupabaseServer, supabase_like: str) -> None:
    someone = "5e6bb1e6-0f4b-4c1e-9d52-111111111111"
    with psycopg.connect(supabase_like) as connection, connection.transaction():
        as_web_user(connection, "authenticated", someone)
        row = connection.execute("select auth.uid()::text, current_user::text").fetchone()
        assert row == (someone, "authenticated")


def test_postgres_16_is_there_too(empty_database16: str) -> None:
    with psycopg.connect(empty_database16) as connection:
        assert connection.info.server_version // 10000 == 16
