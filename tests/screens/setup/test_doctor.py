"""The doctor on the screen: it takes the wizard's place where all is set up, and says why there is no connection."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.screens.setup.driver import wizard
from tests.support.commands import execute
from tests.support.terminal.console_driver import settings_of
from tui.widgets.ordered_app import KEY_GIVEN_UP_AFTER_S

if TYPE_CHECKING:
    from pathlib import Path


async def test_where_all_is_set_up_the_doctor_opens_instead(installed_database: str, tmp_path: Path) -> None:
    environment = settings_of(installed_database)
    async with wizard(tmp_path, environment) as console:
        await console.wait_for("● connected")
        await console.press("5")
        await console.wait_for("w setup wizard")
        await console.wait_for("all ok")
        await console.press("w")
        await console.wait_for("Where is your Postgres database?")
        await console.wait_for("esc leave")
        # The key that opened it may be lost with the list that had the focus; the next one does not wait for it.
        await console.wait_for(lambda: time.monotonic() - console.app._key_sent_at > KEY_GIVEN_UP_AFTER_S)
        console.send("escape")
        await console.pilot.pause()
        assert not console.app._keys
        await console.wait_for("all ok")
        await console.press("question_mark")
        await console.wait_for("Set up again")
        assert "slash" not in console.row_keys
        await console.press("escape")
        await console.wait_for("all ok")
        execute(installed_database, "alter table public.integration_credentials disable row level security")
        await console.press("r")
        await console.wait_for("✗ problem")
        assert "Row security is off" in console.text


async def test_the_doctor_says_why_there_is_no_connection(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://me:pw-canary-5511@127.0.0.1:1/db"}
    async with wizard(tmp_path, environment) as console:
        await console.wait_for("no connection")
        await console.wait_for("r  try again")
        assert "canary" not in console.text
        await console.press("5")
        await console.wait_for("✗ problem")
        await console.wait_for("127.0.0.1")
        assert "canary" not in console.text
