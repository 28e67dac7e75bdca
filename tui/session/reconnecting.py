"""How the console stays connected: it connects, watches the connection, and gets it back where that may help."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from tui.errors import NoFreeConnection

if TYPE_CHECKING:
    from tui.errors import SwitchboardError
    from tui.session.session import Session


class Reconnecting(Protocol):
    """What is asked of the app."""

    session: Session
    ready: bool

    async def try_to_connect(self) -> SwitchboardError | None:
        """Connect and tell the screens; return what went wrong."""

    def say_health(self, tone: str, words: str) -> None:
        """Show how the connection is."""

    def say_failure(self, failure: SwitchboardError) -> None:
        """Show why there is no connection."""

    def load_again(self) -> None:
        """Fill every screen again."""


async def connect_and_stay(app: Reconnecting) -> None:
    """Connect, again and again where that may help, and then stay connected."""
    while failure := await app.try_to_connect():
        if not failure.may_pass:
            break
        if not await _is_back(app, failure):
            return
    if app.session.is_connected:
        await stay_connected(app)


async def stay_connected(app: Reconnecting, failure: SwitchboardError | None = None) -> None:
    """Wait until the connection is lost, get it back, fill the screens again, and so on.

    `failure` says why it is lost already. Ends where trying again cannot help.
    """
    while await _is_back(app, failure or await app.session.until_lost()):
        failure = None
        app.say_health("good", "connected")
        if app.ready:
            app.load_again()
        else:
            await connect_and_stay(app)
            return


async def _is_back(app: Reconnecting, failure: SwitchboardError) -> bool:
    """Show the banner until there is a connection; say why and return False where trying again cannot help."""
    words = "connection lost" if app.ready else "no connection"
    if isinstance(failure, NoFreeConnection):
        words = "no free connection"
    back = asyncio.ensure_future(app.session.until_back())
    try:
        while not back.done():
            seconds = max(1, round(app.session.seconds_to_next_try))
            app.say_health("bad", f"{words}, trying again in {seconds} s")
            await asyncio.wait({back}, timeout=1)
    finally:
        back.cancel()
    refusal = back.result()
    if refusal is not None:
        # Whoever tries again, once that is mended, connects anew.
        await app.session.close()
        app.ready = False
        app.say_failure(refusal)
    return refusal is None
