"""Adopted tables with more than the contract: columns that cannot be compared, and logs stricter than ours."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.database.schema import installed, log_of, run_shape
from tui.errors import SchemaInTheWay

TABLES = ("integration_credentials", "user_integration_permissions", "organization_phone_numbers")
NUL = '{"a": "\\u0000"}'


async def test_columns_without_equality_and_of_any_content_are_no_obstacle(empty_database: str) -> None:
    run_shape(empty_database, "plain_schema")
    with psycopg.connect(empty_database) as connection:
        for table in TABLES:
            connection.execute(f"alter table {table} add column extra json default '{NUL}', add column place point")
            connection.execute(f"alter table {table} add column plain_key text, add column markup xml")
        connection.execute("alter table organization_phone_numbers add column n text generated always as ('x') stored")
    await installed(empty_database)
    with psycopg.connect(empty_database) as connection:
        # The columns of others were accepted, each with a row of the log.
        start = len(log_of(connection))
        connection.execute(
            "with c as (insert into integration_credentials (organization_id, integration_type, "
            "credentials_encrypted, updated_at) values (gen_random_uuid(), 'zoho_mail', 'x', '2020-01-01') "
            "returning id, organization_id), "
            "p as (insert into user_integration_permissions (user_id, integration_id) select id, id from c) "
            "insert into organization_phone_numbers (organization_id, integration_id, phone_number) "
            "select organization_id, id, '1' from c"
        )
        assert len(log_of(connection, since=start)) == 3
        connection.execute("update integration_credentials set extra = extra, place = place")
        assert len(log_of(connection, since=start)) == 3
        connection.execute("update integration_credentials set place = point(1, 2), plain_key = 'canary'")
        assert log_of(connection)[-1]["details"]["changed"] == ["updated_at"]
        # Where no updated_at moves along, a change past the contract is not logged.
        connection.execute("update user_integration_permissions set place = point(1, 2), plain_key = 'canary'")
        assert len(log_of(connection, since=start)) == 4
        connection.execute("update organization_phone_numbers set can_call = false, plain_key = 'canary'")
        connection.execute("delete from integration_credentials")
        assert len(log_of(connection, since=start)) == 8
        assert not [row for row in log_of(connection) if "canary" in str(row)]


async def test_a_column_dropped_or_changed_later_aborts_no_write(set_up_database: str) -> None:
    with psycopg.connect(set_up_database) as connection:
        add = (
            "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
            "values (gen_random_uuid(), 'zoho_mail', 'x')"
        )
        connection.execute(add)
        connection.execute("alter table public.integration_credentials alter column display_name type text")
        connection.execute(add)
        connection.execute("alter table public.integration_credentials drop column display_name")
        connection.execute(add)
        assert len(log_of(connection)) == 4


async def test_a_column_that_became_something_else_aborts_no_write_and_hides_no_change(set_up_database: str) -> None:
    add = (
        "with c as (insert into public.integration_credentials (organization_id, integration_type, "
        "credentials_encrypted, display_name, created_by) values (gen_random_uuid(), 'zoho_mail', 'sb2.canary', "
        "{name}, {author}) returning id, organization_id) insert into public.organization_phone_numbers "
        "(organization_id, integration_id, phone_number) select organization_id, id, md5(id::text)::varchar(20) from c"
    )
    odd = add.format(name=f"'{NUL}'", author="'nobody'")
    with psycopg.connect(set_up_database, autocommit=True) as connection:
        connection.execute(add.format(name="null", author="null"))
        connection.execute("alter table public.organization_phone_numbers drop column number_type")
        connection.execute(
            "alter table public.integration_credentials alter column created_by type text, "
            "alter column display_name type json using null, add column place point"
        )
        connection.execute(odd)
    # A new session has no plans from before, and meets what the columns hold now.
    with psycopg.connect(set_up_database, autocommit=True) as connection:
        connection.execute(odd)
        assert log_of(connection)[-2]["details"]["after"]["display_name"] == NUL
        assert (log_of(connection)[-2]["user_id"], log_of(connection)[-2]["details"]["user_from"]) == (None, "nobody")
        connection.execute("update public.integration_credentials set is_active = false, place = point(1, 2)")
        assert len(log_of(connection, since=7)) == 3
        for row in log_of(connection, since=7):
            assert row["action"] == "credential_disabled"
            assert row["details"]["changed"] == ["is_active", "updated_at"]
        connection.execute("update public.integration_credentials set credentials_encrypted = 'canary'")
        for row in log_of(connection, since=10):
            assert row["details"]["changed"] == ["credentials_encrypted", "updated_at"]
            assert row["details"]["envelope"] == {"changed": True, "before": "sb2", "after": "neither"}
        connection.execute("update public.organization_phone_numbers set can_call = false")
        assert [row["details"]["before"]["can_call"] for row in log_of(connection, since=13)] == [True] * 3
        connection.execute("delete from public.integration_credentials")
        assert len(log_of(connection)) == 22
        assert not [row for row in log_of(connection) if "canary" in str(row)]


async def test_an_id_that_became_free_text_aborts_no_write(set_up_database: str) -> None:
    add = "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number) values "
    with psycopg.connect(set_up_database, autocommit=True) as connection:
        connection.execute(
            "alter table public.organization_phone_numbers drop constraint organization_phone_numbers_"
            "integration_id_fkey, alter column integration_id type text"
        )
        connection.execute(add + "(gen_random_uuid(), 'none yet', '1')")
        connection.execute("update public.organization_phone_numbers set integration_id = 'still none'")
        assert log_of(connection)[-1]["details"]["row"]["integration_id"] == "still none"
        assert log_of(connection)[-1]["integration_type"] == "none"


async def test_a_log_that_would_refuse_rows_is_refused(empty_database: str) -> None:
    run_shape(empty_database, "plain_schema")
    for stricter, undone, sentence in (
        (
            "add column tenant text not null",
            "drop column tenant",
            "The column public.integration_audit_logs.tenant is NOT NULL",
        ),
        (
            "alter column user_id set not null",
            "alter column user_id drop not null",
            "The column public.integration_audit_logs.user_id is NOT NULL",
        ),
        (
            "add constraint whose foreign key (user_id) references users (id)",
            "drop constraint whose",
            "The constraint whose of public.integration_audit_logs, FOREIGN KEY (user_id) REFERENCES",
        ),
        (
            "add constraint known check (status in ('success', 'failed'))",
            "drop constraint known",
            "The constraint known of public.integration_audit_logs refuses rows that will be written, "
            "access_changed with status pending",
        ),
        (
            "add constraint named check (action !~ '^number')",
            "drop constraint named",
            "The constraint named of public.integration_audit_logs",
        ),
    ):
        with psycopg.connect(empty_database) as connection:
            connection.execute(f"alter table integration_audit_logs {stricter}")
        with pytest.raises(SchemaInTheWay) as caught:
            await installed(empty_database)
        assert caught.value.sentence.startswith(sentence)
        with psycopg.connect(empty_database) as connection:
            connection.execute(f"alter table integration_audit_logs {undone}")


async def test_a_log_that_is_stricter_where_it_does_no_harm_is_adopted(empty_database: str) -> None:
    run_shape(empty_database, "plain_schema")
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "alter table integration_audit_logs alter user_agent set not null, alter created_at set not null, "
            "alter details set not null, add column n bigint generated always as identity, "
            "add column d text not null default 'x', add check (status in ('success', 'failed', 'pending', 'sent'))"
        )
    await installed(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute("set application_name = ''")
        connection.execute(
            "insert into organization_phone_numbers (organization_id, phone_number) values (gen_random_uuid(), '1')"
        )
        assert log_of(connection)[-1]["user_agent"] == ""


async def test_an_index_that_has_the_name_of_ours_stays(empty_database: str) -> None:
    """On a large log too: tests/data/schema/test_large_log.py."""
    run_shape(empty_database, "plain_schema")
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "insert into integration_audit_logs (organization_id, integration_type, action, status) "
            "values (gen_random_uuid(), 'zoho_mail', 'email_sent', 'success')"
        )
        connection.execute("create index idx_integration_audit_logs_time on users (email)")
        connection.execute("create index idx_integration_audit_logs_user_time on integration_audit_logs (user_agent)")
        connection.execute("create table idx_integration_audit_logs_action_time ()")
    report = await installed(empty_database)
    assert report.verification is not None and report.verification.is_well
    with psycopg.connect(empty_database) as connection:
        indexes = dict(
            connection.execute(
                "select indexrelid::regclass::text, indrelid::regclass::text from pg_index where indisvalid"
            ).fetchall()
        )
    assert indexes["idx_integration_audit_logs_time"] == "users"
    for name in ("time", "user_time", "action_time"):
        assert indexes[f"idx_integration_audit_logs_{name}_2"] == "integration_audit_logs"
    assert indexes["idx_integration_audit_logs_user_time"] == "integration_audit_logs"
    assert not (await installed(empty_database)).applied
