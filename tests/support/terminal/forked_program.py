"""The program run as processes of their own that need not import everything anew: forked off one that has."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.first_salts import first_salt, forget_first_salts
from tests.support.run_folder import delete_run_folder, derived_once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType
    from typing import BinaryIO, Self

REPOSITORY = Path(__file__).parents[3]
MOST_BYTES = 100_000
START_S = 60.0
PRELOADED_PACKAGES = ("tui.cli", "tui.data", "tui.demo", "tui.providers", "tui.screens", "tui.widgets")
PRELOADED = (
    *("tui.__main__", "tui.app", "tui.skeleton", "textual.drivers.linux_driver"),
    *(
        "tui.session.connection_test",
        "tui.settings.dotenv_file",
        "tui.session.number_sync",
        "tui.process.crash_report",
        "tui.process.hardening",
        "tui.process.identity",
        "tui.process.terminal_checks",
        "tui.session.session",
        "phonenumbers",
    ),
    *("phonenumbers.data.region_IN", "psycopg", "httpx2", "anyio._backends._asyncio", "anyio.streams.tls", "h11"),
    *("httpcore2._async.http11", "httpcore2._backends.anyio", "truststore", "xml.etree.ElementTree"),
    *("concurrent.futures.thread", "encodings.idna", "encodings.utf_16_le", "importlib.readers", "pwd", "resource"),
)


class ForkedProcess:
    """A program on a terminal or on pipes of its own, as far as subprocess.Popen's words are needed for it."""

    def __init__(self, report: int) -> None:
        self._report = os.fdopen(report, "rb", buffering=0)
        self.pid = int(self._report.readline())
        self.returncode: int | None = None
        self.stdin: BinaryIO | None = None
        self.stdout: BinaryIO | None = None
        self.stderr: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                stream.close()
        if kind is not None:
            self.kill()
        self.wait()

    def poll(self) -> int | None:
        """The exit status, negative for a signal, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit status. Raises subprocess.TimeoutExpired."""
        status = self._look(timeout)
        if status is None:
            raise subprocess.TimeoutExpired("switchboard", timeout or 0)
        return status

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        """Wait for the end, which it was told; return what is left to be read of both streams."""
        self.wait(timeout)
        out, err = (stream.read() if stream is not None else b"" for stream in (self.stdout, self.stderr))
        return out, err

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal while it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._report], [], [], timeout)[0]:
            self.returncode = int(self._report.readline())
            self._report.close()
        return self.returncode


class ProgramServer:
    """A process that imports the program when somebody first connects, and forks it off for all who do.

    `root` is the folder with the program: this one, or that of a release.
    """

    def __init__(self, address: Path, root: Path = REPOSITORY) -> None:
        self.address = address
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(address))
            listener.listen()
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(listener.fileno())],
                # Its end, however this process ends, is that of the server.
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                cwd=root,
                # Textual reads its settings when it is imported; the program takes them out of its environment first.
                env={name: value for name, value in os.environ.items() if not name.startswith("TEXTUAL")}
                | {"PYTHONPATH": str(REPOSITORY)},
                start_new_session=True,
            )

    def close(self) -> None:
        """End the process, once everybody who connected has left."""
        self._process.communicate(timeout=10)


class ForkedProgram:
    """A fork in which commands run one after the other, and off which programs on a terminal are forked in turn.

    It is the same `main`, with the arguments, environment, folder and streams it is given. Not for what depends on
    how Python itself starts (encodings, PYTHON* variables), nor for the list of processes. The slow derivation of a
    master key is done once in the run. A fork's first command takes 30 ms of processor time, as pages that it writes to
    are copied, and each later one 10 ms. The fork ends by `close`, or with this object.
    """

    def __init__(self, address: Path) -> None:
        self._address = address
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.connect(str(self._address))
        self.close = weakref.finalize(self, self._socket.close)
        self._group: int | None = None

    def _learn_group(self) -> None:
        """Read which process group the fork leads, which it says before it answers anything."""
        if self._group is None:
            self._group = int(self._socket.recv(16) or 0) or None

    def _end_group(self) -> None:
        """End a command that hangs, and what it started: the server waits for its fork."""
        if self._group is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._group, signal.SIGKILL)

    def can_run(self, arguments: Sequence[object], environment: Mapping[str, str]) -> bool:
        """Whether a fork behaves as a fresh start would."""
        usual = all(isinstance(argument, str) for argument in arguments) and environment.get("LANG") == "C.UTF-8"
        odd = [name for name in environment if name.startswith(("PYTHON", "LC_", "TEXTUAL")) and name != "PYTHONPATH"]
        return usual and not odd and len(json.dumps([arguments, dict(environment)])) < MOST_BYTES

    def run(
        self, arguments: Sequence[str], stdin: bytes, folder: Path, environment: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes, bytes]:
        """Run a command to its end; return status and both streams.

        Raises TimeoutError, and EOFError where it ended the process it ran in; the next one has another fork.
        """
        with contextlib.ExitStack() as stack:
            stdin_file, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
            stdin_file.write(stdin)
            stdin_file.seek(0)
            request = json.dumps(["run", list(arguments), dict(environment), str(folder)]).encode()
            socket.send_fds(self._socket, [request], [file.fileno() for file in (stdin_file, out, err)])
            self._socket.settimeout(timeout)
            status = b""
            try:
                self._learn_group()
                status = self._socket.recv(16)
            finally:
                if not status:
                    self._end_group()
                    self.close()
                    self._connect()
            out.seek(0)
            err.seek(0)
            if not status:
                raise EOFError(f"the command ended its process: {err.read()!r}")
            return int(status), out.read(), err.read()

    def start(
        self, arguments: Sequence[str], terminal: int, folder: Path, environment: Mapping[str, str]
    ) -> ForkedProcess:
        """Start the program as the leader of a session whose controlling terminal is `terminal`."""
        return self._start(arguments, (terminal,), folder, environment)

    def start_on_pipes(
        self,
        arguments: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        *,
        waits: bool = False,
        stdout: int | None = None,
    ) -> ForkedProcess:
        """Start the program with nothing on standard input, or a pipe on which it `waits`, and pipes for the others.

        `stdout` is a descriptor that takes the place of a pipe.
        """
        in_, write_in = os.pipe() if waits else (os.open(os.devnull, os.O_RDONLY), None)
        read_out, out = os.pipe() if stdout is None else (None, os.dup(stdout))
        read_err, err = os.pipe()
        try:
            process = self._start(arguments, (in_, out, err), folder, environment)
        finally:
            for descriptor in (in_, out, err):
                os.close(descriptor)
        process.stdin = None if write_in is None else os.fdopen(write_in, "wb")
        process.stdout = None if read_out is None else os.fdopen(read_out, "rb")
        process.stderr = os.fdopen(read_err, "rb")
        return process

    def _start(
        self, arguments: Sequence[str], streams: Sequence[int], folder: Path, environment: Mapping[str, str]
    ) -> ForkedProcess:
        report, write = os.pipe()
        request = json.dumps(["start", list(arguments), dict(environment), str(folder)]).encode()
        socket.send_fds(self._socket, [request], [*streams, write])
        os.close(write)
        self._socket.settimeout(START_S)
        self._learn_group()
        self._socket.recv(16)
        return ForkedProcess(report)


def serve(listener: socket.socket, run_ended: int) -> None:
    """Answer each who connects in a fork that has the program imported, until the run ends."""
    servers = []
    while run_ended not in select.select([listener, run_ended], [], [])[0]:
        requests, _ = listener.accept()
        servers = [server for server in servers if not os.waitpid(server, os.WNOHANG)[0]]
        _preload()
        process = os.fork()
        if process == 0:
            listener.close()
            os.setpgid(0, 0)
            # Whoever asked may be gone.
            with contextlib.suppress(ConnectionError):
                requests.send(str(os.getpid()).encode())
                _answer(requests)
            os._exit(0)
        requests.close()
        servers.append(process)
    for process in servers:
        os.waitpid(process, 0)


def _answer(requests: socket.socket) -> None:
    """Do what each request asks for, until the other side closes."""
    supervisors: list[int] = []
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, 2 * MOST_BYTES, 4)
        supervisors = [supervisor for supervisor in supervisors if not os.waitpid(supervisor, os.WNOHANG)[0]]
        if not request:
            break
        verb, *parameters = json.loads(request)
        forget_first_salts()
        answer = 0
        if verb == "run":
            run_program = _run_apart if "run" in parameters[0] else _run_program
            answer = run_program(*parameters, descriptors)
        else:
            process = os.fork()
            if process == 0:
                requests.close()
                _start_program(*parameters, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            supervisors.append(process)
        requests.send(str(answer).encode())
    for supervisor in supervisors:
        os.waitpid(supervisor, 0)


@cache
def _preload() -> None:
    names = [
        module.name
        for package in map(importlib.import_module, PRELOADED_PACKAGES)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for name in (*PRELOADED, *names):
        # A release may not have it yet.
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(name)
    try:
        from tui.data.keys import master_key
    except ImportError:
        # The release before has it elsewhere.
        from tui.data import master_key
    else:
        # Where no key is recorded yet, too, a test's key is derived once in the run.
        master_key.MasterKey.first_salt = first_salt
    master_key._scrypt = derived_once(master_key._scrypt)
    # A collection in a fork would write to, and so copy, every page of what was imported.
    gc.collect()
    gc.freeze()


def _run_apart(arguments: list[str], environment: dict[str, str], folder: str, descriptors: list[int]) -> int:
    """Run it as `_run_program` does, in a fork of its own: `run` puts another program in the place of its process."""
    process = os.fork()
    if process == 0:
        os._exit(_run_program(arguments, environment, folder, descriptors))
    for descriptor in descriptors:
        os.close(descriptor)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _start_program(arguments: list[str], environment: dict[str, str], folder: str, descriptors: list[int]) -> None:
    """Start the program on a terminal or on three streams, and report its number and then its status."""
    # The program goes on where a later command hangs and the group of the fork is ended.
    os.setpgid(0, 0)
    *streams, report = descriptors
    process = os.fork()
    if process == 0:
        os.close(report)
        if len(streams) == 1:
            os.setsid()
            fcntl.ioctl(streams[0], termios.TIOCSCTTY, 0)
        os._exit(_run_program(arguments, environment, folder, streams))
    for stream in streams:
        os.close(stream)
    os.write(report, f"{process}\n".encode())
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(report, f"{status}\n".encode())
    os._exit(0)


def _run_program(arguments: list[str], environment: dict[str, str], folder: str, descriptors: list[int]) -> int:
    """Run it on three streams or on one terminal, from nothing but what is given; return its exit status."""
    for number in range(3):
        os.dup2(descriptors[number % len(descriptors)], number)
    for descriptor in descriptors:
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["switchboard", *arguments]
    in_, out, error = (io.FileIO(number, "w" if number else "r", closefd=False) for number in range(3))
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(in_), "utf-8", "surrogateescape")
    line_buffering = os.isatty(1)
    sys.stdout = sys.__stdout__ = io.TextIOWrapper(
        io.BufferedWriter(out), "utf-8", "surrogateescape", line_buffering=line_buffering
    )
    sys.stderr = sys.__stderr__ = io.TextIOWrapper(
        io.BufferedWriter(error), "utf-8", "backslashreplace", line_buffering=True
    )
    from tui.__main__ import main

    status: object = 1
    try:
        status = main()
        sys.stdout.flush()
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stderr.flush()
    # Completion gives itself some time, and ends with its process.
    signal.alarm(0)
    return status if isinstance(status, int) else 1


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.stdin.fileno())
    if Path.cwd() == REPOSITORY:
        # A run that was killed deletes nothing itself. The server of a release ends before the run does.
        delete_run_folder()
