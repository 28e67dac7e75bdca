"""The command `permissions report`: what somebody who leaves could reach, and what they know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.parsing import command
from tui.cli.permissions.arguments import user_argument
from tui.cli.permissions.view import report_lines, report_record
from tui.cli.requirements import Requirements
from tui.data.permissions.grantees import find_holder
from tui.data.permissions.leaver import leaver_report

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("support"))
@user_argument
async def report(session: Session, out: Output, user: str) -> None:
    """Report on somebody who leaves: their logins, what they could reach, and which secrets to rotate."""
    organization = session.chosen_organization
    person = await find_holder(session.database, organization.id, user)
    leaver = await leaver_report(session.database, organization, person)
    out.record(report_record(leaver), report_lines(leaver, session.settings.timezone))
