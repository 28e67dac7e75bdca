"""What the catalogue says after a fresh installation: the yardstick that travels with the program."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from tui.data.schema.roles import ROLES
from tui.data.schema.shape import CatalogueEntry

if TYPE_CHECKING:
    from collections.abc import Iterable

GRANTED_ROLES = ("service_role", "authenticated", *ROLES)


@cache
def expected_shape() -> frozenset[CatalogueEntry]:
    """The entries that hold on every installation; those of a role hold only where the role exists.

    The file expected.jsonl is made anew after a change to sql/: `python -m tests.generate.schema`.
    """
    text = resources.files("tui.data.schema").joinpath("expected.jsonl").read_text(encoding="utf-8")
    return frozenset(CatalogueEntry(*json.loads(line)) for line in text.splitlines())


def portable(entries: Iterable[CatalogueEntry]) -> list[CatalogueEntry]:
    """Leave out of a shape what differs between databases: the views' texts, and the grants of other roles."""
    portable_entries = []
    for entry in entries:
        if entry.kind == "view":
            portable_entries.append(CatalogueEntry("view", entry.name, ""))
        elif entry.kind != "grant" or entry.name.rpartition(" to ")[2] in GRANTED_ROLES:
            portable_entries.append(entry)
    return sorted(portable_entries)
