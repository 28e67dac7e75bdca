"""The folders that files of integration types are read from, in this process."""

from __future__ import annotations

import os

from tui.settings.profiles import configuration_folder

# The start of every command comes here: typing would delay it.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

OF_ROOT = "/etc/switchboard/types"


class TypeFolders:
    """Root's folder and the user's; None for one that is not read. Two of them are never the same: files change."""

    def __init__(self, *, root: str | None = None, user: str | None = None) -> None:
        self.root = root
        self.user = user


class _InUse:
    folders = TypeFolders()


def use_type_folders(folders: TypeFolders) -> None:
    """Let types be read from these folders, anew, from now on. Before the first call there are none."""
    _InUse.folders = folders


def type_folders_in_use() -> TypeFolders:
    """Return the folders that types are read from."""
    return _InUse.folders


def type_folders(environ: Mapping[str, str], *, locked: bool, of_root: str = OF_ROOT) -> TypeFolders:
    """Return root's folder, and unless this is the locked console the one in the user's configuration."""
    return TypeFolders(root=of_root, user=None if locked else os.path.join(configuration_folder(environ), "types"))  # noqa: PTH118
