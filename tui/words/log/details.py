"""Reads a log row for a sentence about it: details that may be any JSON, and the names of what they mention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tui.words.numbers.phone_number import display
from tui.words.people.names import NAME_MOST, person_name
from tui.words.text import safe_text
from tui.words.times import in_zone, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import tzinfo

    from tui.models.log import AuditRow
    from tui.models.people import Person

VALUE_MOST = 60
"""Characters of one value within a sentence."""
MOST_NAMED = 8
LARGEST = 10**15
RIGHTS = ("view", "send", "configure")


@dataclass(frozen=True, slots=True)
class LogNames:
    """What a sentence calls things: people by id, types by `title_of`, and times in `zone`."""

    people: Mapping[UUID, Person]
    title_of: Callable[[str], str]
    zone: tzinfo = UTC


class Told:
    """One row of the log as its sentence needs it. Nothing here raises, whatever the details hold."""

    __slots__ = ("action", "details", "names", "on", "status")

    def __init__(self, action: str, integration_type: str, status: str, details: object, names: LogNames) -> None:
        self.action = action
        # What people call the type of the integration.
        self.on = safe_text(names.title_of(integration_type), VALUE_MOST)
        self.status = status
        self.details: Mapping[str, Any] = details if isinstance(details, dict) else {}
        self.names = names

    def side(self, name: str) -> Mapping[str, Any]:
        """Return an object within the details, an empty one where there is none."""
        value = self.details.get(name)
        return value if isinstance(value, dict) else {}

    def text(self, *names: str) -> str:
        """Return the first of these details that is a text or a number, as safe text."""
        for name in names:
            value = self.details.get(name)
            if value is not None and (words := value_words(value)):
                return words
        return ""

    def count(self, name: str) -> int:
        """Return a detail that is a count, 0 where it is none."""
        value = self.details.get(name)
        return value if type(value) is int and 0 <= value < LARGEST else 0

    def listed(self, name: str) -> str:
        """Return the texts of a list, with commas between them."""
        return list_words(self.details.get(name))

    def person(self, identity: object) -> str:
        """Return what the person of that id is called; the id where the directory knows nobody."""
        person_id = uuid_in(identity)
        person = None if person_id is None else self.names.people.get(person_id)
        return safe_text(person_name(person), NAME_MOST) if person else value_words(identity) or "somebody"

    def day(self, value: object) -> str:
        """Return a moment in the zone: the day alone where it is the last minute of it."""
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            return value_words(value)
        local = in_zone(moment, self.names.zone) or moment
        return f"{local:%Y-%m-%d}" if (local.hour, local.minute) == (23, 59) else to_the_minute(moment, self.names.zone)


def mentioned_people(details: object) -> Iterator[UUID]:
    """Yield the ids of people whom a sentence about a row with such details names, beside whoever acted."""
    if not isinstance(details, dict):
        return
    for side, name in (("row", "user_id"), ("before", "assigned_to_user_id"), ("after", "assigned_to_user_id")):
        values = details.get(side)
        person_id = uuid_in(values.get(name)) if isinstance(values, dict) else None
        if person_id is not None:
            yield person_id


def people_in(row: AuditRow) -> Iterator[UUID]:
    """Yield the ids of everybody whom a list of the log names on account of a row."""
    if row.user_id is not None:
        yield row.user_id
    yield from mentioned_people(row.details)


def uuid_in(value: object) -> UUID | None:
    """Return the UUID that a text is, in its usual form."""
    if not isinstance(value, str) or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def value_words(value: object) -> str:
    """Return a text, a number, yes or no as safe text; "" for nothing, and for what has values within it."""
    if isinstance(value, str):
        # As safe_text would do, without the call: an export asks this of ten million rows.
        if len(value) <= VALUE_MOST and value.isascii() and value.isprintable():
            return value.strip()
        return safe_text(value.strip(), VALUE_MOST)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if abs(value) < LARGEST else "a large number"
    return "" if value is None or isinstance(value, dict | list) else safe_text(value, VALUE_MOST)


def list_words(value: object) -> str:
    """Return the first texts of a list, and how many more there are."""
    if not isinstance(value, list):
        return value_words(value)
    words = [text for item in value[:MOST_NAMED] if (text := value_words(item))]
    more = len(value) - MOST_NAMED
    return ", ".join([*words, f"{more:,} more"] if more > 0 else words)


def enumerated(words: list[str]) -> str:
    """Return "view", "view and send" or "view, send and configure"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def rights_in(side: Mapping[str, Any], *, given: bool = True) -> list[str]:
    """Return the rights that an object has (or has not) as flags can_view, can_send, can_configure."""
    return [right for right in RIGHTS if side.get(f"can_{right}") is given]


@lru_cache(maxsize=4096)
def _number(text: str) -> str:
    return safe_text(display(text), VALUE_MOST)


def number_words(value: object) -> str:
    """Return a phone number as people read it. Grouping one takes a tenth of a millisecond, and few are met often."""
    return _number(value[:VALUE_MOST]) if isinstance(value, str) and value.strip() else "a number"
