"""A stand-in for PgBouncer and Supavisor: answers the start-up itself and hands messages to backends of its own."""

from __future__ import annotations

import asyncio
import contextlib
import struct

from psycopg.conninfo import conninfo_to_dict

from tests.support.servers.postgres_protocol import message, parameter_status, read_message, read_startup

READY, TERMINATE = b"Z", b"X"


class TransactionPooler:
    """Gives all clients one backend, a message round at a time; with `sessions` each client gets its own.

    Either way clients are told a backend id that is not the backend's, as real poolers do.
    """

    def __init__(self, target: str, *, sessions: bool = False) -> None:
        self._target = conninfo_to_dict(target)
        self._sessions = sessions
        self._shared: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> TransactionPooler:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.conninfo = (
            f"host=127.0.0.1 port={port} user={self._target['user']} dbname={self._target['dbname']} sslmode=disable"
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._shared:
            self._shared[1].close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        own = None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await self._startup(reader, writer)
            async with self._lock:
                if self._sessions:
                    own = await self._backend()
                elif self._shared is None:
                    self._shared = await self._backend()
            backend = own or self._shared
            assert backend is not None
            await self._relay(reader, writer, backend)
        for stream in (writer, own[1] if own else None):
            if stream:
                stream.close()
        self._tasks.discard(task)

    async def _startup(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_startup(reader, writer)
        writer.write(message(b"R", struct.pack("!I", 0)))
        for name, value in (
            ("server_version", "18.0"),
            ("client_encoding", "UTF8"),
            ("standard_conforming_strings", "on"),
        ):
            writer.write(parameter_status(name, value))
        writer.write(message(b"K", struct.pack("!II", 999_999, 1)) + message(READY, b"I"))
        await writer.drain()

    async def _backend(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A backend that is past its start-up, reached over the socket without a password."""
        path = f"{self._target['host']}/.s.PGSQL.{self._target['port']}"
        reader, writer = await asyncio.open_unix_connection(path)
        body = struct.pack("!I", 3 << 16)
        body += f"user\0{self._target['user']}\0database\0{self._target['dbname']}\0\0".encode()
        writer.write(struct.pack("!I", len(body) + 4) + body)
        while (await read_message(reader))[0] != READY:
            pass
        return reader, writer

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        backend: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        waiting = b""
        while True:
            kind, request = await read_message(reader)
            if kind == TERMINATE:
                return
            waiting += request
            if kind not in (b"Q", b"S"):
                continue
            async with self._lock:
                backend[1].write(waiting)
                waiting = b""
                answered = b""
                while answered != READY:
                    answered, response = await read_message(backend[0])
                    writer.write(response)
                await writer.drain()
