"""The configuration file of the console: what a person likes, and nothing that says which database it is."""

from __future__ import annotations

import difflib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeGuard

from tui.settings.profiles import NAME_RULE, configuration_folder, is_profile_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Colour = Literal["none", "red", "yellow", "green", "blue", "magenta", "cyan"]

COLOURS: tuple[Colour, ...] = ("none", "red", "yellow", "green", "blue", "magenta", "cyan")
THEMES = ("ansi", "truecolor")
NAMES = ("theme", "mouse", "profiles", "keys")
MOST_BYTES = 64_000


class Configuration(NamedTuple):
    """What the file says; `problem` says why it was not used, and is empty where it was."""

    is_truecolor: bool = False
    """Whether to draw with colours of our own in place of the terminal's sixteen."""

    mouse: bool = False
    """Whether clicks and the wheel reach the console; the terminal then selects text with shift held."""

    colours: Mapping[str, Colour] = MappingProxyType({})
    """The colours of profiles, by their names."""

    keys: Mapping[str, str] = MappingProxyType({})
    """Keys by the id of their binding, also those of `keys.toml`."""

    problem: str = ""


class _NotUsedError(Exception):
    """Says why a file is not used."""


def configuration_file(environ: Mapping[str, str]) -> Path:
    """Return where the file is looked for: `switchboard/config.toml` in the user's configuration folder."""
    return Path(configuration_folder(environ), "config.toml")


def keymap_file() -> Path:
    """Return where keys were before there was a configuration file, and may still be."""
    import platformdirs

    return platformdirs.user_config_path("switchboard") / "keys.toml"


def read_configuration(file: Path, keymap: Path) -> Configuration:
    """Read the file, and beside it `keymap`, which has keys alone; one that cannot be used changes nothing.

    The problem names a line that is not understood, the nearest name to one that is unknown, and a binding whose keys
    both files give.
    """
    try:
        table = _read(file)
        _refuse_unknown(table, NAMES, file)
        colours, in_file = _table(table, "profiles", file), _table(table, "keys", file)
        keys, older_keys = _keys(in_file, file), _keys(_read(keymap), keymap)
        if both := sorted(keys.keys() & older_keys.keys()):
            raise _NotUsedError(f'"{both[0]}" has keys in {file} and in {keymap}: remove one; the defaults are used.')
        return Configuration(
            is_truecolor=_theme(table, file) == "truecolor",
            mouse=_mouse(table, file),
            colours={name: _colour(name, value, file) for name, value in colours.items()},
            keys=older_keys | keys,
        )
    except _NotUsedError as problem:
        return Configuration(problem=str(problem))


def _read(file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()[:MOST_BYTES]
        # Most have no such file, and the import takes a hundredth of the console's start.
        import tomllib

        return tomllib.loads(content.decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    # A number with thousands of digits is no TOMLDecodeError, and neither are thousands of brackets.
    except (OSError, ValueError, RecursionError):
        raise _NotUsedError(f"{file} could not be read: the defaults are used. See docs/configuration.md.") from None


def _refuse_unknown(table: Mapping[str, object], known: Iterable[str], file: Path) -> None:
    for name in table:
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
            raise _NotUsedError(f"{name} in {file} is unknown, the nearest name is {nearest}: the defaults are used.")


def _table(table: Mapping[str, Any], name: str, file: Path) -> dict[str, Any]:
    value = table.get(name, {})
    if not isinstance(value, dict):
        raise _NotUsedError(f"{name} in {file} must be a table, [{name}]: the defaults are used.")
    return value


def _theme(table: Mapping[str, object], file: Path) -> object:
    theme = table.get("theme", "ansi")
    if theme not in THEMES:
        raise _NotUsedError(f"theme in {file} is none of {', '.join(THEMES)}: the defaults are used.")
    return theme


def _mouse(table: Mapping[str, object], file: Path) -> bool:
    mouse = table.get("mouse", False)
    if not isinstance(mouse, bool):
        raise _NotUsedError(f"mouse in {file} is neither true nor false: the defaults are used.")
    return mouse


def _keys(table: Mapping[str, object], file: Path) -> dict[str, str]:
    keys = {name: keys for name, keys in table.items() if isinstance(keys, str) and keys.strip()}
    if len(keys) < len(table):
        raise _NotUsedError(f'The keys in {file} must be lines like "list.up" = "k"; the defaults are used.')
    return keys


def _colour(name: str, value: object, file: Path) -> Colour:
    if not is_profile_name(name):
        raise _NotUsedError(f"{file} has a colour for what is not the name of a profile. {NAME_RULE}")
    if not _is_colour(value):
        raise _NotUsedError(f"The colour of {name} in {file} is none of {', '.join(COLOURS)}: the defaults are used.")
    return value


def _is_colour(value: object) -> TypeGuard[Colour]:
    return value in COLOURS
