"""The commands that do what a review of permissions would apply."""

from __future__ import annotations

from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING

from tui.data.directory import parse_uuid
from tui.data.permissions.values import NOTHING, parse_expiry
from tui.errors import InvalidInput
from tui.words.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, tzinfo
    from uuid import UUID

    from tui.data.permissions.staging import Change, Review
    from tui.data.permissions.values import Access

    Options = tuple[tuple[str, str | bool], ...]

MOST_CHANGES = 500
HERE = "Apply it here with enter."


def invocations_of_review(
    review: Review, integrations: Mapping[UUID, str], organization_id: UUID, zone: tzinfo, now: datetime
) -> list[Invocation]:
    """Return the commands for every change of a review, the revokes first; `integrations` are types by id.

    No command takes a single right: all of them are revoked, and what is left is granted anew. Raises InvalidInput
    for what no command says.
    """
    if review.total > MOST_CHANGES:
        raise InvalidInput(f"These are {review.total:,} changes: too many for a command line.", HERE)
    rows_of = Counter(integrations.values())
    types = {change.integration_id: integrations.get(change.integration_id) for change in review.all}
    if any(name is None or rows_of[name] > 1 for name in types.values()):
        raise InvalidInput("A command names a type, and one of these has no row or several.", HERE)
    revoked = [change for change in review.all if change.lost]
    granted = [change for change in review.all if change.wanted.rights]
    return [
        *_invocations("permissions revoke", [(change, ()) for change in revoked], types, organization_id),
        *_invocations(
            "permissions grant",
            [(change, _options(change, zone, now)) for change in granted],
            types,
            organization_id,
        ),
    ]


def _options(change: Change, zone: tzinfo, now: datetime) -> Options:
    """Return the options of `permissions grant` that lead from what is there, or was revoked before, to the wanted."""
    before: Access = NOTHING if change.lost else change.before
    wanted = change.wanted
    options: list[tuple[str, str | bool]] = [(right, True) for right in wanted.rights if not before.has(right)]
    if wanted.expires_at != before.expires_at:
        options.append(("expires", _expiry(wanted.expires_at, zone, now)))
    for name in ("daily_limit", "monthly_limit"):
        limit = getattr(wanted, name)
        if limit != getattr(before, name):
            options.append((name, "unlimited" if limit is None else str(limit)))
    return tuple(options)


def _expiry(moment: datetime | None, zone: tzinfo, now: datetime) -> str:
    """Return how an expiry is typed: a day where it ends with that day, which is how most are set."""
    if moment is None:
        return "never"
    if moment <= now:
        raise InvalidInput("An expiry here has passed, and no command sets one that has.", HERE)
    day = f"{moment.astimezone(zone):%Y-%m-%d}"
    return day if parse_expiry(day, now, zone) == moment else moment.astimezone(UTC).isoformat()


def _invocations(
    command: str,
    steps: Iterable[tuple[Change, Options]],
    types: Mapping[UUID, str | None],
    organization_id: UUID,
) -> list[Invocation]:
    """Return one command for all of a person that is done alike, and one for everybody for whom that is the same."""
    types_of: dict[tuple[Options, UUID], list[str]] = {}
    for change, options in steps:
        types_of.setdefault((options, change.user_id), []).append(str(types[change.integration_id]))
    people_of: dict[tuple[Options, tuple[str, ...]], list[str]] = {}
    for (options, user_id), names in types_of.items():
        people_of.setdefault((options, tuple(names)), []).append(str(user_id))
    return [
        Invocation(command, {**words, **dict(options)}, organization_id)
        for (options, names), people in people_of.items()
        for words in _people_and_types(people, names)
    ]


def _people_and_types(people: Sequence[str], types: tuple[str, ...]) -> list[dict[str, Sequence[str]]]:
    # With --user a first TYPE that looks like a person is refused.
    if len(people) > 1 and "@" not in types[0] and parse_uuid(types[0]) is None:
        return [{"words": types, "users": people}]
    return [{"words": (person, *types)} for person in people]
