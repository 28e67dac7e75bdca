"""What a filter can be completed with: qualifiers, the values that exist in the log, people and organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.audit.filter import ALIASES, QUALIFIERS, quoted
from tui.data.audit.query import fetch
from tui.data.directory import list_organizations, search_people
from tui.errors import PermissionDenied, SchemaMissing, TimedOut
from tui.words.time_grammar import PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from tui.data.postgres.database import Database

LOOK_MS = 300
MOST_CANDIDATES = 50
RECENT_ROWS = 5_000
STATUSES = ("success", "failed", "pending")
TIMES = (*PHRASES, "2d", "6h", "30m", "1w")
NOTES = {
    "action": "what was done",
    "status": "success, failed or pending",
    "type": "of the integration",
    "user": "name, e-mail or id; none",
    "org": "name or id; * for all",
    "ip": "address or network",
    "since": "from then on",
    "until": "up to then",
    "details.": "a key and its value",
}

# By leaps along the index that begins with the action: a plain distinct would read all of it.
ACTIONS = """
with recursive leaps (action) as (
  (select l.action from public.integration_audit_logs as l order by l.action limit 1)
  union all
  select (select l.action from public.integration_audit_logs as l where l.action > s.action order by l.action limit 1)
    from leaps as s where s.action is not null)
select action as value from leaps where action is not null limit 1000
"""
# What Switchboard itself logs, whether or not it has happened yet.
ACTIONS_LISTED = "select a.name as value from switchboard.actions() as a order by a.name"
# No index begins with these: those of the newest rows, and the types that are set up.
TYPES = """
select distinct r.value from (select l.integration_type as value from public.integration_audit_logs as l
  where l.created_at is not null order by l.created_at desc limit %(recent)s) as r
"""
STATUSES_MET = TYPES.replace("l.integration_type", "l.status")
TYPES_SET_UP = "select distinct c.integration_type as value from public.integration_credentials as c limit 1000"
KEYS = """
select k.key as value from (select l.details from public.integration_audit_logs as l
  where l.created_at is not null order by l.created_at desc limit %(recent)s) as r
 cross join lateral jsonb_object_keys(
   case when pg_column_size(r.details) <= 32768 and jsonb_typeof(r.details) = 'object' then r.details
        else '{}' end) as k (key)
 group by k.key order by count(*) desc limit 200
"""
QUERIES = {
    "action": (ACTIONS, ACTIONS_LISTED),
    "type": (TYPES, TYPES_SET_UP),
    "status": (STATUSES_MET,),
    "details.": (KEYS,),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text to put in, and a word about it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """What may replace the filter's characters from `start` to before `end`; no candidates where nothing fits."""

    start: int
    end: int
    candidates: tuple[Candidate, ...] = ()


class Completer:
    """Completes filters for one organisation (None: all); remembers what exists once it has looked."""

    def __init__(self, database: Database, organization_id: UUID | None) -> None:
        self.database = database
        self.organization_id = organization_id
        self._values: dict[str, tuple[str, ...]] = {}

    async def complete(self, text: str, cursor: int) -> Completion:
        """Return what the word before the cursor may become. Raises what reading raises."""
        word = text[_word_start(text, cursor) : cursor].removeprefix("-")
        name, colon, value = word.partition(":")
        if name.startswith("details.") and not colon:
            key = name.removeprefix("details.")
            keys = [Candidate(f"{one}:") for one in await self.values("details.")]
            return Completion(cursor - len(key), cursor, _fitting(keys, key))
        if not colon:
            candidates = [Candidate(it if it == "details." else f"{it}:", NOTES[it]) for it in QUALIFIERS]
            return Completion(cursor - len(word), cursor, _fitting(candidates, word))
        typed = value[_last_value(value) :]
        fitting = await self._candidates(ALIASES.get(name.lower(), name.lower()), typed.lstrip('"'))
        return Completion(cursor - len(typed), cursor, tuple(fitting))

    async def values(self, name: str) -> tuple[str, ...]:
        """Return the values that exist of action, status, type, or the keys of details ("details."); looked up once.

        Without an index that takes too long, then what is always there is all there is.
        """
        if name not in self._values:
            found = list(STATUSES) if name == "status" else []
            for query in QUERIES.get(name, ()):
                try:
                    rows = await fetch(self.database, query, {"recent": RECENT_ROWS}, LOOK_MS)
                except (TimedOut, PermissionDenied, SchemaMissing):
                    # A login without a group may not ask for the list, and an earlier schema has none.
                    continue
                found += [row["value"] for row in rows if row["value"]]
            self._values[name] = tuple(dict.fromkeys(found))
        return self._values[name]

    async def _candidates(self, name: str, value: str) -> Sequence[Candidate]:
        if name in QUERIES:
            return _fitting([Candidate(quoted(one)) for one in await self.values(name)], value)
        if name in ("since", "until"):
            return _fitting([Candidate(quoted(time_)) for time_ in TIMES], value)
        if name == "org":
            known = await list_organizations(self.database, value, MOST_CANDIDATES)
            named = [
                Candidate(quoted(organization.name), str(organization.id))
                for organization in known
                if organization.name
            ]
            return _fitting(
                [*named, *(Candidate(str(organization.id), organization.name or "") for organization in known)], value
            )
        if name == "user" and self.organization_id is not None:
            people = await search_people(self.database, self.organization_id, value, MOST_CANDIDATES)
            return [Candidate(quoted(person.email or str(person.id)), person.name or "") for person in people]
        return ()


def _word_start(text: str, cursor: int) -> int:
    """Where the word begins that the cursor is at the end of; blanks between quotes belong to it."""
    start, quoting, at = 0, False, 0
    while at < cursor:
        if quoting and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoting = not quoting
        elif text[at].isspace() and not quoting:
            start = at + 1
        at += 1
    return start


def _last_value(values: str) -> int:
    """Where the last of the values begins that commas divide."""
    start, quoting = 0, False
    for at, character in enumerate(values):
        if character == '"':
            quoting = not quoting
        elif character == "," and not quoting:
            start = at + 1
    return start


def _fitting(candidates: Iterable[Candidate], typed: str) -> tuple[Candidate, ...]:
    """Those that begin with what is typed, then those that have it in them; not what is there already."""
    wanted = typed.lower()
    texts = [(candidate.text.strip('"').lower(), candidate) for candidate in candidates]
    first = [candidate for text, candidate in texts if text.startswith(wanted)]
    then = [candidate for text, candidate in texts if wanted in text and not text.startswith(wanted)]
    return tuple(first + then)[:MOST_CANDIDATES]
