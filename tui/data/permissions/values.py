"""What a permission says: rights, expiry and limits, how they are typed, and what they imply."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal

from tui.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import tzinfo
    from uuid import UUID

Right = Literal["view", "send", "configure"]
RIGHTS: tuple[Right, ...] = ("view", "send", "configure")
CellState = Literal["none", "active", "expires within 30 days", "expires within 7 days", "expired"]
CellKey = tuple["UUID", "UUID"]

HIGHEST_LIMIT = 2_147_483_647
SOON, VERY_SOON = timedelta(days=30), timedelta(days=7)
# The later one of the two where clocks are set back over midnight.
LAST_SECOND = time(23, 59, 59, fold=1)
EXAMPLES = "Give a date such as 2027-03-31, a time from now such as 30d or 2w, end of month, or never."

_DAYS = re.compile(r"([0-9]{1,5}) ?(d|w)(?:(?<=d)ays?|(?<=w)eeks?)?")
_HOURS = re.compile(r"([0-9]{1,5}) ?h(?:ours?)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNLIMITED = frozenset({"unlimited", "none", "no limit"})


@dataclass(frozen=True, slots=True)
class Access:
    """What one person may do with one integration, and until when; limits are sends per day and month in UTC.

    A limit of None is unlimited, an expiry of None is never.
    """

    can_view: bool = False
    can_send: bool = False
    can_configure: bool = False
    expires_at: datetime | None = None
    daily_limit: int | None = None
    monthly_limit: int | None = None

    @property
    def rights(self) -> tuple[Right, ...]:
        """The rights it gives, in the order view, send, configure."""
        return tuple(right for right in RIGHTS if self.has(right))

    def has(self, right: Right) -> bool:
        """Whether the right's own flag is set."""
        return {"view": self.can_view, "send": self.can_send, "configure": self.can_configure}[right]

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
class Cell:
    """One person and one integration, with the row that is there, if any."""

    user_id: UUID
    integration_id: UUID
    grant: Grant | None = None

    @property
    def key(self) -> CellKey:
        """What identifies it: the person's id and the integration's."""
        return self.user_id, self.integration_id

    @property
    def access(self) -> Access:
        """What the row says; NOTHING where there is none."""
        return NOTHING if self.grant is None else self.grant.access

    def state(self, now: datetime) -> CellState:
        """The one word for it, at a moment of the server's time."""
        return state_of(self.access, now)


def state_of(access: Access, now: datetime) -> CellState:
    """Tell no right at all, expired, soon to expire, and simply active apart."""
    if not access.rights:
        return "none"
    if access.expires_at is None:
        return "active"
    left = access.expires_at - now
    if left <= timedelta():
        return "expired"
    if left <= VERY_SOON:
        return "expires within 7 days"
    return "expires within 30 days" if left <= SOON else "active"


def normalised(access: Access) -> tuple[Access, str]:
    """Return what is stored for it, and a sentence about what was added or dropped for that, or an empty one.

    send and configure imply view; a permission without any right is none at all, and has neither expiry nor limits.
    """
    if not access.rights:
        dropped = access != NOTHING
        return NOTHING, "Without a right there is no permission: expiry and limits went with it." if dropped else ""
    if access.can_view:
        return access, ""
    implying = [right for right in ("send", "configure") if access.has(right)]
    imply = "imply" if len(implying) > 1 else "implies"
    return replace(access, can_view=True), f"{' and '.join(implying)} {imply} view: view added."


def with_right(access: Access, right: Right, *, given: bool) -> tuple[Access, str]:
    """Give or take one right, and what hangs on it; returns the access and a sentence about what else was done.

    Taking view takes send and configure too, since both imply it.
    """
    if not given and right == "view":
        others = [one for one in ("send", "configure") if access.has(one)]
        note = f"{' and '.join(others)} went with view." if others else ""
        return NOTHING, note
    flag: dict[str, Any] = {f"can_{right}": given}
    return normalised(replace(access, **flag))


def parse_expiry(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """Return the moment that a person means, None for never.

    A date, and a number of days (30d) or weeks (2w), means the end of that day in `zone`; 12h is exact; so is
    "2027-03-31 18:00". Also: today, tomorrow, end of week (Sunday), end of month, end of year. Raises InvalidInput for
    what is none of these, and for a moment that has passed.
    """
    wanted = " ".join(text.lower().split())
    if wanted == "never":
        return None
    moment = _moment(wanted, now.astimezone(zone), zone)
    if moment is None:
        raise InvalidInput("That expiry is not understood.", EXAMPLES)
    if moment <= now:
        raise InvalidInput("That expiry has passed already.", EXAMPLES)
    return moment


def parse_limit(text: str) -> int | None:
    """Return a number of sends, None for unlimited. Raises InvalidInput."""
    wanted = " ".join(text.lower().split())
    if wanted in _UNLIMITED:
        return None
    digits = wanted.replace(",", "").replace("_", "")
    if digits.startswith("-") and digits[1:].isascii() and digits[1:].isdigit():
        raise InvalidInput("A limit cannot be negative.", "Give a number of sends from 0, or unlimited.")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and int(digits) <= HIGHEST_LIMIT):
        raise InvalidInput(
            f"A limit is a whole number from 0 to {HIGHEST_LIMIT}, or unlimited.", "Type one, such as 100."
        )
    return int(digits)


def check(wanted: Access, seen: Access, now: datetime) -> None:
    """Raise InvalidInput for values that cannot be wanted; what was there before and stays is not complained about."""
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


def _moment(wanted: str, local: datetime, zone: tzinfo) -> datetime | None:
    try:
        day = _day(wanted, local.date())
        if day is not None:
            return _end_of(day, zone)
        match = _HOURS.fullmatch(wanted)
        if match:
            return (local.astimezone(UTC) + timedelta(hours=int(match[1]))).astimezone(zone)
        parsed = datetime.fromisoformat(wanted.upper()) if wanted.isascii() and len(wanted) > 10 else None
        if parsed is None or parsed.tzinfo is not None:
            return parsed
        return parsed.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        return None


def _day(wanted: str, today: date) -> date | None:
    match = _DAYS.fullmatch(wanted)
    if match:
        return today + timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1))
    if _DATE.fullmatch(wanted):
        return date.fromisoformat(wanted)
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return {
        "today": today,
        "tomorrow": today + timedelta(days=1),
        "end of week": today + timedelta(days=6 - today.weekday()),
        "end of month": next_month - timedelta(days=1),
        "end of year": today.replace(month=12, day=31),
    }.get(wanted)


def _end_of(day: date, zone: tzinfo) -> datetime:
    # The day's last second and not the next midnight, so that the moment is shown with the date that was typed.
    moment = datetime.combine(day, LAST_SECOND, zone)
    moment.astimezone(UTC)
    return moment
