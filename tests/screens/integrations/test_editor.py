"""The credential editor driven by keys on a real database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
from textual import events

from tests.support.acme import ACME, OTHER_MASTER_KEY, PHONE, keyring, opened
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.data.keys.encryption import RowBinding
from tui.screens.integrations.editor import CredentialEditor
from tui.widgets.form_row import FormRow
from tui.words.numbers.phone_number import e164

if TYPE_CHECKING:
    from collections.abc import Mapping


async def stored_credential(conninfo: str, kind: str = "exotel_phone") -> Mapping[str, Any]:
    async with opened(conninfo) as database:
        loaded = await load_credential(database, keyring(), ACME, kind)
    assert loaded is not None
    assert loaded.credential is not None
    return loaded.credential


def numbers_of(conninfo: str) -> list[tuple[Any, ...]]:
    """Each number, whose it is, and whether it hangs on an integration."""
    with psycopg.connect(conninfo) as connection:
        query = "select phone_number, assigned_to_user_id, integration_id is not null from organization_phone_numbers"
        return connection.execute(query).fetchall()


async def open_editor(console: ConsoleDriver, kind: str = "exotel_phone") -> None:
    await console.wait_for(lambda: kind in console.row_keys)
    for _ in range(console.row_keys.index(kind)):
        await console.press("j")
    await console.press("enter")
    await console.wait_for(
        lambda: isinstance(console.app.screen, CredentialEditor) and bool(console.page.query(FormRow))
    )


def row(console: ConsoleDriver, name: str) -> FormRow:
    return next(row for row in console.page.query(FormRow) if row.field_name == name)


async def fill(console: ConsoleDriver, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        row(console, name).focus_control()
        row(console, name).value = text
        await console.pilot.pause()


async def leave(console: ConsoleDriver) -> None:
    await console.press("escape")
    await console.wait_for(lambda: not isinstance(console.app.screen, CredentialEditor))


async def save_as_somebody_else(conninfo: str, caller_id: str, token: str) -> None:
    async with opened(conninfo) as database:
        base = await load_credential(database, keyring(), ACME, "exotel_phone")
        theirs = {**PHONE, "caller_id": caller_id, "api_token": token}
        await save_credential(database, keyring(), Draft(ACME, "exotel_phone", theirs, None), base, "auto")


async def test_a_credential_is_saved_reopened_and_changed_and_what_was_typed_is_never_lost_or_shown(
    keyed_database: str,
) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await refuse_what_is_wrong(console, keyed_database)
        await save_a_new_one(console, keyed_database)
        await reopen_it(console)
        await save_without_a_change(console, keyed_database)
        await change_one_field(console, keyed_database)
        await change_the_host(console, keyed_database)
        await type_secrets(console)
        await leave_with_something_typed(console, keyed_database)
        await meet_a_conflict(console, keyed_database)


async def test_what_is_saved_is_said_to_be_saved_whatever_becomes_of_its_number(keyed_database: str) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, PHONE)
        await console.press("f2")
        await console.wait_for("to the organisation's pool of phone numbers?")
        with psycopg.connect(keyed_database) as connection:
            connection.execute("alter table organization_phone_numbers rename to not_there")
        await console.press("y")
        await console.wait_for(lambda: "was not added: " in console.status)
        assert console.status.startswith("Saved as a new integration.")


async def refuse_what_is_wrong(console: ConsoleDriver, conninfo: str) -> None:
    await open_editor(console, "zoho_mail")
    await fill(console, {"email": "not an address"})
    await console.press("f2")
    await console.wait_for("Not saved.")
    assert row(console, "email").has_cursor
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select count(*) from integration_credentials").fetchone() == (0,)
    await console.press("escape")
    await console.wait_for("[d] discard changes")
    await console.press("d", "g")


async def save_a_new_one(console: ConsoleDriver, conninfo: str) -> None:
    await open_editor(console)
    await fill(console, PHONE)
    assert PHONE["api_key"] not in console.text
    await console.press("f2")
    await console.wait_for("Saved as a new integration")
    assert await stored_credential(conninfo) == PHONE
    await console.wait_for("to the organisation's pool of phone numbers?")
    await console.press("f2", "enter")
    assert numbers_of(conninfo) == []
    await console.press("y")
    await console.wait_for("is in the pool of numbers now.")
    assert numbers_of(conninfo) == [(e164(PHONE["virtual_number"]), None, True)]
    await leave(console)


async def reopen_it(console: ConsoleDriver) -> None:
    await console.wait_for("● active")
    await open_editor(console)
    await console.wait_for("acme1")
    assert PHONE["api_key"] not in console.text
    assert console.text.count("stored; leave blank to keep it") == 2


async def save_without_a_change(console: ConsoleDriver, conninfo: str) -> None:
    await console.press("f2")
    await console.wait_for("No changes, so nothing was written.")
    with psycopg.connect(conninfo) as connection:
        query = "select count(*) from integration_audit_logs where action like 'credential%'"
        assert connection.execute(query).fetchone() == (1,)


async def change_one_field(console: ConsoleDriver, conninfo: str) -> None:
    """A blank secret is kept, and a phone number is shown as E.164 beside and stored as typed."""
    await fill(console, {"virtual_number": "011-4116 9368"})
    await console.wait_for("= +911141169368")
    assert "1 changed" in console.text
    await console.press("f2")
    await console.wait_for("Saved: virtual_number.")
    # It is the number that is there, so it is not offered.
    await console.wait_for(lambda: not console.page.is_busy)
    assert not console.page.prompt.is_asking
    assert await stored_credential(conninfo) == {**PHONE, "virtual_number": "011-4116 9368"}


async def change_the_host(console: ConsoleDriver, conninfo: str) -> None:
    """Neither saved nor asked while a stored secret would go along, not even one of the two."""
    before = await stored_credential(conninfo)
    await fill(console, {"api_host": "evil.example"})
    for key, lead in (("f2", "Not saved."), ("f4", "Not tested.")):
        await console.press(key)
        await console.wait_for(
            lambda lead=lead: console.status.startswith(f"{lead} API key: It was stored for api.exotel.com; type it")
        )
    assert row(console, "api_key").has_cursor and isinstance(console.app.screen, CredentialEditor)
    await fill(console, {"api_key": "typed-anew"})
    await console.press("f4")
    await console.wait_for(lambda: console.status.startswith("Not tested. API token: It was stored for"))
    assert await stored_credential(conninfo) == before
    await fill(console, {"api_host": "", "api_key": ""})


async def type_secrets(console: ConsoleDriver) -> None:
    """They are never drawn, and a paste of several lines is refused whole and said."""
    row(console, "api_key").focus_control()
    await console.pilot.pause()
    console.app.screen.focused.post_message(events.Paste("first\nsecond"))  # type: ignore[union-attr]
    await console.wait_for("Nothing was pasted: the text has 2 lines")
    await fill(console, {"api_key": "canary", "api_token": "another-much-longer-canary", "caller_id": ""})
    assert "canary" not in console.text
    assert console.text.count("•" * 8) == 2
    assert "•" * 9 not in console.text


async def leave_with_something_typed(console: ConsoleDriver, conninfo: str) -> None:
    """It asks, escape stays, and what is discarded is not written."""
    before = await stored_credential(conninfo)
    await console.press("escape")
    await console.wait_for("Unsaved changes in Exotel phone: API key, API token.")
    await console.press("escape")
    await console.wait_for(lambda: not console.page.prompt.is_asking)
    assert row(console, "api_key").value == "canary"
    await console.press("escape")
    await console.wait_for("Unsaved changes")
    await console.press("d")
    await console.wait_for(lambda: not isinstance(console.app.screen, CredentialEditor))
    assert await stored_credential(conninfo) == before


async def meet_a_conflict(console: ConsoleDriver, conninfo: str) -> None:
    """Theirs is taken, or mine kept over it."""
    await open_editor(console)
    await fill(console, {"caller_id": "08033755555"})
    await save_as_somebody_else(conninfo, "08044400000", "a-token-of-theirs")
    await console.press("f2")
    await console.wait_for("Somebody else saved this integration meanwhile")
    assert console.shows("Exotel phone was not saved.")
    assert console.shows("Caller ID: theirs “08044400000”; yours “08033755555”")
    assert "a-token-of-theirs" not in console.text
    await console.press("t")
    await console.wait_for("is loaded")
    await console.press("f2")
    await console.wait_for("No changes")
    await fill(console, {"caller_id": "08033755555"})
    await save_as_somebody_else(conninfo, "08055500000", "another-token-of-theirs")
    await console.press("f2")
    await console.wait_for("Somebody else saved this integration meanwhile")
    await console.press("m")
    await console.wait_for("is loaded")
    await console.press("f2")
    await console.wait_for("Saved: caller_id.")
    final = await stored_credential(conninfo)
    assert (final["caller_id"], final["api_token"]) == ("08033755555", "another-token-of-theirs")


async def test_an_unreadable_credential_is_replaced_only_after_its_type_is_typed(keyed_database: str) -> None:
    await add(keyed_database, "exotel_sms")
    binding = RowBinding(ACME, ACME, "exotel_phone")
    envelope = keyring(OTHER_MASTER_KEY).seal(json.dumps(PHONE).encode(), binding, format="legacy", salt=b"")
    with psycopg.connect(keyed_database) as connection:
        connection.execute(
            "insert into integration_credentials (id, organization_id, integration_type, credentials_encrypted, "
            "display_name) values (%s, %s, 'exotel_phone', %s, 'Front desk')",
            (ACME, ACME, envelope),
        )
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await console.wait_for("replaces the whole credential")
        await console.pilot.pause()
        assert console.shows("replaces the whole credential")
        assert "stored, but it cannot be read" in console.text
        assert "not stored yet" not in console.text
        await fill(console, PHONE)
        await console.press("f2")
        await console.wait_for("Type exotel_phone to replace it")
        await console.type("yes")
        await console.press("enter")
        await console.wait_for("Nothing was written.")
        await console.press("f2")
        await console.wait_for("Type exotel_phone to replace it")
        await console.type("exotel_phone")
        await console.press("enter")
        await console.wait_for("Saved:")
    assert await stored_credential(keyed_database) == PHONE
