"""Profiles: files of settings that are chosen by name, `NAME.env` in the folder of the user's configuration."""

from __future__ import annotations

import os

# The skeleton of the first frame asks here: pathlib and re would delay it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE_VARIABLE = "SWITCHBOARD_PROFILE"
PROFILE_OPTION = "--profile"
# In the locked console whoever runs the machine says which database it is; these are of the person's own.
WHO_CONNECTS = ("PGUSER", "PGPASSWORD", "PGPASSFILE")
NAME_RULE = "A name has small letters, digits, - and _, 40 at most."

_LONGEST_NAME = 40
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_ENDING = ".env"


def is_profile_name(name: str) -> bool:
    """Whether a profile can be called that."""
    return 0 < len(name) <= _LONGEST_NAME and _LETTERS.issuperset(name)


def configuration_folder(environ: Mapping[str, str]) -> str:
    """Return `switchboard` in XDG_CONFIG_HOME, or in ~/.config; one that is relative counts as not set.

    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):
        base = os.path.expanduser("~/.config")  # noqa: PTH111
    return f"{base}/switchboard"


def profile_file(folder: str, name: str) -> str:
    """Return the path of a profile's file."""
    return f"{folder}/{name}{_ENDING}"


def profile_names(folder: str) -> list[str]:
    """Return the names of the profiles in a folder, in order; none where it is missing or closed to us."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name.removesuffix(_ENDING) for entry in entries if entry.name.endswith(_ENDING)]
    except OSError:
        return []
    return sorted(name for name in names if is_profile_name(name))
