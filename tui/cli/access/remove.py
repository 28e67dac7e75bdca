"""The command `access remove`: a login becomes nobody's, and its role one that nobody logs in with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.access.arguments import login_argument
from tui.cli.access.view import change_record, say_left_to_do
from tui.cli.confirm import confirm_by_name
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.access.changes import login_after, rehearse, remove_login, removing, require_mapper
from tui.data.access.logins import find_login
from tui.words.people.access import SQL_FOR_OTHERS, removal, removed

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", writes="data", organization=False))
@login_argument
async def remove(session: Session, out: Output, login: str) -> None:
    """Remove a login: it is nobody's, leaves the groups, loses its password and its sessions.

    Says what ends with it, and asks for the login's name; --yes removes it at once. No role is dropped, so that the log
    still says who it was. What this login may not do on the server is left as SQL for whoever may.
    """
    database = session.database
    await require_mapper(database)
    found = await find_login(database, login, or_half_removed=True)
    rehearsed = await rehearse(database, removing(found))
    left = ""
    if rehearsed.left_to_do:
        left = f" {SQL_FOR_OTHERS} {' '.join(f'{statement};' for statement in rehearsed.left_to_do)}"
    alternative = "it is nobody's here already, and sees nothing."
    if found.is_mapped:
        alternative = f"`switchboard access edit {login}` changes what it sees instead."
    await confirm_by_name(out, login, f"{removal(found, rehearsed.left_to_do)}{left}", alternative)
    changed = await remove_login(database, found)
    after = await login_after(database, login)
    out.result(
        change_record(after, changed) | {"sessions_ended": changed.sessions_ended},
        removed(login, changed.sessions_ended, changed.left_to_do),
    )
    say_left_to_do(out, changed)
