"""What Exotel says of its numbers: the pages of the list of ExoPhones, and the state of one number's lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.models.numbers import ListedNumber
from tui.providers import exotel_bodies as bodies
from tui.providers.exotel_responses import Refusal, refusal, shape_refusal
from tui.words.numbers import phone_number as numbers

if TYPE_CHECKING:
    from tui.providers.exotel_hosts import Asked
    from tui.providers.https_host import Response

_BROKEN_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST_NAME = 100  # characters; organization_phone_numbers.display_name holds no more
_DIGITS = re.compile(r"\+?[0-9]{3,19}")
_FLOW = re.compile(r"https?://[^/]+/(?:[^/?]+/)?exoml/start(?:_voice)?/([0-9A-Za-z_-]{1,40})/?", re.IGNORECASE)
_STATE = re.compile("[a-z][a-z_]{1,39}")
_YES_NO = {"true": True, "1": True, "false": False, "0": False}

NO_FLOW = "none"
OTHER_FLOW = "other"
"""A call flow whose id its address does not give."""


@dataclass(frozen=True, slots=True)
class ExoPhone:
    """A number as Exotel lists it; a capability and the call flow are None where the answer does not say.

    `call_flow` is the id of the flow, NO_FLOW or OTHER_FLOW. `is_documented` is False where the list, or what the
    number can do, came in a shape that only public clients have met: then no "no" rests on it.
    """

    number: str
    name: str | None
    voice: bool | None
    sms: bool | None
    sid: str = ""
    call_flow: str | None = None
    is_documented: bool = True

    def listed(self) -> ListedNumber:
        """Return it for the table, whose columns too are true where nothing is said."""
        return ListedNumber(self.number, self.name, self.voice is not False, self.sms is not False, self.call_flow)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the list: its entries in order, None for one that is no number, and whether more is promised.

    `more` is None where the answer does not say, and `size` is how many entries the host puts on a page.
    """

    entries: tuple[ExoPhone | None, ...]
    more: bool | None
    size: int
    is_documented: bool = True


class Line(NamedTuple):
    """One direction of a number: Exotel's word for its state (active, major_outage), when it looked, and what to use
    instead; each None where the answer does not say."""

    state: str | None
    checked_at: datetime | None
    alternate: str | None


class Lines(NamedTuple):
    """Both directions of a number."""

    incoming: Line
    outgoing: Line


def page_of(response: Response, asked: Asked, asked_size: int) -> Page:
    """Read a page of the list of ExoPhones; raises ProviderFailed where it is none.

    Documented is v2_beta's `incoming_phone_numbers`. Public clients also meet v1's capitals and XML, the v2 envelope
    and a bare array: these are read, but an empty one proves nothing and is none.
    """
    raw = bodies.parsed_json(response.body)
    is_documented = isinstance(raw, dict) and isinstance(raw.get("incoming_phone_numbers"), list)
    body = bodies.read_body(response.body)
    entries = [bodies.folded(entry) for entry in raw["incoming_phone_numbers"]] if is_documented else _entries(body)
    if entries is None or not (entries or is_documented):
        raise shape_refusal(asked.host, "a list of ExoPhones")
    described = body if isinstance(body, dict) else {}
    metadata = described.get("metadata")
    size = described.get("pagesize")
    more = [part for part in (described, metadata) if isinstance(part, dict) and "nextpageuri" in part]
    given = raw["incoming_phone_numbers"] if is_documented else [None] * len(entries)
    return Page(
        tuple(_exophone(entry, _is_documented(raw_entry)) for entry, raw_entry in zip(entries, given, strict=True)),
        bool(more[0]["nextpageuri"]) if more else None,
        size if type(size) is int and 0 < size < asked_size else asked_size,
        is_documented,
    )


def health_refusal(response: Response, asked: Asked) -> Refusal | None:
    """Return why an answer for one number's health is no yes, or None; the account has already been let in."""
    refused = refusal(response, asked)
    if refused is None or refused.code not in {"400", "403", "404"}:
        return refused
    return Refusal(
        f"Exotel does not tell the health of this number ({refused.code}).",
        "Nothing is known of its lines; ask Exotel's support whether the account has this part of the API.",
        refused.code,
        says_no=False,
    )


def lines_of(response: Response, asked: Asked) -> Lines:
    """Read the connectivity of one ExoPhone, bare or in the v2 envelope; raises ProviderFailed where there is none."""
    record = bodies.record_in(bodies.read_body(response.body), ("response", "data"), "connectivity")
    connectivity = record["connectivity"] if record is not None else None
    if not isinstance(connectivity, dict) or not {"incomingcall", "outgoingcall"} & connectivity.keys():
        raise shape_refusal(asked.host, "the health of an ExoPhone")
    return Lines(_line(connectivity.get("incomingcall")), _line(connectivity.get("outgoingcall")))


def _entries(body: Any) -> list[Any] | None:
    """The records of a list in any of the shapes that are met."""
    if isinstance(body, dict) and isinstance(response := body.get("response"), list):
        return [record.get("data", record) if isinstance(record, dict) else record for record in response]
    for name in ("twilioresponse", "response", "data", "incomingphonenumbers", "incomingphonenumber"):
        if isinstance(body, dict) and name in body:
            body = body[name]
    # XML gives an element that is there once as itself.
    body = [body] if isinstance(body, dict) and "phonenumber" in body else body
    return body if isinstance(body, list) else None


def _is_documented(entry: Any) -> bool:
    """Whether what a number can do is said as documented, by true and false."""
    can = entry.get("capabilities", {}) if isinstance(entry, dict) else None
    return isinstance(can, dict) and all(
        name == name.lower() and isinstance(value, bool) for name, value in can.items()
    )


def _exophone(entry: Any, is_documented: bool) -> ExoPhone | None:
    if not isinstance(entry, dict):
        return None
    given = entry.get("phonenumber")
    if isinstance(given, bool) or not isinstance(given, str | int) or (isinstance(given, int) and given <= 0):
        return None
    text = str(given).strip()
    country = entry.get("country")
    region = country if isinstance(country, str) and re.fullmatch("[A-Z]{2}", country) else numbers.DEFAULT_REGION
    # Short and vanity numbers are no E.164, and yet somebody owns them.
    number = numbers.e164(text, region) or (text if _DIGITS.fullmatch(text) else None)
    if number is None:
        return None
    capabilities = entry.get("capabilities")
    can = capabilities if isinstance(capabilities, dict) else {}
    if isinstance(capabilities, list):
        # What is not in such a list is not known to be missing.
        can = dict.fromkeys((name.lower() for name in capabilities if isinstance(name, str)), 1)
    return ExoPhone(
        number,
        _name(entry.get("friendlyname"), number),
        _yes_no(can.get("voice")),
        _yes_no(can.get("sms")),
        bodies.text_of(entry, "sid"),
        _call_flow(entry["voiceurl"]) if "voiceurl" in entry else None,
        is_documented,
    )


def _yes_no(value: Any) -> bool | None:
    return _YES_NO.get(str(value).strip().lower()) if isinstance(value, bool | int | str) else None


def _call_flow(address: Any) -> str | None:
    """The id of a flow by its address, which is a text, or null or "" where no flow is attached."""
    if address is not None and not isinstance(address, str):
        return None
    if not address or not address.strip():
        return NO_FLOW
    flow = _FLOW.fullmatch(address.strip())
    return flow[1] if flow else OTHER_FLOW


def _line(record: Any) -> Line:
    if not isinstance(record, dict):
        return Line(None, None, None)
    state = bodies.text_of(record, "status").lower()
    alternate = record.get("alternateexophone")
    alternate = alternate[0] if isinstance(alternate, list) and alternate else alternate
    return Line(
        state if _STATE.fullmatch(state) else None,
        _moment(bodies.text_of(record, "lastchecktime")),
        numbers.e164(alternate) if isinstance(alternate, str) else None,
    )


def _moment(text: str) -> datetime | None:
    """A time of RFC 3339, in UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        # Of the first or the last day that a date can be, UTC's may be none.
        return None


def _name(value: Any, number: str) -> str | None:
    """The provider's name for a number, fit for the table; None where it only repeats the number."""
    if not isinstance(value, str) or numbers.same_number(value, number):
        return None
    return _BROKEN_CHARACTERS.sub(" ", value).strip()[:_LONGEST_NAME] or None
