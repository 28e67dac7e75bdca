"""The command `audit retention`: for how many months the log is to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.parsing import Count, command, option
from tui.cli.requirements import Requirements
from tui.data.archive.retention import FEWEST_MONTHS, MOST_MONTHS, change_retention, due_what_to_do, read_retention
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.session.session import Session

CHANGES = Requirements("administrator", writes="data", organization=False)


@command(locked=True, needs=Requirements("any", organization=False))
@option(
    "--months",
    metavar="N",
    type=Count(MOST_MONTHS, lowest=0),
    needs=CHANGES,
    help=f"Keep the running month and N before it, {FEWEST_MONTHS} or more; 0 keeps the log for good.",
)
async def retention(session: Session, out: Output, months: int | None) -> None:
    """Say for how many months the log is to be kept, or change that.

    Nothing is removed by it: `audit seal`, which runs every night, and the doctor say which months are due to be
    archived.
    """
    if months is not None and 0 < months < FEWEST_MONTHS:
        raise InvalidInput(
            "The running month and the one before always stay.", f"Give {FEWEST_MONTHS} or more, or 0 for all."
        )
    kept = await (read_retention(session.database) if months is None else change_retention(session.database, months))
    due = kept.due_before
    sentence = f"The log is to be kept for {kept.months} months." if kept.months else "The log is kept for good."
    out.result(
        {"log_months": kept.months, "due_before": None if due is None else str(due)},
        sentence if due is None else f"{sentence} It has rows before {due}.",
    )
    if due is not None:
        out.say(due_what_to_do(due))
