"""The master keys that a database knows and those that are configured here."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tui.errors import MasterKeyError, ReadOnlyMode, SchemaNewer
from tui.screens.page import Page
from tui.screens.setup.keys.progress import progress_on
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.integrations.description import NOT_VISIBLE
from tui.words.keys import CONSOLE, UNTIL_THE_END, configured_key, in_sentence_case, recorded_key, without_key_id
from tui.words.log.invocation import Invocation
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.keys.gate import Gate
    from tui.data.keys.inventory import KeyInventory, RecordedKey
    from tui.widgets.frame import Tone

COLUMNS = (Column("What", 18), Column("Detail", 30, grows=True))
DECRYPT_ONLY = "decrypt-only"


class MasterKeysScreen(Page):
    """Lists keys; c changes the one in use, d retires one before. Leaves with whether anything was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind(
            "c", "rotate", "Change the key", id="keys.rotate", tooltip="Encrypt every credential again, with a new key"
        ),
        bind("d", "retire", "Retire", id="keys.retire", tooltip="Never use this key again, after asking"),
    ]
    section = "setup"
    is_inner = True

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, RecordedKey] = {}
        self._has_changed = False
        self._gate: Gate | None = None
        self._may_encrypt = False
        """Whether the role may write credentials; asked before a new key is made, which would be shown for nothing."""

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))

    def hints(self) -> Hints:
        may = self._may_encrypt and not self.session.settings.locked and not self.session.read_only
        acts = (("c", "change the key"), ("d", "retire")) if may else ()
        return (*acts, ("r", "refresh"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part("Master keys", "warning"),)

    def invocations(self) -> Sequence[Invocation]:
        return (Invocation("keys status"),)

    async def load(self) -> None:
        from tui.data.integrations.role_privileges import read_privileges
        from tui.data.keys.gate import check_gate
        from tui.data.keys.inventory import age_warning, days_of_active_key, read_key_inventory
        from tui.data.scope import sees_everything

        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the master keys")
        database, session = self.session.database, self.session
        gate = await check_gate(database, session.keyring)
        privileges = await read_privileges(database)
        counts = privileges.envelopes and await sees_everything(database)
        inventory = await read_key_inventory(database) if counts else None
        warning = age_warning(await days_of_active_key(database), session.settings.key_days)
        if self.is_mounted:
            self._gate = gate
            self._may_encrypt = privileges.configure
            self._keys = {key.key_id: key for key in inventory.keys} if inventory else {}
            rows = _rows(gate, inventory, [key.source for key in session.keyring.previous])
            if gate.key_source == CONSOLE and self.console.keep_key is None:
                rows.append(_row("not configured", "not configured", UNTIL_THE_END, "warning"))
            if warning:
                rows.append(_row("age", "age", " ".join(warning), "warning"))
            self.query_one(RowBody).show(rows)
            switcher.show_content()
            self.refresh_frame()

    def leave(self, result: object = None) -> None:
        super().leave(self._has_changed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("rotate", "retire"):
            return None if self.is_busy or self.prompt.is_asking or not self.query_one(RowBody).rows else True
        return super().check_action(action, parameters)

    def action_rotate(self) -> None:
        # Before a new key is made, which would be shown for nothing.
        if self._may_write() and self._has_key_in_use():
            self.console.navigation.open_new_key(self._after_rotation)

    def _has_key_in_use(self) -> bool:
        """Whether the key in use is among those that are configured; else say which one it is."""
        gate, previous = self._gate, self.session.keyring.previous
        if gate is None or gate.recorded_key_id is None:
            return True
        if (gate.state == "wrong key" and not gate.in_use_source) or (gate.state == "no key" and not previous):
            try:
                gate.require_write()
            except MasterKeyError as failure:
                self.report_failure(failure)
            return False
        return True

    def _after_rotation(self, has_changed: bool) -> None:
        if has_changed:
            self._has_changed = True
            self.start_load()

    def action_retire(self) -> None:
        key = self._keys.get(self.query_one(RowBody).current_key or "")
        if not self._may_write():
            return
        if key is None or key.state != DECRYPT_ONLY:
            self.status.say("Only a decrypt-only key can be retired: go to one with the arrows.", "warning")
        else:
            self.act(self._retire(key.key_id))

    async def _retire(self, key_id: str) -> None:
        question = f"Retire the key {safe_text(key_id)} for good? It can never be used again."
        if await self.prompt.confirm(question, "retire it"):
            await self.writing(self._read_and_retire(key_id))
            self._has_changed = True
            self.start_load()
            self.status.say(
                f"The key {key_id} is retired. Backups from before still need it: destroy it with the last of them.",
                "good",
            )

    async def _read_and_retire(self, key_id: str) -> None:
        from tui.data.keys.retirement import retire_key

        progress = progress_on(self, self.status.say("Reading every envelope …"))
        await retire_key(self.session.database, self.session.keyring, key_id, progress)

    def _may_write(self) -> bool:
        session = self.session
        if session.read_only:
            self.report_failure(SchemaNewer() if session.schema == "newer" else ReadOnlyMode())
        elif not self._may_encrypt:
            role = safe_text(session.server.role, 40) if session.server else "your role"
            self.status.say(f"The role {role} may not change master keys. Ask an administrator.", "warning")
        return self._may_encrypt and not session.read_only


def _rows(gate: Gate, inventory: KeyInventory | None, earlier: list[str]) -> list[Row]:
    rows = [_row(key.key_id, *recorded_key(key)) for key in inventory.keys] if inventory else []
    lines = without_key_id(inventory) if inventory else [("credentials", NOT_VISIBLE)]
    lines += configured_key(gate, earlier)
    return rows + [_row(f"line {number}", *line) for number, line in enumerate(lines)]


def _row(key: str, name: str, text: str, tone: Tone = "plain") -> Row:
    return Row(key, (Cell(safe_text(in_sentence_case(name), 40), tone), Cell(safe_text(text, 400), tone)))
