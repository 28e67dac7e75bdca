"""A person's own keys replace the usual ones, and a broken file replaces nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.keys import _character_to_key

from tests.support.commands import execute
from tests.support.terminal.console_driver import add, new_app, run_headless
from tests.support.terminal.node_types import every_node_type
from tui.locked.acts import bindings_of, name_of
from tui.settings.keymap import Keymap, read_keymap

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_file_every_key_is_as_usual(tmp_path: Path) -> None:
    assert read_keymap(tmp_path / "keys.toml") == Keymap()


@pytest.mark.parametrize("content", [b"\xff", b"[", b'"list.up" = 3', b'"list.up" = ""', b"[list]\nup = 'k'"])
def test_a_file_that_is_none_changes_no_key_and_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "keys.toml"
    file.write_bytes(content)
    keymap = read_keymap(file)
    assert keymap.keys == {}
    assert str(file) in keymap.problem


def test_no_key_is_one_that_could_be_the_second_byte_of_a_sequence() -> None:
    """Behind an esc such a character, and what follows it, is taken for a sequence that came in pieces."""
    usual = {
        key: name_of(declaring, binding)
        for node_type in every_node_type()
        for declaring, binding in bindings_of(node_type)
        for key in binding.key.split(",")
    }
    assert len(usual) > 50
    named = {_character_to_key(character) for character in "[]OPX^_\\"}
    assert {key: usual[key] for key in named & set(usual)} == {}


def use_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "switchboard"
    folder.mkdir()
    (folder / "keys.toml").write_text(content)


async def test_a_question_is_not_answered_by_the_key_that_opened_it(
    keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keys(tmp_path, monkeypatch, '"integrations.toggle" = "y"')
    await add(keyed_database)
    is_active = "select is_active from integration_credentials"
    async with run_headless(new_app(keyed_database)) as driven:
        await driven.wait_for("● active")
        await driven.press(*["y"] * 5)
        await driven.wait_for("Disable Exotel phone?")
        assert driven.page.prompt.is_asking
        assert execute(keyed_database, is_active) == [(True,)]
        await driven.press("x", "y")
        await driven.wait_for("is disabled.")
    assert execute(keyed_database, is_active) == [(False,)]


async def test_a_remapped_key_does_what_the_usual_one_did(
    keyed_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_keys(tmp_path, monkeypatch, '"integrations.sort" = "f6"')
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as driven:
        await driven.wait_for("● active")
        await driven.press("s")
        assert "by type" in driven.text
        await driven.press("f6")
        await driven.wait_for("by state")
