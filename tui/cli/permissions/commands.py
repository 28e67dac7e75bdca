"""The commands `permissions grant`, `revoke` and `copy`: staged, reviewed, and applied in one transaction."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from tui.cli.completion.candidates import people
from tui.cli.completion.candidates import words as completed_words
from tui.cli.confirm import confirm
from tui.cli.parsing import argument, command, option
from tui.cli.permissions.arguments import (
    integrations_of_types,
    people_and_types,
    people_and_types_argument,
    users_option,
)
from tui.cli.permissions.view import review_lines, review_record
from tui.cli.requirements import Requirements
from tui.data.directory import parse_uuid, people_are_labelled
from tui.data.permissions.apply import Applied, apply
from tui.data.permissions.grantees import find_grantee, find_holder, label_person
from tui.data.permissions.listing import Holder, grants_of, integrations_of, server_time
from tui.data.permissions.staging import Staged
from tui.data.permissions.values import Cell, parse_expiry, parse_limit, with_right
from tui.data.rights import RIGHTS
from tui.errors import Conflict, InvalidInput, UnknownPerson
from tui.words.people.permissions import access_in_full
from tui.words.text import plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.cli.output import Output
    from tui.cli.request import Work
    from tui.data.permissions.apply import Conflicts
    from tui.data.rights import Right
    from tui.models.integrations import Integration
    from tui.session.session import Session

dry_run_option = option(
    "--dry-run", locked=True, needs=Requirements("support"), help="Print the review, and write nothing."
)
NAMED_CONFLICTS = 5


def right_options(command: Callable[..., Work]) -> Callable[..., Work]:
    """Add a flag for each right to a command, which gets them by the rights' names."""
    for right in reversed(RIGHTS.values()):
        implied = "".join(f"; implies --{name}" for name in right.implies)
        command = option(f"--{right.name}", locked=True, help=f"{right.what_it_allows}{implied}.")(command)
    return command


@command(locked=True, needs=Requirements("administrator", writes="data"))
@people_and_types_argument
@users_option
@right_options
@option(
    "--expires",
    locked=True,
    metavar="WHEN",
    shell_complete=completed_words("30d", "2w", "end of month", "never"),
    help="When it ends: a date, 30d, 2w, end of month, never.",
)
@option("--daily-limit", locked=True, metavar="N", help="Sends per day, or unlimited.")
@option("--monthly-limit", locked=True, metavar="N", help="Sends per month, or unlimited.")
@option("--label", locked=True, metavar="NAME", help="A name for the id USER; only without a directory.")
@dry_run_option
def grant(
    words: tuple[str, ...],
    users: tuple[str, ...],
    expires: str | None,
    daily_limit: str | None,
    monthly_limit: str | None,
    label: str | None,
    dry_run: bool,
    **flags: bool,
) -> Work:
    """Give rights, add to those that are there, or change expiry and limits.

    Several people (--user) are given the same in one transaction.
    """
    named_people, types = people_and_types(words, users)
    if label is not None and len(named_people) > 1:
        raise InvalidInput("--label names one person, and --user gives several.", "Leave it out.")
    named = {"daily_limit": daily_limit, "monthly_limit": monthly_limit}
    limits = {name: parse_limit(text) for name, text in named.items() if text is not None}
    rights = tuple(right for right in RIGHTS if flags[right])
    if not (rights or expires or limits):
        *others, last = (f"--{right}" for right in RIGHTS)
        choices = f"{', '.join(others)} or {last}"
        raise InvalidInput("There is nothing to grant.", f"Add {choices}, an expiry, or a limit.")

    async def work(session: Session, out: Output) -> None:
        integrations = await integrations_of_types(session, types)
        # What is not named stays as it is.
        changed: dict[str, Any] = dict(limits)
        if expires is not None:
            changed["expires_at"] = parse_expiry(
                expires, await server_time(session.database), session.settings.timezone
            )
        people = await _each_person(named_people, lambda user: _find_grantee(session, user, label))

        def stage(staged: Staged, cells: dict[UUID, list[Cell]], now: datetime) -> list[str]:
            return _stage_grant(staged, list(chain.from_iterable(cells.values())), now, rights, changed)

        given_label = None if label is None else (people[0].id, label)
        await _review_and_apply(session, out, people, integrations, stage, dry_run=dry_run, label=given_label)

    return work


@command(locked=True, needs=Requirements("administrator", writes="data"))
@people_and_types_argument
@users_option
@dry_run_option
def revoke(words: tuple[str, ...], users: tuple[str, ...], dry_run: bool) -> Work:
    """Take every right on one integration, or on several, from one person or from several (--user)."""
    named_people, types = people_and_types(words, users)

    async def work(session: Session, out: Output) -> None:
        integrations = await integrations_of_types(session, types)
        organization_id = session.chosen_organization.id
        people = await _each_person(named_people, lambda user: find_holder(session.database, organization_id, user))

        def stage(staged: Staged, cells: dict[UUID, list[Cell]], now: datetime) -> list[str]:
            return list(staged.revoke(list(chain.from_iterable(cells.values())), now).notes)

        await _review_and_apply(session, out, people, integrations, stage, dry_run=dry_run)

    return work


@command(locked=True, needs=Requirements("administrator", writes="data"))
@argument("source", locked=True, metavar="FROM", shell_complete=people)
@argument("target", locked=True, metavar="TO", shell_complete=people)
@dry_run_option
async def copy(session: Session, out: Output, source: str, target: str, dry_run: bool) -> None:
    """Give one person exactly what another one has: rights, expiry and limits.

    What TO has and FROM has not is revoked; the review shows it.
    """
    organization_id = session.chosen_organization.id
    holder = await find_holder(session.database, organization_id, source)
    other = await find_grantee(session.database, organization_id, target)
    if holder.id == other.id:
        raise InvalidInput("FROM and TO are the same person.", "Give two people.")
    integrations = await integrations_of(session.database, organization_id)

    def stage(staged: Staged, cells: dict[UUID, list[Cell]], now: datetime) -> list[str]:
        return list(staged.copy(cells[holder.id], cells[other.id], now).notes)

    await _review_and_apply(session, out, [holder, other], integrations, stage, dry_run=dry_run)


async def _each_person(named: Sequence[str], find: Callable[[str], Awaitable[Holder]]) -> list[Holder]:
    """Return each person once: an id and an e-mail may name the same one. Raises UnknownPerson, which says of whom."""
    people: dict[UUID, Holder] = {}
    for name in named:
        try:
            person = await find(name)
        except UnknownPerson as failure:
            if len(named) == 1:
                raise
            raise UnknownPerson(f"{plain(name)}: {failure.sentence}", failure.what_to_do) from None
        people[person.id] = person
    return list(people.values())


def _stage_grant(
    staged: Staged, cells: Sequence[Cell], now: datetime, rights: Sequence[Right], changed: Mapping[str, Any]
) -> list[str]:
    """Add the rights to each cell and change the values that are named; return what a person should know."""
    notes: list[str] = []
    staged_values = []
    for cell in cells:
        access = cell.access
        for right in rights:
            access, note = with_right(access, right, given=True)
            notes += [note] if note else []
        if not access.rights:
            raise InvalidInput("There is no right yet, and expiry and limits need one.", "Add --view or --send.")
        if access.is_expired(now) and "expires_at" not in changed:
            notes.append("That permission has expired: add --expires to extend it.")
        staged_values.append((cell, replace(access, **changed)))
    # All values are staged as one, so that a limit is judged together with the other one.
    return [*notes, *staged.stage(staged_values, now).notes]


async def _review_and_apply(
    session: Session,
    out: Output,
    people: Sequence[Holder],
    integrations: Sequence[Integration],
    stage: Callable[[Staged, dict[UUID, list[Cell]], datetime], list[str]],
    *,
    dry_run: bool,
    label: tuple[UUID, str] | None = None,
) -> None:
    """Stage, print the review, ask, and apply in one transaction. Raises Conflict where something changed meanwhile."""
    organization_id = session.chosen_organization.id
    grants = await grants_of(session.database, organization_id, [person.id for person in people])
    integrations_by_id = {integration.id: integration for integration in integrations if integration.id is not None}
    cells = {
        person.id: [
            Cell(person.id, identifier, grants.get((person.id, identifier))) for identifier in integrations_by_id
        ]
        for person in people
    }
    staged = Staged(organization_id)
    notes = list(dict.fromkeys(stage(staged, cells, await server_time(session.database))))
    review = staged.review()
    people_by_id = {person.id: person for person in people}
    zone = session.settings.timezone
    lines = review_lines(review, people_by_id, integrations_by_id, zone)
    record = review_record(review, integrations_by_id) | {"notes": notes}
    for line in [*lines[:-1], *notes]:
        (out.text if dry_run and out.as_table else out.say)(line)
    if dry_run or not (review.total or label):
        out.result(record | {"applied": False, "operation_id": None}, lines[-1])
        return
    await confirm(out, f"{lines[-1]} Apply?", f"{lines[-1]} Nothing was written yet.")
    if label is not None:
        await label_person(session.database, organization_id, *label)
    outcome = await apply(session.database, staged)
    if not isinstance(outcome, Applied):
        raise _conflict_error(outcome, people_by_id, integrations_by_id, zone)
    out.result(record | {"applied": True, "operation_id": outcome.operation_id}, f"Applied: {review.sentence()}.")


async def _find_grantee(session: Session, user: str, label: str | None) -> Holder:
    """Return who is given something; an id with a label is somebody where there is no directory."""
    organization_id = session.chosen_organization.id
    if label is None:
        return await find_grantee(session.database, organization_id, user)
    if not await people_are_labelled(session.database):
        raise InvalidInput("People come from the directory here, so --label cannot be used.", "Leave it out.")
    user_id = parse_uuid(user)
    if user_id is None:
        raise InvalidInput("With --label the person is named by an id.", "Give a UUID.")
    return Holder(user_id, None, " ".join(label.split()), "active")


def _conflict_error(
    conflicts: Conflicts, people: dict[UUID, Holder], integrations: dict[UUID, Integration], zone: tzinfo
) -> Exception:
    named = [
        f"{people[cell.user_id].label} on {integrations[cell.integration_id].integration_type} "
        + (
            "(deleted)"
            if cell.integration_deleted
            else f"has {access_in_full(cell.now, zone)} now, had {access_in_full(cell.seen, zone)}"
        )
        for cell in conflicts.cells[:NAMED_CONFLICTS]
    ]
    more = len(conflicts.cells) - len(named)
    return Conflict(
        f"Somebody else changed it meanwhile, so nothing was written: {'; '.join(named)}"
        + (f"; and {more} more." if more > 0 else "."),
        "Run it again to see the new review.",
    )
