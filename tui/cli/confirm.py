"""Asking the person at the terminal before something that cannot be undone."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from tui.errors import ConfirmationNeeded

if TYPE_CHECKING:
    from tui.cli.output import Output


async def confirm_by_name(out: Output, name: str, affects: str, instead: str) -> None:
    """Say what it affects and what to do instead, and have the name typed, unless --yes was given.

    Raises ConfirmationNeeded where there is nobody to ask, or something else was typed.
    """
    if out.yes:
        return
    if not _can_ask(out):
        raise ConfirmationNeeded(affects, f"Add --yes to do it; {instead}")
    out.say(affects)
    out.say(instead)
    if await _answer(f"Type {name} to go on: ") != name:
        raise ConfirmationNeeded("That was not the name, so nothing was done.", "Run it again to be asked again.")


async def confirm(out: Output, question: str, without: str) -> None:
    """Ask a question that only yes goes on from, unless --yes was given.

    Raises ConfirmationNeeded; `without` says what needs the answer.
    """
    if out.yes:
        return
    if not _can_ask(out):
        raise ConfirmationNeeded(without, "Add --yes to do it without being asked.")
    if (await _answer(f"{question} [y/N] ")).lower() not in ("y", "yes"):
        raise ConfirmationNeeded("The answer was not yes, so nothing was done.", "Run it again to be asked again.")


def _can_ask(out: Output) -> bool:
    return not out.as_json and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


async def _answer(question: str) -> str:
    """Return the line that is typed; the event loop goes on meanwhile, so that a signal is heard."""
    sys.stderr.write(question)
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    terminal = sys.stdin.fileno()
    loop.add_reader(terminal, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal, 4096).decode("utf-8", "replace").strip()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
