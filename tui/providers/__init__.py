"""The integration types by name, and what is asked of any of them."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.errors import UnknownType
from tui.providers import integration_types
from tui.settings.type_folders import type_folders_in_use

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.declared.definition import Definition
    from tui.providers.declared.reading import Mistakes
    from tui.providers.fields import IntegrationType
    from tui.settings.type_folders import TypeFolders


def registry() -> Mapping[str, IntegrationType]:
    """Return every integration type by its name: the built-in ones, then the declared ones.

    Files are read when this is first asked, from the folders in use, and once more after `use_type_folders`.
    """
    return _read(type_folders_in_use())[0]


def type_file_mistakes() -> tuple[Mistakes, ...]:
    """Return what is wrong with the definition files that declare no type because of it."""
    return _read(type_folders_in_use())[1]


def type_titles() -> Mapping[str, str]:
    """Return what people call each type, by its name, in the order of the registry.

    Where nobody has added a file, no file of the package is read beyond its title: the first rows need no more.
    """
    return _titles(type_folders_in_use())


@lru_cache(maxsize=1)
def _titles(folders: TypeFolders) -> Mapping[str, str]:
    from tui.providers.declared.titles import has_files, shipped_titles

    if has_files(folders):
        return {name: type_.title for name, type_ in registry().items()}
    return {name: type_.title for name, type_ in _built_in_types().items()} | shipped_titles()


@lru_cache(maxsize=1)
def _read(folders: TypeFolders) -> tuple[Mapping[str, IntegrationType], tuple[Mistakes, ...]]:
    from tui.providers.declared.types import declared_types

    types = _built_in_types()
    declared, mistakes = declared_types(folders, types)
    return MappingProxyType(types | declared), mistakes


@cache
def _built_in_types() -> dict[str, IntegrationType]:
    """Return the built-in types, in the order of the modules and of their TYPES.

    A module that is added to the package adds its own, and nothing else changes. Raises ValueError where two claim one
    name.
    """
    types: dict[str, IntegrationType] = {}
    package = integration_types
    for module in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
        for type_ in importlib.import_module(f"{package.__name__}.{module}").TYPES:
            if type_.name in types:
                raise ValueError(f"two integration types are called {type_.name}")
            types[type_.name] = type_
    return types


def known_type(name: str) -> IntegrationType | None:
    """Return the type of that name, None where nobody here knows it. No file is read for a built-in one."""
    return _built_in_types().get(name) or registry().get(name)


def integration_type(name: str) -> IntegrationType:
    """Return the type of that name; raises UnknownType, which names the known ones and the nearest."""
    if (type_ := known_type(name)) is not None:
        return type_
    if has_mistake(name):
        raise UnknownType(
            f"There is no integration type {name[:50]!a}, as its file has a mistake.",
            "See `switchboard types list`, which names each one.",
        )
    import difflib

    types = type_titles()
    text = name.lower()[:50]
    nearest = [candidate for candidate in types if text in candidate]
    if len(nearest) != 1:
        nearest = difflib.get_close_matches(text, types, n=1)
    hint = f"Did you mean {nearest[0]}? " if nearest else ""
    raise UnknownType(f"There is no integration type {name[:50]!a}.", f"{hint}The types are {', '.join(types)}.")


def has_mistake(name: str) -> bool:
    """Whether a file of that type is there, and declares none because of a mistake."""
    return any(file.path.stem == name for file in type_file_mistakes())


def definitions() -> list[Definition]:
    """Return the definitions of the declared types."""
    return [type_.definition for type_ in registry().values() if type_.definition is not None]


def is_check_proven(name: str) -> bool:
    """Whether the check of the type of that name was seen to say no; of a type that nobody here knows nobody knows."""
    type_ = known_type(name)
    return type_ is not None and type_.is_check_proven


def is_secret(name: str, field: str) -> bool:
    """Whether a field of the type of that name is secret; what nobody here knows is."""
    type_ = known_type(name)
    definition = type_.field(field) if type_ and field else None
    return definition is None or definition.secret


def title_of(name: str) -> str:
    """Return what people call the type of that name; a type nobody here knows is called by its name."""
    return type_titles().get(name, name)
