"""The credential editor's form without its widgets: initial texts, what changed, what is wrong, the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from tui.data.integrations.credentials import Draft
from tui.providers.validation import form_values, read_display_name, validate
from tui.widgets.form_row import FormRow
from tui.words.numbers.phone_number import display, e164, number_type
from tui.words.text import safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tui.data.integrations.credentials import StoredCredential
    from tui.providers.fields import Field, IntegrationType
    from tui.providers.validation import Validation

DISPLAY_NAME = "display_name"
SHOWN_MOST = 60


class CredentialForm:
    """The form of one type over what is stored (None: a new integration)."""

    def __init__(self, integration_type: IntegrationType, stored: StoredCredential | None) -> None:
        self.type = integration_type
        self.stored = stored
        self._credential: Mapping[str, Any] = (stored.credential if stored else None) or {}
        self._fields: dict[str, Field] = {field.name: field for field in integration_type.fields}
        self._initial = form_values(integration_type, self._credential)

    @property
    def is_new(self) -> bool:
        """Whether nothing readable is stored, so that every required field has to be typed."""
        return self.stored is None or self.stored.credential is None

    def rows(self) -> list[FormRow]:
        """Return the rows of the form, in the type's order."""
        display_name = FormRow(
            DISPLAY_NAME, "Display name", value=self.initial(DISPLAY_NAME), placeholder=self.placeholder(DISPLAY_NAME)
        )
        return [display_name, *(self._row(field) for field in self.type.fields)]

    def field(self, name: str) -> Field | None:
        """Return the provider's field of that name, None for the display name."""
        return self._fields.get(name)

    def label(self, name: str) -> str:
        """Return the field's label."""
        field = self._fields.get(name)
        return field.label if field else "Display name"

    def choices(self, name: str) -> tuple[str, ...]:
        """Return the values known for the field."""
        field = self._fields.get(name)
        if field is None:
            return ()
        return ("yes", "no") if field.kind == "yes_no" else tuple(field.choices)

    def other_names(self) -> list[str]:
        """Return the stored names that the form has no field for; their values stay as they are."""
        return [name for name in self._credential if name not in self._fields]

    def initial(self, name: str) -> str:
        """Return the text a field starts with: what is stored, and nothing for a secret."""
        if name == DISPLAY_NAME:
            return (self.stored.integration.display_name or "") if self.stored else ""
        return self._initial[name]

    def placeholder(self, name: str) -> str:
        """Return the text of a blank field: whether a secret is stored, else the default."""
        field = self._fields.get(name)
        if field is None:
            return self.type.title
        if field.secret:
            if self.stored is not None and self.stored.credential is None:
                return "stored, but it cannot be read"
            return "stored; leave blank to keep it" if name in self._credential else "not stored yet"
        return field.default or ""

    def changed_names(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """Return the fields whose text differs from the text they started with."""
        return tuple(name for name, text in values.items() if text != self.initial(name))

    def problems(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return what forbids saving, by field."""
        problems = dict(self._validate(values).problems)
        _, wrong = read_display_name(values.get(DISPLAY_NAME))
        if wrong is not None:
            problems[DISPLAY_NAME] = wrong
        return problems

    def warnings(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return what is worth saying without being wrong, by field."""
        return self._validate(values).warnings

    def offers(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the texts that were probably meant instead, by field; they may be secrets."""
        return self._validate(values).offers

    def draft(self, values: Mapping[str, str], organization_id: UUID) -> Draft:
        """Return what to save: the stored fields as they are, with the typed ones on top."""
        credential = self._validate(values).credential
        display_name, _ = read_display_name(values.get(DISPLAY_NAME))
        return Draft(organization_id, self.type.name, credential, display_name)

    def differs(self, other: CredentialForm, name: str) -> bool:
        """Whether two forms of the type are over different stored values of a field."""
        return bool(self._credential.get(name) != other._credential.get(name))

    def _validate(self, values: Mapping[str, str]) -> Validation:
        typed = {name: text for name, text in values.items() if name != DISPLAY_NAME}
        return validate(self.type, typed, existing=None if self.is_new else self._credential)

    def _row(self, field: Field) -> FormRow:
        return FormRow(
            field.name,
            field.label,
            value=self.initial(field.name),
            placeholder=self.placeholder(field.name),
            required=field.required,
            secret=field.secret,
            multiline=field.kind == "multiline",
        )


def number_note(text: str) -> str:
    """Return a phone number in E.164, as people write it, and its type; an empty text where it is no number."""
    number = e164(text)
    return f"= {number}, {display(text)}, {number_type(text)}" if number else ""


def field_help(form: CredentialForm, name: str, values: Mapping[str, str]) -> Content:
    """Return the lines below the form for one field: what it is, an example, and what is wrong with it."""
    field = form.field(name)
    if field is None:
        lines = ["Display name: what people call it here.", "Leave it blank to use the name of the type."]
    else:
        example = f"For example {field.example}" if field.example else ""
        lines = [f"{field.label}: {field.help}", example]
    pieces: list[Content | str | tuple[str, str]] = ["\n".join(line for line in lines if line)]
    text = values.get(name, "")
    note = number_note(text) if field is not None and field.kind in ("phone", "sender", "e164") else ""
    if note:
        pieces.append(f"\n{note}")
    wrong = form.problems(values).get(name)
    warning = form.warnings(values).get(name)
    if wrong and (text or not form.is_new):
        pieces.append((f"\n{safe_text(wrong, 300)}", "ansi_red bold"))
    elif warning:
        pieces.append((f"\n{safe_text(warning, 300)}", "ansi_yellow"))
    if others := form.other_names():
        names = ", ".join(safe_text(other, 40) for other in others[:8])
        pieces.append((f"\nAlso stored, kept as it is: {names}", "dim"))
    return Content.assemble(*pieces)


def conflict_lines(form: CredentialForm, values: Mapping[str, str], current: StoredCredential | None) -> list[str]:
    """Return one line per field on which theirs and mine differ; of secrets only that they do."""
    theirs = CredentialForm(form.type, current)
    lines: list[str] = []
    for name in values:
        field = form.field(name)
        if field is not None and field.secret:
            changed = "changed by them" if theirs.differs(form, name) else "unchanged"
            typed = "new" if values[name] else "unchanged"
            if changed != typed:
                lines.append(f"{form.label(name)}: {changed}; yours: {typed}")
        elif theirs.initial(name) != values[name]:
            lines.append(f"{form.label(name)}: theirs {_quote(theirs.initial(name))}; yours {_quote(values[name])}")
    return lines or ["They saved the same values as you typed."]


def _quote(text: str) -> str:
    return f"“{safe_text(text, SHOWN_MOST)}”" if text else "(empty)"
