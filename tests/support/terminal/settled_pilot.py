"""A pilot of Textual's that waits for what is left to do, and not for moments in which the process does nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from textual.pilot import Pilot

from tui.app import SwitchboardApp
from tui.screens.page import Page

WORK_AWAITED_S = 0.5
LOOK_EVERY_S = 0.002
# What goes on for as long as a console or a screen does.
STANDING_WORK = {"connection", "freshness", "follow", "export"}


class SettledPilot(Pilot[Any]):
    """Pauses until every message is handled and all is laid out: Textual's own takes 25 ms more and wakes each widget.

    That is when the loop has nothing to run before a timer, a thread or a server wakes it.
    """

    async def pause(self, delay: float | None = None) -> None:
        """Wait until all is settled, and half a second for what is read or written in the background or asked."""
        assert delay is None, "wait for a condition"
        loop = asyncio.get_running_loop()
        until = loop.time() + WORK_AWAITED_S
        await self.settle()
        while self.app._resize_event is not None or (self._is_at_work() and loop.time() < until):
            await asyncio.sleep(LOOK_EVERY_S)
            await self.settle()

    async def settle(self) -> None:
        """Wait until the loop has nothing to run, with what has changed laid out as the next frame would."""
        loop = asyncio.get_running_loop()
        is_settled = False
        while not is_settled:
            await asyncio.sleep(0)
            if not loop._ready:  # type: ignore[attr-defined]
                self.app.screen._on_timer_update()
                is_settled = not loop._ready  # type: ignore[attr-defined]

    async def _wait_for_screen(self, timeout: float = 30.0) -> bool:  # noqa: ASYNC109
        await self.settle()
        return True

    def _is_at_work(self) -> bool:
        screen = self.app.screen
        if isinstance(screen, Page) and screen.is_mounted and screen.prompt.is_asking:
            return False
        return self._is_asking() or any(
            not worker.is_finished and worker.group not in STANDING_WORK for worker in self.app.workers
        )

    def _is_asking(self) -> bool:
        """Whether a query is under way: whoever then locks its table would wait for it, and keep the loop from it."""
        database = self.app.connection.session._database if isinstance(self.app, SwitchboardApp) else None
        return database is not None and database._pool.is_in_use
