"""What is said of earlier credentials, of going back to one, and of a deleted integration that comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.counts import counted
from tui.words.integrations.description import unreadable_words
from tui.words.integrations.seen_checks import verified_words
from tui.words.people.names import NAME_MOST, UNKNOWN
from tui.words.text import safe_text
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from datetime import tzinfo

    from tui.data.integrations.deleted import DeletedIntegration, RestorePlan
    from tui.data.integrations.roll_back import RollBackPlan
    from tui.data.integrations.versions import Bounds, Version

NAMES_MOST = 8
NOT_KEPT = "No earlier credential is kept of it."
LIVE_AGAIN = "Secrets that somebody knew may be in use again: see `switchboard permissions report PERSON`."


def who_replaced(version: Version | DeletedIntegration) -> str:
    """Return who replaced or deleted it, marked where that is not proven; else that nobody said."""
    return safe_text(version.author, NAME_MOST) if version.author else UNKNOWN


def changed_words(version: Version) -> str:
    """Return the names of the fields that were replaced: "api_key, api_token", "deleted", "not known"."""
    if version.kind == "deleted":
        return "deleted"
    if version.changed is None:
        return "not known"
    names = field_names(version.changed)
    return f"{names} (claimed)" if version.is_claimed else names or "written again, nothing changed"


def field_names(names: tuple[str, ...]) -> str:
    """Return names of fields with commas between, a few of them where there are many; safe text."""
    shown = ", ".join(safe_text(name, 40) for name in names[:NAMES_MOST])
    more = len(names) - NAMES_MOST
    return f"{shown} and {more} more" if more > 0 else shown


def difference_words(version: Version) -> str:
    """Return what a roll-back to it changes, by the names of fields."""
    if version.is_present:
        return "changes nothing: that is what is stored"
    if version.differs is None:
        return "its fields cannot be compared here"
    return f"changes {field_names(version.differs)}"


def content_words(version: Version) -> str:
    """Return the fingerprint of its content, or why it does not open."""
    return unreadable_words(version.problem) if version.problem else version.fingerprint or ""


def tested_words(version: Version, *, check_proven: bool) -> str:
    """Return what a test had said of it while it was stored."""
    return verified_words(check_proven=check_proven) if version.was_verified else "not verified"


def comparison(plan: RollBackPlan) -> list[str]:
    """Return what a roll-back does to each field, a line each; names and no values."""
    if plan.changed is None:
        return ["Its fields cannot be compared: one of the two does not open with the keys that are configured here."]
    stored, wanted = plan.stored.credential or {}, plan.credential or {}
    lines = []
    for name in plan.changed:
        what = "is removed" if name not in wanted else "is added" if name not in stored else "gets its earlier value"
        lines.append(f"{safe_text(name, 60)} {what}")
    return lines


def version_in_full(plan: RollBackPlan, zone: tzinfo, *, check_proven: bool) -> str:
    """Return which version it is."""
    state = verified_words(check_proven=check_proven) if plan.was_verified else "not verified"
    return f"version {plan.version}, {state} until it was replaced {to_the_minute(plan.replaced_at, zone)}"


def rolled_back(name: str, version: int, *, verified: bool, check_proven: bool) -> str:
    """Return what a roll-back came to."""
    accepted = f"{verified_words(check_proven=check_proven)}: the provider accepted it a moment ago"
    state = accepted if verified else "not tested yet"
    return f"{name} is back at version {version}, {state}."


def what_comes_back(plan: RestorePlan) -> str:
    """Return what a restore brings back, in a sentence."""
    permissions = counted(plan.permissions, "permission") if plan.permissions else "no permission"
    numbers = counted(plan.phone_numbers, "phone number") if plan.phone_numbers else "no phone number"
    return f"comes back with its id, {permissions} and {numbers}"


def restored(name: str, plan: RestorePlan) -> str:
    """Return what a restore came to."""
    return f"{name} is restored: it {what_comes_back(plan).replace('comes', 'came', 1)}."


def kept_words(bounds: Bounds) -> str:
    """Return how much is kept."""
    if not bounds.kept:
        return "Nothing is kept of what an update or a delete replaces."
    return (
        f"Of each integration {counted(bounds.kept, 'earlier credential is', 'earlier credentials are')} kept, "
        f"for {counted(bounds.days, 'day')}."
    )


def way_back(bounds: Bounds, how: str) -> str:
    """Return whether a delete can be undone; `how` names the key or the command."""
    if not bounds.kept:
        return "It cannot be undone: nothing is kept here of what is deleted."
    return f"For {counted(bounds.days, 'day')} it can be brought back with {how}."
