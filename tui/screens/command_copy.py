"""Copies what a screen shows as the command that does the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import InvalidInput
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.screens.page import Page

LINES_OF_COMMAND = 3
"""Of the four lines that the status line may have; one more is for what is said before the command."""


def copy_as_command(page: Page) -> None:
    """Send the commands of a screen to the terminal's clipboard, and show the first of them; or say why there is none.

    Nothing ends the last line, so that a shell runs nothing before somebody has looked at it.
    """
    # While a filter is typed, its line stands in the place of what is said.
    page.status.display = True
    try:
        text = page.console.command_line(page.invocations())
    except InvalidInput as refusal:
        page.report_failure(refusal)
        return
    if not text:
        page.status.say("There is no command for what is shown here.")
        return
    first, *others = (line.removesuffix(" &&") for line in text.split("\n"))
    copied = page.copy(text, f"{len(others) + 1} commands" if others else "Command")
    room = max(LINES_OF_COMMAND * page.size.width - len(copied), 40)
    page.status.say(f"{copied} {safe_text(first, room)}{f', and {len(others)} more' if others else ''}")
