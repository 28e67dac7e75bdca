"""Where an export goes: a new file with a manifest beside it, whole or not at all; or a stream as it is."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
import stat
from typing import TYPE_CHECKING, Any

from tui.errors import ExportFailed, InvalidInput
from tui.words.text import ascii_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PART, MANIFEST = ".part", ".manifest.json"
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
# What a pipe takes at once when it takes anything: https://pubs.opengroup.org/onlinepubs/9699919799/functions/write.html
AT_ONCE = 4096
# How link(2) refuses where the file system has no hard links, or none left for the file.
WITHOUT_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)


class StreamBroken(Exception):
    """The stream took no more; `error` is what the system said. Not an OSError, which the database would claim."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.error = error


class NewFile:
    """A new file of mode 0600, written under another name and given its own at the end.

    Its folder is opened once, so that nothing is written to a folder that takes its place meanwhile. Unless
    `through_links`, the folder itself must not be a symbolic link.
    """

    def __init__(self, path: Path, *, through_links: bool = True) -> None:
        if not path.name:
            raise InvalidInput(f"{path} is a folder.", "Name a new file in it.")
        self.path = path
        self.name = path.name
        self._part = path.name + PART
        self._manifest = path.name + MANIFEST
        self._folder_flags = FOLDER if through_links else FOLDER | os.O_NOFOLLOW
        self._folder: int | None = None
        self._descriptor: int | None = None

    def prepare(self) -> None:
        """Create the unfinished file. Raises InvalidInput where one of the names is taken, ExportFailed."""
        try:
            self._folder = os.open(self.path.parent, self._folder_flags)
            for name in (self.name, self._manifest):
                if _exists(self._folder, name):
                    raise name_taken(name)
            self._descriptor = os.open(self._part, NEW, 0o600, dir_fd=self._folder)
        except FileExistsError:
            raise InvalidInput(
                f"{self._part} exists already: another export is writing it, or one was killed.",
                "Wait for the other one, use another name, or have the file removed.",
            ) from None
        except (OSError, ValueError) as error:
            raise self._failure(error) from None
        finally:
            if self._descriptor is None:
                self._close()

    async def write(self, block: bytes) -> None:
        """Write to the unfinished file. Raises ExportFailed."""
        try:
            write_all(self._open, block)
        except OSError as error:
            raise self._failure(error) from None

    async def write_whole(self, content: bytes) -> None:
        """Make the file with this content and without a manifest. Raises as `prepare` and `publish`."""
        self.prepare()
        try:
            await self.write(content)
        except BaseException:
            self.discard()
            raise
        self.publish(None)

    def publish(self, manifest: Mapping[str, Any] | None) -> None:
        """Write the manifest, if there is one, then give the file its name, which must still be free.

        Raises ExportFailed, and nothing is left then.
        """
        manifest_exists = False
        try:
            os.fsync(self._open)
            if manifest is not None:
                descriptor = os.open(self._manifest, NEW, 0o600, dir_fd=self._folder)
                manifest_exists = True
                try:
                    write_all(descriptor, ascii_json(manifest, indent=2).encode() + b"\n")
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            if self._folder is None:
                raise RuntimeError("the file is not prepared")
            give_name(self._folder, self._part, self.name)
        except OSError as error:
            if manifest_exists:
                self._remove(self._manifest)
            self.discard()
            raise (name_taken(self.name) if error.errno == errno.EEXIST else self._failure(error)) from None
        self._close()

    def discard(self) -> None:
        """Remove the unfinished file."""
        if self._descriptor is not None:
            self._remove(self._part)
            self._close()

    @property
    def _open(self) -> int:
        if self._descriptor is None:
            raise RuntimeError("the file is not prepared")
        return self._descriptor

    def _remove(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._folder)

    def _close(self) -> None:
        for descriptor in (self._descriptor, self._folder):
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._descriptor = self._folder = None

    def _failure(self, error: OSError | ValueError) -> ExportFailed:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name is not a file's"
        return ExportFailed(
            f"{self.name} could not be written: {reason}; no file was left.",
            "Free some disk space, or write it somewhere else.",
        )


class Stream:
    """A descriptor that somebody else has opened, such as standard output; what it has taken is not taken back."""

    def __init__(self, descriptor: int, name: str = "standard output") -> None:
        self.name = name
        self._descriptor = descriptor
        # A plain file takes a block at once; of all others a reader may be slow, and must not stop a signal.
        self._at_once = None if stat.S_ISREG(os.fstat(descriptor).st_mode) else AT_ONCE
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)

    def prepare(self) -> None:
        """Nothing: a stream is there."""

    async def write(self, block: bytes) -> None:
        """Write as much at once as the reader takes. Raises StreamBroken."""
        unwritten = memoryview(block)
        try:
            while unwritten:
                if self._at_once is not None:
                    await self._until_writable()
                try:
                    unwritten = unwritten[os.write(self._descriptor, unwritten[: self._at_once]) :]
                except BlockingIOError:
                    continue
        except OSError as error:
            raise StreamBroken(error) from None

    def publish(self, manifest: Mapping[str, Any]) -> None:
        """Nothing: there is no file for a manifest to lie beside."""

    def discard(self) -> None:
        """Nothing can be taken back."""

    async def _until_writable(self) -> None:
        if self._poll.poll(0):
            return
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_writer(self._descriptor, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_writer(self._descriptor)


# Prepared, written to a block at a time, and then published or discarded.
Destination = NewFile | Stream


def give_name(folder: int, part: str, name: str) -> None:
    """Give an unfinished file its name in the folder. Raises FileExistsError where that is taken, OSError."""
    # A link, unlike a renaming, never replaces a file that has come meanwhile.
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in WITHOUT_LINKS:
            raise
        if _exists(folder, name):
            raise FileExistsError(errno.EEXIST, "exists") from None
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        # Another run may have taken it for what one that was killed has left.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)


def write_all(descriptor: int, block: bytes) -> None:
    """Write all of a block. Raises OSError."""
    unwritten = memoryview(block)
    while unwritten:
        unwritten = unwritten[os.write(descriptor, unwritten) :]


def name_taken(name: str) -> InvalidInput:
    """Return what is raised where there is a file of that name."""
    return InvalidInput(f"There is {name} already, and an export replaces nothing.", "Name a new file.")


def _exists(folder: int | None, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
