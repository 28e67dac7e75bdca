"""Whether a row is in a filter, without a database: the conditions of `tui/data/audit/qualifiers.py` over one row."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from tui.data.audit.addresses import forms_of
from tui.data.audit.filter import OPERATOR
from tui.data.audit.qualifiers import EVERY, NOBODY, NUMBER, PARTS, QUALIFIERS, TEXT, Term
from tui.data.audit.recurring_times import span_of_days, span_of_hours
from tui.data.audit.where import OF_AN_ADDRESS
from tui.data.directory import parse_uuid
from tui.errors import FilterError
from tui.settings.time_zones import time_zone
from tui.words.people.names import MARK

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from tui.data.audit.filter import AuditFilter

NO_DIRECTORY = "An archive has no directory of people and organisations."
# What strtol() takes for a number whole, whose words these are; no array has more places than 18 digits say.
_PLACE = re.compile(r"[ \t\n\v\f\r]*[+-]?0*[0-9]{1,18}")
_COLUMNS = {"action": "action", "status": "status", "type": "integration_type"}


@dataclass(frozen=True, slots=True)
class RowInFile:
    """A row of an archive: its columns as they are compared, the details also as their text."""

    user_id: UUID | None
    organization_id: UUID | None
    integration_type: str
    action: str
    status: str
    details: Any
    details_text: str
    ip_address: str | None
    user_agent: str | None
    created_at: datetime

    @property
    def is_own(self) -> bool:
        """Whether it says that Switchboard wrote it."""
        return self.detail("source") in ("switchboard", "trigger")

    def detail(self, key: str) -> str | None:
        """Return a value of the details as text, None where it is not there."""
        return _as_text(self.details.get(key)) if isinstance(self.details, dict) else None


def resolve_without_directory(audit_filter: AuditFilter) -> tuple[AuditFilter, tuple[str, ...]]:
    """Return the filter with people and organisations by their ids, and what should be said about that.

    What is called otherwise than by an id is a name that an operator went by. Raises FilterError for an organisation.
    """
    terms, notes = list[Term](), list[str]()
    for term in audit_filter.terms:
        directory = None if term.name == TEXT else QUALIFIERS[term.name].directory
        if directory is None:
            terms.append(term)
            continue
        keyword = EVERY if directory == "organizations" else NOBODY
        names = [value.removeprefix(MARK) for value in term.values if value != keyword]
        ids = [identifier for name in names if (identifier := parse_uuid(name))]
        labels = [name.removeprefix(OPERATOR) for name in names if parse_uuid(name) is None]
        if directory == "organizations" and labels:
            raise FilterError(
                NO_DIRECTORY,
                "Give the organisation's id.",
                text=audit_filter.text,
                offset=term.offset,
                length=term.length,
            )
        if any(not name.startswith(OPERATOR) and parse_uuid(name) is None for name in names):
            notes.append(
                f"{NO_DIRECTORY} Operators who went by that name are searched for; give an id to find a person."
            )
        terms.append(replace(term, ids=tuple(dict.fromkeys(ids)), labels=tuple(labels)))
    return replace(audit_filter, terms=tuple(terms)), tuple(notes)


def matcher(audit_filter: AuditFilter) -> Callable[[RowInFile], bool]:
    """Return what says whether a row is in a filter that `resolve_without_directory` has seen."""
    conditions = [_condition(term) for term in audit_filter.terms]
    since, until = audit_filter.since, audit_filter.until

    def matches(row: RowInFile) -> bool:
        if (since is not None and row.created_at < since) or (until is not None and row.created_at >= until):
            return False
        return all(condition(row) for condition in conditions)

    return matches


def _condition(term: Term) -> Callable[[RowInFile], bool]:
    condition = _CONDITIONS.get(term.name, _column)(term)
    return (lambda row: not condition(row)) if term.negated else condition


def _column(term: Term) -> Callable[[RowInFile], bool]:
    name, values = _COLUMNS[term.name], frozenset(term.values)
    return lambda row: getattr(row, name) in values


def _user(term: Term) -> Callable[[RowInFile], bool]:
    ids, has_nobody = frozenset(term.ids or ()), NOBODY in term.values
    labels = frozenset(label.lower() for label in term.labels)

    def matches(row: RowInFile) -> bool:
        if row.user_id in ids or (has_nobody and row.user_id is None):
            return True
        return bool(labels) and (row.detail("operator") or "").lower() in labels

    return matches


def _organization(term: Term) -> Callable[[RowInFile], bool]:
    ids, is_every = frozenset(term.ids or ()), EVERY in term.values
    return lambda row: is_every or row.organization_id in ids


def _address(term: Term) -> Callable[[RowInFile], bool]:
    networks = [ip_network(form, strict=False) for value in term.values for form in forms_of(value)]

    def matches(row: RowInFile) -> bool:
        if row.ip_address is None:
            return False
        address = ip_address(row.ip_address)
        return any(address.version == network.version and address in network for network in networks)

    return matches


def _hour(term: Term) -> Callable[[RowInFile], bool]:
    spans = [span_of_hours(value) for value in term.values]

    def matches(row: RowInFile) -> bool:
        for first, last, zone in spans:
            clock = f"{row.created_at.astimezone(time_zone(zone)):%H:%M:%S.%f}"
            within = first <= clock < last if first < last else clock >= first or clock < last
            if within:
                return True
        return False

    return matches


def _day(term: Term) -> Callable[[RowInFile], bool]:
    spans = [span_of_days(value) for value in term.values]
    return lambda row: any(row.created_at.astimezone(time_zone(zone)).isoweekday() in days for days, zone in spans)


def _own_text(key: str) -> Callable[[Term], Callable[[RowInFile], bool]]:
    def condition(term: Term) -> Callable[[RowInFile], bool]:
        values = frozenset(term.values)
        return lambda row: row.is_own and row.detail(key) in values

    return condition


def _proven(term: Term) -> Callable[[RowInFile], bool]:
    kinds = frozenset("login" if value == "yes" else value for value in term.values)
    return lambda row: row.is_own and row.detail("operator_from") in kinds


def _has(term: Term) -> Callable[[RowInFile], bool]:
    keys = [PARTS[value] for value in term.values]
    return lambda row: row.is_own and any(row.details.get(key) not in (None, {}, [], "") for key in keys)


def _details(term: Term) -> Callable[[RowInFile], bool]:
    def matches(row: RowInFile) -> bool:
        found = value_at(row.details, term.path)
        return any(
            _is(found, value) or (isinstance(found, list) and any(_is(e, value) for e in found))
            for value in term.values
        )

    return matches


def _text(term: Term) -> Callable[[RowInFile], bool]:
    text = term.values[0].lower()
    # In the text of JSON a quote, a backslash and a line break are written as escapes.
    in_details = json.dumps(term.values[0], ensure_ascii=False)[1:-1].lower()
    may_be_address = OF_AN_ADDRESS.issuperset(term.values[0])

    def matches(row: RowInFile) -> bool:
        columns = (row.action, row.integration_type, row.status, row.user_agent or "")
        if any(text in column.lower() for column in columns) or in_details in row.details_text.lower():
            return True
        return may_be_address and text in (row.ip_address or "")

    return matches


_CONDITIONS: dict[str, Callable[[Term], Callable[[RowInFile], bool]]] = {
    "user": _user,
    "org": _organization,
    "ip": _address,
    "hour": _hour,
    "day": _day,
    "operation": _own_text("operation_id"),
    "by": _own_text("session_user"),
    "proven": _proven,
    "has": _has,
    "details": _details,
    TEXT: _text,
}


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    """What is at a path, as the operator #> of Postgres finds it; None where nothing is."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and _PLACE.fullmatch(key) and -len(value) <= (place := int(key)) < len(value):
            value = value[place]
        else:
            return None
    return value


def _is(found: Any, value: str) -> bool:
    """Whether a value of the details is what was typed: a number by what it means, anything else by its text."""
    if NUMBER.fullmatch(value):
        if isinstance(found, str):
            return found == value
        return (
            type(found) is not bool
            and isinstance(found, int | float | Decimal)
            and Decimal(str(found)) == Decimal(value)
        )
    return found is not None and _as_text(found) == value


def _as_text(value: Any) -> str | None:
    """A value as the operator ->> of Postgres gives it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value, ensure_ascii=False, default=str)
