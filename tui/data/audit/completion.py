"""What a filter can be completed with: qualifiers, the values that exist in the audit log, people and organisations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.data.audit.qualifiers import ALIASES, QUALIFIERS
from tui.data.audit.quoting import quoted
from tui.data.directory import list_organizations, search_people
from tui.errors import PermissionDenied, SchemaMissing, TimedOut

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from tui.data.audit.qualifiers import Qualifier
    from tui.data.postgres.database import Database

LOOK_MS = 300
MOST_CANDIDATES = 50
RECENT_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be inserted, and a word about it."""

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Candidates for the filter's characters from `start` to before `end`; none where nothing fits."""

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
        for qualifier in QUALIFIERS.values():
            if colon or qualifier.takes != "path" or not name.startswith(qualifier.opening):
                continue
            key = name.removeprefix(qualifier.opening)
            keys = [Candidate(f"{existing}:") for existing in await self.values(qualifier)]
            return Completion(cursor - len(key), cursor, _filter_candidates(keys, key))
        if not colon:
            candidates = [Candidate(qualifier.opening, qualifier.note) for qualifier in QUALIFIERS.values()]
            return Completion(cursor - len(word), cursor, _filter_candidates(candidates, word))
        typed = value[_last_value_start(value) :]
        qualifier_typed = QUALIFIERS.get(ALIASES.get(name.lower(), name.lower()))
        fitting = await self._candidates(qualifier_typed, typed.lstrip('"')) if qualifier_typed is not None else ()
        return Completion(cursor - len(typed), cursor, tuple(fitting))

    async def values(self, qualifier: Qualifier) -> tuple[str, ...]:
        """Return the values that exist of a qualifier, or the keys of one that takes a path; looked up once.

        Where no index serves, looking them up takes too long, and only those that are always offered are returned.
        """
        if qualifier.name not in self._values:
            values = list(qualifier.offered)
            for query in qualifier.queries:
                try:
                    rows = await self.database.fetch_all(query, {"recent": RECENT_ROWS}, statement_timeout_ms=LOOK_MS)
                except (TimedOut, PermissionDenied, SchemaMissing):
                    # A login without a group may not ask for the list, and an earlier schema has none.
                    continue
                values += [row["value"] for row in rows if row["value"]]
            self._values[qualifier.name] = tuple(dict.fromkeys((*values, *qualifier.known)))
        return self._values[qualifier.name]

    async def _candidates(self, qualifier: Qualifier, value: str) -> Sequence[Candidate]:
        if qualifier.directory == "organizations":
            matches = await list_organizations(self.database, value, MOST_CANDIDATES)
            by_name = [
                Candidate(quoted(organization.name), str(organization.id))
                for organization in matches
                if organization.name
            ]
            return _filter_candidates(
                [*by_name, *(Candidate(str(organization.id), organization.name or "") for organization in matches)],
                value,
            )
        if qualifier.directory == "people":
            if self.organization_id is None:
                return ()
            people = await search_people(self.database, self.organization_id, value, MOST_CANDIDATES)
            return [Candidate(quoted(person.email or str(person.id)), person.name or "") for person in people]
        if qualifier.takes == "path":
            return ()
        return _filter_candidates([Candidate(quoted(existing)) for existing in await self.values(qualifier)], value)


def _word_start(text: str, cursor: int) -> int:
    """Return where the word before the cursor begins; blanks between quotes belong to it."""
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


def _last_value_start(values: str) -> int:
    """Return where the last of several values begins, which commas separate."""
    start, quoting = 0, False
    for at, character in enumerate(values):
        if character == '"':
            quoting = not quoting
        elif character == "," and not quoting:
            start = at + 1
    return start


def _filter_candidates(candidates: Iterable[Candidate], typed: str) -> tuple[Candidate, ...]:
    """Return the candidates that begin with what is typed, then those that contain it, MOST_CANDIDATES at most."""
    pattern = typed.lower()
    texts = [(candidate.text.strip('"').lower(), candidate) for candidate in candidates]
    first = [candidate for text, candidate in texts if text.startswith(pattern)]
    inner = [candidate for text, candidate in texts if pattern in text and not text.startswith(pattern)]
    return tuple(first + inner)[:MOST_CANDIDATES]
