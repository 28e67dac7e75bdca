"""What the catalogue says after a fresh installation: the yardstick that travels with the program."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from tui.data.schema.roles import ROLES
from tui.data.schema.shape import CatalogueEntry

GRANTED_ROLES = ("service_role", "authenticated", *ROLES)


@cache
def expected_shape() -> frozenset[CatalogueEntry]:
    """The entries that hold on every installation; those of a role hold only where the role exists.

    The file expected.jsonl is made anew after a change to sql/: `python -m tests.generate.schema`.
    """
    text = resources.files("tui.data.schema").joinpath("expected.jsonl").read_text(encoding="utf-8")
    return frozenset(CatalogueEntry(*json.loads(line)) for line in text.splitlines())
