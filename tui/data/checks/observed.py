"""What a provider says besides yes and no, by its newest values, and which changes of these are told; asks nobody."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from tui.data.checks.state import Change

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Observations = dict[tuple[str, str], str]
"""Values by phone number ("" for what is of the whole account) and name."""

# As tui/providers/observations.py calls them; the threshold is set by a person.
BALANCE = "balance"
BALANCE_THRESHOLD = "balance_threshold"
CHECK_EVERY = "check_every"
"""How many seconds lie between two checks, as `switchboard check` was told last."""
CALLS = {"number_incoming": "incoming", "number_outgoing": "outgoing"}
MOST_APART = 5
"""Numbers that go out or come back together and are told one by one."""
MAJOR_OUTAGE = "major_outage"
EXPIRING = "permission_expiring:"
"""With the id of a permission behind it; the value is when it expires."""


def observed_changes(before: Mapping[tuple[str, str], str], after: Mapping[tuple[str, str], str]) -> tuple[Change, ...]:
    """Return what is to be told of two sets of values, of which the second is all that is known now."""
    changes: list[Change] = []
    low_before, low_now = _is_low(before), _is_low(after)
    if low_now and not low_before:
        changes.append(Change("balance_low", value=after["", BALANCE]))
    if low_before and low_now is False:
        changes.append(Change("balance_recovered", value=after.get(("", BALANCE), "")))
    down_before, down_now = dict(_outages(before)), dict(_outages(after))
    went_out = [
        Change("number_outage", number, calls) for number, calls in down_now.items() if down_before.get(number) != calls
    ]
    came_back = [
        Change("number_recovered", number)
        for number in down_before
        if number not in down_now and _is_known(after, number)
    ]
    changes += [*_together(went_out), *_together(came_back)]
    changes += [
        Change("permission_expiring", value=f"{name.removeprefix(EXPIRING)} {value}")
        for (number, name), value in after.items()
        if name.startswith(EXPIRING) and before.get((number, name)) != value
    ]
    return tuple(changes)


def _together(of_numbers: list[Change]) -> list[Change]:
    """Tell of many numbers at once: of a region that is out, whoever is told needs one sentence."""
    if len(of_numbers) <= MOST_APART:
        return of_numbers
    return [Change(of_numbers[0].kind, value=f"{len(of_numbers)} numbers")]


def _is_low(values: Mapping[tuple[str, str], str]) -> bool | None:
    """Whether the balance is under its threshold; None where either is not known."""
    try:
        return Decimal(values["", BALANCE]) < Decimal(values["", BALANCE_THRESHOLD])
    except (KeyError, InvalidOperation):
        return None


def _outages(values: Mapping[tuple[str, str], str]) -> Iterator[tuple[str, str]]:
    """Each number that is out, and which calls of it: incoming, outgoing or both."""
    for number in dict.fromkeys(number for number, _ in values):
        out = [calls for name, calls in CALLS.items() if values.get((number, name)) == MAJOR_OUTAGE]
        if out:
            yield number, " and ".join(out)


def _is_known(values: Mapping[tuple[str, str], str], number: str) -> bool:
    return any((number, name) in values for name in CALLS)
