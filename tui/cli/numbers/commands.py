"""The commands `phone-numbers` that are about a single number: what it is, and whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.completion.candidates import numbers, people, types
from tui.cli.confirm import confirm
from tui.cli.integrations.lookup import find_integration
from tui.cli.numbers.list import TYPES, type_option
from tui.cli.numbers.view import record_of
from tui.cli.parsing import argument, command, option
from tui.cli.requirements import Requirements
from tui.data.directory import find_person
from tui.data.numbers.changes import (
    NumberEdit,
    add_number,
    assign_number,
    deactivate_number,
    edit_number,
    make_primary,
    unassign_number,
)
from tui.data.numbers.listing import NumberFilter, list_phone_numbers, resolve_phone_number
from tui.errors import InvalidInput
from tui.words.numbers.description import (
    added,
    assigned,
    deactivated,
    deactivation,
    edited,
    made_primary,
    reassignment,
    shown_number,
    unassigned,
)

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.numbers.changes import NumberChanged
    from tui.models.numbers import PhoneNumber
    from tui.session.session import Session

number_argument = argument("number", locked=True, metavar="NUMBER", shell_complete=numbers)


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
@option("--name", locked=True, metavar="TEXT", help="What people call it; up to 100 characters.")
@type_option(help=f"{TYPES} Derived where left out.")
@option("--no-call", locked=True, help="The number cannot call.")
@option("--no-sms", locked=True, help="The number cannot send SMS.")
@option(
    "--integration",
    locked=True,
    metavar="TYPE",
    shell_complete=types,
    help="The integration it belongs to; none where left out.",
)
async def add(
    session: Session,
    out: Output,
    number: str,
    name: str | None,
    number_type: str | None,
    no_call: bool,
    no_sms: bool,
    integration: str | None,
) -> None:
    """Add a number to the pool; it is stored as E.164 (+911141169368)."""
    owner = None
    if integration:
        owner = await find_integration(session, integration, or_else=", or leave --integration out")
    act = await add_number(
        session.database,
        session.chosen_organization.id,
        number,
        display_name=name,
        kind=number_type,
        can_call=not no_call,
        can_sms=not no_sms,
        integration=owner,
    )
    _write_result(out, act, added(act))


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
@option("--name", locked=True, metavar="TEXT", help="What people call it; up to 100 characters.")
@option("--no-name", locked=True, help="Remove its name.")
@type_option(help=TYPES)
@option("--call/--no-call", "can_call", locked=True, default=None, help="Whether it can call.")
@option("--sms/--no-sms", "can_sms", locked=True, default=None, help="Whether it can send SMS.")
@option("--active", locked=True, help="Activate it again.")
def edit(
    number: str,
    name: str | None,
    no_name: bool,
    number_type: str | None,
    can_call: bool | None,
    can_sms: bool | None,
    active: bool,
) -> Work:
    """Change a number's name, type or what it can do, or activate it again."""
    if no_name and name is not None:
        raise InvalidInput("--name and --no-name exclude each other.", "Give one of them.")
    if (name, number_type, can_call, can_sms) == (None, None, None, None) and not no_name and not active:
        raise InvalidInput("Nothing to change was given.", "See `switchboard phone-numbers edit --help`.")

    async def work(session: Session, out: Output) -> None:
        seen = await _find_number(session, number)
        values = NumberEdit(
            display_name=None if no_name else name or seen.display_name,
            number_type=number_type or seen.number_type,
            can_call=seen.can_call if can_call is None else can_call,
            can_sms=seen.can_sms if can_sms is None else can_sms,
        )
        act = await edit_number(session.database, seen, values, activate=active)
        _write_result(out, act, edited(act))

    return work


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
async def deactivate(session: Session, out: Output, number: str) -> None:
    """Deactivate a number; it is never deleted, and `edit NUMBER --active` activates it again.

    Asks where somebody has the number, or where it is the primary one.
    """
    seen = await _find_number(session, number)
    if seen.is_active and (seen.assigned_to_user_id or seen.is_primary):
        reason = f"{shown_number(seen)} would be deactivated. {deactivation(seen)}"
        await confirm(out, f"{reason}\nDeactivate it?", reason)
    act = await deactivate_number(session.database, seen)
    _write_result(out, act, deactivated(act))


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
@argument("user", locked=True, metavar="USER", shell_complete=people)
async def assign(session: Session, out: Output, number: str, user: str) -> None:
    """Assign a number to a person: id or e-mail. Asks where somebody else has it."""
    seen = await _find_number(session, number)
    person = await find_person(session.database, user)
    if seen.is_active and seen.assigned_to_user_id not in (None, person.id):
        sentence = reassignment(seen, person)
        await confirm(out, f"{sentence}\nContinue?", sentence)
    act = await assign_number(session.database, seen, person)
    _write_result(out, act, assigned(seen, act))


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
async def unassign(session: Session, out: Output, number: str) -> None:
    """Return a number to the pool."""
    seen = await _find_number(session, number)
    act = await unassign_number(session.database, seen)
    _write_result(out, act, unassigned(seen, act))


@command(locked=True, needs=Requirements("support", writes="data"))
@number_argument
async def primary(session: Session, out: Output, number: str) -> None:
    """Make a number the organisation's primary one, in place of the present one."""
    seen = await _find_number(session, number)
    primaries = await list_phone_numbers(session.database, session.chosen_organization.id, NumberFilter(primary=True))
    act = await make_primary(session.database, seen, [primary.id for primary in primaries])
    _write_result(out, act, made_primary(act))


async def _find_number(session: Session, number: str) -> PhoneNumber:
    """Return the organisation's number of that notation, or of that id. Raises NotFound and InvalidInput."""
    return await resolve_phone_number(session.database, session.chosen_organization.id, number)


def _write_result(out: Output, act: NumberChanged, sentence: str) -> None:
    """Write the number as it is now, and what the act came to."""
    if act.warning:
        out.warn(act.warning)
    record = record_of(act.number) | {"changed": list(act.changed)}
    if act.previous:
        record["previous_primary"] = [record_of(number) for number in act.previous]
    out.result(record, sentence)
