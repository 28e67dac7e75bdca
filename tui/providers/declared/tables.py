"""Takes a parsed TOML table apart, and notes each mistake in it with its line and what is expected."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.words.text import is_invisible, safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tui.providers.declared.lines import KeyLines, KeyPath

_QUOTED_MOST = 40
_TOLD_MOST = 20


class Mistake(NamedTuple):
    """One mistake of a file: its line (None where it is the file itself), and a sentence that names file and line."""

    line: int | None
    sentence: str


class Notes:
    """The mistakes of one file, in the order of their lines."""

    def __init__(self, file: str, lines: Callable[[], KeyLines]) -> None:
        self._file = file
        self._lines = lines
        self._mistakes: list[Mistake] = []

    def add(self, at: KeyPath, sentence: str) -> None:
        """Note what is wrong at a key; `sentence` begins with its name and says what is expected."""
        line = self._lines().of(at)
        self._mistakes.append(Mistake(line, f"Line {line} of {self._file}: {sentence}"))

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """What was noted, by line."""
        return tuple(sorted(self._mistakes, key=lambda mistake: mistake.line or 0))


class Table:
    """A table of the file: its values are taken by key, and `end` notes the keys that nobody took.

    What is missing or wrong is noted, and given back as an empty value, so that the rest is looked at as well.
    """

    def __init__(self, values: Mapping[str, Any], at: KeyPath, notes: Notes, title: str) -> None:
        self._values = values
        self.at = at
        self.notes = notes
        self._title = title
        self._known: list[str] = []

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def note(self, key: str, sentence: str) -> None:
        """Note what is wrong with a key, after its name."""
        self.notes.add((*self.at, key), f"{key} {sentence}")

    def value(self, key: str) -> Any:
        """Return the value as it is; None where there is none."""
        self._known.append(key)
        return self._values.get(key)

    def text(self, key: str, most: int, *, required: bool = False, such_as: str = "") -> str:
        """Return a text of at most `most` characters that hides nothing; empty where it is missing or wrong."""
        return self._text(key, self.value(key), most, required=required, such_as=such_as)

    def text_or(self, kind: type, key: str, most: int) -> str:
        """Return a text, or what is no text but of that kind as the text that a form would have of it."""
        value = self.value(key)
        if type(value) is kind:
            value = str(value) if kind is not bool else "yes" if value else "no"
        return self._text(key, value, most)

    def texts(self, key: str, most: int, each: int) -> tuple[str, ...]:
        """Return an array of at most `most` different texts; whole numbers are taken as such."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not value or len(value) > most:
            self.note(key, f"is an array of 1 to {most} texts; there is {_what(value)}.")
            return ()
        texts = []
        for place, item in enumerate(value):
            text = str(item) if type(item) is int and abs(item) < 10**6 else item
            problem = text_problem(text, each)
            if problem:
                self.notes.add((*self.at, key, place), f"{key} {problem}")
            elif text in texts:
                self.notes.add((*self.at, key, place), f"{key} has {quoted(text)} twice.")
            else:
                texts.append(text)
        return tuple(texts)

    def yes_no(self, key: str) -> bool:
        """Return whether a key is true."""
        value = self.value(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        self.note(key, f"is true or false, without quotes; there is {_what(value)}.")
        return False

    def number(self, key: str, lowest: int, highest: int, *, default: int) -> int:
        """Return a whole number."""
        value = self.value(key)
        if value is None:
            return default
        if type(value) is int and lowest <= value <= highest:
            return value
        self.note(key, f"is a whole number from {lowest} to {highest}; there is {_what(value)}.")
        return default

    def word(self, key: str, words: Sequence[str], *, required: bool = True) -> str:
        """Return one of a few words; empty where it is missing or another one."""
        value = self.value(key)
        if isinstance(value, str) and value in words:
            return value
        listed = f"{', '.join(words[:-1])} or {words[-1]}"
        if value is None:
            if required:
                self.notes.add(self.at, f"{key} is missing in {self._title}: one of {listed}.")
        elif isinstance(value, str):
            self.note(key, f"is one of {listed}; there is {quoted(value)}.{nearest(value, words)}")
        else:
            self.note(key, f"is one of {listed}, in quotes; there is {_what(value)}.")
        return ""

    def table(self, key: str, title: str) -> Table | None:
        """Return the table below a key; None where there is none."""
        value = self.value(key)
        if isinstance(value, dict):
            return Table(value, (*self.at, key), self.notes, title)
        if value is not None:
            self.note(key, f"is a table, written {title}; there is {_what(value)}.")
        return None

    def tables(self, key: str, title: str, most: int, *, required: bool = False) -> list[Table]:
        """Return the tables of an array of at most `most`."""
        value = self.value(key)
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            if len(value) > most:
                self.notes.add((*self.at, key, most), f"there are {len(value)} of {title}; {most} is the most.")
            if value or not required:
                return [
                    Table(item, (*self.at, key, place), self.notes, title) for place, item in enumerate(value[:most])
                ]
        elif value is not None:
            self.note(key, f"is written {title} with two brackets each; there is {_what(value)}.")
            return []
        if required:
            self.notes.add(self.at, f"{title} is missing: there has to be at least one.")
        return []

    def all(self) -> list[tuple[str, Any]]:
        """Return all keys with their values as they are."""
        self._known += self._values
        return list(self._values.items())

    def end(self) -> None:
        """Note the keys that were not asked for."""
        unknown = [key for key in self._values if key not in self._known]
        for key in unknown[:_TOLD_MOST]:
            hint = nearest(key, self._known) or f" There can be {', '.join(self._known)}."
            self.notes.add((*self.at, key), f"{quoted(key)} is nothing that {self._title} has.{hint}")

    def _text(self, key: str, value: Any, most: int, *, required: bool = False, such_as: str = "") -> str:
        if value is None:
            if required:
                example = f", such as {such_as}" if such_as else ""
                self.notes.add(
                    self.at, f"{key} is missing in {self._title}: a text of at most {most} characters{example}."
                )
            return ""
        problem = text_problem(value, most)
        if problem:
            self.note(key, problem)
            return ""
        return str(value)


def text_problem(value: Any, most: int) -> str:
    """Return what is wrong with what should be a text that people can read, behind its name; empty where nothing is."""
    if not isinstance(value, str):
        return f"is a text in quotes; there is {_what(value)}."
    if not value.strip():
        return "is empty; leave it out, or write something."
    if len(value) > most:
        return f"has at most {most} characters; there are {len(value)}."
    if "\n" in value:
        return "is one line; end the lines between three quotation marks with a backslash."
    hidden = None if value.isascii() and value.isprintable() else next(filter(_is_hidden, value), None)
    return f"holds a character that nobody sees (U+{ord(hidden):04X}); type it again without." if hidden else ""


def _is_hidden(character: str) -> bool:
    return is_invisible(character) or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Co"}


def quoted(text: str) -> str:
    """Return a text of a file as it may stand in a sentence."""
    return f'"{safe_text(text, _QUOTED_MOST)}"'


def nearest(text: str, words: Sequence[str]) -> str:
    """Return the question whether the nearest of some words was meant, after a blank; empty where none is near."""
    import difflib

    near = difflib.get_close_matches(text.lower()[:50], words, n=1)
    return f" Did you mean {near[0]}?" if near else ""


_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "an array", dict: "a table"}


def _what(value: Any) -> str:
    """Say what kind of TOML a value is."""
    if isinstance(value, list):
        return f"an array of {len(value)}"
    if type(value) is int and abs(value) < 10**9:
        return str(value)
    return _KINDS.get(type(value), "a date or time")
