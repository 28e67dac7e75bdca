"""The commands `phone-numbers add`, `edit` and `deactivate`: a number as such."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.numbers import phone_numbers
from tui.cli.numbers.number import TYPES, find_number, number_argument, write_change
from tui.cli.parsing import Text, option
from tui.cli.requirements import Requirements

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options, Work
    from tui.session.session import Session


@phone_numbers.command("add", locked=True, needs=Requirements("support", writes="data"))
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
        from tui.cli.run import organization_of
        from tui.data.numbers.changes import add_number

        owner = None
        if integration:
            or_else = ", or leave --integration out"
            owner = await find_integration(session, integration, or_else=or_else)
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
        write_change(out, added, "is added to the pool.", "")

    return work


@phone_numbers.command("edit", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@option("--name", locked=True, metavar="TEXT", type=Text(), help="What people call it; up to 100 characters.")
@option("--no-name", locked=True, is_flag=True, help="Remove its name.")
@option("--type", "number_type", locked=True, metavar="TYPE", type=Text(), help=TYPES)
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

        seen = await find_number(session, number)
        wanted = NumberEdit(
            display_name=None if no_name else name or seen.display_name,
            number_type=number_type or seen.number_type,
            can_call=seen.can_call if can_call is None else can_call,
            can_sms=seen.can_sms if can_sms is None else can_sms,
        )
        done = await edit_number(session.database, seen, wanted, activate=active)
        write_change(out, done, "is changed.", "is like that already; nothing was written.")

    return work


@phone_numbers.command("deactivate", locked=True, needs=Requirements("support", writes="data"))
@number_argument
@click.pass_obj
def deactivate(options: Options, number: str) -> Work:
    """Switch a number off; it is never deleted, and `edit NUMBER --active` switches it on again.

    Asks where somebody has the number, or where it is the primary one.
    """
    return partial(_deactivate, options=options, number=number)


async def _deactivate(session: Session, out: Output, *, options: Options, number: str) -> None:
    from tui.cli.confirm import confirm
    from tui.data.numbers.changes import deactivate_number
    from tui.data.numbers.listing import shown_number, shown_person

    seen = await find_number(session, number)
    affected = []
    if seen.is_active and seen.assigned_to_user_id:
        affected.append(f"is assigned to {shown_person(seen)}, who cannot use it then")
    if seen.is_active and seen.is_primary:
        affected.append("is the primary number, and the organisation would be without one")
    if affected and not options.yes:
        what = f"{shown_number(seen)} {' and '.join(affected)}."
        await confirm(out, f"{what}\nSwitch it off?", what)
    done = await deactivate_number(session.database, seen)
    without = " The organisation has no primary number now." if "is_primary" in done.changed else ""
    write_change(out, done, f"is switched off; it is kept.{without}", "was switched off already.")
