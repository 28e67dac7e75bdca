"""The shapes of Exotel's bodies: the refusal within a 200, an account, the records of lists and envelopes.

Names are read in any case and with or without underscores, since v1 writes HttpCode where v2 writes http_code.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

UNKNOWN_STATUS = 0

_ERROR_NAMES = frozenset({"restexception", "error", "errors", "errordata"})
# https://developer.exotel.com/docs/sms-support/sms-api-errors and .../advanced-config/rate-limiting
_STATUS_OF_CODE = {"UNAUTHORIZED": 401, "INVALID_ACCOUNT_SID": 404, "RATE_LIMIT_EXCEEDED": 429}
# What a record comes in: nothing, an element of v1, or the v2 envelope.
_ENVELOPES = ("twilioresponse", "response", "data")


class Account(NamedTuple):
    """An account in Exotel's words; a text is empty where the answer does not give it."""

    sid: str
    status: str
    billing_type: str
    kyc_status: str


def parsed_json(body: bytes) -> Any:
    """Return the body's value, None where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_body(body: bytes) -> Any:
    """Return the value of a body in JSON or XML, its names folded; None where it is neither."""
    from xml.etree import ElementTree

    try:
        if not body.lstrip().startswith(b"<"):
            return folded(json.loads(body))
        # No entity, which might grow; as text, since the encoding that XML claims could hide one.
        text = body.decode("utf-8")
        return None if "<!" in text else {_fold((root := ElementTree.fromstring(text)).tag): _of_xml(root)}  # noqa: S314
    except (ValueError, RecursionError, ElementTree.ParseError):
        return None


def folded(value: Any) -> Any:
    """Return a value of JSON with the names of its objects in small letters and without underscores."""
    if isinstance(value, dict):
        return {_fold(name): folded(inner) for name, inner in value.items()}
    return [folded(item) for item in value] if isinstance(value, list) else value


def refusing_status(body: bytes) -> int | None:
    """Return the HTTP status that a body gives in place of the 200 it came with, None where it gives none.

    v1 words a refusal as RestException with Status; the v2 envelope has http_code, and within response, which may be
    a list, code, status and error_data. UNKNOWN_STATUS stands for an error without a status of HTTP.
    https://developer.exotel.com/docs/references/error-codes
    """
    parts = _parts(read_body(body))
    statuses = [status for part in parts for status in _statuses(part) if not _is_success(status)]
    return next((status for status in statuses if status != UNKNOWN_STATUS), statuses[0] if statuses else None)


def has_rest_exception(body: bytes) -> bool:
    """Whether a body is a refusal as v1 of Exotel's API words it, which nothing in between does."""
    value = read_body(body)
    return isinstance(value, dict) and any(
        isinstance(part, dict) and isinstance(part.get("restexception"), dict)
        for part in (value, value.get("twilioresponse"))
    )


def account_in(body: bytes) -> Account | None:
    """Return the account in a body, in JSON or XML; None where it is none."""
    account = record_in(read_body(body), (*_ENVELOPES, "account"), "sid")
    if account is None or not text_of(account, "sid"):
        return None
    return Account(*(text_of(account, name) for name in ("sid", "status", "billingtype", "kycstatus")))


def record_in(value: Any, wrappers: tuple[str, ...], mark: str) -> dict[str, Any] | None:
    """Return the object that has `mark` among its names, out of wrappers in that order; None where there is none."""
    for name in wrappers:
        value = value.get(name, value) if isinstance(value, dict) and mark not in value else value
        value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, dict) and mark in value else None


def templates_in(body: bytes) -> list[dict[str, Any]] | None:
    """Return the templates of a v2 envelope, `response.whatsapp.templates[].data`; None where it has another shape."""
    value = read_body(body)
    if not isinstance(value, dict) or not _is_success(_status(value.get("httpcode"))):
        return None
    for name in ("response", "whatsapp", "templates"):
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    templates = [record.get("data") if isinstance(record, dict) else None for record in value]
    return [data for data in templates if isinstance(data, dict)] if all(map(_is_object, templates)) else None


def text_of(record: dict[str, Any], name: str) -> str:
    """Return a text of a record without the blanks around it, empty where there is none."""
    value = record.get(name)
    return value.strip() if isinstance(value, str) else ""


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _fold(name: str) -> str:
    return name.lower().replace("_", "")


def _of_xml(element: Element) -> Any:
    """What is within an element: its text, or its elements as those of an object in JSON, repeated ones as a list."""
    values: dict[str, list[Any]] = {}
    for child in element:
        values.setdefault(_fold(child.tag), []).append(_of_xml(child))
    return {name: inner[0] if len(inner) == 1 else inner for name, inner in values.items()} or element.text


def _parts(body: Any) -> list[dict[str, Any]]:
    """The objects of a body that may carry a status of their own."""
    records = [body]
    if isinstance(body, dict):
        response = body.get("response")
        records += [body.get("twilioresponse"), *(response if isinstance(response, list) else [response])]
        whatsapp = response.get("whatsapp") if isinstance(response, dict) else None
        templates = whatsapp.get("templates") if isinstance(whatsapp, dict) else None
        records += [whatsapp, *(templates if isinstance(templates, list) else [])]
    return [record for record in records if isinstance(record, dict)]


def _statuses(part: dict[str, Any]) -> list[int]:
    """The statuses that one object gives."""
    statuses = [_status(part[name]) for name in ("httpcode", "code") if part.get(name) is not None]
    for name, error in part.items():
        if name in _ERROR_NAMES and error:
            inner = error if isinstance(error, dict) else {}
            given = [_status(inner.get(word)) for word in ("status", "code")]
            statuses.append(next((status for status in given if status != UNKNOWN_STATUS), UNKNOWN_STATUS))
    # An account has a status too, but beside its SID.
    if isinstance(word := part.get("status"), str) and "sid" not in part and word.lower() != "success":
        statuses.append(UNKNOWN_STATUS)
    if part.get("success", True) is not True:
        statuses.append(UNKNOWN_STATUS)
    return statuses


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _status(value: Any) -> int:
    """The number where it is one of HTTP's, written as number, text or Exotel's word, else UNKNOWN_STATUS."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch("[2-5][0-9]{2}", text) else _STATUS_OF_CODE.get(text.upper(), UNKNOWN_STATUS)
