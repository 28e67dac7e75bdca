"""What the database itself holds of a rotation: its locks, its end, and what its rows in the log say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from tui.data.keys.envelopes import envelope_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    Connection = psycopg.Connection[tuple[Any, ...]]

SEED = """
insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted)
select gen_random_uuid(), 'zoho_mail', 'sb2.old.salt.nonce.' || n from generate_series(1, 3) n;
insert into switchboard.keys (key_id, purpose, salt) values ('old', 'master', 'salt');
update public.integration_credentials set credentials_encrypted = credentials_encrypted || 'b';
insert into switchboard.checks (integration_id) select id from public.integration_credentials;
"""
CHANGED = "select count(*) from switchboard.checks where changed_at is not null"
BEGIN = "select switchboard.begin_rotation('old', 'salt', 'new', 'pepper')"
CREDENTIALS = """
select switchboard.rotate_credentials(array_agg(id), array_agg(credentials_encrypted::text),
                                      array_agg(replace(credentials_encrypted, 'sb2.old.', 'sb2.new.')))
from public.integration_credentials
"""
VERSIONS = """
select switchboard.rotate_versions(array_agg(id), array_agg(envelope),
                                   array_agg(replace(envelope, 'sb2.old.', 'sb2.new.')))
from switchboard.credential_versions
"""
FINISH = "select switchboard.finish_rotation('{\"envelopes\": 6}', '{}', '{}')"
KEYS = "select key_id, state from switchboard.keys order by key_id"


@pytest.fixture
def database(installed_database: str) -> str:
    with psycopg.connect(installed_database) as connection:
        connection.execute(SEED)
    return installed_database


@pytest.fixture
def connection(database: str) -> Iterator[Connection]:
    with psycopg.connect(database) as connection:
        yield connection
        connection.rollback()


def rotate(connection: Connection) -> None:
    for statement in (BEGIN, CREDENTIALS, VERSIONS, FINISH):
        connection.execute(statement)


def test_a_rotation_is_marked_by_the_database_leaves_no_version_and_switches_the_key(connection: Connection) -> None:
    rotate(connection)
    connection.commit()
    assert connection.execute(KEYS).fetchall() == [("new", "active"), ("old", "decrypt-only")]
    rows = "select count(*), count(*) filter (where {0} like 'sb2.new.%') from {1}"
    for column, table in (
        *(("credentials_encrypted", "public.integration_credentials"), ("envelope", "switchboard.credential_versions")),
    ):
        assert connection.execute(rows.format(column, table)).fetchone() == (3, 3)
    log = connection.execute(
        "select action, details -> 'rotation', details -> 'changed', details ->> 'to_key' "
        "from public.integration_audit_logs where details ->> 'xid' = (select xid::text from switchboard.rotations)"
    ).fetchall()
    assert log == [("credential_updated", True, ["credentials_encrypted", "updated_at"], None)] * 3 + [
        ("keys_rotated", None, None, "new")
    ]
    # Nor may it make a check ask again what was refused.
    assert connection.execute(CHANGED).fetchone() == (0,)
    # What a client writes afterwards in the same way is a change like any other.
    connection.execute("update public.integration_credentials set credentials_encrypted = credentials_encrypted || 'c'")
    assert connection.execute(CHANGED).fetchone() == (3,)
    assert connection.execute("select count(*) from switchboard.credential_versions").fetchone() == (6,)


def test_only_what_the_function_writes_is_marked_and_only_what_is_named_is_left_out(connection: Connection) -> None:
    connection.execute(BEGIN)
    connection.execute("update public.integration_credentials set credentials_encrypted = credentials_encrypted || 'x'")
    assert connection.execute("select count(*) from switchboard.credential_versions").fetchone() == (6,)
    marked = "select count(*) from public.integration_audit_logs where details ? 'rotation'"
    assert connection.execute(marked).fetchone() == (0,)
    with pytest.raises(psycopg.Error, match="9 envelopes of another key are left"), connection.transaction():
        connection.execute("select switchboard.finish_rotation('{}', array[null]::uuid[], array[null]::bigint[])")
    for statement in (CREDENTIALS, VERSIONS):
        forged = statement.replace("'sb2.new.')", "'sb2.newer.')")
        with pytest.raises(psycopg.Error, match="an envelope of another key"), connection.transaction():
            connection.execute(forged)


def test_the_database_knows_the_legacy_format_as_the_program_does(connection: Connection) -> None:
    texts = [f"{'ab' * 16}:{'cd' * 16}:{end}" for end in ("", "0f", "0F", "0", "0g")] + [f"{'AB' * 16}:{'cd' * 16}:00"]
    for text in texts:
        row = connection.execute("select switchboard.envelope_format(%s)", [text]).fetchone()
        assert row == (envelope_format(text) or "neither",), text


@pytest.mark.parametrize(
    ("statements", "why"),
    [
        ((BEGIN, CREDENTIALS), "a rotation ends with finish_rotation"),
        ((BEGIN, CREDENTIALS, FINISH), "3 envelopes of another key are left"),
        ((CREDENTIALS,), "not a rotation"),
        ((VERSIONS,), "not a rotation"),
        ((FINISH,), "not a rotation"),
        ((BEGIN.replace("'old'", "'other'"),), "the active master key is old"),
        ((BEGIN.replace("'new'", "'old'"),), "is the present one"),
        ((BEGIN, CREDENTIALS, VERSIONS, FINISH, FINISH), "not a rotation"),
    ],
)
def test_no_rotation_is_left_half_done(connection: Connection, statements: tuple[str, ...], why: str) -> None:
    with pytest.raises(psycopg.Error, match=why) as refused:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    assert refused.value.sqlstate in ("SB004", "SB005")
    connection.rollback()
    assert connection.execute(KEYS).fetchall() == [("old", "active")]


def test_the_way_back_is_a_rotation_until_the_key_is_retired_and_nothing_needs_it(connection: Connection) -> None:
    rotate(connection)
    retire = "select switchboard.retire_key(%s, %s)"
    for key, legacy, why in (
        *(("new", 0, "not decrypt-only"), ("none", 0, "not decrypt-only")),
        ("old", 1, "row security of another program hides"),
    ):
        with pytest.raises(psycopg.Error, match=why), connection.transaction():
            connection.execute(retire, [key, legacy])
    with connection.transaction(force_rollback=True):
        connection.execute(
            "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
            "values (gen_random_uuid(), 'zoho_mail', 'sb2.old.salt.nonce.4')"
        )
        with pytest.raises(psycopg.Error, match="1 envelopes still need the key old"), connection.transaction():
            connection.execute(retire, ["old", 0])
    connection.commit()
    back = ("'old', 'salt', 'new', 'pepper'", "'new', 'pepper', 'old', 'salt'")
    with pytest.raises(psycopg.Error, match="recorded with another salt"), connection.transaction():
        connection.execute(BEGIN.replace(*back).replace("'old', 'salt'", "'old', 'other'"))
    with connection.transaction(force_rollback=True):
        connection.execute(BEGIN.replace(*back))
        connection.execute(
            CREDENTIALS.replace("sb2.old.", "sb2.x.").replace("sb2.new.", "sb2.old.").replace("sb2.x.", "sb2.new.")
        )
        connection.execute(
            VERSIONS.replace("sb2.old.", "sb2.x.").replace("sb2.new.", "sb2.old.").replace("sb2.x.", "sb2.new.")
        )
        connection.execute(FINISH)
        assert connection.execute(KEYS).fetchall() == [("new", "decrypt-only"), ("old", "active")]
    connection.execute(retire, ["old", 0])
    connection.commit()
    assert connection.execute(KEYS).fetchall() == [("new", "active"), ("old", "retired")]
    with pytest.raises(psycopg.Error, match="the key old was retired"):
        connection.execute(BEGIN.replace(*back))


WRITES = {
    "another program's insert": "insert into public.integration_credentials "
    "(organization_id, integration_type, credentials_encrypted) values (gen_random_uuid(), 'x', 'sb2.old.s.n.1')",
    "another program's update": "update public.integration_credentials set credentials_encrypted = 'sb2.old.s.n.2'",
    "a delete": "delete from public.integration_credentials",
    "a console's first statement": "select from switchboard.keys where state = 'active' for share",
    "a second rotation": BEGIN,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_who_writes_meanwhile_waits_and_who_reads_does_not(database: str, connection: Connection, write: str) -> None:
    connection.execute(BEGIN)
    connection.execute(CREDENTIALS)
    with psycopg.connect(database, options="-c lock_timeout=100ms") as other:
        assert len(other.execute("select credentials_encrypted from public.integration_credentials").fetchall()) == 3
        other.execute(
            "insert into public.user_integration_permissions (user_id, integration_id) "
            "select %s, id from public.integration_credentials",
            [uuid4()],
        )
        with pytest.raises(psycopg.errors.LockNotAvailable), other.transaction():
            other.execute(write)
