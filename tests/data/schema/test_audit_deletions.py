"""Deleted integrations in the log: each child under its own organisation and type, at the same cost however many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tests.support.database.schema import add_credential, add_number, add_permission, log_of

if TYPE_CHECKING:
    Connection = psycopg.Connection[Any]

TYPES = ("exotel_phone", "zoho_mail", "exotel_sms")
INTO_MANY = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted)
select md5('i' || n)::uuid, md5('o' || n)::uuid, 'type ' || n, 'x' from generate_series(1, %(many)s) n
"""
CHILDREN = """
with granted as (
  insert into public.user_integration_permissions (user_id, integration_id)
  select gen_random_uuid(), id from public.integration_credentials)
insert into public.organization_phone_numbers (organization_id, integration_id, phone_number)
select organization_id, id, '1' from public.integration_credentials
"""
RIGHTLY_NAMED = """
select count(*) from public.integration_audit_logs
 where action in ('permission_revoked', 'number_deactivated') and details ->> 'cascade' = 'true'
   and (organization_id, integration_type) in
       (select md5('o' || n)::uuid, 'type ' || n from generate_series(1, %(many)s) n
         where md5('i' || n)::uuid = (details -> 'row' ->> 'integration_id')::uuid)
"""


def test_deleting_three_integrations_at_once_logs_each_child_under_its_own_organisation(connection: Connection) -> None:
    homes = [uuid4(), uuid4(), uuid4()]
    integrations = [add_credential(connection, kind, home) for home, kind in zip(homes, TYPES, strict=True)]
    for integration, home in zip(integrations, homes, strict=True):
        add_permission(connection, integration)
        add_number(connection, integration, organization_id=home)
    before = len(log_of(connection))
    connection.execute("delete from public.integration_credentials")
    rows = log_of(connection, since=before)
    assert len(rows) == 9
    permissions = {
        row["details"]["row"]["integration_id"]: row for row in rows if row["action"] == "permission_revoked"
    }
    for integration, home, kind in zip(integrations, homes, TYPES, strict=True):
        row = permissions[str(integration)]
        assert (row["organization_id"], row["integration_type"]) == (home, kind)
        assert row["details"]["cascade"] is True
    numbers = [row for row in rows if row["action"] == "number_deactivated"]
    assert {(row["organization_id"], row["integration_type"]) for row in numbers} == set(zip(homes, TYPES, strict=True))
    assert all(row["details"]["change"] == "delete" for row in numbers)


def remembered_deletions(connection: Connection) -> int:
    row = connection.execute("select count(*) from switchboard.deleted_integrations").fetchone()
    assert row
    count: int = row[0]
    return count


def test_deleting_many_integrations_costs_the_same_for_each_and_leaves_no_memory_taken(committing: Connection) -> None:
    """A setting for each cost the square of their number: 10,000 were not deleted within four minutes."""
    looked_at = (
        "select idx_tup_fetch + seq_tup_read from pg_stat_xact_user_tables where relname = 'deleted_integrations'"
    )
    settings = "select sum(used_bytes) from pg_backend_memory_contexts where name ~ 'GUC'"
    committing.execute("select set_config('switchboard.operator_label', 'Ann', true)")
    work: list[int] = []
    memory: list[int] = []
    for many in (100, 400):
        committing.execute(INTO_MANY, {"many": many})
        committing.execute(CHILDREN)
        with committing.transaction():
            committing.execute("delete from public.integration_credentials")
            work += committing.execute(looked_at).fetchone() or ()
        memory += committing.execute(settings).fetchone() or ()
    assert committing.execute(RIGHTLY_NAMED, {"many": 400}).fetchone() == (2 * 100 + 2 * 400,)
    # One look for each child, and a few for each of those that the deletion before has left.
    assert work[0] == 2 * 100 and work[1] <= 2 * 400 + 5 * 100
    assert memory[0] == memory[1]


def test_truncate_logs_each_row_as_a_deletion_does(committing: Connection) -> None:
    committing.execute(INTO_MANY, {"many": 3})
    committing.execute(CHILDREN)
    committing.execute("truncate public.integration_credentials cascade")
    assert committing.execute(RIGHTLY_NAMED, {"many": 3}).fetchone() == (2 * 3,)
    deleted = "select count(*) from public.integration_audit_logs where action = 'credential_deleted'"
    assert committing.execute(deleted).fetchone() == (3,)
    assert committing.execute("select count(*) from public.integration_credentials").fetchone() == (0,)


def test_what_is_remembered_of_a_deleted_integration_is_its_transactions_own(
    committing: Connection, installed_database: str
) -> None:
    integrations = [add_credential(committing, f"type {n}") for n in range(4)]
    permissions = [add_permission(committing, integration) for integration in integrations]
    delete = "delete from public.integration_credentials where id = %s"
    with psycopg.connect(installed_database) as other:
        other.execute(delete, [integrations[0]])
        # One that was rolled back, one behind a savepoint, and one that comes and goes twice.
        with committing.transaction():
            with committing.transaction(force_rollback=True):
                committing.execute(delete, [integrations[1]])
            with committing.transaction():
                committing.execute(delete, [integrations[2]])
            add_credential(committing, "another type", id=integrations[2])
            add_permission(committing, integrations[2])
            committing.execute(delete, [integrations[2]])
            assert remembered_deletions(committing) == 1
        other.commit()
    assert remembered_deletions(committing) == 2
    committing.execute(delete, [integrations[3]])
    assert remembered_deletions(committing) == 1
    revoked = [row for row in log_of(committing) if row["action"] == "permission_revoked"]
    assert {row["integration_type"] for row in revoked} == {"type 0", "type 2", "another type", "type 3"}
    assert len(revoked) == 4 and all(row["details"]["cascade"] is True for row in revoked)
    assert committing.execute("select id from public.user_integration_permissions").fetchall() == [(permissions[1],)]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read"])
def test_two_deletions_at_once_wait_for_nothing_of_each_other(
    committing: Connection, installed_database: str, isolation: str
) -> None:
    integrations = [add_credential(committing, f"type {n}") for n in range(3)]
    delete = "delete from public.integration_credentials where id = %s"
    committing.execute(delete, [integrations[0]])
    options = f"-c lock_timeout=200ms -c default_transaction_isolation={isolation.replace(' ', chr(92) + ' ')}"
    with (
        psycopg.connect(installed_database, options=options) as first,
        psycopg.connect(installed_database, options=options) as second,
    ):
        second.execute("select 1 from public.integration_credentials limit 1")
        first.execute(delete, [integrations[1]])
        second.execute(delete, [integrations[2]])
        first.commit()
        second.execute(delete, [integrations[2]])
        second.commit()
    assert committing.execute("select count(*) from public.integration_credentials").fetchone() == (0,)
