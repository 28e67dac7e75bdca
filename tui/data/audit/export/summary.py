"""The last columns of a CSV export: what lists say of a row, with the names of the moment, and what proves the name."""

from __future__ import annotations

import contextlib
import csv
from typing import TYPE_CHECKING, Any

from tui.data.audit.export.format import unguarded
from tui.data.directory import people_by_id
from tui.data.postgres.json_loader import MOST_DIGITS, MOST_LEVELS, short_loads, tolerant_loads
from tui.errors import PermissionDenied
from tui.words.log.details import LogNames, mentioned_people
from tui.words.log.sentences import teller
from tui.words.people.names import operator_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from tui.data.audit.export.format import Told
    from tui.data.postgres.database import Database
    from tui.models.people import Person
    from tui.words.log.sentences import Teller

MOST_PEOPLE = 5_000
LONGEST_ROW = 100_000
"""Bytes of a row whose details are read; lists read no longer ones either, nor does Python's csv a longer field."""
MOST_BEFORE_DETAILS = 8_192

# Where the type stands in a row: in its fields, and in its bytes where nobody is named.
TYPE = 3
UUID_LENGTH = 36
TYPE_AT = 2 * (UUID_LENGTH + 1) + 1
COMMA = ord(",")

MOST_HEADS = 5_000
_SIDES = frozenset(("row", "before", "after"))


class Summaries:
    """Tells rows of one export in sentences; whom they mention is looked up once, while there are not too many."""

    def __init__(self, database: Database, title_of: Callable[[str], str]) -> None:
        self._database = database
        self._people: dict[UUID, Person] = {}
        self._unknown: set[UUID] = set()
        self._names = LogNames(self._people, title_of)
        self._heads: dict[bytes, Teller] = {}

    async def of(self, rows: Sequence[bytes]) -> Told:
        """Return a sentence, and where the name comes from, for each row as COPY writes it in CSV.

        Raises what reading the directory raises.
        """
        tellers, details, texts = self._read(rows)
        if _may_name(b"user_id", texts):
            mentioned = {person for each in details if _names_somebody(each) for person in mentioned_people(each)}
            if mentioned:
                await self._look_up(mentioned)
        origins = [""] * len(rows)
        if _may_name(b"operator_from", texts):
            origins = [
                (type(each) is dict and "operator_from" in each and operator_from(each)) or "" for each in details
            ]
        return [tell(each) for tell, each in zip(tellers, details, strict=True)], origins

    async def _look_up(self, mentioned: set[UUID]) -> None:
        if len(self._people) + len(self._unknown) > MOST_PEOPLE:
            self._people.clear()
            self._unknown.clear()
        missing = mentioned - self._people.keys() - self._unknown
        if missing:
            # Who may not read the directory has ids in place of names, as the exact rows do.
            with contextlib.suppress(PermissionDenied):
                self._people |= await people_by_id(self._database, missing)
            self._unknown |= missing - self._people.keys()

    def _read(self, rows: Sequence[bytes]) -> tuple[list[Teller], list[Any], bytes]:
        """Return what tells each row in CSV, the details of each, and all of them as they are written."""
        heads, read, texts, others = self._heads, [], [], {}
        for number, row in enumerate(rows):
            # Without Python's csv, which takes longer than all the rest, where only the details have quotes. Before
            # the type stand two UUIDs, and a third or nothing.
            start = TYPE_AT if row[TYPE_AT - 1] == COMMA else TYPE_AT + UUID_LENGTH
            opening = row.find(b',"{', start, start + MOST_BEFORE_DETAILS)
            tell = heads.get(row[start:opening])
            # Within quotes there are only pairs of them, so that a single one behind a brace ends the field.
            end = row.find(b'}",', opening)
            text = row[opening + 2 : end + 1]
            if tell is not None and (len(text) <= MOST_LEVELS or _is_short(text)):
                texts.append(text)
            else:
                texts.append(b"null")
                tell, others[number] = self._read_alone(row, start, opening, end)
            read.append(tell)
        written = b",".join(texts)
        details = _details_of_short(texts, written)
        for number, value in others.items():
            details[number] = value
        return read, details, b"".join(rows) if others else written

    def _read_alone(self, row: bytes, start: int, opening: int, end: int) -> tuple[Teller, Any]:
        """Return the same of a row that is long, or begins as none did yet; remember what tells those like it."""
        head = row[start:opening]
        tell = self._heads.get(head)
        if tell is not None:
            return tell, None if end > LONGEST_ROW else _details(row[opening + 2 : end + 1].replace(b'""', b'"'))
        (kind, action, status), details = _columns_by_csv(row)
        tell = teller(action, kind, status, self._names)
        if opening > 0 and head == f"{kind},{action},{status}".encode() and len(self._heads) < MOST_HEADS:
            self._heads[head] = tell
        return tell, details


def _may_name(key: bytes, written: bytes) -> bool:
    """Whether details may have a key, which JSON may also spell with escapes."""
    return key in written or b"\\" in written


def _names_somebody(details: object) -> bool:
    return type(details) is dict and not _SIDES.isdisjoint(details)


def _columns_by_csv(row: bytes) -> tuple[tuple[str, str, str], Any]:
    line = (row if len(row) <= LONGEST_ROW else row[:MOST_BEFORE_DETAILS]).decode("utf-8", "replace")
    # An adopted table may hold a type so long that nothing behind it is looked at.
    fields = [*next(csv.reader([line]))[TYPE : TYPE + 4], "", "", ""]
    kind, action, status, details = map(unguarded, fields[:4])
    return (kind, action, status), _details(details.encode())


def _details_of_short(texts: list[bytes], written: bytes) -> list[Any]:
    """Return the values of many details, which are short, and `written` with commas between them.

    Each call of a decoder costs as much as a small object.
    """
    try:
        values: list[Any] = short_loads((b"[" + written.replace(b'""', b'"') + b"]").decode())
    except ValueError:
        return [_details(text.replace(b'""', b'"')) for text in texts]
    return values


def _details(text: bytes) -> Any:
    try:
        return tolerant_loads(text) if text else None
    except ValueError:
        # Cut with the row.
        return None


def _is_short(text: bytes) -> bool:
    """Whether neither an integer in it nor what is nested can be what `tolerant_loads` leaves as text."""
    return len(text) <= MOST_DIGITS and text.count(b"{") + text.count(b"[") <= MOST_LEVELS
