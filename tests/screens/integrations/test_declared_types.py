"""Section 1 with types that a file declares, and one that nobody here knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.acme import opened
from tests.support.terminal.console_driver import ConsoleDriver, add, new_app, run_headless
from tui.data.integrations.definitions import record_definition
from tui.providers import registry
from tui.providers.declared.template import template_for
from tui.screens.integrations.editor import CredentialEditor
from tui.settings.type_folders import TypeFolders, type_folders_in_use, use_type_folders
from tui.widgets.form_row import FormRow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CREDENTIAL = {"account_id": "AC0123456789", "api_token": "sk-CANARY-5f0c1e2d"}
NOT_RECORDED = "The definition of acme_voice in this folder is not recorded in the database"


@pytest.fixture
def own_type(tmp_path: Path) -> Iterator[None]:
    """A definition in a person's own folder."""
    (tmp_path / "acme_voice.toml").write_text(template_for("acme_voice"))
    (tmp_path / "acme_voice.toml").chmod(0o600)
    before = type_folders_in_use()
    use_type_folders(TypeFolders(user=str(tmp_path)))
    yield
    use_type_folders(before)


@pytest.mark.usefixtures("own_type")
async def test_what_opens_a_credential_asks_for_a_record_and_a_row_of_no_known_type_is_only_listed(
    keyed_database: str,
) -> None:
    await add(keyed_database, "acme_voice", CREDENTIAL)
    await add(keyed_database, "fax_machine", CREDENTIAL)
    async with run_headless(new_app(keyed_database), (140, 40)) as console:
        for key in ("t", "R", "e"):
            await select(console, "acme_voice")
            await console.press(key)
            await console.wait_for(lambda: console.shows(NOT_RECORDED))
            assert CREDENTIAL["account_id"] not in console.text
            await console.press("escape")
        async with opened(keyed_database) as database:
            definition = registry()["acme_voice"].definition
            assert definition is not None
            await record_definition(database, definition)
        await console.press("e")
        await console.wait_for(
            lambda: isinstance(console.app.screen, CredentialEditor) and bool(console.page.query(FormRow))
        )
        await console.wait_for(CREDENTIAL["account_id"])
        await console.press("escape")
        for key in ("t", "R", "e"):
            await select(console, "fax_machine")
            await console.press(key)
            await console.wait_for("There is no integration type 'fax_machine'")
            await console.press("escape")


async def select(console: ConsoleDriver, name: str) -> None:
    await console.wait_for(lambda: name in console.row_keys)
    await console.press("home")
    for _ in range(console.row_keys.index(name)):
        await console.press("j")
