"""The commands `permissions`: listing, granting, revoking and copying them, and the report on who leaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from tui.cli.parsing import Group, Text, argument, option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from tui.cli.output import Output
    from tui.cli.request import Options
    from tui.data.permissions.apply import Conflicts
    from tui.data.permissions.people import Holder
    from tui.data.permissions.staging import Staged
    from tui.data.permissions.values import Right
    from tui.models import Integration
    from tui.session.session import Session

user_argument = argument("user", locked=True, metavar="USER", type=Text())
types_argument = argument("types", locked=True, metavar="TYPE...", type=Text(), nargs=-1, required=True)
dry_run_option = option("--dry-run", locked=True, is_flag=True, help="Only print the review.")
NAMED_CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class Given:
    """What `grant` was told to give; a limit or an expiry that was not named stays as it is."""

    rights: tuple[Right, ...]
    expires: str | None
    limits: dict[str, int | None]
    label: str | None


@click.group("permissions", locked=True, cls=Group)
def permissions() -> None:
    """Who may use which integration, for how long and how much.

    USER is an id or an e-mail. Limits are sends per day and month in UTC.
    """


@permissions.command("list", locked=True)
@option("--user", locked=True, metavar="USER", type=Text(), help="Only this person, on every integration.")
@option("--type", "integration_type", locked=True, metavar="TYPE", type=Text(), help="Only this integration.")
@click.pass_obj
def list_(options: Options, user: str | None, integration_type: str | None) -> int:
    """List who may do what now, and why not."""
    from tui.cli.run import run

    return run(options, partial(_list, user=user, integration_type=integration_type))


@permissions.command("grant", locked=True)
@user_argument
@types_argument
@option("--view", locked=True, is_flag=True, help="See that it is there, and its log.")
@option("--send", locked=True, is_flag=True, help="Send with it; implies --view.")
@option("--configure", locked=True, is_flag=True, help="Change its credential; implies --view.")
@option("--expires", locked=True, metavar="WHEN", type=Text(), help="A date, 30d, 2w, end of month, never.")
@option("--daily-limit", locked=True, metavar="N", type=Text(), help="Sends per day, or unlimited.")
@option("--monthly-limit", locked=True, metavar="N", type=Text(), help="Sends per month, or unlimited.")
@option("--label", locked=True, metavar="NAME", type=Text(), help="A name for an id; only without a directory.")
@dry_run_option
@click.pass_obj
def grant(
    options: Options,
    user: str,
    types: tuple[str, ...],
    view: bool,
    send: bool,
    configure: bool,
    expires: str | None,
    daily_limit: str | None,
    monthly_limit: str | None,
    label: str | None,
    dry_run: bool,
) -> int:
    """Give rights, add to those that are there, or change expiry and limits."""
    from tui.cli.run import run
    from tui.data.permissions.values import RIGHTS, parse_limit
    from tui.errors import InvalidInput

    named = {"daily_limit": daily_limit, "monthly_limit": monthly_limit}
    limits = {name: parse_limit(text) for name, text in named.items() if text is not None}
    rights = tuple(right for right, given in zip(RIGHTS, (view, send, configure), strict=True) if given)
    if not (rights or expires or limits):
        raise InvalidInput("It is not said what to give.", "Add --view, --send or --configure, an expiry, or a limit.")
    given = Given(rights, expires, limits, label)
    work = partial(_grant, options=options, user=user, types=types, given=given, dry_run=dry_run)
    return run(options, work, writes=not dry_run)


@permissions.command("revoke", locked=True)
@user_argument
@types_argument
@dry_run_option
@click.pass_obj
def revoke(options: Options, user: str, types: tuple[str, ...], dry_run: bool) -> int:
    """Take every right on one integration, or on several."""
    from tui.cli.run import run

    return run(options, partial(_revoke, options=options, user=user, types=types, dry_run=dry_run), writes=not dry_run)


@permissions.command("copy", locked=True)
@argument("source", locked=True, metavar="FROM", type=Text())
@argument("target", locked=True, metavar="TO", type=Text())
@dry_run_option
@click.pass_obj
def copy(options: Options, source: str, target: str, dry_run: bool) -> int:
    """Give one person exactly what another one has: rights, expiry and limits.

    What TO has and FROM has not is revoked; the review shows it.
    """
    from tui.cli.run import run

    return run(
        options, partial(_copy, options=options, source=source, target=target, dry_run=dry_run), writes=not dry_run
    )


@permissions.command("report", locked=True)
@user_argument
@click.pass_obj
def report(options: Options, user: str) -> int:
    """Report on somebody who leaves: what they could reach, and which secrets to rotate."""
    from tui.cli.run import run

    return run(options, partial(_report, user=user))


async def _list(session: Session, out: Output, *, user: str | None, integration_type: str | None) -> None:
    from tui.cli.permissions.view import columns, record_of
    from tui.cli.run import organization_of
    from tui.data.permissions.effective import access_of_person, enforcement, list_access
    from tui.data.permissions.grantees import find_holder

    organization = organization_of(session).id
    only = (
        None
        if integration_type is None
        else {integration.id for integration in await _integrations(session, [integration_type])}
    )
    if user is None:
        found = await list_access(session.database, organization)
    else:
        person = await find_holder(session.database, organization, user)
        found = list(await access_of_person(session.database, organization, person.id))
    listed = [entry for entry in found if only is None or entry.integration.id in only]
    empty = "Nobody holds a permission here." if user is None else "No integration is set up here."
    out.rows(listed, columns(session.settings.timezone), record=record_of, empty=empty)
    out.say((await enforcement(session.database)).sentence())


async def _grant(
    session: Session, out: Output, *, options: Options, user: str, types: Sequence[str], given: Given, dry_run: bool
) -> None:
    from tui.data.permissions.people import server_time
    from tui.data.permissions.values import parse_expiry
    from tui.errors import InvalidInput

    integrations = await _integrations(session, types)
    now = await server_time(session.database)
    changed: dict[str, Any] = dict(given.limits)
    if given.expires is not None:
        changed["expires_at"] = parse_expiry(given.expires, now, session.settings.timezone)
    person = await _grantee(session, user, given.label)

    def stage(staged: Staged, cells: dict[UUID, list[Any]], now: datetime) -> list[str]:
        # All values are staged as one, so that a limit is judged together with the other one.
        from dataclasses import replace

        from tui.data.permissions.values import with_right

        notes: list[str] = []
        wanted = []
        for cell in cells[person.id]:
            access = cell.access
            for right in given.rights:
                access, note = with_right(access, right, given=True)
                notes += [note] if note else []
            if not access.rights:
                raise InvalidInput("There is no right yet, and expiry and limits need one.", "Add --view or --send.")
            if access.is_expired(now) and "expires_at" not in changed:
                notes.append("That permission has expired and stays so: add --expires.")
            wanted.append((cell, replace(access, **changed)))
        return [*notes, *staged.stage(wanted, now).notes]

    label = None if given.label is None else (person.id, given.label)
    await _change(session, out, options, [person], integrations, stage, dry_run=dry_run, label=label)


async def _revoke(
    session: Session, out: Output, *, options: Options, user: str, types: Sequence[str], dry_run: bool
) -> None:
    from tui.cli.run import organization_of
    from tui.data.permissions.grantees import find_holder

    integrations = await _integrations(session, types)
    person = await find_holder(session.database, organization_of(session).id, user)

    def stage(staged: Staged, cells: dict[UUID, list[Any]], now: datetime) -> list[str]:
        return list(staged.revoke(cells[person.id], now).notes)

    await _change(session, out, options, [person], integrations, stage, dry_run=dry_run)


async def _copy(session: Session, out: Output, *, options: Options, source: str, target: str, dry_run: bool) -> None:
    from tui.cli.run import organization_of
    from tui.data.permissions.grantees import find_grantee, find_holder
    from tui.data.permissions.people import integrations_of
    from tui.errors import InvalidInput

    organization = organization_of(session).id
    holder = await find_holder(session.database, organization, source)
    other = await find_grantee(session.database, organization, target)
    if holder.id == other.id:
        raise InvalidInput("FROM and TO are the same person.", "Name two.")
    integrations = await integrations_of(session.database, organization)

    def stage(staged: Staged, cells: dict[UUID, list[Any]], now: datetime) -> list[str]:
        return list(staged.copy(cells[holder.id], cells[other.id], now).notes)

    await _change(session, out, options, [holder, other], integrations, stage, dry_run=dry_run)


async def _report(session: Session, out: Output, *, user: str) -> None:
    from tui.cli.permissions.view import report_lines, report_record
    from tui.cli.run import organization_of
    from tui.data.permissions.grantees import find_holder
    from tui.data.permissions.leaver import leaver_report

    organization = organization_of(session).id
    person = await find_holder(session.database, organization, user)
    found = await leaver_report(session.database, organization, person)
    out.record(report_record(found), report_lines(found, session.settings.timezone))


async def _change(
    session: Session,
    out: Output,
    options: Options,
    people: Sequence[Holder],
    integrations: Sequence[Integration],
    stage: Callable[[Staged, dict[UUID, list[Any]], datetime], list[str]],
    *,
    dry_run: bool,
    label: tuple[UUID, str] | None = None,
) -> None:
    """Stage, print the review, ask, and apply in one transaction. Raises Conflict where something changed meanwhile."""
    from tui.cli.confirm import confirm
    from tui.cli.permissions.view import review_lines, review_record
    from tui.cli.run import organization_of
    from tui.data.permissions.apply import Applied, apply
    from tui.data.permissions.grantees import label_person
    from tui.data.permissions.people import grants_of, server_time
    from tui.data.permissions.staging import Staged
    from tui.data.permissions.values import Cell

    organization = organization_of(session).id
    grants = await grants_of(session.database, organization, [person.id for person in people])
    by_id = {integration.id: integration for integration in integrations if integration.id is not None}
    cells = {
        person.id: [Cell(person.id, identifier, grants.get((person.id, identifier))) for identifier in by_id]
        for person in people
    }
    staged = Staged(organization)
    notes = list(dict.fromkeys(stage(staged, cells, await server_time(session.database))))
    review = staged.review()
    lines = review_lines(review, {person.id: person for person in people}, by_id, session.settings.timezone)
    record = review_record(review, by_id) | {"notes": notes}
    for line in [*lines[:-1], *notes]:
        (out.text if dry_run and not options.json else out.say)(line)
    if dry_run or not (review.total or label):
        out.result(record | {"applied": False, "operation_id": None}, lines[-1])
        return
    if not options.yes:
        await confirm(out, f"{lines[-1]} Apply?", f"{lines[-1]} Nothing was written yet.")
    if label is not None:
        await label_person(session.database, organization, *label)
    outcome = await apply(session.database, staged)
    if not isinstance(outcome, Applied):
        raise _conflict(outcome, {person.id: person for person in people}, by_id)
    out.result(record | {"applied": True, "operation_id": outcome.operation_id}, f"Applied: {review.sentence()}.")


async def _integrations(session: Session, types: Sequence[str]) -> list[Integration]:
    """Return the integrations of these types: an adopted table may have several of one, and all of them are meant.

    Raises UnknownType, and NotFound for one that is not set up.
    """
    from tui.cli.run import organization_of
    from tui.data.permissions.people import integrations_of
    from tui.errors import NotFound
    from tui.providers import integration_type as known_type

    there = await integrations_of(session.database, organization_of(session).id)
    for name in types:
        if all(integration.integration_type != name for integration in there):
            known_type(name)
            raise NotFound(
                f"{name} is not set up in this organisation.",
                f"Set it up with `switchboard integrations configure {name}`.",
            )
    return [
        integration for name in dict.fromkeys(types) for integration in there if integration.integration_type == name
    ]


async def _grantee(session: Session, user: str, label: str | None) -> Holder:
    """Return who is given something; an id with a label is somebody where there is no directory."""
    from tui.cli.run import organization_of
    from tui.data.directory import parse_uuid, people_are_labelled
    from tui.data.permissions.grantees import find_grantee
    from tui.data.permissions.people import Holder
    from tui.errors import InvalidInput

    organization = organization_of(session).id
    if label is None:
        return await find_grantee(session.database, organization, user)
    if not await people_are_labelled(session.database):
        raise InvalidInput("People come from the directory here, so --label names nobody.", "Leave it out.")
    user_id = parse_uuid(user)
    if user_id is None:
        raise InvalidInput("With --label the person is named by an id.", "Give a UUID.")
    return Holder(user_id, None, " ".join(label.split()), "active")


def _conflict(conflicts: Conflicts, people: dict[UUID, Holder], integrations: dict[UUID, Integration]) -> Exception:
    from tui.errors import Conflict
    from tui.words.permissions import rights_words

    named = [
        f"{people[cell.user_id].label} on {integrations[cell.integration_id].integration_type} "
        + ("(deleted)" if cell.integration_gone else f"has {rights_words(cell.now)} now, had {rights_words(cell.seen)}")
        for cell in conflicts.cells[:NAMED_CONFLICTS]
    ]
    more = len(conflicts.cells) - len(named)
    return Conflict(
        f"Somebody else changed it meanwhile, so nothing was written: {'; '.join(named)}"
        + (f"; and {more} more." if more > 0 else "."),
        "Run it again to see the new review.",
    )
