"""The filter language of the audit log: a line of qualifiers and words, parsed to an AuditFilter and written again."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.data.audit.filter_times import WrongTime, parse_time_range
from tui.data.audit.qualifiers import ALIASES, EVERY, QUALIFIERS, TEXT, Term
from tui.data.audit.quoting import BARE, escaped, quoted
from tui.data.audit.recurring_times import WrongValue
from tui.errors import FilterError
from tui.words.typed_times import month_called

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

    from tui.data.audit.qualifiers import Qualifier
    from tui.words.typed_times import TimeRange

# Before what an operator went by: nobody of the directory is meant.
OPERATOR = "operator="
# What a manifest says of a filter has every id that a name stood for.
MOST_CHARACTERS = 200_000
MOST_TERMS = 50

_NAME = re.compile(r"[A-Za-z][A-Za-z_]*")
_PATH_PART = re.compile(r'[^\s.:,"]+')
_WITH_PATH = tuple(name for name, qualifier in QUALIFIERS.items() if qualifier.takes == "path")
_OPENING = re.compile(rf"(-?)(?:({'|'.join(_WITH_PATH)})\.|([A-Za-z][A-Za-z_]*):(?!//))?")
_DOTTED = re.compile(r"([A-Za-z]+)\.[^\s:]+:")
# since: or until:, which are no terms, and what of a time stands behind a blank: "since:31 aug".
_TIME = re.compile(r'(?:[^\s"]|"(?:\\["\\]|[^"])*")+')
_NUMERIC_DATE = re.compile(r"\d{1,4}([-./])\d{1,2}\1\d{1,4}")
_DAY, _YEAR = re.compile(r"\d{1,2}(?:st|nd|rd|th)?"), re.compile(r"\d{4}")
_CLOCK = re.compile(r"\d{1,2}:\d{2}[\d:.]*(?:[zZ]|[+-]\d{2}:?\d{2})?")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """A filter of the log: its rows match every term and are from `since` to before `until`.

    Both times are aware. Rows without a time are in no filter that has one of the two.
    """

    terms: tuple[Term, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    text: str = field(default="", compare=False)

    @property
    def is_resolved(self) -> bool:
        """Whether people and organisations are ids by now."""
        looked_up = [term for term in self.terms if term.name != TEXT and QUALIFIERS[term.name].directory]
        return all(term.ids is not None for term in looked_up)

    @property
    def is_of_several_organizations(self) -> bool:
        """Whether its rows may be of more than one organisation."""
        orgs = [term for term in self.terms if term.name == "org" and not term.negated and EVERY not in term.values]
        return not any(len(term.ids or term.values) == 1 for term in orgs)

    @property
    def sought(self) -> tuple[str, ...]:
        """The words that are to be found in its rows, each as it was typed."""
        return tuple(term.values[0] for term in self.terms if term.name == TEXT and not term.negated)

    @property
    def bounds_time(self) -> bool:
        """Whether only rows with a time can be in it."""
        return bool(self.bounds)

    @property
    def bounds(self) -> dict[str, datetime]:
        """The times it has, by the qualifier that says them."""
        times = {"since": self.since, "until": self.until}
        return {name: moment for name, moment in times.items() if moment is not None}

    def also(self, other: AuditFilter) -> AuditFilter:
        """Return the filter of the rows that are in both."""
        since = max((time for time in (self.since, other.since) if time is not None), default=None)
        until = min((time for time in (self.until, other.until) if time is not None), default=None)
        return AuditFilter(self.terms + other.terms, since, until, f"{self.text} {other.text}".strip())

    def canonical(self) -> str:
        """Return the filter as a line that means the same whenever and wherever it is parsed."""
        bounds = (f"{name}:{_instant(moment)}" for name, moment in self.bounds.items())
        return " ".join((*map(_write_term, self.terms), *bounds))


def parse_filter(text: str, *, zone: tzinfo = UTC, now: datetime | None = None) -> AuditFilter:
    """Take a filter line apart; times without an offset are of `zone`, and relative ones count from `now`.

    All terms must hold; a comma separates alternatives; `-` negates; what has blanks, commas or quotes goes between
    double quotes, with \\ before a quote or a backslash. Raises FilterError, which points at the word.
    """
    if len(text) > MOST_CHARACTERS:
        raise FilterError(
            f"The filter is longer than {MOST_CHARACTERS} characters.", "Shorten it.", text="", offset=0, length=0
        )
    return _Parser(text, zone, now or datetime.now(UTC)).parse()


def join_words(words: Sequence[str]) -> str:
    """Return one filter line from the arguments of a command, whose quotes the shell has taken away.

    An argument with blanks is one value (`since:this month`) or one phrase, unless it is a filter line of its own.
    """
    return " ".join(_argument(word) for word in words)


def command_words(text: str) -> list[str]:
    """Return a filter line as arguments of a command, of which `join_words` makes the same filter. Raises FilterError.

    None is an option: what follows the minus of a word to look for stands between quotes.
    """
    words: list[str] = []
    at = 0
    for term in parse_filter(text).terms:
        words += _TIME.findall(text[at : term.offset])
        at = term.offset + term.length
        is_negated_text = term.name == TEXT and term.negated
        words.append(f'-"{escaped(term.values[0])}"' if is_negated_text else text[term.offset : at])
    return words + _TIME.findall(text[at:])


class _Parser:
    """Reads one line from the left to the right."""

    def __init__(self, text: str, zone: tzinfo, now: datetime) -> None:
        self.text = text
        self.zone = zone
        self.now = now
        self.at = 0

    def parse(self) -> AuditFilter:
        terms: list[Term] = []
        since: list[datetime] = []
        until: list[datetime] = []
        while self._skip_blanks():
            start = self.at
            opening = _OPENING.match(self.text, self.at)
            if opening is None:
                raise AssertionError("the pattern matches the empty text")
            negated = bool(opening[1])
            name = (opening[2] or opening[3] or "").lower()
            name = ALIASES.get(name, name)
            self.at = opening.end()
            if name in QUALIFIERS and QUALIFIERS[name].takes == "time":
                stretch = self._read_time_range(name, start)
                if name == "since":
                    (until if negated else since).append(stretch.start)
                else:
                    (since if negated else until).append(stretch.end)
                continue
            if len(terms) == MOST_TERMS:
                raise self._error(f"The filter has more than {MOST_TERMS} conditions.", "Leave some out.", start)
            terms.append(self._read_term(name, start, negated))
        return AuditFilter(tuple(terms), max(since, default=None), min(until, default=None), self.text.strip())

    def _read_term(self, name: str, start: int, negated: bool) -> Term:
        if not name:
            self._refuse_misspelt_path(start)
            return Term(TEXT, (self._read_word(start),), negated, offset=start, length=self.at - start)
        qualifier = QUALIFIERS.get(name)
        if qualifier is None:
            raise self._unknown(name, start)
        path = self._read_path(qualifier, start) if qualifier.takes == "path" else ()
        values = self._read_values(name, start)
        if qualifier.zoned:
            values = tuple(value if "@" in value else f"{value}@{self.zone}" for value in values)
        try:
            values = tuple(dict.fromkeys(map(qualifier.read, values)))
        except WrongValue as wrong:
            raise self._error(qualifier.refusal[0], str(wrong), start) from None
        except ValueError:
            raise self._error(*qualifier.refusal, start) from None
        return Term(name, values, negated, path, offset=start, length=self.at - start)

    def _refuse_misspelt_path(self, start: int) -> None:
        dotted = _DOTTED.match(self.text, self.at)
        if dotted and difflib.get_close_matches(dotted[1].lower(), _WITH_PATH, cutoff=0.7):
            raise self._unknown(dotted[1], start)

    def _skip_blanks(self) -> bool:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at < len(self.text)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _read_word(self, start: int) -> str:
        """A word or a phrase to look for; commas belong to it."""
        if self._peek() == '"':
            value = self._read_quoted()
        else:
            end = self.at
            while end < len(self.text) and not self.text[end].isspace():
                end += 1
            value, self.at = self.text[self.at : end], end
        if not value.strip():
            raise self._error(
                "There is nothing to look for.", "Put a word after the minus or between the quotes.", start
            )
        return value

    def _read_values(self, name: str, start: int) -> tuple[str, ...]:
        values = [self._read_value(name, start)]
        while self._peek() == ",":
            self.at += 1
            values.append(self._read_value(name, start))
        if not (self.at == len(self.text) or self._peek().isspace()):
            raise self._error(
                f"After the quoted value of {name}: there is no space.", "Put a space or a comma there.", start
            )
        return tuple(dict.fromkeys(values))

    def _read_value(self, name: str, start: int) -> str:
        if self._peek() == '"':
            value = self._read_quoted()
        else:
            match = BARE.match(self.text, self.at)
            value = match[0] if match else ""
            self.at += len(value)
            if '"' in value:
                raise self._error(
                    f"A quote is in the middle of a value of {name}:.", "Put the whole value between quotes.", start
                )
        if not value.strip():
            what_to_do = f"Write it right after the colon: {QUALIFIERS[name].example}."
            raise self._error(f"A value of {name}: is missing.", what_to_do, start)
        return value

    def _read_quoted(self) -> str:
        start = self.at
        self.at += 1
        value: list[str] = []
        while self.at < len(self.text):
            character = self.text[self.at]
            self.at += 1
            if character == '"':
                return "".join(value)
            if character == "\\" and self._peek() in ('"', "\\"):
                character = self._peek()
                self.at += 1
            value.append(character)
        raise self._error("The quote is not closed.", 'Put a " at its end.', start)

    def _read_path(self, qualifier: Qualifier, start: int) -> tuple[str, ...]:
        parts: list[str] = []
        while True:
            if self._peek() == '"':
                part = self._read_quoted()
            else:
                match = _PATH_PART.match(self.text, self.at)
                part = match[0] if match else ""
                self.at += len(part)
            following, self.at = self._peek(), self.at + 1
            parts.append(part)
            if following == "." and part:
                continue
            if following == ":" and part:
                return tuple(parts)
            self.at = min(self.at, len(self.text))
            raise self._error(
                f"After {qualifier.opening} a key and a value are needed.",
                f"Write {qualifier.example}, or {qualifier.opening}after.is_active:true.",
                start,
            )

    def _read_time_range(self, name: str, start: int) -> TimeRange:
        value = self._read_value(name, start)
        if self._peek() == ",":
            raise self._error(f"{name}: takes one time only.", "Leave out what follows the comma.", start)
        while (following := re.match(r"\s+(\S+)", self.text[self.at :])) and _continues_time(value, following[1]):
            # Without quotes too: since:this month, since:31 aug 2026, until:2026-01-31 10:30.
            value += f" {following[1]}"
            self.at += following.end()
        try:
            return parse_time_range(value, self.zone, self.now)
        except WrongTime as wrong:
            raise self._error(wrong.sentence or f"The value of {name}: is not a time.", str(wrong), start) from None

    def _unknown(self, name: str, start: int) -> FilterError:
        plain = [valid for valid in QUALIFIERS if valid not in _WITH_PATH]
        similar = difflib.get_close_matches(name, [*plain, *ALIASES], n=1, cutoff=0.6)
        usages = [f"{other}:" for other in similar]
        if similar_paths := difflib.get_close_matches(name, _WITH_PATH, n=1, cutoff=0.7):
            usages = [QUALIFIERS[similar_paths[0]].usage]
        valid = f"{', '.join(plain)} and {', '.join(f'{path}.KEY' for path in _WITH_PATH)}"
        hint = f"Did you mean {usages[0]}?" if usages else f"Qualifiers are {valid}."
        what_to_do = f"{hint} Text that has a colon goes between double quotes."
        return self._error(f"There is no qualifier {name[:40]}:.", what_to_do, start, len(name) + 1)

    def _error(self, sentence: str, what_to_do: str, start: int, length: int | None = None) -> FilterError:
        if length is None:
            end = self.at
            while end < len(self.text) and not self.text[end].isspace():
                end += 1
            length = max(end - start, 1)
        return FilterError(sentence, what_to_do, text=self.text, offset=start, length=length)


def _continues_time(value: str, word: str) -> bool:
    """Whether the next word is the rest of a time that was written without quotes."""
    parts = [part.rstrip(",.") for part in value.lower().split()]
    word = word.lower().rstrip(",.")
    if parts in (["this"], ["last"]):
        return True
    has_month, has_day = any(map(month_called, parts)), any(map(_DAY.fullmatch, parts))
    if _CLOCK.fullmatch(word):
        return (has_month and has_day) or _NUMERIC_DATE.fullmatch(value) is not None
    if not has_month:
        return has_day and bool(month_called(word))
    is_year, has_year = _YEAR.fullmatch(word), any(map(_YEAR.fullmatch, parts))
    return bool((is_year and not has_year) or (len(parts) == 1 and _DAY.fullmatch(word)))


def _argument(word: str) -> str:
    if '"' in word or not any(character.isspace() for character in word):
        return word
    opening = _OPENING.match(word)
    at = opening.end() if opening else 0
    if opening is not None and opening[2]:
        at = word.find(":") + 1
    if re.search(r"(?:^|\s)-?[A-Za-z][A-Za-z_.]*:\S", word[at:]):
        return word
    head, value = word[:at], word[at:]
    return head + quoted(value)


def _write_term(term: Term) -> str:
    sign = "-" if term.negated else ""
    if term.name == TEXT:
        value = term.values[0]
        plain = _NAME.fullmatch(value) is not None
        return sign + (value if plain else f'"{escaped(value)}"')
    qualifier = QUALIFIERS[term.name]
    values: Iterable[str] = term.values
    if term.ids is not None:
        keyword = [qualifier.keyword] if qualifier.keyword in term.values else []
        values = [*map(str, term.ids), *(f"{OPERATOR}{label}" for label in term.labels), *keyword]
    path = ".".join(_path_part(part) for part in term.path)
    return f"{sign}{qualifier.opening}{path}{':' if path else ''}{','.join(map(quoted, values))}"


def _path_part(part: str) -> str:
    return part if _PATH_PART.fullmatch(part) else f'"{escaped(part)}"'


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
