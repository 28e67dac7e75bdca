"""The wizard's first step: what it says of a connection, and that it gives no password away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.screens.setup.driver import FIRST, SECOND, Wizard, wizard
from tests.support.commands import contents
from tests.support.servers.pooler import TransactionPooler

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.postgres import TestServer

CANARY = "pw-canary-7391"


def canary_is_nowhere(console: Wizard) -> bool:
    """Whether neither the screen nor a file of the wizard holds the password."""
    return CANARY not in console.text and CANARY not in console.env


@pytest.fixture
def login(postgres: TestServer, empty_database: str) -> str:
    """A connection string over TCP, with a password, of a role that owns nothing."""
    postgres.create_role("guest", f"login password '{CANARY}'")
    return postgres.conninfo(str(conninfo_to_dict(empty_database)["dbname"]), user="guest", password=CANARY)


async def test_a_pasted_string_fills_the_fields_and_its_password_is_never_drawn(login: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(login)
        text = console.text
        assert "User               guest" in text
        assert "Password           kept; type to replace it" in text
        for finding in (
            "PostgreSQL 18.",
            "Encryption: not needed",
            "Direct, no pooler",
            "may not install: no CREATE on",
        ):
            assert console.shows(finding), finding
        assert canary_is_nowhere(console)
        assert CANARY not in console.app.export_screenshot()


async def test_a_string_pasted_into_any_field_is_taken_apart(login: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.focus("#c-database")
        await console.paste(login)
        await console.wait_for("Connected to database")
        assert canary_is_nowhere(console)


async def test_a_string_typed_into_the_host_moves_to_the_masked_field(login: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        assert "Tested when pasted, or with enter." in console.text
        await console.focus("#c-host")
        await console.type(login)
        await console.wait_for("Press enter to use this connection string.")
        assert canary_is_nowhere(console)
        await console.enter("Connected to database")
        assert canary_is_nowhere(console)


async def test_fields_are_tested_as_typed_and_the_password_when_its_field_is_left(login: str, tmp_path: Path) -> None:
    parts = conninfo_to_dict(login)
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        for name, value in (("host", parts["host"]), ("port", parts["port"]), ("database", parts["dbname"])):
            await console.focus(f"#c-{name}")
            await console.type(str(value))
        await console.focus("#c-user")
        await console.type("guest")
        await console.focus("#c-password")
        await console.wait_for("✗")
        await console.type(CANARY)
        await console.press("tab")
        await console.wait_for("Connected to database")
        assert canary_is_nowhere(console)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda url: url.replace(CANARY, f"{CANARY}-wrong"),
            'The server said: password authentication failed for user "guest".',
        ),
        (lambda url: url.replace("guest:", "nobody-of-that-name:"), "password"),
        (lambda url: url.replace("127.0.0.1", "no-such-host.invalid"), "no-such-host.invalid"),
        (lambda url: url + "?sslmode=require", "TLS"),
        (lambda url: url.replace("postgresql://", "postgresql://x@y:"), "percent-encoded"),
        (lambda url: url.replace(CANARY, f"{CANARY}%zz"), "percent"),
    ],
)
async def test_what_is_wrong_is_said_in_a_sentence_without_the_password(
    login: str, tmp_path: Path, change: object, sentence: str
) -> None:
    assert callable(change)
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.paste(change(login))
        await console.wait_for("✗")
        assert sentence in " ".join(console.text.split())
        assert canary_is_nowhere(console)
        await console.press("enter")
        await console.pilot.pause()
        assert FIRST in console.text
        assert console.env == ""


async def test_a_kept_password_is_not_sent_to_another_host(login: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.connect(login)
        await console.focus("#c-host")
        await console.press(*["backspace"] * len("127.0.0.1"))
        await console.type("localhost")
        await console.wait_for("✗")
        assert "password" in console.text


async def test_a_transaction_pooler_is_named_at_once_and_refused_for_the_installation(
    empty_database: str, tmp_path: Path
) -> None:
    before = contents(empty_database)
    async with TransactionPooler(empty_database) as pooler, wizard(tmp_path) as console:
        parts = conninfo_to_dict(pooler.conninfo)
        uri = f"postgresql://{parts['user']}@127.0.0.1:{parts['port']}/{parts['dbname']}?sslmode=disable"
        await console.connect(uri)
        assert "A transaction pooler is in between" in console.text
        await console.take_new_key()
        await console.wait_for("does not keep the locks")
        await console.enter("It cannot be installed like this.")
    assert contents(empty_database) == before


async def test_a_role_without_rights_is_told_which_and_can_hand_on_the_sql(
    login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with wizard(tmp_path) as console:
        await console.connect(login)
        await console.take_new_key()
        await console.wait_for("guest lacks the privilege CREATE on the database")
        await console.focus("#p-write")
        await console.enter("Written to switchboard-schema.sql here.")
        assert (
            "create table if not exists public.integration_credentials"
            in (tmp_path / "switchboard-schema.sql").read_text()
        )
        await console.press("enter")
        await console.wait_for("switchboard-schema.sql could not be written")


async def test_a_configured_connection_is_tested_without_showing_its_password(login: str, tmp_path: Path) -> None:
    async with wizard(tmp_path, {"DATABASE_URL": login}) as console:
        await console.wait_for("Connected to database")
        assert "kept; type to replace it" in console.text
        assert canary_is_nowhere(console)
        await console.enter(SECOND)


async def test_several_lines_pasted_into_a_field_are_refused_whole(tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.focus("#c-host")
        await console.paste("one\ntwo")
        await console.wait_for("That paste has 2 lines")
        assert next(line for line in console.text.splitlines() if line.startswith(" Host")).strip() == "Host"
