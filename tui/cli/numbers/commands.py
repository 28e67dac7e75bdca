"""The commands `phone-numbers`: whose number it is, and the acts on a single one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.parsing import Group, Text, argument, option

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.numbers.changes import NumberChanged
    from tui.data.numbers.listing import NumberFilter
    from tui.models import Integration, PhoneNumber
    from tui.session.session import Session

number_argument = argument("number", locked=True, metavar="NUMBER", type=Text())
TYPES = "virtual, toll-free or local."


@click.group("phone-numbers", locked=True, cls=Group)
def phone_numbers() -> None:
    """The phone numbers of an organisation, and whose they are.

    NUMBER is a number in any notation, such as 011-4116 9368, or the id of its row.
    """


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of `list` as they were given."""

    assigned_to: str | None
    free: bool
    number_type: str | None
    can_call: bool
    can_sms: bool
    primary: bool
    inactive: bool
    every: bool


@phone_numbers.command("list", locked=True)
@argument("number", locked=True, metavar="[NUMBER]", type=Text(), required=False)
@option("--assigned-to", locked=True, metavar="USER", type=Text(), help="Those of a person: id or e-mail.")
@option("--free", locked=True, is_flag=True, help="Those in the pool, assigned to nobody.")
@option("--type", "number_type", locked=True, metavar="TYPE", type=Text(), help=f"Those of a type: {TYPES}")
@option("--can-call", locked=True, is_flag=True, help="Those that can call.")
@option("--can-sms", locked=True, is_flag=True, help="Those that can send SMS.")
@option("--primary", locked=True, is_flag=True, help="Primary numbers.")
@option("--inactive", locked=True, is_flag=True, help="Those that are switched off.")
@option("--all", "every", locked=True, is_flag=True, help="Also those that are switched off.")
@click.pass_obj
def list_(
    options: Options,
    number: str | None,
    assigned_to: str | None,
    free: bool,
    number_type: str | None,
    can_call: bool,
    can_sms: bool,
    primary: bool,
    inactive: bool,
    every: bool,
) -> int:
    """List the organisation's active numbers, or whose NUMBER it is.

    With NUMBER, or its last four digits or more, every organisation that you may read is searched, unless
    --organization names one; numbers that are switched off are found too.
    """
    from tui.cli.run import run

    filters = Asked(assigned_to, free, number_type, can_call, can_sms, primary, inactive, every)
    here = number is None or options.organization is not None
    return run(options, partial(_list, number=number, asked=filters), organization=here)


@phone_numbers.command("sync", locked=True)
@option("--dry-run", locked=True, is_flag=True, help="Only show what it would change.")
@option(
    "--integration",
    locked=True,
    metavar="TYPE|ID",
    type=Text(),
    help="Whose account: exotel_phone, another type, an id.",
)
@option("--deactivate-all", locked=True, is_flag=True, help="Also where that leaves the integration without a number.")
@click.pass_obj
def sync(options: Options, dry_run: bool, integration: str | None, deactivate_all: bool) -> int:
    """Bring the numbers in line with what the provider lists.

    Shows the plan, asks, and writes it in one transaction. Numbers that the provider lists no more are switched off,
    never deleted; numbers that were added by hand are left alone. The opening of the credential is logged.
    """
    from tui.cli.numbers.sync import sync as bring_in_line
    from tui.cli.run import run

    work = partial(bring_in_line, options=options, dry_run=dry_run, wanted=integration, deactivate_all=deactivate_all)
    return run(options, work, keys=True, writes=not dry_run)


@phone_numbers.command("add", locked=True)
@number_argument
@option("--name", locked=True, metavar="TEXT", type=Text(), help="What people call it; up to 100 characters.")
@option("--type", "number_type", locked=True, metavar="TYPE", type=Text(), help=f"{TYPES} Derived where left out.")
@option("--no-call", locked=True, is_flag=True, help="It cannot call.")
@option("--no-sms", locked=True, is_flag=True, help="It cannot send SMS.")
@option(
    "--integration",
    locked=True,
    metavar="TYPE",
    type=Text(),
    help="The integration it belongs to; none where left out.",
)
@click.pass_obj
def add(
    options: Options,
    number: str,
    name: str | None,
    number_type: str | None,
    no_call: bool,
    no_sms: bool,
    integration: str | None,
) -> int:
    """Add a number to the pool; it is stored as E.164 (+911141169368)."""
    from tui.cli.run import run

    async def work(session: Session, out: Output) -> None:
        from tui.cli.run import organization_of
        from tui.data.numbers.changes import add_number

        owner = await _integration(session, integration) if integration else None
        added = await add_number(
            session.database,
            organization_of(session).id,
            number,
            display_name=name,
            kind=number_type,
            can_call=not no_call,
            can_sms=not no_sms,
            integration=owner,
        )
        _say(out, added, "is added to the pool.", "")

    return run(options, work, writes=True)


@phone_numbers.command("edit", locked=True)
@number_argument
@option("--name", locked=True, metavar="TEXT", type=Text(), help="What people call it; up to 100 characters.")
@option("--no-name", locked=True, is_flag=True, help="Remove its name.")
@option("--type", "number_type", locked=True, metavar="TYPE", type=Text(), help=TYPES)
@option("--call/--no-call", "can_call", locked=True, default=None, help="Whether it can call.")
@option("--sms/--no-sms", "can_sms", locked=True, default=None, help="Whether it can send SMS.")
@option("--active", locked=True, is_flag=True, help="Switch it on again.")
@click.pass_obj
def edit(
    options: Options,
    number: str,
    name: str | None,
    no_name: bool,
    number_type: str | None,
    can_call: bool | None,
    can_sms: bool | None,
    active: bool,
) -> int:
    """Change a number's name, type or what it can do, or switch it on again."""
    from tui.cli.run import run
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

    return run(options, work, writes=True)


@phone_numbers.command("deactivate", locked=True)
@number_argument
@click.pass_obj
def deactivate(options: Options, number: str) -> int:
    """Switch a number off; it is never deleted, and `edit NUMBER --active` switches it on again.

    Asks where somebody has the number, or where it is the primary one.
    """
    from tui.cli.run import run

    return run(options, partial(_deactivate, options=options, number=number), writes=True)


@phone_numbers.command("assign", locked=True)
@number_argument
@argument("user", locked=True, metavar="USER", type=Text())
@click.pass_obj
def assign(options: Options, number: str, user: str) -> int:
    """Hand a number to a person: id or e-mail. Asks where somebody else has it."""
    from tui.cli.run import run

    return run(options, partial(_assign, options=options, number=number, user=user), writes=True)


@phone_numbers.command("unassign", locked=True)
@number_argument
@click.pass_obj
def unassign(options: Options, number: str) -> int:
    """Return a number to the pool."""
    from tui.cli.run import run

    async def work(session: Session, out: Output) -> None:
        from tui.data.numbers.changes import unassign_number
        from tui.words.numbers import assignee_in_full

        seen = await _the_number(session, number)
        done = await unassign_number(session.database, seen)
        _say(out, done, f"is in the pool; {assignee_in_full(seen)} had it.", "was in the pool already.")

    return run(options, work, writes=True)


@phone_numbers.command("primary", locked=True)
@number_argument
@click.pass_obj
def primary(options: Options, number: str) -> int:
    """Make a number the organisation's primary one; the one that was is so no more."""
    from tui.cli.run import run

    async def work(session: Session, out: Output) -> None:
        from tui.cli.run import organization_of
        from tui.data.numbers.changes import make_primary
        from tui.data.numbers.listing import NumberFilter, list_phone_numbers
        from tui.words.numbers import shown_number

        seen = await _the_number(session, number)
        found = await list_phone_numbers(session.database, organization_of(session).id, NumberFilter(primary=True))
        done = await make_primary(session.database, seen, [number.id for number in found])
        before = ", ".join(shown_number(number) for number in done.previous)
        _say(out, done, f"is primary; {before or 'none'} was before.", "was primary already.")

    return run(options, work, writes=True)


async def _list(session: Session, out: Output, *, number: str | None, asked: Asked) -> None:
    from tui.cli.numbers.view import COLUMNS, EVERYWHERE, record_of
    from tui.data.numbers.listing import find_phone_numbers, list_phone_numbers

    wanted = await _filter(session, asked, searching=number is not None)
    organization_id = session.organization.id if session.organization else None
    if number is None:
        listed = await list_phone_numbers(session.database, organization_id, wanted)
    else:
        listed = list((await find_phone_numbers(session.database, number, organization_id, wanted)).numbers)
    empty = "No number of this organisation is like that; --all also lists those that are switched off."
    if number is not None:
        empty = "No number like that is in any organisation that you may read."
    columns = COLUMNS if organization_id else EVERYWHERE
    out.rows(listed, columns, record=record_of, empty=empty)


async def _filter(session: Session, asked: Asked, *, searching: bool) -> NumberFilter:
    from tui.data.directory import find_person
    from tui.data.numbers.input import known_type
    from tui.data.numbers.listing import NumberFilter
    from tui.errors import InvalidInput

    if asked.free and asked.assigned_to:
        raise InvalidInput("--free and --assigned-to exclude each other.", "Give one of them.")
    if asked.inactive and asked.every:
        raise InvalidInput("--inactive and --all exclude each other.", "Give one of them.")
    person = await find_person(session.database, asked.assigned_to) if asked.assigned_to else None
    return NumberFilter(
        assigned_to=person.id if person else None,
        pool=True if asked.free else None,
        number_type=known_type(asked.number_type) if asked.number_type else None,
        can_call=True if asked.can_call else None,
        can_sms=True if asked.can_sms else None,
        active=False if asked.inactive else None if asked.every or searching else True,
        primary=True if asked.primary else None,
    )


async def _deactivate(session: Session, out: Output, *, options: Options, number: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.numbers.changes import deactivate_number
    from tui.words.numbers import assignee_in_full, shown_number

    seen = await _the_number(session, number)
    affected = []
    if seen.is_active and seen.assigned_to_user_id:
        affected.append(f"is assigned to {assignee_in_full(seen)}, who cannot use it then")
    if seen.is_active and seen.is_primary:
        affected.append("is the primary number, and the organisation would be without one")
    if affected and not options.yes:
        what = f"{shown_number(seen)} {' and '.join(affected)}."
        await confirm(out, f"{what}\nSwitch it off?", what)
    done = await deactivate_number(session.database, seen)
    without = " The organisation has no primary number now." if "is_primary" in done.changed else ""
    _say(out, done, f"is switched off; it is kept.{without}", "was switched off already.")


async def _assign(session: Session, out: Output, *, options: Options, number: str, user: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.directory import find_person
    from tui.data.numbers.changes import assign_number
    from tui.words.numbers import assignee_in_full, shown_number
    from tui.words.people import person_in_full

    seen = await _the_number(session, number)
    person = await find_person(session.database, user)
    if seen.is_active and seen.assigned_to_user_id not in (None, person.id) and not options.yes:
        what = f"{shown_number(seen)} is assigned to {assignee_in_full(seen)}, and would be taken from them."
        await confirm(out, f"{what}\nAssign it to {person_in_full(person)}?", what)
    done = await assign_number(session.database, seen, person)
    before = f"; {assignee_in_full(seen)} had it before" if seen.assigned_to_user_id else ""
    whose = assignee_in_full(done.number)
    _say(out, done, f"is assigned to {whose}{before}.", f"was assigned to {whose} already.")


async def _the_number(session: Session, number: str) -> PhoneNumber:
    from tui.cli.run import organization_of
    from tui.data.numbers.listing import the_phone_number

    return await the_phone_number(session.database, organization_of(session).id, number)


async def _integration(session: Session, integration_type: str) -> Integration:
    from tui.cli.run import organization_of
    from tui.data.integrations.listing import list_integrations
    from tui.data.keys.encryption import Keyring
    from tui.errors import NotFound
    from tui.providers import integration_type as known_type

    listed = await list_integrations(session.database, Keyring(None), organization_of(session).id, [])
    found = next((integration for integration in listed if integration.integration_type == integration_type), None)
    if found is None:
        known_type(integration_type)
        raise NotFound(
            f"{integration_type} is not set up in this organisation.",
            f"Set it up with `switchboard integrations configure {integration_type}`, or leave --integration out.",
        )
    return found


def _say(out: Output, done: NumberChanged, sentence: str, unchanged: str) -> None:
    from tui.cli.numbers.view import record_of
    from tui.words.numbers import shown_number

    if done.warning:
        out.warn(done.warning)
    record = record_of(done.number) | {"changed": list(done.changed)}
    if done.previous:
        record["previous_primary"] = [record_of(number) for number in done.previous]
    out.result(record, f"{shown_number(done.number)} {sentence if done.changed else unchanged}")
