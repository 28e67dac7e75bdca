"""Keys pressed and waited for, also on a busy machine, where the pilot's own pause may end before they are handled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.terminal.console_driver import ConsoleDriver


async def press(console: ConsoleDriver, *keys: str) -> None:
    """Press keys and wait until each has been handled."""
    app = console.app
    expected = app._keys_sent + len(keys)
    await console.press(*keys)
    if app._keys_sent < expected or not app.keys_done:
        await console.wait_for(lambda: app._keys_sent >= expected and app.keys_done)
