"""The lines on which the keys of a TOML text stand, which tomllib does not tell."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

KeyPath = tuple[str | int, ...]
"""Keys, and places (from 0) within an array, from the outermost on."""

_DEEPEST = 30
_BLANKS = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_LITERAL = re.compile(r"'[^'\n]*'")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
# Up to two quotation marks may stand right before the three that end it.
_LONG_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}")
_LONG_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL)
_BARE_VALUE = re.compile(r"[^,\]}#\n]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
_SHORT_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


class Repeated(NamedTuple):
    """A key or table that stands a second time: its name, on which line, and on which it stood first."""

    name: str
    line: int
    first_line: int


class KeyLines(NamedTuple):
    """The line (from 1) of each key, table and element, and the first key that stands twice.

    `too_deep_line` is where a key has too many parts, or arrays and tables stand within one another too often: tomllib
    takes 18 s for a key of 30,000 parts. None where nothing is.
    """

    lines: Mapping[KeyPath, int]
    repeated: Repeated | None
    too_deep_line: int | None

    def of(self, path: KeyPath) -> int:
        """Return the line of a path, or of the nearest one that it is within; 1 for what stands nowhere."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def key_lines(text: str) -> KeyLines:
    """Find the keys of a TOML text whose line ends are \\n.

    Of a text that is not TOML it finds those before the place where nothing can be read on; it raises nothing.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_UnreadableError):
        scanner.scan()
    return KeyLines(scanner.lines, scanner.repeated, scanner.too_deep_line)


class _UnreadableError(Exception):
    """Nothing can be read from here on."""


class _Scanner:
    """Reads a text from its beginning, without a value's meaning."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.repeated: Repeated | None = None
        self.too_deep_line: int | None = None
        self._text = text
        self._place = 0
        self._counted_to = 0
        self._line = 1
        self._elements: dict[KeyPath, int] = {}
        self._named: set[KeyPath] = set()

    def scan(self) -> None:
        table: KeyPath = ()
        while self._skip(_BETWEEN) < len(self._text):
            line = self._line_here()
            if self._text.startswith("[[", self._place):
                self._place += 2
                path = self._within_elements(self._key())
                self._expect("]]")
                count = self._elements[path] = self._elements.get(path, -1) + 1
                self.lines.setdefault(path, line)
                table = (*path, count)
                self.lines[table] = line
            elif self._take("["):
                table = self._within_elements(self._key())
                self._expect("]")
                self._note((), table, line)
            else:
                self._pair(table, 0)

    def _pair(self, table: KeyPath, depth: int) -> None:
        line = self._line_here()
        path = (*table, *self._key())
        self._note(table, path, line)
        self._skip(_BLANKS)
        self._expect("=")
        self._value(path, depth)

    def _value(self, path: KeyPath, depth: int) -> None:
        self._skip(_BLANKS)
        self._require_depth(depth)
        if self._take("["):
            self._array(path, depth)
        elif self._take("{"):
            self._skip(_BETWEEN)
            while not self._take("}"):
                self._pair(path, depth + 1)
                self._skip(_BETWEEN)
                if not self._take(","):
                    self._expect("}")
                    return
                self._skip(_BETWEEN)
        else:
            for pattern in (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL, _BARE_VALUE):
                if self._skip_if(pattern):
                    return
            raise _UnreadableError

    def _array(self, path: KeyPath, depth: int) -> None:
        place = 0
        self._skip(_BETWEEN)
        while not self._take("]"):
            self.lines[*path, place] = self._line_here()
            self._value((*path, place), depth + 1)
            place += 1
            self._skip(_BETWEEN)
            if not self._take(","):
                self._expect("]")
                return
            self._skip(_BETWEEN)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_BLANKS)
            start = self._place
            if self._skip_if(_BARE_KEY):
                parts.append(self._text[start : self._place])
            elif self._skip_if(_LITERAL):
                parts.append(self._text[start + 1 : self._place - 1])
            elif self._skip_if(_BASIC):
                parts.append(_ESCAPE.sub(_unescaped, self._text[start + 1 : self._place - 1]))
            else:
                raise _UnreadableError
            self._skip(_BLANKS)
            if not self._take("."):
                return parts
            self._require_depth(len(parts))

    def _require_depth(self, depth: int) -> None:
        if depth > _DEEPEST:
            self.too_deep_line = self._line_here()
            raise _UnreadableError

    def _within_elements(self, parts: list[str]) -> KeyPath:
        """Return the path that a header names: that of an array of tables leads into its last element."""
        path: KeyPath = ()
        for part in parts:
            path = (*path, self._elements[path], part) if path in self._elements else (*path, part)
        return path

    def _note(self, outer: KeyPath, path: KeyPath, line: int) -> None:
        if path in self._named and self.repeated is None:
            self.repeated = Repeated(str(path[-1]), line, self.lines[path])
        self._named.add(path)
        # What a longer path leads through stands there as well, and may be named by itself later.
        for length in range(len(outer) + 1, len(path) + 1):
            self.lines.setdefault(path[:length], line)

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._place)
        self._counted_to = self._place
        return self._line

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self._text, self._place)
        self._place = match.end() if match else self._place
        return self._place

    def _skip_if(self, pattern: re.Pattern[str]) -> bool:
        before = self._place
        return self._skip(pattern) > before

    def _take(self, sign: str) -> bool:
        is_there = self._text.startswith(sign, self._place)
        self._place += len(sign) if is_there else 0
        return is_there

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise _UnreadableError


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else ""
    return _SHORT_ESCAPES.get(match[3], match[3])
