"""Finds the definition files: those of the package, root's and the user's, of which each only adds to those before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tui.errors import ConfigError
from tui.providers.declared.look_alikes import look
from tui.providers.declared.reading import MOST_BYTES, Mistakes, read_definition, shown_path, unreadable
from tui.providers.declared.titles import SHIPPED as OF_PACKAGE
from tui.providers.declared.titles import type_files
from tui.settings.checked_file import read_checked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tui.providers.declared.definition import Definition, Origin
    from tui.settings.type_folders import TypeFolders

MOST_FILES = 100
SHIPPED = Path(OF_PACKAGE)


class ReadTypes(NamedTuple):
    """The definitions without a mistake, by name, and the files that have some."""

    definitions: Mapping[str, Definition]
    mistakes: tuple[Mistakes, ...]


def read_types(folders: TypeFolders, built_in: Mapping[str, str]) -> ReadTypes:
    """Read all files. `built_in` has the titles of the built-in types by name: none of these is declared again.

    Root's never takes the place of a shipped one, and the user's of neither. A file with a mistake is left out.
    """
    definitions: dict[str, Definition] = {}
    mistakes: list[Mistakes] = []
    titles = {look(title): name for name, title in built_in.items()}
    for outcome in _every_file(folders):
        if isinstance(outcome, Mistakes):
            mistakes.append(outcome)
        elif (taken := _taken(outcome, built_in, definitions, titles)) is not None:
            mistakes.append(taken)
        else:
            definitions[outcome.name] = outcome
            titles[look(outcome.title)] = outcome.name
    return ReadTypes(definitions, tuple(mistakes))


def read_file(path: Path, origin: Origin) -> Definition | Mistakes:
    """Read one file, after a look at whose it is. Those of the package belong to whoever installed it."""
    try:
        content: bytes | None = path.read_bytes() if origin == "shipped" else read_content(path, origin)
    except ConfigError as error:
        return unreadable(path, origin, str(error))
    except OSError as error:
        return unreadable(path, origin, f"{shown_path(path)} cannot be read: {error.strerror}.")
    if content is None:
        what = "is a folder. Put a file there" if path.is_dir() else "is not there. Check its name"
        return unreadable(path, origin, f"{shown_path(path)} {what}.")
    return read_definition(path, content, origin)


def read_content(path: Path, origin: Origin) -> bytes | None:
    """Return what a file outside the package holds; None where there is none. Raises ConfigError as read_checked."""
    return read_checked(path, of_root=origin == "root", others_may_read=True, most_bytes=MOST_BYTES, other_way="")


def _every_file(folders: TypeFolders) -> Iterator[Definition | Mistakes]:
    yield from _files_of(SHIPPED, "shipped")
    if folders.root is not None:
        yield from _files_of(Path(folders.root), "root")
    if folders.user is not None:
        yield from _files_of(Path(folders.user), "user")


def _files_of(folder: Path, origin: Origin) -> Iterator[Definition | Mistakes]:
    try:
        names = type_files(str(folder))
    except OSError as error:
        yield unreadable(folder, origin, f"The folder {shown_path(folder)} cannot be read: {error.strerror}.")
        return
    if len(names) > MOST_FILES:
        sentence = f"The folder {shown_path(folder)} has more than {MOST_FILES} files; the others are not read."
        yield unreadable(folder, origin, sentence)
    for name in names[:MOST_FILES]:
        yield read_file(folder / name, origin)


def _taken(
    definition: Definition, built_in: Mapping[str, str], earlier: Mapping[str, Definition], titles: Mapping[str, str]
) -> Mistakes | None:
    """Return why a name or a title cannot be had; None where it can."""
    name, title = definition.name, definition.title
    if name in built_in:
        problem = f"declares {name}, which is a built-in type"
    elif name in earlier:
        whose = {"shipped": "of the package", "root": "of root", "user": "of yours"}[earlier[name].origin]
        problem = f"declares {name}, which a file {whose} declares already"
    elif look(title) in titles:
        problem = f"has the title of the type {titles[look(title)]}, or one that looks like it"
    else:
        return None
    return unreadable(
        definition.path, definition.origin, f"{shown_path(definition.path)} {problem}. Give it another one."
    )
