"""Earlier credentials: listed with what changed, gone back to, and deleted integrations brought back whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, OTHER_MASTER_KEY, PHONE, keyring, opened, phone_integration
from tests.support.commands import execute
from tests.support.database.people import directory_database, integration, person
from tests.support.database.schema import run_files_with_roles
from tui.data.integrations.connection_test_record import ConnectionTestOutcome, record_test
from tui.data.integrations.credentials import (
    CredentialConflict,
    Draft,
    PassedTest,
    binding,
    load_credential,
    save_credential,
)
from tui.data.integrations.deleted import deleted_integrations, plan_restore
from tui.data.integrations.listing import list_integrations
from tui.data.integrations.restore import restore
from tui.data.integrations.roll_back import plan_roll_back, roll_back
from tui.data.integrations.versions import (
    Bounds,
    change_bounds,
    count_left_over,
    forget_versions,
    list_versions,
    read_bounds,
)
from tui.data.keys.encryption import Keyring
from tui.errors import Conflict, InvalidInput, NotFound, PermissionDenied, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.postgres.database import Database

NEWER = {**PHONE, "api_token": "another token of the same account", "caller_id": "08033755555"}
LOG = """
select action, details -> 'fields', details -> 'version', details ->> 'kept_at' is not null
  from public.integration_audit_logs where action like 'credential%' order by created_at
"""
HASHES = """
select (select md5(string_agg(c::text, '' order by c.id)) from public.integration_credentials as c),
       (select md5(string_agg(p::text, '' order by p.id)) from public.user_integration_permissions as p),
       (select md5(string_agg(n::text, '' order by n.id)) from public.organization_phone_numbers as n)
"""


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres, people=6) as conninfo:
        yield conninfo


async def save(database: Database, credential: dict[str, Any]) -> None:
    base = await load_credential(database, keyring(), ACME, "exotel_phone")
    await save_credential(database, keyring(), Draft(ACME, "exotel_phone", credential, None), base, "auto")


async def stored(database: Database) -> dict[str, Any]:
    found = await load_credential(database, keyring(), ACME, "exotel_phone")
    assert found is not None and found.credential is not None
    return dict(found.credential)


async def test_versions_name_what_changed_and_going_back_copies_the_envelope(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save(database, PHONE)
        execute(keyed_database, "update integration_credentials set is_verified = true, last_verified_at = now()")
        await save(database, NEWER)
        phone = await phone_integration(database)
        (first,) = await list_versions(database, keyring(), phone)
        assert (first.kind, first.changed, first.is_claimed) == ("updated", ("api_token", "caller_id"), False)
        assert (first.was_verified, first.is_present, first.problem) == (True, False, None)
        assert (first.author, first.verified_at is not None) == (f"~{database.operator.label}", True)
        before = execute(keyed_database, "select envelope from switchboard.credential_versions")

        plan = await plan_roll_back(database, keyring(), phone)
        assert (plan.version, plan.changed) == (first.id, ("api_token", "caller_id"))
        done = await roll_back(database, keyring(), plan)
        assert (done.version, done.verified, await stored(database)) == (first.id, False, PHONE)
        assert execute(keyed_database, "select credentials_encrypted from integration_credentials") == before
        # Verified it was once, and is not now: nobody has asked the provider.
        (now,) = execute(keyed_database, "select is_verified, last_verified_at from integration_credentials")
        assert now == (False, None)
        newest, same = await list_versions(database, keyring(), phone)
        assert (same.is_present, newest.is_present, newest.changed) == (True, False, ("api_token", "caller_id"))
        assert same.fingerprint == first.fingerprint != newest.fingerprint
        assert len(first.fingerprint or "") == 12
        with pytest.raises(InvalidInput, match="holds what is stored already"):
            await plan_roll_back(database, keyring(), phone, first.id)
        # The last version is what the roll-back replaced, so that the next one undoes it.
        assert (await plan_roll_back(database, keyring(), phone)).version == newest.id
        assert execute(keyed_database, LOG) == [
            ("credential_created", None, None, False),
            ("credential_updated", None, None, False),
            ("credential_updated", ["api_token", "caller_id"], None, False),
            ("credential_rolled_back", ["api_token", "caller_id"], first.id, True),
        ]

        plan = await plan_roll_back(database, keyring(), phone)
        assert plan.draft().credential == NEWER
        tested = PassedTest(NEWER, first.replaced_at, {"judgement": "verified"})
        assert not (await roll_back(database, keyring(), plan, test=replace(tested, credential=PHONE))).verified
        # What was replaced by the same content again is one version, the newest.
        (same,) = [kept for kept in await list_versions(database, keyring(), phone) if not kept.is_present]
        assert same.id > newest.id and same.fingerprint == first.fingerprint
        plan = await plan_roll_back(database, keyring(), phone, same.id)
        tested = replace(tested, credential=dict(PHONE))
        assert (await roll_back(database, keyring(), plan, test=tested)).verified
        (now,) = execute(keyed_database, "select is_verified, last_verified_at from integration_credentials")
        assert now == (True, first.replaced_at)


async def test_what_a_test_said_ends_with_a_roll_back_and_not_with_a_rotation(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save(database, PHONE)
        await save(database, NEWER)
        phone = await phone_integration(database)
        refused = ConnectionTestOutcome("refused", "answer", 5, "401")
        (stamp,) = execute(keyed_database, "select updated_at::text from integration_credentials")[0]
        await record_test(database, phone, refused, stamp, uuid4())
        assert (await phone_integration(database)).failing
        execute(
            keyed_database,
            "insert into integration_audit_logs (organization_id, integration_type, action, status, details) values "
            "(%s, 'exotel_phone', 'credential_updated', 'success', "
            '\'{"source": "trigger", "rotation": true, "envelope": {"changed": true}}\')',
            ACME,
        )
        assert (await phone_integration(database)).failing
        await roll_back(database, keyring(), await plan_roll_back(database, keyring(), phone))
        back = await phone_integration(database)
        assert (back.failing, back.is_verified, back.proven) == (False, False, False)


async def test_nothing_is_rolled_back_where_it_is_not_what_was_looked_at(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save(database, PHONE)
        phone = await phone_integration(database)
        with pytest.raises(NotFound, match="no earlier credential"):
            await plan_roll_back(database, keyring(), phone)
        await save(database, NEWER)
        plan = await plan_roll_back(database, keyring(), phone)
        await save(database, {**NEWER, "caller_id": "08011111111"})
        with pytest.raises(CredentialConflict) as conflict:
            await roll_back(database, keyring(), plan)
        assert conflict.value.current is not None
        plan = await plan_roll_back(database, keyring(), phone)
        # Another row's version, and one that is gone.
        execute(keyed_database, "update switchboard.credential_versions set credential_id = gen_random_uuid()")
        with pytest.raises(Conflict, match="not kept any more"):
            await roll_back(database, keyring(), plan)
        with pytest.raises(NotFound, match=f"no version {plan.version}"):
            await plan_roll_back(database, keyring(), phone, plan.version)
        assert (await stored(database))["caller_id"] == "08011111111"


async def test_a_version_that_no_key_opens_is_put_back_only_where_somebody_says_so(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save(database, PHONE)
        phone = await phone_integration(database)
        salt = bytes(16)
        foreign = Keyring(OTHER_MASTER_KEY).seal(b'{"api_key": "?"}', binding(phone), format="legacy", salt=salt)
        execute(keyed_database, "update integration_credentials set credentials_encrypted = %s", foreign)
        await save(database, PHONE)
        newest, oldest = await list_versions(database, keyring(), phone)
        assert (newest.problem, newest.fingerprint, newest.changed) == ("other key", None, tuple(PHONE))
        assert (newest.is_claimed, oldest.changed, oldest.is_present) == (True, None, True)
        plan = await plan_roll_back(database, keyring(), phone)
        assert (plan.changed, plan.credential) == (None, None)
        with pytest.raises(Unreadable):
            await roll_back(database, keyring(), plan)
        await roll_back(database, keyring(), plan, unread=True)
        assert execute(keyed_database, "select credentials_encrypted from integration_credentials") == [(foreign,)]
        assert execute(keyed_database, LOG)[-1][:2] == ("credential_rolled_back", None)


async def test_how_much_is_kept_is_changed_and_what_is_kept_is_forgotten(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        assert await read_bounds(database) == Bounds(10, 90)
        assert await change_bounds(database, kept=3, days=None) == Bounds(3, 90)
        with pytest.raises(InvalidInput):
            await change_bounds(database, kept=3, days=0)
        for number in range(5):
            await save(database, {**PHONE, "caller_id": str(number)})
        phone = await phone_integration(database)
        assert len(await list_versions(database, keyring(), phone)) == 3
        assert await count_left_over(database, kept=1, days=None) == 2
        assert await count_left_over(database, kept=None, days=5) == 0
        # What is too old and not cleared yet is not listed, not gone back to and not brought back.
        newest = (await list_versions(database, keyring(), phone))[0].id
        execute(
            keyed_database,
            "update switchboard.credential_versions set replaced_at = now() - interval '400 days' where id <> %s",
            newest,
        )
        assert [version.id for version in await list_versions(database, keyring(), phone)] == [newest]
        with pytest.raises(NotFound):
            await plan_roll_back(database, keyring(), phone, newest - 1)
        assert await count_left_over(database, kept=1, days=None) == 0
        # Going back and forth pushes nothing out, and a write clears nothing while a table of ours is locked.
        for number in (1, 0, 1, 0, 4):
            await save(database, {**PHONE, "caller_id": str(number)})
        kept = "select count(*), count(distinct envelope) from switchboard.credential_versions"
        before = execute(keyed_database, kept)
        for _ in range(4):
            await roll_back(database, keyring(), await plan_roll_back(database, keyring(), phone))
        assert execute(keyed_database, kept) == before == [(3, 3)]
        with psycopg.connect(keyed_database) as setup, psycopg.connect(keyed_database, autocommit=True) as other:
            setup.execute("lock table switchboard.settings in access exclusive mode")
            other.execute("set lock_timeout = 50")
            other.execute("update public.integration_credentials set credentials_encrypted = 'x'")
            setup.execute("lock table switchboard.rotations in access exclusive mode")
            other.execute("update public.integration_credentials set is_active = not is_active")
            assert other.execute("select count(*) from switchboard.credential_versions").fetchone() == (3,)
        assert await forget_versions(database, ACME, "exotel_phone") == 3
        assert await list_versions(database, keyring(), phone) == []


def with_dependents(conninfo: str) -> None:
    """Give the first integration five permissions and three numbers, with nothing left at its default."""
    execute(
        conninfo,
        "insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, daily_limit, "
        "monthly_limit, granted_by, granted_at, expires_at) select md5('person ' || n)::uuid, %s, n > 1, n > 2, n, "
        "null, md5('person 1')::uuid, '2025-03-04 05:06:07.891+00', case when n = 3 then 'infinity'::timestamptz "
        "when n = 4 then now() + interval '1 day' end from generate_series(1, 5) as n",
        integration(1),
    )
    execute(
        conninfo,
        "insert into public.organization_phone_numbers (organization_id, integration_id, phone_number, display_name, "
        "number_type, assigned_to_user_id, is_primary, can_call, can_sms, is_active, created_at, updated_at) "
        "select %s, %s, '+9111411693' || (67 + n), 'Line ' || n, 'landline', case when n < 3 then md5('person ' || n)"
        "::uuid end, n = 1, n <> 2, n <> 3, n <> 3, '2024-01-01+00', '2024-02-03 04:05:06.000007+00' "
        "from generate_series(1, 3) as n",
        *(ACME, integration(1)),
    )
    execute(
        conninfo,
        "update public.integration_credentials set display_name = E'Front \\' \"desk\"', is_verified = true, "
        "last_verified_at = '2026-01-01+00', created_by = %s, is_active = null where id = %s",
        *(person(1), integration(1)),
    )


def delete_first(conninfo: str) -> None:
    execute(conninfo, "delete from public.integration_credentials where id = %s", integration(1))


async def test_a_deleted_integration_comes_back_with_its_id_and_all_that_hung_on_it(directory: str) -> None:
    with_dependents(directory)
    before = execute(directory, HASHES)
    async with opened(directory) as database:
        for _ in range(2):
            delete_first(directory)
            (deleted,) = await deleted_integrations(database, ACME)
            assert (deleted.integration_id, deleted.permissions, deleted.phone_numbers) == (integration(1), 5, 3)
            assert (deleted.display_name, deleted.is_replaced) == ('Front \' "desk"', False)
            plan = await plan_restore(database, ACME, "exotel_phone")
            assert (plan.losses, plan.permissions, plan.phone_numbers) == ((), 5, 3)
            await restore(database, plan)
            assert execute(directory, HASHES) == before
            assert await deleted_integrations(database, ACME) == []
        with pytest.raises(Conflict, match="there already"):
            await restore(database, plan)
        with pytest.raises(NotFound):
            await plan_restore(database, GLOBEX, str(integration(1)))
        # A plan for a delete before the last one is none; and a delete that is too old to come back.
        execute(directory, "delete from public.user_integration_permissions")
        delete_first(directory)
        with pytest.raises(NotFound):
            await restore(database, plan)
        assert (await plan_restore(database, ACME, str(integration(1)).upper())).permissions == 0
        execute(directory, "update switchboard.credential_versions set replaced_at = now() - interval '91 days'")
        assert await deleted_integrations(database, ACME) == []
    actions = execute(
        directory,
        "select action, count(*)::int from integration_audit_logs where details ->> 'operation_id' is not null "
        "and details ->> 'operator' = 'asha@acme.example' group by action order by action",
    )
    assert actions == [("credential_restored", 2), ("number_added", 6), ("permission_granted", 10)]


async def test_what_does_not_come_back_is_said_line_by_line(directory: str) -> None:
    with_dependents(directory)
    execute(
        directory,
        "insert into organization_phone_numbers (organization_id, integration_id, phone_number) values (%s, %s, '+1')",
        *(GLOBEX, integration(1)),
    )
    execute(directory, "alter table organization_phone_numbers add column note text default 'x'")
    execute(
        directory,
        "create table public.drafts (id int, integration_id uuid references public.integration_credentials on delete "
        "cascade)",
    )
    delete_first(directory)
    execute(directory, "update public.users set is_active = false where id = %s", person(2))
    execute(directory, "delete from public.users where id = %s", person(5))
    execute(directory, "update public.users set organization_id = %s where id = %s", GLOBEX, person(4))
    execute(
        directory,
        "insert into organization_phone_numbers (organization_id, phone_number, is_primary) "
        "values (%s, '011-41169370', false), (%s, '+15550100', true)",
        *(ACME, ACME),
    )
    async with opened(directory) as database:
        plan = await plan_restore(database, ACME, str(integration(1)))
        assert plan.losses == (
            "3 permissions of people who are inactive, of another organisation or not in the directory now.",
            "1 phone number of another organisation.",
            "The number +911141169370: the organisation has it in another row now.",
            "The mark of +911141169368 as primary: +15550100 is that now.",
            "Who has +911141169369: somebody inactive, of another organisation or not in the directory now; "
            "it comes back in the pool.",
            "What organization_phone_numbers has in columns of other programs (note): their defaults take its place.",
            "What public.drafts had of it, if the delete took it.",
        )
        # What was said is what is done, or nothing is.
        execute(directory, "update public.users set is_active = true where id = %s", person(2))
        with pytest.raises(Conflict, match="changed meanwhile"):
            await restore(database, plan)
        assert execute(directory, "select count(*)::int from user_integration_permissions") == [(0,)]
        execute(directory, "update public.users set is_active = false where id = %s", person(2))
        await restore(database, plan)
        assert execute(
            directory,
            "select phone_number, is_primary, assigned_to_user_id from organization_phone_numbers "
            "where integration_id = %s order by phone_number",
            integration(1),
        ) == [("+911141169368", False, person(1)), ("+911141169369", False, None)]
        held = execute(directory, "select user_id from user_integration_permissions order by daily_limit")
        assert held == [(person(1),), (person(3),)]

        # Another of its type is in its place; and a delete of which only the envelope was kept.
        delete_first(directory)
        insert = (
            "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
            "values (%s, %s, 'exotel_phone', 'x')"
        )
        execute(directory, insert, UUID(int=7), ACME)
        (deleted,) = await deleted_integrations(database, ACME)
        assert deleted.is_replaced
        with pytest.raises(Conflict, match="Another exotel_phone was set up meanwhile"):
            await plan_restore(database, ACME, "exotel_phone")
        execute(directory, "delete from integration_credentials where id = %s", UUID(int=7))
        execute(
            directory,
            'update switchboard.credential_versions set dependents = \'{"not_kept": "42703"}\' '
            "where credential_id = %s",
            integration(1),
        )
        plan = await plan_restore(database, ACME, str(integration(1)))
        assert plan.losses[0].endswith("were not kept (the database failed to read them): it is disabled.")
        await restore(database, plan)
        (row, _) = await list_integrations(database, None, ACME, [])
        assert (row.id, row.is_active, row.created_at) == (integration(1), False, None)


async def test_what_a_delete_left_behind_stays_as_it_is(directory: str) -> None:
    # Adopted tables may lack every constraint.
    execute(
        directory,
        "do $$ declare one record; begin for one in select conname, conrelid::regclass as relation from pg_constraint "
        "where contype in ('f', 'u', 'p') and conrelid in ('public.user_integration_permissions'::regclass, "
        "'public.organization_phone_numbers'::regclass) loop execute format("
        "'alter table %s drop constraint %I', one.relation, one.conname); end loop; end $$",
    )
    with_dependents(directory)
    before = execute(directory, HASHES)
    delete_first(directory)
    async with opened(directory) as database:
        plan = await plan_restore(database, ACME, "exotel_phone")
        assert plan.losses == (
            "5 permissions: in the table already, and left as there.",
            "3 phone numbers: in the table already, and left as there.",
        )
        await restore(database, plan)
    assert execute(directory, HASHES) == before


async def test_support_sees_when_and_who_and_no_envelope(postgres: TestServer, empty_database: str) -> None:
    await run_files_with_roles(empty_database)
    async with opened(empty_database) as database:
        await save(database, PHONE)
        await save(database, NEWER)
        phone = await phone_integration(database)
    postgres.create_role("sam", "login in role switchboard_support")
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="sam")
    async with opened(url) as database:
        (seen,) = await list_versions(database, keyring(), phone)
        assert (seen.problem, seen.fingerprint, seen.is_present) == ("not visible", None, False)
        assert (seen.changed, seen.is_claimed) == (("api_token", "caller_id"), True)
        for refused in (
            plan_roll_back(database, keyring(), phone),
            deleted_integrations(database, ACME),
            forget_versions(database, ACME, "exotel_phone"),
            change_bounds(database, kept=1, days=None),
        ):
            with pytest.raises(PermissionDenied):
                await refused
