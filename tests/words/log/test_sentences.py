"""The sentence of a log row: what triggers really write, every known action, and details of any kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.acme import ACME, ASHA, opened
from tests.support.database.log_rows import read_all, resolve_line
from tests.support.database.number_rows import RAVI, create_people
from tests.support.hostile_strings import UNSAFE, hostile_strings
from tui.data.audit.pages import AuditReader
from tui.data.directory import people_by_id
from tui.models.people import Person
from tui.providers import title_of
from tui.words.log.details import LogNames, mentioned_people, people_in
from tui.words.log.sentences import LONGEST, SENTENCES, sentence, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = LogNames({ASHA: Person(ASHA, "asha@acme.example", "Asha Rao", ACME, True)}, title_of, ZoneInfo("Asia/Kolkata"))
PHONE = "00000000-0000-4000-8000-0000000000f0"
NUMBER = "00000000-0000-4000-8000-0000000000f1"
CREDENTIALS, PERMISSIONS = "integration_credentials", "user_integration_permissions"
NUMBERS = "organization_phone_numbers"

# What is done to the tables, and what the log says of it.
DONE = (
    (
        f"insert into {CREDENTIALS} (id, organization_id, integration_type, credentials_encrypted, display_name)"
        f" values ('{PHONE}', '{ACME}', 'exotel_phone', 'sb2.x', 'Dispatch line')",
        "Exotel phone set up as Dispatch line",
    ),
    (
        f"update {CREDENTIALS} set display_name = 'Dispatch line 1', updated_at = now() + interval '1 s'",
        "Exotel phone, display name: Dispatch line -> Dispatch line 1",
    ),
    (
        f"select set_config('switchboard.fields', 'api_key,api_token', true); update {CREDENTIALS}"
        " set credentials_encrypted = 'sb2.y', is_verified = false",
        "Exotel phone changed: api_key, api_token",
    ),
    (f"update {CREDENTIALS} set credentials_encrypted = 'sb2.z'", "Exotel phone, credential changed"),
    (
        f"update {CREDENTIALS} set credentials_encrypted = 'sb2.x'",
        "Exotel phone rolled back to version 1",
    ),
    (f"update {CREDENTIALS} set is_verified = true, last_verified_at = now()", "Exotel phone, verified"),
    (f"update {CREDENTIALS} set is_active = false", "Exotel phone disabled"),
    (f"update {CREDENTIALS} set is_active = true", "Exotel phone enabled"),
    (
        f"insert into {PERMISSIONS} (user_id, integration_id, can_view, can_send, daily_limit, expires_at)"
        f" values ('{RAVI}', '{PHONE}', true, true, 50, '2026-12-31 23:59:59.999999+05:30')",
        "Ravi Kumar: view and send on Exotel phone, until 2026-12-31, 50 a day",
    ),
    (
        f"update {PERMISSIONS} set can_send = false, can_configure = true, daily_limit = null, monthly_limit = 1000",
        "Ravi Kumar: now also configure, no longer send on Exotel phone, no daily limit, 1,000 a month",
    ),
    (
        f"update {PERMISSIONS} set expires_at = '2027-01-01 06:30+00'",
        "Ravi Kumar on Exotel phone, until 2027-01-01 12:00 IST",
    ),
    (f"update {PERMISSIONS} set expires_at = null", "Ravi Kumar on Exotel phone, without expiry"),
    (f"update {PERMISSIONS} set granted_at = '2026-01-01'", "Ravi Kumar: the same on Exotel phone, granted again"),
    (
        f"insert into {NUMBERS} (id, organization_id, integration_id, phone_number)"
        f" values ('{NUMBER}', '{ACME}', '{PHONE}', '08047180103')",
        "+91 80 4718 0103 added to the pool",
    ),
    (f"update {NUMBERS} set assigned_to_user_id = '{ASHA}'", "+91 80 4718 0103 to Asha Rao"),
    (
        f"update {NUMBERS} set assigned_to_user_id = '{RAVI}', display_name = 'Desk'",
        "+91 80 4718 0103 to Ravi Kumar, from Asha Rao; display name: none -> Desk",
    ),
    (f"update {NUMBERS} set assigned_to_user_id = null", "+91 80 4718 0103 from Ravi Kumar to the pool"),
    (f"update {NUMBERS} set is_primary = true, can_sms = false", "+91 80 4718 0103, SMS not allowed; primary"),
    (f"update {NUMBERS} set is_active = false", "+91 80 4718 0103 deactivated"),
    (f"update {NUMBERS} set is_active = true", "+91 80 4718 0103, activated"),
    (f"update {NUMBERS} set updated_at = '2026-01-01'", "+91 80 4718 0103, nothing important changed"),
    (f"delete from {PERMISSIONS}", "Ravi Kumar: no longer view and configure on Exotel phone"),
    (f"delete from {NUMBERS}", "+91 80 4718 0103 deleted"),
    (
        f"insert into {NUMBERS} (organization_id, phone_number, assigned_to_user_id, is_primary)"
        f" values ('{ACME}', '+918047180104', '{ASHA}', true)",
        "+91 80 4718 0104 added for Asha Rao, primary",
    ),
    (f"delete from {CREDENTIALS}", "Exotel phone deleted (Dispatch line 1)"),
    (
        f"insert into {CREDENTIALS} (id, organization_id, integration_type, credentials_encrypted, display_name)"
        f" values ('{PHONE}', '{ACME}', 'exotel_phone', 'sb2.x', 'Dispatch line 1')",
        "Exotel phone restored as Dispatch line 1",
    ),
)

# What programs write by themselves: the action, its status, its details, and the sentence.
WRITTEN: tuple[tuple[str, str, Any, str], ...] = (
    ("connection_tested", "pending", {"purpose": "test"}, "Exotel phone: connection test started"),
    ("connection_tested", "success", {"judgement": "verified"}, "Exotel phone tested: works"),
    ("connection_tested", "success", {"draft": True}, "Exotel phone tested: works, before it was saved"),
    (
        "connection_tested",
        "failed",
        {"why": "There is no host called api.exotel.invalid."},
        "Exotel phone test failed: there is no host called api.exotel.invalid",
    ),
    ("connection_tested", "failed", {"code": "401"}, "Exotel phone test failed: 401, key refused"),
    (
        "connection_tested",
        "failed",
        {"error": "Authentication failed", "error_code": 401},
        "Exotel phone test failed: 401 Authentication failed",
    ),
    ("connection_tested", "failed", {"judgement": "unknown"}, "Exotel phone test failed: the provider was not reached"),
    ("credential_revealed", "success", {"fields": ["api_token"]}, "Exotel phone, secret shown: api_token"),
    ("credential_copied", "success", {"fields": ["api_key"]}, "Exotel phone, secret copied: api_key"),
    ("credential_lent", "success", {}, "Exotel phone, lent to a program"),
    ("credential_configured", "success", {"fields": ["a", "b"]}, "Exotel phone configured: a, b"),
    ("credential_configured", "failed", {"error": "timeout"}, "Exotel phone configured failed: timeout"),
    ("number_assigned", "pending", {}, "a number assigned pending"),
    ("numbers_synced", "pending", {}, "Exotel phone: sync of numbers started"),
    (
        "numbers_synced",
        "success",
        {"synced_numbers": 9, "new_numbers": 2, "updated_numbers": 0, "deactivated_numbers": 1},
        "Exotel phone numbers synced: 2 new, 1 no longer listed",
    ),
    ("numbers_synced", "failed", {"error": "no answer"}, "Exotel phone: numbers not synced: no answer"),
    ("log_exported", "pending", {"output": "log.csv", "typed": ""}, "export to log.csv started"),
    ("log_exported", "success", {"rows": 12_251}, "exported 12,251 rows"),
    (
        "log_exported",
        "success",
        {"rows": 1, "output": "a.csv", "typed": "status:failed"},
        "exported 1 row to a.csv, filter status:failed",
    ),
    ("log_exported", "failed", {"error": "cancelled"}, "export failed: cancelled"),
    (
        "log_sealed",
        "success",
        {"rows": 1_200, "seals": 2, "sealed_until": "2026-01-01T06:00:00+00:00"},
        "sealed 1,200 rows of 2 hours, until 2026-01-01 11:30 IST",
    ),
    (
        "schema_changed",
        "success",
        {"schema_number": 13, "made": 283, "changed": 0},
        "schema set up as 13: 283 created, 0 changed",
    ),
    # Of another program, whatever it says.
    ("log_sealed", "failed", {"rows": 5, "seals": 1}, "sealed 5 rows of 1 hour failed"),
    ("schema_changed", "denied", {"schema_number": 13}, "schema set up as 13: 0 created, 0 changed denied"),
    ("log_exported", "denied", {}, "export denied"),
    ("connection_tested", "denied", {}, "Exotel phone test denied"),
    ("credential_created", "failed", {"after": {"display_name": "failed"}}, "Exotel phone set up as failed failed"),
    ("credential_versions_forgotten", "failed", {}, "Exotel phone: earlier versions forgotten failed"),
    ("schema_changed", "success", {"accepted": "trigger x"}, "accepted in the database: trigger x"),
    ("keys_rotated", "success", {"envelopes": 20}, "keys rotated: envelopes: 20"),
    (
        "keys_rotated",
        "success",
        {"from_key": "one", "to_key": "two", "credentials": 1, "versions": 1200, "left_out": 2},
        "master key changed, one -> two: 1 credential, 1,200 kept versions, 2 left out",
    ),
    ("key_retired", "success", {"key_id": "one"}, "master key one retired"),
    (
        "credential_updated",
        "success",
        {"rotation": True, "envelope": {"changed": True, "before": "legacy", "after": "sb2"}},
        "Exotel phone, encrypted again with another master key; envelope: legacy -> sb2",
    ),
    ("credential_versions_forgotten", "success", {"versions": 1}, "Exotel phone: 1 earlier version forgotten"),
    (
        "settings_changed",
        "success",
        {"setting": "versions_kept", "before": 10, "after": 0},
        "versions kept of each credential: 10 -> 0",
    ),
    (
        "access_changed",
        "success",
        {"login": "eve", "change": "mapped", "after": {"label": "asha@x", "role": "support", "organizations": ["a"]}},
        "login eve is asha@x: support, sees 1 organisation",
    ),
    (
        "access_changed",
        "success",
        {
            "login": "eve",
            "change": "edited",
            "before": {"role": "support", "organizations": ["a"]},
            "after": {"role": "auditor", "sees_all": True, "note": "desk"},
        },
        "login eve: role: support -> auditor; note: none -> desk; sees 1 organisation -> all organisations",
    ),
    (
        "access_changed",
        "success",
        {"login": "eve", "change": "edited", "before": {"organizations": ["a"]}, "after": {"organizations": ["b"]}},
        "login eve: sees 1 organisation, others than before",
    ),
    (
        "access_changed",
        "success",
        {"login": "eve", "change": "removed", "before": {"speaks_for_others": True}},
        "login eve removed, was one that speaks for others",
    ),
    ("access_changed", "success", {"change": "mapped"}, "access changed: change: mapped"),
    (
        "access_changed",
        "success",
        {"change": "appointed", "after": {"user_id": str(ASHA), "label": "asha@x"}},
        "asha@x appointed as an administrator over HTTP",
    ),
    (
        "access_changed",
        "success",
        {"change": "dismissed", "before": {"label": 7}},
        "7 dismissed as an administrator over HTTP",
    ),
    (
        "type_recorded",
        "success",
        {"sha256": "ab" * 32, "before": "cd" * 32},
        "definition of Exotel phone recorded: SHA-256 abababababababab in the place of cdcdcdcdcdcdcdcd",
    ),
    ("type_recorded", "success", {"sha256": 7, "before": None}, "definition of Exotel phone recorded: SHA-256 7"),
    ("type_withdrawn", "failed", {}, "definition of Exotel phone no longer recorded failed"),
    ("change_noticed", "success", {"change": "broke"}, "Exotel phone does not work any more"),
    (
        "change_noticed",
        "success",
        {"change": "number_outage", "number": "+911", "value": "incoming"},
        "Exotel phone, +911: incoming calls are out",
    ),
    ("change_noticed", "success", {"change": "another"}, "change noticed: change: another"),
    ("call_made", "success", {"to": "+919800000000", "duration": 45}, "call to +919800000000, 45 s"),
    ("call_made", "failed", {"error_code": 422, "error": "Invalid"}, "call failed: 422 Invalid"),
    ("call_received", "success", {"from": "+919800000000"}, "call received from +919800000000"),
    ("call_received", "success", {"to": "+919800000000"}, "call received on +919800000000"),
    ("message_received", "success", {"from": "+91", "type": "text"}, "message received from +91: text"),
    ("message_sent", "success", {"to": "+91", "template": "eta"}, "message to +91: template eta"),
    ("message_sent", "pending", {"to": "+91"}, "message to +91 pending"),
    ("message_received", "success", {"to": "+91", "template": "eta"}, "message received on +91: template eta"),
    ("email_sent", "success", {"subject": "Order 7"}, "e-mail: Order 7"),
    ("sms_sent", "success", None, "SMS"),
    ("recording_fetched", "success", {"bytes": 1_260_000}, "recording fetched, 1.3 MB"),
    ("came_at_once", "success", None, "came_at_once (Exotel phone)"),
    ("came_at_once", "failed", {"n": 1, "of": [2]}, "came_at_once failed (Exotel phone): n: 1; of: [2]"),
)


async def test_what_the_triggers_write_is_told_with_names(installed_database: str) -> None:
    create_people(installed_database)
    with psycopg.connect(installed_database, autocommit=True) as connection:
        for statement, _ in DONE:
            connection.execute(f"begin; {statement}; commit".encode())
        known = connection.execute(
            "select name from switchboard.actions() union select action from switchboard.send_actions"
        ).fetchall()
    assert {name for (name,) in known} <= SENTENCES.keys()
    async with opened(installed_database) as database:
        of_triggers = await resolve_line(database, f"org:{ACME}")
        rows = (await read_all(AuditReader(database, of_triggers).older(limit=100))).rows[::-1]
        people = await people_by_id(database, [one for row in rows for one in people_in(row)])
    told = [sentence(row, LogNames(people, title_of, NAMES.zone)) for row in rows]
    assert told == [expected for _, expected in DONE]


@pytest.mark.parametrize(("action", "status", "details", "expected"), WRITTEN)
def test_what_programs_write_is_told_plainly(action: str, status: str, details: Any, expected: str) -> None:
    assert sentence_of(action, "exotel_phone", status, details, NAMES) == expected


NAMES_OF_DETAILS = sorted(
    {
        *("before", "after", "row", "changed", "envelope", "fields", "error", "error_code", "why", "rows", "seals"),
        *("user_id", "phone_number", "assigned_to_user_id", "display_name", "can_view", "daily_limit", "expires_at"),
        *("is_primary", "sealed_until", "to", "from", "duration", "bytes", "output", "typed", "cascade", "accepted"),
        *("schema_number", "new_numbers", "template", "subject", "judgement", "draft", "code", "change"),
    }
)
ODD = [*hostile_strings().values(), str(ASHA), "9999-12-31T23:59:59+00:00", "2026-01-01", "0001-01-01T00:00:00+14:00"]
LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
    *(st.sampled_from(ODD), st.text(max_size=20), st.just(10**4000), st.just(-(10**18))),
)
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=12),
        st.dictionaries(st.one_of(st.sampled_from(NAMES_OF_DETAILS), st.text(max_size=9)), inner, max_size=9),
    ),
    max_leaves=25,
)


def assert_harmless(details: object, status: str = "success") -> None:
    for action in (*SENTENCES, "unknown\x1b]52;c;x\x07"):
        told = sentence_of(action, "exotel\u202e", status, details, NAMES)
        assert told and len(told) <= LONGEST and not UNSAFE.search(told), (action, details)
    assert len({*mentioned_people(details)}) <= 3


def hostile_details() -> Iterator[object]:
    yield from ([], "text", 7, True, {}, {"before": [], "after": 3, "row": "x", "envelope": None, "fields": {}})
    for text in ODD[::2]:
        inner = dict.fromkeys(NAMES_OF_DETAILS, text)
        yield inner | {"before": inner, "after": {**inner, text[:60]: text}, "row": inner, "fields": [text] * 99}
    yield {"after": {f"c{n}": n for n in range(2_000)}, "before": {}, "fields": ["x" * 10_000] * 50}
    yield json.loads("[" * 190 + "]" * 190)


def test_details_of_any_kind_do_no_harm() -> None:
    for details in hostile_details():
        for status in ("failed", "odd\x9b"):
            assert_harmless(details, status)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None)
@given(details=ANY_JSON, status=st.sampled_from(["success", "failed", "pending"]))
def test_no_json_does_harm(details: object, status: str) -> None:
    assert_harmless(details, status)
