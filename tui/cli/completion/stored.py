"""Looks in the database for what completes a word: at once or not at all, without a key, and nothing is written."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tui.cli.run import settings_of
from tui.data.access.logins import list_candidates, list_logins
from tui.data.audit.completion import Completer
from tui.data.directory import list_organizations
from tui.data.keys.encryption import Keyring
from tui.data.keys.gate import KEY_RECORDS
from tui.data.numbers.listing import list_phone_numbers
from tui.data.permissions.listing import PeopleFilter, people_page
from tui.errors import SwitchboardError
from tui.session.session import Session
from tui.words.numbers.description import shown_number
from tui.words.people.access import login_person

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tui.cli.request import Options

    Choices = list[tuple[str, str]]
    Question = Callable[[Session, str], Awaitable[Choices]]

CONNECTS_WITHIN_S = 2.0
MOST = 100


def ask(options: Options, question: Question, typed: str) -> Choices:
    """Return what a question to the database is answered with: values, and what each is. Nothing where it fails."""

    async def ask_in_time() -> Choices:
        session = Session(settings_of(options), os.environ, Keyring(None))
        try:
            async with asyncio.timeout(CONNECTS_WITHIN_S):
                if session.settings.nothing_configured:
                    return []
                await session.connect()
                return await question(session, typed) if session.is_set_up else []
        finally:
            await session.close()

    try:
        return asyncio.run(ask_in_time())
    except (SwitchboardError, TimeoutError):
        return []


async def people_like(session: Session, typed: str) -> Choices:
    """Find people of the organisation, and whoever else holds one of its permissions."""
    organization = await session.find_organization()
    page = await people_page(session.database, organization.id, PeopleFilter(text=typed), limit=MOST)
    return [(person.email or str(person.id), person.name or "") for person in page.people]


async def numbers_like(session: Session, typed: str) -> Choices:
    """Find numbers of the organisation: all, or those with the digits that were typed."""
    organization = await session.find_organization()
    listed = await list_phone_numbers(session.database, organization.id)
    digits = "".join(filter(str.isdigit, typed)).lstrip("0")
    # A number that nobody could read has no E.164, and is meant as it is stored.
    named = [(number.e164 or shown_number(number), number.display_name or "") for number in listed]
    return [choice for choice in named if digits in choice[0]]


async def organizations_like(session: Session, typed: str) -> Choices:
    """Find organisations by a part of their name or id."""
    found = await list_organizations(session.database, typed, MOST)
    named = [(organization.name, str(organization.id)) for organization in found if organization.name]
    return named + [(str(organization.id), organization.name or "") for organization in found]


async def logins_like(session: Session, typed: str) -> Choices:
    """Find the logins that are people."""
    logins = await list_logins(session.database)
    return [(login.login, login_person(login)) for login in logins if login.is_mapped]


async def server_logins_like(session: Session, typed: str) -> Choices:
    """Find the roles of the server that could be made people."""
    return [(name, "") for name in await list_candidates(session.database, MOST)]


async def replaced_keys_like(session: Session, typed: str) -> Choices:
    """Find the master keys that were replaced and not retired, by their ids."""
    records = await session.database.fetch_all(KEY_RECORDS)
    return [
        (record["key_id"], f"recorded on {str(record['created_at'])[:10]}")
        for record in records
        if record["state"] == "decrypt-only"
    ]


async def filters_like(session: Session, typed: str) -> Choices:
    """Complete a word of a filter as the audit log's filter line does."""
    organization = await session.find_organization()
    completed = await Completer(session.database, organization.id).complete(typed, len(typed))
    return [(typed[: completed.start] + each.text, each.note) for each in completed.candidates]
