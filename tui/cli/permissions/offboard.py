"""The command `permissions offboard`: everything that somebody who leaves has is taken, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.confirm import confirm
from tui.cli.parsing import command
from tui.cli.permissions.arguments import user_argument
from tui.cli.permissions.commands import dry_run_option
from tui.cli.permissions.view import taken_lines
from tui.cli.requirements import Requirements
from tui.data.permissions.grantees import find_holder
from tui.data.permissions.leaver import leaver_report
from tui.data.permissions.leaving import left_to_others, take_everything
from tui.words.people.access import SQL_FOR_OTHERS
from tui.words.people.leavers import (
    ANYWHERE,
    NOT_TRIED,
    about_logins,
    closes_all,
    departure_words,
    nothing_to_take,
    to_take_words,
)

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session


@command(locked=True, needs=Requirements("administrator", writes="data"))
@user_argument
@dry_run_option
async def offboard(session: Session, out: Output, user: str, dry_run: bool) -> None:
    """Take from somebody who leaves, in every organisation: logins, permissions, numbers.

    All of it in one transaction; the sessions of the logins are ended last.
    """
    database, organization = session.database, session.chosen_organization
    person = await find_holder(database, organization.id, user)
    report = await leaver_report(database, organization, person)
    # It is tried, which read-only mode does not allow.
    left = () if session.read_only else await left_to_others(database, report.logins.to_remove)
    notes = about_logins(report)
    if session.read_only and report.logins.to_remove:
        notes.append(NOT_TRIED)
    elif closes_all(report, left):
        notes.append(ANYWHERE)
    for line in [*taken_lines(report, session.settings.timezone), *_for_others(left), *notes]:
        (out.text if dry_run and out.as_table else out.say)(line)
    record = {
        "user_id": person.id,
        "revokes": sum(len(held.staged_revokes()) for held in report.holdings),
        "phone_numbers": [number.phone_number for held in report.holdings for number in held.numbers],
        "logins": [{"login": login.login, "sessions_ended": 0} for login in report.logins.to_remove],
        "left_to_do": list(left),
        "notes": notes,
    }
    sentence = f"{to_take_words(report)}." if report.has_anything_to_take else nothing_to_take(report)
    if dry_run or not report.has_anything_to_take:
        out.result(record | {"applied": False, "operation_id": None}, sentence)
        return
    await confirm(out, f"{sentence} Apply?", f"{sentence} Nothing was written yet.")
    done = await take_everything(database, report)
    for line in _for_others(done.left_to_do) if done.left_to_do != left else ():
        out.say(line)
    record |= {"logins": [{"login": login.login, "sessions_ended": login.sessions_ended} for login in done.logins]}
    record |= {"left_to_do": list(done.left_to_do), "applied": True, "operation_id": done.operation_id}
    out.result(record, f"Applied: {departure_words(done)}.")


def _for_others(statements: tuple[str, ...]) -> list[str]:
    return [SQL_FOR_OTHERS, *(f"  {statement};" for statement in statements)] if statements else []
