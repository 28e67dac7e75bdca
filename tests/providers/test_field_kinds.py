"""How one value is read, by the kind of its field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tui.providers.field_kinds import Reading, as_text, host_and_port, read
from tui.providers.fields import Field

if TYPE_CHECKING:
    from tui.providers.fields import Kind

EXPECTED_PHONE = "A phone number of 10 to 15 digits, such as 01141169368 or +911141169368."


def field(kind: Kind, *, choices: tuple[str, ...] = (), max_length: int = 255) -> Field:
    return Field("x", "X", kind, "Help.", choices=choices, max_length=max_length)


@pytest.mark.parametrize(
    "kind", ["text", "word", "phone", "sender", "e164", "email", "host", "host_port", "port", "multiline"]
)
def test_a_blank_of_any_kind_is_no_value(kind: Kind) -> None:
    for blank in ("", " ", "\n\t ", "\u200b\ufeff", None):
        assert read(field(kind), blank) == Reading(), ascii(blank)


@pytest.mark.parametrize("typed", [" abc", "abc\n", "\ufeffabc", "abc\u200b ", "\u00a0abc\r\n"], ids=ascii)
def test_what_surrounds_a_value_is_left_out_and_told(typed: str) -> None:
    reading = read(field("word"), typed)
    assert reading.value == "abc"
    assert reading.warnings == ("Spaces or line breaks around it were removed.",)


@pytest.mark.parametrize("typed", ["a\nb", "a\r\nb", "a\rb", "a\u2028b", "a\u2029b", "a\x0bb"], ids=ascii)
def test_several_lines_in_one_field_are_never_cut(typed: str) -> None:
    reading = read(field("text"), typed)
    assert reading == Reading(problem="One line; 2 lines were pasted here. Put each value into its own field.")


def test_several_lines_are_what_a_multiline_field_is_for() -> None:
    assert read(field("multiline"), "a\r\nb\rc\td") == Reading("a\nb\nc\td")
    assert read(field("multiline"), "\na\n").warnings == ("Spaces or line breaks around it were removed.",)


@pytest.mark.parametrize("kind", ["text", "word", "multiline"])
@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x9b"], ids=ascii)
def test_control_characters_are_refused_and_named(kind: Kind, control: str) -> None:
    problem = read(field(kind), f"a{control}b").problem
    assert problem is not None
    assert f"U+{ord(control):04X}" in problem
    assert control not in problem


def test_half_a_character_is_refused() -> None:
    assert "lone surrogate" in str(read(field("text"), "a\ud800").problem)


def test_a_value_too_long_is_refused_with_both_lengths() -> None:
    assert read(field("text", max_length=5), "éééééé").problem == "At most 5 characters; there are 6."
    assert read(field("text", max_length=5), "ééééé").value == "ééééé"


def test_an_invisible_character_inside_is_doubtful() -> None:
    assert read(field("word"), "ab\u200bcd").warnings == ("There is an invisible character in it (U+200B).",)


def test_a_word_with_blanks_is_kept_and_offered_without() -> None:
    reading = read(field("word"), "abcd efgh\u00a0ijkl")
    assert reading.value == "abcd efgh\u00a0ijkl"
    assert reading.offer == "abcdefghijkl"
    assert reading.warnings == ("There are spaces in it; it is usually entered without spaces.",)


def test_text_is_not_limited_to_ascii() -> None:
    assert read(field("text"), "Zoë & 漢字") == Reading("Zoë & 漢字")
    assert read(field("email"), "jürgen@пример.рф") == Reading("jürgen@пример.рф")


@pytest.mark.parametrize("typed", ["01141169368", "1141169368", "+91 11 4116-9368", "911141169368"])
def test_a_phone_number_is_stored_as_typed(typed: str) -> None:
    assert read(field("phone"), typed) == Reading(typed)


@pytest.mark.parametrize("typed", ["12345", "+91XXXXXXXXXX", "EXOTEL", "0114116936801141169368"])
def test_what_is_no_phone_number_says_what_is_expected(typed: str) -> None:
    assert read(field("phone"), typed) == Reading(problem=EXPECTED_PHONE)


def test_a_phone_number_in_other_digits_is_offered_in_ascii() -> None:
    reading = read(field("phone"), "+٩١١١٤١١٦٩٣٦٨")
    assert reading.problem == "Digits 0 to 9 and plain signs only, such as 01141169368 or +911141169368."
    assert reading.offer == "+911141169368"
    assert read(field("sender"), "+٩١١١٤١١٦٩٣٦٨").problem == reading.problem


def test_a_number_outside_the_published_plan_is_doubtful() -> None:
    warning = "+91114116936 is in no range that its country has published; check the digits."
    assert read(field("phone"), "0114116936") == Reading("0114116936", warnings=(warning,))


@pytest.mark.parametrize("name", ["EXOTEL", "AD-EXOTL", "Acme 24", "56161"])
def test_a_sender_name_is_no_phone_number_and_accepted(name: str) -> None:
    reading = read(field("sender"), name)
    assert reading.value == name
    assert reading.warnings == ("It is not a phone number; as a sender name it must be approved for you.",)


@pytest.mark.parametrize("name", ["E", "much too long for one", "Ünicode", "12"])
def test_what_is_neither_number_nor_sender_says_so(name: str) -> None:
    assert str(read(field("sender"), name).problem).endswith("or a sender name of 2 to 11 letters and digits.")


def test_a_sender_may_be_a_number() -> None:
    assert read(field("sender"), "01141169368") == Reading("01141169368")
    assert str(read(field("sender"), "9513886363.0").problem).startswith("That is a number with decimals")


def test_a_whatsapp_number_is_stored_as_e164_and_a_conversion_is_told() -> None:
    assert read(field("e164"), "+919876543210") == Reading("+919876543210")
    assert read(field("e164"), "098765 43210") == Reading("+919876543210", warnings=("It is stored as +919876543210.",))
    assert read(field("e164"), "nobody").problem == "A phone number with its country code, such as +919876543210."


@pytest.mark.parametrize(
    "typed", ["a", "a@", "@b", "Desk <a@b.c>", "a@b.c, d@e.f", "a b@c.d", "a@b@c.d", "a\u200b@b.c"]
)
def test_only_one_address_is_an_address(typed: str) -> None:
    assert read(field("email"), typed).problem == "One e-mail address and nothing else, such as support@example.com."


def test_a_domain_without_a_dot_is_doubtful() -> None:
    assert read(field("email"), "a@localhost").warnings == ("What follows the @ has no dot; check the domain.",)


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("api.exotel.com", "api.exotel.com"),
        ("API.Exotel.Com.", "api.exotel.com"),
        ("ａpi.exotel.com", "api.exotel.com"),
    ],
)
def test_a_host_name_is_stored_in_its_usual_form(typed: str, stored: str) -> None:
    assert read(field("host"), typed).value == stored


@pytest.mark.parametrize(
    ("typed", "offer"),
    [
        ("https://api.exotel.com/v1", "api.exotel.com"),
        ("https://key:token@api.exotel.com", "api.exotel.com"),
        ("api.exotel.com:443", "api.exotel.com"),
        ("api.exotel.com/v1", "api.exotel.com"),
        ("api\u200b.exotel.com", "api.exotel.com"),
        ("api exotel com", None),
        ("-a.example", None),
        ("a..b", None),
        ("[::1", None),
        ("é..b", None),
        ("a" * 64 + ".com", None),
    ],
)
def test_what_is_more_than_a_host_name_is_refused_with_the_name_in_it(typed: str, offer: str | None) -> None:
    reading = read(field("host"), typed)
    assert reading.problem == "Only a host name, such as api.example.com: no https://, path or port."
    assert reading.offer == offer


@pytest.mark.parametrize(
    ("typed", "doubt"),
    [
        ("10.0.0.1", "It is an address; a certificate usually names a host."),
        ("gateway", "It has no dot; is it the whole name?"),
        ("exotel.example.com", "It is not one of the provider's known hosts: the credential will be sent there."),
    ],
)
def test_a_host_name_that_may_be_a_mistake_is_doubtful(typed: str, doubt: str) -> None:
    reading = read(field("host", choices=("api.exotel.com",)), typed)
    assert reading.value == typed
    assert doubt in reading.warnings


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("api.exotel.com", "api.exotel.com"),
        ("API.Exotel.Com.:8443", "api.exotel.com:8443"),
        ("api.exotel.com:443", "api.exotel.com"),
        ("localhost:00065", "localhost:65"),
        ("b\u00fccher.example:1", "b\u00fccher.example:1"),
    ],
)
def test_a_host_with_a_port_is_stored_in_its_usual_form(typed: str, stored: str) -> None:
    reading = read(field("host_port"), typed)
    assert reading.value == stored
    assert read(field("host_port"), stored).value == stored


@pytest.mark.parametrize(
    ("typed", "problem", "offer"),
    [
        ("api.exotel.com:0", "After the colon, a port", "api.exotel.com"),
        ("api.exotel.com:", "After the colon, a port", "api.exotel.com"),
        ("api.exotel.com:65536", "After the colon, a port", "api.exotel.com"),
        ("api.exotel.com:+1", "After the colon, a port", "api.exotel.com"),
        ("https://api.exotel.com:8443/v1", "no https:// and no path", "api.exotel.com:8443"),
        ("https://api.exotel.com/v1", "no https:// and no path", "api.exotel.com"),
        ("https://key:token@api.exotel.com", "no https:// and no path", "api.exotel.com"),
        ("[::1]:443", "no https:// and no path", None),
        ("a:1:2", "no https:// and no path", None),
    ],
)
def test_what_is_more_than_a_host_and_a_port_is_refused(typed: str, problem: str, offer: str | None) -> None:
    reading = read(field("host_port"), typed)
    assert problem in str(reading.problem)
    assert reading.offer == offer


def test_a_known_host_is_known_with_its_port_too_and_another_is_doubtful() -> None:
    host_field = field("host_port", choices=("api.exotel.com",))
    assert read(host_field, "api.exotel.com:8443").warnings == ()
    assert "the credential will be sent there" in read(host_field, "gateway.example:8443").warnings[0]


@pytest.mark.parametrize("typed", ["a..b", "a:b", "a:1:2", "a/b:1", "", ":1", "a:\u0661"])
def test_what_is_neither_name_nor_name_and_port_is_not_split(typed: str) -> None:
    assert host_and_port(typed) is None


def test_a_name_is_split_from_its_port_as_dns_knows_it() -> None:
    assert host_and_port("B\u00fccher.example.:8443") == ("xn--bcher-kva.example", 8443)
    assert host_and_port("localhost") == ("localhost", None)


def test_letters_that_only_look_like_ascii_are_spelled() -> None:
    warnings = read(field("host"), "api.ex\u043etel.com").warnings
    assert warnings == ("It has letters outside ASCII: its real name is api.xn--extel-kye.com.",)


@pytest.mark.parametrize("typed", ["587", 587, " 587", "0587"])
def test_a_port_is_stored_as_an_integer(typed: Any) -> None:
    value = read(field("port", choices=("587", "465")), typed).value
    assert value == 587
    assert type(value) is int


@pytest.mark.parametrize("typed", ["0", "65536", "99999", "smtp", "-1", "587.0", "５８７", 0, -587, 10**30])
def test_what_is_no_port_says_what_is_expected(typed: Any) -> None:
    assert read(field("port"), typed).problem == "A port number between 1 and 65535."
    with_choices = read(field("port", choices=("587", "465")), typed).problem
    assert with_choices == "A port number between 1 and 65535, usually 587 or 465."


def test_another_port_is_doubtful() -> None:
    assert read(field("port", choices=("587", "465")), "25") == Reading(25, warnings=("It is usually 587 or 465.",))
    assert read(field("port"), "25") == Reading(25)


@pytest.mark.parametrize(("typed", "value"), [("yes", True), ("NO", False), ("true", True), ("0", False), (True, True)])
def test_yes_and_no_are_stored_as_true_and_false(typed: Any, value: bool) -> None:
    assert read(field("yes_no"), typed).value is value


@pytest.mark.parametrize(
    ("kind", "typed", "problem"),
    [
        ("yes_no", "perhaps", "Yes or no."),
        ("yes_no", 1, "Yes or no, not a JSON number."),
        ("text", True, "A text, not true or false."),
        ("port", False, "A port number, not true or false."),
        ("port", 587.0, "A port number, not a JSON number."),
        ("text", [], "A text, not a JSON array."),
        ("word", {}, "A text, not a JSON object."),
        ("word", 10**5000, "A text in quotes: a JSON number loses a leading zero."),
        ("text", 1, "A text in quotes: a JSON number loses a leading zero."),
        ("email", 42, "A text in quotes: a JSON number loses a leading zero."),
        ("host", 1.5, "A text in quotes: a JSON number loses a leading zero."),
        (
            "phone",
            1141169368,
            "A text in quotes, such as 01141169368 or +911141169368: a JSON number loses a leading zero.",
        ),
        ("choice", "c", "One of a, b."),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, int) else "number",
)
def test_a_json_value_of_the_wrong_type_says_what_is_expected(kind: Kind, typed: Any, problem: str) -> None:
    assert read(field(kind, choices=("a", "b") if kind == "choice" else ()), typed) == Reading(problem=problem)


def test_a_json_number_is_a_port() -> None:
    assert read(field("port"), 587) == Reading(587)


def test_a_choice_is_one_of_its_choices() -> None:
    assert read(field("choice", choices=("a", "b")), "b") == Reading("b")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "yes"), (False, "no"), ("é", "é"), (587, "587"), ({"é": [1]}, '{"é": [1]}'), (1.5, "1.5")],
    ids=str,
)
def test_a_stored_value_has_a_text_for_the_form(value: Any, text: str) -> None:
    assert as_text(value) == text
