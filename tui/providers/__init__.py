"""The integration types: every module of this package that defines TYPES adds its own, and nothing else changes."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from tui.errors import UnknownType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.providers.fields import IntegrationType


@cache
def registry() -> Mapping[str, IntegrationType]:
    """Return every integration type by its name, in the order of the modules and of their TYPES.

    Raises ValueError where two modules claim one name.
    """
    types: dict[str, IntegrationType] = {}
    for module in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        for known in getattr(importlib.import_module(f"{__name__}.{module}"), "TYPES", ()):
            if known.name in types:
                raise ValueError(f"two integration types are called {known.name}")
            types[known.name] = known
    return MappingProxyType(types)


def integration_type(name: str) -> IntegrationType:
    """Return the type of that name; raises UnknownType, which names the known ones and the nearest."""
    known = registry()
    if name in known:
        return known[name]
    import difflib

    text = name.lower()[:50]
    nearest = [candidate for candidate in known if text in candidate]
    if len(nearest) != 1:
        nearest = difflib.get_close_matches(text, known, n=1)
    meant = f"Did you mean {nearest[0]}? " if nearest else ""
    raise UnknownType(f"There is no integration type {name[:50]!a}.", f"{meant}The types are {', '.join(known)}.")


def is_secret(name: str, field: str) -> bool:
    """Whether a field of the type of that name is secret; what nobody here knows is."""
    known = registry().get(name)
    definition = known.field(field) if known and field else None
    return definition is None or definition.secret


def title_of(name: str) -> str:
    """Return what people call the type of that name; a type nobody here knows is called by its name."""
    known = registry().get(name)
    return known.title if known else name
