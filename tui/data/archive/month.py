"""A month of the log in UTC, and the names of its files."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import NamedTuple

from tui.errors import InvalidInput

_NAME = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_FILE = re.compile(r"audit-(\d{4}-\d\d)\.jsonl\.gz")


class Month(NamedTuple):
    """A calendar month in UTC; months are ordered as they follow one another."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """Return the month that a day is in."""
        return cls(day.year, day.month)

    @classmethod
    def named(cls, text: str) -> Month:
        """Return the month of a name such as 2026-01. Raises InvalidInput."""
        name = _NAME.fullmatch(text)
        if name is None or name[1] == "0000":
            raise InvalidInput("That is not a month.", "Give one such as 2026-01.")
        return cls(int(name[1]), int(name[2]))

    @classmethod
    def of_file(cls, name: str) -> Month | None:
        """Return the month that a file is of by its name, None where it is no archive's."""
        found = _FILE.fullmatch(name)
        try:
            return cls.named(found[1]) if found else None
        except InvalidInput:
            return None

    @property
    def first_day(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def start(self) -> int:
        """Its beginning, in seconds since 1970."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The beginning of the next, in seconds since 1970."""
        return self.following.start

    @property
    def following(self) -> Month:
        """The next month."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def preceding(self) -> Month:
        """The month before."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)

    @property
    def file(self) -> str:
        """The name of the file with its rows."""
        return f"audit-{self}.jsonl.gz"

    @property
    def seals_file(self) -> str:
        """The name of the file with its seals."""
        return f"audit-{self}.seals.json"

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
