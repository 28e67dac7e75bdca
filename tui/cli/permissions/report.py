"""The command `permissions report`: what somebody who leaves could reach, and what they know."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.cli.permissions import permissions
from tui.cli.permissions.types import user_argument
from tui.cli.requirements import Requirements

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.session.session import Session


@permissions.command("report", locked=True, needs=Requirements("support"))
@user_argument
def report(user: str) -> Work:
    """Report on somebody who leaves: what they could reach, and which secrets to rotate."""
    return partial(_report, user=user)


async def _report(session: Session, out: Output, *, user: str) -> None:
    from tui.cli.permissions.view import report_lines, report_record
    from tui.data.permissions.grantees import find_holder
    from tui.data.permissions.leaver import leaver_report

    organization = session.chosen_organization.id
    person = await find_holder(session.database, organization, user)
    report = await leaver_report(session.database, organization, person)
    out.record(report_record(report), report_lines(report, session.settings.timezone))
