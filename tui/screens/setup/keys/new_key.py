"""Which key encrypts everything from now on: one made here, one that is pasted, or the one that is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from tui.data.keys.master_key import MasterKey
from tui.data.keys.sources import PREVIOUS
from tui.errors import MasterKeyError
from tui.screens.page import Page
from tui.screens.setup.generated_key import GeneratedKey
from tui.widgets.bindings import bind
from tui.widgets.form import CheckLine, Field, Option, OptionLines
from tui.widgets.frame import Hints, Part
from tui.widgets.line_input import LineInput
from tui.widgets.notices import Notice, NoticeList
from tui.words.keys import CONSOLE
from tui.words.log.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.errors import SwitchboardError

GENERATE, PASTE, CONFIGURED = "generate", "paste", "configured"
OPTIONS = (
    Option(GENERATE, "Generate one", "new and random, shown once"),
    Option(PASTE, "Paste one", "from a password manager"),
)
THE_CONFIGURED_ONE = Option(CONFIGURED, "The configured one", f"where {PREVIOUS} is in use")


class NewKeyScreen(Page):
    """Takes the new key, and that a copy of it is stored elsewhere; enter opens the plan. Leaves with its result."""

    CSS_PATH: ClassVar[Any] = ["new_key.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "focus_by(-1)", "Previous line", id="new_key.previous"),
        bind("down", "focus_by(1)", "Next line", id="new_key.next"),
        bind("enter", "go_on", "Plan", id="new_key.plan", tooltip="Look at what would be done; nothing is changed yet"),
        bind("y", "copy_key", "Copy the key", id="new_key.copy", tooltip="Copy the new key, after asking"),
    ]
    section = "setup"
    is_inner = True

    def __init__(self) -> None:
        super().__init__()
        self._new_key = GeneratedKey(id="n-new")
        self._typed = LineInput(secret=True, id="n-typed")
        self._has_copy = CheckLine("I have stored a copy of the key elsewhere", id="n-stored")

    def compose_body(self) -> Iterable[Widget]:
        self._ways = OptionLines((*OPTIONS, *self._configured_option()), id="n-ways")
        self._problem = NoticeList(self.console.glyphs, id="n-problem")
        with VerticalScroll(id="n-form", can_focus=False):
            yield Static("Which key encrypts every credential from now on?", classes="heading", markup=False)
            yield self._ways
            yield self._new_key
            yield Field("The key", self._typed, id="n-typed-line")
            yield self._has_copy
            yield self._problem

    def _configured_option(self) -> tuple[Option, ...]:
        keyring = self.session.keyring
        return (THE_CONFIGURED_ONE,) if keyring.current is not None and keyring.previous else ()

    def hints(self) -> Hints:
        copy = (("y", "copy it"),) if self._shows_key and not self._typed.has_focus else ()
        tick = (("space", "tick"),) if self._has_copy.has_focus else (("up/down", "choose"),)
        return (("enter", "plan"), *copy, *tick, ("esc", "back"), ("F1", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part("A new master key", "warning"),)

    def invocations(self) -> Sequence[Invocation]:
        return (Invocation("keys rotate", {"dry_run": True}),)

    def on_mount(self) -> None:
        self._show_way()

    def focus_body(self) -> None:
        self.set_focus(self._ways)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "copy_key":
            return self._shows_key
        if action == "reload":
            return False
        return super().check_action(action, parameters)

    @property
    def _shows_key(self) -> bool:
        return self._ways.chosen == GENERATE and self._new_key.is_shown

    def hide_secrets(self) -> None:
        """Take the new key off the screen; y still copies it."""
        self._new_key.hide()

    def _show_way(self) -> None:
        way = self._ways.chosen
        self._new_key.display = way == GENERATE
        if way == GENERATE:
            self._new_key.show_once()
        self.query_one("#n-typed-line").display = way == PASTE
        self._has_copy.display = way != CONFIGURED
        self.refresh_frame()

    def on_option_lines_chosen(self, event: OptionLines.Chosen) -> None:
        event.stop()
        self._problem.clear()
        self._show_way()

    def on_check_line_changed(self, event: CheckLine.Changed) -> None:
        event.stop()
        self._problem.clear()

    def on_descendant_focus(self) -> None:
        self.refresh_frame()

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input is self._typed:
            event.stop()
            self._problem.clear()
        else:
            super().on_input_changed(event)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_go_on()

    def action_focus_by(self, by: int) -> None:
        if by < 0:
            self.focus_previous()
        else:
            self.focus_next()

    def action_copy_key(self) -> None:
        self.act(self._new_key.copy(self))

    def action_go_on(self) -> None:
        if not self.is_busy and not self.prompt.is_asking:
            self.act(self._go_on())

    async def _go_on(self) -> None:
        from tui.data.keys.rotation import prepare_key_change

        self._problem.clear()
        way = self._ways.chosen
        if way == PASTE and not self._typed.value:
            self._refuse("There is no key yet.", "Paste one, or have one made.")
        elif way != CONFIGURED and not self._has_copy.ticked:
            self.set_focus(self._has_copy)
            what = "First store a copy elsewhere: in a password manager, or on paper in a safe."
            self._refuse(what, "Then tick the box with space.")
        else:
            trying = self.status.say("Trying the key …")
            change = await prepare_key_change(self.session.database, self.session.keyring, self._target(), None)
            if self.is_active:
                self.status.clear(trying)
                secret = self._new_key.key if way == GENERATE else None
                self.console.navigation.open_rotation(change, secret, self._after_rotation)

    def _target(self) -> MasterKey | None:
        """Return the new key; None for the one that is configured."""
        if self._ways.chosen == CONFIGURED:
            return None
        return MasterKey(self._new_key.key if self._ways.chosen == GENERATE else self._typed.value, CONSOLE)

    def report_failure(self, failure: SwitchboardError) -> None:
        """Say below the form why the key cannot be taken."""
        if isinstance(failure, MasterKeyError):
            self.status.clear()
            self._refuse(failure.sentence, failure.what_to_do)
        else:
            super().report_failure(failure)

    def _refuse(self, sentence: str, what_to_do: str) -> None:
        self._problem.say([Notice("warning", sentence, what_to_do)])
        self.call_after_refresh(self._problem.scroll_visible, animate=False)

    def _after_rotation(self, has_changed: bool) -> None:
        if has_changed:
            self.leave(True)
