"""The folder of an archive: its files appear when they are complete, and nothing that is there is ever replaced."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from typing import TYPE_CHECKING

from tui.data.audit.export.file import FOLDER, PART, give_name, name_taken, write_all
from tui.errors import ExportFailed, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

UNFINISHED = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ArchiveFolder:
    """A folder that is opened once, so that nothing is written to one that takes its place meanwhile.

    A context manager. Raises InvalidInput where there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._descriptor = os.open(path, FOLDER)
        except (OSError, ValueError) as error:
            raise InvalidInput(f"{path} is not a folder to write to: {_reason(error)}.", "Make it first.") from None

    def __enter__(self) -> ArchiveFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def has(self, name: str) -> bool:
        """Whether there is something of that name."""
        try:
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return False
        return True

    def open(self, name: str) -> int | None:
        """Open a plain file for reading; None where there is nothing of that name. Raises InvalidInput."""
        try:
            descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._descriptor)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InvalidInput(
                f"{name} cannot be read: {_reason(error)}.", "Check it, or name another folder."
            ) from None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise InvalidInput(f"{name} cannot be read: not a plain file.", "Check it, or name another folder.")
        return descriptor

    def forget_links(self, *names: str) -> None:
        """Remove what a run that was killed has left of complete files: a second name for each."""
        for name in names:
            with contextlib.suppress(OSError):
                left = os.stat(name + PART, dir_fd=self._descriptor, follow_symlinks=False)
                if os.path.samestat(left, os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)):
                    os.unlink(name + PART, dir_fd=self._descriptor)

    def begin(self, name: str) -> UnfinishedFile:
        """Begin a file; what a run that was killed has left of it is begun anew.

        Raises InvalidInput where another run is writing it, or what is there is not ours to write, and ExportFailed.
        """
        file = self._locked(name, os.O_CREAT)
        if file is None:
            raise AssertionError("the file was created")
        os.fchmod(file.descriptor, 0o600)
        file.begin_again()
        return file

    def resume(self, name: str) -> UnfinishedFile | None:
        """Return what a run that was killed has left of a file, None where there is nothing. Raises as `begin`."""
        return self._locked(name, 0)

    def _locked(self, name: str, create: int) -> UnfinishedFile | None:
        while True:
            try:
                descriptor = os.open(name + PART, UNFINISHED | create, 0o600, dir_fd=self._descriptor)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise could_not_write(name, error) from None
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                facts = os.fstat(descriptor)
                if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_nlink > 1:
                    raise InvalidInput(f"{name}{PART} is not a file of this program.", "Have it removed.")
                # Another run may have given it its name, or removed it, before it was locked.
                if facts.st_nlink == 1:
                    return UnfinishedFile(self._descriptor, descriptor, name, facts.st_size)
                os.close(descriptor)
            except BlockingIOError:
                os.close(descriptor)
                raise InvalidInput(f"Another run is writing {name} now.", "Wait until it has ended.") from None
            except InvalidInput:
                os.close(descriptor)
                raise


class UnfinishedFile:
    """A file of mode 0600 under another name, locked while it is written; `publish` gives it its own."""

    def __init__(self, folder: int, descriptor: int, name: str, size: int) -> None:
        self._folder = folder
        self.descriptor = descriptor
        self.name = name
        self.size = size
        self.is_published = False

    def write(self, block: bytes) -> None:
        """Write at the end. Raises ExportFailed."""
        try:
            write_all(self.descriptor, block)
        except OSError as error:
            raise could_not_write(self.name, error) from None
        self.size += len(block)

    def begin_again(self) -> None:
        """Take back everything that was written."""
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        self.size = 0

    def sync(self) -> None:
        """Wait until the disk has it, and have it read from there from now on. Raises ExportFailed."""
        try:
            os.fsync(self.descriptor)
            if hasattr(os, "posix_fadvise"):
                os.posix_fadvise(self.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise could_not_write(self.name, error) from None

    def publish(self) -> None:
        """Give the file its name, which must still be free, and wait until the disk has that.

        Raises InvalidInput where it is taken, ExportFailed.
        """
        try:
            give_name(self._folder, self.name + PART, self.name)
            folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except FileExistsError:
            raise name_taken(self.name) from None
        except OSError as error:
            raise could_not_write(self.name, error) from None
        self.is_published = True
        os.close(self.descriptor)

    def discard(self) -> None:
        """Remove the unfinished file."""
        with contextlib.suppress(OSError):
            os.unlink(self.name + PART, dir_fd=self._folder)
        with contextlib.suppress(OSError):
            os.close(self.descriptor)


def could_not_write(name: str, error: OSError) -> ExportFailed:
    """Return what is raised where a file of an archive cannot be written."""
    return ExportFailed(
        f"{name} could not be written: {_reason(error)}; nothing was removed from the log.",
        "Free some disk space, or name another folder.",
    )


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "the name is not a folder's"
