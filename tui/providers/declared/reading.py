"""Reads a definition file: TOML becomes a definition, or the list of all its mistakes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.providers.declared.checks import read_check, read_numbers, read_shown
from tui.providers.declared.definition import Control, Definition
from tui.providers.declared.fields import NAME, NAME_RULE, read_fields
from tui.providers.declared.look_alikes import mixed_alphabets
from tui.providers.declared.tables import Mistake, Notes, Table, quoted
from tui.settings.checked_file import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.providers.declared.definition import Origin
    from tui.providers.declared.lines import KeyLines

MOST_BYTES = 64_000
TITLE_MOST = 60
HELP_MOST = 1000
UNCONFIRMED_MOST = 500
MOST_DOCUMENTS = 10

_SHA256 = re.compile("[0-9a-f]{64}")
_URL = re.compile(r"https://[!$&'()*+,./0-9:;=?@A-Z_a-z~#%-]+")
_TOLD_LINE = re.compile(r"\(at line ([0-9]{1,6}), ")


class Mistakes(NamedTuple):
    """What is wrong with a file, in the order of its lines; of one that cannot be read at all, why not."""

    path: Path
    origin: Origin
    mistakes: tuple[Mistake, ...]


def read_definition(path: Path, content: bytes, origin: Origin) -> Definition | Mistakes:
    """Read the content of a file. It raises nothing, whatever the content is."""
    file = shown_path(path)
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        sentence = f"Line {line} of {file} is not UTF-8 text. Save the file as UTF-8."
        return Mistakes(path, origin, (Mistake(line, sentence),))
    if len(content) > MOST_BYTES:
        return unreadable(path, origin, f"{file} is larger than {MOST_BYTES // 1000} kB.")
    if text.startswith("\ufeff"):
        return unreadable(path, origin, f"{file} begins with a byte order mark. Save it as UTF-8 without one.")
    lines = cache(lambda: _key_lines(text))
    # Those of the package have no mistake, and are read at every start: nobody looks for their lines.
    if origin != "shipped" and (deep := lines().too_deep_line) is not None:
        sentence = f"Line {deep} of {file} is nested too deeply. Compare it with `switchboard types new NAME`."
        return Mistakes(path, origin, (Mistake(deep, sentence),))
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Mistakes(path, origin, (_not_toml(file, error, lines()),))
    notes = Notes(file, lines)
    definition = _read(Table(values, (), notes, "a definition file"), values, path, origin)
    return Mistakes(path, origin, notes.mistakes) if notes.mistakes else definition


def _key_lines(text: str) -> KeyLines:
    from tui.providers.declared.lines import key_lines

    return key_lines(text)


def unreadable(path: Path, origin: Origin, sentence: str) -> Mistakes:
    """Return what is wrong with a file as a whole."""
    return Mistakes(path, origin, (Mistake(None, sentence),))


def shown_path(path: Path) -> str:
    """Return a path as it can stand in a sentence, with ~ for the user's own folder."""
    home = os.path.expanduser("~")  # noqa: PTH111
    text = printable(path)
    return f"~{text.removeprefix(home)}" if len(home) > 1 and text.startswith(f"{home}/") else text


def sha256_of(values: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of a table as JSON in ASCII without blanks, its keys sorted at every depth."""
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def _read(top: Table, values: Mapping[str, Any], path: Path, origin: Origin) -> Definition:
    name = top.text("name", 50, required=True)
    if name and not NAME.fullmatch(name):
        top.note("name", f"{NAME_RULE}; there is {quoted(name)}.")
    elif name and path.name != f"{name}.toml":
        top.note("name", f"is {quoted(name)}, so the file has to be called {name}.toml.")
    title = top.text("title", TITLE_MOST, required=True)
    if mixed := mixed_alphabets(title):
        top.note("title", f"has letters of several alphabets that look alike ({mixed}); write it in one of them.")
    help_ = top.text("help", HELP_MOST, required=True)
    documentation = top.texts("documentation", MOST_DOCUMENTS, 300)
    for place, url in enumerate(documentation):
        if not _URL.fullmatch(url):
            top.notes.add(
                ("documentation", place), f"documentation has addresses with https://; there is {quoted(url)}."
            )
    unconfirmed = top.text("unconfirmed", UNCONFIRMED_MOST)
    # Those of the package are tried by a test, and no start waits for it.
    fields = read_fields(top, tries_values=origin != "shipped")
    check = read_check(top, fields, origin)
    shown = read_shown(top, check)
    numbers = read_numbers(top, fields, check)
    control = _control(top)
    top.end()
    is_whole = not top.notes.mistakes
    return Definition(
        name=name,
        title=title,
        help=help_,
        documentation=documentation,
        unconfirmed=unconfirmed,
        fields=fields.shown,
        hidden=fields.hidden,
        check=check,
        show=shown,
        numbers=numbers,
        control=control,
        origin=origin,
        path=path,
        # Of what has mistakes not everything has a place in JSON.
        sha256=sha256_of({key: value for key, value in values.items() if key != "control"}) if is_whole else "",
        check_sha256=sha256_of(values["check"]) if is_whole and check else "",
    )


def _control(top: Table) -> Control | None:
    table = top.table("control", "[control]")
    if table is None:
        return None
    day, digest = table.value("date"), table.value("sha256")
    table.end()
    if not isinstance(day, date) or isinstance(day, datetime):
        table.note("date", "is a day without quotes, such as 2026-11-30, as `switchboard types check` writes it.")
    elif not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        table.note("sha256", "has 64 digits from 0 to f, as `switchboard types check` writes them.")
    else:
        return Control(day, digest)
    return None


def _not_toml(file: str, error: Exception, lines: KeyLines) -> Mistake:
    """Return the mistake of a text that is not TOML: its line, where tomllib says one."""
    told = _TOLD_LINE.search(str(error))
    line = int(told[1]) if told else None
    if lines.repeated is not None and (line is None or lines.repeated.line <= line):
        name, again, first = lines.repeated
        return Mistake(again, f"Line {again} of {file} sets {quoted(name)}, which line {first} has set already.")
    expected = 'A line is a key = "text", a [table], or a # comment.'
    if not isinstance(error, tomllib.TOMLDecodeError):
        # Python reads no number of more than 4300 digits.
        return Mistake(None, f"{file} has a number with too many digits. {expected}")
    where = f"Line {line} of {file}" if line else f"The end of {file}"
    return Mistake(line, f"{where} is not TOML. {expected}")
