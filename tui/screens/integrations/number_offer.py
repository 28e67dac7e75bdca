"""The offer to put the number of a credential that was saved among the organisation's phone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.numbers.changes import add_number
from tui.data.numbers.listing import find_phone_numbers
from tui.errors import SwitchboardError
from tui.words.numbers.description import shown_number
from tui.words.numbers.phone_number import display, e164

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tui.models.integrations import Integration
    from tui.providers.fields import IntegrationType
    from tui.screens.page import Page


async def offer_number(
    page: Page,
    integration_type: IntegrationType,
    integration: Integration,
    values: Mapping[str, str],
    saved: Collection[str],
) -> str:
    """Offer the number among the saved fields where the organisation does not have it; return what was done, if any."""
    field = next((field for field in integration_type.fields if field.is_own_number and field.name in saved), None)
    # A sender of SMS may be a name.
    number = e164(values.get(field.name, "")) if field else None
    database, organization_id = page.session.database, integration.organization_id
    if not number:
        return ""
    try:
        found = await find_phone_numbers(database, number, organization_id)
    except SwitchboardError:
        # What is saved is saved: who may not see numbers is not told of a failure.
        return ""
    if any(known.e164 == number for known in found.numbers):
        return ""
    question = f"Add {display(number)} to the organisation's pool of phone numbers?"
    if not await page.prompt.confirm(question, "add it"):
        return ""
    try:
        added = await page.writing(add_number(database, organization_id, number, integration=integration))
    except SwitchboardError as failure:
        return f" {display(number)} was not added: {failure}"
    return f" {shown_number(added.number)} is in the pool of numbers now."
