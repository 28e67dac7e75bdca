"""What Exotel's answers mean: the sentence for each refusal, the account's status, the listed ExoPhones."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.errors import ProviderFailed
from tui.models import ListedNumber
from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_hosts import HOSTS
from tui.providers.field_kinds import host_and_port
from tui.words import phone_number as numbers

if TYPE_CHECKING:
    from tui.providers.exotel_http import Response

WEB_PAGE = (
    "Something between here and Exotel answered instead, such as a proxy or the sign-in page of a network; "
    "else check the API host."
)

_BROKEN_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST_NAME = 100  # characters; organization_phone_numbers.display_name holds no more
_DIGITS = re.compile(r"\+?[0-9]{3,19}")
_BAD_STATUSES = frozenset(
    ["suspended", "closed", "inactive", "blocked", "disabled", "deactivated", "expired", "terminated", "cancelled"]
)


class Refusal(ProviderFailed):
    """An answer that is not a yes. `says_no` is False where it says nothing about the credential itself."""

    def __init__(self, sentence: str, what_to_do: str, code: str, *, says_no: bool = True) -> None:
        super().__init__(sentence, what_to_do, code=code)
        self.says_no = says_no


def refusal(response: Response, host: str) -> Refusal | None:
    """Return why the account was not let in, by the HTTP status, or by the one within a 200; None for a yes.

    The meanings are those of Exotel's error-codes and authentication pages, which disagree whether a wrong SID or
    region is 401 or 404: both sentences name both.
    """
    status, code = response.status, str(response.status)
    if status == 200:
        return _web_page_refusal(response, host) if is_web_page(response) else _refusal_within(response, host)
    if status in {401, 403, 404}:
        return _access_refusal(response, host)
    if status in _NO:
        return Refusal(*_NO[status], code)
    return _other_refusal(response, host)


_NO = {
    400: (
        "Exotel does not understand the request (400).",
        "The account SID is most likely mistyped; copy it from Settings > API Settings.",
    ),
    402: (
        "Exotel refuses the account because of its balance or plan (402).",
        "Top it up, or look at its plan, at my.exotel.com.",
    ),
}


def is_web_page(response: Response) -> bool:
    """Whether it is HTML, which no part of Exotel's API answers."""
    start = response.body[:200].lstrip().lower()
    return "html" in response.headers.get("content-type", "").lower() or start.startswith((b"<!doctype html", b"<html"))


def account_refusal(response: Response, host: str) -> Refusal | None:
    """Return why an answer for the account itself is no yes, or None; nothing else of its body is kept."""
    refused = refusal(response, host)
    if refused is not None:
        return refused
    status = bodies.account_status(response.body)
    if status is None:
        return Refusal(
            f"{host} accepted the key, but did not answer with an account.",
            "Check the API host: another service may be behind it.",
            "200",
            says_no=False,
        )
    word = status.strip().lower()
    if word in _BAD_STATUSES:
        return Refusal(
            f"Exotel accepts the key, but the account is {word}.",
            "Only Exotel can change that: ask its support, or look at my.exotel.com.",
            "200",
        )
    if word != "active":
        return Refusal(
            "Exotel accepts the key, but gives the account a status that Switchboard does not know.",
            "Look at my.exotel.com whether the account may be used.",
            "200",
            says_no=False,
        )
    return None


def templates_refusal(response: Response, host: str) -> Refusal | None:
    """Return why an answer for a WABA's templates is no yes, or None."""
    refused = refusal(response, host)
    if refused is not None:
        return refused
    return None if bodies.has_templates(response.body) else _shape_refusal(host, "templates")


@dataclass(frozen=True, slots=True)
class ExoPhone:
    """A number as Exotel lists it; a capability is None where the answer does not say."""

    number: str
    name: str | None
    voice: bool | None
    sms: bool | None

    def listed(self) -> ListedNumber:
        """Return it for the table, whose columns too are true where nothing is said."""
        return ListedNumber(self.number, self.name, self.voice is not False, self.sms is not False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: its entries in order, None for one that is no number, and whether more is promised.

    `more` is None where the answer does not say, and `size` is how many entries the host puts on a page.
    """

    entries: tuple[ExoPhone | None, ...]
    more: bool | None
    size: int


def page_of(response: Response, host: str, asked_size: int) -> Page:
    """Read a page of the list of ExoPhones; raises ProviderFailed where it is none."""
    body = bodies.parsed_json(response.body)
    entries = body.get("incoming_phone_numbers") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(entries, list):
        raise _shape_refusal(host, "ExoPhones")
    size = body.get("page_size")
    return Page(
        tuple(_exophone(entry) for entry in entries),
        bool(body["next_page_uri"]) if "next_page_uri" in body else None,
        size if type(size) is int and 0 < size < asked_size else asked_size,
    )


def _refusal_within(response: Response, host: str) -> Refusal | None:
    """The refusal that a 200 is wrapped around; a proxy does not answer so."""
    status = bodies.refusing_status(response.body)
    if status is None:
        return None
    if status != bodies.UNKNOWN_STATUS:
        return refusal(replace(response, status=status, body=b""), host)
    return Refusal(
        f"{host} answered 200, but with an error inside.",
        "Look at my.exotel.com whether the account may be used; try again later.",
        "200",
        says_no=False,
    )


def _access_refusal(response: Response, host: str) -> Refusal:
    others = " or ".join(other for other in HOSTS if other != host)
    region = f"the account may also live in another region: try {others}"
    if response.status == 401:
        sentence = "Exotel does not accept the API key and token (401)."
        what_to_do = (
            f"Copy both again; a token regenerated at my.exotel.com ends the old one. If they are right, {region}."
        )
    elif response.status == 404:
        sentence = f"{host} knows no account of this SID (404)."
        what_to_do = f"Check the account SID; if it is right, {region}."
    else:
        sentence = "Exotel knows the key, but forbids its use here (403)."
        what_to_do = (
            "The account may be suspended, or the key restricted to other addresses or other parts of the API: "
            "look at my.exotel.com."
        )
    if is_web_page(response):
        what_to_do += " The answer was a web page, so a proxy may have given it in Exotel's place."
    # A proxy's no is none of Exotel's.
    return Refusal(sentence, what_to_do, str(response.status), says_no=not is_web_page(response))


def _other_refusal(response: Response, host: str) -> Refusal:
    status = response.status
    if status == 429:
        sentence = "Exotel got too many requests (429): all programs of an account share one limit."
        what_to_do = _wait_advice(response)
    elif status in {407, 511}:
        sentence = f"A proxy or network between here and Exotel asks for a sign-in first ({status})."
        what_to_do = WEB_PAGE
    elif 300 <= status < 400:
        sentence = f"{host} redirects the request ({status}){_redirect_target(response)}."
        what_to_do = "Nothing was sent there. Exotel's own API does not redirect: check the API host."
    elif status >= 500:
        sentence = f"{host} has an internal error ({status}); that says nothing about the credential."
        what_to_do = _wait_advice(response)
        if status == 503:
            what_to_do += " Exotel also answers 503 to too many requests."
    else:
        sentence = f"{host} answered {status}, which is not an answer to this request."
        what_to_do = "Check the API host; try again later."
    return Refusal(sentence, what_to_do, str(status), says_no=False)


def _web_page_refusal(response: Response, host: str) -> Refusal:
    return Refusal(f"{host} answered with a web page instead of data.", WEB_PAGE, str(response.status), says_no=False)


def _shape_refusal(host: str, what: str) -> Refusal:
    return Refusal(
        f"{host} answered, but not with a list of {what}.",
        "Check the API host; if it is Exotel's own, its API may have changed.",
        "200",
        says_no=False,
    )


def _redirect_target(response: Response) -> str:
    """The host of a redirect; the rest of its address is the provider's text."""
    try:
        parts = urlsplit(response.headers.get("location", ""))
        target = host_and_port(parts.hostname or "")
    except ValueError:
        return ""
    return f", to {target[0]}{' without TLS' if parts.scheme == 'http' else ''}" if target else ""


def _wait_advice(response: Response) -> str:
    seconds = _retry_after(response)
    if seconds is None:
        return "Wait a minute, then try again."
    if seconds <= 120:
        return f"Try again in {max(seconds, 1)} s."
    return f"Try again in {-(-seconds // 60)} min."


def _retry_after(response: Response) -> int | None:
    """Seconds from Retry-After, which is a number of them or a date (RFC 9110, section 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch("[0-9]{1,7}", text):
        return int(text)
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    try:
        # The host's own clock, where it tells it: this machine's may be wrong.
        now = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        now = datetime.now(UTC)
    if until.tzinfo is None or now.tzinfo is None:
        return None
    return max(round((until - now).total_seconds()), 0)


def _exophone(entry: Any) -> ExoPhone | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("phone_number"), str):
        return None
    text = entry["phone_number"].strip()
    country = entry.get("country")
    region = country if isinstance(country, str) and re.fullmatch("[A-Z]{2}", country) else numbers.DEFAULT_REGION
    # Short and vanity numbers are no E.164, and yet somebody owns them.
    number = numbers.e164(text, region) or (text if _DIGITS.fullmatch(text) else None)
    if number is None:
        return None
    can = entry.get("capabilities")
    can = can if isinstance(can, dict) else {}
    return ExoPhone(
        number, _name(entry.get("friendly_name"), number), _yes_no(can.get("voice")), _yes_no(can.get("sms"))
    )


def _yes_no(value: Any) -> bool | None:
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return value if isinstance(value, bool) else None


def _name(value: Any, number: str) -> str | None:
    """The provider's name for a number, fit for the table; None where it only repeats the number."""
    if not isinstance(value, str) or numbers.same_number(value, number):
        return None
    return _BROKEN_CHARACTERS.sub(" ", value).strip()[:_LONGEST_NAME] or None
