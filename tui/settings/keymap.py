"""The keymap: a person's file that gives bindings other keys, by their ids."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Keymap:
    """Keys by the id of their binding; `problem` says why the file was not used, and is empty where it was."""

    keys: dict[str, str] = field(default_factory=dict)
    problem: str = ""


def keymap_file() -> Path:
    """Return where the file is looked for: `switchboard/keys.toml` in the user's configuration folder."""
    import platformdirs

    return platformdirs.user_config_path("switchboard") / "keys.toml"


def read_keymap(file: Path) -> Keymap:
    """Read lines such as `"integrations.sort" = "S,f6"`; a file that cannot be read or understood changes no key."""
    try:
        text = file.read_bytes()[:MOST_BYTES].decode("utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return Keymap()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return Keymap(problem=f"{file} could not be read, so every key is as usual. See docs/keys.md.")
    keys = {name: keys for name, keys in table.items() if isinstance(keys, str) and keys.strip()}
    if len(keys) < len(table):
        return Keymap(problem=f'{file} must hold lines like "list.up" = "k"; every key is as usual.')
    return Keymap(keys)
