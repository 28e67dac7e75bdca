"""The SQL files that define the schema: where they are, their statements, and all of them as one text."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

_FILE_NAME = r"\d{3}_[a-z_]+\.sql"
# What may hold a semicolon without ending a statement (Postgres manual, "Lexical Structure").
_LEXEME = (
    r"(?s)--[^\n]*"
    r"|/\*.*?\*/"
    r"|\$(?P<tag>[A-Za-z_]*)\$.*?\$(?P=tag)\$"
    r"|'(?:[^']|'')*'"
    r'|"(?:[^"]|"")*"'
    r"|;"
)


class Statement(NamedTuple):
    """One statement of a file; `number` counts from 1 within the file."""

    file: str
    number: int
    sql: str


class SchemaFile(NamedTuple):
    """One file of sql/ as it is: its name, text and SHA-256 in hex."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        """The digest that the version history keeps."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def number(self) -> int:
        """The three digits its name begins with."""
        return _number(self.name)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements in order, comments before a statement included."""
        return _statements(self)


@cache
def _statements(file: SchemaFile) -> tuple[Statement, ...]:
    statements: list[str] = []
    start = 0
    for token in re.finditer(_LEXEME, file.text):
        if token.group() == ";":
            statements.append(file.text[start : token.end()].strip())
            start = token.end()
    return tuple(Statement(file.name, number, sql) for number, sql in enumerate(statements, 1))


def _folder() -> Path:
    # A wheel has sql/ within the package, a work tree beside it.
    package = Path(__file__).parents[2]
    packaged = package / "sql"
    return packaged if packaged.is_dir() else package.parent / "sql"


@cache
def schema_files() -> tuple[SchemaFile, ...]:
    """All files of sql/ in the order in which they run."""
    return tuple(SchemaFile(name, (_folder() / name).read_text(encoding="utf-8")) for name in _file_names())


@cache
def latest_number() -> int:
    """The number of the newest file, which the schema's comment in the database repeats; reads none of them."""
    return _number(_file_names()[-1])


def _file_names() -> list[str]:
    return sorted(entry.name for entry in _folder().iterdir() if re.fullmatch(_FILE_NAME, entry.name))


def _number(name: str) -> int:
    return int(name[:3])


def schema_text() -> str:
    """The whole schema as one text for a dashboard's SQL editor, in one transaction.

    docs/schema.sql is this text: `python -m tests.generate.schema`.
    """
    parts = [
        "-- Switchboard's schema: made from the files in sql/, do not edit. It can be run again at any time.",
        "begin;",
    ]
    parts += [f"-- {file.name}\n{file.text.strip()}" for file in schema_files()]
    return "\n\n".join([*parts, "commit;"]) + "\n"
