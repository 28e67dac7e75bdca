"""The command `phone-numbers list`: the numbers of an organisation, or one number wherever it is."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from tui.cli.completion.candidates import numbers, people, words
from tui.cli.numbers.view import COLUMNS, EVERYWHERE, listed_record
from tui.cli.parsing import argument, command, option, watch_option
from tui.cli.requirements import Requirements
from tui.data.directory import find_person
from tui.data.numbers.input import known_type
from tui.data.numbers.listing import NumberFilter, find_phone_numbers, list_phone_numbers
from tui.data.numbers.observed import with_observed
from tui.errors import InvalidInput

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.cli.request import Options, Work
    from tui.session.session import Session

TYPES = "virtual, toll-free or local."
type_option = partial(
    option,
    "--type",
    "number_type",
    locked=True,
    metavar="TYPE",
    shell_complete=words("virtual", "toll-free", "local"),
)


@command(locked=True, needs=Requirements("support", organization=False))
@argument("number", locked=True, metavar="[NUMBER]", required=False, shell_complete=numbers)
@option(
    "--assigned-to", locked=True, metavar="USER", shell_complete=people, help="Only those of a person: id or e-mail."
)
@option("--free", locked=True, help="Only those in the pool, assigned to nobody.")
@type_option(help=f"Only those of a type: {TYPES}")
@option("--can-call", locked=True, help="Only those that can call.")
@option("--can-sms", locked=True, help="Only those that can send SMS.")
@option("--primary", locked=True, help="Only primary numbers.")
@option("--inactive", locked=True, help="Only those that are not active.")
@option("--all", "with_inactive", locked=True, help="Also those that are not active.")
@watch_option
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
    with_inactive: bool,
) -> Work:
    """List the organisation's active numbers, or whose NUMBER it is.

    With NUMBER, or its last four digits or more, every organisation that you may read is searched, unless
    --organization names one; numbers that are not active are found too.
    """
    if free and assigned_to:
        raise InvalidInput("--free and --assigned-to exclude each other.", "Give one of them.")
    if inactive and with_inactive:
        raise InvalidInput("--inactive and --all exclude each other.", "Give one of them.")
    number_filter = NumberFilter(
        pool=True if free else None,
        number_type=known_type(number_type) if number_type else None,
        can_call=True if can_call else None,
        can_sms=True if can_sms else None,
        active=False if inactive else None if with_inactive or number is not None else True,
        primary=True if primary else None,
    )

    async def work(session: Session, out: Output) -> None:
        everywhere = number is not None and options.organization is None
        organization_id = None if everywhere else (await session.find_organization()).id
        person = await find_person(session.database, assigned_to) if assigned_to else None
        wanted = replace(number_filter, assigned_to=person.id if person else None)
        if number is None:
            listed = await list_phone_numbers(session.database, organization_id, wanted)
            empty = "No number of this organisation matches; --all also lists those that are not active."
        else:
            listed = list((await find_phone_numbers(session.database, number, organization_id, wanted)).numbers)
            empty = "No number in any organisation that you may read matches."
        listed = await with_observed(session.database, listed)
        out.rows(listed, COLUMNS if organization_id else EVERYWHERE, record=listed_record, empty=empty)

    return work
