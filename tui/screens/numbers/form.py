"""The form that adds a phone number by hand, or edits the name, the type and the abilities of one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Input, Static

from tui.data.numbers.changes import NumberEdit, add_number, edit_number
from tui.data.numbers.input import NUMBER_TYPES, number_to_add, readable_name
from tui.errors import InvalidInput
from tui.screens.form_page import FormPage
from tui.widgets.bindings import bind
from tui.widgets.form import CheckLine, CycleLine, Field, Option
from tui.widgets.frame import Hints, Part
from tui.widgets.line_input import LineInput
from tui.words.numbers.description import shown_number
from tui.words.numbers.phone_number import display, number_type
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.numbers.changes import NumberChanged
    from tui.models.numbers import PhoneNumber
    from tui.words.log.invocation import Invocation

DERIVED = "derived"
MEANINGS = {"virtual": "any other number", "toll-free": "free for the caller", "local": "a fixed line"}


class NumberForm(FormPage):
    """Dismissed with what was saved, or None."""

    CSS_PATH: ClassVar[Any] = ["form.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f2,ctrl+s", "save", "Save", id="number_form.save", tooltip="Save"),
        bind("down", "app.focus_next", "Next field", id="number_form.next"),
        bind("up", "app.focus_previous", "Previous field", id="number_form.previous"),
    ]
    section = "phone_numbers"

    def __init__(self, number: PhoneNumber | None) -> None:
        super().__init__()
        self._number = number

    def compose_body(self) -> Iterable[Widget]:
        number = self._number
        options = [Option(kind, kind, MEANINGS[kind]) for kind in NUMBER_TYPES]
        with VerticalScroll(id="fields", can_focus=False):
            if number is None:
                yield Field("Number", LineInput(id="number", placeholder="such as 011-4116 9368 or +911141169368"))
                options.insert(0, Option(DERIVED, "derived", "from the number itself"))
            else:
                yield Static(f"{'Number':<19}{shown_number(number)}", markup=False)
                # A type that another program has stored stays until somebody chooses one of ours.
                if number.number_type not in NUMBER_TYPES:
                    stored = safe_text(number.number_type or "not set", 20)
                    options.insert(0, Option(str(number.number_type), stored))
            name = (number.display_name or "") if number else ""
            yield Field("Name", LineInput(name, id="name", placeholder="what people call it"))
            yield CycleLine("Type", options, chosen=str(number.number_type) if number else DERIVED, id="type")
            yield CheckLine("can call", ticked=number.can_call if number else True, id="call")
            yield CheckLine("can send and receive SMS", ticked=number.can_sms if number else True, id="sms")
        yield Static(id="help", classes="detail", markup=False)

    def hints(self) -> Hints:
        return (("F2", "save"), ("tab", "next field"), ("space", "tick"), ("esc", "back"), ("F1", "help"))

    def context(self) -> tuple[Part, ...]:
        return (Part("Edit a number" if self._number else "Add a number"),)

    def on_mount(self) -> None:
        self._show_help()

    def focus_body(self) -> None:
        self.set_focus(self.query_one("#name" if self._number else "#number", LineInput))

    def on_input_changed(self, event: Input.Changed) -> None:
        self.status.clear()
        self._show_help()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "name":
            self.action_save()
        else:
            self.focus_next()

    def _show_help(self) -> None:
        self.query_one("#help", Static).update(safe_text(self._meaning(), 300))

    def _meaning(self) -> str:
        if self._number is not None:
            return "The number itself cannot be changed: other programs use it as it is stored."
        text = self.query_one("#number", LineInput).value
        if not text.strip():
            return "Any format. It is stored with its country code, as +911141169368."
        try:
            number, warning = number_to_add(text)
        except InvalidInput as problem:
            return problem.sentence
        return f"= {number}, {display(number)}, {number_type(number)}. {warning or ''}"

    def unsaved(self) -> str:
        if self._number is None:
            is_changed = bool(self.query_one("#number", LineInput).value or self.query_one("#name", LineInput).value)
        else:
            is_changed = self._form_values() != _values_of(self._number)
        return "This number is not saved yet." if is_changed else ""

    def _form_values(self) -> tuple[str, str, bool, bool]:
        return (
            self.query_one("#name", LineInput).value.strip(),
            self.query_one("#type", CycleLine).chosen,
            self.query_one("#call", CheckLine).ticked,
            self.query_one("#sms", CheckLine).ticked,
        )

    def invocations(self) -> Sequence[Invocation]:
        values = self._form_values()
        if self._number is not None:
            changed = edit_values(self._number, *values)
            number_id = str(self._number.id)
            return (self.invocation("phone-numbers edit", number=number_id, **changed),) if changed else ()
        number = self.query_one("#number", LineInput).value.strip()
        return (self.invocation("phone-numbers add", **add_values(number, *values)),) if number else ()

    async def save(self) -> bool:
        organization = self.session.organization
        if organization is None:
            return False
        name, kind, can_call, can_sms = self._form_values()
        database = self.session.database
        if self._number is None:
            change = add_number(
                database,
                organization.id,
                self.query_one("#number", LineInput).value,
                display_name=readable_name(name),
                kind=None if kind == DERIVED else kind,
                can_call=can_call,
                can_sms=can_sms,
            )
        else:
            # A name or a type that was not edited stays as it is stored, whatever blanks or words are in it.
            edit = NumberEdit.of(self._number)
            if name != (self._number.display_name or "").strip():
                edit = replace(edit, display_name=readable_name(name))
            if kind != str(self._number.number_type):
                edit = replace(edit, number_type=kind)
            change = edit_number(database, self._number, replace(edit, can_call=can_call, can_sms=can_sms))
        done: NumberChanged = await self.writing(change)
        self.leave(done)
        return False


def add_values(number: str, name: str, kind: str, can_call: bool, can_sms: bool) -> dict[str, str | bool]:
    """Return what `phone-numbers add` is given, by the names of its parameters. Raises InvalidInput as saving does."""
    number_to_add(number)
    number_type = "" if kind == DERIVED else kind
    return {
        "number": number,
        "name": readable_name(name) or "",
        "number_type": number_type,
        "no_call": not can_call,
        "no_sms": not can_sms,
    }


def edit_values(number: PhoneNumber, name: str, kind: str, can_call: bool, can_sms: bool) -> dict[str, str | bool]:
    """Return what `phone-numbers edit` is given for what differs from the number, by the names of its parameters.

    Raises InvalidInput as saving does.
    """
    values: dict[str, str | bool] = {}
    stored_name, stored_kind, could_call, could_sms = _values_of(number)
    if name != stored_name:
        new_name = readable_name(name)
        values |= {"name": new_name} if new_name else {"no_name": True}
    if kind != stored_kind:
        values["number_type"] = kind
    if can_call != could_call:
        values["can_call"] = can_call
    if can_sms != could_sms:
        values["can_sms"] = can_sms
    return values


def _values_of(number: PhoneNumber) -> tuple[str, str, bool, bool]:
    return (number.display_name or "").strip(), str(number.number_type), number.can_call, number.can_sms
