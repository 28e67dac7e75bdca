"""The wizard's first step: what it says of a connection, and that it gives no password away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from textual.widgets import Input

from tests.screens.setup.driver import FIRST, FOURTH, SECOND, THIRD, Wizard, wizard
from tests.support.acme import KEY
from tests.support.commands import contents, execute
from tests.support.servers.pooler import TransactionPooler
from tui.screens.setup.wizard import connection

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.postgres import TestServer

CANARY = "pw-canary-7391"
HAS_KEY = {"ENCRYPTION_MASTER_KEY": KEY}


def canary_is_nowhere(console: Wizard) -> bool:
    """Whether neither the screen nor a file of the wizard holds the password."""
    return CANARY not in console.text and CANARY not in console.env


@pytest.fixture
def login(postgres: TestServer, empty_database: str) -> str:
    """A connection string over TCP, with a password, of a role that owns nothing."""
    postgres.create_role("guest", f"login password '{CANARY}'")
    return postgres.conninfo(str(conninfo_to_dict(empty_database)["dbname"]), user="guest", password=CANARY)


async def test_what_is_pasted_or_typed_is_tested_and_its_password_is_never_drawn(
    login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with wizard(tmp_path) as console:
        await console.wait_for(FIRST)
        await console.wait_for("Tested when pasted, or with enter.")
        assert "Looked in ./.env (not there) and the environment." in console.status
        await refuse_what_is_wrong(console, login)
        await paste_a_string(console, login)
        await paste_a_command_without_the_password(console, login)
        await paste_a_string(console, login)
        with monkeypatch.context() as patient:
            # A password is then tried when its field is left, and only then.
            patient.setattr(connection, "QUIET_FOR_LOGIN_S", 600.0)
            await type_fields(console)
        await type_a_string_into_the_host(console, login)
        await hand_on_the_sql(console, tmp_path)


async def refuse_what_is_wrong(console: Wizard, login: str) -> None:
    """Each in a sentence without the password, and none goes on."""
    for wrong, sentence in (
        (login.replace("postgresql://", "postgresql://x@y:"), "Write it percent-encoded"),
        (login.replace(CANARY, f"{CANARY}-wrong"), 'The server said: password authentication failed for user "guest".'),
        (login.replace("guest:", "nobody-of-that-name:"), 'failed for user "nobody-of-that-name"'),
        (login.replace("127.0.0.1", "no-such-host.invalid"), "no-such-host.invalid"),
        (login + "?sslmode=require", "TLS"),
    ):
        await console.focus("#c-uri")
        await console.paste(wrong)
        await console.wait_for(sentence)
        assert canary_is_nowhere(console), sentence
    await console.press("enter")
    await console.pilot.pause()
    assert FIRST in console.text
    assert console.env == ""


async def paste_a_string(console: Wizard, login: str) -> None:
    """Into whichever field."""
    await console.focus("#c-database")
    await console.paste(login)
    await console.wait_for("Connected to database")
    assert "User               guest" in console.text
    assert "Password           kept; type to replace it" in console.text
    for finding in (
        "PostgreSQL 18.",
        "Encryption: not needed",
        "Direct, no pooler",
        "may not install: no CREATE on",
    ):
        assert console.shows(finding), finding
    assert canary_is_nowhere(console)
    assert CANARY not in console.app.export_screenshot()


async def paste_a_command_without_the_password(console: Wizard, login: str) -> None:
    """Every field is filled but the password's, which has the cursor; after a placeholder nothing is tried before."""
    await console.paste("psql -h no-such-host.invalid -U me -d app")
    await console.wait_for("failed to resolve host")
    assert console.app.screen.query_one("#c-database", Input).value == "app"
    assert console.app.screen.query_one("#c-password", Input).has_focus
    await console.focus("#c-tls")
    await console.paste(f'export DATABASE_URL="{login.replace(CANARY, "[YOUR-PASSWORD]")}"')
    await console.wait_for("Type the password")
    parts = conninfo_to_dict(login)
    for name, keyword in (("host", "host"), ("port", "port"), ("database", "dbname"), ("user", "user")):
        assert console.app.screen.query_one(f"#c-{name}", Input).value == str(parts[keyword])
    password = console.app.screen.query_one("#c-password", Input)
    assert password.has_focus
    assert (password.value, password.placeholder) == ("", "")
    assert "Connected" not in console.text
    await console.type(CANARY)
    await console.press("enter")
    await console.wait_for(SECOND)
    await console.press("escape")
    await console.wait_for("Connected to database")
    assert canary_is_nowhere(console)


async def type_fields(console: Wizard) -> None:
    """A kept password is not sent to another host; one that is typed is tried when its field is left."""
    await console.focus("#c-host")
    await console.press("ctrl+u")
    # What was said of the other host is gone before the next one is tried.
    assert "Connected" not in console.text
    assert "✓" not in console.text
    assert "kept;" not in console.text
    await console.type("localhost")
    await console.wait_for("✗")
    assert "password" in console.text
    await console.focus("#c-password")
    await console.type(CANARY)
    await console.press("tab")
    await console.wait_for("Connected to database")
    assert canary_is_nowhere(console)


async def type_a_string_into_the_host(console: Wizard, login: str) -> None:
    """It moves to the field of its own, which masks the password alone."""
    await console.focus("#c-host")
    await console.press("ctrl+u")
    await console.type(login)
    await console.wait_for("Press enter to use this connection string.")
    assert console.shows(login.replace(CANARY, "•" * len(CANARY))[:50])
    assert canary_is_nowhere(console)
    await console.enter("Connected to database")
    assert canary_is_nowhere(console)


async def hand_on_the_sql(console: Wizard, folder: Path) -> None:
    """A role without rights is told which, and the SQL is written once."""
    await console.take_new_key()
    await console.wait_for("guest lacks the privilege CREATE on the database")
    await console.focus("#p-write")
    await console.enter("Written to switchboard-schema.sql in this folder.")
    written = (folder / "switchboard-schema.sql").read_text()
    assert "create table if not exists public.integration_credentials" in written
    await console.press("enter")
    await console.wait_for("switchboard-schema.sql could not be written")
    assert (folder / "switchboard-schema.sql").read_text() == written


async def test_it_opens_by_itself_where_the_schema_is_missing_and_tests_what_is_configured(
    login: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = conninfo_to_dict(login)
    for name in ("host", "port"):
        monkeypatch.setenv(f"PG{name.upper()}", str(parts.pop(name)))
    async with wizard(tmp_path, {"DATABASE_URL": make_conninfo("", **parts), **HAS_KEY}) as console:
        await console.wait_for("✓ Connection")
        await console.wait_for("Connected to database")
        assert "kept; type to replace it" in console.text
        # A letter is added to what the environment gives, and takes back what was found out without it.
        await console.type("Q")
        assert console.shows("127.0.0.1Q")
        assert "✓" not in console.text
        await console.press("backspace")
        await console.wait_for("✓ Connection")
        assert canary_is_nowhere(console)
        await console.enter(SECOND)
        await console.wait_for("✓ Master key")
        await console.enter(THIRD)
        assert "Save the connection" not in console.text


async def test_a_transaction_pooler_is_named_at_once(empty_database: str, tmp_path: Path) -> None:
    async with TransactionPooler(empty_database) as pooler, wizard(tmp_path, HAS_KEY) as console:
        parts = conninfo_to_dict(pooler.conninfo)
        uri = f"postgresql://{parts['user']}@127.0.0.1:{parts['port']}/{parts['dbname']}?sslmode=disable"
        await console.connect(uri)
        assert "A transaction pooler is in between" in console.text


async def test_nothing_is_installed_where_a_column_has_another_type_nor_in_read_only_mode(
    empty_database: str, tmp_path: Path
) -> None:
    execute(
        empty_database,
        "create table public.integration_credentials (id uuid primary key, organization_id uuid, "
        "integration_type varchar(50), credentials_encrypted bytea, updated_at timestamptz)",
    )
    before = contents(empty_database)
    async with wizard(tmp_path, {**HAS_KEY, "SWITCHBOARD_READ_ONLY": "1"}) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.enter(THIRD)
        await console.wait_for("integration_credentials.credentials_encrypted is of type bytea")
        await console.enter("Setup cannot continue.")
        assert contents(empty_database) == before
        execute(empty_database, "drop table public.integration_credentials")
        await console.enter(FOURTH)
        assert "READ-ONLY" in console.text
        await console.enter("Switchboard is in read-only mode")
    assert contents(empty_database) == {}
