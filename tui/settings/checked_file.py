"""Files that decide something: read only where nobody else could have put them there, and replaced as a whole."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import secrets
import stat
from typing import TYPE_CHECKING

from tui.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_BYTES = 1_000_000
READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_checked(
    path: Path,
    *,
    for_writing: bool = False,
    of_root: bool = False,
    others_may_read: bool = False,
    most_bytes: int = LARGEST_BYTES,
    other_way: str = ", or name it with --env-file",
) -> bytes | None:
    """Return the content of the file; None where there is none, or a folder.

    Raises ConfigError where it is a symbolic link, belongs to somebody else, can be written by others or, unless
    `others_may_read`, read by them, is no plain file, is larger than `most_bytes` or is UTF-16; with `of_root` also
    where anybody but root could have put it there. `other_way` is what can be done in place of putting the file itself
    where a symbolic link is.

    Kind, owner and mode are those of the opened file: a path could lead to another one by the time it is read.
    """
    folder = None
    try:
        if of_root:
            folder = _open_folder_of_root(path.parent)
        descriptor = os.open(path if folder is None else path.name, READ, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise ConfigError(
                f"{printable(path)} is a symbolic link.",
                f"Put the file itself there{'' if of_root else other_way}.",
            ) from None
        raise ConfigError(f"{printable(path)} cannot be opened: {exc.strerror}.", "Check its owner and mode.") from None
    finally:
        if folder is not None:
            os.close(folder)
    try:
        status = os.fstat(descriptor)
        if of_root and status.st_uid != 0:
            raise ConfigError(f"{printable(path)} does not belong to root.", f"Run: chown root {printable(path)}")
        if stat.S_ISDIR(status.st_mode) and not for_writing:
            return None
        _check_owner_and_mode(
            path, status, for_writing=for_writing, others_may_read=others_may_read, mode="640" if of_root else "600"
        )
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        raise ConfigError(
            f"{printable(path)} is larger than {most_bytes // 1000} kB.", "Check that it is the right file."
        )
    if b"\0" in content or content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{printable(path)} is not UTF-8 text.", "Save the file as UTF-8.")
    return content


def _open_folder_of_root(folder: Path) -> int:
    """Open a folder that root alone may write to. Raises ConfigError for any other, OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if status.st_uid != 0 or status.st_mode & 0o022:
        os.close(descriptor)
        raise ConfigError(
            f"{printable(folder)} can be written by others than root.",
            f"Run: chown root {printable(folder)}; chmod go-w {printable(folder)}",
        )
    return descriptor


def _check_owner_and_mode(
    path: Path, status: os.stat_result, *, for_writing: bool, others_may_read: bool, mode: str
) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{printable(path)} is not a plain file.", "Put a plain file there.")
    user = os.geteuid()
    if status.st_uid != user and (for_writing or status.st_uid != 0):
        raise ConfigError(
            f"{printable(path)} belongs to somebody else.",
            "It must belong to the user who runs Switchboard, or to root.",
        )
    close_it = f"Run: chmod {'go-w' if others_may_read else mode} {printable(path)}"
    if for_writing:
        return
    if status.st_mode & 0o022:
        raise ConfigError(f"{printable(path)} can be written by others than its owner.", close_it)
    if not others_may_read and (status.st_mode & 0o004 or (status.st_mode & 0o040 and status.st_uid != 0)):
        raise ConfigError(f"{printable(path)} can be read by others than its owner.", close_it)


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file of that mode that readers see as it was or as it becomes. Raises ConfigError."""
    name = f"{path.name}.{secrets.token_hex(6)}.tmp"
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as exc:
        raise ConfigError(f"The folder of {printable(path)} cannot be opened: {exc.strerror}.", "Check it.") from None
    try:
        descriptor = os.open(
            name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=folder
        )
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)
                file.write(content)
                file.flush()
                os.fsync(descriptor)
            os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=folder)
            raise
        os.fsync(folder)
    except OSError as exc:
        raise ConfigError(
            f"{printable(path)} cannot be written: {exc.strerror}.", "Check the folder's owner, mode and free space."
        ) from None
    finally:
        os.close(folder)


def create_file(path: Path, text: str) -> None:
    """Write a new file that its owner alone may read. Raises FileExistsError where there is one, and OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def printable(path: Path) -> str:
    """Return a path as it can stand in a sentence."""
    return "".join(character if character.isprintable() else "?" for character in str(path))
