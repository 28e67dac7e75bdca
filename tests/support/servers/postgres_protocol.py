"""The few messages of Postgres's protocol that a stand-in for a server reads and sends."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104


async def read_startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read a client's start-up, and refuse the encryption that it may ask for before."""
    while True:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        await reader.readexactly(length - 8)
        if code not in (SSL_REQUEST, GSS_REQUEST):
            return
        writer.write(b"N")


async def read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return the next message's kind, and the whole message."""
    head = await reader.readexactly(5)
    (length,) = struct.unpack("!I", head[1:])
    return head[:1], head + await reader.readexactly(length - 4)


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def parameter_status(name: str, value: str) -> bytes:
    return message(b"S", f"{name}\0{value}\0".encode())
