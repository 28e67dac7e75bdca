"""Tells whether git ignores or tracks a file, from the ignore files and the index of its work tree, without git."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Literal

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from tui.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

GitIgnoreState = Literal["not in git", "ignored", "not ignored", "tracked"]

_TRAILING_SPACES = re.compile(r"(?<!\\) +\Z")
_LAST_STARS = re.compile(r"(\A!?|/)(\*?)\*(/?)\Z")
# Of a pattern that pathspec has translated: a negated set, but not its own for "anything but /".
_NEGATED_SET = re.compile(r"\[\^(?!/\])")


def git_ignore_state(path: Path) -> GitIgnoreState:
    """Tell whether a file lies in a git work tree, and what git would do with it; it need not exist.

    Reads every .gitignore from the top of the work tree down to the file's folder and .git/info/exclude
    (https://git-scm.com/docs/gitignore), not the user's global ignore file: that one is not there for the next person
    who clones. "tracked" means that git has it already, so that ignoring it changes nothing.
    """
    path = path.parent.resolve() / path.name
    tree = _work_tree(path.parent)
    if tree is None:
        return "not in git"
    git_folder, common_folder = _git_folders(tree / ".git")
    parts = path.relative_to(tree).parts
    if _is_tracked(git_folder / "index", "/".join(parts)):
        return "tracked"
    # The outermost file comes first, and the last pattern that matches decides.
    sources = [(common_folder / "info" / "exclude", 0)]
    sources += [(tree.joinpath(*parts[:depth], ".gitignore"), depth) for depth in range(len(parts))]
    patterns = [(depth, pattern) for file, depth in sources for pattern in _read_patterns(file)]
    for length in range(1, len(parts) + 1):
        ignored = False
        for depth, pattern in patterns:
            name = "/".join(parts[depth:length]) + "/" * (length < len(parts))
            if depth < length and _matches(pattern, name):
                ignored = bool(pattern.include)
        if ignored:
            # git never looks into an ignored folder, so nothing in it can be taken back.
            return "ignored"
    return "not ignored"


def add_to_gitignore(path: Path) -> Path:
    """Add a line for exactly this file to the .gitignore beside it, and return that file's path.

    Raises ConfigError where it cannot be written or is a symbolic link.
    """
    file = path.parent / ".gitignore"
    name = re.sub(r"([\\*?\[\] ])", r"\\\1", path.name)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "r+b") as opened:
            content = opened.read()
            gap = b"" if not content or content.endswith(b"\n") else b"\n"
            opened.write(gap + os.fsencode(f"/{name}\n"))
    except OSError as exc:
        raise ConfigError(
            f"The .gitignore beside {path.name} cannot be written: {exc.strerror}.", f"Add the line /{name} to it."
        ) from None
    return file


def _work_tree(folder: Path) -> Path | None:
    return next((place for place in (folder, *folder.parents) if (place / ".git").exists()), None)


def _git_folders(entry: Path) -> tuple[Path, Path]:
    """Return the folders of the index and of info/exclude; in a linked work tree they are two, named in files."""
    if entry.is_dir():
        return entry, entry
    folder = entry.parent / _read_text(entry).removeprefix("gitdir:").strip()
    common = _read_text(folder / "commondir").strip()
    return folder, folder / common if common else folder


def _is_tracked(index: Path, name: str) -> bool:
    """Look for an entry of the index with that name: flags with its length, the name, and a zero byte.

    https://git-scm.com/docs/index-format, versions 2 and 3; the top four bits of the flags may be anything.
    """
    encoded = os.fsencode(name)
    length = min(len(encoded), 0xFFF)
    high = bytes(bits << 4 | length >> 8 for bits in range(16))
    entry = b"[" + re.escape(high) + b"]" + re.escape(bytes([length & 0xFF])) + b"(?:..)?" + re.escape(encoded) + b"\0"
    try:
        return re.search(entry, index.read_bytes(), re.DOTALL) is not None
    except OSError:
        return False


def _read_patterns(file: Path) -> list[GitIgnoreSpecPattern]:
    # git does not follow a symbolic link here either.
    lines = [] if file.is_symlink() else _read_text(file).removeprefix("\ufeff").split("\n")
    return [pattern for line in lines if (pattern := _parse_pattern(line.removesuffix("\r"))) is not None]


def _parse_pattern(line: str) -> GitIgnoreSpecPattern | None:
    """Return the pattern of a line, written so that pathspec takes it as git does; None where it can match nothing."""
    line = _TRAILING_SPACES.sub("", line)
    if line.endswith("\t"):
        # pathspec strips it, git does not.
        return None
    # pathspec lets a last ** match the folder before it, and a last * the whole of any path.
    line = _LAST_STARS.sub(lambda match: f"{match[1]}{'**/' if match[2] else ''}?*{match[3]}", line)
    try:
        # A [ within brackets makes re warn, into the middle of a screen.
        with warnings.catch_warnings(action="ignore", category=FutureWarning):
            translated = GitIgnoreSpecPattern(line)
            if translated.regex is None:
                return None
            # In git no set matches a /.
            regex = re.compile(_NEGATED_SET.sub("(?!/)[^", translated.regex.pattern))
            return GitIgnoreSpecPattern(regex, include=translated.include)
    except (ValueError, re.error):
        return None


def _matches(pattern: GitIgnoreSpecPattern, name: str) -> bool:
    """Tell whether a pattern matches exactly this name, which ends with / for a folder."""
    # Its one group is the / of a folder that matches, anywhere in the name.
    result = pattern.match_file(name)
    return result is not None and (result.match.lastgroup is None or result.match.end() == len(name))


def _read_text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "surrogateescape")
    except (OSError, UnicodeError):
        return ""
