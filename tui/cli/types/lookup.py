"""The type that an argument TYPE|FILE of the commands `types` means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import CheckFailed
from tui.providers import integration_type
from tui.providers.declared.files import read_file
from tui.providers.declared.reading import Mistakes
from tui.providers.declared.titles import ENDING
from tui.providers.declared.types import type_of
from tui.settings.type_folders import type_folders_in_use

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.providers.fields import IntegrationType


def is_file(type_or_file: str) -> bool:
    """Whether the argument names a file, which need not be in a folder of types."""
    return type_or_file.endswith(ENDING) or "/" in type_or_file


def find_type(type_or_file: str, out: Output) -> IntegrationType:
    """Return the type of that name, or what a file declares.

    Raises UnknownType, and CheckFailed for a file with mistakes, all of which are written.
    """
    if not is_file(type_or_file):
        return integration_type(type_or_file)
    path = Path(type_or_file)
    of_root = type_folders_in_use().root
    read = read_file(path, "root" if of_root == str(path.absolute().parent) else "user")
    if isinstance(read, Mistakes):
        for mistake in read.mistakes:
            out.warn(mistake.sentence)
        raise CheckFailed("The file declares no type.", "Correct what is named above, and run this again.")
    return type_of(read)
