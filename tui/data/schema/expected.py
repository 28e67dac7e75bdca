"""What the catalogue says after a fresh installation: the yardstick that travels with the program."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from tui.data.schema.preflight import ROLES
from tui.data.schema.shape import Line

if TYPE_CHECKING:
    from collections.abc import Iterable

GRANTED_ROLES = ("service_role", "authenticated", *ROLES)


@cache
def expected_shape() -> frozenset[Line]:
    """The lines that hold on every installation; those of a role hold only where the role exists.

    The file expected.jsonl is made anew after a change to sql/: `python -m tests.generate.schema`.
    """
    text = resources.files("tui.data.schema").joinpath("expected.jsonl").read_text(encoding="utf-8")
    return frozenset(Line(*json.loads(line)) for line in text.splitlines())


def portable(lines: Iterable[Line]) -> list[Line]:
    """Leave out of a shape what differs between databases: the views' texts, and the grants of other roles."""
    kept = []
    for line in lines:
        if line.kind == "view":
            kept.append(Line("view", line.name, ""))
        elif line.kind != "grant" or line.name.rpartition(" to ")[2] in GRANTED_ROLES:
            kept.append(line)
    return sorted(kept)


def as_json_lines(lines: Iterable[Line]) -> str:
    """The text of expected.jsonl."""
    return "".join(json.dumps([line.kind, line.name, line.text]) + "\n" for line in portable(lines))
