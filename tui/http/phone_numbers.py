"""The routes of phone numbers: listing them, and assigning one to a person or to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import known_person, parse_uuid
from tui.data.numbers.changes import assign_number, unassign_number
from tui.data.numbers.listing import find_phone_numbers, list_phone_numbers
from tui.errors import NotFound, PermissionDenied, UnknownPerson
from tui.http.answers import Refused, success
from tui.http.request import require_names
from tui.words.counts import counted
from tui.words.numbers.description import assigned, shown_number, unassigned
from tui.words.people.names import operator_label

if TYPE_CHECKING:
    from tui.http.answers import Answer
    from tui.http.request import Asked
    from tui.models import Json
    from tui.models.numbers import PhoneNumber


async def list_all(asked: Asked) -> Answer:
    """Return the numbers of the integrations that may be viewed, and those that are one's own."""
    listed = await list_phone_numbers(asked.session.database, asked.requester.organization.id)
    visible = [_record(number) for number in listed if _may_view(asked, number)]
    return success(visible, f"{counted(len(visible), 'phone number')}.")


async def assign(asked: Asked) -> Answer:
    """Assign a number to a person of the organisation, or return it to the pool."""
    body = asked.object()
    require_names(body, "user_id")
    wanted = body.get("user_id", "")
    person_id = parse_uuid(wanted) if isinstance(wanted, str) else None
    if "user_id" not in body or (wanted is not None and person_id is None):
        raise Refused(422, "user_id is neither an id nor null.", "Give the UUID of a person, or null for nobody.")
    number = await _find(asked)
    if not asked.requester.rights_on(number.integration_id).can_configure:
        raise PermissionDenied(
            f"Assigning {shown_number(number)} takes the right to configure its integration.",
            "Ask an administrator of your organisation for it.",
        )
    if person_id is None:
        change = await unassign_number(asked.session.database, number)
        return success(_record(change.number), unassigned(number, change))
    try:
        person = await known_person(asked.session.database, str(person_id))
    except UnknownPerson:
        raise NotFound("Your organisation has nobody of that id.", "Choose somebody of it.") from None
    change = await assign_number(asked.session.database, number, person)
    return success(_record(change.number), assigned(number, change))


async def _find(asked: Asked) -> PhoneNumber:
    """Return the number of the path's id. Raises NotFound, also where it may not be viewed."""
    number_id = parse_uuid(asked.parameters["id"])
    if number_id is not None:
        organization = asked.requester.organization.id
        matches = await find_phone_numbers(asked.session.database, str(number_id), organization)
        if matches.numbers and _may_view(asked, matches.numbers[0]):
            return matches.numbers[0]
    raise NotFound("Your organisation has no phone number of that id, or you may not view it.", "List them again.")


def _may_view(asked: Asked, number: PhoneNumber) -> bool:
    is_own = number.assigned_to_user_id == asked.requester.person.id
    return is_own or asked.requester.rights_on(number.integration_id).can_view


def _record(number: PhoneNumber) -> Json:
    person = number.assignee
    return {
        "id": number.id,
        "phone_number": number.phone_number,
        "e164": number.e164,
        "display_name": number.display_name,
        "number_type": number.number_type,
        "integration_id": number.integration_id,
        "integration_type": number.integration_type,
        "assigned_to_user_id": number.assigned_to_user_id,
        "assigned_to": operator_label(person) if person else None,
        "is_primary": number.is_primary,
        "can_call": number.can_call,
        "can_sms": number.can_sms,
        "is_active": number.is_active,
    }
