"""Whatever is not as installed in the schema, and on the four tables, is named; what can do harm is never accepted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.commands import execute
from tests.support.database.schema import installed, log_of, prepare_reference, run_files_with_roles, run_shape
from tests.support.database.schema_tampering import LOG, NOT_OURS, QUIET, TAMPERINGS, Tampering, table
from tui.data.schema.accepted import NEVER, definition_of, object_of, read_accepted
from tui.data.schema.expected import GRANTED_ROLES
from tui.data.schema.shape import read_shape
from tui.data.schema.verify import Verification, differences, verify
from tui.data.seals.protection import OUTDATED, missing_relations, protection_problems
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tests.support.servers.postgres import TestServer
    from tui.data.schema.shape import CatalogueEntry

Owner = psycopg.AsyncConnection[dict[str, Any]]

FORGE = """
with logged as (
  select switchboard.log_act('schema_changed', null, null, 'success',
    jsonb_build_object('accepted', %(object)s::text, 'definition', %(definition)s::text)) as row)
insert into switchboard.accepted (object, definition, log_row)
select %(object)s, %(definition)s, row from logged
"""
ACCEPT = "select switchboard.accept(%(object)s, %(definition)s)"
A_ROW = "(organization_id, integration_type, action, status) values (gen_random_uuid(), 'zoho_mail', 'x', 'success')"
# What changes the sentences about others, or lets nothing be logged any more.
INTERFERING = (
    "a child table",
    "a column of the log becomes",
    "a column of the log that is computed",
    "a right to make triggers on the log",
    "the log given to another owner",
    "the log made the child",
)
ALONE = [tampering for tampering in TAMPERINGS if tampering.name.startswith(INTERFERING)]
TRIGGER = "trigger public.integration_credentials.trigger_integration_credentials_updated_at"


async def owner_of(conninfo: str) -> Owner:
    return await psycopg.AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row)


async def sentences(conninfo: str) -> list[str]:
    async with await owner_of(conninfo) as conn:
        schema = await verify(conn)
        assert protection_problems(schema) == [drift.sentence for drift in schema.drifts]
        return protection_problems(schema)


async def try_to_accept(conn: Owner, line: CatalogueEntry) -> None:
    """Accept what can do no harm; of what can, find that Postgres refuses it, and put the row there past that."""
    values = {"object": object_of(line), "definition": definition_of(line)}
    if line.harm is None:
        await conn.execute(ACCEPT, values)
        return
    with pytest.raises(psycopg.Error) as refused:
        async with conn.transaction():
            await conn.execute(ACCEPT, values)
    assert refused.value.diag.message_hint == NEVER, line
    assert line.harm in (refused.value.diag.message_primary or "")
    await conn.execute(FORGE, values)


def can_do_harm(tampering: Tampering) -> bool:
    return all(NOT_OURS not in text for text in tampering.sentences)


async def tampered(conn: Owner, remaining: list[Tampering]) -> list[Tampering]:
    """Take up to 24 of the kind of the first off the list, except for those that fail beside the others."""
    batch: list[Tampering] = []
    kind = can_do_harm(remaining[0])
    for tampering in tuple(remaining):
        if can_do_harm(tampering) is not kind:
            break
        try:
            async with conn.transaction():
                await conn.execute(tampering.sql.encode())
        except psycopg.Error:
            continue
        batch.append(tampering)
        remaining.remove(tampering)
        if len(batch) == 24 or tampering in ALONE:
            break
    assert batch, remaining
    return batch


async def test_each_tampering_is_named_and_what_can_do_harm_never_accepted(
    postgres: TestServer, empty_database: str
) -> None:
    """One database, and a transaction for several that do not touch one another, rolled back."""
    postgres.create_role("helper")
    postgres.create_role("anon")
    await run_files_with_roles(empty_database)
    roles = frozenset(postgres.roles()).intersection(GRANTED_ROLES)
    # What can be accepted comes first: a rule that swallows the rows of the log does so in that session to its end.
    others = [tampering for tampering in TAMPERINGS if tampering not in ALONE]
    remaining = ALONE + sorted(others, key=can_do_harm)
    async with await owner_of(empty_database) as conn:
        while remaining:
            async with conn.transaction(force_rollback=True):
                batch = await tampered(conn, remaining)
                names = [tampering.name for tampering in batch]
                # As verify does; but the catalogue, which takes its time, is the same after an acceptance.
                shape = await read_shape(conn)
                drifts = differences(shape, roles)
                said = sorted(drift.sentence for drift in drifts)
                assert said == sorted(text for tampering in batch for text in tampering.sentences), names
                if "column of the log becomes" in names[0]:
                    # Nothing can be logged any more, so nothing accepted; and no digest is trusted.
                    assert await missing_relations(conn) == [
                        f"The column {LOG}.action is missing or of another type, so nothing can be checked."
                    ]
                    continue
                for drift in drifts:
                    if drift.expected is None and drift.actual:
                        await try_to_accept(conn, drift.actual)
                after = Verification("installed", differences(shape, roles, await read_accepted(conn)))
                unacceptable = [drift.sentence for drift in drifts if drift.acceptable is None]
                assert protection_problems(after) == unacceptable, names
    assert await sentences(empty_database) == []


def test_the_documented_table_is_what_verify_says() -> None:
    text = (Path(__file__).parents[3] / "docs/audit_log.md").read_text(encoding="utf-8")
    assert table() in text, "python -m tests.support.database.schema_tampering"


async def test_an_adoption_accepts_what_is_harmless_and_tells_what_becomes_of_it(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        prepare_reference(connection)
        connection.execute("drop table users")
    run_shape(empty_database, "plain_schema", "migration_006")
    execute(empty_database, "alter table integration_credentials add column plain_key text")
    execute(empty_database, f"create rule quiet as on delete to {LOG} do instead nothing")
    report = await installed(empty_database)
    assert {object_of(line) for line in report.plan.accepts} == {
        TRIGGER,
        "trigger public.organization_phone_numbers.trigger_phone_numbers_updated_at",
        "column public.integration_credentials.plain_key",
    }
    rule = f"The rule {LOG}.quiet can swallow or change what is written."
    assert [drift.sentence for drift in report.plan.foreign] == [rule]
    assert report.verification is not None
    assert [drift.sentence for drift in report.verification.drifts] == [rule]
    plain_key = "column public.integration_credentials.plain_key (~a test (postgres), 20"
    assert report.verification.accepted[0].startswith(plain_key)
    with psycopg.connect(empty_database) as connection:
        logged = [row["details"] for row in log_of(connection) if "accepted" in row["details"]]
        (row,) = connection.execute("select count(*) from switchboard.accepted").fetchone() or (0,)
        assert (len(logged), row) == (3, 3)
        assert {details["operator"] for details in logged} == {"a test"}
    with pytest.raises(InvalidInput) as refused:
        await installed(empty_database, accept=[f"rule {LOG}.quiet"])
    assert (refused.value.sentence, refused.value.what_to_do) == (rule, NEVER)
    execute(empty_database, f"drop rule quiet on {LOG}")
    assert await sentences(empty_database) == []
    # Another body of the function is another trigger; and what nobody looked at is not accepted.
    execute(
        empty_database,
        "create or replace function update_updated_at() returns trigger language plpgsql as "
        "'begin new.updated_at = now(); new.is_active = true; return new; end'",
    )
    changed = [
        drift for drift in await sentences(empty_database) if drift.startswith(f"The {TRIGGER} was changed since")
    ]
    assert len(changed) == 1
    assert changed[0].startswith(f"The {TRIGGER} was changed since ~a test (postgres) accepted it on 20")
    assert len(await sentences(empty_database)) == 2
    assert not (await installed(empty_database)).applied
    await installed(empty_database, accept=[TRIGGER], agreed=[])
    assert len(await sentences(empty_database)) == 2
    await installed(empty_database, accept=[TRIGGER])
    assert len(await sentences(empty_database)) == 1


async def test_an_upgrade_accepts_nothing_by_itself_and_names_the_command(set_up_database: str) -> None:
    """An installation of schema 011 had no acceptances, and what others hung on it was not named."""
    execute(
        set_up_database,
        "drop table switchboard.accepted; drop function switchboard.accept(text, text), switchboard.catalogue(); "
        f"comment on schema switchboard is 'switchboard schema 011'; {QUIET}create trigger quiet after insert on {LOG} "
        "for each row execute function public.quiet()",
    )
    not_accepted = f"The trigger {LOG}.quiet is not Switchboard's, and nobody has accepted it."
    async with await owner_of(set_up_database) as conn:
        assert protection_problems(await verify(conn)) == [OUTDATED, not_accepted]
    report = await installed(set_up_database)
    assert (report.applied, report.plan.accepts) == (True, ())
    assert [drift.sentence for drift in report.plan.foreign] == [not_accepted]
    assert await sentences(set_up_database) == [not_accepted]
    for name, refusal in {
        "trigger quiet": "There is nothing to accept with the name trigger quiet.",
        "table switchboard.keys": "There is nothing to accept with the name table switchboard.keys.",
    }.items():
        with pytest.raises(InvalidInput) as refused:
            await installed(set_up_database, accept=[name])
        assert refused.value.sentence == refusal
    assert (await installed(set_up_database, accept=[f"trigger {LOG}.quiet"])).verification.is_well
    assert await sentences(set_up_database) == []


@pytest.mark.parametrize("loss", ["comment on schema switchboard is null", "drop schema switchboard cascade"])
async def test_what_was_put_there_after_an_installation_is_no_part_of_an_adoption(
    set_up_database: str, loss: str
) -> None:
    execute(set_up_database, f"{QUIET}create trigger quiet after insert on {LOG} for each row execute function quiet()")
    execute(set_up_database, loss)
    report = await installed(set_up_database)
    assert (report.applied, report.plan.accepts) == (True, ())
    assert await sentences(set_up_database) == [f"The trigger {LOG}.quiet {NOT_OURS}"]


async def test_an_acceptance_that_is_not_in_the_log_does_not_count(set_up_database: str) -> None:
    execute(set_up_database, f"{QUIET}create trigger quiet after insert on {LOG} for each row execute function quiet()")
    async with await owner_of(set_up_database) as conn:
        (drift,) = (await verify(conn)).drifts
        assert drift.actual is not None
        accepted = {"object": object_of(drift.actual), "definition": definition_of(drift.actual)}
        insert = "insert into switchboard.accepted (object, definition, log_row) select %(object)s, %(definition)s, "
        await conn.execute(f"{insert} gen_random_uuid()".encode(), accepted)
        assert protection_problems(await verify(conn)) == [drift.sentence]
        # Nor one whose row of the log says something else.
        await conn.execute(
            f"update switchboard.accepted set log_row = (select max(id::text)::uuid from {LOG})".encode()
        )
        assert protection_problems(await verify(conn)) == [drift.sentence]
        await conn.execute("alter table switchboard.accepted drop column log_row")
        assert f"The trigger {LOG}.quiet is not Switchboard's, and nobody has accepted it." in protection_problems(
            await verify(conn)
        )


async def test_a_partition_that_is_guarded_as_the_log_is_can_be_accepted(empty_database: str) -> None:
    run_shape(empty_database, "plain_schema")
    execute(
        empty_database,
        "alter table integration_audit_logs rename to logs_all; "
        "create table integration_audit_logs (like logs_all including defaults including constraints) "
        "partition by hash (id); alter table integration_audit_logs add primary key (id); alter table "
        "integration_audit_logs attach partition logs_all for values with (modulus 1, remainder 0)",
    )
    report = await installed(empty_database)
    assert [drift.sentence for drift in report.plan.foreign] == [
        f"The partition public.logs_all is not guarded as {LOG} is: no row security, no trigger "
        "switchboard_no_truncate that is always on."
    ]
    execute(
        empty_database,
        "alter table logs_all enable row level security; create trigger switchboard_no_truncate before truncate "
        "on logs_all for each statement execute function switchboard.refuse_change(); "
        "alter table logs_all enable always trigger switchboard_no_truncate",
    )
    report = await installed(empty_database, accept=["partition public.logs_all"])
    assert [object_of(line) for line in report.plan.accepts] == ["partition public.logs_all"]
    remaining = await sentences(empty_database)
    assert not [sentence for sentence in remaining if "logs_all" in sentence], remaining
    for change, named in (
        ("create policy quiet on logs_all as restrictive using (false)", "a policy that can hide rows, quiet"),
        (
            "create trigger silent before insert on logs_all for each row "
            "execute function switchboard.remember_integration(); alter table logs_all enable always trigger silent",
            "a trigger of its own, silent",
        ),
        ("create role heir; alter table logs_all owner to heir", "it belongs to heir"),
    ):
        execute(empty_database, change)
        assert [sentence for sentence in await sentences(empty_database) if named in sentence], change
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        execute(empty_database, f"insert into {LOG} {A_ROW}")
    execute(empty_database, "reassign owned by heir to current_user; drop role heir")


async def test_row_security_that_an_event_trigger_switches_on_is_taken_off_where_it_hides_everything(
    postgres: TestServer, empty_database: str
) -> None:
    execute(
        empty_database,
        """
        create function public.secure() returns event_trigger language plpgsql as $$
        declare made record;
        begin
          for made in select objid from pg_event_trigger_ddl_commands() where object_type = 'table' loop
            execute format('alter table %s enable row level security', made.objid::regclass);
          end loop;
        end $$;
        create event trigger ensure_rls on ddl_command_end when tag in ('CREATE TABLE') execute function public.secure()
        """,
    )
    report = await installed(empty_database, roles=True)
    assert report.verification is not None and report.verification.is_well
    assert [object_of(line) for line in report.plan.accepts] == ["event trigger ensure_rls"]
    postgres.create_role("eve", "login in role switchboard_auditor")
    database = psycopg.conninfo.conninfo_to_dict(empty_database)["dbname"]
    count = "select count(*) from switchboard.schema_version"
    with psycopg.connect(postgres.conninfo(database, user="eve")) as eve:
        assert (eve.execute(count).fetchone() or (0,))[0] > 10
    execute(empty_database, "alter table switchboard.schema_version enable row level security")
    with psycopg.connect(postgres.conninfo(database, user="eve")) as eve:
        assert eve.execute(count).fetchone() == (0,)
    assert await sentences(empty_database) == [
        "Row security was switched on for switchboard.schema_version, so that nobody but its owner sees a row of it."
    ]
    assert (await installed(empty_database)).verification.is_well


def test_psql_is_enough_to_accept(installed_database: str) -> None:
    with psycopg.connect(installed_database) as connection:
        connection.execute("alter table public.integration_credentials add column note text")
        name = "public.integration_credentials.note"
        query = (
            "select encode(sha256(convert_to(definition, 'UTF8')), 'hex') from switchboard.catalogue() where name = %s"
        )
        (digest,) = connection.execute(query, [name]).fetchone() or ("",)
        connection.execute("select switchboard.accept(%s, %s)", [f"column {name}", digest])
        row = log_of(connection)[-1]
        assert (row["action"], row["status"]) == ("schema_changed", "success")
        assert row["details"]["accepted"] == f"column {name}"
        with pytest.raises(psycopg.Error, match="was changed while it was looked at"), connection.transaction():
            connection.execute("select switchboard.accept(%s, 'x')", [f"column {name}"])
