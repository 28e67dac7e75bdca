"""The shapes of Exotel's bodies: the refusal within a 200, an account, a list of templates."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

UNKNOWN_STATUS = 0

_ERROR_NAMES = frozenset({"restexception", "error", "errors", "error_data"})
# What an account comes in: nothing, Account, TwilioResponse, or the v2 envelope.
_ROUND_AN_ACCOUNT = ("twilioresponse", "response", "data", "account")


def parsed_json(body: bytes) -> Any:
    """Return the body's value, None where it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def refusing_status(body: bytes) -> int | None:
    """Return the HTTP status that a body gives in place of the 200 it came with, None where it gives none.

    v1 words a refusal as RestException with Status; the v2 envelope has http_code, and within response, which may be
    a list, code, status and error_data. UNKNOWN_STATUS stands for an error without a status of HTTP.
    https://developer.exotel.com/docs/references/error-codes
    """
    parts = _parts(_parse_body(body))
    statuses = [status for part in parts for status in _statuses(part) if not _is_success(status)]
    return next((status for status in statuses if status != UNKNOWN_STATUS), statuses[0] if statuses else None)


def account_status(body: bytes) -> str | None:
    """Return the status in an account, in JSON or XML, empty where it gives none; None where it is no account."""
    account = _parse_body(body)
    for name in _ROUND_AN_ACCOUNT:
        account = account.get(name, account) if isinstance(account, dict) and "sid" not in account else account
        account = account[0] if isinstance(account, list) and account else account
    if not isinstance(account, dict) or not isinstance(sid := account.get("sid"), str) or not sid.strip():
        return None
    status = account.get("status")
    return status if isinstance(status, str) else ""


def has_templates(body: bytes) -> bool:
    """Whether a body is a v2 envelope with a list of templates, which may be empty: `response.whatsapp.templates`."""
    value = _parse_body(body)
    if not isinstance(value, dict) or not _is_success(_status(value.get("http_code"))):
        return False
    for name in ("response", "whatsapp", "templates"):
        value = value.get(name) if isinstance(value, dict) else None
    return isinstance(value, list) and all(
        isinstance(record, dict) and isinstance(record.get("data"), dict) for record in value
    )


def _parse_body(body: bytes) -> Any:
    """The value of a body in JSON or XML, its names in small letters: Exotel writes Status and status; None if none."""
    from xml.etree import ElementTree

    try:
        if not body.lstrip().startswith(b"<"):
            return _in_small_letters(json.loads(body))
        # No entity, which might grow; as text, since the encoding that XML claims could hide one.
        text = body.decode("utf-8")
        return None if "<!" in text else {(root := ElementTree.fromstring(text)).tag.lower(): _of_xml(root)}  # noqa: S314
    except (ValueError, RecursionError, ElementTree.ParseError):
        return None


def _of_xml(element: Element) -> Any:
    """What is within an element: its text, or its elements as those of an object in JSON, the first of each name."""
    return {child.tag.lower(): _of_xml(child) for child in reversed(element)} or element.text


def _in_small_letters(value: Any) -> Any:
    if isinstance(value, dict):
        return {name.lower(): _in_small_letters(inner) for name, inner in value.items()}
    return [_in_small_letters(item) for item in value] if isinstance(value, list) else value


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
    statuses = [_status(part[name]) for name in ("http_code", "code") if part.get(name) is not None]
    for name, error in part.items():
        if name in _ERROR_NAMES and error:
            inner = error if isinstance(error, dict) else {}
            statuses.append(_status(inner.get("status", inner.get("code"))))
    # An account has a status too, but beside its SID.
    if isinstance(word := part.get("status"), str) and "sid" not in part and word.lower() != "success":
        statuses.append(UNKNOWN_STATUS)
    if part.get("success", True) is not True:
        statuses.append(UNKNOWN_STATUS)
    return statuses


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _status(value: Any) -> int:
    """The number where it is one of HTTP's, written as number or text, else UNKNOWN_STATUS."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch("[2-5][0-9]{2}", text) else UNKNOWN_STATUS
