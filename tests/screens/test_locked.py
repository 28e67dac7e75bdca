"""The allow-list of the locked console's keys: every binding and wizard step there is, and what a closed one says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from tests.support.database.log_rows import log_row
from tests.support.terminal.console_driver import new_app, run_headless
from tests.support.terminal.node_types import every_node_type
from tui.locked.acts import CLOSED, OPEN, OPEN_CLASSES, bindings_of, is_open, name_of
from tui.screens.setup.screen import SetupScreen
from tui.screens.setup.wizard.pane import STEPS
from tui.screens.setup.wizard.step import Step

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# They close a cover, leave a filter and answer a question.
TAKES_KEYS_ITSELF = {"LockScreen", "Page", "Prompt"}
# Whatever else is bound works locked. A binding that is added is closed until it is put into OPEN, and then this test
# fails until somebody has thought about it.
CLOSED_ACTS = {
    # They write and read a file of the person.
    "audit.save",
    "app.profile",
    "setup.wizard",
    *("wizard.up", "wizard.down", "wizard.continue", "wizard.read_up", "wizard.read_down"),
    "wizard.copy_key",
    # A new key is read and shown nowhere but in an open console.
    *("keys.rotate", "keys.retire", "rotation.apply", "rotation.leave_out", "rotation.copy"),
    *("new_key.previous", "new_key.next", "new_key.plan", "new_key.copy", "logins.copy"),
    # Textual's own, which the console's keys stand in the place of.
    *("App.quit", "App.help_quit"),
}


def test_no_key_acts_but_through_a_binding() -> None:
    """The allow-list knows bindings alone: Textual would also call key_x, and on_key could do anything."""
    ours = {node_type for node_type in every_node_type() if node_type.__module__.startswith("tui.")}
    assert [type_ for type_ in ours if any(name.startswith("key_") for name in vars(type_))] == []
    assert {type_.__name__ for type_ in ours if "on_key" in vars(type_)} == TAKES_KEYS_ITSELF


def names_below(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


class TestEveryBinding:
    def test_is_open_or_closed_as_was_decided(self) -> None:
        opened, closed = set(), set()
        for node_type in every_node_type():
            for declaring, binding in bindings_of(node_type):
                if declaring not in OPEN_CLASSES:
                    (opened if is_open(node_type, binding.action) else closed).add(name_of(declaring, binding))
        assert closed == CLOSED_ACTS
        assert opened == OPEN

    def test_that_was_never_declared_is_closed(self) -> None:
        assert not is_open(SetupScreen, "open_a_shell")
        assert not is_open(SetupScreen, "app.exit")
        assert not is_open(SetupScreen, "app.open_url('x')")

    def test_of_textual_is_open_as_a_whole_only_where_it_moves_or_edits(self) -> None:
        assert {type_.__name__ for type_ in OPEN_CLASSES} == {"Input", "ScrollableContainer"}


class TestEveryStepOfTheWizard:
    def test_is_closed(self) -> None:
        every_node_type()
        assert set(Step.__subclasses__()) == set(STEPS)
        assert [step.__name__ for step in STEPS if step.works_locked] == []


async def test_a_closed_key_says_so_does_nothing_and_is_not_offered_and_no_file_of_a_person_is_read_or_written(
    keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "switchboard").mkdir()
    (tmp_path / "switchboard" / "keys.toml").write_text("not a keymap")
    (tmp_path / "switchboard" / "config.toml").write_text("not a configuration")
    async with run_headless(new_app(keyed_database, locked=True)) as console:
        await console.wait_for(" connected")
        assert console.status == ""
        await console.press("4")
        await console.wait_for("The log")
        await console.press("x")
        await console.wait_for(lambda: "export --format csv > log.csv" in console.status)
        assert not console.page.prompt.is_asking
        await console.press("m")
        await console.wait_for(lambda: console.status == CLOSED)
        await console.press("slash")
        await console.type("status:failed")
        await console.press("enter")
        await console.wait_for("/status:failed")
        assert not (tmp_path / "state").exists()
        await console.press("5")
        await console.wait_for("check again")
        assert not console.shows("setup wizard")
        await console.press("w")
        await console.wait_for(lambda: console.status == CLOSED)
        assert isinstance(console.page, SetupScreen)
        assert console.page.wizard is None
        await console.press("question_mark")
        await console.wait_for("Read again from the database")
        assert not console.shows("Open the setup wizard")
        await console.press("escape")
        await console.press("colon")
        await console.wait_for("Run")
        await console.type("open the setup")
        await console.wait_for("Nothing matches.")


class TestWhereNothingIsSetUp:
    async def test_no_wizard_opens_and_no_database_is_guessed(self) -> None:
        async with run_headless(new_app("", locked=True)) as console:
            await console.wait_for("No database is configured.")
            await console.wait_for("/etc/switchboard/env")
            await console.press("5")
            await console.wait_for("check again")
            await console.press("r")
            await console.wait_for("No database is configured.")
            assert isinstance(console.page, SetupScreen)
            assert console.page.wizard is None

    async def test_a_database_without_the_schema_is_said_to_be_one(self, empty_database: str) -> None:
        async with run_headless(new_app(empty_database, locked=True)) as console:
            await console.wait_for("Switchboard is not set up in this database.")
            await console.press("5")
            await console.wait_for("check again")
            await console.wait_for("Run `switchboard setup`")
            assert isinstance(console.page, SetupScreen)
            assert console.page.wizard is None


class TestAnExport:
    async def test_asks_for_a_plain_name_and_writes_below_the_folder(self, keyed_database: str, tmp_path: Path) -> None:
        exports = tmp_path / "exports"
        exports.mkdir()
        with psycopg.connect(keyed_database) as connection:
            log_row(connection, action="call_made")
        app = new_app(keyed_database, locked=True, SWITCHBOARD_EXPORT_DIR=str(exports))
        async with run_headless(app, (120, 30)) as console:
            await console.wait_for(" connected")
            await console.press("4")
            await console.wait_for("  call")
            for name, refusal in (
                (f"{tmp_path}/log.csv", "is not a plain name"),
                ("log", "must end in .jsonl"),
            ):
                if not console.page.prompt.is_asking:
                    await console.press("x")
                    await console.wait_for("Export the rows of this filter")
                    await console.wait_for(f"It will be in {exports}"[:60])
                await console.press("ctrl+u")
                await console.type(name)
                await console.press("enter")
                await console.wait_for(refusal)
            await console.press("ctrl+u")
            await console.type("log.csv")
            await console.press("enter")
            await console.wait_for((exports / "log.csv.manifest.json").exists)
            await console.wait_for(lambda: "the manifest is beside it" in console.status)
        assert names_below(tmp_path) == ["exports", "log.csv", "log.csv.manifest.json"]
