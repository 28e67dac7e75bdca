"""A TCP proxy between a program and a server on 127.0.0.1 that can be cut, become a black hole, or lose one answer."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from tests.support.servers.loopback import LoopbackServer
from tui.data.postgres.conninfo.settings import ConnectionSettings, make_conninfo
from tui.secret import Secret

COMMITS = (b"Q\0\0\0\x0bcommit\0", b"Q\0\0\0\x0bCOMMIT\0")


class TcpProxy(LoopbackServer):
    """Forwards to 127.0.0.1:`target` between __enter__ and __exit__, in a thread of its own.

    What is sent into the black hole is acknowledged and lost, so that its connection is dead for good, as one is for a
    long while whose packets were dropped; connections over which nothing was sent live on.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._swallows = self._refuses = False
        self._commit_reaches_server = False
        self._loses_commit_after: bytes | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.commit_seen = threading.Event()
        self.connections = 0

    def conninfo(self, dbname: str, *, user: str, password: str) -> str:
        """A connection string that leads through this proxy, as the program itself would make it."""
        settings = ConnectionSettings(
            "127.0.0.1", str(self.port), dbname, user, Secret(password), {"sslmode": "disable"}
        )
        return make_conninfo(settings, application_name="a test")

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    def swallow(self) -> None:
        """Become a black hole."""
        self._swallows = True

    def refuse(self) -> None:
        """Break every connection and take no new ones."""
        self._run(self._refuse())

    def restore(self) -> None:
        """Forward again."""
        self._run(self._restore())

    def lose_commit(self, *, after: bytes = b"switchboard.operator_label", reaches_server: bool = True) -> None:
        """Lose the answer to the next COMMIT behind `after`, or that itself; `commit_seen` tells of it.

        Its connection is dead from then on.
        """
        self.commit_seen.clear()
        self._loses_commit_after, self._commit_reaches_server = after, reaches_server

    async def _refuse(self) -> None:
        self._refuses = True
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _restore(self) -> None:
        if self._refuses:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self._swallows = self._refuses = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            if self._swallows:
                await asyncio.Event().wait()
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(back_writer)
            lost = asyncio.Event()
            await asyncio.gather(self._up(reader, back_writer, lost), self._down(back_reader, writer, lost))
        self._writers.discard(writer)
        writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        is_awaited = False
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                is_awaited = is_awaited or (self._loses_commit_after is not None and self._loses_commit_after in data)
                is_commit = is_awaited and data.endswith(COMMITS)
                if is_commit:
                    is_awaited, self._loses_commit_after = False, None
                if self._swallows or is_commit:
                    lost.set()
                if not lost.is_set() or (is_commit and self._commit_reaches_server):
                    writer.write(data)
                    await writer.drain()
                if is_commit:
                    self.commit_seen.set()
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lost: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self._swallows:
                    lost.set()
                if not lost.is_set():
                    writer.write(data)
                    await writer.drain()
        writer.close()
