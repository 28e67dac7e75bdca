"""One sync of phone numbers from the stored credential to a plan: whose account, opened, listed, compared."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from tui.data.checks.store import note_observed
from tui.data.integrations.credentials import binding
from tui.data.integrations.envelope_opening import take_envelope
from tui.data.integrations.listing import list_integrations
from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import check_gate
from tui.data.numbers.sync import log_sync_outcome, plan_sync
from tui.errors import InvalidInput, NotFound, ProviderFailed, SwitchboardError, Unreadable
from tui.providers import integration_type, registry
from tui.session.connection_test import shape_of
from tui.session.openable_type import openable_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any
    from uuid import UUID

    from tui.data.numbers.sync_plan import SyncPlan
    from tui.models import Json
    from tui.models.integrations import Integration
    from tui.models.numbers import ListedNumber
    from tui.providers.fields import IntegrationType
    from tui.session.session import Session

LONGEST_S = 180.0
"""Each page has a time-out of its own; this one only ends a listing that does not keep to them."""


async def integration_to_sync(session: Session, organization_id: UUID, type_or_id: str | None = None) -> Integration:
    """Return the integration whose account lists the numbers: the one of that type or id, or the first that can.

    Raises UnknownType, InvalidInput where the type lists none, is disabled, or has several rows in use, and NotFound
    where it is not set up.
    """
    listing_types = _listing_types()
    listed = await list_integrations(session.database, Keyring(None), organization_id, listing_types)
    ready = [
        integration
        for name in listing_types
        for integration in listed
        if integration.integration_type == name
        and integration.id is not None
        and type_or_id in (None, integration.integration_type, str(integration.id))
    ]
    if type_or_id is not None and not ready:
        _number_listing(integration_type(type_or_id))
    if not ready:
        raise NotFound(
            f"{type_or_id or 'No integration whose provider lists phone numbers'} is "
            f"{'not ' if type_or_id else ''}set up in this organisation.",
            f"Set up {type_or_id or ' or '.join(listing_types)} first, or add numbers by hand.",
        )
    active = [integration for integration in ready if integration.is_active]
    if not active:
        raise InvalidInput(f"{ready[0].integration_type} is disabled, so it is not used.", "Enable it first.")
    alike = [integration for integration in active if integration.integration_type == active[0].integration_type]
    if len(alike) > 1:
        ids = ", ".join(str(integration.id) for integration in alike)
        raise InvalidInput(
            f"There are {len(alike)} rows of {alike[0].integration_type} in use, and each may be another account.",
            f"Choose one with `switchboard phone-numbers sync --integration ID`: {ids}.",
        )
    return active[0]


async def plan_from_provider(
    session: Session, integration: Integration, tell: Callable[[int], None], *, keeps_seen: bool = True
) -> SyncPlan:
    """Open the credential, list the account's numbers and compare them; `tell` is given how many there are so far.

    The call flow of each number is kept as it was seen, unless `keeps_seen` is False or nothing may be written.

    The opening is logged before, and a failure after, both under the plan's operation id. Raises ProviderFailed,
    Unreadable, NotRecorded, InvalidInput where the credential is not complete, and PermissionDenied.
    """
    type_ = await openable_type(session, integration.integration_type)
    operation_id = uuid4()
    sealed = await take_envelope(session.database, integration, "sync", operation_id=operation_id)
    try:
        contents = await asyncio.to_thread(session.keyring.open, sealed.envelope, binding(integration))
        listed = await _list_numbers(type_, contents.credential, tell)
    except SwitchboardError as failure:
        details = _failure_details(failure)
        await log_sync_outcome(session.database, integration, operation_id, status="failed", details=details)
        if isinstance(failure, Unreadable) and failure.reason in ("no key", "other key"):
            (await check_gate(session.database, session.keyring)).require_write()
        raise
    flows = {(one.number, "number_call_flow"): one.call_flow for one in listed if one.call_flow is not None}
    if flows and keeps_seen and not session.database.read_only:
        await note_observed(session.database, binding(integration).row_id, flows)
    return await plan_sync(
        session.database, integration, listed, line=_own_number(type_, contents.credential), operation_id=operation_id
    )


async def leave_plan(session: Session, plan: SyncPlan, why: Literal["dry run", "not confirmed"]) -> None:
    """Log that a plan was made and not applied: its opening would stay pending for ever."""
    status = "success" if why == "dry run" else "failed"
    details = {"outcome": why, "synced_numbers": 0, "listed_numbers": plan.synced}
    await log_sync_outcome(session.database, plan.integration, plan.operation_id, status=status, details=details)


def _failure_details(failure: SwitchboardError) -> Json:
    """Return what the log says of a failure; never its sentence, which may tell of the answer."""
    if isinstance(failure, ProviderFailed):
        return {"failure": "provider", "code": failure.code} if failure.code else {"failure": "provider"}
    if isinstance(failure, Unreadable):
        return {"failure": "envelope", "reason": failure.reason}
    return {"failure": "credential"}


async def _list_numbers(
    type_: IntegrationType, credential: Mapping[str, Any], tell: Callable[[int], None]
) -> list[ListedNumber]:
    list_numbers = _number_listing(type_)
    shape = shape_of(type_, credential)
    if shape.outcome != "passed":
        raise InvalidInput(shape.sentence, "Correct it in the editor, then sync again.")
    try:
        async with asyncio.timeout(LONGEST_S):
            listed: list[ListedNumber] = await list_numbers(credential, tell)
            return listed
    except TimeoutError:
        raise ProviderFailed(
            f"Listing the numbers took longer than {LONGEST_S:.0f} s; nothing was written.", "Try again later."
        ) from None


def _listing_types() -> list[str]:
    return [provider.name for provider in registry().values() if provider.list_numbers is not None]


def _number_listing(type_: IntegrationType) -> Any:
    if type_.list_numbers is None:
        names = _listing_types()
        raise InvalidInput(
            f"{type_.title} lists no phone numbers.",
            f"The types that do are {', '.join(names)}." if names else "Add them by hand.",
        )
    return type_.list_numbers


def _own_number(type_: IntegrationType, credential: Mapping[str, Any]) -> str | None:
    """Return the number that the credential itself stands for, the other program's only one."""
    field_name = next((field.name for field in type_.fields if field.kind == "phone" and field.required), None)
    value = credential.get(field_name) if field_name else None
    return value if isinstance(value, str) else None
