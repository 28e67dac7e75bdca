"""The `.env` file: read only where python-dotenv, Node's dotenv and sh agree, and written so that they do."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.errors import ConfigError
from tui.settings.checked_file import printable, read_checked, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dotenv.parser import Binding

_ENTRY = r"(?s)\s*(?P<export>export[ \t]+)?(?P<name>[^=\s]+)(?P<blanks>[^\S\r\n]*)=(?P<raw>.*?)(?P<end>\r\n|\n|\r)?\Z"
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
# A name in quotes is one before = alone: JSON has them before a colon.
_FIRST_WORD = r"\s*(?:export[ \t]+)?(['\"])?(?P<name>[A-Za-z_][A-Za-z0-9_-]*)(?(1)['\"]?[ \t]*=)"
_LINE_END = re.compile(r"\r\n|\n|\r")
_SURROGATE = "[\ud800-\udfff]"
_REST_OF_LINE = r"(?:[ \t]*|[ \t]+#[^\r\n]*)"
_BLANKS_OR_COMMENT = _REST_OF_LINE
# python-dotenv undoes \\ and \' within single quotes, sh and Node's dotenv do not.
_SINGLE_QUOTED = rf"(?s)'((?:[^'\\]|\\[^'\\])*)'{_REST_OF_LINE}"
# Within double quotes sh expands $ and `, and no two readers agree on the backslash.
_DOUBLE_QUOTED = rf'(?s)"([^"\\$`]*)"{_REST_OF_LINE}'
_NEEDS_QUOTES = r"""[#$'"`\\\s]"""


def read_env_file(
    path: Path, is_ours: Callable[[str], bool], *, of_root: bool = False, warnings: list[str] | None = None
) -> dict[str, str] | None:
    """Return the values of the names that `is_ours` accepts, without interpolation; None where there is no file.

    A folder of that name (a virtual environment, for one) counts as no file. Raises ConfigError where the file is a
    symbolic link, belongs to somebody else, can be written or read by others, is UTF-16, or holds a line of ours that
    is no UTF-8 text or that another reader of the file would read differently; with `of_root` also where anybody but
    root could have put it there. A sentence that names the lines of other programs that cannot be read is added to
    `warnings`.
    """
    content = read_checked(path, of_root=of_root)
    if content is None:
        return None
    entries, unreadable = _parse_entries(path, content, is_ours)
    if warnings is not None:
        warnings += [_warning(path, lines, *why) for why, lines in unreadable.items()]
    return {name: entry.value for name, entry in entries.items()}


def write_env_values(path: Path, values: Mapping[str, str]) -> None:
    """Set names in a `.env` file, leaving every other line as it is, byte for byte; the file ends up with mode 0600.

    Written beside it and renamed, so that a reader sees the old file or the new one. Raises ConfigError for a symbolic
    link, a file of somebody else, a file that cannot be read strictly, and a value that no notation carries to
    python-dotenv, Node's dotenv and sh alike; nothing is written then.
    """
    content = read_checked(path, for_writing=True)
    old = "" if content is None else _decode(content)
    present, _ = _parse_entries(path, content or b"", values.__contains__)
    newline = "\r\n" if "\r\n" in old else "\n"
    new = old
    # From the last to the first, so that each place is still where it was read.
    for name, entry in sorted(present.items(), key=lambda item: item[1].start, reverse=True):
        new = f"{new[: entry.start]}{env_line(name, values[name])}{new[entry.end :]}"
    for name in [name for name in values if name not in present]:
        gap = newline if new and not new.endswith(("\n", "\r")) else ""
        new = f"{new}{gap}{env_line(name, values[name])}{newline}"
    encoded = new.encode(errors="surrogateescape")
    entries, _ = _parse_entries(path, encoded, values.__contains__)
    if {name: entry.value for name, entry in entries.items()} != dict(values):
        raise ConfigError(f"{printable(path)} could not be changed safely.", "Edit it by hand.")
    replace_file(path, encoded)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class _Entry:
    """The value of a name of ours, and where `NAME=value` stands in the text, without its line end."""

    value: str
    start: int
    end: int


# Of one line, and of several.
_NOT_AN_ENTRY = ("is not NAME=value", "are not NAME=value")
_NOT_UTF8 = ("cannot be read as UTF-8", "cannot be read as UTF-8")


def _parse_entries(
    path: Path, content: bytes, is_ours: Callable[[str], bool]
) -> tuple[dict[str, _Entry], dict[tuple[str, str], list[int]]]:
    """Return the entries of our names, and the numbers of other programs' unreadable lines, by what is wrong."""
    text = _decode(content)
    # Windows' editors put a byte order mark in front; python-dotenv and Node's dotenv both read past it.
    start = len(text) - len(text.removeprefix("\ufeff"))
    entries: dict[str, _Entry] = {}
    lines: dict[str, int] = {}
    unreadable: dict[tuple[str, str], list[int]] = {}
    for line, original, binding in _parse_bindings(text[start:]):
        where = f"Line {line} of {printable(path)}"
        name = binding.key
        is_text = not re.search(_SURROGATE, original)
        if not is_text or binding.error or (name is not None and binding.value is None):
            first = re.match(_FIRST_WORD, original)
            if first and is_ours(first["name"]):
                raise _line_error(where, is_text=is_text, is_error=binding.error)
            unreadable.setdefault(_NOT_AN_ENTRY if is_text else _NOT_UTF8, []).append(line)
        elif name is not None and is_ours(name):
            if name in lines:
                raise ConfigError(
                    f"{where} sets {name}, which line {lines[name]} has set already.", "Keep the one that is right."
                )
            lines[name] = line
            parts = re.fullmatch(_ENTRY, original)
            if parts is None or parts["name"] != name or not re.fullmatch(_NAME, name):
                raise ConfigError(f"{where} does not name its variable plainly.", "Write NAME='value'.")
            value = _parse_value(parts, binding.value, where)
            entries[name] = _Entry(value, start + parts.start("name"), start + parts.end("raw"))
        start += len(original)
    return entries, unreadable


def _parse_bindings(text: str) -> Iterator[tuple[int, str, Binding]]:
    """Yield the number, the text and the binding of each piece; an unreadable piece ends with its first line.

    python-dotenv would extend it to the next quote, and swallow lines of ours with it.
    """
    # Needed where there is a file, and of two dozen patterns.
    from dotenv.parser import parse_stream

    first = 0
    while text:
        length = 0
        for binding in parse_stream(io.StringIO(text, newline="")):
            original = binding.original.string
            blanks = original[: len(original) - len(original.lstrip())]
            line = first + binding.original.line + len(_LINE_END.findall(blanks))
            cut = _LINE_END.search(original, len(blanks)) if binding.error else None
            is_cut = cut is not None and cut.end() < len(original)
            original = original[: cut.end()] if cut else original
            length += len(original)
            yield line, original, binding
            if is_cut:
                first = line
                break
        text = text[length:]


def _line_error(where: str, *, is_text: bool, is_error: bool) -> ConfigError:
    """Return the error for a line with a name of ours that cannot be read."""
    if not is_text:
        return ConfigError(f"{where} is not UTF-8 text.", "Save the file as UTF-8.")
    if is_error:
        return ConfigError(f"{where} cannot be read.", "Write NAME='value', with both quotes; a comment begins with #.")
    return ConfigError(f"{where} has no =.", "Write NAME='value', or put # in front.")


def _warning(path: Path, lines: list[int], singular: str, plural: str) -> str:
    """Return the sentence that names lines of other programs, at most three of them."""
    if len(lines) == 1:
        return f"Line {lines[0]} of {printable(path)} {singular} and was ignored."
    first = [str(line) for line in lines[:3]]
    last = first.pop() if len(lines) <= 3 else f"{len(lines) - 3} more"
    return f"Lines {', '.join(first)} and {last} of {printable(path)} {plural} and were ignored."


def _parse_value(parts: re.Match[str], as_python_dotenv: str | None, where: str) -> str:
    """Return the value that every reader agrees on. Raises ConfigError where they would not."""
    name, raw = parts["name"], parts["raw"]
    use_quotes = f"Write {name}='...' with single quotes round the value."
    if parts["blanks"] or (raw[:1] in {" ", "\t"} and not re.fullmatch(_BLANKS_OR_COMMENT, raw)):
        raise ConfigError(f"{where} has spaces round the = of {name}.", f"Write {name}='...' without spaces.")
    if re.fullmatch(_BLANKS_OR_COMMENT, raw):
        value = ""
    elif raw[0] == "'" and (single := re.fullmatch(_SINGLE_QUOTED, raw)):
        value = single[1]
    elif raw[0] == '"' and (double := re.fullmatch(_DOUBLE_QUOTED, raw)):
        value = double[1]
    elif raw[0] == "'":
        raise ConfigError(
            f"{where}: the value of {name} holds \\\\ or \\' within single quotes, which readers read differently.",
            "Use another value, or keep a master key in a file (ENCRYPTION_MASTER_KEY_FILE).",
        )
    elif raw[0] == '"':
        raise ConfigError(
            f'{where}: the value of {name} holds one of \\ $ ` " within double quotes, which readers read differently.',
            use_quotes,
        )
    elif re.search(_NEEDS_QUOTES, raw):
        raise ConfigError(
            f"{where}: the value of {name} holds a space, #, $, \\ or a quote and has no quotes round it, so other "
            "readers of the file would cut it.",
            use_quotes,
        )
    else:
        value = raw
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ConfigError(f"{where}: the value of {name} holds a line break or a control character.", use_quotes)
    if value != as_python_dotenv:
        raise ConfigError(f"{where}: readers of .env read the value of {name} differently.", use_quotes)
    return value


def env_line(name: str, value: str) -> str:
    """Return NAME='value', which python-dotenv, Node's dotenv and sh all read alike. Raises ConfigError."""
    if not any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        if re.fullmatch(_SINGLE_QUOTED, f"'{value}'"):
            return f"{name}='{value}'"
        if re.fullmatch(_DOUBLE_QUOTED, f'"{value}"'):
            return f'{name}="{value}"'
    raise ConfigError(
        f"The value of {name} holds characters that the readers of .env read differently.",
        "Percent-encode them in a connection string; keep a master key in a file (ENCRYPTION_MASTER_KEY_FILE).",
    )


def _decode(content: bytes) -> str:
    """Decode, with a lone surrogate for each byte that is no UTF-8: another program's line may be in Latin-1."""
    return content.decode("utf-8", "surrogateescape")
