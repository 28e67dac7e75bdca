"""Servers on 127.0.0.1 that run in a thread of their own, and a tap on the wire between one and its client."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import ssl
    from typing import Self

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class LoopbackServer:
    """Listens on 127.0.0.1:`port` between __enter__ and __exit__, which also end every conversation.

    A subclass says in `listen` how; it runs in the server's own event loop.
    """

    port: int

    async def listen(self) -> asyncio.Server:
        raise NotImplementedError

    _ports: ClassVar[set[int]] = set()

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._thread.start()
        self._run(self._listen_on_a_new_port())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen_on_a_new_port(self) -> None:
        while True:
            self._server = await self.listen()
            self.port = self._server.sockets[0].getsockname()[1]
            if self.port not in self._ports:
                break
            # The program remembers by host and port where a login has just failed.
            self._server.close()
        self._ports.add(self.port)

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ScriptedServer(LoopbackServer):
    """Holds each conversation as `talk` does; with `tls` it is TLS from the first byte. Counts `connections`."""

    def __init__(self, talk: Talk, tls: ssl.SSLContext | None = None) -> None:
        self.connections = 0
        self._talk = talk
        self._tls = tls

    async def listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._talk(reader, writer)
        writer.close()


class Tap(ScriptedServer):
    """Stands in front of a server on 127.0.0.1; `client_bytes` is every byte that clients send, as on the wire."""

    def __init__(self, port: int) -> None:
        super().__init__(self._forward)
        self.client_bytes = b""
        self._target = port

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
        await asyncio.gather(self._pump(reader, back_writer, keep=True), self._pump(back_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if keep:
                    self.client_bytes += data
                writer.write(data)
                await writer.drain()
        writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accept and say nothing until the client hangs up."""
    while await reader.read(65536):
        pass


def dripping(start: bytes) -> Talk:
    """Say `start`, then one more byte every 50 ms and never an end."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not reader.at_eof():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    return talk


def endless(start: bytes, again: bytes) -> Talk:
    """Say `start`, then `again` as fast as the client takes it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not reader.at_eof():
            writer.write(again * 100)
            await writer.drain()

    return talk


def saying(text: bytes) -> Talk:
    """Say `text`, then nothing until the client hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        await silent(reader, writer)

    return talk


def letting_in(question_came: threading.Event) -> Talk:
    """Let everybody in as Postgres does without a password, and answer nothing; `asked` tells of the first question."""
    welcome = b"R\0\0\0\x08\0\0\0\0" + b"K\0\0\0\x0c\0\0\0\x01\0\0\0\x01" + b"Z\0\0\0\x05I"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(welcome)
        while data := await reader.read(65536):
            if b"select" in data:
                question_came.set()

    return talk
