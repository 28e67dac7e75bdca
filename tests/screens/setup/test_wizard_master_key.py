"""The wizard's second step: ways to a key, the gate before anything is saved, `.env` and git."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from tests.screens.setup.driver import FIRST, SECOND, THIRD, Wizard, wizard
from tests.support.acme import ACME, KEY, OTHER_KEY
from tests.support.commands import execute
from tests.support.reference_envelope import write_legacy
from tests.support.terminal.console_driver import add
from tui.screens.page import SMALLEST
from tui.settings.git_ignore import git_ignore_state
from tui.settings.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path

PLACEHOLDER = "your-32-character-secret-key-here"
SHORT = "a-short-old-key"


async def choose(console: Wizard, way: str, key: str, times: int = 1) -> None:
    """Choose a way to the key with the arrows and go to its field."""
    await console.focus("#k-ways")
    await console.press(*[key] * times)
    await console.focus(f"#k-{way}")


async def back_to_the_key(console: Wizard) -> None:
    await console.press("escape")
    await console.wait_for("( ) Later")
    # Else the focus that the step gives to its first line comes after that of the test.
    await console.wait_for(lambda: console.app.screen.query_one("#k-ways").has_focus)


def saved_key(folder: Path) -> tuple[str, str]:
    """The one source that the next start would read, by its name."""
    (variable,) = (variable for variable in load_settings({}, cwd=folder).master_key if variable.value)
    return variable.name, variable.value


async def test_a_key_of_every_way_is_judged_and_saved_alone_on_the_smallest_screen(
    empty_database: str, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("*.pyc")
    (tmp_path / ".env").write_text("# mine\nAPP_NAME='x'\n")
    (tmp_path / ".env").chmod(0o600)
    async with wizard(tmp_path, size=SMALLEST) as console:
        await console.connect(empty_database)
        await console.enter(SECOND)
        await console.wait_for("Your new key, shown only now:")
        generated = next(line.strip() for line in console.text.splitlines() if line.endswith("="))
        await need_a_copy_elsewhere(console)
        await generate_one(console, tmp_path, generated)
        await paste_one(console, tmp_path)
        await read_a_file(console, tmp_path)
        await run_a_command(console, tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n/.env\n"
    assert git_ignore_state(tmp_path / ".env") == "ignored"


async def need_a_copy_elsewhere(console: Wizard) -> None:
    before = console.env
    await console.enter("First store a copy elsewhere")
    assert console.app.screen.query_one("#k-stored").has_focus
    assert console.env == before


async def generate_one(console: Wizard, folder: Path, generated: str) -> None:
    """It stays while one goes back and forth, and is not shown again once it is saved."""
    await console.press("escape")
    await console.wait_for(FIRST)
    assert console.shows("Connected to database")
    await console.enter(generated)
    await console.press("y")
    await console.wait_for("[enter] copy")
    await console.press("y")
    assert console.app.clipboard == ""
    await console.enter("Sent to your terminal's clipboard (cannot be confirmed).")
    assert console.app.clipboard == generated
    await console.focus("#k-stored")
    await console.wait_for("git does not ignore .env")
    await console.wait_for("[x] Add /.env to .gitignore")
    await console.press("space")
    await console.enter(THIRD)
    await console.wait_for("left/right view  pgdn read  enter next  esc back  F1 help")
    assert generated not in console.text
    assert saved_key(folder) == ("ENCRYPTION_MASTER_KEY", generated)
    assert console.env.startswith("# mine\nAPP_NAME='x'\n")
    await back_to_the_key(console)
    await console.wait_for("not shown again")
    assert generated not in console.text


async def leave_while_a_key_is_looked_at(console: Wizard) -> None:
    """It stops then: the connection that it asks may be closed on the step before."""
    await console.type("x")
    assert "master_key" in running_groups(console)
    assert "The key is good" not in console.text
    await console.press("escape")
    await console.wait_for(FIRST)
    assert "master_key" not in running_groups(console)
    await console.enter("It is shorter than 32 characters.")
    await console.focus("#k-paste")
    await console.press("ctrl+u")


def running_groups(console: Wizard) -> set[str]:
    return {worker.group for worker in console.app.workers if worker.is_running}


async def paste_one(console: Wizard, folder: Path) -> None:
    """A weak one is refused, a good one is masked and saved exactly, unless the file is not to be written."""
    before = console.env
    await choose(console, "paste", "down")
    await leave_while_a_key_is_looked_at(console)
    await console.type(PLACEHOLDER)
    await console.enter("This key is too weak to write with.")
    await console.wait_for("It is a placeholder from a guide, not a key.")
    assert console.env == before
    await console.focus("#k-paste")
    await console.press("ctrl+u")
    await console.paste(KEY)
    await console.wait_for("The key is good")
    assert KEY not in console.text
    (folder / ".env").rename(folder / "elsewhere")
    (folder / ".env").symlink_to(folder / "elsewhere")
    await console.enter("symbolic link")
    (folder / "elsewhere").rename(folder / ".env")
    await console.enter(THIRD)
    assert saved_key(folder) == ("ENCRYPTION_MASTER_KEY", KEY)
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600


async def read_a_file(console: Wizard, folder: Path) -> None:
    """One that is open to others is refused; its name is saved in place of the key."""
    file = folder / "master.key"
    file.write_text(KEY + "\n")
    file.chmod(0o644)
    await back_to_the_key(console)
    assert console.shows("[x] I have stored a copy")
    await choose(console, "file", "down")
    await console.type(str(file))
    await console.enter("Run chmod 600 on it.")
    file.chmod(0o600)
    await console.press("space", "backspace")
    await console.enter(THIRD)
    assert saved_key(folder) == ("ENCRYPTION_MASTER_KEY_FILE", str(file))
    assert KEY not in console.env


async def run_a_command(console: Wizard, folder: Path) -> None:
    """On enter only; its line is saved."""
    marker = folder / "ran"
    command = f'sh -c "touch {marker}; echo {KEY}"'
    await back_to_the_key(console)
    await choose(console, "command", "down")
    await console.paste(command)
    await console.pilot.pause()
    assert not marker.exists()
    await console.enter(THIRD)
    assert marker.exists()
    assert saved_key(folder) == ("ENCRYPTION_MASTER_KEY_COMMAND", command)


async def test_a_database_with_credentials_wants_their_key_and_a_short_one_that_opens_some_only_reads(
    installed_database: str, tmp_path: Path
) -> None:
    insert = (
        "insert into public.integration_credentials (organization_id, integration_type, credentials_encrypted) "
        "values (%s, %s, %s)"
    )
    for kind, key in (("exotel_phone", KEY), ("exotel_sms", SHORT)):
        envelope = write_legacy(key, b'{"account_sid":"x"}', bytes(16))
        execute(installed_database, insert, ACME, kind, envelope)
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
        await console.wait_for("This key opens some of the newest credentials, but not all.")
        await console.enter(THIRD)
        await back_to_the_key(console)
        await console.focus("#k-paste")
        await console.press("ctrl+u")
        await console.paste(SHORT)
        await console.wait_for("It is shorter than 32 characters.")
        await console.enter(THIRD)


async def test_a_key_that_is_configured_and_wrong_or_weak_is_not_kept_as_if_it_could_write(
    installed_database: str, tmp_path: Path
) -> None:
    await add(installed_database, policy="legacy")
    execute(installed_database, "drop schema switchboard cascade")
    async with wizard(tmp_path, {"SUPABASE_SERVICE_ROLE_KEY": PLACEHOLDER}) as console:
        await console.connect(installed_database)
        await console.enter("the API key in the environment")
        # The gate is asked before the schema is there.
        await console.wait_for("Wrong key: this database already holds credentials written with another key.")
        await console.wait_for("rotating that API key would lose every credential")
        await console.enter("This key is not the one in use")
        execute(installed_database, "delete from public.integration_credentials")
        # What was found out in one database is not believed in the next.
        await console.press("escape")
        await console.connect(installed_database)
        await console.enter(SECOND)
        await console.wait_for("cannot be used for writing: It is a placeholder")
        await console.enter("This key is too weak to write with.")
        await console.press(*["down"] * 5)
        await console.enter(THIRD)
        assert "✓ Master key" not in console.text
    assert console.env == ""
