"""The question before the console ends that alone has the key in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.keys.sources import VALUE
from tui.settings.dotenv_file import env_line
from tui.widgets.prompt import Choice
from tui.words.keys import IN_THIS_CONSOLE_ALONE

if TYPE_CHECKING:
    from tui.data.keys.master_key import MasterKey
    from tui.screens.page import Page

CHOICES = (Choice("y", "copy its line for .env"), Choice("d", "quit and lose it"))


async def may_be_lost(page: Page, key: MasterKey) -> bool:
    """Ask, in the place of another question that is open, whether to quit; the answer may be to copy the key."""
    question = f"{IN_THIS_CONSOLE_ALONE}: quit and lose every credential?"
    chosen = await page.prompt.choose(question, CHOICES, leave="stay")
    if chosen == "y":
        line = env_line(VALUE, key.reveal("the operator asked to copy it"))
        page.status.say(page.copy(line, "Line"))
    return chosen == "d"
