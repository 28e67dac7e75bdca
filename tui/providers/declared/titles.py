"""The titles of the shipped types, without reading their files as a whole: lists have a row for each of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.settings.type_folders import TypeFolders

ENDING = ".toml"
SHIPPED = os.path.join(os.path.dirname(__file__), "shipped")  # noqa: PTH118, PTH120


def shipped_titles() -> dict[str, str]:
    """Return the title of each shipped type by its name; every file of the package has it on its second line."""
    titles = {}
    for file in type_files(SHIPPED):
        with open(os.path.join(SHIPPED, file), encoding="utf-8") as lines:  # noqa: PTH118, PTH123
            next(lines)
            titles[file.removesuffix(ENDING)] = next(lines).partition('"')[2].rpartition('"')[0]
    return titles


def has_files(folders: TypeFolders) -> bool:
    """Whether root's folder or the user's has a definition file, or cannot be looked into."""
    try:
        return any(type_files(folder) for folder in (folders.root, folders.user) if folder is not None)
    except OSError:
        return True


def type_files(folder: str) -> list[str]:
    """Return the names of the definition files in a folder, none where it is not there. Raises OSError."""
    try:
        # What begins with a dot is an editor's.
        return sorted(name for name in os.listdir(folder) if name.endswith(ENDING) and not name.startswith("."))  # noqa: PTH208
    except FileNotFoundError:
        return []
