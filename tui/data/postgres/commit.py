"""The COMMIT of one transaction: what is noted before it, so that the server can be asked how it ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import scalar_row

from tui.data.postgres.connect import cut
from tui.data.postgres.deadline import ENDS_WITHIN_S, run_with_deadline
from tui.errors import CommitInDoubt, SwitchboardError

if TYPE_CHECKING:
    from tui.data.postgres.liveness import Liveness

DECIDED_WITHIN_S = 10.0
GONE_AFTER_S = 9.0
# Ctrl+c gives control back within three seconds, also from here (docs/connection.md).
INTERRUPTED_ASKS_FOR_S = 2.0
AGAIN_AFTER_S = 0.2
SILENT_S = 2.0

STATUS = "select pg_catalog.pg_xact_status(%s::text::pg_catalog.xid8)"
COMMITTED, ABORTED, UNDECIDED = "committed", "aborted", "in progress"

LOOK_FIRST = "Reload, or run `switchboard audit list`, to see whether it was saved before you try again."

Connect = Callable[[], Awaitable[psycopg.AsyncConnection[Any]]]

_last_words: list[tuple[str, str]] = []


@dataclass(slots=True, eq=False, repr=False)
class Commit:
    """A transaction on its way to COMMIT; once `sent`, only the server knows how it ends."""

    transaction_id: str = ""
    sent: bool = False

    async def note(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Note the id of the open transaction, which assigns one. Raises psycopg.Error."""
        self.sent = False
        # Any connection can ask pg_xact_status about that id afterwards, also once the session that had it is gone.
        cursor = connection.cursor(row_factory=scalar_row)
        await cursor.execute("select pg_catalog.pg_current_xact_id()::text")
        self.transaction_id = await cursor.fetchone() or ""

    async def send(self, connection: psycopg.AsyncConnection[Any], connect: Connect) -> None:
        """Commit; after two seconds without an answer, ask for the outcome over a new connection and go on waiting.

        Raises psycopg.Error, which does not say whether it was done.
        """
        self.sent = True
        answer = asyncio.ensure_future(connection.execute("commit"))
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            while not (await asyncio.wait({answer}, timeout=SILENT_S))[0]:
                status = await self._status_within(connect, SILENT_S)
                if status == COMMITTED:
                    return
                if status == ABORTED:
                    break
        finally:
            if not answer.done():
                cut(connection)
                # Who waits on a connection has to have left it before it is closed.
                await asyncio.wait({answer}, timeout=ENDS_WITHIN_S)
        await answer

    async def was_committed(self, connect: Connect, liveness: Liveness) -> bool:
        """Ask the server over a new connection whether it was committed, for ten seconds, or less where it is gone.

        Raises CommitInDoubt where it cannot be asked, or has not decided by then.
        """
        try:
            return await run_with_deadline(
                lambda connections: self._ask_until_decided(connect, connections),
                DECIDED_WITHIN_S,
                liveness=liveness,
                gone_after_s=GONE_AFTER_S,
                may_cancel=lambda: False,
            )
        except SwitchboardError:
            raise CommitInDoubt(
                "The connection broke while saving, and the server could not be asked whether it was saved.",
                LOOK_FIRST,
            ) from None

    async def ask_after_interruption(self, connect: Connect) -> None:
        """Ask after an interruption, for two seconds at most, and leave what is known among the last words.

        Call it while a cancellation is being delivered; it ignores further ones.
        """
        unknown = (
            "Interrupted while saving, and the server could not be asked whether it was saved.",
            LOOK_FIRST,
        )
        _last_words.append(unknown)
        asking = asyncio.ensure_future(
            run_with_deadline(
                lambda connections: self._ask_until_decided(connect, connections),
                INTERRUPTED_ASKS_FOR_S,
                may_cancel=lambda: False,
            )
        )
        while not asking.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({asking})
        with contextlib.suppress(SwitchboardError, asyncio.CancelledError):
            answer = ("Interrupted while saving: it was saved.", "")
            if not asking.result():
                answer = ("Interrupted while saving: nothing was saved.", "")
            _last_words[_last_words.index(unknown)] = answer

    async def _status_within(self, connect: Connect, seconds: float) -> str:
        with contextlib.suppress(SwitchboardError):
            return await run_with_deadline(
                lambda connections: self._status(connect, connections), seconds, may_cancel=lambda: False
            )
        return UNDECIDED

    async def _ask_until_decided(self, connect: Connect, connections: list[psycopg.AsyncConnection[Any]]) -> bool:
        while True:
            status = await self._status(connect, connections)
            if status != UNDECIDED:
                return status == COMMITTED
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _status(self, connect: Connect, connections: list[psycopg.AsyncConnection[Any]]) -> str:
        """Ask over a new connection; what cannot be asked is undecided."""
        status: str | None = None
        with contextlib.suppress(psycopg.Error, OSError):
            async with await connect() as connection:
                connections.append(connection)
                cursor = connection.cursor(row_factory=scalar_row)
                await cursor.execute(STATUS, (self.transaction_id,))
                status = await cursor.fetchone()
        return status if status in (COMMITTED, ABORTED) else UNDECIDED


def last_words() -> list[tuple[str, str]]:
    """Return, once, what an interruption left to say: what is known, and what to do."""
    words = list(dict.fromkeys(_last_words))
    _last_words.clear()
    return words
