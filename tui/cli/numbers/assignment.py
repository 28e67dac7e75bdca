"""The commands `phone-numbers assign`, `unassign` and `primary`: whose a number is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.numbers import phone_numbers
from tui.cli.numbers.number import find_number, number_argument, write_change
from tui.cli.parsing import Text, argument
from tui.cli.requirements import Requirements

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options, Work
    from tui.session.session import Session


@phone_numbers.command("assign", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@argument("user", locked=True, metavar="USER", type=Text())
@click.pass_obj
def assign(options: Options, number: str, user: str) -> Work:
    """Hand a number to a person: id or e-mail. Asks where somebody else has it."""
    return partial(_assign, options=options, number=number, user=user)


@phone_numbers.command("unassign", locked=True, needs=Requirements("support", writes="data"))
@number_argument
def unassign(number: str) -> Work:
    """Return a number to the pool."""

    async def work(session: Session, out: Output) -> None:
        from tui.data.numbers.changes import unassign_number
        from tui.data.numbers.listing import shown_person

        seen = await find_number(session, number)
        done = await unassign_number(session.database, seen)
        write_change(out, done, f"is in the pool; {shown_person(seen)} had it.", "was in the pool already.")

    return work


@phone_numbers.command("primary", locked=True, needs=Requirements("support", writes="data"))
@number_argument
def primary(number: str) -> Work:
    """Make a number the organisation's primary one; the one that was is so no more."""

    async def work(session: Session, out: Output) -> None:
        from tui.cli.run import organization_of
        from tui.data.numbers.changes import make_primary
        from tui.data.numbers.listing import NumberFilter, list_phone_numbers, shown_number

        seen = await find_number(session, number)
        found = await list_phone_numbers(session.database, organization_of(session).id, NumberFilter(primary=True))
        done = await make_primary(session.database, seen, [number.id for number in found])
        before = ", ".join(shown_number(number) for number in done.previous)
        write_change(out, done, f"is primary; {before or 'none'} was before.", "was primary already.")

    return work


async def _assign(session: Session, out: Output, *, options: Options, number: str, user: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.directory import find_person
    from tui.data.numbers.changes import assign_number
    from tui.data.numbers.listing import shown_name, shown_number, shown_person

    seen = await find_number(session, number)
    person = await find_person(session.database, user)
    if seen.is_active and seen.assigned_to_user_id not in (None, person.id) and not options.yes:
        what = f"{shown_number(seen)} is assigned to {shown_person(seen)}, and would be taken from them."
        await confirm(out, f"{what}\nAssign it to {shown_name(person)}?", what)
    done = await assign_number(session.database, seen, person)
    before = f"; {shown_person(seen)} had it before" if seen.assigned_to_user_id else ""
    whose = shown_person(done.number)
    write_change(out, done, f"is assigned to {whose}{before}.", f"was assigned to {whose} already.")
