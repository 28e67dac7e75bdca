"""Asking the person at the terminal before something that cannot be undone."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from tui.errors import ConfirmationNeeded

if TYPE_CHECKING:
    from tui.cli.output import Output


async def confirm_by_name(out: Output, name: str, consequence: str, alternative: str) -> None:
    """Say the consequence and the alternative, and go on only once the name is typed; --yes asks nothing.

    Raises ConfirmationNeeded where there is nobody to ask, or something else was typed.
    """
    if out.yes:
        return
    if not _can_ask(out):
        raise ConfirmationNeeded(consequence, f"Add --yes to do it; {alternative}")
    out.say(consequence)
    out.say(alternative)
    if await _read_answer(f"Type {name} to continue: ") != name:
        raise ConfirmationNeeded("That was not the name, so nothing was done.", "Run it again to be asked again.")


async def confirm(out: Output, question: str, reason: str) -> None:
    """Ask a question, and go on only after yes; --yes asks nothing.

    Raises ConfirmationNeeded, with the reason for the question where there is nobody to ask.
    """
    if out.yes:
        return
    if not _can_ask(out):
        raise ConfirmationNeeded(reason, "Add --yes to do it without being asked.")
    if (await _read_answer(f"{question} [y/N] ")).lower() not in ("y", "yes"):
        raise ConfirmationNeeded("The answer was not yes, so nothing was done.", "Run it again to be asked again.")


def _can_ask(out: Output) -> bool:
    return not out.as_json and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


async def _read_answer(question: str) -> str:
    """Return the line that is typed; the event loop runs meanwhile, so that a signal still ends the command."""
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
