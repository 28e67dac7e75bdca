"""What the program answers a shell that completes a line: candidates or nothing, soon, and never an error."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
from typing import TYPE_CHECKING

from click.shell_completion import ShellComplete

from tui.cli.completion.scripts import FILES, LINE, SHELL, WORD
from tui.cli.request import Options
from tui.cli.root import PROGRAM, switchboard
from tui.locked.mode import is_locked
from tui.settings.type_folders import type_folders, use_type_folders
from tui.words.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from click.shell_completion import CompletionItem

# Somebody waits with the line half typed. Asking the database ends sooner; this also ends what cannot be cancelled,
# such as a name server that does not answer.
ANSWERS_WITHIN_S = 4.0
MOST_CANDIDATES = 200

_LAST_WORD = re.compile(r"(?:[^\s\\]|\\.)*\Z", re.DOTALL)
_NEEDS_BACKSLASH = re.compile(r"([^\w@%+=:,./-])")
# Within double quotes no backslash keeps a ! from history expansion: they are closed round it.
_WITHIN = {
    "'": str.maketrans({"'": r"'\''"}),
    '"': str.maketrans({sign: f"\\{sign}" for sign in '\\"$`'} | {"!": r'"\!"'}),
}
_OPTION_WITH_VALUE = re.compile(r"--[a-z-]+=")


def answer(environ: MutableMapping[str, str]) -> int:
    """Print the candidates for the line in the environment; whatever goes wrong, there are none. Returns 0."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, ANSWERS_WITHIN_S)
    shell, line, word = (environ.pop(name, "") for name in (SHELL, LINE, WORD))
    try:
        lines = list(_answered(shell, line, word, environ))
    except Exception:
        lines = []
    sys.stdout.write("".join(f"{text}\n" for text in lines))
    sys.stdout.flush()
    return 0


def candidates(line: str) -> list[CompletionItem[str]]:
    """Return what the last word of a line may become: whole words, each with what it is."""
    words, incomplete = split_line(line)
    name = _OPTION_WITH_VALUE.match(incomplete)
    prefix = name[0] if name else ""
    shell = ShellComplete(switchboard, {"obj": Options()}, PROGRAM, SHELL)
    items = shell.get_completions(words[1:], incomplete)
    for item in items:
        item.value = f"{prefix}{item.value}"
    # What stands in the database may be anything; a word of several lines is typed by nobody.
    return [item for item in items if item.value.isprintable()][:MOST_CANDIDATES]


def split_line(line: str) -> tuple[list[str], str]:
    """Return the words of a line as a shell reads them, and the last one, which may not have come to its end."""
    reader = _reader(line)
    words: list[str] = []
    try:
        words.extend(reader)
    except ValueError:
        # Within quotes, or behind a backslash.
        return words, reader.token
    return (words[:-1], words[-1]) if words and _last_word(line) else (words, "")


def _answered(shell: str, line: str, word: str, environ: MutableMapping[str, str]) -> Iterator[str]:
    if is_locked([*sys.argv[1:], *line.split()], environ):
        return
    use_type_folders(type_folders(environ, locked=False))
    for item in candidates(line):
        if item.type == "file":
            yield FILES
            return
        if shell != "bash":
            help_ = plain(item.help or "").replace("\t", " ")
            yield f"{item.value}\t{help_}" if help_ or shell == "zsh" else item.value
        elif (part := _part_for_bash(item.value, line, word)) is not None:
            yield part


def _reader(line: str) -> shlex.shlex:
    reader = shlex.shlex(line, posix=True)
    reader.whitespace_split, reader.commenters = True, ""
    return reader


def _open_quotes(line: str) -> tuple[str, int]:
    """Return the quotation mark that is open at the end of a line, and where it stands; no mark where none is open."""
    mark, place, index = "", 0, 0
    while index < len(line):
        sign = line[index]
        if sign == "\\" and mark != "'":
            index += 1
        elif mark:
            mark = "" if sign == mark else mark
        elif sign in _WITHIN:
            mark, place = sign, index
        index += 1
    return mark, place


def _last_word(line: str) -> str:
    """Return the last word as it was typed, with its backslashes; nothing behind a blank."""
    match = _LAST_WORD.search(line)
    return match[0] if match else ""


def _part_for_bash(value: str, line: str, word: str) -> str | None:
    """Return what bash puts in place of `word`, the end of the last word; None for another beginning than is typed."""
    mark, place = _open_quotes(line)
    if mark:
        # Bash replaces what stands behind the mark, and writes there what it is given: also $(...), which would run.
        _, before = split_line(line[:place])
        return value.removeprefix(before).translate(_WITHIN[mark]) if value.startswith(before) else None
    last = _last_word(line)
    written = _NEEDS_BACKSLASH.sub(r"\\\1", value)
    before = last.removesuffix(word)
    return written.removeprefix(before) if written.startswith(before) else None
