"""The form that sets an integration up or changes its credential."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.containers import VerticalScroll
from textual.widgets import Static

from tui.providers import integration_type, is_check_proven
from tui.providers.naming import full_name
from tui.screens.form_page import FormPage
from tui.screens.integrations.editor_form import DISPLAY_NAME, CredentialForm, conflict_lines, field_help
from tui.screens.integrations.number_offer import offer_number
from tui.widgets.bindings import bind
from tui.widgets.form_row import FormRow
from tui.widgets.frame import Hints, Part
from tui.widgets.prompt import Choice
from tui.widgets.state_switcher import StateSwitcher
from tui.words.integrations.description import NOTHING_CHANGED
from tui.words.integrations.seen_checks import verified_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual import events
    from textual.binding import BindingType
    from textual.widget import Widget

    from tui.data.integrations.credentials import CredentialConflict, PassedTest, StoredCredential
    from tui.errors import SwitchboardError, Unreadable
    from tui.models.integrations import Integration
    from tui.session.connection_test import ConnectionTestResult
    from tui.widgets.frame import Tone
    from tui.words.log.invocation import Invocation


class CredentialEditor(FormPage):
    """Edits one credential: says what each field expects, guards what was typed, and never shows a stored secret."""

    CSS_PATH: ClassVar[Any] = ["editor.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("f2,ctrl+s", "save", "Save", id="editor.save", tooltip="Encrypt and save"),
        bind("f4,ctrl+t", "test", "Test", id="editor.test", tooltip="Ask the provider before saving"),
        bind("f3", "suggest", "Next suggestion", id="editor.suggest", tooltip="Fill in a known value"),
        bind("down", "field(1)", "Next field", id="editor.next"),
        bind("up", "field(-1)", "Previous field", id="editor.previous"),
    ]
    section = "integrations"

    def __init__(self, type_name: str, integration: Integration | None = None) -> None:
        super().__init__()
        self._type = integration_type(type_name)
        self._row_id = integration.id if integration else None
        self._place = integration.place if integration else None
        self._form = CredentialForm(self._type, None)
        self._base: StoredCredential | None = None
        self._loaded = False
        self._checked_values: dict[str, str] = {}
        self._passed: PassedTest | None = None

    def compose_body(self) -> Iterable[Widget]:
        # The scrolling part takes no focus: tab goes from field to field.
        yield StateSwitcher(VerticalScroll(id="fields", can_focus=False))
        yield Static(id="help", classes="detail", markup=False)

    def hints(self) -> Hints:
        suggest = (("F3", "suggestion"),) if self._current_choices() else ()
        return (("F2", "save"), ("F4", "test"), ("tab", "next field"), *suggest, ("esc", "back"), ("F1", "help"))

    def context(self) -> tuple[Part, ...]:
        verb = "edit" if self._base else "set up"
        changed = self._form.changed_names(self._values()) if self._loaded else ()
        state = Part(f"{len(changed)} changed" if changed else "no changes", "warning" if changed else "quiet")
        return (Part(f"{self._full_name}: {verb}"), state)

    def invocations(self) -> Sequence[Invocation]:
        # Of several rows of a type it takes none.
        return () if self._place else (self.invocation("integrations configure", integration_type=self._type.name),)

    @property
    def _full_name(self) -> str:
        """What to call what is edited."""
        return full_name(self._base.integration._replace(place=self._place)) if self._base else self._type.title

    async def load(self) -> None:
        if self._loaded:
            return
        switcher = self.query_one(StateSwitcher)
        switcher.show_loading("the credential")
        base = await self._read_stored()
        await self._require_openable(base)
        self._base = base
        self._form = CredentialForm(self._type, self._base)
        container = self.query_one("#fields", VerticalScroll)
        await container.remove_children()
        await container.mount_all(self._form.rows())
        self._loaded = True
        self._checked_values = self._values()
        switcher.show_content()
        if self.focused is None:
            self._rows()[0].focus_control()
        if self._base is not None and self._base.problem is not None:
            await self._say_problem(self._base.problem)
        self._show_help()

    async def _read_stored(self) -> StoredCredential | None:
        from tui.data.integrations.credentials import load_credential

        session, organization_id = self.session, self._organization_id()
        return await load_credential(
            session.database, session.keyring, organization_id, self._type.name, integration_id=self._row_id
        )

    async def _require_openable(self, base: StoredCredential | None) -> None:
        from tui.session.openable_type import openable_type

        if base is not None:
            await openable_type(self.session, self._type.name)

    async def _say_problem(self, problem: Unreadable) -> None:
        from tui.data.keys.gate import why_closed

        why = await why_closed(self.session.database, self.session.keyring, problem)
        what_to_do = "Saving replaces the whole credential." if why is problem else why.what_to_do
        self.status.say(f"{why.sentence} {what_to_do}", "bad")

    def show_failure(self, failure: SwitchboardError) -> None:
        # Once the form is there, what was typed stays in sight.
        (self.report_failure if self._loaded else super().show_failure)(failure)

    def on_form_row_changed(self) -> None:
        # A field that has just been laid out also reports the text it starts with.
        if not self.is_busy and self._values() != self._checked_values:
            self.status.clear()
        self._check()

    def on_form_row_left(self, event: FormRow.Left) -> None:
        rows = self._rows()
        if event.row is rows[-1]:
            self.action_save()
        else:
            self.action_field(1)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if self._loaded:
            self._show_help()
            self.refresh_frame()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if self._loaded:
            self._check()

    def action_field(self, by: int) -> None:
        rows = self._rows()
        at = next((i for i, row in enumerate(rows) if row.has_cursor), 0)
        rows[max(0, min(len(rows) - 1, at + by))].focus_control()

    def action_suggest(self) -> None:
        """Fill the field with the next of the values known for it."""
        choices = self._current_choices()
        row = self._current_row()
        if choices and row is not None:
            at = choices.index(row.value) if row.value in choices else -1
            row.value = choices[(at + 1) % len(choices)]

    def action_save(self) -> None:
        if self._loaded:
            super().action_save()

    def action_test(self) -> None:
        """Ask the provider about what is typed, with the stored secrets where a secret is left blank."""
        from tui.session.connection_test import Job, run_on_draft, run_on_stored

        values = self._values()
        if not self._loaded or self.is_busy or self.prompt.is_asking or self._report_problem(values, "Not tested."):
            return
        untouched = self._base is not None and self._base.problem is None and not self._form.changed_names(values)
        # A test of what is stored is kept in its row; that of a draft only by the save that follows it unchanged.
        if untouched and self._base is not None:
            run = partial(run_on_stored, self.session, self._base.integration)
        else:
            stored = self._base.credential if self._base is not None else None
            run = partial(run_on_draft, self.session, self._form.draft(values, self._organization_id()), stored=stored)
        title = f"Test of {self._type.title}"
        self.console.navigation.open_connection_test(title, [Job(self._type.title, run)], self._on_test_left)

    def _on_test_left(self, results: tuple[ConnectionTestResult | None, ...]) -> None:
        tested = results[0] if results else None
        if tested is not None:
            self._passed = tested.passed_draft
            tone: Tone = "good" if tested.is_verified else "warning" if tested.is_unknown else "bad"
            self.status.say(tested.conclusion(), tone)

    def _report_problem(self, values: Mapping[str, str], lead: str) -> bool:
        """Go to the first field with a problem and say what it is; False where there is none."""
        problems = self._form.problems(values)
        if not problems:
            return False
        name = next(iter(problems))
        self._row(name).focus_control()
        self._check()
        more = f" {len(problems) - 1} more to correct." if len(problems) > 1 else ""
        self.status.say(f"{lead} {self._form.label(name)}: {problems[name]}{more}", "bad")
        return True

    async def save(self) -> bool:
        from tui.data.integrations.credentials import CredentialConflict, save_credential

        values = self._values()
        if self._report_problem(values, "Not saved."):
            return False
        if self._base is not None and not self._form.changed_names(values) and self._base.problem is None:
            self.status.say(NOTHING_CHANGED)
            return False
        if not await self._confirm_replacement():
            return False
        draft = self._form.draft(values, self._organization_id())
        try:
            saved = await self.writing(
                save_credential(
                    self.session.database,
                    self.session.keyring,
                    draft,
                    self._base,
                    self.session.settings.credential_format,
                    test=self._passed,
                )
            )
        except CredentialConflict as conflict:
            await self._resolve(conflict)
            return False
        self._passed = None
        self._row_id = saved.integration_id
        self._base = await self._read_stored()
        self._form = CredentialForm(self._type, self._base)
        for row in self._rows():
            row.show(self._form.initial(row.field_name), self._form.placeholder(row.field_name))
        what = f"Saved: {', '.join(saved.changed)}." if saved.changed else "No changes."
        if saved.created:
            what = "Saved as a new integration."
        verified = self._base is not None and self._base.integration.is_verified
        if saved.changed != (DISPLAY_NAME,):
            words = verified_words(check_proven=is_check_proven(self._type.name))
            what += f" It is {words}." if verified else " It is not tested yet."
        self.status.say(what, "good")
        self._check()
        if self._base is not None:
            added = await offer_number(self, self._type, self._base.integration, values, saved.changed)
            self.status.say(what + added, "good")
        return True

    async def _confirm_replacement(self) -> bool:
        """Ask before an envelope that cannot be read is replaced: fields that are not typed would be lost with it."""
        if self._base is None or self._base.problem is None:
            return True
        typed = await self.prompt.ask(
            f"The stored credential of {self._full_name} cannot be read ({self._base.problem.reason}). "
            "Saving replaces the whole credential.\n"
            f"Type {self._type.name} to replace it, or esc to cancel:"
        )
        if typed is None or typed.strip() != self._type.name:
            self.status.say("Nothing was written.")
            return False
        return True

    async def _resolve(self, conflict: CredentialConflict) -> None:
        """Show field by field what somebody else saved meanwhile, and let the person choose; secrets stay hidden."""
        await self._require_openable(conflict.current)
        values = self._values()
        lines = conflict_lines(self._form, values, conflict.current)
        choices = [Choice("m", "keep my changes"), Choice("t", "use theirs")]
        question = "\n".join([f"{self._full_name} was not saved.", conflict.sentence, *lines])
        chosen = await self.prompt.choose(question, choices, leave="keep editing")
        if chosen is None:
            self.status.say("Not saved: what you typed is still here.", "warning")
            return
        mine = {name: values[name] for name in self._form.changed_names(values)} if chosen == "m" else {}
        self._base = conflict.current
        self._form = CredentialForm(self._type, self._base)
        for row in self._rows():
            name = row.field_name
            row.show(mine.get(name, self._form.initial(name)), self._form.placeholder(name))
        self._check()
        self.status.say(
            "Their version is loaded, with your changes on top: F2 saves." if mine else "Their version is loaded."
        )

    def unsaved(self) -> str:
        changed = self._form.changed_names(self._values()) if self._loaded else ()
        names = ", ".join(self._form.label(name) for name in changed)
        return f"Unsaved changes in {self._full_name}: {names}." if changed else ""

    def close(self) -> None:
        # A secret that was typed does not outlive the form.
        for row in self._rows():
            row.value = ""
        self.leave()

    def _check(self) -> None:
        values = self._checked_values = self._values()
        problems = self._form.problems(values)
        changed = self._form.changed_names(values)
        for row in self._rows():
            # Nobody is told that a field is required while the cursor stands in it.
            is_untouched = not row.value and row.has_cursor
            row.mark(wrong=row.field_name in problems and not is_untouched, changed=row.field_name in changed)
        self._show_help()
        self.refresh_frame()

    def _show_help(self) -> None:
        row = self._current_row()
        if row is not None:
            self.query_one("#help", Static).update(field_help(self._form, row.field_name, self._values()))

    def _current_row(self) -> FormRow | None:
        return next((row for row in self._rows() if row.has_cursor), None)

    def _current_choices(self) -> tuple[str, ...]:
        row = self._current_row() if self._loaded else None
        if row is None:
            return ()
        offer = self._form.offers(self._values()).get(row.field_name)
        return ((offer,) if offer else ()) + self._form.choices(row.field_name)

    def _values(self) -> dict[str, str]:
        return {row.field_name: row.value for row in self._rows()}

    def _rows(self) -> list[FormRow]:
        return list(self.query(FormRow))

    def _row(self, name: str) -> FormRow:
        return next(row for row in self._rows() if row.field_name == name)

    def _organization_id(self) -> Any:
        organization = self.session.organization
        if organization is None:
            raise RuntimeError("the editor opens on an organisation's integration")
        return organization.id
