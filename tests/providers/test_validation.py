"""From a form or a command to the credential that is stored."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.hostile_strings import hostile_strings
from tui.providers import integration_type, registry
from tui.providers.exotel_hosts import HOSTS
from tui.providers.fields import Field, IntegrationType
from tui.providers.validation import Validation, form_values, read_display_name, validate

PHONE = integration_type("exotel_phone")
WHATSAPP = integration_type("exotel_whatsapp")
MAIL = integration_type("zoho_mail")
GOOD_PHONE = {"account_sid": "co1", "api_key": "k1", "api_token": "t1", "virtual_number": "01141169368"}
GOOD_MAIL = {"email": "desk@example.com", "app_password": "abcdefghijkl"}
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def sentences(result: Validation) -> list[str]:
    return [*result.problems.values(), *result.warnings.values()]


def test_a_complete_form_becomes_a_credential_and_blank_fields_are_absent() -> None:
    result = validate(PHONE, GOOD_PHONE | {"api_host": "", "caller_id": "  "})
    assert not result.problems
    assert result.credential == GOOD_PHONE
    assert not result.warnings


def test_what_is_required_is_named_with_an_example_and_without_one_for_secrets() -> None:
    result = validate(PHONE, {"account_sid": "", "api_key": " ", "api_token": None})
    assert result.problems
    assert result.problems == {
        "account_sid": "It is required, such as exampleco1.",
        "api_key": "It is required.",
        "api_token": "It is required.",
        "virtual_number": "It is required, such as 01141169368.",
    }


def test_a_blank_secret_keeps_the_stored_one_and_a_blank_option_is_removed() -> None:
    stored = GOOD_PHONE | {"caller_id": "08033755555"}
    form = form_values(PHONE, stored)
    assert form["api_key"] == form["api_token"] == ""
    result = validate(PHONE, form | {"caller_id": ""}, existing=stored)
    assert not result.problems
    assert result.credential == GOOD_PHONE


def test_null_removes_even_a_secret() -> None:
    assert validate(PHONE, {"api_token": None}, existing=GOOD_PHONE).problems == {"api_token": "It is required."}


def test_what_a_command_does_not_give_stays() -> None:
    result = validate(PHONE, {"api_token": "t2"}, existing=GOOD_PHONE)
    assert not result.problems
    assert result.credential == GOOD_PHONE | {"api_token": "t2"}
    assert GOOD_PHONE["api_token"] == "t1"


def test_unknown_fields_are_kept_and_a_new_one_is_pointed_out() -> None:
    stored = GOOD_PHONE | {"display_name": "Main", "nested": {"a": [1e-7, None]}}
    result = validate(PHONE, {"apikey": "x", "zzz": 5}, existing=stored)
    assert result.credential == stored | {"apikey": "x", "zzz": 5}
    assert list(result.credential)[:6] == [*GOOD_PHONE, "display_name", "nested"]
    assert result.warnings == {
        "apikey": "Exotel phone has no field of this name; it is kept as it is. Did you mean api_key?",
        "zzz": "Exotel phone has no field of this name; it is kept as it is.",
    }


def test_an_unknown_field_that_was_there_already_is_not_pointed_out_again() -> None:
    stored = GOOD_PHONE | {"display_name": "Main"}
    result = validate(PHONE, {"display_name": "Other"}, existing=stored)
    assert result.credential["display_name"] == "Other"
    assert not result.warnings


def test_a_name_is_a_text_of_255_characters_at_most() -> None:
    assert read_display_name("  Front desk ") == ("Front desk", None)
    assert read_display_name(" ") == read_display_name(None) == (None, None)
    assert read_display_name("n" * 255) == ("n" * 255, None)
    assert read_display_name("n" * 256) == (None, "At most 255 characters; there are 256.")
    for wrong in (7, "a\0b", "a\ud800b"):
        name, problem = read_display_name(wrong)
        assert (name, bool(problem)) == (None, True)


def test_business_hours_are_kept_without_a_word() -> None:
    hours = {"enabled": True, "timezone": "Asia/Kolkata"}
    values = {"account_sid": "co1", "api_key": "k1", "api_token": "t1", "whatsapp_number": "+919876543210"}
    result = validate(WHATSAPP, values | {"business_hours": hours})
    assert result.credential["business_hours"] == hours
    assert not result.warnings


@pytest.mark.parametrize(
    "stored",
    [
        {"smtp_port": "587"},
        {"smtp_port": 587},
        {"smtp_host": "https://smtp.zoho.com/"},
        {"smtp_host": {"a": ["é"]}},
        {"smtp_host": None},
        {"smtp_host": ""},
        {"imap_port": 143.5},
        {"email": " desk@example.com\n"},
    ],
    ids=str,
)
def test_what_the_form_was_filled_with_stays_exactly_as_another_program_stored_it(stored: dict[str, Any]) -> None:
    existing = GOOD_MAIL | stored
    result = validate(MAIL, form_values(MAIL, existing), existing=existing)
    assert not result.problems
    assert json.dumps(result.credential) == json.dumps(existing)


def test_a_stored_value_that_would_not_be_accepted_now_is_a_warning_with_an_offer() -> None:
    existing = GOOD_MAIL | {"smtp_host": "https://smtp.zoho.com/x"}
    result = validate(MAIL, {"smtp_host": "https://smtp.zoho.com/x"}, existing=existing)
    assert result.warnings["smtp_host"].startswith("It stays as it is stored; expected: Only a host name, such as")
    assert result.offers == {"smtp_host": "smtp.zoho.com"}
    assert "smtp_host" in validate(MAIL, {"smtp_host": "https://smtp.zoho.in/x"}, existing=existing).problems


def test_the_same_json_value_is_unchanged_but_true_is_not_one() -> None:
    existing = GOOD_MAIL | {"smtp_port": 1}
    assert "smtp_port" in validate(MAIL, {"smtp_port": True}, existing=existing).problems
    assert not validate(MAIL, {"smtp_port": 1}, existing=existing).problems


def test_several_warnings_of_one_field_are_all_said() -> None:
    result = validate(MAIL, GOOD_MAIL | {"app_password": " abcd efgh ijkl\n"})
    assert result.credential["app_password"] == "abcd efgh ijkl"
    assert result.offers == {"app_password": "abcdefghijkl"}
    assert result.warnings["app_password"] == (
        "Spaces or line breaks around it were removed. There are spaces in it; it is usually entered without spaces."
    )


def test_a_key_with_a_colon_cannot_be_sent_and_a_key_pasted_twice_is_doubtful() -> None:
    assert "colon" in validate(PHONE, GOOD_PHONE | {"api_key": "key:token"}).problems["api_key"]
    assert "same" in validate(PHONE, GOOD_PHONE | {"api_key": "t1"}).warnings["api_key"]
    assert validate(PHONE, GOOD_PHONE | {"api_key": ["list"]}).problems
    assert "api_key" not in validate(PHONE, GOOD_PHONE, existing={"api_key": {"odd": 1}}).problems


def test_a_problem_of_the_field_itself_is_said_before_one_across_fields() -> None:
    existing = GOOD_PHONE | {"api_key": "a:b"}
    assert validate(PHONE, {"api_key": "a\nb"}, existing=existing).problems["api_key"].startswith("One line;")


@pytest.mark.parametrize(
    ("given", "outcome", "sentence", "offer"),
    [
        ({"api_host": "my.exotel.com"}, "problem", "Enter the host of its API, api.exotel.com.", "api.exotel.com"),
        ({"api_host": "https://my.in.exotel.com/x"}, "problem", "Only a host name", "api.in.exotel.com"),
        (
            {"account_sid": "exampleco1m", "api_host": "https://gateway.example.com/x"},
            *("problem", "Only a host name", "gateway.example.com"),
        ),
        ({"api_host": "my.mum1.exotel.com:443"}, "problem", "its API, api.in.exotel.com.", "api.in.exotel.com"),
        ({"account_sid": "exampleco1m"}, "warning", "Its API host is api.in.exotel.com.", "api.in.exotel.com"),
        ({"account_sid": "exampleco1m", "api_host": "api.in.exotel.com"}, "", "", None),
        ({"account_sid": "exampleco1m", "api_host": "gateway.example.com"}, "warning", "known hosts", None),
        ({"account_sid": "team", "api_host": "api.exotel.com"}, "", "", None),
    ],
)
def test_a_portal_is_no_api_host_and_a_sid_of_another_region_is_doubtful(
    given: dict[str, Any], outcome: str, sentence: str, offer: str | None
) -> None:
    result = validate(PHONE, GOOD_PHONE | given)
    found = {"problem": result.problems, "warning": result.warnings, "": {}}[outcome]
    assert sentence in found.get("api_host", "")
    assert {*result.problems, *result.warnings} == ({"api_host"} if outcome else set())
    assert result.offers.get("api_host") == offer
    if offer in HOSTS and outcome == "problem":
        assert not validate(PHONE, GOOD_PHONE | given | {"api_host": offer}).problems


def test_in_india_sms_need_the_entity_that_is_registered_for_them() -> None:
    sms = integration_type("exotel_sms")
    account = {name: value for name, value in GOOD_PHONE.items() if name != "virtual_number"}
    for sender, is_indian in (("EXMPLE", True), ("01141169368", True), ("+911141169368", True), ("+6561234567", False)):
        warnings = validate(sms, account | {"sms_number": sender}).warnings
        assert ("mandatory in India" in warnings.get("dlt_entity_id", "")) == is_indian, sender
        entity = {"dlt_entity_id": "1101234567890123456", "sms_type": "promotional"}
        result = validate(sms, account | {"sms_number": sender} | entity)
        assert result.credential == account | {"sms_number": sender} | entity
        assert "dlt_entity_id" not in result.warnings
    assert (
        validate(sms, account | {"sms_number": "EXMPLE", "sms_type": "spam"}).problems["sms_type"].startswith("One of")
    )
    # A whole number of JSON may have lost digits.
    assert validate(sms, account | {"sms_number": "EXMPLE", "dlt_entity_id": 1101234567890123456}).problems


def test_an_automatic_reply_without_a_text_is_doubtful() -> None:
    values = {"account_sid": "co1", "api_key": "k1", "api_token": "t1", "whatsapp_number": "+919876543210"}
    assert "auto_reply_message" in validate(WHATSAPP, values | {"auto_reply_enabled": "yes"}).warnings
    assert not validate(WHATSAPP, values | {"auto_reply_enabled": "no"}).warnings
    assert not validate(WHATSAPP, values | {"auto_reply_enabled": True, "auto_reply_message": "Hi"}).warnings


@pytest.mark.parametrize(
    ("hosts", "field", "goes_with"),
    [
        ({"smtp_host": "smtppro.zoho.in"}, "imap_host", "imappro.zoho.in"),
        ({"smtp_host": "smtp.zoho.eu", "imap_host": "imappro.zoho.eu"}, "imap_host", "imap.zoho.eu"),
        ({"smtp_host": "SMTP.zohocloud.ca", "imap_host": "imap.zoho.com"}, "imap_host", "imap.zohocloud.ca"),
        # What nobody typed is what is wrong.
        ({"imap_host": "imap.zoho.com.au"}, "smtp_host", "smtp.zoho.com.au"),
        ({"smtp_host": "imappro.zoho.in", "imap_host": "imappro.zoho.in"}, "smtp_host", "smtppro.zoho.in"),
        ({"smtp_host": "smtppro.zoho.in", "imap_host": "imappro.zoho.in"}, "", None),
        ({"smtp_host": "smtp.zohocloud.ca", "imap_host": "imap.zohocloud.ca"}, "", None),
        ({"smtp_host": "smtp.zoho.uk", "imap_host": "imap.zoho.uk"}, "imap_host", None),
        ({"smtp_host": "mail.example.com"}, "smtp_host", None),
        ({}, "", None),
    ],
)
def test_hosts_that_do_not_go_together_are_doubtful_and_the_right_one_is_offered(
    hosts: dict[str, str], field: str, goes_with: str | None
) -> None:
    result = validate(MAIL, GOOD_MAIL | hosts)
    assert not result.problems
    assert (field in result.warnings) == bool(field)
    assert result.offers == ({field: goes_with} if goes_with else {})
    if goes_with:
        assert f" {goes_with}." in result.warnings[field]
        assert not validate(MAIL, GOOD_MAIL | hosts | result.offers).warnings


@pytest.mark.parametrize(
    ("definition", "stored", "given", "kept"),
    [
        (PHONE, {}, {"api_host": "evil.example"}, "api_key api_token"),
        # One of the provider's own is another as well.
        (PHONE, {}, {"api_host": "api.in.exotel.com"}, "api_key api_token"),
        (PHONE, {"api_host": "gateway.example.com"}, {"api_host": ""}, "api_key api_token"),
        (PHONE, {"api_host": "gateway.example.com"}, {"api_host": None}, "api_key api_token"),
        (PHONE, {}, {"api_host": "api.exotel.com:8443"}, "api_key api_token"),
        (PHONE, {}, {"api_host": "evil.example", "api_key": " ", "api_token": "t2"}, "api_key"),
        (PHONE, {}, {"api_host": "evil.example", "api_key": "k1", "api_token": "t1"}, ""),
        (PHONE, {"api_token": ""}, {"api_host": "evil.example", "api_key": "k2", "api_token": "t2"}, ""),
        (PHONE, {}, {"api_host": "API.exotel.com.:443"}, ""),
        (PHONE, {"api_host": " API.Exotel.com:443 "}, {"api_host": "api.exotel.com"}, ""),
        (PHONE, {"api_host": {"odd": 1}}, {"api_host": "api.exotel.com"}, "api_key api_token"),
        (PHONE, {"api_host": "evil.example"}, {"caller_id": "08033755555"}, ""),
        (MAIL, {}, {"imap_host": "imap.zoho.in"}, "app_password"),
        (MAIL, {}, {"smtp_port": "465", "email": "other@example.com"}, ""),
    ],
)
def test_a_secret_is_typed_again_where_a_host_is_another_than_the_stored_one(
    definition: IntegrationType, stored: dict[str, Any], given: dict[str, Any], kept: str
) -> None:
    """Else whoever may save, and may not reveal, would read it on a server of their own after one test."""
    existing = (GOOD_PHONE if definition is PHONE else GOOD_MAIL) | stored
    for values in (given, form_values(definition, existing) | given):
        problems = validate(definition, values, existing=existing).problems
        named = {name: sentence for name, sentence in problems.items() if "It was stored for" in sentence}
        assert " ".join(named) == kept, values
    assert not validate(definition, existing | given).problems.keys() & {"api_token", "app_password"}


def test_the_hosts_of_both_sides_are_named_and_what_is_no_host_is_made_safe() -> None:
    existing = GOOD_MAIL | {"smtp_host": "\x1b[31mred" + "x" * 300}
    result = validate(MAIL, {"smtp_host": "smtp.zoho.in", "imap_host": "imap.zoho.in"}, existing=existing)
    sentence = result.problems["app_password"]
    assert sentence.endswith(
        " and imap.zoho.com; type it again, so that it is not sent to smtp.zoho.in and imap.zoho.in unseen."
    )
    assert sentence.startswith("It was stored for ") and not CONTROL.search(sentence) and len(sentence) < 300
    assert "abcdefghijkl" not in sentence


def test_neither_the_credential_nor_an_offer_shows_in_a_repr() -> None:
    result = validate(MAIL, GOOD_MAIL | {"app_password": "canary canary"})
    assert "canary" in result.credential["app_password"]
    assert "canary" in result.offers["app_password"]
    assert "canary" not in repr(result)


@pytest.mark.parametrize("text", hostile_strings().values(), ids=hostile_strings().keys())
def test_hostile_strings_in_every_field_are_refused_or_stored_without_a_control(text: str) -> None:
    for definition in registry().values():
        for field in definition.fields:
            result = validate(definition, {field.name: text})
            stored = result.credential.get(field.name)
            assert (
                field.name in result.problems
                or stored is None
                or field.kind == "multiline"
                or not CONTROL.search(stored)
            )
            assert not any(CONTROL.search(sentence) for sentence in sentences(result))
            assert max((len(sentence) for sentence in sentences(result)), default=0) < 500


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(max_size=5), child, max_size=3),
    max_leaves=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_no_json_value_breaks_it_and_a_secret_is_never_quoted(data: st.DataObject) -> None:
    definition = data.draw(st.sampled_from(list(registry().values())))
    names = st.sampled_from([field.name for field in definition.fields])
    existing = data.draw(st.none() | st.dictionaries(names, json_values))
    values = data.draw(st.dictionaries(names | st.text(max_size=5), json_values))
    result = validate(definition, values, existing=existing)
    assert set(existing or {}) <= set(result.credential) | set(values)
    secrets = [field.name for field in definition.fields if field.secret]
    canary = validate(definition, dict.fromkeys(secrets, "canary\x00canary"), existing=existing)
    assert not any("canary" in sentence for sentence in sentences(canary))


def test_a_type_without_a_check_of_its_own_is_checked_field_by_field() -> None:
    simple = IntegrationType("simple", "Simple", "Nowhere.", (Field("a", "A", "text", "A."),))
    assert validate(simple, {"a": "é"}).credential == {"a": "é"}
