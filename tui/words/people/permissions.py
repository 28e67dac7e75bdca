"""What a permission says and what a change of it does, and whom it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.people.names import person_in_full, person_name
from tui.words.text import safe_text
from tui.words.times import ahead, to_the_minute

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from tui.data.permissions.effective import EffectiveAccess
    from tui.data.permissions.known_secrets import KnownSecret
    from tui.data.permissions.listing import Holder
    from tui.data.permissions.values import Access


def holder_name(holder: Holder) -> str:
    """Return what a person is called, with how the directory knows them where they are not simply active; not safe."""
    return _with_standing(holder, person_name(holder))


def holder_in_full(holder: Holder) -> str:
    """Return name and e-mail, or the id, with how the directory knows them; as safe text."""
    return _with_standing(holder, person_in_full(holder))


def rights_words(access: Access) -> str:
    """Return the rights: "view, send", or "nothing"."""
    return ", ".join(access.rights) or "nothing"


def limit_words(limit: int | None) -> str:
    """Return a limit of sends: "1,000", or "unlimited"."""
    return "unlimited" if limit is None else f"{limit:,}"


def until_words(access: Access, now: datetime, zone: tzinfo) -> str:
    """Return when it ends, and how far that is: "2027-03-31 23:59 UTC, in 12 d", "never"."""
    if access.expires_at is None:
        return "never"
    if access.is_expired(now):
        return f"expired {to_the_minute(access.expires_at, zone)}"
    return f"{to_the_minute(access.expires_at, zone)}, {ahead(access.expires_at, now)}"


def access_in_full(access: Access, zone: tzinfo) -> str:
    """Return a whole permission in one line."""
    if not access.rights:
        return "nothing"
    parts = [rights_words(access)]
    if access.expires_at is not None:
        parts.append(f"until {to_the_minute(access.expires_at, zone)}")
    if access.daily_limit is not None:
        parts.append(f"{limit_words(access.daily_limit)} a day")
    if access.monthly_limit is not None:
        parts.append(f"{limit_words(access.monthly_limit)} a month")
    return ", ".join(parts)


def value_changes(before: Access, after: Access, zone: tzinfo) -> list[str]:
    """Return the changes of expiry and limits, as before -> after; none where no right is left to have them."""
    if not after.rights:
        return []
    old, new = to_the_minute(before.expires_at, zone), to_the_minute(after.expires_at, zone)
    return [*([f"expires {old} -> {new}"] if old != new else ()), *limit_changes(before, after)]


def limit_changes(before: Access, after: Access) -> list[str]:
    """Return the changes of limits alone, likewise."""
    pairs = (
        ("daily limit", before.daily_limit, after.daily_limit),
        ("monthly limit", before.monthly_limit, after.monthly_limit),
    )
    return [
        f"{name} {limit_words(old)} -> {limit_words(new)}" for name, old, new in pairs if after.rights and old != new
    ]


def reasons_against(entry: EffectiveAccess) -> str:
    """Return why a right that is held cannot be used now; "no permission" where none is held, "" where all can be."""
    rights = entry.access.rights
    if not rights:
        return "no permission"
    reasons = [decision.reason for decision in entry.decisions if decision.reason and decision.right in rights]
    return ", ".join(dict.fromkeys(reasons))


def ways_known(secret: KnownSecret) -> list[str]:
    """Return how a person came to know a secret: revealed, copied, lent to a program of theirs, typed."""
    ways = (("revealed", secret.revealed), ("copied", secret.copied), ("lent", secret.lent), ("typed", secret.typed))
    return [way for way, applies in ways if applies]


def secret_in_full(secret: KnownSecret, zone: tzinfo) -> str:
    """Return which secret it is, how and when the person last saw it, and whether it was changed since; safe text."""
    field = safe_text(secret.field, 60) or "the whole credential"
    words = f"{field}: {' and '.join(ways_known(secret)) or 'seen'}, last {to_the_minute(secret.last_at, zone)}"
    if secret.proven:
        words += ", proven by the login"
    if secret.changed_at is not None:
        return f"{words}; changed {to_the_minute(secret.changed_at, zone)}"
    if secret.perhaps_changed_at is not None:
        words += f"; perhaps changed {to_the_minute(secret.perhaps_changed_at, zone)}"
    if secret.live_again_at is not None:
        words += f"; changed, and brought back by a roll-back or a restore {to_the_minute(secret.live_again_at, zone)}"
    deleted = secret.integration_id is None
    return f"{words}; the integration is deleted, the provider may still accept it" if deleted else words


def _with_standing(holder: Holder, name: str) -> str:
    return name if holder.standing == "active" else f"{name} ({holder.standing})"
