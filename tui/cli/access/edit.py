"""The command `access edit`: what a login may do and see; never who it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.cli.access.arguments import (
    all_organizations_option,
    confirm_consequences,
    login_argument,
    note_option,
    organization_option,
    require_one_scope,
    role_option,
    scope_of,
)
from tui.cli.access.view import change_record, say_left_to_do
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.access.changes import LoginEdit, edit_login, editing, login_after, rehearse, require_mapper, require_note
from tui.data.access.logins import find_login
from tui.errors import InvalidInput
from tui.words.people.access import saved

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.access.roles import AccessRole
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", writes="data", organization=False))
@login_argument
@role_option()
@organization_option
@all_organizations_option
@note_option
@option("--no-note", locked=True, help="Take the note away.")
def edit(
    login: str,
    role: AccessRole | None,
    organizations: tuple[str, ...],
    all_organizations: bool,
    note: str | None,
    no_note: bool,
) -> Work:
    """Change what a login may do and see; what is not named stays.

    Its role moves to the group that is named, and out of the others. Organisations replace those that it has. Who it is
    cannot be changed: another person is another login.
    """
    require_note(note)
    require_one_scope(organizations, sees_all=all_organizations, required=False)
    if note is not None and no_note:
        raise InvalidInput("--note and --no-note contradict each other.", "Give one of them.")
    if not (role or organizations or all_organizations or note is not None or no_note):
        raise InvalidInput("There is nothing to change.", "Add --role, --organization, --all-organizations or --note.")

    async def work(session: Session, out: Output) -> None:
        database = session.database
        await require_mapper(database)
        found = await find_login(database, login)
        wanted = LoginEdit.of(found)
        if role is not None:
            wanted = replace(wanted, role=role)
        if organizations or all_organizations:
            wanted = replace(wanted, scope=await scope_of(session, organizations, sees_all=all_organizations))
        if note is not None or no_note:
            wanted = replace(wanted, note=note)
        await confirm_consequences(session, out, await rehearse(database, editing(found, wanted)))
        changed = await edit_login(database, found, wanted)
        after = await login_after(database, login)
        out.result(change_record(after, changed), saved(after, is_nothing=changed.is_nothing))
        say_left_to_do(out, changed)

    return work
