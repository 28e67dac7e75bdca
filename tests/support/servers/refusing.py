"""A server that speaks Postgres's protocol just far enough to refuse: instead of a login, or at the first query."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from typing import TYPE_CHECKING

import psycopg

from tests.support.servers.postgres_protocol import message, parameter_status, read_message, read_startup
from tui.data.postgres.failures import translate

if TYPE_CHECKING:
    from tui.errors import SwitchboardError

PASSWORD = "sk-CANARY-at-the-refusal"
# A server that repeats what it was told: as DETAIL, where the words of a failed login go on.
ECHO = f"{PASSWORD} in postgresql://eve:{PASSWORD}@db.example/app and password={PASSWORD}"


async def refused(when: str, sqlstate: str, text: str) -> SwitchboardError:
    """Connect to such a server as eve with PASSWORD, ask something, and return what is told about its refusal.

    `when` is login, session, or driver: then the text is libpq's own, and no server is asked.
    """
    if when == "driver":
        exc = psycopg.OperationalError(f'connection failed: connection to server at "h", port 5432 failed: {text}')
        return translate(exc, connecting=True)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await _answer(reader, writer, when, sqlstate, text)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        connecting = True
        try:
            connection = await psycopg.AsyncConnection.connect(
                f"host=127.0.0.1 port={port} user=eve dbname=app password={PASSWORD}", autocommit=True
            )
            connecting = False
            async with connection:
                await connection.execute("select 1")
        except psycopg.Error as exc:
            return translate(exc, connecting=connecting)
    raise AssertionError("it connected")


async def _answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, when: str, sqlstate: str, text: str
) -> None:
    await read_startup(reader, writer)
    # The password in the clear, so that the server knows it.
    writer.write(message(b"R", struct.pack("!I", 3)))
    await read_message(reader)
    if when == "session":
        writer.write(message(b"R", struct.pack("!I", 0)))
        for name, value in (("server_version", "18.0"), ("client_encoding", "UTF8")):
            writer.write(parameter_status(name, value))
        writer.write(message(b"K", struct.pack("!II", 1, 1)) + message(b"Z", b"I"))
        await read_message(reader)
    fields = {"S": "FATAL", "C": sqlstate, "M": text, "D": ECHO}
    writer.write(message(b"E", "".join(f"{name}{value}\0" for name, value in fields.items()).encode() + b"\0"))
    await writer.drain()
