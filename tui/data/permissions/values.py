"""What a permission says: rights, expiry and limits, and how the last two are typed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from tui.data.rights import RIGHTS, implying, in_order
from tui.errors import InvalidInput
from tui.words.typed_times import Amount, day_of, normalized, read_time

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.rights import Right

CellState = Literal["none", "active", "expires within 30 days", "expires within 7 days", "expired"]
CellKey = tuple["UUID", "UUID"]

HIGHEST_LIMIT = 2_147_483_647
TOO_LONG = 100_000
"""Hours, days or weeks ahead that are a slip, not an expiry."""
SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)
EXAMPLES = "Give a date such as 2027-03-31, a time from now such as 30d or 2w, end of month, or never."

# A filter also takes a month, a year and a clock time alone; as an expiry 2030 is a slip more often than a year.
_EXPIRY = re.compile(r"today|tomorrow|end of (?:week|month|year)|\d{4}-\d{2}-\d{2}|(?=.{11})\d{4}.*[t ].+")
_UNLIMITED = frozenset({"unlimited", "none", "no limit"})


@dataclass(frozen=True, slots=True)
class Access:
    """What one person may do with one integration, and until when; limits are sends per day and month in UTC.

    `rights` come in the order of RIGHTS, however they are given. A limit of None is unlimited, an expiry of None never.
    """

    rights: tuple[Right, ...] = ()
    expires_at: datetime | None = None
    daily_limit: int | None = None
    monthly_limit: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "rights", in_order(self.rights))

    def has(self, right: Right) -> bool:
        """Whether the right itself is given."""
        return right in self.rights

    def is_expired(self, now: datetime) -> bool:
        """Whether its expiry has passed."""
        return self.expires_at is not None and self.expires_at <= now


NOTHING = Access()


@dataclass(frozen=True, slots=True)
class Grant:
    """A row of user_integration_permissions; `access` has its values, a flag that is NULL counting as not set."""

    id: UUID
    user_id: UUID
    integration_id: UUID
    access: Access
    granted_by: UUID | None = None
    granted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OfCell:
    """What is about one person and one integration."""

    user_id: UUID
    integration_id: UUID

    @property
    def key(self) -> CellKey:
        """What identifies the cell: the person's id and the integration's."""
        return self.user_id, self.integration_id


@dataclass(frozen=True, slots=True)
class Cell(OfCell):
    """A cell of the grid, with the row that is there, if any."""

    grant: Grant | None = None

    @property
    def access(self) -> Access:
        """What the row says; NOTHING where there is none."""
        return access_of(self.grant)


def access_of(grant: Grant | None) -> Access:
    """Return what a row says; NOTHING where there is none."""
    return NOTHING if grant is None else grant.access


def state_of(access: Access, now: datetime) -> CellState:
    """Return whether the access is none, expired, soon to expire, or active."""
    if not access.rights:
        return "none"
    if access.expires_at is None:
        return "active"
    remaining = access.expires_at - now
    if remaining <= timedelta():
        return "expired"
    if remaining <= VERY_SOON:
        return "expires within 7 days"
    return "expires within 30 days" if remaining <= SOON else "active"


def normalised(access: Access) -> tuple[Access, str]:
    """Return the access as it is stored, and a sentence about what that added or dropped, empty for nothing.

    A right brings what it implies; a permission without any right is none at all, and has neither expiry nor limits.
    """
    if not access.rights:
        dropped = access != NOTHING
        return NOTHING, "Without a right there is no permission: expiry and limits were removed too." if dropped else ""
    implied = in_order(name for right in access.rights for name in RIGHTS[right].implies)
    missing = [right for right in implied if not access.has(right)]
    notes = []
    for right in missing:
        because = [name for name in implying(right) if access.has(name)]
        notes.append(f"{' and '.join(because)} {'implies' if len(because) == 1 else 'imply'} {right}: {right} added.")
    return replace(access, rights=(*access.rights, *missing)), " ".join(notes)


def with_right(access: Access, right: Right, *, given: bool) -> tuple[Access, str]:
    """Give or take one right; return the access and a sentence about what else that did.

    Taking a right takes those that imply it.
    """
    if given:
        return normalised(replace(access, rights=(*access.rights, right)))
    dependents = [name for name in implying(right) if access.has(name)]
    remaining = tuple(name for name in access.rights if name != right and name not in dependents)
    note = (
        f"{' and '.join(dependents)} {'was' if len(dependents) == 1 else 'were'} removed with {right}."
        if dependents
        else ""
    )
    if implying(right) and not remaining:
        # Whoever takes the right that the others rest on means the whole permission: nothing more needs saying.
        return NOTHING, note
    stored, added = normalised(replace(access, rights=remaining))
    return stored, f"{note} {added}".strip()


def parse_expiry(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment that a person means, None for never.

    A date, and a number of days (30d) or weeks (2w), means the end of that day in `zone`; 12h is exact; so is
    "2027-03-31 18:00". Also: today, tomorrow, end of week (Sunday), end of month, end of year. Raises InvalidInput for
    what is none of these, and for a moment that has passed.
    """
    if normalized(text) == "never":
        return None
    moment = _expiry(text, now, zone)
    if moment is None:
        raise InvalidInput("That expiry is not understood.", EXAMPLES)
    if moment <= now:
        raise InvalidInput("That expiry has passed already.", EXAMPLES)
    return moment


def parse_limit(text: str) -> int | None:
    """Return a number of sends, None for unlimited. Raises InvalidInput."""
    normalized_text = " ".join(text.lower().split())
    if normalized_text in _UNLIMITED:
        return None
    digits = normalized_text.replace(",", "").replace("_", "")
    if digits.startswith("-") and digits[1:].isascii() and digits[1:].isdigit():
        raise InvalidInput("A limit cannot be negative.", "Give a number of sends from 0, or unlimited.")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and int(digits) <= HIGHEST_LIMIT):
        raise InvalidInput(
            f"A limit is a whole number from 0 to {HIGHEST_LIMIT}, or unlimited.", "Type one, such as 100."
        )
    return int(digits)


def check(wanted: Access, seen: Access, now: datetime) -> None:
    """Raise InvalidInput for an expiry or limits that are not allowed; values that stay as seen always are."""
    if wanted.expires_at is not None and wanted.expires_at != seen.expires_at and wanted.expires_at <= now:
        raise InvalidInput("That expiry has passed already.", EXAMPLES)
    if (wanted.daily_limit, wanted.monthly_limit) == (seen.daily_limit, seen.monthly_limit):
        return
    daily, monthly = wanted.daily_limit, wanted.monthly_limit
    for limit in (daily, monthly):
        if limit is not None and not 0 <= limit <= HIGHEST_LIMIT:
            raise InvalidInput(f"A limit is a whole number from 0 to {HIGHEST_LIMIT}, or unlimited.", "Correct it.")
    if None not in (wanted.daily_limit, wanted.monthly_limit) and (wanted.monthly_limit or 0) < (
        wanted.daily_limit or 0
    ):
        raise InvalidInput(
            f"The monthly limit ({wanted.monthly_limit}) is below the daily one ({wanted.daily_limit}).",
            "Raise the monthly limit, or lower the daily one.",
        )


def _expiry(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the last second of what a text names, in `zone`, also of the day that an amount of days leads to."""
    words = " ".join(text.lower().split())
    time = read_time(words, zone, now) if words.isascii() else None
    try:
        if isinstance(time, Amount):
            if time.count >= TOO_LONG:
                return None
            if time.unit == "hours":
                return (now + time.length).astimezone(zone)
            # Nobody sets an expiry in minutes, and 30m may well mean months.
            time = day_of(now, zone, days=time.length.days) if time.unit in ("days", "weeks") else None
        elif not _EXPIRY.fullmatch(words):
            time = None
        if time is None:
            return None
        if time.start == time.end:
            return time.start.astimezone(zone)
        # The last second and not the next midnight, so that the moment is shown with the date that was typed.
        return (time.end - timedelta(microseconds=1)).replace(microsecond=0).astimezone(zone)
    except OverflowError:
        return None
