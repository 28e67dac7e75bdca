"""The wizard's second step: ways to a key, the gate before anything is saved, `.env` and git."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.screens.setup.driver import FIRST, SECOND, SIXTH, THIRD, Wizard, wizard
from tests.support.acme import ACME, KEY, OTHER_KEY
from tests.support.commands import execute
from tests.support.reference_envelope import write_legacy
from tests.support.terminal.console_driver import add
from tui.data.keys.encryption import RowBinding
from tui.settings.git_ignore import git_ignore_state
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

WAYS = ("generate", "paste", "file", "command", "later")


async def choose(console: Wizard, way: str) -> None:
    """Choose a way to the key with the arrows."""
    await console.focus("#k-ways")
    await console.press(*["down"] * WAYS.index(way))


async def at_the_key(console: Wizard, conninfo: str) -> None:
    await console.connect(conninfo)
    await console.enter(SECOND)
    await console.wait_for("I have stored a copy")


async def test_a_pasted_key_is_judged_masked_and_saved_exactly(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "paste")
        await console.focus("#k-paste")
        await console.paste(KEY)
        await console.wait_for("A good key")
        await console.focus("#k-stored")
        await console.press("space")
        assert KEY not in console.text
        await console.enter(THIRD)
    (variable,) = load_settings({}, cwd=tmp_path).master_key
    assert (variable.name, variable.value) == ("ENCRYPTION_MASTER_KEY", KEY)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


async def test_a_weak_key_is_refused_and_nothing_is_saved(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "paste")
        await console.focus("#k-paste")
        await console.type("your-32-character-secret-key-here")
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter("This key is too weak to write with.")
        assert console.shows("It is a placeholder from a guide, not a key.")
        assert SECOND in console.text
        assert console.env == ""


async def test_a_short_key_that_opens_what_is_stored_is_taken_for_reading(
    installed_database: str, tmp_path: Path
) -> None:
    short = "a-short-old-key"
    row = RowBinding(uuid4(), ACME, "exotel_phone")
    envelope = write_legacy(short, b'{"account_sid":"x"}', bytes(16))
    insert = (
        "insert into public.integration_credentials (id, organization_id, integration_type, credentials_encrypted) "
        "values (%s, %s, %s, %s)"
    )
    execute(installed_database, insert, row.row_id, row.organization_id, row.integration_type, envelope)
    async with wizard(tmp_path) as console:
        await console.connect(installed_database)
        await console.enter(SECOND)
        await console.wait_for("(o) Paste one")
        await console.focus("#k-paste")
        await console.paste(short)
        await console.wait_for("It is shorter than 32 characters.")
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter(THIRD)
        await console.wait_for("Everything is there")
        await console.enter("It is installed already.")
        await console.enter("Encryption was not tried: the master key only reads.")
        await console.enter(SIXTH)


async def test_without_a_copy_elsewhere_it_does_not_go_on(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await console.enter("First store a copy elsewhere")
        assert console.app.screen.query_one("#k-stored").has_focus
        assert console.env == ""


async def test_a_database_with_credentials_asks_for_their_key_and_knows_a_wrong_one_at_once(
    installed_database: str, tmp_path: Path
) -> None:
    await add(installed_database)
    async with wizard(tmp_path) as console:
        await console.connect(installed_database)
        await console.enter(SECOND)
        await console.wait_for("(o) Paste one")
        await console.focus("#k-paste")
        await console.paste(OTHER_KEY)
        await console.wait_for("Wrong key: this database already holds credentials")
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter("This key is not the one in use")
        assert console.env == ""
        await console.focus("#k-paste")
        await console.press("ctrl+u")
        await console.paste(KEY)
        await console.wait_for("This is the key this database was written with")
        await console.enter(THIRD)
    assert execute(installed_database, "select count(*) from switchboard.keys") == [(1,)]


async def test_the_gate_works_before_the_schema_is_there(installed_database: str, tmp_path: Path) -> None:
    await add(installed_database, policy="legacy")
    execute(installed_database, "drop schema switchboard cascade")
    async with wizard(tmp_path, {"ENCRYPTION_MASTER_KEY": OTHER_KEY}) as console:
        await console.connect(installed_database)
        await console.enter(SECOND)
        await console.wait_for("Wrong key: this database already holds credentials written with another key.")
        await console.enter("This key is not the one in use")


async def test_a_key_file_is_read_and_its_name_saved_instead_of_the_key(empty_database: str, tmp_path: Path) -> None:
    file = tmp_path / "master.key"
    file.write_text(KEY + "\n")
    file.chmod(0o644)
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "file")
        await console.focus("#k-file")
        await console.type(str(file))
        await console.enter("Close it with chmod 600.")
        file.chmod(0o600)
        await console.press("space", "backspace")
        await console.enter("A good key")
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter(THIRD)
        assert KEY not in console.env
    (variable,) = load_settings({}, cwd=tmp_path).master_key
    assert (variable.name, variable.value) == ("ENCRYPTION_MASTER_KEY_FILE", str(file))


async def test_a_command_is_run_on_enter_only_and_its_line_is_saved(empty_database: str, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    command = f'sh -c "touch {marker}; echo {KEY}"'
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "command")
        await console.focus("#k-command")
        await console.paste(command)
        await console.pilot.pause()
        assert not marker.exists()
        await console.enter("A good key")
        assert marker.exists()
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter(THIRD)
    (variable,) = load_settings({}, cwd=tmp_path).master_key
    assert (variable.name, variable.value) == ("ENCRYPTION_MASTER_KEY_COMMAND", command)


async def test_later_goes_on_without_a_key(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "later")
        await console.enter(THIRD)
        assert "✓ Master key" not in console.text
        await console.install("Encryption was not tried: there is no master key yet.")
        await console.type("Acme")
        await console.enter("There is no master key yet, so no credential can be saved.")
    assert "ENCRYPTION_MASTER_KEY" not in (tmp_path / ".env").read_text()


@pytest.mark.parametrize(
    ("key", "why"),
    [("a-short-new-key", "It is shorter than 32"), ("your-32-character-secret-key-here", "It is a placeholder")],
)
async def test_a_weak_key_that_is_configured_is_not_kept_as_if_it_could_write(
    empty_database: str, tmp_path: Path, key: str, why: str
) -> None:
    async with wizard(tmp_path, {"SUPABASE_SERVICE_ROLE_KEY": key}) as console:
        await console.connect(empty_database)
        await console.enter("the API key in the environment")
        await console.wait_for("rotating that API key would lose every credential")
        assert console.shows(f"cannot be used for writing: {why}")
        await console.enter("This key is too weak to write with.")
        await console.focus("#k-ways")
        await console.press(*["down"] * len(WAYS))
        await console.enter(THIRD)
        assert "✓ Master key" not in console.text


async def test_a_key_of_the_environment_is_kept_and_no_other_is_offered(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path, {"ENCRYPTION_MASTER_KEY": KEY}) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.wait_for("A good key")
        assert re.search(r"\(o\) Keep it +from the environment$", console.text, re.MULTILINE)
        assert "Generate one" not in console.text
        await console.enter(THIRD)
    assert "ENCRYPTION_MASTER_KEY" not in console.env


async def test_in_a_git_tree_it_offers_to_ignore_the_file_and_does_so(empty_database: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.pyc")
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        assert "git does not ignore .env" in console.text
        assert "[x] Add /.env to .gitignore" in console.text
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter(THIRD)
        assert "git ignores .env" in console.text
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n/.env\n"
    assert git_ignore_state(tmp_path / ".env") == "ignored"


async def test_a_refused_file_is_said_and_nothing_typed_is_lost(empty_database: str, tmp_path: Path) -> None:
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await choose(console, "paste")
        await console.focus("#k-paste")
        await console.paste(KEY)
        await console.wait_for("A good key")
        (tmp_path / "elsewhere").write_text("")
        (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
        await console.focus("#k-stored")
        await console.press("space")
        await console.enter("symbolic link")
        (tmp_path / ".env").unlink()
        await console.enter(THIRD)
    assert KEY in console.env


async def test_other_lines_of_the_file_stay_as_they_are(empty_database: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nAPP_NAME='x'\n")
    (tmp_path / ".env").chmod(0o600)
    async with wizard(tmp_path) as console:
        await at_the_key(console, empty_database)
        await console.press("escape")
        await console.wait_for(FIRST)
        await console.take_new_key()
    assert console.env.startswith("# mine\nAPP_NAME='x'\nENCRYPTION_MASTER_KEY='")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
async def test_every_line_can_be_reached_and_seen_at_any_size(
    empty_database: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with wizard(tmp_path, size=size) as console:
        await console.connect(empty_database)
        await console.enter("A good key")
        await console.focus("#k-stored")
        await console.wait_for("[ ] I have stored a copy of the key elsewhere")
        await console.press("space")
        await console.enter(THIRD)
        await console.wait_for("left/right view  pgdn read  enter go on  esc back  F1 help")
