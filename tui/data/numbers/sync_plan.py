"""What a sync of phone numbers would do: an organisation's rows compared with what a provider lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from tui.data.numbers.input import LONGEST_NAME
from tui.data.numbers.listing import known_number
from tui.words.numbers.phone_number import number_type, same_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.models.integrations import Integration
    from tui.models.numbers import ListedNumber, PhoneNumber

LONGEST_NUMBER = 20


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column of a row: what it holds, and what it would hold."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ChangedNumber:
    """A row that the sync would change, and how."""

    number: PhoneNumber
    changes: tuple[FieldChange, ...]

    def after(self, name: str) -> Any:
        """The column's value after the sync."""
        return next((change.after for change in self.changes if change.name == name), getattr(self.number, name))


@dataclass(frozen=True, slots=True)
class NewNumber:
    """A row that the sync would add; `phone_number` is E.164."""

    phone_number: str
    display_name: str | None
    number_type: str
    can_call: bool
    can_sms: bool
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class UntouchedNumber:
    """An active row that is not listed and stays as it is, and why, as the end of a sentence."""

    number: PhoneNumber
    reason: str


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What a sync would do, and what it was made from.

    `same` are the rows that agree, `unlisted` those that would be deactivated, `untouched` active ones that are not
    listed and none of this integration's business, `duplicates` the rows that are one number in several notations,
    `unusable` the listed texts that are no number. `primary` is the E.164 of the number that would become primary.
    `without_primary`: the organisation has no primary number, and the sync gives it none.
    `line` is the number that the credential itself names. `operation_id` is that of everything the sync logs.
    """

    integration: Integration
    listed: tuple[ListedNumber, ...]
    line: str | None
    new: tuple[NewNumber, ...]
    changed: tuple[ChangedNumber, ...]
    same: tuple[PhoneNumber, ...]
    unlisted: tuple[PhoneNumber, ...]
    untouched: tuple[UntouchedNumber, ...]
    duplicates: tuple[tuple[PhoneNumber, ...], ...]
    unusable: tuple[str, ...]
    primary: str | None
    without_primary: bool
    deactivates_all: bool
    seen: tuple[PhoneNumber, ...] = field(repr=False)
    operation_id: UUID = field(default_factory=uuid4)

    @property
    def writes(self) -> bool:
        """Whether there is anything to write but the log."""
        return bool(self.new or self.changed or self.unlisted)

    @property
    def synced(self) -> int:
        """How many different numbers the provider listed."""
        return len({_meaning(number.number) for number in self.listed}) - len(self.unusable)

    def sentence(self) -> str:
        """Say it for a person: "3 new, 1 changed, 12 the same, 2 no longer listed"."""
        return (
            f"{len(self.new)} new, {len(self.changed)} changed, {len(self.same)} the same, "
            f"{len(self.unlisted)} no longer listed"
        )


def plan_of(
    rows: Sequence[PhoneNumber],
    integration: Integration,
    listed: Sequence[ListedNumber],
    *,
    line: str | None,
    operation_id: UUID,
) -> SyncPlan:
    """Make the plan from all rows of the organisation.

    Numbers are matched by what they mean; a row keeps its text. The provider decides what a number can do; a name and
    a type are only filled in. Only rows of this very integration are ever deactivated.
    """
    # By what they mean: Exotel lists +911141169368, and older rows hold 01141169368, which no unique key takes for one.
    listed_by_meaning: dict[str, ListedNumber] = {}
    for number in listed:
        listed_by_meaning.setdefault(_meaning(number.number), number)
    by_meaning: dict[str, list[PhoneNumber]] = {}
    for row in rows:
        by_meaning.setdefault(_meaning(row.phone_number), []).append(row)

    matched = [
        (row, listed_by_meaning[key])
        for key, matching in by_meaning.items()
        if key in listed_by_meaning
        for row in matching
    ]
    not_listed = [
        row for key, matching in by_meaning.items() if key not in listed_by_meaning for row in matching if row.is_active
    ]
    untouched = [UntouchedNumber(row, reason) for row in not_listed if (reason := _why_untouched(row, integration))]
    untouched_ids = {number.number.id for number in untouched}
    unlisted = tuple(row for row in not_listed if row.id not in untouched_ids)
    unlisted_ids = {row.id for row in unlisted}

    primary_stays = any(row.is_primary and row.id not in unlisted_ids for row in rows)
    named_by_credential = None if primary_stays or line is None else known_number(line)
    primary = named_by_credential if named_by_credential in listed_by_meaning else None
    primary_row = _row_in_use(by_meaning.get(primary or "", []))

    in_use = {key for key, matching in by_meaning.items() if any(row.is_active for row in matching)}
    to_activate = {key: _row_in_use(matching) for key, matching in by_meaning.items() if key not in in_use}
    planned = [
        ChangedNumber(
            row,
            tuple(
                _changes(
                    row,
                    number,
                    active=row.is_active or row is to_activate.get(_meaning(row.phone_number)),
                    primary=row.is_primary or row is primary_row,
                )
            ),
        )
        for row, number in matched
    ]
    own_active = {row.id for row in rows if row.integration_id == integration.id and row.is_active}
    return SyncPlan(
        integration,
        tuple(listed),
        line,
        new=tuple(
            _new(key, number, primary=key == primary)
            for key, number in listed_by_meaning.items()
            if key not in by_meaning and _is_usable(key)
        ),
        changed=tuple(number for number in planned if number.changes),
        same=tuple(number.number for number in planned if not number.changes),
        unlisted=unlisted,
        untouched=tuple(untouched),
        duplicates=tuple(
            tuple(matching) for key, matching in by_meaning.items() if len(matching) > 1 and known_number(key)
        ),
        unusable=tuple(key for key in listed_by_meaning if not _is_usable(key) and key not in by_meaning),
        primary=primary,
        without_primary=not primary_stays and primary is None,
        deactivates_all=bool(unlisted) and own_active <= unlisted_ids,
        seen=tuple(rows),
        operation_id=operation_id,
    )


def _meaning(text: str) -> str:
    """Return what all notations of a number share, its E.164; the text itself where it is no number."""
    return known_number(text) or text.strip()


def _is_usable(key: str) -> bool:
    return known_number(key) == key and len(key) <= LONGEST_NUMBER


def _why_untouched(row: PhoneNumber, integration: Integration) -> str | None:
    if row.integration_id is None:
        return "it was added by hand"
    if row.integration_id != integration.id:
        return f"it belongs to {row.integration_type or 'another integration'}"
    if row.e164 is None:
        return "its text is not a phone number, so it cannot be compared"
    return None


def _row_in_use(rows: Sequence[PhoneNumber]) -> PhoneNumber | None:
    """Return which of a number's rows is in use: active before inactive, assigned before free, the oldest first."""
    ranked = sorted(
        rows, key=lambda row: (not row.is_active, row.assigned_to_user_id is None, str(row.created_at), str(row.id))
    )
    return ranked[0] if ranked else None


def _changes(row: PhoneNumber, number: ListedNumber, *, active: bool, primary: bool) -> Iterable[FieldChange]:
    name = _name(number)
    target: dict[str, Any] = {
        "display_name": row.display_name if (row.display_name or "").strip() else name or row.display_name,
        "number_type": row.number_type or number_type(row.phone_number),
        "can_call": number.can_call,
        "can_sms": number.can_sms,
        "is_active": active,
        "is_primary": primary,
    }
    for column, value in target.items():
        if getattr(row, column) != value:
            yield FieldChange(column, getattr(row, column), value)


def _new(number: str, listed: ListedNumber, *, primary: bool) -> NewNumber:
    return NewNumber(number, _name(listed), number_type(number), listed.can_call, listed.can_sms, primary)


def _name(number: ListedNumber) -> str | None:
    """Return the provider's name for a number as it can be stored; a name that is the number itself says nothing."""
    text = "".join(c for c in number.name or "" if c >= " " and not "\ud800" <= c <= "\udfff").strip()
    if not text or same_number(text, number.number):
        return None
    return text[:LONGEST_NAME].strip()
