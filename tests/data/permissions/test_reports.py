"""Who can do what, by person and by integration; what a leaver knows; and who may be given a permission."""

from __future__ import annotations

import json
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from tests.support.acme import ACME, GLOBEX, opened
from tests.support.commands import execute
from tests.support.database.people import directory_database, integration, person
from tui.data.permissions.effective import access_of_person, access_to_integration, list_access
from tui.data.permissions.grantees import find_grantee, find_holder, label_person, people_are_labelled
from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.listing import Holder
from tui.errors import InvalidInput, NotFound, UnknownPerson
from tui.models.people import Organization
from tui.words.people.permissions import secret_in_full, ways_known

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers.postgres import TestServer
    from tui.data.permissions.known_secrets import KnownSecret

GONE = UUID(int=0xFF)
PERMIT = (
    "insert into public.user_integration_permissions (user_id, integration_id, can_view, can_send, expires_at, "
    "daily_limit) values (%s, %s, true, %s, now() + %s::interval, %s)"
)
LOG = (
    "insert into public.integration_audit_logs (organization_id, user_id, integration_type, action, status, details) "
    "values (%s, %s, %s, %s, 'success', %s::jsonb)"
)


@pytest.fixture
def directory(postgres: TestServer) -> Iterator[str]:
    with directory_database(postgres) as conninfo:
        yield conninfo


def add_log_row(conninfo: str, action: str, details: dict[str, Any] | None, user: UUID | None = None) -> None:
    execute(conninfo, LOG, ACME, user or person(1), "exotel_phone", action, json.dumps(details or {}))


async def test_a_person_has_a_verdict_with_its_reason_on_every_integration(directory: str) -> None:
    execute(directory, PERMIT, person(1), integration(1), True, None, 1)
    add_log_row(directory, "call_made", None)
    async with opened(directory) as database:
        phone, whatsapp = await access_of_person(database, ACME, person(1))
        assert (phone.can_do, phone.decision("send").reason) == (("view",), "daily limit reached")
        assert (phone.use.today, phone.use.this_month) == (1, 1)
        assert {decision.reason for decision in whatsapp.decisions} == {"no permission"}
        execute(directory, "update public.integration_credentials set is_active = false")
        (phone, _) = await access_of_person(database, ACME, person(1))
        assert phone.decision("view").reason == "integration disabled"
        (unknown, _) = await access_of_person(database, ACME, GONE)
        assert (unknown.person.standing, unknown.can_do) == ("not in the directory", ())


async def test_an_integration_lists_everybody_who_holds_a_right_with_what_stands_against_it(directory: str) -> None:
    execute(directory, PERMIT, person(2), integration(1), False, "-1 day", None)
    execute(directory, PERMIT, person(1), integration(1), True, None, 1)
    execute(directory, PERMIT, GONE, integration(1), False, None, None)
    execute(directory, PERMIT, person(3), integration(2), False, None, None)
    add_log_row(directory, "call_made", None)
    async with opened(directory) as database:
        users = await access_to_integration(database, ACME, integration(1))
        assert [(entry.person.label, entry.can_do) for entry in users.entries] == [
            ("Person 000001", ("view",)),
            ("Person 000002", ()),
            (str(GONE), ("view",)),
        ]
        assert users.entries[1].decision("view").reason == "expired"
        assert not users.more
        first = await access_to_integration(database, ACME, integration(1), limit=2)
        assert (len(first.entries), first.more) == (2, True)
        with pytest.raises(NotFound):
            await access_to_integration(database, GLOBEX, integration(1))
        entries = await list_access(database, ACME)
        assert [(access.person.label, access.integration.integration_type) for access in entries] == [
            ("Person 000001", "exotel_phone"),
            ("Person 000002", "exotel_phone"),
            ("Person 000003", "exotel_whatsapp"),
            (str(GONE), "exotel_phone"),
        ]


async def test_of_two_rows_for_the_same_two_the_one_granted_last_decides_who_can_use_an_integration(
    directory: str,
) -> None:
    execute(
        directory,
        "do $$ declare one name; begin for one in select conname from pg_constraint where contype = 'u' and conrelid = "
        "'public.user_integration_permissions'::regclass loop execute format("
        "'alter table public.user_integration_permissions drop constraint %I', one); end loop; end $$",
    )
    execute(directory, PERMIT, person(1), integration(1), True, None, None)
    execute(
        directory,
        "insert into public.user_integration_permissions (user_id, integration_id, granted_at) "
        "values (%s, %s, now() + interval '1 minute')",
        *(person(1), integration(1)),
    )
    async with opened(directory) as database:
        assert not (await access_to_integration(database, ACME, integration(1))).entries
        assert (await access_of_person(database, ACME, person(1)))[0].can_do == ()


async def secrets_of(conninfo: str) -> dict[str, KnownSecret]:
    async with opened(conninfo) as database:
        report = await leaver_report(database, Organization(ACME, None), Holder(person(1), None, "Ann", "active"))
        return {secret.field: secret for secret in report.here.secrets}


def change_details(*fields: str) -> dict[str, Any]:
    return {"source": "trigger", "envelope": {"changed": True}} | ({"fields": list(fields)} if fields else {})


async def test_a_secret_is_to_be_rotated_until_the_log_says_that_this_field_was_changed(directory: str) -> None:
    execute(directory, "alter table public.integration_audit_logs disable trigger switchboard_append_only")
    execute(directory, "delete from public.integration_audit_logs")
    add_log_row(directory, "credential_updated", change_details("api_key"), person(2))
    add_log_row(directory, "credential_revealed", {"fields": ["api_key"]})
    add_log_row(directory, "credential_copied", {"fields": ["api_token"]})
    add_log_row(directory, "credential_lent", {"fields": ["api_id"]})
    add_log_row(directory, "credential_revealed", {"fields": ["hers"]}, person(2))
    secrets = await secrets_of(directory)
    assert set(secrets) == {"api_id", "api_key", "api_token"}
    assert all(secret.to_be_rotated and secret.perhaps_changed_at is None for secret in secrets.values())
    assert (secrets["api_token"].copied, secrets["api_token"].revealed) == (True, False)
    assert (secrets["api_id"].lent, ways_known(secrets["api_id"])) == (True, ["lent"])

    # Neither a test's result nor another field, nor a claim of another program changes a secret.
    add_log_row(directory, "credential_updated", {"source": "trigger", "fields": ["api_key"]}, person(2))
    add_log_row(directory, "credential_updated", change_details("caller_id"), person(2))
    add_log_row(directory, "credential_updated", {"fields": ["api_key"], "envelope": {"changed": True}}, person(2))
    assert all(
        secret.to_be_rotated and secret.perhaps_changed_at is None for secret in (await secrets_of(directory)).values()
    )

    # A change that names no field is none for sure.
    add_log_row(directory, "credential_updated", change_details(), person(2))
    assert all(secret.to_be_rotated and secret.perhaps_changed_at for secret in (await secrets_of(directory)).values())
    add_log_row(directory, "credential_updated", change_details("api_key"), person(2))
    secrets = await secrets_of(directory)
    assert {name: secret.to_be_rotated for name, secret in secrets.items()} == {
        "api_id": True,
        "api_key": False,
        "api_token": True,
    }
    add_log_row(directory, "credential_revealed", {"fields": ["api_key"]})
    assert (await secrets_of(directory))["api_key"].to_be_rotated


async def test_a_roll_back_makes_an_old_secret_live_again_for_whoever_knew_it(directory: str) -> None:
    def write(envelope: str, *fields: str) -> None:
        with psycopg.connect(directory) as connection:
            connection.execute("select set_config('switchboard.fields', %s, true)", [",".join(fields)])
            connection.execute(
                "update public.integration_credentials set credentials_encrypted = %s where id = %s",
                [envelope, integration(1)],
            )

    def know(*fields: str) -> None:
        add_log_row(directory, "credential_revealed", {"fields": list(fields)})

    async def due() -> set[str]:
        return {name for name, secret in (await secrets_of(directory)).items() if secret.to_be_rotated}

    write("first", "api_key", "api_token")
    know("api_key")
    write("second", "api_key")
    know("api_token")
    write("third", "api_key", "api_token")
    assert await due() == set()
    # The second content has the token they saw; the key they saw was in the first alone.
    write("second", "api_key", "api_token")
    assert await due() == {"api_token"}
    write("first", "api_key")
    secrets = await secrets_of(directory)
    assert {name: secret.live_again_at is not None for name, secret in secrets.items()} == {
        "api_key": True,
        "api_token": True,
    }
    assert "changed, and brought back by a roll-back or a restore" in secret_in_full(secrets["api_key"], UTC)
    # Away from it and back on a detour, without a name of any field, and after a delete.
    write("third")
    assert await due() == set()
    write("second")
    write("first")
    assert await due() == {"api_key", "api_token"}
    write("third", "api_key", "api_token")
    execute(directory, "delete from public.integration_credentials where id = %s", integration(1))
    insert = (
        "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
        "values (%s, %s, 'exotel_phone', %s)"
    )
    execute(directory, insert, integration(1), ACME, "third")
    assert await due() == set()
    write("first", "api_key", "api_token")
    execute(directory, "delete from public.integration_credentials where id = %s", integration(1))
    execute(directory, insert, integration(1), ACME, "first")
    assert await due() == {"api_key", "api_token"}
    # What a delete kept, put back by a roll-back: a rotation makes its envelope differ from what is stored.
    write("unseen", "api_key", "api_token")
    write("fourth", "api_key")
    know("api_key")
    execute(directory, "delete from public.integration_credentials where id = %s", integration(1))
    execute(directory, insert, integration(1), ACME, "fifth")
    write("sixth", "api_key", "api_token")
    assert "api_key" not in await due()
    write("fourth", "api_key", "api_token")
    assert "api_key" in await due()
    # Of a way back that does not say to what, the worst is assumed.
    write("last", "api_key", "api_token")
    add_log_row(directory, "credential_rolled_back", change_details("api_key"), person(2))
    assert await due() == {"api_key", "api_token"}


async def test_a_rotation_of_the_master_key_is_neither_knowing_nor_a_change(directory: str) -> None:
    add_log_row(directory, "credential_revealed", {"fields": ["api_key"]})
    add_log_row(directory, "credential_updated", change_details() | {"rotation": True})
    add_log_row(directory, "credential_updated", change_details("api_key") | {"rotation": True}, person(2))
    (secret,) = (await secrets_of(directory)).values()
    assert (secret.field, secret.typed, secret.changed_at, secret.perhaps_changed_at) == ("api_key", False, None, None)


async def test_who_typed_a_secret_knows_it_and_a_deleted_integration_stays_in_the_report(directory: str) -> None:
    add_log_row(directory, "credential_updated", change_details("api_token"))
    add_log_row(directory, "credential_created", {"source": "trigger"})
    execute(directory, "delete from public.integration_credentials")
    secrets = await secrets_of(directory)
    assert {name: (secret.typed, secret.integration_id) for name, secret in secrets.items()} == {
        "api_token": (True, None),
        "": (True, None),
    }


async def test_the_report_counts_numbers_other_organisations_and_openings_by_nobody(directory: str) -> None:
    execute(
        directory,
        "insert into public.organization_phone_numbers (organization_id, phone_number, assigned_to_user_id) "
        "values (%s, '+911', %s), (%s, '+912', %s), (%s, '+913', null)",
        *(ACME, person(1), GLOBEX, person(1), ACME),
    )
    execute(
        directory,
        "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
        "values (%s, %s, 'zoho_mail', 'x')",
        *(GONE, GLOBEX),
    )
    execute(directory, PERMIT, person(1), GONE, False, None, None)
    execute(directory, LOG, ACME, None, "exotel_phone", "credential_copied", "{}")
    execute(directory, LOG, ACME, None, "exotel_phone", "credential_lent", "{}")
    async with opened(directory) as database:
        report = await leaver_report(database, Organization(ACME, None), Holder(person(1), None, "Ann", "active"))
    (elsewhere,) = report.elsewhere
    assert ([number.phone_number for number in report.here.numbers], report.here.unattributed) == (["+911"], 2)
    assert [entry.grant for entry in report.here.access] == [None, None]
    assert ([number.phone_number for number in elsewhere.numbers], elsewhere.is_held_now) == (["+912"], True)
    assert (elsewhere.organization.id, len(elsewhere.staged_revokes()), report.is_whole) == (GLOBEX, 1, True)


async def test_people_are_found_as_long_as_they_hold_something_and_given_only_while_they_are_here(
    directory: str,
) -> None:
    execute(directory, PERMIT, GONE, integration(1), False, None, None)
    execute(directory, "update public.users set is_active = false where id = %s", person(2))
    execute(directory, "update public.users set organization_id = %s where id = %s", GLOBEX, person(3))
    async with opened(directory) as database:
        assert (await find_grantee(database, ACME, "PERSON1@acme.example")).id == person(1)
        assert (await find_holder(database, ACME, str(GONE))).standing == "not in the directory"
        assert (await find_holder(database, ACME, str(person(2)))).standing == "inactive"
        for text in (str(GONE), str(person(2)), str(person(3)), str(UUID(int=1)), "nobody"):
            with pytest.raises(UnknownPerson):
                await find_grantee(database, ACME, text)
        assert not await people_are_labelled(database)
        with pytest.raises(InvalidInput, match="directory"):
            await label_person(database, ACME, GONE, "Gone")


async def test_without_a_directory_an_id_gets_a_label_and_another_one(installed_database: str) -> None:
    async with opened(installed_database) as database:
        assert await people_are_labelled(database)
        await label_person(database, ACME, person(1), " Ann \n Lee ")
        assert (await find_grantee(database, ACME, str(person(1)))).label == "Ann Lee"
        await label_person(database, ACME, person(1), "Ann Smith")
        assert (await find_grantee(database, ACME, str(person(1)))).label == "Ann Smith"
        for label in ("  ", "x" * 201, "a\0b"):
            with pytest.raises(InvalidInput):
                await label_person(database, ACME, person(1), label)
