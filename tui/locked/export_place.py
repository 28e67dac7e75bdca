"""Where an export may be written: any new file, or in the locked console a plain name in one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.export.file import MANIFEST, PART, NewFile
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from tui.settings.settings import Settings

VARIABLE = "SWITCHBOARD_EXPORT_DIR"
STANDARD_OUTPUT = "standard output works: `ssh HOST audit export --format csv > log.csv`."


def new_file(settings: Settings, path: Path) -> NewFile:
    """Return the file that an export is written to. Raises InvalidInput for one that the locked console may not."""
    if not settings.locked:
        return NewFile(path)
    require_plain_name(str(path))
    return NewFile(export_folder(settings) / path, through_links=False)


def export_folder(settings: Settings) -> Path:
    """Return the one folder of the locked console. Raises InvalidInput where there is none, or not a plain one."""
    folder = settings.export_dir
    if folder is None:
        raise InvalidInput(
            f"The locked console writes no file, because {VARIABLE} is not set.",
            f"Ask the administrator of this machine to set it; {STANDARD_OUTPUT}",
        )
    if not folder.is_absolute() or folder.is_symlink() or not folder.is_dir():
        raise InvalidInput(
            f"{VARIABLE} is not the whole path of a folder that exists and is not a symbolic link.",
            f"Ask the administrator of this machine to correct it; {STANDARD_OUTPUT}",
        )
    return folder


def is_plain_name(name: str) -> bool:
    """Tell whether it names a file and no folder, shows as what it is, is not hidden, and is in no other one's way."""
    is_one_name = bool(name) and "/" not in name and not name.startswith(".") and name.isprintable()
    return is_one_name and not name.endswith((PART, MANIFEST))


def require_plain_name(name: str) -> None:
    """Raise InvalidInput unless it is the plain name of a file."""
    if not is_plain_name(name):
        raise InvalidInput(
            "In the locked console a file has a plain name: no folder, no dot in front, no .part or .manifest.json.",
            "Give a name such as log.csv.",
        )
