"""Integrations without their envelopes, and what checks found of them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

    from tui.models.envelopes import EnvelopeFormat, UnreadableReason

IntegrationState = Literal["active", "disabled", "not set up", "unreadable", "checking"]
CheckDay = Literal["works", "refused", "unknown", "not asked"]
"""The worst of what the provider said on a day."""


class Observed(NamedTuple):
    """The newest value of something that a provider said beside yes and no, and when it was read."""

    value: str
    at: datetime


class Checks(NamedTuple):
    """What tests and checks found of one integration over time, and what its provider said besides.

    `standing` is verified, refused, or cut off where a check began and nobody knows how it ended; None where nothing is
    known of the credential that is stored now. It has been so since `since`, and perhaps longer where that is not
    `since_exactly`. `days` are the last 30, today last, and empty where this role may not read the log. `begun_at` is
    when `switchboard check` last asked, None where it never did; `is_in_progress` is whether that has no outcome yet.
    `every` is how long lies between two of its checks, None where it has not said that; `next_at` is when one is due,
    None where only a person may ask. `observed` has values by the names of tui/providers/observations.py,
    `numbers_out` are the phone numbers (E.164) whose calls are out. `is_observed` is whether the provider tells
    anything of the account beside yes and no, and `shown` are the labels of what the definition of a declared type
    shows, which `observed` has behind "shown:". Where this role may not read what checks remember, nothing `is_visible`
    but the log. `check_proven` is whether the check of the type is known to say no as well.
    """

    standing: Literal["verified", "refused", "cut off"] | None = None
    since: datetime | None = None
    since_exactly: bool = True
    days: tuple[CheckDay, ...] = ()
    begun_at: datetime | None = None
    is_in_progress: bool = False
    every: timedelta | None = None
    next_at: datetime | None = None
    observed: Mapping[str, Observed] = MappingProxyType({})
    numbers_out: tuple[str, ...] = ()
    is_observed: bool = False
    shown: tuple[str, ...] = ()
    is_visible: bool = True
    check_proven: bool = True


class Integration(NamedTuple):
    """A row of integration_credentials without its envelope, or (id None) a type that is not set up.

    `envelope_format` is None where the row's envelope may not be read by this role, or where it is neither format;
    `unreadable` says why the envelope does not open, or that nobody has tried yet. `place` is (1, 2) for the first of
    two rows of one type, which adopted tables may have, and None for the only one. `proven` is True where a successful
    connection test by Switchboard is in the log since the envelope last changed; is_verified without it was set by
    another program. `unknown_since` is when a test got no answer about the credential first, None where the last one
    did; what was found out before that stays in the other fields. `test_failure` says why a test failed, as far as the
    log knows. `checks` is None where nobody read what they found.
    """

    id: UUID | None
    organization_id: UUID
    integration_type: str
    display_name: str | None = None
    is_active: bool = False
    is_verified: bool = False
    last_verified_at: datetime | None = None
    created_by: UUID | None = None
    updated_by: UUID | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    envelope_format: EnvelopeFormat | None = None
    unreadable: UnreadableReason | None = None
    proven: bool = False
    failing: bool = False
    tested_at: datetime | None = None
    unknown_since: datetime | None = None
    test_failure: str = ""
    verified_by: UUID | None = None
    people_with_access: int | None = None
    phone_numbers: int | None = None
    place: tuple[int, int] | None = None
    checks: Checks | None = None

    @property
    def state(self) -> IntegrationState:
        """The one word shown for it; unreadable goes before disabled because it needs somebody."""
        if self.id is None:
            return "not set up"
        if self.unreadable == "not tried":
            return "checking"
        if self.unreadable is not None and self.unreadable != "not visible":
            return "unreadable"
        return "active" if self.is_active else "disabled"
