"""Phone numbers, as rows of the database and as their provider lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from tui.models.integrations import Observed
    from tui.models.people import Person


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
