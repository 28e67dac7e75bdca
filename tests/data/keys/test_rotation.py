"""The master key is changed: everything opens with the new one, or everything is as it was."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row

from tests.support.acme import ACME, KEY, MASTER_KEY, OTHER_MASTER_KEY, PHONE, keyring, opened, phone_integration
from tests.support.database.schema import run_files_with_roles
from tests.support.waiting import wait_until
from tui.data.integrations.credentials import CredentialConflict, Draft, load_credential, save_credential
from tui.data.integrations.reveal import open_secret
from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.envelope_count import Left, pages
from tui.data.keys.gate import check_gate, take_census
from tui.data.keys.master_key import MasterKey
from tui.data.keys.retirement import retire_key
from tui.data.keys.rotation import does_not_open, plan_rotation, prepare_key_change, rotate_keys
from tui.data.postgres import database as database_module
from tui.errors import Conflict, DatabaseFailed, Locked, MasterKeyError, SwitchboardError, Unreadable, WrongMasterKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.servers.postgres import TestServer
    from tui.data.keys.rotation import RotationResult
    from tui.data.postgres.database import Database
    from tui.models.envelopes import EnvelopeFormat

# An earlier key, of which rows are left.
EARLIER = MasterKey("wJ4nC7bYq2Lr9TzK6mXv1HsD8fGp3RaE5uNo0iQyB+k=", "an earlier key")
EARLIER_SALT = bytes(range(16, 32))
RING = keyring(MASTER_KEY, EARLIER)
ADD = """
insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted, is_verified)
values (%s, %s, %s, %s, true)
"""
ADD_KEY = "insert into switchboard.keys (key_id, purpose, salt, state) values"
CHANGE = "update public.integration_credentials set credentials_encrypted = %s where id = %s"
# Everything of a row but the envelope, and the time that every writer moves.
REST = """
select id, organization_id, integration_type, display_name, is_active, is_verified, last_verified_at, created_by,
       updated_by, created_at from public.integration_credentials order by id
"""
ENVELOPES = """
select c.id::text as name, c.id as credential_id, c.organization_id, c.integration_type,
       c.credentials_encrypted as envelope
  from public.integration_credentials as c
union all
select v.id::text, v.credential_id, v.organization_id, v.integration_type, v.envelope
  from switchboard.credential_versions as v order by 1
"""


def rows_of(conninfo: str, query: str, values: Any = None) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return connection.execute(query, values).fetchall()


def salt_in_use(conninfo: str) -> bytes:
    return bytes(rows_of(conninfo, "select salt from switchboard.keys where state = 'active'")[0]["salt"])


def seal(key: MasterKey, binding: RowBinding, content: str, shape: EnvelopeFormat, salt: bytes) -> str:
    plaintext = f'{{"account_sid": "{content}", "unknown": [1, {{"a": null}}]}}'.encode()
    return Keyring(key).seal(plaintext, binding, format=shape, salt=salt)


def plaintexts(conninfo: str, ring: Keyring) -> dict[str, bytes | str]:
    """By row and version: what is in it, or why it does not open."""
    found: dict[str, bytes | str] = {}
    for row in rows_of(conninfo, ENVELOPES):
        binding = RowBinding(row["credential_id"], row["organization_id"], row["integration_type"])
        try:
            found[row["name"]] = ring.open_bytes(row["envelope"], binding).plaintext
        except Unreadable as failure:
            found[row["name"]] = failure.reason
    return found


@pytest.fixture
def stored(keyed_database: str) -> str:
    """Rows and versions of both formats, under the key in use and under an earlier one."""
    salt = bytes(rows_of(keyed_database, "select salt from switchboard.keys")[0]["salt"])
    with psycopg.connect(keyed_database) as connection:
        for number, (key, shape) in enumerate(
            [(MASTER_KEY, "sb2"), (MASTER_KEY, "legacy"), (EARLIER, "sb2"), (EARLIER, "legacy"), (MASTER_KEY, "sb2")]
        ):
            binding = RowBinding(uuid4(), uuid4(), "exotel_phone")
            row_salt = salt if key is MASTER_KEY else EARLIER_SALT
            kind = cast("EnvelopeFormat", shape)
            for turn in ("first", "second"):
                envelope = seal(key, binding, f"{turn} {number}", kind, row_salt)
                if turn == "first":
                    connection.execute(ADD, [binding.row_id, binding.organization_id, "exotel_phone", envelope])
                else:
                    connection.execute(CHANGE, [envelope, binding.row_id])
    return keyed_database


async def rotated(
    database: Database,
    target: MasterKey = OTHER_MASTER_KEY,
    *,
    ring: Keyring = RING,
    format: EnvelopeFormat | None = None,
    left_out: frozenset[UUID] = frozenset(),
) -> RotationResult:
    change = await prepare_key_change(database, ring, target, format)
    return await rotate_keys(database, change, left_out=left_out)


async def test_everything_opens_with_the_new_key_alone_and_holds_what_it_held(stored: str) -> None:
    before, rest = plaintexts(stored, RING), rows_of(stored, REST)
    progress: list[tuple[object, ...]] = []
    async with opened(stored) as database:
        change = await prepare_key_change(database, RING, OTHER_MASTER_KEY, None)
        plan = await plan_rotation(database, change)
        assert plaintexts(stored, RING) == before
        result = await rotate_keys(database, change, left_out=frozenset(), progress=lambda *done: progress.append(done))
        after = plaintexts(stored, Keyring(OTHER_MASTER_KEY))
        assert (after, rows_of(stored, REST)) == (before, rest)
        assert len(after) == 10 and not any(isinstance(content, str) for content in after.values())
        assert plan == result.before
        assert (result.before.fingerprint, result.before.by_format) == (
            result.after.fingerprint,
            result.after.by_format,
        )
        assert result.after.by_format == {"sb2": 6, "legacy": 4}
        assert set(result.after.by_key) == {change.to_id, "another test (legacy)"}
        assert progress == [
            *(("written", done, 10) for done in (0, 5, 10)),
            *(("checked", done, 10) for done in (0, 5, 10)),
            ("saving", 10, 10),
        ]
        keys = rows_of(stored, "select key_id, state from switchboard.keys order by state")
        assert keys == [
            {"key_id": change.to_id, "state": "active"},
            {"key_id": change.from_id, "state": "decrypt-only"},
        ]
        # What the database says of it: one row of the act, and one of each row, marked.
        log = rows_of(
            stored, "select action, details from public.integration_audit_logs order by created_at desc limit 6"
        )
        assert [(row["action"], row["details"].get("rotation")) for row in log] == [
            ("keys_rotated", None),
            *(("credential_updated", True),) * 5,
        ]
        details = log[0]["details"]
        assert details["fingerprint"] == {"before": plan.fingerprint, "after": plan.fingerprint}
        assert (details["credentials"], details["versions"]) == (5, 5)
        assert {row["details"]["operation_id"] for row in log} == {details["operation_id"]}
        assert (await take_census(database, keyring(OTHER_MASTER_KEY))).unreadable == ()
        assert (await check_gate(database, keyring(OTHER_MASTER_KEY))).state == "open"
        # And back, while the key before it is decrypt-only.
        back = await rotated(database, MASTER_KEY, ring=keyring(OTHER_MASTER_KEY))
        assert plaintexts(stored, keyring()) == before
        assert back.after.fingerprint != plan.fingerprint, "the fingerprint is keyed from the key in use"


async def test_the_new_key_may_be_the_configured_one_and_formats_change_where_that_is_asked(stored: str) -> None:
    before = plaintexts(stored, RING)
    async with opened(stored) as database:
        configured = Keyring(OTHER_MASTER_KEY, [MASTER_KEY, EARLIER])
        with pytest.raises(WrongMasterKey) as refused:
            (await check_gate(database, configured)).require_write()
        assert (
            refused.value.what_to_do == "`switchboard keys rotate` changes to it; the one in use is there, from a test."
        )
        change = await prepare_key_change(database, configured, None, "sb2")
        assert (change.present, change.target) == (MASTER_KEY, OTHER_MASTER_KEY)
        result = await rotate_keys(database, change, left_out=frozenset())
        assert result.after.by_format == {"sb2": 10}
        assert plaintexts(stored, Keyring(OTHER_MASTER_KEY)) == before


async def test_a_target_that_may_not_be_one_is_refused_before_anything_runs(stored: str) -> None:
    before = rows_of(stored, ENVELOPES)
    async with opened(stored) as database:
        refusals: list[tuple[Keyring, MasterKey | None, str]] = [
            (RING, MasterKey("short", "x"), "shorter than 32"),
            (RING, MasterKey("your-32-character-secret-key-here", "x"), "placeholder"),
            (RING, MasterKey(f"{KEY}\n{KEY}", "x"), "line break"),
            (RING, MasterKey(KEY, "x"), "in use already"),
            (keyring(EARLIER), OTHER_MASTER_KEY, "is not among those"),
            (RING, None, "in use already"),
            (keyring(None), None, "both needed"),
        ]
        for ring, target, why in refusals:
            with pytest.raises(MasterKeyError, match=why):
                await prepare_key_change(database, ring, target, None)
        await rotated(database, ring=RING)
        # A retired key never comes back, and one that is needed is never retired.
        new = keyring(OTHER_MASTER_KEY)
        old_id = rows_of(stored, "select key_id from switchboard.keys where state = 'decrypt-only'")[0]["key_id"]
        with pytest.raises(Conflict, match="is a legacy envelope that opens with no other key"):
            await retire_key(database, keyring(None, MASTER_KEY), old_id)
        said: list[tuple[str, int, int]] = []
        await retire_key(
            database, keyring(OTHER_MASTER_KEY, MASTER_KEY), old_id, lambda *progress: said.append(progress)
        )
        assert said == [("read", 0, 10), ("read", 5, 10), ("read", 10, 10)]
        with pytest.raises(MasterKeyError, match="was retired here"):
            await prepare_key_change(database, new, MASTER_KEY, None)
        with pytest.raises(MasterKeyError, match="not decrypt-only"):
            await retire_key(database, new, old_id)
    assert [row["envelope"] for row in before] != [row["envelope"] for row in rows_of(stored, ENVELOPES)]


async def test_what_row_security_of_others_hides_is_not_left_under_the_key_before(
    postgres: TestServer, empty_database: str
) -> None:
    """One legacy envelope, which does not name its key: rotating the rest and retiring would both lose it."""
    await run_files_with_roles(empty_database)
    postgres.create_role("rana", "login in role switchboard_admin")
    hidden = RowBinding(uuid4(), ACME, "exotel_sms")
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            ADD, [hidden.row_id, ACME, "exotel_sms", seal(EARLIER, hidden, "hidden", "legacy", EARLIER_SALT)]
        )
        connection.execute(
            "create policy of_another_program on public.integration_credentials as restrictive for select "
            "to switchboard_admin using (integration_type <> 'exotel_sms')"
        )
        # Nobody but the owner adds what looks like an earlier key, and what cannot be one is in nobody's way.
        connection.execute(
            "insert into switchboard.keys (key_id, purpose, salt, state) values ('x', 'master', 'x', 'retired')"
        )
    url = postgres.conninfo(empty_database.rpartition("/")[2].partition("?")[0], user="rana")
    with (
        psycopg.connect(url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"{ADD_KEY} ('y', 'master', 'y', 'decrypt-only')")
    async with opened(url) as database:
        await save_credential(database, RING, Draft(ACME, "exotel_phone", PHONE, None), None, "auto")
        with pytest.raises(Conflict, match="hides 1 envelope from this login"):
            await rotated(database)
    async with opened(empty_database) as database:
        await rotated(database)
    async with opened(url) as database:
        (old,) = rows_of(empty_database, "select key_id from switchboard.keys where state = 'decrypt-only'")
        with pytest.raises(Conflict, match="hides legacy envelopes from the login rana"):
            await retire_key(database, Keyring(OTHER_MASTER_KEY), old["key_id"])


async def test_what_does_not_open_stops_it_unless_it_is_left_out(stored: str) -> None:
    before = plaintexts(stored, RING)
    with psycopg.connect(stored) as connection:
        damaged = connection.execute(
            "update public.integration_credentials "
            "set credentials_encrypted = overlay(credentials_encrypted placing 'AAAA' from 60) "
            "where credentials_encrypted like 'sb2.%' returning id"
        ).fetchall()
    altered = rows_of(stored, ENVELOPES)
    async with opened(stored) as database:
        version = Left("version", 7, UUID(int=1), "other key")
        assert "`switchboard integrations forget TYPE`" in does_not_open(version).what_to_do
        with pytest.raises(Unreadable, match="does not open") as refused:
            await rotated(database)
        assert str(min(row[0] for row in damaged)) in refused.value.sentence
        assert rows_of(stored, ENVELOPES) == altered
        result = await rotated(database, left_out=frozenset(row[0] for row in damaged))
    assert sorted(str(left.id) for left in result.after.left) == sorted(str(row[0]) for row in damaged)
    after = plaintexts(stored, Keyring(OTHER_MASTER_KEY))
    readable = {name: content for name, content in after.items() if isinstance(content, bytes)}
    assert len(readable) == 10 and {name for name in before if name not in readable} == {str(row[0]) for row in damaged}


async def test_what_another_program_wrote_with_the_new_key_already_is_no_obstacle(stored: str) -> None:
    """It was given the new key before the rotation."""
    binding = RowBinding(uuid4(), uuid4(), "exotel_phone")
    with psycopg.connect(stored) as connection:
        envelope = seal(OTHER_MASTER_KEY, binding, "early", "legacy", EARLIER_SALT)
        connection.execute(ADD, [binding.row_id, binding.organization_id, "exotel_phone", envelope])
    async with opened(stored) as database:
        result = await rotated(database)
    assert (result.after.left, result.after.credentials) == ([], 6)
    assert b"early" in cast("bytes", plaintexts(stored, Keyring(OTHER_MASTER_KEY))[str(binding.row_id)])


async def test_large_envelopes_are_read_a_few_at_a_time(stored: str) -> None:
    binding = RowBinding(uuid4(), uuid4(), "exotel_phone")
    with psycopg.connect(stored) as connection:
        for number in range(3):
            connection.execute(ADD, [UUID(int=number + 1), binding.organization_id, f"x{number}", "x" * 5_000_000])
    sizes = []
    async with opened(stored) as database:

        async def unit(connection: Any) -> None:
            async for place, rows in pages(connection):
                sizes.append((place, len(rows)))

        await database.read(unit)
    assert sizes == [("credential", 1), ("credential", 1), ("credential", 6), ("version", 5)]


@asynccontextmanager
async def refusing_trigger(conninfo: str, body: str) -> AsyncIterator[None]:
    """Another program's trigger on the integrations."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table public.notes (id uuid)")
        connection.execute(f"create function public.other() returns trigger language plpgsql as $$begin {body} end$$")
        connection.execute(
            "create trigger other before update on public.integration_credentials for each row execute function other()"
        )
        yield
        connection.execute("drop function public.other cascade")
        connection.execute("drop table public.notes")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise exception 'full' using errcode = '53100';", SwitchboardError),
        # Its names are not looked for where the trigger's author expects.
        ("insert into notes values (old.id); return new;", DatabaseFailed),
        ("return null;", Conflict),
        ("new.credentials_encrypted := new.credentials_encrypted || 'x'; return new;", Conflict),
        ("new.credentials_encrypted := old.credentials_encrypted; return new;", SwitchboardError),
    ],
    ids=["disk full", "unqualified", "swallowed", "altered", "not written"],
)
async def test_what_goes_wrong_on_the_server_leaves_everything_as_it_was(
    stored: str, body: str, error: type[Exception]
) -> None:
    before, keys = rows_of(stored, ENVELOPES), rows_of(stored, "select key_id, state from switchboard.keys")
    async with opened(stored) as database:
        async with refusing_trigger(stored, body):
            with pytest.raises(error) as refused:
                await rotated(database)
            if error is DatabaseFailed:
                assert "public.other() of another program" in refused.value.sentence
                assert "set search_path on it" in refused.value.what_to_do
        assert rows_of(stored, ENVELOPES) == before
        assert rows_of(stored, "select key_id, state from switchboard.keys") == keys
        await rotated(database)


def waiting(conninfo: str, text: str) -> int:
    """How many statements with this text wait for a lock."""
    query = "select from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
    return len(rows_of(conninfo, query, [f"%{text}%"]))


async def test_who_saves_meanwhile_gets_a_conflict_and_loses_nothing(stored: str) -> None:
    """A console that has read the row and holds the old key; a second one that adds a row; and one that opens later."""
    async with opened(stored) as ours, opened(stored) as theirs:
        await save_credential(theirs, keyring(), Draft(ACME, "exotel_phone", PHONE, None), None, "sb2")
        base = await load_credential(theirs, keyring(), ACME, "exotel_phone")
        with psycopg.connect(stored) as holder:
            # The rotation waits for this row, and they for the rotation.
            holder.execute("select from public.user_integration_permissions for update")
            holder.execute("lock table public.integration_credentials in row exclusive mode")
            rotating = asyncio.ensure_future(rotated(ours))
            await asyncio.to_thread(wait_until, lambda: waiting(stored, "begin_rotation") == 1)
            saving = asyncio.ensure_future(
                save_credential(
                    theirs, keyring(), Draft(ACME, "exotel_phone", PHONE | {"caller_id": "1"}, None), base, "sb2"
                )
            )
            adding = asyncio.ensure_future(
                save_credential(theirs, keyring(), Draft(ACME, "exotel_sms", PHONE, None), None, "sb2")
            )
            await asyncio.to_thread(wait_until, lambda: waiting(stored, "for share") == 2)
        await rotating
        for task in (saving, adding):
            with pytest.raises((Conflict, CredentialConflict)):
                await task
        assert all(isinstance(content, bytes) for content in plaintexts(stored, Keyring(OTHER_MASTER_KEY)).values())
        # Within one act the console that holds the old key knows it.
        integration = await phone_integration(theirs)
        changed = rf"changed by somebody \(key id {OTHER_MASTER_KEY.key_id(salt_in_use(stored))}, at 2\d\d\d-.* UTC\)\."
        for act in (
            save_credential(theirs, keyring(), Draft(ACME, "exotel_sms", PHONE, None), None, "sb2"),
            open_secret(theirs, keyring(), integration, "api_key", "reveal"),
        ):
            with pytest.raises(WrongMasterKey, match=changed):
                await act
        await save_credential(theirs, keyring(OTHER_MASTER_KEY), Draft(ACME, "exotel_sms", PHONE, None), None, "sb2")


async def test_a_writer_that_does_not_end_is_named(stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # The server is asked for the holder once a wait has lasted for a second.
    monkeypatch.setattr(database_module, "LONG_LIMITS", database_module.LONG_LIMITS._replace(lock_ms=1_500))
    async with opened(stored) as database:
        with psycopg.connect(stored, application_name="dialer/2.1") as holder:
            holder.execute("update public.integration_credentials set display_name = 'x'")
            with pytest.raises(Locked, match=r"dialer/2\.1"):
                await rotated(database)


async def statements_of(conninfo: str, kill_at: int, *, after: bool) -> int:
    """Rotate, killed with -9 before (or after) that statement; return how many there were."""
    count = 0
    execute = psycopg.AsyncConnection.execute

    async def counted(self: Any, query: Any, *values: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == kill_at and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await execute(self, query, *values, **options)
        if count == kill_at and after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    async with opened(conninfo) as database:
        change = await prepare_key_change(database, RING, OTHER_MASTER_KEY, None)
        psycopg.AsyncConnection.execute = counted  # type: ignore[method-assign]
        await rotate_keys(database, change, left_out=frozenset())
    return count


def in_a_child(conninfo: str, kill_at: int, *, after: bool) -> int:
    """The child's exit status, negative where a signal ended it; else how many statements it sent."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(asyncio.run(statements_of(conninfo, kill_at, after=after)))
        finally:
            os._exit(255)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def statements(conninfo: str) -> int:
    """How many statements a rotation sends, on a copy."""
    name = f"copy_{uuid4().hex}"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        origin = connection.info.dbname
    with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {origin}")
        try:
            return in_a_child(make_conninfo(conninfo, dbname=name), 0, after=False)
        finally:
            connection.execute(f"drop database {name} with (force)")


def kill_at_each(conninfo: str, places: list[tuple[int, bool]]) -> list[str]:
    """What is there after each kill: "before" or "after", of every envelope and the keys."""
    before = plaintexts(conninfo, RING)
    outcomes = []
    busy = "select count(*) from pg_locks where relation = 'public.integration_credentials'::regclass"
    for kill_at, after in places:
        assert in_a_child(conninfo, kill_at, after=after) == -signal.SIGKILL, (kill_at, after)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() "
                "and datname = current_database()"
            )
            while connection.execute(busy).fetchone() != (0,):
                pass
        active = rows_of(conninfo, "select key_id from switchboard.keys where state = 'active'")[0]["key_id"]
        is_new = any(
            OTHER_MASTER_KEY.key_id(bytes(row["salt"])) == active
            for row in rows_of(conninfo, "select salt from switchboard.keys")
        )
        assert plaintexts(conninfo, Keyring(OTHER_MASTER_KEY) if is_new else RING) == before, (kill_at, after)
        outcomes.append("after" if is_new else "before")
        if is_new:
            break
    return outcomes


def test_killed_in_the_middle_everything_is_as_it_was_or_as_planned(stored: str) -> None:
    """Before and after the statement that the log is written with, and COMMIT."""
    last = statements(stored)
    assert kill_at_each(stored, [(last - 1, True), (last, False), (last, True)]) == ["before", "before", "after"]


@pytest.mark.long
def test_killed_at_every_statement_everything_is_as_it_was_or_as_planned(stored: str) -> None:
    last = statements(stored)
    places = [(number, after) for number in range(1, last + 1) for after in (False, True)]
    outcomes = kill_at_each(stored, places)
    print(dict(zip(places, outcomes, strict=True)))
    assert outcomes == ["before"] * (len(places) - 1) + ["after"]
