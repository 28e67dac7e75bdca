"""What Exotel's answers mean: the sentence for each refusal, and the account's status."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.errors import ProviderFailed
from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_hosts import HOSTS, likelier_host, portal_of
from tui.providers.exotel_http import ACCESS_STATUSES
from tui.providers.field_kinds import host_and_port

if TYPE_CHECKING:
    from tui.providers.exotel_hosts import Asked
    from tui.providers.https_host import Response

WEB_PAGE = (
    "Something between here and Exotel answered instead, such as a proxy or the sign-in page of a network; "
    "else check the API host."
)

# API keys came in 2019: github.com/sarathsp06/exotel-py, issue 8; github.com/gramener/gramex, issue 269.
OLD_ACCOUNT = " An account from before 2019 may have its SID in the place of the API key."

_BAD_STATUSES = frozenset(
    ["suspended", "closed", "inactive", "blocked", "disabled", "deactivated", "expired", "terminated", "cancelled"]
)


class Refusal(ProviderFailed):
    """An answer that is not a yes. `says_no` is False where it says nothing about the credential itself.

    `leaves_open` is True where another answer of the same host may prove the key all the same.
    """

    def __init__(
        self, sentence: str, what_to_do: str, code: str, *, says_no: bool = True, leaves_open: bool = False
    ) -> None:
        super().__init__(sentence, what_to_do, code=code)
        self.says_no = says_no
        self.leaves_open = leaves_open


def refusal(response: Response, asked: Asked) -> Refusal | None:
    """Return why the account was not let in, by the HTTP status, or by the one within a 200; None for a yes.

    The meanings are those of Exotel's error-codes and authentication pages, which disagree whether a wrong SID or
    region is 401 or 404: both sentences name both.
    """
    status, code = response.status, str(response.status)
    if status == 200:
        return _web_page_refusal(response, asked) if is_web_page(response) else _refusal_within(response, asked)
    if status == 400:
        sentence = "Exotel does not understand the request (400)."
        return Refusal(sentence, "The account SID is most likely mistyped; copy it from Settings > API Settings.", code)
    if status == 402:
        sentence = "Exotel refuses the account because of its balance or plan (402)."
        return Refusal(sentence, f"Top it up, or look at its plan, at {portal_of(asked.host)}.", code)
    return _access_refusal(response, asked) if status in ACCESS_STATUSES else _other_refusal(response, asked.host)


def is_web_page(response: Response) -> bool:
    """Whether it is HTML, which no part of Exotel's API answers; data that is only called HTML is none."""
    return _begins_as_page(response) or (_is_called_page(response) and bodies.read_body(response.body) is None)


def _begins_as_page(response: Response) -> bool:
    return response.body[:200].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _is_called_page(response: Response) -> bool:
    return "html" in response.headers.get("content-type", "").lower()


def account_refusal(response: Response, asked: Asked) -> Refusal | None:
    """Return why an answer for the account itself is no yes, or None; nothing else of its body is kept."""
    refused = refusal(response, asked)
    if refused is not None:
        return refused
    account = bodies.account_in(response.body)
    if account is None:
        return Refusal(
            f"{asked.host} accepted the key, but did not answer with an account.",
            "Check the API host: another service may be behind it.",
            "200",
            says_no=False,
            leaves_open=True,
        )
    if account.sid.casefold() != asked.sid.casefold():
        return Refusal(
            f"{asked.host} accepted the key, but answered with another account than the one of this SID.",
            "Check the account SID and the API host.",
            "200",
            says_no=False,
        )
    word = account.status.lower()
    if word in _BAD_STATUSES:
        return Refusal(
            f"Exotel accepts the key, but the account is {word}.",
            f"Only Exotel can change that: ask its support, or look at {portal_of(asked.host)}.",
            "200",
        )
    if word != "active":
        return Refusal(
            "Exotel accepts the key, but gives the account a status that Switchboard does not know.",
            f"Look at {portal_of(asked.host)} whether the account may be used.",
            "200",
            says_no=False,
            leaves_open=True,
        )
    return None


def templates_refusal(response: Response, asked: Asked) -> Refusal | None:
    """Return why an answer for a WABA's templates is no yes, or None; the account has already been let in."""
    refused = refusal(response, asked)
    if refused is not None and refused.code in {"400", "401", "403", "404"}:
        sentence = f"Exotel accepts the key, but gives no templates for this WABA ({refused.code})."
        what_to_do = "Check the WABA id, and whether WhatsApp is enabled for the account."
        return Refusal(sentence, what_to_do, refused.code, says_no=refused.says_no)
    if refused is not None:
        return refused
    return shape_refusal(asked.host, "a list of templates") if bodies.templates_in(response.body) is None else None


def shape_refusal(host: str, what: str) -> Refusal:
    """Return that the host answered with something else than `what`."""
    return Refusal(
        f"{host} answered, but not with {what}.",
        "Check the API host; if it is Exotel's own, its API may have changed.",
        "200",
        says_no=False,
    )


def _refusal_within(response: Response, asked: Asked) -> Refusal | None:
    """The refusal that a 200 is wrapped around; a proxy does not answer so."""
    status = bodies.refusing_status(response.body)
    if status is None:
        return None
    if status != bodies.UNKNOWN_STATUS:
        headers = {name: value for name, value in response.headers.items() if name != "content-type"}
        return refusal(replace(response, status=status, headers=headers, body=b""), asked)
    return Refusal(
        f"{asked.host} answered 200, but with an error inside.",
        f"Look at {portal_of(asked.host)} whether the account may be used; try again later.",
        "200",
        says_no=False,
    )


def _access_refusal(response: Response, asked: Asked) -> Refusal:
    host, portal = asked.host, portal_of(asked.host)
    others = " or ".join(other for other in HOSTS if other != host)
    region = f"the account may also live in another region: try {others}"
    likelier = likelier_host(asked.sid, host)
    if response.status == 401:
        sentence = "Exotel does not accept the API key and token (401)."
        what_to_do = f"Copy both again; a token regenerated at {portal} ends the old one. If they are right, {region}."
        if likelier is not None:
            # The wrong region answers exactly as a wrong key does.
            what_to_do = (
                f"A SID like this one is usually of another region: try {likelier} first. "
                f"Otherwise copy both again; a token regenerated at {portal} ends the old one."
            )
        what_to_do += OLD_ACCOUNT
    elif response.status == 404:
        sentence = f"{host} knows no account of this SID (404)."
        what_to_do = f"Check the account SID; if it is right, {region}."
    else:
        sentence = "Exotel knows the key, but forbids its use here (403)."
        what_to_do = (
            "The account may be suspended, or the key restricted to other addresses or other parts of the API: "
            f"look at {portal}."
        )
    # A proxy's no is none of Exotel's. Over verified TLS a 401 in the name of Exotel's host is its own, whatever it is
    # called, and so is an error in v1's words; another page may be that of a network which forbids the host.
    is_exotels = (response.status == 401 and host in HOSTS) or bodies.has_rest_exception(response.body)
    is_exotels = is_exotels or not (_begins_as_page(response) or _is_called_page(response))
    if not is_exotels:
        what_to_do += " The answer was a web page, so a proxy may have given it in Exotel's place."
    return Refusal(sentence, what_to_do, str(response.status), says_no=is_exotels)


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


def _web_page_refusal(response: Response, asked: Asked) -> Refusal:
    sentence = f"{asked.host} answered with a web page instead of data."
    return Refusal(sentence, WEB_PAGE, str(response.status), says_no=False)


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
