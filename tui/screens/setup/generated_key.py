"""A new master key on the screen: made when it is first wanted, shown once, copied after asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Static

from tui.data.keys.master_key import generate_master_key
from tui.widgets.prompt import Choice

if TYPE_CHECKING:
    from tui.screens.page import Page
    from tui.secret import Secret


class GeneratedKey(Static):
    """Two lines: what it is, and the key until it is taken away for good."""

    DEFAULT_CSS = "GeneratedKey { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id, markup=False)
        self._key: Secret | None = None
        self._may_show = True

    @property
    def key(self) -> Secret:
        """The key, the same each time."""
        self._key = self._key or generate_master_key()
        return self._key

    @property
    def is_shown(self) -> bool:
        """Whether the key may be seen and copied, and was made."""
        return self._may_show and self._key is not None

    def show_once(self) -> None:
        """Show the key, or say that it was shown."""
        key = self.key
        text = key.reveal("show once") if self._may_show else "It was shown once, and is not shown again."
        self.update(f"Your new key, shown only now:\n{text}")

    def hide(self, *, for_good: bool = False) -> None:
        """Take it off the screen."""
        self._may_show = self._may_show and not for_good
        self.update("")

    async def copy(self, page: Page) -> None:
        """Send the key to the terminal's clipboard, once the page's question is answered."""
        question = "Copy the new master key to the terminal's clipboard? Other programs there can read it."
        # Answered by another key than the one that asked, as everywhere else that a secret is copied.
        answer = await page.prompt.choose(question, (Choice("enter", "copy"),))
        if answer is not None and self.is_shown:
            page.app.copy_to_clipboard(self.key.reveal("the operator asked to copy it"))
            page.status.say("Sent to your terminal's clipboard (cannot be confirmed).")
