"""The master key is derived before anything is met that it could open, from the second start on before the database."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest

from tests.support.acme import KEY, SALT
from tests.support.reference_envelope import unb64
from tests.support.waiting import wait_until
from tui.data.keys.encryption import Keyring
from tui.data.keys.master_key import MasterKey
from tui.session.key_ahead import derive_with_kept_salt, derive_with_recorded_salt
from tui.session.session import Session
from tui.settings.kept_salts import MOST_KEPT, KeptSalt
from tui.settings.settings import Settings, load_settings


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "switchboard/salts.json"


def key_id_in(database: str) -> bytes:
    with psycopg.connect(database) as connection:
        ((key_id,),) = connection.execute("select key_id from switchboard.keys").fetchall()
    return unb64(key_id)


async def test_a_connected_console_derives_the_key_in_use_and_the_next_one_need_not_connect(
    keyed_database: str, state: Path
) -> None:
    settings = load_settings({"DATABASE_URL": keyed_database}, cwd=Path("/proc"))
    session = Session(settings, {}, Keyring(MasterKey(KEY, "a test")))
    derive_with_kept_salt(session)
    await session.connect()
    try:
        await derive_with_recorded_salt(session)
        wait_until(lambda: KeptSalt(settings, {}).read() == SALT)
        # Of a key that was rotated: no row waits for the new one, and the next start has it all the same.
        KeptSalt(settings, {}).keep(b"a" * 16)
        again = Session(settings, {}, Keyring(MasterKey(KEY, "a test")))
        derive_with_kept_salt(again)
        await again.connect()
        assert again.is_key_ahead and KeptSalt(settings, {}).read() == b"a" * 16
        await derive_with_recorded_salt(again)
        await again.close()
        wait_until(lambda: KeptSalt(settings, {}).read() == SALT)
    finally:
        await session.close()
    next_key = MasterKey(KEY, "a test")
    derive_with_kept_salt(Session(settings, {}, Keyring(next_key)))
    # The scrypt of the right salt is there: only its use is left.
    wait_until(lambda: next_key.is_derived(SALT))
    assert next_key.sb2(SALT).key_id == key_id_in(keyed_database)


def settings(url: str | None = None, *, locked: bool = False, **libpq: str) -> Settings:
    return Settings(database_url=url, libpq=libpq, locked=locked)


def test_a_salt_is_kept_for_each_database_without_who_asks_there(state: Path) -> None:
    here, there = settings("postgresql://me:p%40ss@db.example:5432/here?sslmode=require"), settings(PGHOST="there")
    KeptSalt(here, {}).keep(b"a" * 16)
    KeptSalt(there, {}).keep(b"b" * 16)
    assert state.stat().st_mode & 0o777 == 0o600
    assert KeptSalt(here, {}).read() == b"a" * 16
    assert KeptSalt(settings("postgres://other@db.example:5432/here"), {}).read() == b"a" * 16
    assert KeptSalt(there, {}).read() == KeptSalt(settings(), {"PGHOST": "there"}).read() == b"b" * 16
    KeptSalt(here, {}).keep(b"c" * 16)
    assert KeptSalt(here, {}).read() == b"c" * 16
    written = state.read_text()
    assert "me" not in written.replace("example", "")
    assert "p%40ss" not in written
    for number in range(MOST_KEPT):
        KeptSalt(settings(f"postgresql://h/{number}"), {}).keep(b"d" * 16)
    assert KeptSalt(here, {}).read() is None
    assert KeptSalt(settings(f"postgresql://h/{number}"), {}).read() == b"d" * 16


def test_nothing_is_kept_where_the_place_is_not_plain_or_the_console_is_locked(state: Path) -> None:
    for unkept in (settings("host=h password=secret"), settings("postgresql://h/d", locked=True)):
        KeptSalt(unkept, {}).keep(b"a" * 16)
        assert KeptSalt(unkept, {}).read() is None
    assert not state.exists()


@pytest.mark.parametrize(
    "content", ["[]", "{", '{"h/d": 1}', '{"h/d": "zz"}', '{"h/d": "' + "z" * 32 + '"}', '{"h/d": "00"}', "\0"]
)
def test_a_file_that_holds_something_else_counts_as_none_and_is_replaced(state: Path, content: str) -> None:
    state.parent.mkdir()
    state.write_text(content)
    state.chmod(0o600)
    kept = KeptSalt(settings("postgresql://h/d"), {})
    assert kept.read() is None
    kept.keep(b"a" * 16)
    assert kept.read() == b"a" * 16


def test_a_file_that_others_may_write_is_not_believed_and_a_folder_that_cannot_be_made_stops_nothing(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = KeptSalt(settings("postgresql://h/d"), {})
    kept.keep(b"a" * 16)
    state.chmod(0o666)
    assert kept.read() is None
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    nowhere = KeptSalt(settings("postgresql://h/d"), {})
    nowhere.keep(b"a" * 16)
    assert nowhere.read() is None
    assert not os.path.lexists("/proc/nowhere")
