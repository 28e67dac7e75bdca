"""The rows and facts that travel between the data module and its users, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta
    from uuid import UUID

EnvelopeFormat = Literal["sb2", "legacy"]
UnreadableReason = Literal["other key", "altered", "malformed", "ambiguous", "no key", "not visible", "not tried"]
IntegrationState = Literal["active", "disabled", "not set up", "unreadable", "checking"]
CheckDay = Literal["works", "refused", "unknown", "not asked"]
"""The worst of what the provider said on a day."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation; `name` is None where nobody has given it one."""

    id: UUID
    name: str | None


@dataclass(frozen=True, slots=True)
class Person:
    """A row of switchboard.visible_people."""

    id: UUID
    email: str | None
    name: str | None
    organization_id: UUID | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Login:
    """What the database takes the session's login for.

    `person` is whom it is mapped to; `vouches` is whether it speaks for others, whom the client names. `organizations`
    are those whose rows it sees, None where it sees everything. `database_has_logins` is whether any login was ever
    mapped there: before that nobody's name is proven. `is_known` is whether the directory has the person still.
    """

    name: str
    person: Person | None
    vouches: bool
    organizations: tuple[UUID, ...] | None
    database_has_logins: bool
    is_known: bool = True

    def sees(self, organization_id: UUID) -> bool:
        """Whether the rows of an organisation are there for this login."""
        return self.organizations is None or organization_id in self.organizations


class Observed(NamedTuple):
    """The newest value of something that a provider said beside yes and no, and when it was read."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Checks:
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
    observed: Mapping[str, Observed] = field(default_factory=dict)
    numbers_out: tuple[str, ...] = ()
    is_observed: bool = False
    shown: tuple[str, ...] = ()
    is_visible: bool = True
    check_proven: bool = True


@dataclass(frozen=True, slots=True)
class Integration:
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
    checks: Checks | None = field(default=None, compare=False, repr=False)

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


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A row of integration_audit_logs. `created_at` is None where it is NULL or does not fit a datetime."""

    id: UUID
    organization_id: UUID
    user_id: UUID | None
    integration_type: str
    action: str
    status: str
    details: Json | None
    ip_address: str | None
    user_agent: str | None
    created_at: datetime | None
    created_at_text: str = ""

    @property
    def evidence(self) -> Json:
        """The details where they are an object, else an empty one: other programs write what they like."""
        return self.details if isinstance(self.details, dict) else {}

    @property
    def is_cut(self) -> bool:
        """Whether the details are longer than a list reads, and only say how much is stored."""
        cut = self.evidence.get("cut")
        return isinstance(cut, dict) and "stored_bytes" in cut


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """What a fresh connection tells about the server and the role, in one round trip.

    `tells_login` is whether the role may ask there what its login is taken for.
    """

    host: str
    port: int
    database: str
    role: str
    version: int
    tls: str | None
    is_local: bool
    pooling: Literal["direct", "session", "transaction"]
    in_recovery: bool
    read_only: bool
    superuser: bool
    create_role: bool
    create_in_database: bool
    create_in_public: bool
    encoding: str = "UTF8"
    tells_login: bool = False

    @property
    def version_text(self) -> str:
        """The version as people write it: 180004 -> 18.4."""
        return f"{self.version // 10000}.{self.version % 10000}"


@dataclass(frozen=True, slots=True)
class Census:
    """How many envelopes there are by format and by the key that opens them, and which do not open."""

    by_format: dict[str, int] = field(default_factory=dict)
    by_key: dict[str, int] = field(default_factory=dict)
    unreadable: tuple[tuple[UUID, UnreadableReason], ...] = ()

    @property
    def total(self) -> int:
        """All rows looked at."""
        return sum(self.by_format.values())


@dataclass(frozen=True, slots=True)
class ListedNumber:
    """A phone number as its provider lists it: E.164, the provider's name for it, what it can do, and its call flow.

    The flow is as tui/providers/observations.py has it, None where the provider does not say.
    """

    number: str
    name: str | None
    can_call: bool
    can_sms: bool
    call_flow: str | None = None


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A row of organization_phone_numbers, with what its ids stand for.

    `phone_number` is the text as it is stored, `e164` the number it means, None where it is none. A boolean that is
    NULL in the row is False here. `assignee` is None for a number in the pool, and for an id that the directory of
    people does not know. `integration_type` is also None where this role may not read it. `observed` is what a provider
    said of the number, by the names of tui/providers/observations.py; None where nobody read that.
    """

    id: UUID
    organization_id: UUID
    integration_id: UUID | None
    phone_number: str
    display_name: str | None
    number_type: str | None
    assigned_to_user_id: UUID | None
    is_primary: bool
    can_call: bool
    can_sms: bool
    is_active: bool
    created_at: datetime | None
    updated_at: datetime | None
    e164: str | None
    assignee: Person | None = None
    integration_type: str | None = None
    organization_name: str | None = None
    observed: Mapping[str, Observed] | None = field(default=None, compare=False, repr=False)
