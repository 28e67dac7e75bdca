"""Listening: connections that are held to their time, and an end at which what was begun is finished."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tui.errors import InvalidInput
from tui.http.addresses import Place, SocketPlace, TcpPlace
from tui.http.limits import MOST_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tui.http.app import Application

HEAD_WITHIN_S = 10.0
"""How long a client may take for the head of a request, and be silent before its first."""
IDLE_S = 5.0
TAKEN_WITHIN_S = 20.0
"""How long a client may take nothing of an answer."""
ENDS_WITHIN_S = 100.0
"""How long requests that were begun may take once it is to stop: a test of a credential takes 90 s at most."""
LARGEST_HEAD = 16_384
SOCKET_MODE = 0o660


class HeldConnection(H11Protocol):
    """A connection that is cut where its client sends no head or takes no answer in time."""

    _head_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Whatever is not taken at once counts as not taken.
        transport.set_write_buffer_limits(high=0)
        self._await_head()
        if len(self.connections) > 2 * MOST_CONNECTIONS:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._await_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # What is left of the answer has its own time.
        self._stop(self._head_timer)
        self._head_timer = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop(self._write_timer)
        self._write_timer = self.loop.call_later(TAKEN_WITHIN_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop(self._write_timer)
        self._write_timer = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._head_timer)
        self._stop(self._write_timer)
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self.transport.abort)

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the command (tui/cli/run.py)."""
        yield


def listen(place: Place) -> socket.socket:
    """Return a socket that listens there. Raises InvalidInput where nobody can, or somebody does already."""
    try:
        return _listen_at_path(place) if isinstance(place, SocketPlace) else _listen_at_port(place)
    except OSError as failure:
        reason = os.strerror(failure.errno) if failure.errno else "it is not possible"
        raise InvalidInput(
            f"Nothing can listen on {place}: {reason}.", "Name another place, or stop who is there."
        ) from None


def _listen_at_port(place: TcpPlace) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # Named, or connections are not those of TCP to asyncio, and an answer waits 40 ms for its second part.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((place.host, place.port))
    except OSError:
        listener.close()
        raise
    return listener


def _listen_at_path(place: SocketPlace) -> socket.socket:
    """Listen at a path that its owner and group alone may connect to, in the place of a socket nobody listens at."""
    path = os.fspath(place.path)
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise InvalidInput(f"There is something else than a socket at {path}.", "Name another path.")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
            try:
                trial.connect(path)
            except ConnectionRefusedError:
                place.path.unlink()
            else:
                raise InvalidInput(f"Somebody listens at {path} already.", "Stop it, or name another path.")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o777 & ~SOCKET_MODE)
    try:
        listener.bind(path)
        # At once: another server would take it for one that nobody listens at.
        listener.listen()
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def place_of(listener: socket.socket) -> str:
    """Return where a socket listens, with the port that the system chose where none was named."""
    name = listener.getsockname()
    return str(TcpPlace(*name[:2])) if isinstance(name, tuple) else str(name)


def _remove_path_of(listener: socket.socket) -> None:
    if listener.family == socket.AF_UNIX and (path := listener.getsockname()):
        Path(path).unlink(missing_ok=True)


async def serve(application: Application, listener: socket.socket, *, ready: Callable[[], None]) -> None:
    """Answer what comes in until this is cancelled; then finish what was begun. Cancelled again, it ends at once."""
    server = _Server(
        uvicorn.Config(
            application.asgi,
            http=HeldConnection,
            ws="none",
            lifespan="off",
            # Its own lines name addresses and paths as they were typed.
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(IDLE_S),
            timeout_graceful_shutdown=int(ENDS_WITHIN_S),
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )
    application.count = lambda: len(server.server_state.connections)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():
            await asyncio.wait({serving}, timeout=0.01)
        ready()
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        # While it is listened at: once it is not, the next server may have put its own socket there.
        _remove_path_of(listener)
        server.should_exit = True
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            server.force_exit = True
            await serving
