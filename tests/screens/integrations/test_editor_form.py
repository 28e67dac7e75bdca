"""The credential editor's form without its widgets: placeholders, changes, problems, and what a conflict shows."""

from __future__ import annotations

from tests.support.acme import ACME, PHONE
from tui.data.integrations.credentials import StoredCredential
from tui.models.integrations import Integration
from tui.providers import integration_type
from tui.screens.integrations.editor_form import DISPLAY_NAME, CredentialForm, conflict_lines, field_help

TYPE = integration_type("exotel_phone")
NEW = CredentialForm(TYPE, None)


def stored(credential: dict[str, str] | None) -> StoredCredential:
    return StoredCredential(Integration(ACME, ACME, TYPE.name), "sb2.x", "sb2", credential)


def values(form: CredentialForm, **typed: str) -> dict[str, str]:
    names = [DISPLAY_NAME, *(field.name for field in TYPE.fields)]
    return {name: typed.get(name, form.initial(name)) for name in names}


def test_a_secret_starts_blank_and_says_whether_one_is_stored() -> None:
    form, unreadable = CredentialForm(TYPE, stored(PHONE)), CredentialForm(TYPE, stored(None))
    assert (form.initial("account_sid"), form.initial("api_key")) == (PHONE["account_sid"], "")
    assert form.placeholder("api_key") == "stored; leave blank to keep it"
    assert NEW.placeholder("api_key") == "not stored yet"
    assert unreadable.placeholder("api_key") == "stored, but it cannot be read"
    assert (form.is_new, NEW.is_new, unreadable.is_new) == (False, True, True)


def test_what_is_left_as_it_was_is_no_change_and_stays_in_the_draft() -> None:
    form = CredentialForm(TYPE, stored(PHONE))
    assert form.changed_names(values(form)) == ()
    typed = values(form, caller_id="08033755555")
    assert form.changed_names(typed) == ("caller_id",)
    assert form.draft(typed, ACME).credential == {**PHONE, "caller_id": "08033755555"}


def test_a_name_is_as_long_as_what_is_stored_of_it() -> None:
    assert DISPLAY_NAME not in NEW.problems({DISPLAY_NAME: f"  {'n' * 255}  "})
    assert NEW.problems({DISPLAY_NAME: "n" * 256})[DISPLAY_NAME] == "At most 255 characters; there are 256."
    assert "invalid character" in NEW.problems({DISPLAY_NAME: "a\ud800b"})[DISPLAY_NAME]


def test_the_help_of_a_field_says_a_number_as_e164_and_what_is_wrong_once_something_is_typed() -> None:
    form = CredentialForm(TYPE, stored({**PHONE, "of_another": "x"}))
    text = field_help(form, "virtual_number", values(form, virtual_number="011-4116 9368")).plain
    assert "\n= +911141169368, " in text
    assert text.endswith("Also stored, kept as it is: of_another")
    assert "required" not in field_help(NEW, "account_sid", values(NEW)).plain
    assert "\nIt is required" in field_help(form, "account_sid", values(form, account_sid="")).plain


def test_a_conflict_is_told_field_by_field_and_of_secrets_only_that_they_differ() -> None:
    form = CredentialForm(TYPE, stored({**PHONE, "caller_id": "08011111111"}))
    theirs = stored({**PHONE, "caller_id": "08044400000", "api_token": "a-token-of-theirs"})
    assert conflict_lines(form, values(form, caller_id="08033755555", api_key="canary"), theirs) == [
        "API key: unchanged; yours: new",
        "API token: changed by them; yours: unchanged",
        "Caller ID: theirs “08044400000”; yours “08033755555”",
    ]
    assert (
        conflict_lines(form, values(form, caller_id=""), theirs)[-1] == "Caller ID: theirs “08044400000”; yours (empty)"
    )
    same = values(form, caller_id="08044400000")
    assert conflict_lines(form, same, stored({**PHONE, "caller_id": "08044400000"})) == [
        "They saved the same values as you typed."
    ]
