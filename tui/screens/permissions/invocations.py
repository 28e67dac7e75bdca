"""The commands that do what a review of permissions would apply."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING

from tui.data.directory import parse_uuid
from tui.data.permissions.values import parse_expiry
from tui.errors import InvalidInput
from tui.words.log.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.permissions.staging import Change, Review

    Command = tuple[str, tuple[tuple[str, str | bool], ...]]

MOST_CHANGES = 500
HERE = "Apply it here with enter."


def invocations_of_review(
    review: Review, integrations: Mapping[UUID, str], organization_id: UUID, zone: tzinfo, now: datetime
) -> list[Invocation]:
    """Return the commands for every change of a review, the revokes first; `integrations` are types by id.

    One alone is of everybody and does all of it or nothing, as the screen does; of several, each is of one person.
    Raises InvalidInput for what no command says.
    """
    if review.total > MOST_CHANGES:
        raise InvalidInput(f"These are {review.total:,} changes: too many for a command line.", HERE)
    rows_of = Counter(integrations.values())
    types = {change.integration_id: integrations.get(change.integration_id) for change in review.all}
    if any(name is None or rows_of[name] > 1 for name in types.values()):
        raise InvalidInput("A command names a type, and one of these has no row or several.", HERE)
    if any(change.lost and change.wanted.rights for change in review.all):
        # To revoke all and grant the rest would leave nothing where the grant is refused, as for an inactive person.
        raise InvalidInput("No command takes away a single right.", HERE)
    types_of: dict[tuple[Command, UUID], list[str]] = {}
    for change in (*review.revokes, *review.grants, *review.changes):
        types_of.setdefault((_command(change, zone, now), change.user_id), []).append(str(types[change.integration_id]))
    people = [str(user_id) for _, user_id in types_of]
    alike = {(command, tuple(names)) for (command, _), names in types_of.items()}
    if len(people) > 1 and len(alike) == 1:
        ((command, names),) = alike
        # With --user a first TYPE that looks like a person is refused.
        if "@" not in names[0] and parse_uuid(names[0]) is None:
            return [_invocation(command, organization_id, words=names, users=people)]
    return [
        _invocation(command, organization_id, words=(str(user_id), *names))
        for (command, user_id), names in types_of.items()
    ]


def _command(change: Change, zone: tzinfo, now: datetime) -> Command:
    """Return the command, with the options that lead from what is there to what is wanted."""
    before, wanted = change.before, change.wanted
    if not wanted.rights:
        return "permissions revoke", ()
    options: list[tuple[str, str | bool]] = [(right, True) for right in wanted.rights if not before.has(right)]
    if wanted.expires_at != before.expires_at:
        options.append(("expires", _expiry(wanted.expires_at, zone, now)))
    for name in ("daily_limit", "monthly_limit"):
        limit = getattr(wanted, name)
        if limit != getattr(before, name):
            options.append((name, "unlimited" if limit is None else str(limit)))
    return "permissions grant", tuple(options)


def _expiry(moment: datetime | None, zone: tzinfo, now: datetime) -> str:
    """Return how an expiry is typed: a day where it ends with that day, which is how most are set."""
    if moment is None:
        return "never"
    if moment <= now:
        raise InvalidInput("An expiry here has passed, and no command sets one that has.", HERE)
    day = f"{moment.astimezone(zone):%Y-%m-%d}"
    return day if parse_expiry(day, now, zone) == moment else moment.astimezone(UTC).isoformat()


def _invocation(command: Command, organization_id: UUID, **whom: Sequence[str]) -> Invocation:
    name, options = command
    return Invocation(name, {**whom, **dict(options)}, organization_id)
