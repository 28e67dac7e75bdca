"""What Exotel tells of an account beside yes and no: its balance, its billing and KYC, its WhatsApp templates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_responses import shape_refusal
from tui.words.text import safe_text

if TYPE_CHECKING:
    from tui.providers.exotel_hosts import Asked
    from tui.providers.https_host import Response

TEMPLATE_STATES = ("approved", "pending", "rejected", "paused", "disabled")
"""WhatsApp's own words; what is called otherwise is counted as other."""

_WORD = re.compile("[a-z][a-z_ -]{0,29}")
# Without an exponent: 1e9999999999 is a number of Decimal's, whose digits no memory holds.
_AMOUNT = re.compile("[+-]?[0-9]{1,15}([.][0-9]{1,10})?")
_CURRENCY = re.compile("[A-Z]{3}")
_LONGEST = 200  # characters of a template's name or reason


class Balance(NamedTuple):
    """How much credit an account has; below nought it owes."""

    amount: Decimal
    currency: str


class Template(NamedTuple):
    """A WhatsApp template: one of TEMPLATE_STATES or other, and why it was rejected, both safe to show."""

    name: str
    state: str
    reason: str


class TemplatePage(NamedTuple):
    """One page of templates, and the cursor of the next; None where the answer gives none."""

    templates: tuple[Template, ...]
    after: str | None


def word_of(text: str) -> str:
    """Return Exotel's word for a state in small letters, empty where it is none that can be shown."""
    word = text.strip().lower()
    return word if _WORD.fullmatch(word) else ""


def balance_of(response: Response, asked: Asked) -> Balance:
    """Read `Account.BalanceData`; raises ProviderFailed where it is not there, or of another account.

    https://developer.exotel.com/docs/voice-v1/api-reference/balance
    """
    account = bodies.record_in(bodies.read_body(response.body), ("twilioresponse", "account"), "balancedata")
    data = account["balancedata"] if account is not None else None
    if account is None or not isinstance(data, dict) or not _is_of(account, asked):
        raise shape_refusal(asked.host, "the balance of this account")
    given, currency = str(data.get("balance")).strip(), bodies.text_of(data, "currency").upper()
    if not _AMOUNT.fullmatch(given) or not _CURRENCY.fullmatch(currency):
        raise shape_refusal(asked.host, "the balance of this account")
    return Balance(Decimal(given), currency)


def template_page_of(response: Response, asked: Asked) -> TemplatePage:
    """Read a page of templates; raises ProviderFailed where it is none."""
    templates = bodies.templates_in(response.body)
    if templates is None:
        raise shape_refusal(asked.host, "a list of templates")
    body = bodies.read_body(response.body)
    return TemplatePage(tuple(_template(data) for data in templates), _cursor(body))


def _is_of(account: dict[str, Any], asked: Asked) -> bool:
    return bodies.text_of(account, "accountsid").casefold() == asked.sid.casefold()


def _template(data: dict[str, Any]) -> Template:
    state = bodies.text_of(data, "status").lower()
    reason = bodies.text_of(data, "rejectedreason")
    return Template(
        safe_text(bodies.text_of(data, "name"), _LONGEST),
        state if state in TEMPLATE_STATES else "other",
        # WhatsApp's word for no reason.
        safe_text("" if reason.upper() == "NONE" else reason, _LONGEST),
    )


def _cursor(body: dict[str, Any]) -> str | None:
    """The cursor behind this page: Exotel documents the parameter `after`, and not where an answer gives it."""
    response = body.get("response")
    whatsapp = response.get("whatsapp") if isinstance(response, dict) else None
    for place in (body.get("metadata"), response, whatsapp):
        value = place
        for name in ("paging", "cursors", "after"):
            value = value.get(name, value) if isinstance(value, dict) else value
        if isinstance(value, str) and value:
            return value
    return None
