"""The commands `access administrators`, `appoint` and `dismiss`: who administers an organisation over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import people
from tui.cli.output import Column
from tui.cli.parsing import argument, command
from tui.cli.requirements import Requirements
from tui.data.access.administrators import Administrator, change_administrator, list_administrators
from tui.data.directory import find_person, parse_uuid
from tui.errors import UnknownPerson
from tui.models.people import Person
from tui.words.people.access import NO_ADMINISTRATORS, administrator_changed, administrator_state
from tui.words.people.names import person_in_full
from tui.words.people.organizations import organization_in_full
from tui.words.times import to_the_minute

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session

CHANGES = Requirements("administrator", writes="data")
person_argument = argument("user", locked=True, metavar="USER", shell_complete=people)


@command(locked=True, needs=Requirements("support"))
async def administrators(session: Session, out: Output) -> None:
    """List who sets up and deletes integrations of the organisation over HTTP (`switchboard serve`)."""
    listed = await list_administrators(session.database, session.chosen_organization.id)
    zone = session.settings.timezone
    columns: tuple[Column[Administrator], ...] = (
        Column("PERSON", lambda one: person_in_full(one.person), shrinks_to=16),
        Column("STATE", administrator_state),
        Column("APPOINTED", lambda one: to_the_minute(one.added_at, zone), usual=20),
        Column("BY LOGIN", lambda one: one.added_by, shrinks_to=10),
    )
    out.rows(listed, columns, record=_record, empty=NO_ADMINISTRATORS)


def _record(one: Administrator) -> dict[str, Any]:
    return {
        "user_id": one.person.id,
        "email": one.person.email,
        "name": one.person.name,
        "is_active": one.person.is_active,
        "added_by": one.added_by,
        "added_at": one.added_at,
    }


@command(locked=True, needs=CHANGES)
@person_argument
async def appoint(session: Session, out: Output, user: str) -> None:
    """Let a person (id or e-mail) set up and delete integrations of the organisation over HTTP.

    They may view and configure all of them there as well.
    """
    await _change(session, out, await find_person(session.database, user), appoints=True)


@command(locked=True, needs=CHANGES)
@person_argument
async def dismiss(session: Session, out: Output, user: str) -> None:
    """Take from a person (id or e-mail) what `access appoint` gave; their permissions stay."""
    try:
        person = await find_person(session.database, user)
    except UnknownPerson:
        # Somebody whom the directory has dropped is dismissed by their id.
        person_id = parse_uuid(user)
        if person_id is None:
            raise
        person = Person(person_id, None, None, None, False)
    await _change(session, out, person, appoints=False)


async def _change(session: Session, out: Output, person: Person, *, appoints: bool) -> None:
    organization = session.chosen_organization
    log_row = await change_administrator(session.database, organization.id, person.id, appoints=appoints)
    record = {
        "user_id": person.id,
        "organization_id": organization.id,
        "changed": log_row is not None,
        "log_row": log_row,
    }
    name = organization_in_full(organization.id, organization.name)
    out.result(
        record, administrator_changed(person_in_full(person), name, appoints=appoints, changed=log_row is not None)
    )
