"""How one typed or pasted value becomes what is stored, or a sentence that says what is expected instead."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.words.numbers import phone_number as numbers
from tui.words.text import is_unicode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.providers.fields import Field, Kind

# Copied along with a value by browsers, spreadsheets and address books.
_INVISIBLE = "\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_SURROUNDING = re.compile(rf"\A[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+\Z")
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_LAYOUT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
)
_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")
_SENDER = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &_-]{2,11}|[0-9]{3,8}")

_YES_NO = {
    **dict.fromkeys(("yes", "y", "true", "on", "1"), True),
    **dict.fromkeys(("no", "n", "false", "off", "0"), False),
}
_PLAIN_PHONE = re.compile(r"\+?[0-9 ().\-/]*")
_PHONE = "such as 01141169368 or +911141169368"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value was read as: `value` to store, or the `problem` why not.

    `offer` is a text that the person probably meant instead. No sentence quotes a secret.
    """

    value: str | int | bool | None = None
    problem: str | None = None
    warnings: tuple[str, ...] = ()
    offer: str | None = None


def read(field: Field, value: Any) -> Reading:
    """Read a value that is a form's text or any JSON value; a blank one has the value None."""
    if not isinstance(value, str):
        return _read_json(field, value)
    if not is_unicode(value):
        return Reading(problem="Text; half a character (a lone surrogate) was pasted here. Copy it once more.")
    text = trimmed = _SURROUNDING.sub("", value)
    if field.kind == "multiline":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        return Reading()
    problem = _problem_of_any_kind(field, text)
    if problem:
        return Reading(problem=problem)
    reading = _READERS[field.kind](field, text)
    if field.pattern and reading.problem is None:
        from tui.providers.declared.patterns import fits

        if not fits(field.pattern, text):
            such_as = f", such as {field.example}" if field.example and not field.secret else ""
            return Reading(problem=f"A value of the form {field.pattern}{such_as}.")
    return Reading(
        reading.value,
        reading.problem,
        (*_doubts_of_any_kind(field, value, trimmed), *reading.warnings) if reading.problem is None else (),
        reading.offer,
    )


def as_text(value: Any) -> str:
    """Return a stored value as the text that a form shows, and that `read` reads as the same value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _read_json(field: Field, value: Any) -> Reading:
    """JSON's own types: true and false, whole numbers for a port or a number, null for blank."""
    if value is None:
        return Reading()
    if isinstance(value, bool):
        return Reading(value) if field.kind == "yes_no" else Reading(problem=f"{_expected(field)}, not true or false.")
    if isinstance(value, int) and field.kind in {"port", "number"} and abs(value) < 10**60:
        return read(field, str(value))
    if isinstance(value, int | float) and field.kind not in {"port", "number", "yes_no"}:
        such_as = f", {_PHONE}" if field.kind in {"phone", "sender", "e164"} else ""
        return Reading(problem=f"A text in quotes{such_as}: a JSON number loses a leading zero.")
    return Reading(problem=f"{_expected(field)}, not a JSON {_json_name(value)}.")


def _json_name(value: Any) -> str:
    if isinstance(value, dict):
        return "object"
    return "array" if isinstance(value, list) else "number"


def _expected(field: Field) -> str:
    if field.kind == "yes_no":
        return "Yes or no"
    return {"port": "A port number", "number": "A whole number"}.get(field.kind, "A text")


def _problem_of_any_kind(field: Field, text: str) -> str | None:
    lines = len(text.splitlines())
    if field.kind != "multiline" and lines > 1:
        return f"One line; {lines} lines were pasted here. Put each value into its own field."
    control = (_CONTROL_BUT_LAYOUT if field.kind == "multiline" else _CONTROL).search(text)
    if control:
        return f"Text without control characters; there is a U+{ord(control[0]):04X} in it. Copy it once more."
    if len(text) > field.max_length:
        return f"At most {field.max_length} characters; there are {len(text)}."
    return None


def _doubts_of_any_kind(field: Field, value: str, text: str) -> list[str]:
    doubts = []
    if text != value:
        doubts.append("Spaces or line breaks around it were removed.")
    hidden = _HIDDEN.search(text)
    if hidden and field.kind not in {"phone", "sender", "e164", "host", "host_port"}:
        doubts.append(f"There is an invisible character in it (U+{ord(hidden[0]):04X}).")
    return doubts


def _read_text(field: Field, text: str) -> Reading:
    return Reading(text)


def _read_word(field: Field, text: str) -> Reading:
    whole = "".join(text.split())
    if whole == text:
        return Reading(text)
    return Reading(text, warnings=("There are spaces in it; it is usually entered without spaces.",), offer=whole)


def _read_phone(field: Field, text: str) -> Reading:
    number = numbers.e164(text)
    if number is None:
        problem = numbers.why_not(text)
        return Reading(problem=" ".join(problem) if problem else f"A phone number of 10 to 15 digits, {_PHONE}.")
    if not _PLAIN_PHONE.fullmatch(text):
        return Reading(problem=f"Digits 0 to 9 and plain signs only, {_PHONE}.", offer=number)
    return Reading(text, warnings=_unusual(number))


def _read_sender(field: Field, text: str) -> Reading:
    if numbers.e164(text) is None and _SENDER.fullmatch(text):
        return Reading(text, warnings=("It is not a phone number; as a sender name it must be approved for you.",))
    reading = _read_phone(field, text)
    if reading.problem and reading.offer is None and numbers.why_not(text) is None:
        return Reading(problem=f"A phone number, {_PHONE}, or a sender name of 2 to 11 letters and digits.")
    return reading


def _read_e164(field: Field, text: str) -> Reading:
    number = numbers.e164(text)
    if number is None:
        problem = numbers.why_not(text)
        return Reading(
            problem=" ".join(problem) if problem else "A phone number with its country code, such as +919876543210."
        )
    converted = () if number == text else (f"It is stored as {number}.",)
    return Reading(number, warnings=(*converted, *_unusual(number)))


def _unusual(number: str) -> tuple[str, ...]:
    if numbers.in_numbering_plan(number):
        return ()
    return (f"{number} is in no range that its country has published; check the digits.",)


def _read_email(field: Field, text: str) -> Reading:
    local, _, domain = text.rpartition("@")
    if not local or not domain or re.search(r'[\s@<>,;"]', local + domain) or _HIDDEN.search(text):
        return Reading(problem="One e-mail address and nothing else, such as support@example.com.")
    doubt = () if "." in domain.strip(".") else ("What follows the @ has no dot; check the domain.",)
    return Reading(text, warnings=doubt)


def host_and_port(text: str) -> tuple[str, int | None] | None:
    """Split `name` or `name:port` into the name as DNS knows it and the port; None where it is neither."""
    name, colon, port = text.partition(":")
    host = _ascii_host(name.removesuffix("."))
    if host is None or (colon and not _is_port(port)):
        return None
    return host, int(port) if colon else None


def _read_host(field: Field, text: str) -> Reading:
    host = text.removesuffix(".")
    ascii_host = _ascii_host(host)
    if ascii_host is None:
        expected = f"Only a host name, such as {field.example or 'api.example.com'}: no https://, path or port."
        return Reading(problem=expected, offer=_host_within(text))
    stored = host.lower() if "xn--" in ascii_host else ascii_host
    return Reading(stored, warnings=_doubts_of_host(field, host, ascii_host))


def _read_host_port(field: Field, text: str) -> Reading:
    if host_and_port(text) is None:
        if "/" not in text and text.count(":") == 1 and host_and_port(text.partition(":")[0]):
            return Reading(problem="After the colon, a port number between 1 and 65535.", offer=_host_within(text))
        example = field.example or "api.example.com"
        expected = f"Only a host name, such as {example}, or name:port: no https:// and no path."
        return Reading(problem=expected, offer=_host_within(text, with_port=True))
    name, _, port = text.partition(":")
    reading = _read_host(field, name)
    # 443 is where https is spoken anyway.
    return replace(reading, value=f"{reading.value}:{int(port)}") if port and int(port) != 443 else reading


def _doubts_of_host(field: Field, host: str, ascii_host: str) -> tuple[str, ...]:
    doubts = []
    if not host.isascii():
        doubts.append(f"It has letters outside ASCII: its real name is {ascii_host}.")
    if _IPV4.fullmatch(ascii_host):
        doubts.append("It is an address; a certificate usually names a host.")
    elif "." not in ascii_host:
        doubts.append("It has no dot; is it the whole name?")
    if field.choices and ascii_host not in field.choices:
        doubts.append("It is not one of the provider's known hosts: the credential will be sent there.")
    return tuple(doubts)


def _ascii_host(host: str) -> str | None:
    """The name as DNS knows it, or None where it is not one."""
    if _HIDDEN.search(host):
        return None
    try:
        name = host.lower() if host.isascii() else host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return name if _HOST.fullmatch(name) else None


def _host_within(text: str, *, with_port: bool = False) -> str | None:
    from urllib.parse import urlsplit

    text = _HIDDEN.sub("", text)
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host, port = parts.hostname, parts.port if with_port else None
    except ValueError:
        return None
    if not host or not _ascii_host(host):
        return None
    return host if port in (None, 443) else f"{host}:{port}"


def _is_port(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,5}", text)) and 0 < int(text) < 65536


def _read_port(field: Field, text: str) -> Reading:
    if not _is_port(text):
        usual_ports = f", usually {' or '.join(field.choices)}" if field.choices else ""
        return Reading(problem=f"A port number between 1 and 65535{usual_ports}.")
    port = int(text)
    if field.choices and str(port) not in field.choices:
        return Reading(port, warnings=(f"It is usually {' or '.join(field.choices)}.",))
    return Reading(port)


def _read_number(field: Field, text: str) -> Reading:
    # Each of these is exact in every program that reads JSON.
    if not _NUMBER.fullmatch(text):
        return Reading(problem="A whole number of at most 15 digits.")
    return Reading(int(text))


def _read_yes_no(field: Field, text: str) -> Reading:
    answer = _YES_NO.get(text.lower())
    return Reading(problem="Yes or no.") if answer is None else Reading(answer)


def _read_choice(field: Field, text: str) -> Reading:
    return Reading(text) if text in field.choices else Reading(problem=f"One of {', '.join(field.choices)}.")


_READERS: dict[Kind, Callable[[Field, str], Reading]] = {
    "text": _read_text,
    "word": _read_word,
    "multiline": _read_text,
    "phone": _read_phone,
    "sender": _read_sender,
    "e164": _read_e164,
    "email": _read_email,
    "host": _read_host,
    "host_port": _read_host_port,
    "port": _read_port,
    "number": _read_number,
    "yes_no": _read_yes_no,
    "choice": _read_choice,
}
