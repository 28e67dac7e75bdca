"""The credential editor driven by keys on a real database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.acme import ACME, OTHER_MASTER_KEY, PHONE, keyring, opened
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.data.integrations.credentials import Draft, load_credential, save_credential
from tui.data.keys.encryption import RowBinding
from tui.providers import integration_type
from tui.screens.integrations.editor import CredentialEditor
from tui.screens.integrations.editor_form import DISPLAY_NAME, CredentialForm
from tui.widgets.form_row import FormRow

if TYPE_CHECKING:
    from collections.abc import Mapping


async def stored_credential(conninfo: str, kind: str = "exotel_phone") -> Mapping[str, Any]:
    async with opened(conninfo) as database:
        loaded = await load_credential(database, keyring(), ACME, kind)
    assert loaded is not None
    assert loaded.credential is not None
    return loaded.credential


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


async def test_a_new_credential_is_typed_saved_and_reopened_with_secrets_hidden(keyed_database: str) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await console.press("tab")
        for name, text in PHONE.items():
            if name == "virtual_number":
                await console.press("tab")
            assert row(console, name).has_cursor
            await console.type(text)
            await console.press("enter")
        await console.press("f2")
        await console.wait_for("Saved as a new integration")
        await console.press("escape")
        await open_editor(console)
        await console.wait_for("acme1")
        assert PHONE["api_key"] not in console.text
        assert console.text.count("stored; leave blank to keep it") == 2
    assert await stored_credential(keyed_database) == PHONE


async def test_a_blank_secret_is_kept_and_only_what_changed_is_written(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, {"caller_id": "08033755555"})
        assert "1 changed" in console.text
        await console.press("f2")
        await console.wait_for("Saved: caller_id.")
    assert await stored_credential(keyed_database) == {**PHONE, "caller_id": "08033755555"}


async def test_what_is_missing_or_wrong_is_said_and_nothing_is_written(keyed_database: str) -> None:
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console, "zoho_mail")
        await fill(console, {"email": "not an address"})
        await console.press("f2")
        await console.wait_for("Not saved.")
        assert row(console, "email").has_cursor
    with psycopg.connect(keyed_database) as connection:
        assert connection.execute("select count(*) from integration_credentials").fetchone() == (0,)


async def test_a_phone_number_is_shown_as_e164_beside_and_stored_as_typed(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, {"virtual_number": "011-4116 9368"})
        await console.wait_for("= +911141169368")
        await console.press("f2")
        await console.wait_for("Saved: virtual_number.")
    assert (await stored_credential(keyed_database))["virtual_number"] == "011-4116 9368"


def test_a_name_is_as_long_as_what_is_stored_of_it() -> None:
    form = CredentialForm(integration_type("exotel_phone"), None)
    assert DISPLAY_NAME not in form.problems({DISPLAY_NAME: f"  {'n' * 255}  "})
    assert form.problems({DISPLAY_NAME: "n" * 256})[DISPLAY_NAME] == "At most 255 characters; there are 256."
    assert "no character" in form.problems({DISPLAY_NAME: "a\ud800b"})[DISPLAY_NAME]


async def test_saving_without_a_change_says_so_and_writes_nothing(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await console.press("f2")
        await console.wait_for("Nothing changed, so nothing was written.")
    with psycopg.connect(keyed_database) as connection:
        assert connection.execute("select count(*) from integration_audit_logs").fetchone() == (1,)


async def test_leaving_with_something_typed_asks_and_escape_stays(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, {"caller_id": "08033755555"})
        await console.press("escape")
        await console.wait_for("Not saved yet in Exotel phone: Caller ID.")
        await console.press("escape")
        await console.wait_for(lambda: not console.page.prompt.is_asking)
        assert row(console, "caller_id").value == "08033755555"
        await console.press("escape")
        await console.wait_for("Not saved yet")
        await console.press("d")
        await console.wait_for(lambda: not isinstance(console.app.screen, CredentialEditor))
    assert await stored_credential(keyed_database) == PHONE


@pytest.mark.parametrize(("key", "caller", "token"), [("m", "mine", "theirs"), ("t", "theirs", "theirs")])
async def test_a_conflict_is_shown_field_by_field_and_mine_can_be_kept_over_theirs(
    keyed_database: str, key: str, caller: str, token: str
) -> None:
    numbers = {"mine": "08033755555", "theirs": "08044400000"}
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, {"caller_id": numbers["mine"]})
        async with opened(keyed_database) as database:
            base = await load_credential(database, keyring(), ACME, "exotel_phone")
            theirs = {**PHONE, "caller_id": numbers["theirs"], "api_token": "a-token-of-theirs"}
            await save_credential(database, keyring(), Draft(ACME, "exotel_phone", theirs, None), base, "auto")
        await console.press("f2")
        await console.wait_for("Somebody else saved this integration meanwhile")
        assert console.shows("Exotel phone was not saved.")
        assert console.shows(f"Caller ID: theirs “{numbers['theirs']}”; yours “{numbers['mine']}”")
        assert console.shows("API token: changed by them; yours: as before")
        assert "a-token-of-theirs" not in console.text
        await console.press(key)
        await console.wait_for("is loaded")
        await console.press("f2")
        await console.wait_for("Saved: caller_id." if key == "m" else "Nothing changed")
    final = await stored_credential(keyed_database)
    assert (final["caller_id"], final["api_token"]) == (numbers[caller], f"a-token-of-{token}")


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
        await console.wait_for("replaces it as a whole")
        await console.pilot.pause()
        assert console.shows("replaces it as a whole")
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


async def test_a_paste_of_several_lines_is_refused_whole_and_said(keyed_database: str) -> None:
    from textual import events

    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        row(console, "api_key").focus_control()
        await console.pilot.pause()
        console.app.screen.focused.post_message(events.Paste("first\nsecond"))  # type: ignore[union-attr]
        await console.wait_for("That paste has 2 lines")
        assert row(console, "api_key").value == ""
        console.app.screen.focused.post_message(events.Paste("whole\n"))  # type: ignore[union-attr]
        await console.wait_for(lambda: row(console, "api_key").value == "whole")


async def test_a_typed_secret_is_never_drawn_and_its_mask_has_one_length(keyed_database: str) -> None:
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as console:
        await open_editor(console)
        await fill(console, {"api_key": "canary", "api_token": "another-much-longer-canary", "caller_id": ""})
        assert "canary" not in console.text
        assert console.text.count("•" * 8) == 2
        assert "•" * 9 not in console.text
        row(console, "api_token").focus_control()
        await console.press("ctrl+a", "ctrl+x")
        assert row(console, "api_token").value == "another-much-longer-canary"
        assert console.app.clipboard == ""
