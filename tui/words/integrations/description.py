"""What the state, the connection and the use of an integration are called; its name is in tui/providers/naming.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.integrations.seen_checks import broken_since, but, warnings
from tui.words.people.names import NAME_MOST, UNKNOWN
from tui.words.text import safe_text
from tui.words.times import ago, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from tui.data.integrations.authors import Authors
    from tui.data.integrations.listing import Dependents
    from tui.models.envelopes import UnreadableReason
    from tui.models.integrations import Integration
    from tui.providers.verdicts import Verdict

NOT_VISIBLE = "not visible to your role"
NOT_OPENED = "not opened: the definition of its type is not recorded"
NOTHING_CHANGED = "No changes, so nothing was written."
LIST_AGAIN = "Somebody else deleted it; list the integrations again."
HIDDEN = "hidden"
"""Stands for NOT_VISIBLE in a column."""
MOST_REASON = 60

# Why an envelope does not open: in a column of 17 cells, and in a sentence.
_UNREADABLE = {
    "other key": ("another key", "written with another master key"),
    "altered": ("altered", "the envelope was altered or moved from another row"),
    "malformed": ("no envelope", "the text is no envelope"),
    "ambiguous": ("two keys open it", "it opens under two of the configured keys"),
    "no key": ("no master key", "no master key is configured"),
}


def unreadable_words(reason: UnreadableReason) -> str:
    """Return why an envelope does not open, as a column says it."""
    return HIDDEN if reason == "not visible" else _UNREADABLE[reason][0]


def facts(
    integration: Integration, authors: Authors, zone: tzinfo, checks: Iterable[tuple[str, str]] = ()
) -> tuple[tuple[str, str], ...]:
    """Return everything known of one that is set up, as labels and texts, with what is known of `checks`; no secret."""
    hidden = integration.unreadable == "not visible"
    return (
        ("State", _state(integration)),
        *_connection(integration, authors, zone),
        *checks,
        ("Used by", _use(integration.people_with_access, integration.phone_numbers)),
        ("Changed", f"{to_the_minute(integration.updated_at, zone)} by {_author(authors.changed)}"),
        ("Created", f"{to_the_minute(integration.created_at, zone)} by {_author(authors.created)}"),
        ("Envelope", NOT_VISIBLE if hidden else integration.envelope_format or "neither format"),
    )


def connection(integration: Integration, now: datetime | None = None) -> str:
    """Return what a column says of the connection, and of an unreadable one why it is.

    "works, 3 h ago", "works, but KYC not completed", "not tested", "401 key refused, 3 d ago" (since when, if known).
    """
    if integration.id is None:
        return ""
    if integration.state == "unreadable":
        return _UNREADABLE[integration.unreadable or ""][0]
    if integration.unknown_since is not None:
        return f"unknown, {ago(integration.unknown_since, now)}"
    if integration.failing:
        reason = safe_text(integration.test_failure, MOST_REASON)
        return f"{reason or 'failed'}, {ago(broken_since(integration) or integration.tested_at, now)}"
    return _yes(integration, now) if integration.is_verified else "not tested"


def stored_format(integration: Integration) -> str:
    """Return what a column says of the envelope's format; "" for none of the known ones, and before it is set up."""
    return HIDDEN if integration.unreadable == "not visible" else integration.envelope_format or ""


def count_of_use(integration: Integration, number: int | None) -> str:
    """Return what a column says of people or numbers; "" of a type that is not set up."""
    if integration.id is None:
        return ""
    return HIDDEN if number is None else str(number)


def verdict_words(verdict: Verdict) -> str:
    """Return the level, the subject, what was found and the time that took; passed or not is shown beside it."""
    took = f" ({verdict.milliseconds} ms)" if verdict.milliseconds is not None else ""
    return f"{verdict.level:<6} {safe_text(verdict.subject, 30)}: {verdict.sentence}{took}"


def _yes(integration: Integration, now: datetime | None) -> str:
    if not integration.proven:
        return f"unproven{but(integration)}"
    # A yes that stands alone is read as "all is well".
    return f"works{but(integration) or f', {ago(integration.last_verified_at, now)}'}"


def activation(name: str, *, active: bool, changed: bool) -> str:
    """Return what enabling or disabling the integration called `name` came to."""
    state = "enabled" if active else "disabled"
    return f"{name} is {state}." if changed else f"{name} was {state} already."


def deletion_warning(name: str, expected: Dependents, way_back: str) -> str:
    """Return what deleting the integration called `name` does, and how it can be undone."""
    return f"Deleting {name} {expected.sentence()}. {way_back}"


def deletion(name: str, deleted: Dependents) -> str:
    """Return what was deleted with the integration called `name`."""
    return f"{name} is deleted; it {deleted.sentence()}."


def _state(integration: Integration) -> str:
    if integration.state == "checking":
        return "checking whether its credential can be read"
    why = _UNREADABLE.get(integration.unreadable or "")
    return f"{integration.state}: {why[1]}" if why else integration.state


def _connection(integration: Integration, authors: Authors, zone: tzinfo) -> tuple[tuple[str, str], ...]:
    verdict = _last_verdict(integration, authors, zone)
    if integration.unknown_since is None:
        return (("Connection", verdict),)
    since = to_the_minute(integration.unknown_since, zone)
    reason = safe_text(integration.test_failure, 200) or "the provider was not reached"
    return ("Connection", f"unknown since {since}: {reason}; test it again"), ("Before", verdict)


def _last_verdict(integration: Integration, authors: Authors, zone: tzinfo) -> str:
    if integration.failing:
        reason = safe_text(integration.test_failure, 200) or "the last test failed"
        return f"{reason}, {to_the_minute(integration.tested_at, zone)}: correct it, then test it again"
    if not integration.is_verified:
        return "not tested since its last change"
    whom = _author(authors.tested) if integration.proven else "another program, unproven"
    hidden = warnings(integration)
    # First, since the end of a line is cut.
    warned = f", but {', '.join(hidden)};" if hidden else ""
    return f"verified{warned} {to_the_minute(integration.last_verified_at, zone)} by {whom}"


def _use(people: int | None, numbers: int | None) -> str:
    have = counted(people, "person has access", "people have access") if people else "nobody has access"
    own = counted(numbers, "number") if numbers else "no number"
    return f"{NOT_VISIBLE if people is None else have}; {NOT_VISIBLE if numbers is None else own}"


def _author(name: str | None) -> str:
    return safe_text(name, NAME_MOST) if name else UNKNOWN
