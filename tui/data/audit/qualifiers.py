"""The qualifiers of the filter language, an entry each: what is typed, what it means in SQL, and what completes it.

Parsing, writing, conditions, completion and the help of the commands go by this table alone.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from tui.data.audit.addresses import address_condition, read_address
from tui.data.audit.recurring_times import (
    DAYS,
    WEEKEND,
    WrongValue,
    days_condition,
    hours_condition,
    read_days,
    read_hours,
)
from tui.words.typed_times import MONTHS, PHRASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # Makes a value a parameter of the query, and returns its placeholder.
    Bind = Callable[[Any], str]

# Not a qualifier: words to look for, which stand in a filter by themselves.
TEXT = "text"
NOBODY = "none"
EVERY = "*"

# What Switchboard's triggers and functions mark as theirs. Word for word the condition of ..._own, the index of these
# rows (sql/010_log_indexes.sql): they are few among what other programs log.
OF_OWN_ROWS = "l.details ->> 'source' in ('switchboard', 'trigger')"
# Parts that their details may have, by the word for it: the keys that sql/005_audit.sql writes.
PARTS = {
    "before": "before",
    "after": "after",
    "envelope": "envelope",
    "fields": "fields",
    "operation": "operation_id",
    "login": "session_user",
    "undo": "undo_of",
    "cut": "cut",
}

PROOFS = ("yes", "vouched")

# What the backend that shares the tables logs by itself: asked for before the log has any, since its lack is an answer.
OF_OTHER_PROGRAMS = ("credential_configured", "call_made", "email_sent", "message_sent", "sms_sent", "whatsapp_sent")

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,199})(?:\.[0-9]{1,200})?(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: what it names has one of the values, or, negated, none of them.

    `name` is a qualifier's or TEXT; `path` are the keys that lead to a value in details. For `user` and `org`
    `resolve_filter` puts into `ids` whom the values mean, and into `labels` names that the directory does not know,
    which operators may have gone by. `offset` and `length` are of the word in the filter's text, in characters.
    """

    name: str
    values: tuple[str, ...]
    negated: bool = False
    path: tuple[str, ...] = ()
    ids: tuple[UUID, ...] | None = field(default=None, kw_only=True)
    labels: tuple[str, ...] = field(default=(), kw_only=True)
    offset: int = field(default=0, compare=False, kw_only=True)
    length: int = field(default=0, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualifier:
    """One qualifier.

    `column` is the column it compares, which is never NULL unless `takes` is "time"; any other has a `condition`.
    `read` returns the canonical form of a value, or raises ValueError where `refusal` (what is wrong, what to do) is
    said, with the message of a WrongValue in place of what to do. `zoned` values end in @ and a zone, the reader's
    where none is typed. `keyword` is a value that stays as it is where `directory` says whose ids the values are
    looked up as.
    `offered` completes it always, and so does what `queries` find, in the column `value`, up to `recent` rows back,
    and behind them what is `known` to be written.
    `leads_index` says that an index begins with its column and goes on with the time, so that the rows of one value are
    read newest first: ..._org_time, ..._action_time and ..._user_time of sql/010_log_indexes.sql (`where.drivers`).
    `own` says that its condition has OF_OWN_ROWS in it.
    """

    name: str
    note: str
    example: str
    aliases: tuple[str, ...] = ()
    takes: Literal["values", "time", "path"] = "values"
    column: str = ""
    operator: Literal["=", ">=", "<"] = "="
    condition: Callable[[Term, Bind], str] | None = None
    leads_index: bool = False
    directory: Literal["people", "organizations"] | None = None
    own: bool = False
    keyword: str = ""
    zoned: bool = False
    read: Callable[[str], str] = str
    refusal: tuple[str, str] = ("", "")
    offered: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    known: tuple[str, ...] = ()

    @property
    def opening(self) -> str:
        """What begins it: "action:", "details."."""
        return f"{self.name}." if self.takes == "path" else f"{self.name}:"

    @property
    def usage(self) -> str:
        """How it is named in a sentence: "action:", "details.KEY:"."""
        return f"{self.name}.KEY:" if self.takes == "path" else f"{self.name}:"


def one_of(column: str, ids: Iterable[UUID], bind: Bind) -> str:
    """Return the condition that a column has one of some ids."""
    listed = list(ids)
    if len(listed) == 1:
        return f"{column} = {bind(listed[0])}::uuid"
    return f"{column} = any ({bind(listed)}::uuid[])"


def any_of(conditions: list[str]) -> str:
    """Return the condition that one of some conditions holds."""
    return f"({' or '.join(conditions)})" if conditions else "false"


def _user(term: Term, bind: Bind) -> str:
    conditions = []
    if term.ids:
        conditions.append(one_of("l.user_id", term.ids, bind))
    if NOBODY in term.values:
        conditions.append("l.user_id is null")
    if term.labels:
        labels = ", ".join(bind(label.lower()) for label in term.labels)
        conditions.append(f"lower(l.details ->> 'operator') in ({labels})")
    return any_of(conditions)


def _org(term: Term, bind: Bind) -> str:
    if EVERY in term.values:
        return "true"
    return one_of("l.organization_id", term.ids, bind) if term.ids else "false"


def _details(term: Term, bind: Bind) -> str:
    """Compare the value as text whatever its JSON type, a number by equality as well, and each element of a list."""
    path = bind(list(term.path))
    conditions = []
    for value in term.values:
        text = bind(value)
        at = f"(l.details #> {path}::text[])"
        if NUMBER.fullmatch(value):
            # jsonb compares numbers by what they mean: 1.1 is 1.10.
            number, word = f"{text}::jsonb", f"to_jsonb({text}::text)"
            conditions.append(f"{at} = any (array[{number}, {word}])")
            conditions.append(f"(jsonb_typeof({at}) = 'array' and ({at} @> {number} or {at} @> {word}))")
            continue
        conditions.append(f"l.details #>> {path}::text[] = {text}::text")
        listed = f"case jsonb_typeof({at}) when 'array' then {at} else '[]' end"
        among = f"exists (select from jsonb_array_elements_text({listed}) as e (v) where e.v = {text}::text)"
        conditions.append(f"(jsonb_typeof({at}) = 'array' and {among})")
    return any_of(conditions)


def _text_in(key: str) -> Callable[[Term, Bind], str]:
    """Return the condition that Switchboard wrote one of the values, as text, under a key of the details."""

    def condition(term: Term, bind: Bind) -> str:
        return f"({OF_OWN_ROWS} and l.details ->> '{key}' in ({', '.join(map(bind, term.values))}))"

    return condition


def _proven(term: Term, bind: Bind) -> str:
    kinds = ", ".join(bind("login" if value == "yes" else value) for value in term.values)
    return f"({OF_OWN_ROWS} and l.details ->> 'operator_from' in ({kinds}))"


def _has(term: Term, bind: Bind) -> str:
    # What a column had before is an empty object where the envelope alone was changed.
    keys = [bind(PARTS[value]) for value in term.values]
    there = any_of([f"l.details -> {key}::text not in ('null', '{{}}', '[]', '\"\"')" for key in keys])
    return f"({OF_OWN_ROWS} and {there})"


def _proof(value: str) -> str:
    if value.lower() not in PROOFS:
        raise ValueError("no proof")
    return value.lower()


def _part(value: str) -> str:
    """Return the name of a part of the details. Raises ValueError."""
    name = value.lower()
    if name not in PARTS:
        similar = difflib.get_close_matches(name, PARTS, n=1, cutoff=0.6)
        raise WrongValue(f"Did you mean has:{similar[0]}?") if similar else ValueError("no part")
    return name


def _recent(column: str) -> str:
    """The values in the newest rows: what no index begins with."""
    return f"""
select distinct r.value from (select {column} as value from public.integration_audit_logs as l
  where l.created_at is not null order by l.created_at desc limit %(recent)s) as r
"""


# By leaps along the index that begins with the action: a plain distinct reads all of it
# (0.2 ms against 1,205 with 10,000,000 rows).
_ACTIONS = """
with recursive leaps (action) as (
  (select l.action from public.integration_audit_logs as l order by l.action limit 1)
  union all
  select (select l.action from public.integration_audit_logs as l where l.action > s.action order by l.action limit 1)
    from leaps as s where s.action is not null)
select action as value from leaps where action is not null limit 1000
"""
# What Switchboard itself logs, whether or not it has happened yet.
_ACTIONS_LISTED = "select a.name as value from switchboard.actions() as a order by a.name"
_ACTIONS_OF_SENDING = "select s.action as value from switchboard.send_actions as s order by s.action"
_TYPES_SET_UP = "select distinct c.integration_type as value from public.integration_credentials as c limit 1000"
_KEYS = """
select k.key as value from (select l.details from public.integration_audit_logs as l
  where l.created_at is not null order by l.created_at desc limit %(recent)s) as r
 cross join lateral jsonb_object_keys(
   case when pg_column_size(r.details) <= 32768 and jsonb_typeof(r.details) = 'object' then r.details
        else '{}' end) as k (key)
 group by k.key order by count(*) desc limit 200
"""
_TIMES = (*PHRASES, "2d", "6h", "30m", "1w", *MONTHS)

QUALIFIERS: dict[str, Qualifier] = {
    qualifier.name: qualifier
    for qualifier in (
        Qualifier(
            name="action",
            note="what was done",
            example="action:a or action:a,b",
            column="l.action",
            leads_index=True,
            queries=(_ACTIONS, _ACTIONS_LISTED, _ACTIONS_OF_SENDING),
            known=OF_OTHER_PROGRAMS,
        ),
        Qualifier(
            name="status",
            note="success, failed or pending",
            example="status:failed or status:failed,pending",
            column="l.status",
            offered=("success", "failed", "pending"),
            queries=(_recent("l.status"),),
        ),
        Qualifier(
            name="type",
            note="of the integration",
            example="type:exotel_sms",
            column="l.integration_type",
            queries=(_recent("l.integration_type"), _TYPES_SET_UP),
        ),
        Qualifier(
            name="user",
            note="name, e-mail or id; none",
            example='user:"Asha Rao"',
            aliases=("actor", "who"),
            condition=_user,
            leads_index=True,
            directory="people",
            keyword=NOBODY,
        ),
        Qualifier(
            name="org",
            note="name or id; * for all",
            example="org:Acme or org:*",
            aliases=("organization", "organisation"),
            condition=_org,
            leads_index=True,
            directory="organizations",
            keyword=EVERY,
        ),
        Qualifier(
            name="ip",
            note="address or network",
            example="ip:10.0.0.0/8",
            aliases=("address",),
            condition=lambda term, bind: address_condition(term.values, bind),
            read=read_address,
            refusal=(
                "The value of ip: is neither an address nor a network.",
                "Write ip:10.1.2.3, ip:10.0.0.0/8 or ip:2001:db8::/32.",
            ),
        ),
        Qualifier(
            name="since",
            note="from then on",
            example="since:2d",
            takes="time",
            column="l.created_at",
            operator=">=",
            offered=_TIMES,
        ),
        Qualifier(
            name="until",
            note="up to then",
            example="until:yesterday",
            aliases=("before",),
            takes="time",
            column="l.created_at",
            operator="<",
            offered=_TIMES,
        ),
        Qualifier(
            name="hour",
            note="of the day; 20-08 is at night",
            example="hour:20-08 or hour:9",
            condition=lambda term, bind: any_of(hours_condition(term.values, bind)),
            zoned=True,
            read=read_hours,
            refusal=(
                "The value of hour: is not an hour of the day.",
                "Write hour:9, hour:9-17, hour:20:30-08 or hour:20-08@Asia/Kolkata.",
            ),
            offered=("20-08", "9-17"),
        ),
        Qualifier(
            name="day",
            note="of the week; weekend, mon-fri",
            example="day:sat,sun or day:mon-fri",
            condition=lambda term, bind: any_of(days_condition(term.values, bind)),
            zoned=True,
            read=read_days,
            refusal=(
                "The value of day: is not a day of the week.",
                "Write day:sat,sun, day:mon-fri or day:weekend; a date is since:2026-01-31 until:2026-01-31.",
            ),
            offered=(WEEKEND, "mon-fri", *DAYS),
        ),
        Qualifier(
            name="operation",
            note="all rows of one act, by its id",
            example="operation:0b8f8e5e-8a6f-4f0a-9d5c-3f1f0c7f1f5e",
            condition=_text_in("operation_id"),
            own=True,
            read=lambda value: str(UUID(value)),
            refusal=(
                "The value of operation: is not the id of an operation.",
                "Write it whole, a UUID, as a row in full shows it; w on a row of it does that.",
            ),
        ),
        Qualifier(
            name="by",
            note="login that wrote the row",
            example="by:sb_asha",
            aliases=("login",),
            condition=_text_in("session_user"),
            own=True,
            queries=(_recent("l.details ->> 'session_user'"),),
        ),
        Qualifier(
            name="proven",
            note="by the login: yes, vouched",
            example="proven:yes or -proven:yes",
            condition=_proven,
            own=True,
            read=_proof,
            refusal=(
                "The value of proven: is neither yes nor vouched.",
                "Write proven:yes for names that the login proves, -proven:yes for all others, or proven:vouched.",
            ),
            offered=PROOFS,
        ),
        Qualifier(
            name="has",
            note="a part of the details",
            example="has:before",
            condition=_has,
            own=True,
            read=_part,
            refusal=("The value of has: is not a part of the details.", f"It takes {', '.join(PARTS)}."),
            offered=tuple(PARTS),
        ),
        Qualifier(
            name="details",
            note="a key and its value",
            example="details.error_code:429",
            takes="path",
            condition=_details,
            queries=(_KEYS,),
        ),
    )
}
ALIASES = {alias: qualifier.name for qualifier in QUALIFIERS.values() for alias in qualifier.aliases}
