"""Verify: each thing that is missing, altered or switched off is said, and what is well is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.database.schema import installed, portable, prepare_reference, run_files_with_roles
from tui.data.schema.expected import expected_shape
from tui.data.schema.shape import read_shape
from tui.data.schema.verify import verify

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer

BREAKINGS = {
    "drop table switchboard.people_labels cascade": "The table switchboard.people_labels is missing.",
    "drop view switchboard.organizations cascade": "The view switchboard.organizations is missing.",
    "alter table public.integration_credentials drop column display_name": (
        "The column public.integration_credentials.display_name is missing."
    ),
    "alter table public.integration_audit_logs drop constraint integration_audit_logs_pkey": (
        "public.integration_audit_logs lacks the constraint PRIMARY KEY (id)."
    ),
    "alter table public.user_integration_permissions drop constraint unique_user_integration": (
        "public.user_integration_permissions lacks the constraint UNIQUE (user_id, integration_id)."
    ),
    "alter table public.organization_phone_numbers drop constraint organization_phone_numbers_integration_id_fkey": (
        "public.organization_phone_numbers lacks the constraint FOREIGN KEY (integration_id) "
        "REFERENCES public.integration_credentials(id) ON DELETE CASCADE."
    ),
    "drop index public.idx_integration_audit_logs_time": (
        "public.integration_audit_logs lacks the index btree (created_at DESC)."
    ),
    "drop index public.idx_integration_permissions_integration": (
        "public.user_integration_permissions lacks the index btree (integration_id)."
    ),
    "update pg_index set indisvalid = false "
    "where indexrelid = 'public.idx_integration_permissions_integration'::regclass": (
        "public.user_integration_permissions lacks the index btree (integration_id)."
    ),
    "drop trigger switchboard_primary_number on public.organization_phone_numbers": (
        "The trigger public.organization_phone_numbers.switchboard_primary_number is missing."
    ),
    "drop trigger switchboard_updated_at on public.integration_credentials": (
        "The trigger public.integration_credentials.switchboard_updated_at is missing."
    ),
    "alter table public.integration_credentials disable trigger switchboard_log_change": (
        "The trigger public.integration_credentials.switchboard_log_change is switched off."
    ),
    "alter table public.integration_audit_logs enable trigger switchboard_append_only": (
        "The trigger public.integration_audit_logs.switchboard_append_only is not as it was installed."
    ),
    "create or replace function switchboard.refuse_change() returns trigger language plpgsql set search_path = '' "
    "as 'begin return old; end'": "The function switchboard.refuse_change() is not as it was installed.",
    "alter function switchboard.log_change() reset search_path": (
        "The function switchboard.log_change() is not as it was installed."
    ),
    "alter table public.organization_phone_numbers disable row level security": (
        "Row security is off on public.organization_phone_numbers."
    ),
    "alter table public.organization_phone_numbers force row level security": (
        "The table public.organization_phone_numbers is not as it was installed."
    ),
    "revoke select on public.integration_audit_logs from switchboard_auditor": (
        "The grant public.integration_audit_logs to switchboard_auditor (select) is missing."
    ),
    "grant select on public.integration_credentials to switchboard_auditor": (
        "The grant public.integration_credentials to switchboard_auditor (select) is not Switchboard's, and nobody has "
        "accepted it."
    ),
    "grant delete on public.integration_audit_logs to switchboard_admin": (
        "The grant public.integration_audit_logs to switchboard_admin is not as it was installed."
    ),
    "grant update on public.integration_audit_logs to helper": (
        "The grant public.integration_audit_logs to helper (update) lets its holder change the log."
    ),
    "grant execute on function switchboard.open_envelope(uuid) to public": (
        "The grant switchboard.open_envelope(uuid) to public (execute) gives away what is Switchboard's own."
    ),
    "drop policy switchboard_support_select on public.organization_phone_numbers": (
        "The policy public.organization_phone_numbers.switchboard_support_select is missing."
    ),
    "create policy mine on public.integration_credentials to helper using (true)": (
        "The policy public.integration_credentials.mine is not Switchboard's, and nobody has accepted it."
    ),
}
# What goes with what is dropped.
CASCADES = {"people_labels cascade": ("people", "visible_people"), "organizations cascade": ("visible_organizations",)}


async def drifts(conninfo: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(conninfo) as conn:
        return [drift.sentence for drift in (await verify(conn)).drifts]


@pytest.mark.parametrize("server", ["postgres16", "postgres"])
async def test_what_is_expected_is_what_an_installation_makes(server: str, request: pytest.FixtureRequest) -> None:
    postgres: TestServer = request.getfixturevalue(server)
    name = postgres.create_database(prefix="expected")
    async with await psycopg.AsyncConnection.connect(postgres.conninfo(name), autocommit=True) as conn:
        with psycopg.connect(postgres.conninfo(name)) as connection:
            prepare_reference(connection)
        await installed(postgres.conninfo(name))
        assert portable(await read_shape(conn)) == sorted(expected_shape()), "python -m tests.generate.schema"
        assert (await verify(conn)).is_well
    postgres.drop_database(name)
    postgres.drop_new_roles()


async def test_each_damage_is_named_alone_and_setup_mends_them_all(postgres: TestServer, empty_database: str) -> None:
    """One database, and a transaction for every second breaking, which do not touch one another, rolled back."""
    postgres.create_role("helper")
    await run_files_with_roles(empty_database)
    breakings = list(BREAKINGS.items())
    async with await psycopg.AsyncConnection.connect(empty_database, autocommit=True) as conn:
        for batch in (dict(breakings[start::2]) for start in range(2)):
            async with conn.transaction(force_rollback=True):
                for breaking in batch:
                    await conn.execute(breaking)
                verification = await verify(conn)
                assert not verification.is_well
                cascaded = [
                    f"The view switchboard.{view} is missing."
                    for dropped, views in CASCADES.items()
                    for view in views
                    if any(dropped in text for text in batch)
                ]
                assert sorted(drift.sentence for drift in verification.drifts) == sorted([*batch.values(), *cascaded])
        assert (await verify(conn)).is_well
    mended = [
        breaking
        for breaking, sentence in BREAKINGS.items()
        if sentence and "helper" not in breaking and "to public" not in breaking and "indisvalid" not in breaking
    ]
    with psycopg.connect(empty_database) as connection:
        for breaking in mended:
            connection.execute(breaking)
    assert len(await drifts(empty_database)) > 15
    report = await installed(empty_database)
    assert report.verification is not None and report.verification.is_well


async def test_anybody_may_verify(postgres: TestServer, installed_database: str) -> None:
    postgres.create_role("helper")
    database = psycopg.conninfo.conninfo_to_dict(installed_database)["dbname"]
    assert await drifts(postgres.conninfo(database, user="helper")) == []
