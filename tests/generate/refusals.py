"""Writes docs/refusals.md: what Switchboard makes of each refusal, by asking a server that refuses so.

Run it: python -m tests.generate.refusals
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.servers.refusals import REFUSALS
from tests.support.servers.refusing import refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.support.servers.refusals import Refusal
    from tui.errors import SwitchboardError

DOCUMENT = Path(__file__).parents[2] / "docs/refusals.md"

_BEGINNING = """# Refusals

What a database, a pooler or libpq refuses a connection with, and what Switchboard says about it. Behind both sentences
stand the server's own words, on one line and without a password. The list is made from
tests/support/servers/refusals.py by asking a server that refuses in each of these ways.
"""


def refusals_document(failures: Mapping[Refusal, SwitchboardError]) -> str:
    """Return docs/refusals.md."""
    lines = [_BEGINNING]
    for source in dict.fromkeys(refusal.source for refusal in REFUSALS):
        lines += [f"## {source}", "", "| SQLSTATE | it says | Switchboard says | and what to do |", "|---|---|---|---|"]
        for refusal, failure in failures.items():
            if refusal.source == source:
                remedy = failure.what_to_do.partition(" The server said: ")[0].partition(" The driver said: ")[0]
                cells = (refusal.sqlstate, " ".join(refusal.text.split()), failure.sentence, remedy)
                lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


async def meet_every_refusal() -> dict[Refusal, SwitchboardError]:
    """Provoke every refusal of the table, and return the failure that each becomes."""
    return {refusal: await refused(refusal.when, refusal.sqlstate, refusal.text) for refusal in REFUSALS}


if __name__ == "__main__":
    DOCUMENT.write_text(refusals_document(asyncio.run(meet_every_refusal())), encoding="utf-8")
