"""What a filter of the audit log becomes in SQL: conditions with parameters, and how an index can serve them."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tui.data.audit.qualifiers import EVERY, NOBODY, QUALIFIERS, TEXT, any_of
from tui.data.postgres.like_patterns import containing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tui.data.audit.filter import AuditFilter
    from tui.data.audit.qualifiers import Term

MOST_BRANCHES = 12
MOST_DRIVERS = 4
# Literally, beside the organisation's id: the condition of the partial index that begins with it. Without one it would
# only halve the server's estimate, and with that spoil its choice of another index.
NOT_SUCCESS = "l.status <> 'success'"
FREE_TEXT = ("l.action", "l.integration_type", "l.status", "l.user_agent")
OF_AN_ADDRESS = frozenset("0123456789abcdefABCDEF.:")


@dataclass(frozen=True, slots=True)
class Where:
    """Conditions on `public.integration_audit_logs as l`, all of which hold, with their named parameters."""

    conditions: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sql(self) -> str:
        """The conditions as what follows `where`; "true" where there are none."""
        return " and ".join(self.conditions) or "true"

    def also(self, *conditions: str, **parameters: Any) -> Where:
        """Return these conditions and more."""
        return Where((*self.conditions, *conditions), {**self.parameters, **parameters})


def where(audit_filter: AuditFilter) -> Where:
    """Return everything that the filter asks for.

    Only what is set becomes a condition: a query with optional parameters gets a plan that fits none of them (measured
    in tui/data/postgres/connect.py). Raises ValueError for a filter that `resolve_filter` has not seen.
    """
    if not audit_filter.is_resolved:
        raise ValueError("people and organisations are not looked up yet")
    return within_bounds(_ConditionBuilder(audit_filter.terms).where(), audit_filter)


def branches(audit_filter: AuditFilter) -> tuple[Where, ...]:
    """Return conditions for which one index yields the newest rows first, and whose rows together are the filter's.

    One for each combination of a list's values, since an index keeps the order in time only behind one value. Empty
    where rows have to be looked through: addresses, details, words, negations, names, or too many combinations. What
    Switchboard itself wrote of an organisation has an index of its own, and is so little that sorting it costs nothing
    (20 to 40 ms for what operation: or by: names among 2,600,000 rows; in windows it took 28 s of 10,000,000).
    """
    terms = [term for term in audit_filter.terms if not _is_everything(term)]
    if not is_of_own_rows(audit_filter) and not all(_is_equality(term) or _is_not_success(term) for term in terms):
        return ()
    choices = [_choices(term) if _is_equality(term) else [term] for term in terms]
    if math.prod(map(len, choices)) > MOST_BRANCHES:
        return ()
    conditions = []
    for number, combination in enumerate(itertools.product(*choices)):
        conditions.append(within_bounds(_ConditionBuilder(combination, f"b{number}_").where(), audit_filter))
    return tuple(conditions)


def is_of_own_rows(audit_filter: AuditFilter) -> bool:
    """Whether all its rows are some that Switchboard wrote of organisations that are named."""
    held = [term for term in audit_filter.terms if not term.negated and term.name != TEXT]
    return any(QUALIFIERS[term.name].own for term in held) and any(term.name == "org" and term.ids for term in held)


def drivers(audit_filter: AuditFilter) -> tuple[Where, ...]:
    """Return what an index alone can walk through in time for this filter: the condition of each, at most MOST_DRIVERS.

    The rows of the filter are among the rows of each of them.
    """
    single = [term for term in audit_filter.terms if _is_equality(term) and len(_choices(term)) == 1]
    sets = [[term] for term in single if QUALIFIERS[term.name].leads_index and not _is_everything(term)]
    failed = [term for term in single if term.name == "status" and term.values != ("success",)]
    sets += [[org, status] for org in single if org.name == "org" and org.ids for status in failed]
    return tuple(_ConditionBuilder(terms).where() for terms in sets[-MOST_DRIVERS:])


class _ConditionBuilder:
    """Conditions as they come together, with a name for each parameter."""

    def __init__(self, terms: Iterable[Term], prefix: str = "f") -> None:
        self.prefix = prefix
        self.conditions: list[str] = []
        self.parameters: dict[str, Any] = {}
        listed = list(terms)
        self.of_organization = any(term.name == "org" and term.ids and not term.negated for term in listed)
        for term in listed:
            self._add_term(term)

    def where(self) -> Where:
        return Where(tuple(self.conditions), self.parameters)

    def _add_term(self, term: Term) -> None:
        """Add the condition of a term; one that is always true is left out."""
        if _is_everything(term):
            return
        qualifier = QUALIFIERS.get(term.name)
        if qualifier is not None and qualifier.column:
            self._add_column(term, qualifier.column)
            return
        condition = (qualifier and qualifier.condition) or _text
        sql = condition(term, self._bind)
        self.conditions.append(f"not coalesce({sql}, false)" if term.negated else sql)

    def _bind(self, value: Any) -> str:
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def _add_column(self, term: Term, column: str) -> None:
        if len(term.values) == 1:
            if _is_not_success(term):
                self.conditions.append(NOT_SUCCESS)
                return
            self.conditions.append(f"{column} {'<>' if term.negated else '='} {self._bind(term.values[0])}")
        else:
            listed = ", ".join(self._bind(value) for value in term.values)
            self.conditions.append(f"{column} {'not in' if term.negated else 'in'} ({listed})")
        if term.name == "status" and self.of_organization and not term.negated and "success" not in term.values:
            self.conditions.append(NOT_SUCCESS)


def _text(term: Term, bind: Callable[[Any], str]) -> str:
    text = term.values[0]
    pattern = bind(containing(text))
    # In the text of JSON a quote, a backslash and a line break are written as escapes.
    json_pattern = containing(json.dumps(text, ensure_ascii=False)[1:-1])
    in_details = pattern if json_pattern == containing(text) else bind(json_pattern)
    # For ASCII every collation finds the same, and "C" is quicker than most.
    collation = ' collate "C"' if text.isascii() else ""
    columns = [*FREE_TEXT, *(["host(l.ip_address)"] if OF_AN_ADDRESS.issuperset(text) else [])]
    conditions = [f"{column}{collation} ilike {pattern}" for column in columns]
    return any_of([*conditions, f"(l.details::text){collation} ilike {in_details}"])


def within_bounds(conditions: Where, audit_filter: AuditFilter) -> Where:
    """Return the conditions and those of since: and until:."""
    for name, moment in audit_filter.bounds.items():
        qualifier = QUALIFIERS[name]
        conditions = conditions.also(f"{qualifier.column} {qualifier.operator} %({name})s", **{name: moment})
    return conditions


def _is_everything(term: Term) -> bool:
    return term.name == "org" and EVERY in term.values and not term.negated


def _is_not_success(term: Term) -> bool:
    return term.name == "status" and term.negated and term.values == ("success",)


def _is_equality(term: Term) -> bool:
    if term.negated or term.name == TEXT:
        return False
    if QUALIFIERS[term.name].directory:
        return bool(term.ids) and not term.labels and NOBODY not in term.values
    return bool(QUALIFIERS[term.name].column)


def _choices(term: Term) -> list[Term]:
    """The term once for each of its values."""
    if term.negated:
        return [term]
    if QUALIFIERS[term.name].directory:
        return [replace(term, ids=(id_,)) for id_ in term.ids or ()]
    return [replace(term, values=(value,)) for value in term.values]
