"""Credentials saved and opened again: formats, the gate, conflicts, and what is never written."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import (
    ACME,
    ASHA,
    GLOBEX,
    KEY,
    MASTER_KEY,
    OTHER_MASTER_KEY,
    PHONE,
    keyring,
    opened,
)
from tests.support.waiting import wait_until
from tui.data.integrations.credentials import (
    CredentialConflict,
    Draft,
    PassedTest,
    SaveResult,
    StoredCredential,
    load_credential,
    save_credential,
)
from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring, RowBinding
from tui.data.keys.gate import check_gate, check_gate_for_new_key, confirm_gate, take_census
from tui.data.keys.master_key import MasterKey
from tui.errors import Conflict, InvalidInput, MasterKeyError, MasterKeyMissing, ReadOnlyMode, WrongMasterKey
from tui.models.integrations import Integration

if TYPE_CHECKING:
    from tui.data.postgres.database import Database


def draft(credential: dict[str, Any] | None = None, *, name: str | None = None, kind: str = "exotel_phone") -> Draft:
    return Draft(ACME, kind, PHONE if credential is None else credential, name)


async def load_stored(database: Database, kind: str = "exotel_phone", ring: Any = None) -> StoredCredential:
    credential = await load_credential(database, ring or keyring(), ACME, kind)
    assert credential is not None
    return credential


def rows(conninfo: str, query: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


def test_what_holds_a_credential_is_written_out_without_it() -> None:
    stored = StoredCredential(Integration(ACME, ACME, "exotel_phone"), "sb2.x", "sb2", PHONE)
    for holder in (stored, draft(), PassedTest(PHONE, None, {})):
        text = f"{json.dumps([holder], default=str)} {holder} {holder!r}"
        assert not any(str(value) in text for value in PHONE.values()), type(holder)


async def test_a_new_credential_is_saved_and_opens_again_with_its_order_kept(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        saved = await save_credential(database, keyring(), draft(name="Front desk"), None, "auto")
        again = await load_stored(database)
    assert saved.created
    assert saved.changed == tuple(PHONE)
    assert again.format == "sb2"
    assert list((again.credential or {}).items()) == list(PHONE.items())
    assert (again.integration.display_name, again.integration.created_by) == ("Front desk", ASHA)


async def test_the_first_write_records_the_key_in_the_same_transaction(installed_database: str) -> None:
    async with opened(installed_database) as database:
        assert (await check_gate(database, keyring())).state == "unused"
        await save_credential(database, keyring(), draft(), None, "auto")
        gate = await check_gate(database, keyring())
    recorded = rows(installed_database, "select key_id, purpose, state from switchboard.keys")
    assert gate.state == "open"
    assert recorded == [(gate.key_id, "master", "active")]


async def test_a_key_that_is_not_recorded_yet_is_looked_at_again_without_another_derivation(
    installed_database: str,
) -> None:
    ring = Keyring(MasterKey(KEY, "a test"))
    async with opened(installed_database) as database:
        first, second = [await check_gate(database, ring) for _ in range(2)]
        of_another_key = await check_gate(database, Keyring(MasterKey(KEY, "another")))
    assert (first.salt, first.key_id) == (second.salt, second.key_id)
    assert of_another_key.salt != first.salt


@pytest.mark.parametrize("before", ["no envelope", "an envelope", "a record"])
async def test_a_new_key_is_judged_without_deriving_it_as_it_would_be_otherwise(
    installed_database: str, before: str
) -> None:
    async with opened(installed_database) as database:
        if before in ("an envelope", "a record"):
            await save_credential(database, keyring(), draft(), None, "legacy")
        with psycopg.connect(installed_database) as connection:
            if before == "an envelope":
                connection.execute("delete from switchboard.keys")
            elif before == "no envelope":
                connection.execute(
                    "insert into integration_credentials (organization_id, integration_type, credentials_encrypted) "
                    "values (gen_random_uuid(), 'exotel_sms', 'no envelope')"
                )
        underived = await check_gate_for_new_key(database, OTHER_MASTER_KEY)
        derived = await check_gate(database, keyring(OTHER_MASTER_KEY))
    assert underived.state == ("wrong key" if before in ("an envelope", "a record") else "unused")
    assert (underived.state, underived.recorded_key_id) == (derived.state, derived.recorded_key_id)
    assert (underived.recorded_key_id is not None) == (before == "a record")


async def test_a_save_that_fails_records_no_key(installed_database: str) -> None:
    too_long = draft(name="x" * 256)
    async with opened(installed_database) as database:
        with pytest.raises(InvalidInput):
            await save_credential(database, keyring(), too_long, None, "auto")
    assert rows(installed_database, "select count(*) from switchboard.keys") == [(0,)]


@pytest.mark.parametrize(
    ("key", "failure"),
    [
        (None, MasterKeyMissing),
        (MasterKey("short", "a test"), MasterKeyError),
    ],
    ids=["missing", "weak"],
)
async def test_nothing_is_written_with_a_key_that_is_no_key(
    installed_database: str, key: MasterKey | None, failure: type[MasterKeyError]
) -> None:
    async with opened(installed_database) as database:
        with pytest.raises(failure) as caught:
            await save_credential(database, keyring(key), draft(), None, "auto")
    assert caught.value.exit_status == 4
    assert rows(installed_database, "select count(*) from integration_credentials") == [(0,)]


async def test_nothing_is_written_with_another_key_than_the_recorded_one(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        with pytest.raises(WrongMasterKey):
            await save_credential(database, keyring(OTHER_MASTER_KEY), draft(kind="exotel_sms"), None, "auto")
    assert rows(keyed_database, "select integration_type from integration_credentials") == [("exotel_phone",)]


async def test_without_a_record_the_newest_rows_tell_whether_the_key_is_wrong(installed_database: str) -> None:
    async with opened(installed_database) as database:
        await save_credential(database, keyring(), draft(), None, "legacy")
        rows(installed_database, "delete from switchboard.keys returning 1")
        assert (await check_gate(database, keyring())).state == "open"
        assert (await check_gate(database, keyring(OTHER_MASTER_KEY))).state == "wrong key"
        with pytest.raises(WrongMasterKey):
            await save_credential(database, keyring(OTHER_MASTER_KEY), draft(kind="zoho_mail"), None, "legacy")


async def test_a_key_that_opens_some_rows_and_not_others_may_write_and_is_recorded(installed_database: str) -> None:
    row = RowBinding(GLOBEX, GLOBEX, "zoho_mail")
    others = keyring(OTHER_MASTER_KEY).seal(b"{}", row, format="legacy", salt=b"")
    async with opened(installed_database) as database:
        await save_credential(database, keyring(), draft(), None, "legacy")
        rows(installed_database, "delete from switchboard.keys returning 1")
        rows(
            installed_database,
            "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
            f"values ('{GLOBEX}', '{GLOBEX}', 'zoho_mail', '{others}') returning 1",
        )
        for key in (MASTER_KEY, OTHER_MASTER_KEY):
            gate = await check_gate(database, keyring(key))
            assert (gate.state, gate.may_write) == ("mixed", True)
        await save_credential(database, keyring(), draft(kind="exotel_sms"), None, "auto")
        states = [(await check_gate(database, keyring(key))).state for key in (MASTER_KEY, OTHER_MASTER_KEY)]
    assert states == ["open", "wrong key"]


async def test_of_two_consoles_with_two_keys_on_an_empty_database_one_writes_and_records_its_own(
    installed_database: str,
) -> None:
    rings = keyring(), keyring(OTHER_MASTER_KEY)
    kinds = "exotel_phone", "exotel_sms"
    async with opened(installed_database) as database:
        with psycopg.connect(installed_database) as holder:
            # Both have asked the gate by then, and wait to record their key.
            holder.execute("lock table switchboard.keys in exclusive mode")
            pairs = zip(rings, kinds, strict=True)
            saves = [save_credential(database, ring, draft(kind=kind), None, "auto") for ring, kind in pairs]
            both = asyncio.gather(*saves, return_exceptions=True)
            await until_waiting(holder, 2)
            holder.commit()
        ended = await both
        gates = [await check_gate(database, ring) for ring in rings]
    assert sorted(type(outcome).__name__ for outcome in ended) == ["Conflict", "SaveResult"]
    winner = next(number for number, outcome in enumerate(ended) if isinstance(outcome, SaveResult))
    assert [gate.state for gate in gates] == (["open", "wrong key"] if winner == 0 else ["wrong key", "open"])
    assert rows(installed_database, "select integration_type from integration_credentials") == [(kinds[winner],)]


async def test_an_edit_whose_key_is_replaced_while_it_is_saved_writes_nothing(installed_database: str) -> None:
    async with opened(installed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        rows(installed_database, "delete from switchboard.keys returning 1")
        base = await load_stored(database)
        with psycopg.connect(installed_database) as holder:
            holder.execute("lock table switchboard.keys in exclusive mode")
            edit = draft({**PHONE, "caller_id": "1"})
            saving = asyncio.create_task(save_credential(database, keyring(), edit, base, "auto"))
            await until_waiting(holder, 1)
            holder.execute(
                "insert into switchboard.keys (key_id, purpose, salt) values ('other', 'master', decode('00', 'hex'))"
            )
            holder.commit()
        with pytest.raises(Conflict, match="changed a moment ago"):
            await saving
        assert (await load_stored(database)).envelope == base.envelope


async def test_the_gate_is_confirmed_against_the_record_as_it_is_when_it_is_written(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        gate = await check_gate(database, keyring())
        await database.write(lambda connection: confirm_gate(connection, gate))
        for change in ("state = 'retired'", "state = 'active', salt = decode('00', 'hex')", "key_id = 'other'"):
            rows(keyed_database, f"update switchboard.keys set {change} returning 1")
            with pytest.raises(Conflict):
                await database.write(lambda connection: confirm_gate(connection, gate))


async def until_waiting(connection: psycopg.Connection[Any], count: int) -> None:
    waiting = "select count(*) from pg_locks where not granted"
    await asyncio.to_thread(wait_until, lambda: connection.execute(waiting).fetchone() == (count,))


async def test_auto_means_legacy_as_soon_as_any_legacy_row_exists_and_an_edit_keeps_the_format(
    keyed_database: str,
) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        await save_credential(database, keyring(), draft(kind="exotel_sms"), None, "legacy")
        await save_credential(database, keyring(), draft(kind="zoho_mail"), None, "auto")
        formats = {
            integration.integration_type: integration.envelope_format for integration in await list_stored(database)
        }
        assert formats == {"exotel_phone": "sb2", "exotel_sms": "legacy", "zoho_mail": "legacy"}
        for kind in formats:
            base = await load_stored(database, kind)
            await save_credential(database, keyring(), draft({**PHONE, "api_key": "new"}, kind=kind), base, "sb2")
        assert {
            integration.integration_type: integration.envelope_format for integration in await list_stored(database)
        } == formats


async def list_stored(database: Database) -> list[Any]:
    return [
        integration
        for integration in await list_integrations(database, keyring(), ACME, [])
        if integration.id is not None
    ]


async def test_an_edit_keeps_the_order_and_the_values_of_fields_it_did_not_touch(keyed_database: str) -> None:
    unknown_fields = (
        b'"business_hours":{"tz":"Asia/Kolkata"},"rate":1e-7,"big":12345678901234567890,"x":"\\ud800","n":1'
    )
    plaintext = b'{"gone":0,"api_key":"old",' + unknown_fields + b"}"
    row = RowBinding(ACME, ACME, "exotel_phone")
    envelope = keyring().seal(plaintext, row, format="legacy", salt=b"")
    with psycopg.connect(keyed_database) as connection:
        values = (row.row_id, row.organization_id, row.integration_type, envelope)
        connection.execute(
            "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
            "values (%s, %s, %s, %s)",
            values,
        )
    async with opened(keyed_database) as database:
        base = await load_stored(database)
        assert base.credential
        edited = {"added": None, **base.credential, "api_key": "new", "n": True}
        del edited["gone"]
        saved = await save_credential(database, keyring(), draft(edited), base, "auto")
        again = await load_stored(database)
    assert saved.changed == ("gone", "api_key", "added")
    assert again.envelope
    assert keyring().open(again.envelope, row).plaintext == b'{"api_key":"new",' + unknown_fields + b',"added":null}'


async def test_saving_what_is_stored_writes_nothing(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        before = rows(keyed_database, "select xmin, credentials_encrypted from integration_credentials")
        saved = await save_credential(database, keyring(), draft(), await load_stored(database), "auto")
    assert saved.changed == ()
    assert rows(keyed_database, "select xmin, credentials_encrypted from integration_credentials") == before


async def test_a_new_name_alone_leaves_the_envelope_and_the_verification(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        with psycopg.connect(keyed_database) as connection:
            connection.execute("update integration_credentials set is_verified = true, last_verified_at = now()")
        base = await load_stored(database)
        saved = await save_credential(database, keyring(), draft(name="Reception"), base, "auto")
        again = await load_stored(database)
        assert (saved.changed, again.envelope) == (("display_name",), base.envelope)
        assert again.integration.is_verified
        await save_credential(database, keyring(), draft({**PHONE, "api_key": "n"}, name="Reception"), again, "auto")
        changed = await load_stored(database)
    assert (changed.integration.is_verified, changed.integration.last_verified_at) == (False, None)


async def test_of_two_who_save_over_the_same_version_the_second_gets_a_conflict_with_what_is_stored(
    keyed_database: str,
) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        base = await load_stored(database)
        await save_credential(database, keyring(), draft({**PHONE, "caller_id": "first"}), base, "auto")
        with pytest.raises(CredentialConflict) as caught:
            await save_credential(database, keyring(), draft({**PHONE, "caller_id": "second"}), base, "auto")
        assert caught.value.current is not None
        assert (caught.value.current.credential or {})["caller_id"] == "first"
        assert ((await load_stored(database)).credential or {})["caller_id"] == "first"


async def test_of_two_who_create_the_same_type_the_second_gets_a_conflict(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        with pytest.raises(CredentialConflict):
            await save_credential(database, keyring(), draft({**PHONE, "caller_id": "2"}), None, "auto")


async def test_a_save_over_a_deleted_row_is_a_conflict_without_a_current_version(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        base = await load_stored(database)
        with psycopg.connect(keyed_database) as connection:
            connection.execute("delete from integration_credentials")
        with pytest.raises(CredentialConflict) as caught:
            await save_credential(database, keyring(), draft({**PHONE, "caller_id": "2"}), base, "auto")
    assert caught.value.current is None


@pytest.mark.parametrize(
    ("envelope", "reason"), [("not an envelope", "malformed"), ("sb2.a.b.c.d", "malformed"), (None, "other key")]
)
async def test_one_unreadable_row_never_hides_the_others(
    keyed_database: str, envelope: str | None, reason: str
) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        row = RowBinding(GLOBEX, ACME, "zoho_mail")
        text = envelope or keyring(OTHER_MASTER_KEY).seal(b"{}", row, format="legacy", salt=b"")
        with psycopg.connect(keyed_database) as connection:
            connection.execute(
                "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
                "values (%s, %s, 'zoho_mail', %s)",
                (row.row_id, ACME, text),
            )
        states = {
            integration.integration_type: (integration.state, integration.unreadable)
            for integration in await list_stored(database)
        }
        assert states == {"exotel_phone": ("active", None), "zoho_mail": ("unreadable", reason)}
        broken = await load_stored(database, "zoho_mail")
        assert (broken.credential, broken.problem and broken.problem.reason) == (None, reason)
        census = await take_census(database, keyring())
        assert [why for _, why in census.unreadable] == [reason]
        await save_credential(database, keyring(), draft(kind="zoho_mail"), broken, "sb2")
        assert (await load_stored(database, "zoho_mail")).credential == PHONE


async def test_the_log_names_the_fields_that_changed_and_holds_no_value_and_no_envelope(
    keyed_database: str,
) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        base = await load_stored(database)
        await save_credential(database, keyring(), draft({**PHONE, "api_token": "canary-token"}), base, "auto")
        again = await load_stored(database)
    log = rows(keyed_database, "select action, user_id, details from integration_audit_logs order by created_at")
    assert [(action, who) for action, who, _ in log] == [("credential_created", ASHA), ("credential_updated", ASHA)]
    assert log[1][2]["fields"] == ["api_token"]
    text = json.dumps([details for _, _, details in log])
    for secret in ("canary-token", PHONE["api_key"], base.envelope, again.envelope):
        assert secret not in text


async def test_read_only_mode_saves_nothing(keyed_database: str) -> None:
    async with opened(keyed_database, read_only=True) as database:
        with pytest.raises(ReadOnlyMode):
            await save_credential(database, keyring(), draft(), None, "auto")
    assert rows(keyed_database, "select count(*) from integration_credentials") == [(0,)]


async def test_neither_a_draft_nor_what_is_stored_shows_itself(keyed_database: str) -> None:
    async with opened(keyed_database) as database:
        await save_credential(database, keyring(), draft(), None, "auto")
        texts = f"{draft()!r} {await load_stored(database)!r} {MASTER_KEY!r}"
    assert PHONE["api_key"] not in texts
    assert "sb2." not in texts
