"""What a connection test leaves in the row and in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.acme import ACME, PHONE, keyring, opened, phone_integration
from tests.support.terminal.console_driver import add
from tui.data.integrations.connection_test_record import ConnectionTestOutcome, log_draft_test, record_test
from tui.data.integrations.credentials import Draft, PassedTest, load_credential, save_credential
from tui.data.integrations.envelope_opening import take_envelope
from tui.data.integrations.listing import count_dependents, delete, list_integrations, set_active
from tui.errors import NotFound

if TYPE_CHECKING:
    from tui.data.postgres.database import Database

VERIFIED = ConnectionTestOutcome(
    "verified", "answer", 412, "200", ({"level": "answer", "subject": "account", "outcome": "passed"},)
)
REFUSED = ConnectionTestOutcome("refused", "reach", 371, "401")
UNREACHED = ConnectionTestOutcome("unknown", "shape", 5_003, "")


async def record_outcome(database: Database, outcome: ConnectionTestOutcome) -> str:
    integration, operation = await phone_integration(database), uuid4()
    envelope = await take_envelope(database, integration, "test", operation_id=operation)
    return await record_test(database, integration, outcome, envelope.stamp, operation)


def newest_log_rows(conninfo: str) -> list[dict[str, Any]]:
    query = "select action, status, details from integration_audit_logs order by created_at desc, id"
    with psycopg.connect(conninfo, row_factory=dict_row) as connection:
        return connection.execute(query).fetchall()


async def test_a_yes_of_the_provider_is_kept_with_its_level_milliseconds_and_code(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        assert await record_outcome(database, VERIFIED) == "kept"
        integration = await phone_integration(database)
    assert (integration.is_verified, integration.proven, integration.failing) == (True, True, False)
    assert integration.last_verified_at is not None
    outcome, change, pending = newest_log_rows(keyed_database)[:3]
    assert (outcome["action"], outcome["status"]) == ("connection_tested", "success")
    details = outcome["details"]
    assert (details["level"], details["milliseconds"], details["code"]) == ("answer", 412, "200")
    assert (pending["action"], pending["status"]) == ("connection_tested", "pending")
    assert change["action"] == "credential_updated"
    assert {row["details"]["operation_id"] for row in (outcome, change, pending)} == {details["operation_id"]}


async def test_a_no_ends_the_verification_and_a_provider_that_was_not_reached_does_not(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        await record_outcome(database, VERIFIED)
        await record_outcome(database, UNREACHED)
        unreached = await phone_integration(database)
        await record_outcome(database, UNREACHED)
        once_more = await phone_integration(database)
        await record_outcome(database, REFUSED)
        refused = await phone_integration(database)
        await record_outcome(database, UNREACHED)
        unknown = await phone_integration(database)
    assert (unreached.is_verified, unreached.proven, unreached.failing) == (True, True, False)
    assert unreached.unknown_since is not None
    assert unreached.last_verified_at is not None
    # From when on nobody knows, and not when it was last tried.
    assert once_more.unknown_since == unreached.unknown_since > unreached.last_verified_at
    assert (refused.is_verified, refused.failing, refused.unknown_since) == (False, True, None)
    assert refused.test_failure == "401 key refused"
    assert refused.last_verified_at == unreached.last_verified_at
    assert (unknown.failing, unknown.tested_at) == (True, refused.tested_at)
    assert unknown.unknown_since is not None


async def test_another_name_leaves_the_verdict_and_another_credential_ends_what_was_not_known(
    keyed_database: str,
) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        await record_outcome(database, VERIFIED)
        await record_outcome(database, UNREACHED)
        before = await phone_integration(database)
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        saved = await save_credential(
            database, keyring(), Draft(ACME, "exotel_phone", PHONE, "Night line"), base, "sb2"
        )
        renamed = await phone_integration(database)
        assert saved.changed == ("display_name",)
        names = ("is_verified", "last_verified_at", "proven", "tested_at", "unknown_since")
        assert [getattr(renamed, name) for name in names] == [getattr(before, name) for name in names]
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        changed = Draft(ACME, "exotel_phone", {**PHONE, "caller_id": "08033755555"}, "Night line")
        await save_credential(database, keyring(), changed, base, "sb2")
        after = await phone_integration(database)
    assert (after.is_verified, after.proven, after.unknown_since) == (False, False, None)


async def test_what_changed_while_it_was_tested_is_not_called_verified(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        integration = await phone_integration(database)
        envelope = await take_envelope(database, integration, "test")
        await set_active(database, integration, active=False)
        assert await record_test(database, integration, VERIFIED, envelope.stamp, uuid4()) == "changed meanwhile"
        after = await phone_integration(database)
        assert (after.is_verified, after.proven, after.failing, after.tested_at) == (False, False, False, None)
        await delete(database, integration, await count_dependents(database, integration))
        with pytest.raises(NotFound, match="deleted while it was tested"):
            await record_test(database, integration, VERIFIED, envelope.stamp, uuid4())


async def test_in_read_only_mode_only_the_log_tells_of_a_test(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database, read_only=True) as database:
        assert await record_outcome(database, VERIFIED) == "read-only"
        assert not (await phone_integration(database)).is_verified
    assert [(row["action"], row["status"]) for row in newest_log_rows(keyed_database)[:2]] == [
        ("connection_tested", "success"),
        ("connection_tested", "pending"),
    ]


async def test_in_read_only_mode_too_what_changed_meanwhile_is_not_judged_by_the_test(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database, read_only=True) as read_only, opened(keyed_database) as database:
        integration = await phone_integration(read_only)
        envelope = await take_envelope(read_only, integration, "test")
        await set_active(database, integration, active=False)
        assert await record_test(read_only, integration, REFUSED, envelope.stamp, uuid4()) == "changed meanwhile"
        assert not (await phone_integration(read_only)).failing


async def test_a_secret_typed_once_more_is_verified_by_its_test_though_nothing_else_changes(
    keyed_database: str,
) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        at = await log_draft_test(database, ACME, "exotel_phone", VERIFIED)
        draft = Draft(ACME, "exotel_phone", PHONE, None)
        saved = await save_credential(
            database, keyring(), draft, base, "sb2", test=PassedTest(PHONE, at, VERIFIED.details())
        )
        after = await phone_integration(database)
        stored = await load_credential(database, keyring(), ACME, "exotel_phone")
    assert (saved.changed, after.is_verified, after.proven, after.last_verified_at) == ((), True, True, at)
    assert base is not None and stored is not None
    assert stored.envelope == base.envelope


@pytest.mark.parametrize(("saved", "verified"), [(PHONE, True), (PHONE | {"api_token": "another"}, False)])
async def test_a_draft_stays_verified_only_when_it_is_saved_as_it_was_tested(
    keyed_database: str, saved: dict[str, Any], verified: bool
) -> None:
    async with opened(keyed_database) as database:
        at = await log_draft_test(database, ACME, "exotel_phone", VERIFIED)
        passed = PassedTest(PHONE, at, VERIFIED.details())
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", saved, None), None, "sb2", test=passed)
        created = await phone_integration(database)
        assert (created.is_verified, created.proven, created.last_verified_at) == (
            (True, True, at) if verified else (False, False, None)
        )

        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        changed = Draft(ACME, "exotel_phone", {**saved, "caller_id": "08033755555"}, None)
        await save_credential(database, keyring(), changed, base, "sb2")
        assert not (await phone_integration(database)).is_verified

        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        at = await log_draft_test(database, ACME, "exotel_phone", VERIFIED)
        passed = PassedTest(PHONE, at, VERIFIED.details())
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", saved, None), base, "sb2", test=passed)
        again = await phone_integration(database)
        assert (again.is_verified, again.proven) == (verified, verified)


async def test_the_test_of_a_draft_says_nothing_about_what_is_stored(keyed_database: str) -> None:
    await add(keyed_database)
    async with opened(keyed_database) as database:
        await record_outcome(database, VERIFIED)
        await log_draft_test(database, ACME, "exotel_phone", REFUSED)
        stored = await phone_integration(database)
    assert (stored.is_verified, stored.proven, stored.failing) == (True, True, False)
    assert newest_log_rows(keyed_database)[0]["details"]["draft"] is True


async def test_of_two_rows_of_a_type_only_the_tested_one_is_proven(keyed_database: str) -> None:
    await add(keyed_database)
    with psycopg.connect(keyed_database) as connection:
        connection.execute("alter table integration_credentials drop constraint unique_org_integration")
        connection.execute(
            """insert into integration_credentials
                      (organization_id, integration_type, credentials_encrypted, is_verified, last_verified_at)
               select organization_id, integration_type, 'none', true, now() from integration_credentials"""
        )
    async with opened(keyed_database) as database:
        assert await record_outcome(database, VERIFIED) == "kept"
        tested, untested = await list_integrations(database, keyring(), ACME, [])
    assert (tested.proven, untested.is_verified, untested.proven, untested.tested_at) == (True, True, False, None)
