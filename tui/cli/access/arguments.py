"""What the commands on logins take: the login, its role, what it may see; and the question where a part is left."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.cli.completion.candidates import logins, organizations
from tui.cli.confirm import confirm
from tui.cli.parsing import OneOf, argument, option
from tui.data.access.changes import Scope
from tui.data.access.roles import ACCESS_ROLES
from tui.data.directory import resolve_organization
from tui.data.postgres.failures.login_refusals import login_refusal
from tui.words.people.access import SQL_FOR_OTHERS, lacking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.output import Output
    from tui.data.access.changes import LoginChanged
    from tui.errors import SwitchboardError
    from tui.session.session import Session

login_argument = argument("login", locked=True, metavar="LOGIN", shell_complete=logins)
organization_option = option(
    "--organization",
    "organizations",
    locked=True,
    multiple=True,
    metavar="ID|NAME",
    shell_complete=organizations,
    help="An organisation that it may see; may be given again.",
)
all_organizations_option = option("--all-organizations", locked=True, help="It may see every organisation.")
note_option = option("--note", locked=True, metavar="TEXT", help="What it is for; up to 500 characters.")


role_option = partial(
    option,
    "--role",
    locked=True,
    metavar="ROLE",
    type=OneOf(ACCESS_ROLES),
    help="What it may do: admin, support or auditor.",
)


def require_one_scope(organizations: Sequence[str], *, sees_all: bool, required: bool) -> None:
    """Raise InvalidInput where both organisations and all of them are given, or, where that is `required`, none."""
    if organizations and sees_all:
        raise _refused("two_scopes")
    if required and not (organizations or sees_all):
        raise _refused("no_scope")


def _refused(code: str) -> SwitchboardError:
    error, sentence, _ = login_refusal(code)
    return error(sentence, "Give --organization, once for each, or --all-organizations.")


async def scope_of(session: Session, organizations: Sequence[str], *, sees_all: bool) -> Scope:
    """Return what is meant. Raises UnknownOrganization: what a login may see is named in whole."""
    found = [await resolve_organization(session.database, name) for name in organizations]
    return Scope(tuple(dict.fromkeys(organization.id for organization in found)), sees_all)


async def confirm_consequences(
    session: Session, out: Output, rehearsed: LoginChanged, reasons: Sequence[str] = (), *, input_is_taken: bool = False
) -> None:
    """Ask before a change for these reasons, or of which a part is left to somebody else. Raises ConfirmationNeeded.

    With --yes the reasons are warnings.
    """
    if out.yes:
        for reason in reasons:
            out.warn(reason)
    question = "Do it now?"
    asked = list(reasons)
    if rehearsed.left_to_do:
        role = session.server.role if session.server else "your role"
        statements = " ".join(f"{statement};" for statement in rehearsed.left_to_do)
        asked.append(f"{lacking(role)} {SQL_FOR_OTHERS} {statements}")
        question = "Do the rest now?"
    if asked:
        reason = " ".join(asked)
        await confirm(out, f"{reason} {question}", reason, input_is_taken=input_is_taken)
