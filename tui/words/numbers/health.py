"""What a provider said of a phone number, in words: whether calls come through, and where they lead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tui.words.integrations.seen_checks import as_of
from tui.words.numbers.phone_number import display
from tui.words.text import safe_text
from tui.words.times import ago, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from tui.models.integrations import Observed
    from tui.models.numbers import PhoneNumber

OUT = "major_outage"
NOT_KNOWN = "not known"
NO_FLOW = "none"
FRESH = timedelta(days=2)
RECENT = timedelta(days=7)
"""A number that was given back while it was out is asked for no more, and out no longer."""
_DIRECTIONS = ("incoming", "outgoing")


def number_warnings(number: PhoneNumber, now: datetime | None = None) -> tuple[str, ...]:
    """Return "outage" and "no flow", as far as they are so; nothing of a number that is not active."""
    if not number.is_active:
        return ()
    # Who never calls a number hears nothing of its flow.
    is_silent = number.can_call and _said(number).get("number_call_flow", ("",))[0] == NO_FLOW
    return tuple(words for words, is_so in (("outage", bool(_out(number, now))), ("no flow", is_silent)) if is_so)


def calls(number: PhoneNumber, now: datetime | None = None) -> str:
    """Return what a column says of the calls: "active", "incoming out", "both out", Exotel's word, "not known".

    What was read days ago says so.
    """
    said = _said(number)
    read = [said[name] for name in (f"number_{name}" for name in _DIRECTIONS) if name in said]
    if not read:
        return NOT_KNOWN
    moment, oldest = now or datetime.now(UTC), min(one.at for one in read)
    out = _out(number, moment)
    if out:
        words = f"{'both' if len(out) == len(_DIRECTIONS) else out[0]} out"
    else:
        states = [one.value for one in read]
        words = safe_text(_words(next((state for state in states if state != "active"), states[0])), 20)
    return f"{words}, {ago(oldest, moment)}" if moment - oldest > FRESH else words


def call_flow(number: PhoneNumber) -> str:
    """Return what a column says of the call flow: its id, "none", "set" or "not known"."""
    flow = _said(number).get("number_call_flow")
    if flow is None:
        return NOT_KNOWN
    return "set" if flow.value == "other" else safe_text(flow.value, 40)


def health_facts(number: PhoneNumber, zone: tzinfo, now: datetime | None = None) -> tuple[tuple[str, str, bool], ...]:
    """Return labels, texts, and whether somebody has to look at it; nothing where this role may not read it."""
    if number.observed is None:
        return ()
    moment = now or datetime.now(UTC)
    said = _said(number)
    lines = [text for name in _DIRECTIONS if (text := _line(said, name))]
    flow = said.get("number_call_flow")
    if flow is None:
        flow_words = "not known: a sync, a test or a check asks for it"
    else:
        flow_words = f"{_flow_words(flow.value, number)}; {as_of([flow], zone, moment)}"
    calls_words = "; ".join(lines) or "not known whether they come through: a test or a check asks for it"
    if lines:
        read = [said[name] for name in (f"number_{name}" for name in _DIRECTIONS) if name in said]
        calls_words = f"{calls_words}; {as_of(read, zone, moment)}{_looked(said, zone)}"
    found = number_warnings(number, moment)
    return ("Calls", calls_words, "outage" in found), ("Call flow", flow_words, "no flow" in found)


def _flow_words(flow: str, number: PhoneNumber) -> str:
    if flow == NO_FLOW:
        return "none: callers hear nothing" if number.can_call else NO_FLOW
    return "set" if flow == "other" else safe_text(flow, 40)


def _said(number: PhoneNumber) -> Mapping[str, Observed]:
    return number.observed or {}


def _out(number: PhoneNumber, now: datetime | None) -> list[str]:
    said, after = _said(number), (now or datetime.now(UTC)) - RECENT
    read = [(name, said[f"number_{name}"]) for name in _DIRECTIONS if f"number_{name}" in said]
    return [name for name, (value, at) in read if value == OUT and at > after]


def _line(said: Mapping[str, Observed], name: str) -> str:
    """One direction: its state, and what to use instead."""
    state = said.get(f"number_{name}")
    if state is None:
        return ""
    alternate = said.get(f"number_{name}_alternate")
    instead = f", use {safe_text(display(alternate.value), 30)}" if alternate is not None and alternate.value else ""
    return f"{name} {safe_text(_words(state.value), 40)}{instead}"


def _looked(said: Mapping[str, Observed], zone: tzinfo) -> str:
    """When Exotel itself looked last, of what is not well."""
    bad = [name for name in _DIRECTIONS if said.get(f"number_{name}", ("active",))[0] != "active"]
    looked = [said[name].value for name in (f"number_{name}_checked_at" for name in bad) if name in said]
    return f"; Exotel looked {_moment(min(looked), zone)}" if looked else ""


def _moment(text: str, zone: tzinfo) -> str:
    try:
        return to_the_minute(datetime.fromisoformat(text), zone)
    except ValueError:
        return safe_text(text, 40)


def _words(state: str) -> str:
    return state.replace("_", " ")
