"""The command `access list`: which login is whom, what it may see, and whether that still holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.access.view import columns, record_of
from tui.cli.parsing import command, watch_option
from tui.cli.requirements import Requirements
from tui.data.access.logins import list_logins
from tui.words.people.access import NO_LOGINS, ONLY_A_PART, state_words

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", organization=False))
@watch_option
async def list_(session: Session, out: Output) -> None:
    """List the logins that are people, and what is wrong with one that is not as it was added."""
    logins = await list_logins(session.database)
    out.rows(logins, columns(session.settings.timezone), record=record_of, empty=NO_LOGINS)
    own = session.database.login
    if own is not None and own.organizations is not None:
        out.say(ONLY_A_PART)
    for login in logins:
        words = state_words(login)
        if words.what_to_do:
            out.say(f"{login.login}: {words.sentence} {words.what_to_do}")
