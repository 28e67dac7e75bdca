"""Showing or copying one stored secret, after the audit log says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from tui.providers.naming import full_name, name_in_commands
from tui.screens.page import enter_does
from tui.screens.secret_page import SecretPage
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.prompt import Choice
from tui.widgets.row_list import Cell, Column, Row, RowBody, RowList
from tui.widgets.text_lines import TextLine, TextLines
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.models.integrations import Integration
    from tui.secret import Secret
    from tui.words.log.invocation import Invocation

COLUMNS = (Column("Secret", 20, grows=True), Column("", 20))
HIDDEN, SHOWN = Cell("hidden", "quiet"), Cell("shown below", "warning")


class RevealScreen(SecretPage):
    """Lists the secret fields of an integration and shows one at a time; each showing and each copy is in the log."""

    CSS_PATH: ClassVar[Any] = ["reveal.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("reveal", "Reveal", id="reveal.reveal", tooltip="Show this secret for 30 s; logged"),
        # R opened this list: held down, or as the end of a broken sequence, it must not reveal too.
        bind("R", "say_how", ""),
        bind("y", "copy", "Copy", id="reveal.copy", tooltip="Copy this secret unseen, after asking; logged"),
    ]
    section = "integrations"
    is_inner = True

    def __init__(self, integration: Integration) -> None:
        super().__init__()
        self._integration = integration

    def compose_body(self) -> Iterable[Widget]:
        yield RowList(COLUMNS)
        yield TextLines(id="value", classes="detail")

    def hints(self) -> Hints:
        return (("enter", "reveal for 30 s"), ("y", "copy unseen"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part(f"{full_name(self._integration)}: secrets", "warning"),)

    def invocations(self) -> Sequence[Invocation]:
        return (self.invocation("integrations show", integration_type=name_in_commands(self._integration)),)

    async def load(self) -> None:
        """List the fields; no envelope is read for that."""
        from tui.session.openable_type import openable_type

        fields = (await openable_type(self.session, self._integration.integration_type)).fields
        rows = [Row(field.name, (Cell(field.label), HIDDEN)) for field in fields if field.secret]
        self.query_one(RowBody).show(rows)
        self.hide_secrets()

    def on_row_body_moved(self) -> None:
        self.hide_secrets()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        # One secret at a time, and none by the enter that answers the question about a copy.
        if action in ("reveal", "copy"):
            return not self.is_busy and not self.prompt.is_asking
        return super().check_action(action, parameters)

    def action_say_how(self) -> None:
        self.status.say("enter reveals the secret under the cursor.")

    def action_reveal(self) -> None:
        key = self.query_one(RowBody).current_key
        if not self.refuse_held_key("R, then enter, reveals it.") and key is not None:
            self.act(self._reveal(key))

    async def _reveal(self, field: str) -> None:
        secret = await self._open(field, "reveal")
        # Meanwhile the person may have moved on.
        if self.app.screen is not self or self.query_one(RowBody).current_key != field:
            return
        self._say(
            TextLine(safe_text(secret.reveal("the operator asked to see it"), 2_000), "warning"),
            TextLine(""),
            TextLine("Hidden again after 30 s, when you move, or when you leave.", "quiet"),
        )
        self._mark(field)
        self.hide_after_a_while()

    def action_copy(self) -> None:
        """Send the secret under the cursor to the terminal's clipboard without showing it, after asking."""
        body = self.query_one(RowBody)
        if body.rows:
            row = body.rows[body.cursor]
            self.act(self._copy(row.key, row.cells[0].text))

    async def _copy(self, field: str, label: str) -> None:
        question = f"Copy the {label} of {full_name(self._integration)} to the terminal's clipboard? The log says so."
        # Answered by another key than the y that asked.
        if await self.prompt.choose(question, (Choice("enter", "copy"),)) is None:
            return
        secret = await self._open(field, "copy")
        self.app.copy_to_clipboard(secret.reveal("the operator asked to copy it"))
        self.status.say("Sent to your terminal's clipboard (cannot be confirmed). The copy is logged.")

    async def _open(self, field: str, purpose: Any) -> Secret:
        from tui.data.integrations.reveal import open_secret

        # The row of the log is committed before the envelope is opened; where it cannot be written, nothing is shown.
        opening = open_secret(self.session.database, self.session.keyring, self._integration, field, purpose)
        secret: Secret = await self.writing(opening)
        return secret

    def hide_secrets(self) -> None:
        super().hide_secrets()
        if self.is_mounted:
            self._mark(None)
            self._say(TextLine("Every reveal and every copy is written to the audit log, with your name.", "quiet"))

    def _mark(self, shown: str | None) -> None:
        """Say in each row whether its secret is on the screen."""
        body = self.query_one(RowBody)
        body.show([Row(row.key, (row.cells[0], SHOWN if row.key == shown else HIDDEN)) for row in body.rows])

    def _say(self, *lines: TextLine) -> None:
        self.query_one("#value", TextLines).show(lines)
