"""The wizard on a real terminal: from an empty database to a credential saved and opened again."""

from __future__ import annotations

import re
import stat
from functools import partial
from typing import TYPE_CHECKING

from psycopg.conninfo import conninfo_to_dict

from tests.screens.setup.driver import FIRST, SEVENTH, SIXTH, THIRD
from tests.support.commands import execute
from tests.support.terminal.forked_terminal import ForkedTerminal
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers.postgres import TestServer

PASSWORD = "pw-canary-2210"
API_KEY = "canary5f0c1e2d3b4a59687766554433221100"
API_TOKEN = "canary99887766554433221100aabbccddeeff"


def help_line(text: str) -> str:
    """The line that explains the field with the cursor."""
    lines = text.splitlines()
    return lines[max(y for y, line in enumerate(lines) if line.startswith("───")) + 1].strip()


def fill(terminal: ForkedTerminal, label: str, text: str) -> None:
    """Go down to the field that the help line explains, and paste a text into it."""

    for _ in range(12):
        before = help_line(terminal.text)
        if before.startswith(f"{label}:"):
            terminal.paste(text)
            return
        terminal.press("down")
        terminal.wait_for(partial(_differs, before))
    raise AssertionError(f"no field {label}\n{terminal.text}")


def _differs(before: str, now: str) -> bool:
    return help_line(now) != before


def test_from_an_empty_database_to_a_saved_and_reopened_credential(
    postgres: TestServer, empty_database: str, tmp_path: Path
) -> None:
    postgres.create_role("builder", f"login password '{PASSWORD}'")
    name = str(conninfo_to_dict(empty_database)["dbname"])
    execute(empty_database, f'alter database "{name}" owner to builder')
    with ForkedTerminal(cwd=tmp_path) as terminal:
        terminal.wait_for(FIRST)
        terminal.paste(f'psql "{postgres.conninfo(name, user="builder", password=PASSWORD)}"')
        terminal.wait_for("Connected to database")
        terminal.press("enter")
        terminal.wait_for("The key is good")
        key = re.search(r"^ (\S{43}=)$", terminal.text, re.MULTILINE)
        assert key is not None
        terminal.press("enter")
        terminal.wait_for("First store a copy elsewhere")
        terminal.press("space", "enter")
        terminal.wait_for(THIRD)
        after_the_key = terminal.mark()
        terminal.wait_for("will be created")
        terminal.press("enter")
        terminal.wait_for("Press enter to install.")
        terminal.press("enter")
        terminal.wait_for("Installed in")
        terminal.press("enter")
        terminal.wait_for("A trial credential was encrypted")
        terminal.press("enter")
        terminal.wait_for(SIXTH)
        terminal.type("Acme Ltd")
        terminal.press("enter")
        terminal.wait_for(SEVENTH)
        terminal.press("enter")
        terminal.wait_for("Display name:")
        fill(terminal, "Account SID", "acme1")
        fill(terminal, "API key", API_KEY)
        fill(terminal, "API token", API_TOKEN)
        fill(terminal, "Virtual number", "01141169368")
        terminal.press("ctrl+s")
        terminal.wait_for("It is not tested yet.")
        terminal.wait_for("pool of phone numbers?")
        terminal.press("n")
        terminal.wait_until_gone("pool of phone numbers?")
        terminal.press("esc")
        terminal.wait_for("● active")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
        shown = bytes(terminal.output).decode("utf-8", "replace")
        assert PASSWORD not in shown
        assert API_KEY not in shown
        assert API_TOKEN not in shown
        assert key[1].encode() not in terminal.bytes_since(after_the_key)
    file = tmp_path / ".env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    saved = load_settings({}, cwd=tmp_path)
    assert [variable.value for variable in saved.master_key] == [key[1]]
    named = execute(empty_database, "select id::text, name from switchboard.organizations")
    assert named == [(saved.organization, "Acme Ltd")]
    ((envelope,),) = execute(empty_database, "select credentials_encrypted from public.integration_credentials")
    assert envelope.startswith("sb2.")
    with ForkedTerminal(cwd=tmp_path) as terminal:
        terminal.wait_for("● active")
        terminal.wait_for("enter edit")
        terminal.press("enter")
        terminal.wait_for("acme1")
        terminal.wait_for("stored")
        assert API_KEY not in terminal.text


def test_the_sample_data_open_from_the_first_step_and_nothing_is_written_here(tmp_path: Path) -> None:
    with ForkedTerminal(cwd=tmp_path, environment={"XDG_DATA_HOME": str(tmp_path / "data")}) as terminal:
        terminal.wait_for(FIRST)
        terminal.press("shift+tab")
        terminal.press("enter")
        terminal.wait_for("[1 Integrations]", timeout=90)
        terminal.wait_for("● connected", timeout=60)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert not (tmp_path / ".env").exists()
