"""The fields of the connection step: what is pasted into one is taken apart, and of what is typed no password shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text
from textual.message import Message

from tui.data.postgres.conninfo.masking import MASK_CHARACTER, masked
from tui.secret import Secret
from tui.widgets.line_input import MASK, LineInput
from tui.words.text import safe_characters

if TYPE_CHECKING:
    from textual import events

_STRING = re.compile(r"postgres(?:ql)?(?:\+\w+)?://|jdbc:postgresql:", re.IGNORECASE)
_WORDS = re.compile(
    r"^\s*(?:\$ )?psql\s|\bPG[A-Z]+=|(?:^|\s)(?:host|hostaddr|port|dbname|user|password|service)\s*=", re.IGNORECASE
)


class ConnectionInput(LineInput):
    """A field that takes a pasted connection apart instead of showing it."""

    class Pasted(Message):
        """A connection was pasted; it is not in the field."""

        def __init__(self, text: Secret) -> None:
            super().__init__()
            self.text = text

    def holds_connection(self, text: str) -> bool:
        """Tell whether a text is a connection and not what belongs into this field."""
        # A password may hold a blank or a =, but hardly a scheme.
        return bool(_STRING.search(text) or (not self.password and _WORDS.search(text)))

    def _on_paste(self, event: events.Paste) -> None:
        if self.holds_connection(event.text):
            event.stop()
            event.prevent_default()
            self.post_message(self.Pasted(Secret(event.text)))
            return
        super()._on_paste(event)


class ConnectionStringInput(ConnectionInput):
    """The field for a whole connection: only its password is masked while it is typed."""

    def __init__(self, *, id: str) -> None:
        # As a secret, so that nothing copies it to the clipboard.
        super().__init__(secret=True, id=id)

    def holds_connection(self, text: str) -> bool:
        # Whatever it is, it is refused in a sentence and not drawn.
        return not self.value

    @property
    def _value(self) -> Text:
        shown = safe_characters(masked(self.value))
        # While it is edited a sign stands for each character, so that the cursor has its place.
        text = shown if self.has_focus else re.sub(f"{MASK_CHARACTER}+", MASK, shown)
        return Text(text, no_wrap=True, overflow="ignore", end="")

    def _position_to_cell(self, position: int) -> int:
        return cell_len(safe_characters(masked(self.value))[:position])
