"""The driver's versions, so that it need not ask importlib.metadata for them."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from types import ModuleType

PACKAGES = ("psycopg", "psycopg_binary")


def name_driver_versions() -> None:
    """Give psycopg its versions, as the folders beside its packages name them; else it asks by itself.

    What it would import for that (email, csv, zipfile) takes some 15 ms of the console's start and of every command.
    """
    for package in PACKAGES:
        if package not in sys.modules and (version := _installed_version(package)) is not None:
            module = ModuleType(f"{package}.version")
            vars(module)["__version__"] = version
            sys.modules[module.__name__] = module


def _installed_version(package: str) -> str | None:
    """Return the version in the name of the one folder PACKAGE-VERSION.dist-info, None where that is not to be seen.

    https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.origin:
        return None
    beginning, end = f"{package}-", ".dist-info"
    try:
        names = os.listdir(os.path.dirname(os.path.dirname(spec.origin)))  # noqa: PTH120, PTH208
    except OSError:
        return None
    versions = [name[len(beginning) : -len(end)] for name in names if name.startswith(beginning) and name.endswith(end)]
    return versions[0] if len(versions) == 1 else None
