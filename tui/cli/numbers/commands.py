"""The commands `phone-numbers` that are about a single number: what it is, and whose."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tui.cli.numbers import phone_numbers
from tui.cli.parsing import argument, option
from tui.cli.requirements import Requirements

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.numbers.changes import NumberChanged
    from tui.models import PhoneNumber
    from tui.session.session import Session

number_argument = argument("number", locked=True, metavar="NUMBER")
TYPES = "virtual, toll-free or local."


@phone_numbers.command("add", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@option("--name", locked=True, metavar="TEXT", help="What people call it; up to 100 characters.")
@option("--type", "number_type", locked=True, metavar="TYPE", help=f"{TYPES} Derived where left out.")
@option("--no-call", locked=True, is_flag=True, help="It cannot call.")
@option("--no-sms", locked=True, is_flag=True, help="It cannot send SMS.")
@option(
    "--integration",
    locked=True,
    metavar="TYPE",
    help="The integration it belongs to; none where left out.",
)
def add(
    number: str,
    name: str | None,
    number_type: str | None,
    no_call: bool,
    no_sms: bool,
    integration: str | None,
) -> Work:
    """Add a number to the pool; it is stored as E.164 (+911141169368)."""

    async def work(session: Session, out: Output) -> None:
        from tui.cli.integrations.lookup import find_integration
        from tui.data.numbers.changes import add_number

        owner = None
        if integration:
            or_else = ", or leave --integration out"
            owner = await find_integration(session, integration, or_else=or_else)
        added = await add_number(
            session.database,
            session.chosen_organization.id,
            number,
            display_name=name,
            kind=number_type,
            can_call=not no_call,
            can_sms=not no_sms,
            integration=owner,
        )
        _say(out, added, "is added to the pool.", "")

    return work


@phone_numbers.command("edit", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@option("--name", locked=True, metavar="TEXT", help="What people call it; up to 100 characters.")
@option("--no-name", locked=True, is_flag=True, help="Remove its name.")
@option("--type", "number_type", locked=True, metavar="TYPE", help=TYPES)
@option("--call/--no-call", "can_call", locked=True, default=None, help="Whether it can call.")
@option("--sms/--no-sms", "can_sms", locked=True, default=None, help="Whether it can send SMS.")
@option("--active", locked=True, is_flag=True, help="Switch it on again.")
def edit(
    number: str,
    name: str | None,
    no_name: bool,
    number_type: str | None,
    can_call: bool | None,
    can_sms: bool | None,
    active: bool,
) -> Work:
    """Change a number's name, type or what it can do, or switch it on again."""
    from tui.errors import InvalidInput

    if no_name and name is not None:
        raise InvalidInput("--name and --no-name exclude each other.", "Give one of them.")
    if (name, number_type, can_call, can_sms) == (None, None, None, None) and not no_name and not active:
        raise InvalidInput("Nothing to change was given.", "See `switchboard phone-numbers edit --help`.")

    async def work(session: Session, out: Output) -> None:
        from tui.data.numbers.changes import NumberEdit, edit_number

        seen = await _the_number(session, number)
        wanted = NumberEdit(
            display_name=None if no_name else name or seen.display_name,
            number_type=number_type or seen.number_type,
            can_call=seen.can_call if can_call is None else can_call,
            can_sms=seen.can_sms if can_sms is None else can_sms,
        )
        done = await edit_number(session.database, seen, wanted, activate=active)
        _say(out, done, "is changed.", "is like that already; nothing was written.")

    return work


@phone_numbers.command("deactivate", locked=True, needs=Requirements("support", writes="data"))
@number_argument
def deactivate(number: str) -> Work:
    """Switch a number off; it is never deleted, and `edit NUMBER --active` switches it on again.

    Asks where somebody has the number, or where it is the primary one.
    """
    return partial(_deactivate, number=number)


@phone_numbers.command("assign", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@argument("user", locked=True, metavar="USER")
def assign(number: str, user: str) -> Work:
    """Hand a number to a person: id or e-mail. Asks where somebody else has it."""
    return partial(_assign, number=number, user=user)


@phone_numbers.command("unassign", locked=True, needs=Requirements("support", writes="data"))
@number_argument
def unassign(number: str) -> Work:
    """Return a number to the pool."""

    async def work(session: Session, out: Output) -> None:
        from tui.data.numbers.changes import unassign_number
        from tui.words.numbers import assignee_in_full

        seen = await _the_number(session, number)
        done = await unassign_number(session.database, seen)
        _say(out, done, f"is in the pool; {assignee_in_full(seen)} had it.", "was in the pool already.")

    return work


@phone_numbers.command("primary", locked=True, needs=Requirements("support", writes="data"))
@number_argument
def primary(number: str) -> Work:
    """Make a number the organisation's primary one; the one that was is so no more."""

    async def work(session: Session, out: Output) -> None:
        from tui.data.numbers.changes import make_primary
        from tui.data.numbers.listing import NumberFilter, list_phone_numbers
        from tui.words.numbers import shown_number

        seen = await _the_number(session, number)
        found = await list_phone_numbers(session.database, session.chosen_organization.id, NumberFilter(primary=True))
        done = await make_primary(session.database, seen, [number.id for number in found])
        before = ", ".join(shown_number(number) for number in done.previous)
        _say(out, done, f"is primary; {before or 'none'} was before.", "was primary already.")

    return work


async def _deactivate(session: Session, out: Output, *, number: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.numbers.changes import deactivate_number
    from tui.words.numbers import assignee_in_full, shown_number

    seen = await _the_number(session, number)
    affected = []
    if seen.is_active and seen.assigned_to_user_id:
        affected.append(f"is assigned to {assignee_in_full(seen)}, who cannot use it then")
    if seen.is_active and seen.is_primary:
        affected.append("is the primary number, and the organisation would be without one")
    if affected:
        what = f"{shown_number(seen)} {' and '.join(affected)}."
        await confirm(out, f"{what}\nSwitch it off?", what)
    done = await deactivate_number(session.database, seen)
    without = " The organisation has no primary number now." if "is_primary" in done.changed else ""
    _say(out, done, f"is switched off; it is kept.{without}", "was switched off already.")


async def _assign(session: Session, out: Output, *, number: str, user: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.directory import find_person
    from tui.data.numbers.changes import assign_number
    from tui.words.numbers import assignee_in_full, shown_number
    from tui.words.people import person_in_full

    seen = await _the_number(session, number)
    person = await find_person(session.database, user)
    if seen.is_active and seen.assigned_to_user_id not in (None, person.id):
        what = f"{shown_number(seen)} is assigned to {assignee_in_full(seen)}, and would be taken from them."
        await confirm(out, f"{what}\nAssign it to {person_in_full(person)}?", what)
    done = await assign_number(session.database, seen, person)
    before = f"; {assignee_in_full(seen)} had it before" if seen.assigned_to_user_id else ""
    whose = assignee_in_full(done.number)
    _say(out, done, f"is assigned to {whose}{before}.", f"was assigned to {whose} already.")


async def _the_number(session: Session, number: str) -> PhoneNumber:
    """Return the organisation's number of that notation, or of that id. Raises NotFound and InvalidInput."""
    from tui.data.numbers.listing import resolve_phone_number

    return await resolve_phone_number(session.database, session.chosen_organization.id, number)


def _say(out: Output, done: NumberChanged, sentence: str, unchanged: str) -> None:
    """Write the number as it is now, with one of the two sentences about it, and any warning."""
    from tui.cli.numbers.view import record_of
    from tui.words.numbers import shown_number

    if done.warning:
        out.warn(done.warning)
    record = record_of(done.number) | {"changed": list(done.changed)}
    if done.previous:
        record["previous_primary"] = [record_of(number) for number in done.previous]
    out.result(record, f"{shown_number(done.number)} {sentence if done.changed else unchanged}")
