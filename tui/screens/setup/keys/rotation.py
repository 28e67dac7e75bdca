"""The change of the master key: its plan, the change itself, and what there is to be done afterwards."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from tui.data.keys.encryption import Keyring
from tui.data.keys.sources import VALUE, new_key_warning
from tui.errors import CommitInDoubt
from tui.screens.page import Page, enter_does
from tui.screens.setup.keys.progress import progress_on
from tui.widgets.bindings import bind
from tui.widgets.frame import Hints, Part
from tui.widgets.prompt import Choice
from tui.widgets.row_list import Cell, Column, Row, RowBody
from tui.widgets.state_switcher import StateSwitcher
from tui.widgets.wrapped_list import WrappedList
from tui.words.counts import counted
from tui.words.keys import (
    AFTERWARDS,
    AS_IT_WAS,
    KEPT,
    STOPPED,
    does_not_open,
    in_sentence_case,
    legacy_consequence,
    planned,
)
from tui.words.log.invocation import Invocation
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.keys.envelope_count import EnvelopeCount, Progress, Stage
    from tui.data.keys.rotation import KeyChange, RotationResult
    from tui.secret import Secret
    from tui.widgets.frame import Tone

COLUMNS = (Column("What", 18), Column("Detail", 30, grows=True))
TOO_LATE = "All of it is written and is being saved now: that cannot be stopped any more."


class RotationScreen(Page):
    """Shows what would be done, and what was; leaves with whether the key was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        enter_does("apply", "Change the key", id="rotation.apply", tooltip="Change the key, after asking"),
        bind("space", "leave_out", "Leave out", id="rotation.leave_out", tooltip="Leave what does not open as it is"),
        bind("y", "copy_line", "Copy the line", id="rotation.copy", tooltip="Copy the new key as a line for .env"),
    ]
    section = "setup"
    is_inner = True

    def __init__(self, change: KeyChange, new_key: Secret | None) -> None:
        """`new_key` is the key where it was made here, and is configured nowhere yet."""
        super().__init__()
        self._change = change
        self._new_key = new_key
        self._plan: EnvelopeCount | None = None
        self._left_out: frozenset[UUID] = frozenset()
        self._is_saving = self._is_in_doubt = self._is_done = False

    def compose_body(self) -> Iterable[Widget]:
        yield StateSwitcher(WrappedList(COLUMNS))

    def hints(self) -> Hints:
        if self.is_busy:
            return (("esc", "stop, all stays as it was"), ("?", "help"))
        if self._is_done:
            copy = (("y", "copy the line for .env"),) if self._new_key else ()
            return (*copy, ("esc", "back"), ("?", "help"))
        apply = (("enter", "change it"),) if self._plan else ()
        leave_out = (("space", "leave out"),) if self._plan and self._plan.left else ()
        return (*apply, *leave_out, ("r", "again"), ("esc", "back"), ("?", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part("The master key is changed" if self._is_done else "Changing the master key", "warning"),)

    def invocations(self) -> Sequence[Invocation]:
        return (Invocation("keys rotate", {"dry_run": True}),)

    async def load(self) -> None:
        """Make the plan; after a change whose outcome was not known, find that out first."""
        from tui.data.keys.gate import check_gate
        from tui.data.keys.rotation import plan_rotation

        # The connection may come back, and everything be read again, at any time.
        if self._is_done or self.is_busy or self.prompt.is_asking:
            return
        database, switcher = self.session.database, self.query_one(StateSwitcher)
        self._plan = None
        switcher.show_loading("the plan: every envelope is opened")
        if self._is_in_doubt and (await check_gate(database, Keyring(self._change.target))).state == "open":
            self._end(None)
            return
        gate = await check_gate(database, Keyring(self._change.present))
        if gate.state == "wrong key":
            raise gate.replacement()
        plan = await plan_rotation(database, self._change, self._report(Part("")))
        if self.is_mounted:
            self.status.clear()
            self._plan, self._is_in_doubt = plan, False
            self._show_plan(plan)

    def _report(self, shown: Part) -> Progress:
        """Return what says how far it is over what is `shown`, and notes that it cannot be stopped any more."""
        say = progress_on(self, shown, "; esc stops")

        def report(stage: Stage, done: int, total: int) -> None:
            self._is_saving = stage == "saving"
            say(stage, done, total)

        return report

    def _show_plan(self, plan: EnvelopeCount) -> None:
        rows = [_row(f"plan {number}", *line) for number, line in enumerate(planned(self._change, plan))]
        for number, left in enumerate(plan.left):
            is_left_out = left.credential_id in self._left_out
            stays = "stays as it is" if is_left_out else "space leaves it as it is"
            text = f"{does_not_open(left)}: {stays}"
            box = "[x]" if is_left_out else "[ ]"
            rows.append(_row(f"left {number}", f"{box} does not open", text, "quiet" if is_left_out else "bad"))
        if warning := new_key_warning(self._change.target):
            rows.append(_row("around", "around the key", " ".join(warning), "warning"))
        if consequence := legacy_consequence(self._change, plan):
            rows.append(_row("order", "the order", consequence, "warning"))
        rows.append(_row("fingerprint", "fingerprint", _in_halves(plan.fingerprint)))
        self._show(rows)

    def _show(self, rows: list[Row]) -> None:
        self.query_one(RowBody).show(rows)
        self.query_one(StateSwitcher).show_content()
        self.refresh_frame()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        is_free = not self.is_busy and not self.prompt.is_asking
        if action in ("apply", "leave_out"):
            return True if is_free and self._plan is not None and not self._is_done else None
        if action == "copy_line":
            return self._is_done and self._new_key is not None
        if action == "reload":
            return not self._is_done and is_free
        return super().check_action(action, parameters)

    def action_leave_out(self) -> None:
        key = self.query_one(RowBody).current_key or ""
        if self._plan is not None and key.startswith("left "):
            self._left_out ^= {self._plan.left[int(key.removeprefix("left "))].credential_id}
            self._show_plan(self._plan)

    def action_apply(self) -> None:
        plan = self._plan
        if plan is None:
            return
        closed = {left.credential_id for left in plan.left} - self._left_out
        if closed:
            which = counted(len(closed), "credential does", "credentials do")
            self.status.say(f"{which} not open: go to each, where space leaves it as it is.", "warning")
        else:
            self.act(self._apply(plan))

    async def _apply(self, plan: EnvelopeCount) -> None:
        if not await self._ask(plan):
            return
        try:
            result = await self.writing(self._rotate())
        except asyncio.CancelledError:
            if self.is_mounted and not self._is_saving:
                self.status.say(AS_IT_WAS, "warning")
                self.refresh_frame()
            raise
        except CommitInDoubt:
            # Whichever of the two it is by now opens what is read meanwhile.
            self._is_in_doubt = True
            keyring = self.session.keyring
            self.session.keyring = Keyring(keyring.current, (*keyring.previous, self._change.target))
            raise
        self._end(result)

    async def _ask(self, plan: EnvelopeCount) -> bool:
        if consequence := legacy_consequence(self._change, plan):
            typed = await self.prompt.ask(f"{consequence}\nType “{STOPPED}” to go on:")
            if typed is not None and typed.strip() != STOPPED:
                self.status.say("That was not the sentence, so nothing was done.", "warning")
            return typed is not None and typed.strip() == STOPPED
        what = f"{counted(plan.opened('credential'), 'credential')} and "
        what += counted(plan.opened("version"), "kept version")
        question = f"Encrypt {what} again, with the key {self._change.to_id}, in one transaction?"
        return await self.prompt.choose(question, (Choice("y", "change the key"),)) is not None

    async def _rotate(self) -> RotationResult:
        from tui.data.keys.rotation import rotate_keys

        self._is_saving = False
        shown = self.status.say("Changing the key … esc stops, and everything is as it was.")
        self.refresh_frame()
        return await rotate_keys(
            self.session.database, self._change, left_out=self._left_out, progress=self._report(shown)
        )

    def _end(self, result: RotationResult | None) -> None:
        """Go on with the new key, and say what was done; None where the connection broke before the answer came."""
        change = self._change
        self.session.keyring = Keyring(change.target, change.keyring.keys)
        self._is_done = True
        if self.console.keep_key is not None:
            self.console.keep_key(change.target)
        if not self.is_mounted:
            return
        configure, limits = (text.format(source=change.present.source, old=change.from_id) for text in AFTERWARDS)
        lines = [
            ("key in use", f"key id {change.to_id}"),
            ("before", f"key id {change.from_id}, decrypt-only"),
            ("to do now", KEPT if self.console.keep_key is not None else configure),
        ]
        if result is not None:
            same = f"{_in_halves(result.after.fingerprint)}, before and after"
            lines += [
                ("credentials", f"{result.after.opened('credential'):,}, opened again and compared"),
                ("kept versions", f"{result.after.opened('version'):,}, opened again and compared"),
                *(("left as it was", does_not_open(left)) for left in result.before.left),
                ("fingerprint", same),
                ("row of the log", str(result.log_row)),
            ]
        lines.append(("not changed", limits))
        self.query_one(RowBody).cursor = 0
        self._show([_row(f"done {number}", *line) for number, line in enumerate(lines)])
        self.status.say("The master key is changed; this console goes on with the new one.", "good")

    def action_copy_line(self) -> None:
        if self._new_key is not None:
            self.act(self._copy_line(self._new_key))

    async def _copy_line(self, key: Secret) -> None:
        from tui.settings.dotenv_file import env_line

        question = f"Copy {VALUE}=... to the terminal's clipboard? Other programs there can read it."
        if await self.prompt.choose(question, (Choice("enter", "copy"),)) is not None:
            line = env_line(VALUE, key.reveal("the operator asked to copy it"))
            self.status.say(self.copy(line, "Line"))

    def action_back(self) -> None:
        """Stop what is under way, as long as that can be done; else leave."""
        if self.reading.is_waited_for:
            super().action_back()
            self.query_one(StateSwitcher).show_empty("Stopped, and there is no plan.", "r  plan again    esc  back")
        elif not self.is_busy:
            super().action_back()
        elif self._is_saving:
            self.status.say(TOO_LATE, "warning")
        else:
            self.workers.cancel_group(self, "write")

    def leave(self, result: object = None) -> None:
        super().leave(self._is_done)


def _in_halves(fingerprint: str) -> str:
    """Return it with a place to break where a line is too short for all of its digits."""
    return f"{fingerprint[:32]} {fingerprint[32:]}"


def _row(key: str, name: str, text: str, tone: Tone = "plain") -> Row:
    return Row(key, (Cell(safe_text(in_sentence_case(name), 40), tone), Cell(safe_text(text, 600), tone)))
