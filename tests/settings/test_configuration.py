"""A person's configuration: colours and keys replace the usual ones, and a broken file replaces nothing."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from textual.keys import _character_to_key

from tests.support.commands import execute
from tests.support.terminal.console_driver import add, new_app, run_headless
from tests.support.terminal.node_types import every_node_type
from tui.locked.acts import bindings_of, name_of
from tui.settings.configuration import NAMES, Configuration, read_configuration

if TYPE_CHECKING:
    from collections.abc import Callable


EXAMPLE = Path(__file__).parents[2] / "docs" / "config.toml"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Configuration]:
    def read(content: str | bytes, older_keys: str = "") -> Configuration:
        (tmp_path / "config.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "keys.toml").write_text(older_keys)
        return read_configuration(tmp_path / "config.toml", tmp_path / "keys.toml")

    return read


def test_without_a_file_everything_is_as_usual(tmp_path: Path) -> None:
    assert read_configuration(tmp_path / "config.toml", tmp_path / "keys.toml") == Configuration()


def test_the_example_changes_nothing_and_with_its_remarks_taken_off_has_every_name(
    read: Callable[..., Configuration],
) -> None:
    example = EXAMPLE.read_text()
    document = (EXAMPLE.parent / "configuration.md").read_text()
    assert read(example) == Configuration()
    uncommented = re.sub(r"^# (?=\S+ = )", "", example, flags=re.MULTILINE)
    assert read(uncommented).is_truecolor
    assert read(uncommented).mouse
    assert read(uncommented).colours == {"staging": "yellow", "prod-copy": "none"}
    assert set(tomllib.loads(uncommented)) == set(NAMES)
    for name in NAMES:
        assert f"`{name}`" in document or f"`[{name}]`" in document, name


def test_colours_and_keys_are_read_and_keys_from_the_older_file_too(read: Callable[..., Configuration]) -> None:
    content = '[profiles]\nstaging = "yellow"\n[keys]\n"list.up" = "k"\n'
    assert read(content, '"list.down" = "j,f6"') == Configuration(
        colours={"staging": "yellow"}, keys={"list.up": "k", "list.down": "j,f6"}
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff", "could not be read"),
        ("[", "could not be read"),
        ("theme = " + "[" * 10_000, "could not be read"),
        ("theme = " + "1" * 5_000, "could not be read"),
        ("profile = 1", "profile in {file} is unknown, the nearest name is profiles"),
        ("[key]", "the nearest name is keys"),
        ('theme = "pink"', "theme in {file} is none of ansi, truecolor"),
        ("mouse = 1", "mouse in {file} is neither true nor false"),
        ("theme = []", "is none of ansi, truecolor"),
        ("profiles = 1", "must be a table, [profiles]"),
        ('[profiles]\nstaging = "pink"', "The colour of staging in {file} is none of none, red,"),
        ("[profiles]\nstaging = 3", "The colour of staging"),
        ('[profiles]\nStaging = "red"', "not the name of a profile"),
        ('[keys]\n"list.up" = 3', "must be lines like"),
        ('[keys]\n"list.up" = ""', "must be lines like"),
        ("[keys.list]\nup = 'k'", "must be lines like"),
    ],
)
def test_a_file_that_is_not_understood_changes_nothing_and_says_why(
    tmp_path: Path, read: Callable[..., Configuration], content: str | bytes, words: str
) -> None:
    configuration = read(content)
    assert configuration == Configuration(problem=configuration.problem)
    assert words.format(file=tmp_path / "config.toml") in configuration.problem


def test_the_older_file_of_keys_is_named_where_it_is_none_or_gives_the_same_binding_keys(
    tmp_path: Path, read: Callable[..., Configuration]
) -> None:
    for content in ("[", '"list.up" = 3'):
        assert str(tmp_path / "keys.toml") in read("", content).problem
    twice = read('[keys]\n"list.up" = "k"\n', '"list.up" = "i"')
    assert twice.keys == {}
    assert twice.problem.startswith('"list.up" has keys in ')


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


def use_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, name: str = "keys.toml") -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "switchboard"
    folder.mkdir()
    (folder / name).write_text(content)


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
    use_keys(tmp_path, monkeypatch, '[keys]\n"integrations.sort" = "f6"', "config.toml")
    await add(keyed_database)
    async with run_headless(new_app(keyed_database)) as driven:
        await driven.wait_for("● active")
        await driven.press("s")
        assert "by type" in driven.text
        await driven.press("f6")
        await driven.wait_for("by state")
