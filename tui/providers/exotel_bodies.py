"""The shapes of Exotel's bodies: the refusal within a 200, an account, a list of templates."""

from __future__ import annotations

import json
import re
from typing import Any

UNKNOWN_STATUS = 0

_DEEPEST = 4
_XML_REFUSAL = re.compile(r"<RestException>(?:.{0,2000}?<Status>\s*([0-9]{3})\s*</Status>)?", re.DOTALL)
_ERROR_NAMES = frozenset({"restexception", "error", "errors", "error_data"})


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
    value = parsed_json(body)
    if value is None:
        found = _XML_REFUSAL.search(body.decode("utf-8", "replace"))
        return _status(found[1]) if found else None
    statuses = [status for part in _parts(value) for status in _statuses(part) if not 200 <= status < 300]
    return next((status for status in statuses if status != UNKNOWN_STATUS), statuses[0] if statuses else None)


def account_status(body: bytes) -> str | None:
    """Return the status in an account, in JSON or XML, empty where it gives none; None where it is no account."""
    found = _account_object(parsed_json(body))
    if found is not None:
        status = found.get("status")
        return status if isinstance(status, str) else ""
    text = body.decode("utf-8", "replace")
    account = text.find("<Account") if "<TwilioResponse" in text else -1
    if account < 0:
        return None
    begin, end = text.find("<Status>", account), text.find("</Status>", account)
    return text[begin + len("<Status>") : end] if account < begin < end else ""


def has_templates(body: bytes) -> bool:
    """Whether a body is a list of templates, which may be empty: `response.whatsapp.templates[].data`."""
    value = parsed_json(body)
    for name in ("response", "whatsapp", "templates"):
        value = value.get(name) if isinstance(value, dict) else None
    return isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("data"), dict) for one in value)


def _parts(body: Any) -> list[dict[str, Any]]:
    """The objects of a body that may carry a status of their own."""
    found = [body]
    if isinstance(body, dict):
        response = body.get("response")
        found += [body.get("TwilioResponse"), *(response if isinstance(response, list) else [response])]
        whatsapp = response.get("whatsapp") if isinstance(response, dict) else None
        templates = whatsapp.get("templates") if isinstance(whatsapp, dict) else None
        found += templates if isinstance(templates, list) else []
    return [one for one in found if isinstance(one, dict)]


def _statuses(part: dict[str, Any]) -> list[int]:
    """The statuses that one object gives."""
    found = [_status(part[name]) for name in ("http_code", "code") if part.get(name) is not None]
    for name, error in part.items():
        if name.lower() in _ERROR_NAMES and error:
            inner = {key.lower(): value for key, value in error.items()} if isinstance(error, dict) else {}
            found.append(_status(inner.get("status", inner.get("code"))))
    # An account has a status too, but beside its SID.
    if isinstance(word := part.get("status"), str) and "sid" not in part and word.lower() != "success":
        found.append(UNKNOWN_STATUS)
    return found


def _status(value: Any) -> int:
    """The number where it is one of HTTP's, written as number or text, else UNKNOWN_STATUS."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch("[2-5][0-9]{2}", text) else UNKNOWN_STATUS


def _account_object(value: Any) -> dict[str, Any] | None:
    """The first object with a SID, however it is wrapped: the wrapping is not documented."""
    level = [value]
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                lower = {str(name).lower(): inner for name, inner in one.items()}
                if isinstance(sid := lower.get("sid"), str) and sid.strip():
                    return lower
                deeper += one.values()
        level = deeper
    return None
