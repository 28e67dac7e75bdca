"""Finds the person whom a permission is for, and labels ids where there is no directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.directory import known_person, parse_uuid, people_are_labelled
from tui.data.permissions.listing import Holder, holders_by_id
from tui.errors import InvalidInput, UnknownPerson
from tui.words.people.scope import not_in_directory

if TYPE_CHECKING:
    from uuid import UUID

    from tui.data.postgres.database import Database

MOST_LETTERS = 200

LABEL = """
insert into switchboard.people_labels as l (id, label, organization_id)
values (%(id)s, %(label)s, %(organization_id)s)
on conflict (id) do update
   set label = excluded.label, organization_id = coalesce(l.organization_id, excluded.organization_id)
"""


async def label_person(database: Database, organization_id: UUID, user_id: UUID, label: str) -> Holder:
    """Set the label of an id. Raises InvalidInput, also where people come from a directory."""
    name = " ".join(label.split())
    if not name:
        raise InvalidInput("The label is empty.", "Type the name people know them by.")
    if len(name) > MOST_LETTERS or "\0" in name:
        raise InvalidInput(f"A label has at most {MOST_LETTERS} characters and no NUL.", "Shorten it.")
    if not await people_are_labelled(database):
        raise InvalidInput(
            "People come from the directory of this database, which Switchboard does not change.",
            "Change the name in the directory.",
        )
    await database.execute(LABEL, {"id": user_id, "label": name, "organization_id": organization_id})
    return Holder(user_id, None, name, "active")


async def find_holder(database: Database, organization_id: UUID, id_or_email: str) -> Holder:
    """Return somebody of the organisation, or whoever holds one of its permissions, by id or e-mail.

    Also finds ids that the directory does not know any more. Raises UnknownPerson.
    """
    user_id = parse_uuid(id_or_email)
    if user_id is None:
        user_id = (await known_person(database, id_or_email)).id
    holders = await holders_by_id(database, organization_id, [user_id])
    if user_id in holders:
        return holders[user_id]
    # Of two failures the one that says more: known elsewhere, or nowhere.
    await known_person(database, str(user_id))
    raise UnknownPerson("That person belongs to another organisation.", "Check --organization, or the person.")


async def find_grantee(database: Database, organization_id: UUID, id_or_email: str) -> Holder:
    """Return the person of the organisation who may be given a permission. Raises UnknownPerson.

    Nobody is given one whom the directory does not know, or knows as inactive or in another organisation.
    """
    holder = await find_holder(database, organization_id, id_or_email)
    if holder.standing == "active":
        return holder
    standing = {
        "inactive": "inactive in the directory",
        "not in the directory": not_in_directory(database.login, "no longer in the directory"),
        "of another organisation": "of another organisation in the directory",
    }[holder.standing]
    raise UnknownPerson(
        f"That person is {standing}, and gets no rights.", "Revoke what they have, or correct the directory."
    )
