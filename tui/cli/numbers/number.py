"""The number that a command is about: its argument, its row, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.parsing import Text, argument

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.numbers.changes import NumberChanged
    from tui.models import PhoneNumber
    from tui.session.session import Session

TYPES = "virtual, toll-free or local."
number_argument = argument("number", locked=True, metavar="NUMBER", type=Text())


async def find_number(session: Session, number: str) -> PhoneNumber:
    """Return the organisation's number of that notation, or of that id. Raises NotFound and InvalidInput."""
    from tui.cli.run import organization_of
    from tui.data.numbers.listing import the_phone_number

    return await the_phone_number(session.database, organization_of(session).id, number)


def write_change(out: Output, done: NumberChanged, sentence: str, unchanged: str) -> None:
    """Write the number as it is now, with one of the two sentences about it, and any warning."""
    from tui.cli.numbers.view import record_of
    from tui.data.numbers.listing import shown_number

    if done.warning:
        out.warn(done.warning)
    record = record_of(done.number) | {"changed": list(done.changed)}
    if done.previous:
        record["previous_primary"] = [record_of(number) for number in done.previous]
    out.result(record, f"{shown_number(done.number)} {sentence if done.changed else unchanged}")
