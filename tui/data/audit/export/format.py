"""The formats of an export of the audit log: what the server is asked for, and how its rows become bytes of a file."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tui.words.text import BROKEN, HIDDEN, CodePointTable, is_invisible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FormatName = Literal["csv", "jsonl"]
Told = tuple[list[str], list[str]]
"""What CSV has of each row beside what is stored, in the order of TOLD."""
NOTHING_TOLD: Told = ([], [])

COLUMNS = (
    *("id", "organization_id", "user_id", "integration_type", "action"),
    *("status", "details", "ip_address", "user_agent", "created_at"),
)
TOLD = ("summary", "operator_from")
"""Columns that only CSV has, made of the others."""
FROM = "from public.integration_audit_logs as l where {where} order by {order}"

# What a spreadsheet may take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
# Far Eastern ones read the wide forms and the small ones too, and a minus has a sign of its own.
FORMULA_STARTS = list("=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b\u2212")
# Whoever trims a field or takes its quotes off comes upon what is behind these.
_BLANKS = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
BEFORE_FORMULA = f"{_BLANKS}\"'`\u2018\u2019\u201c\u201d"
LINE_STARTS = list("\t\r\n")

_NOT_ASCII = re.compile("[^\\x00-\\x7e]+")
_NOT_INERT = bytes([*range(0x20), 0x7F])
_SUSPICIOUS = frozenset((*BEFORE_FORMULA, *FORMULA_STARTS))
_FORMULA = re.compile(f"[{re.escape(BEFORE_FORMULA)}]*[{re.escape(''.join(FORMULA_STARTS))}]")


def _any_of(characters: Iterable[str]) -> bytes:
    """A pattern over UTF-8 for one of the characters."""
    return b"(?:" + b"|".join(re.escape(character.encode()) for character in characters) + b")"


# Where the comma is the decimal sign, spreadsheets take the semicolon for what divides fields, whatever the quotes.
_AFTER_SEMICOLON = re.compile(b"(;" + _any_of(BEFORE_FORMULA) + b"*)(?=" + _any_of(FORMULA_STARTS) + b")")
_AFTER_SEMICOLON_IN_ASCII = re.compile(rb"(;[ \"'`]*)(?=[-=+@])")


class JsonLines:
    """A JSON object for each row, exactly as stored, in printable ASCII: also numbers that Python has no value for."""

    name: FormatName = "jsonl"
    is_summarized = False
    header = b""
    altered: str | None = None
    parameters: ClassVar[Mapping[str, Any]] = {}

    def query(self, where: str, order: str) -> str:
        """Return a statement whose rows are objects under the columns' names."""
        columns = ", ".join(f"l.{name}" for name in COLUMNS)
        rows = f"select {columns} {FROM.format(where=where, order=order)}"
        return f"copy (select row_to_json(r) from ({rows}) as r) to stdout"

    def block(self, rows: Sequence[bytes], _told: Told = NOTHING_TOLD) -> bytes:
        """Return the rows as lines. In JSON text there is nothing but backslashes that COPY would escape."""
        return in_ascii(b"".join(rows).replace(b"\\\\", b"\\"))

    def time_text(self, row: bytes) -> str | None:
        """Return when a row was, as Postgres writes it, None where it has no time: the object's last value.

        The rest of the row is not looked at: it may hold what Python's readers refuse.
        """
        moment: str | None = json.loads(row.rpartition(b'"created_at":')[2].rstrip(b"}\n"))
        return moment


def in_ascii(lines: bytes) -> bytes:
    """Return lines of JSON in printable ASCII."""
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    # Outside of strings JSON is ASCII, so whatever is not stands in one.
    return _NOT_ASCII.sub(_escape, lines.decode("utf-8", "surrogateescape")).encode("ascii")


class Csv:
    """RFC 4180 in UTF-8 with a header: nothing in it is a formula, or does anything to a terminal.

    The last columns are not stored as such: in a sentence what the row does, and where the name in it comes from.
    """

    name: FormatName = "csv"
    is_summarized = True
    parameters: ClassVar[Mapping[str, Any]] = {
        "formula_starts": FORMULA_STARTS,
        "before_formula": BEFORE_FORMULA,
        "line_starts": LINE_STARTS,
    }
    header = ",".join((*COLUMNS, *TOLD)).encode() + b"\r\n"
    altered = (
        "A field that began with = + - @ in any width, also behind blanks or quotes, or with TAB CR or LF has an "
        "apostrophe before it, and so has = + - @ after a semicolon; control characters are shown as U+2400 to U+2421 "
        "or U+FFFD, those that cannot be seen as U+25AF. "
        "NULL is an empty field without quotes. The column summary is not stored: it tells the row in a sentence, with "
        "the names of the moment, and times in UTC. The column operator_from is in the details."
    )

    def query(self, where: str, order: str) -> str:
        """Return a statement whose rows are CSV, with the apostrophes."""
        columns = ", ".join(map(_guard_field, COLUMNS))
        return f"copy (select {columns} {FROM.format(where=where, order=order)}) to stdout (format csv)"

    def block(self, rows: Sequence[bytes], told: Told) -> bytes:
        """Return the rows as lines that end in CR LF, each with what TOLD is of it."""
        # Encoded at once, for a third of the time: what is told are safe texts, without a line break.
        ends = "".join([f",{_field(summary)},{origin}\r\n" for summary, origin in zip(*told, strict=True)]).encode()
        parts = [b""] * (2 * len(rows))
        parts[::2] = [row[:-1] for row in rows]
        parts[1::2] = ends.splitlines(keepends=True)
        whole = b"".join(parts)
        # Nearly every block is as it should be: looked at row by row it would cost twice as much.
        if whole.isascii() and len(whole.translate(None, _NOT_INERT)) == len(whole) - 2 * len(rows):
            return _AFTER_SEMICOLON_IN_ASCII.sub(rb"\1'", whole)
        return b"".join([_defuse(parts[at] + parts[at + 1][:-2]) + b"\r\n" for at in range(0, len(parts), 2)])

    def time_text(self, row: bytes) -> str | None:
        """Return when a row was, as Postgres writes it, None where it has no time: the last field."""
        return row.rpartition(b",")[2].decode().strip("'\n") or None


# How rows are asked for with COPY and made into lines; `altered` says what is not as it is stored.
Format = JsonLines | Csv
FORMATS: dict[FormatName, Format] = {"csv": Csv(), "jsonl": JsonLines()}


def format_of(file: str | None) -> FormatName:
    """Return the format that the ending of a file's name asks for; JSON lines on standard output."""
    return "csv" if file is not None and file.lower().endswith(".csv") else "jsonl"


def moment_of(row: bytes, form: Format) -> str | None:
    """Return when a row was: ISO 8601 in UTC; what Postgres writes where Python has no such time."""
    text = form.time_text(row)
    try:
        return text and datetime.fromisoformat(text).isoformat()
    except ValueError:
        return text


def _guard_field(name: str) -> str:
    if name in ("id", "organization_id", "user_id"):
        return f"l.{name}"
    if name == "ip_address":
        # As text alone an address would have a mask of 32 or 128 bits. None begins with what a formula does.
        return "abbrev(l.ip_address) as ip_address"
    value = f"l.{name}::text"
    # Nor does what begins with a brace, and to look at it would write it as text twice more.
    braced = f"when jsonb_typeof(l.details) = 'object' then {value} " if name == "details" else ""
    return (
        f"case {braced}when left({value}, 1) = any (%(line_starts)s)"
        f" or left(ltrim({value}, %(before_formula)s), 1) = any (%(formula_starts)s)"
        f" then '''' || {value} else {value} end as {name}"
    )


def unguarded(field: str) -> str:
    """Return a field of `Csv.query` as it is stored, without the apostrophe."""
    is_guarded = field.startswith("'") and (field[1:2] in LINE_STARTS or _FORMULA.match(field, 1))
    return field[1:] if is_guarded else field


def _field(text: str) -> str:
    """A summary, which is safe text, as a field."""
    if text[:1] in _SUSPICIOUS and _FORMULA.match(text):
        text = f"'{text}"
    if '"' in text or "," in text:
        text = '"{}"'.format(text.replace('"', '""'))
    return text


def _escape(run: re.Match[str]) -> str:
    return json.dumps(run[0])[1:-1]


def _defuse(row: bytes) -> bytes:
    if b";" in row:
        row = _AFTER_SEMICOLON.sub(rb"\1'", row)
    if row.isascii() and len(row.translate(None, _NOT_INERT)) == len(row):
        return row
    return row.decode("utf-8", "surrogateescape").translate(VISIBLE).encode()


def _visible(code: int) -> str:
    """What stands in a field for a code point: other than on the screen, one without a character stays."""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if 0x80 <= code < 0xA0 or 0xD800 <= code <= 0xDFFF:
        return BROKEN
    return HIDDEN if is_invisible(chr(code)) else chr(code)


VISIBLE = CodePointTable(_visible)
