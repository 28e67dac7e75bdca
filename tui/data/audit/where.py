"""What a filter of the log becomes in SQL: conditions with parameters, and how an index can serve them."""

from __future__ import annotations

import itertools
import json
import math
import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Any

from tui.data.audit.filter import EVERY, NOBODY
from tui.data.postgres.patterns import containing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tui.data.audit.filter import LogFilter, Term

MOST_BRANCHES = 12
MOST_DRIVERS = 4
COLUMNS = {"action": "l.action", "status": "l.status", "type": "l.integration_type"}
# Columns that lead one of the log's indexes (sql/010_log_indexes.sql); status does so behind the organisation.
INDEXED = ("action", "user", "org")
# Literally, beside the organisation's id: the condition of the partial index that begins with it. Without one it would
# only halve the server's estimate, and with that spoil its choice of another index.
NOT_SUCCESS = "l.status <> 'success'"
FREE_TEXT = ("l.action", "l.integration_type", "l.status", "l.user_agent")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,199})(?:\.[0-9]{1,200})?(?:[eE][+-]?[0-9]{1,3})?")
OF_AN_ADDRESS = frozenset("0123456789abcdefABCDEF.:")

Parts = tuple[tuple[str, ...], dict[str, Any]]


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


def where(log_filter: LogFilter, *, bounds: bool = True) -> Where:
    """Return everything the filter asks for; without `bounds` leave out since: and until:.

    Only what is set becomes a condition: a query with optional parameters gets a plan that fits none of them
    (database.md, "Connections"). Raises ValueError for a filter that `resolve_filter` has not seen.
    """
    if not log_filter.is_resolved:
        raise ValueError("people and organisations are not looked up yet")
    parts = _Parts(log_filter.terms)
    return within_bounds(parts.where(), log_filter) if bounds else parts.where()


def branches(log_filter: LogFilter) -> tuple[Where, ...]:
    """Return conditions for which one index yields the newest rows first, and whose rows together are the filter's.

    One for each combination of a list's values, since an index keeps the order in time only behind one value. Empty
    where rows have to be looked through: addresses, details, words, negations, names, or too many combinations.
    """
    terms = [term for term in log_filter.terms if not _is_everything(term)]
    if not all(_is_equality(term) or _is_not_success(term) for term in terms):
        return ()
    choices = [_choices(term) for term in terms]
    if math.prod(map(len, choices)) > MOST_BRANCHES:
        return ()
    found = []
    for number, combination in enumerate(itertools.product(*choices)):
        found.append(within_bounds(_Parts(combination, f"b{number}_").where(), log_filter))
    return tuple(found)


def drivers(log_filter: LogFilter) -> tuple[Where, ...]:
    """Return what an index alone can walk through in time for this filter: the condition of each, at most MOST_DRIVERS.

    The rows of the filter are among the rows of each of them.
    """
    single = [term for term in log_filter.terms if _is_equality(term) and len(_choices(term)) == 1]
    sets = [[term] for term in single if term.name in INDEXED and not _is_everything(term)]
    failed = [term for term in single if term.name == "status" and term.values != ("success",)]
    sets += [[org, status] for org in single if org.name == "org" and org.ids for status in failed]
    return tuple(_Parts(terms).where() for terms in sets[-MOST_DRIVERS:])


class _Parts:
    """Conditions as they come together, with a name for each parameter."""

    def __init__(self, terms: Iterable[Term], prefix: str = "f") -> None:
        self.prefix = prefix
        self.conditions: list[str] = []
        self.parameters: dict[str, Any] = {}
        listed = list(terms)
        self.of_organization = any(term.name == "org" and term.ids and not term.negated for term in listed)
        for term in listed:
            self._add(term)

    def where(self) -> Where:
        return Where(tuple(self.conditions), self.parameters)

    def _add(self, term: Term) -> None:
        """Add the condition of a term; one that is always true is left out."""
        if _is_everything(term):
            return
        if term.name in COLUMNS:
            self._add_column(term)
            return
        condition = {
            "user": self._user,
            "org": self._org,
            "ip": self._ip,
            "details": self._details,
            "text": self._text,
        }[term.name](term)
        self.conditions.append(f"not coalesce({condition}, false)" if term.negated else condition)

    def _name(self, value: Any) -> str:
        name = f"{self.prefix}{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s"

    def _add_column(self, term: Term) -> None:
        """These columns are never NULL."""
        column = COLUMNS[term.name]
        if len(term.values) == 1:
            if _is_not_success(term):
                self.conditions.append(NOT_SUCCESS)
                return
            self.conditions.append(f"{column} {'<>' if term.negated else '='} {self._name(term.values[0])}")
        else:
            listed = ", ".join(self._name(value) for value in term.values)
            self.conditions.append(f"{column} {'not in' if term.negated else 'in'} ({listed})")
        if term.name == "status" and self.of_organization and not term.negated and "success" not in term.values:
            self.conditions.append(NOT_SUCCESS)

    def _user(self, term: Term) -> str:
        ids = term.ids or ()
        parts = []
        if ids:
            parts.append(self._one_of("l.user_id", ids))
        if NOBODY in term.values:
            parts.append("l.user_id is null")
        if term.labels:
            labels = ", ".join(self._name(label.lower()) for label in term.labels)
            parts.append(f"lower(l.details ->> 'operator') in ({labels})")
        return _any(parts)

    def _org(self, term: Term) -> str:
        if EVERY in term.values:
            return "true"
        return self._one_of("l.organization_id", term.ids) if term.ids else "false"

    def _one_of(self, column: str, ids: Iterable[Any]) -> str:
        listed = list(ids)
        if len(listed) == 1:
            return f"{column} = {self._name(listed[0])}::uuid"
        return f"{column} = any ({self._name(listed)}::uuid[])"

    def _ip(self, term: Term) -> str:
        forms = [form for value in term.values for form in _address_forms(value)]
        wanted = f"any ({self._name(forms)}::inet[])"
        within = "<<=" if any("/" in form for form in forms) else "="
        # An address of the column may come with a network's mask; hardly any does, and taking it off is slow.
        has_mask = "masklen(l.ip_address) < case family(l.ip_address) when 4 then 32 else 128 end"
        return f"(l.ip_address {within} {wanted} or ({has_mask} and host(l.ip_address)::inet {within} {wanted}))"

    def _details(self, term: Term) -> str:
        """The value as text, whatever JSON has it as, and a number as what equals it; of a list, an element."""
        path = self._name(list(term.path))
        parts = []
        for value in term.values:
            text = self._name(value)
            at = f"(l.details #> {path}::text[])"
            if NUMBER.fullmatch(value):
                # jsonb compares numbers by what they mean: 1.1 is 1.10.
                number, word = f"{text}::jsonb", f"to_jsonb({text}::text)"
                parts.append(f"{at} = any (array[{number}, {word}])")
                parts.append(f"(jsonb_typeof({at}) = 'array' and ({at} @> {number} or {at} @> {word}))")
                continue
            parts.append(f"l.details #>> {path}::text[] = {text}::text")
            listed = f"case jsonb_typeof({at}) when 'array' then {at} else '[]' end"
            among = f"exists (select from jsonb_array_elements_text({listed}) as e (v) where e.v = {text}::text)"
            parts.append(f"(jsonb_typeof({at}) = 'array' and {among})")
        return _any(parts)

    def _text(self, term: Term) -> str:
        wanted = term.values[0]
        pattern = self._name(containing(wanted))
        # In the text of JSON a quote, a backslash and a line break are written as escapes.
        spelled = containing(json.dumps(wanted, ensure_ascii=False)[1:-1])
        in_details = pattern if spelled == containing(wanted) else self._name(spelled)
        # For ASCII every collation finds the same, and "C" is quicker than most.
        collation = ' collate "C"' if wanted.isascii() else ""
        columns = [*FREE_TEXT, *(["host(l.ip_address)"] if OF_AN_ADDRESS.issuperset(wanted) else [])]
        parts = [f"{column}{collation} ilike {pattern}" for column in columns]
        return _any([*parts, f"(l.details::text){collation} ilike {in_details}"])


def within_bounds(found: Where, log_filter: LogFilter) -> Where:
    """Return the conditions and those of since: and until:."""
    if log_filter.since is not None:
        found = found.also("l.created_at >= %(since)s", since=log_filter.since)
    if log_filter.until is not None:
        found = found.also("l.created_at < %(until)s", until=log_filter.until)
    return found


def _is_everything(term: Term) -> bool:
    return term.name == "org" and EVERY in term.values and not term.negated


def _is_not_success(term: Term) -> bool:
    return term.name == "status" and term.negated and term.values == ("success",)


def _is_equality(term: Term) -> bool:
    if term.negated:
        return False
    if term.name in ("user", "org"):
        return bool(term.ids) and not term.labels and NOBODY not in term.values
    return term.name in COLUMNS


def _choices(term: Term) -> list[Term]:
    """The term once for each of its values."""
    if term.negated:
        return [term]
    if term.name in ("user", "org"):
        return [replace(term, ids=(id_,)) for id_ in term.ids or ()]
    return [replace(term, values=(value,)) for value in term.values]


def _address_forms(value: str) -> list[str]:
    """An address or network, and the same as the other version of IP has it: 203.0.113.7 is ::ffff:203.0.113.7.

    RFC 4291, section 2.5.5.2: a socket that is open to both versions says the longer one.
    """
    network = ip_network(value, strict=False)
    if isinstance(network, IPv4Network):
        mapped = f"::ffff:{network.network_address}"
        return [value, f"{mapped}/{network.prefixlen + 96}" if "/" in value else mapped]
    plain = network.network_address.ipv4_mapped
    if plain is None or network.prefixlen < 96:
        return [value]
    return [value, f"{plain}/{network.prefixlen - 96}" if "/" in value else str(plain)]


def _any(parts: list[str]) -> str:
    return f"({' or '.join(parts)})" if parts else "false"
