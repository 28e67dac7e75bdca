"""Copies of this process that use an embedded server as further consoles would, also as another account."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.servers.folders import new_folder
from tui.demo.account import Account, running_as_root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SERVER_ACCOUNT = Account.named("nobody") if running_as_root() else None


@contextmanager
def reachable_folder(*, owner: Account | None = None) -> Iterator[Path]:
    """A short temporary folder that the server's account can pass, unlike tmp_path."""
    folder = new_folder("sb-")
    try:
        if owner is not None:
            os.chown(folder, owner.uid, owner.gid)
        folder.chmod(0o711)
        yield folder
    finally:
        shutil.rmtree(folder)


class Fork:
    """A copy of this process that runs a function, and answers what it returned or raised.

    A copy and not a new interpreter, because an interpreter below /root cannot be started as another account.
    """

    def __init__(self, function: Callable[[], Any], *, account: Account | None = None) -> None:
        answer, write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(answer)
            _run(function, account, write)
        os.close(write)
        self._answer = os.fdopen(answer, "rb")

    def result(self) -> Any:
        """Wait for the end; return what the function returned, or raise what it raised."""
        with self._answer:
            data = self._answer.read()
        os.waitpid(self.pid, 0)
        succeeded, value = pickle.loads(data)
        if not succeeded:
            raise value
        return value

    def kill(self) -> None:
        """Kill it without a chance to clean up."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._answer.close()


class ConsoleProcess(Fork):
    """A copy of this process that does `enter` (which returns a function to leave), then waits to be told to leave."""

    def __init__(self, enter: Callable[[], Callable[[], None]]) -> None:
        ready, write_ready = os.pipe()
        go, self._go = os.pipe()

        def stay() -> None:
            os.close(self._go)
            leave = enter()
            os.write(write_ready, b"x")
            os.read(go, 1)
            leave()

        super().__init__(stay)
        os.close(write_ready)
        os.close(go)
        with os.fdopen(ready, "rb") as pipe:
            self.started = pipe.read(1) == b"x"

    def leave(self) -> None:
        """Let it leave, and wait until it has."""
        # A byte and not the end of the pipe: a console made later has inherited our end of it.
        os.write(self._go, b"x")
        os.close(self._go)
        self.result()


def _run(function: Callable[[], Any], account: Account | None, write: int) -> None:
    status = 1
    try:
        if account is not None:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        try:
            answer = (True, function())
        except Exception as error:
            answer = (False, error)
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(answer, pipe)
        status = 0
    finally:
        # Nothing of pytest may run on in the copy.
        os._exit(status)
