"""Asking the person at the terminal: before something that cannot be undone, and for what nobody else may see."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
from typing import TYPE_CHECKING

from tui.errors import ConfirmationNeeded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.cli.output import Output


async def confirm_by_name(
    out: Output,
    name: str,
    consequence: str,
    alternative: str,
    *,
    facts: Iterable[str] = (),
    input_is_taken: bool = False,
) -> None:
    """Say the consequence, the facts and the alternative, and go on only once the name is typed; --yes asks nothing.

    The alternative begins with a small letter: it goes on behind a semicolon, or is a sentence of its own.
    `input_is_taken` says that standard input was read for something else, so that the terminal itself is asked. Raises
    ConfirmationNeeded where there is nobody to ask, or something else was typed.
    """
    if out.yes:
        return
    with _terminal(out, input_is_taken=input_is_taken) as terminal:
        if terminal is None:
            raise ConfirmationNeeded(consequence, f"Add --yes to do it; {alternative}")
        for line in (consequence, *facts):
            out.say(line)
        out.say(f"{alternative[:1].upper()}{alternative[1:]}")
        if await _read_answer(f"Type {name} to continue: ", terminal) != name:
            raise ConfirmationNeeded("That was not the name, so nothing was done.", "Run it again to be asked again.")


async def confirm(out: Output, question: str, reason: str, *, input_is_taken: bool = False) -> None:
    """Ask a question, and go on only after yes; --yes asks nothing. `input_is_taken` as in `confirm_by_name`.

    Raises ConfirmationNeeded, with the reason for the question where there is nobody to ask.
    """
    if out.yes:
        return
    with _terminal(out, input_is_taken=input_is_taken) as terminal:
        if terminal is None:
            raise ConfirmationNeeded(reason, "Add --yes to do it without being asked.")
        if (await _read_answer(f"{question} [y/N] ", terminal)).lower() not in ("y", "yes"):
            raise ConfirmationNeeded("The answer was not yes, so nothing was done.", "Run it again to be asked again.")


async def ask_unseen(out: Output, question: str) -> str:
    """Ask for a line that is not shown while it is typed. Raises ConfirmationNeeded where there is nobody to ask."""
    with _terminal(out, input_is_taken=False) as terminal:
        if terminal is None:
            raise ConfirmationNeeded("Nobody can be asked here.", "Give it on standard input.")
        before = termios.tcgetattr(terminal)
        unseen = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
        # What was typed before the question is none of the answer.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, unseen)
        try:
            return await _read_answer(question, terminal)
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
            sys.stderr.write("\n")


@contextlib.contextmanager
def _terminal(out: Output, *, input_is_taken: bool) -> Iterator[int | None]:
    """Where the answer is typed; None where nobody can be asked."""
    if out.as_json or not sys.stderr.isatty():
        yield None
    elif input_is_taken:
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            yield None
            return
        try:
            yield terminal
        finally:
            os.close(terminal)
    else:
        yield sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None


async def _read_answer(question: str, terminal: int) -> str:
    """Return the line that is typed; the event loop runs meanwhile, so that a signal still ends the command."""
    sys.stderr.write(question)
    sys.stderr.flush()
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(terminal, _settle, ready)
    try:
        await ready
    finally:
        loop.remove_reader(terminal)
    return os.read(terminal, 4096).decode("utf-8", "replace").strip()


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
