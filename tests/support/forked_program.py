"""The program run as processes of their own that need not import everything anew: forked off one that has."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REPOSITORY = Path(__file__).parents[2]
MOST_BYTES = 100_000
DERIVATION_S = 60.0
PRELOADED_PACKAGES = ("tui.cli", "tui.data", "tui.providers")
PRELOADED = (
    *("tui.connection_test", "tui.dotenv_file", "tui.number_sync", "tui.process", "tui.session", "phonenumbers"),
    *("phonenumbers.data.region_IN", "psycopg_pool", "httpx2", "anyio._backends._asyncio", "anyio.streams.tls", "h11"),
    *("concurrent.futures.thread", "encodings.idna", "encodings.utf_16_le", "importlib.readers", "pwd", "resource"),
)


class ForkedProgram:
    """Starts the program by fork: the same `main`, with the arguments, environment, folder and streams it is given.

    Not for what depends on how Python itself starts (encodings, PYTHON* variables), nor for the list of processes.
    Of the slow derivation of master keys it remembers those that `derive` asked for, and computes any other anew.
    """

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            self._server = subprocess.Popen(
                [sys.executable, "-m", __name__, str(other.fileno())],
                pass_fds=[other.fileno()],
                cwd=REPOSITORY,
                start_new_session=True,
            )

    def can_run(self, arguments: Sequence[object], environment: Mapping[str, str]) -> bool:
        """Whether a fork behaves as a fresh start would."""
        usual = all(isinstance(argument, str) for argument in arguments) and environment.get("LANG") == "C.UTF-8"
        odd = [name for name in environment if name.startswith(("PYTHON", "LC_")) and name != "PYTHONPATH"]
        return usual and not odd and len(json.dumps([arguments, dict(environment)])) < MOST_BYTES

    def run(
        self, arguments: Sequence[str], stdin: bytes, folder: Path, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Run the program to its end; return status and both streams. Raises TimeoutError."""
        with contextlib.ExitStack() as stack:
            given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            given.write(stdin)
            given.seek(0)
            request = json.dumps([list(arguments), dict(environment), str(folder)]).encode()
            socket.send_fds(self._socket, [request], [file.fileno() for file in (given, out, err)])
            self._socket.settimeout(timeout)
            status = int(self._socket.recv(16))
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()

    def derive(self, master_key: str, salt: bytes) -> None:
        """Derive that key with that salt now, so that no fork has to."""
        request = json.dumps([master_key, salt.hex()]).encode()
        self._socket.settimeout(DERIVATION_S)
        self._socket.send(request)
        self._socket.recv(16)

    def close(self) -> None:
        """End the process that forks."""
        self._socket.close()
        self._server.wait(timeout=10)


def serve(requests: socket.socket) -> None:
    """Fork for each request, and answer with its exit status, until the other side closes."""
    import importlib

    packages = [importlib.import_module(name) for name in PRELOADED_PACKAGES]
    modules = [
        one.name for package in packages for one in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for name in (*PRELOADED, *modules):
        importlib.import_module(name)
    from tui.data import master_key

    master_key._scrypt = cache(master_key._scrypt)
    # A collection in a fork would write to, and so copy, every page of what was imported.
    gc.freeze()
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 2 * MOST_BYTES, 3)
        if not request:
            return
        if not descriptors:
            text, salt = json.loads(request)
            master_key.MasterKey(text, "a test").sb2(bytes.fromhex(salt))
            requests.send(b"0")
            continue
        process = os.fork()
        if process == 0:
            requests.close()
            _become(*json.loads(request), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(process, 0)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(arguments: list[str], environment: dict[str, str], folder: str, descriptors: list[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 64)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["switchboard", *arguments]
    sys.stdin = io.TextIOWrapper(io.FileIO(0), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w")), "utf-8", "surrogateescape")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), "utf-8", "backslashreplace", write_through=True)
    from tui.__main__ import main

    status = 1
    try:
        status = main()
        sys.stdout.flush()
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
