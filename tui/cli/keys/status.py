"""The command `keys status`: which keys this database and this machine have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.integrations.role_privileges import read_privileges
from tui.data.keys.gate import check_gate, take_census
from tui.data.seals.sealing_keys import recorded_keys
from tui.words.integrations import NOT_VISIBLE

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.keys.gate import Gate
    from tui.models import Census
    from tui.session.session import Session

STATE_SENTENCES = {
    "open": "the key in use",
    "unused": "no key is in use yet; this one will be recorded with the first write",
    "mixed": "opens some of the newest credentials, but not all",
    "wrong key": "not the key in use; nothing can be written",
    "weak key": "cannot be used for writing",
    "no key": "not configured; nothing can be written",
}


@command(locked=True, needs=Requirements("any", key="required", organization=False))
async def status(session: Session, out: Output) -> None:
    """Show which key is configured, which one is in use, and what it opens.

    Exits with 4 where the key is missing, too weak to write with, or not the one in use.
    """
    gate = await check_gate(session.database, session.keyring)
    privileges = await read_privileges(session.database)
    census = await take_census(session.database, session.keyring) if privileges.envelopes else None
    previous = [key.source for key in session.keyring.previous]
    sealing = await session.database.read(recorded_keys)
    out.record(
        {
            "state": gate.state,
            "key_id": gate.known_key_id,
            "source": gate.key_source,
            "recorded_key_id": gate.recorded_key_id,
            "weaknesses": list(gate.weaknesses),
            "other_reading": {"without": gate.other.wrapping, "key_id": gate.other.key_id, "state": gate.other.state}
            if gate.other
            else None,
            "previous_sources": previous,
            "by_format": census.by_format if census else None,
            "by_key": census.by_key if census else None,
            "unreadable": [{"id": row_id, "reason": reason} for row_id, reason in census.unreadable]
            if census
            else None,
            "sealing_keys": [
                {"key_id": key_id, "public_key": public_key.hex(), "state": state}
                for key_id, public_key, state in sealing
            ],
        },
        [*_lines(gate, census, previous), *(("sealing key", f"{key_id} ({state})") for key_id, _, state in sealing)],
    )
    gate.require_write()


def _lines(gate: Gate, census: Census | None, previous: list[str]) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        ("key", STATE_SENTENCES[gate.state]),
        ("key id", gate.known_key_id or "-"),
        ("comes from", gate.key_source or "-"),
        ("key id in use", gate.recorded_key_id or "none recorded yet"),
    ]
    if gate.other:
        key_id = f"key id {gate.other.key_id}: " if gate.other.key_id else ""
        # What will be recorded with the first write is the key as it is.
        state = STATE_SENTENCES[gate.other.state].partition(";")[0]
        lines.append((f"without the {gate.other.wrapping}", f"{key_id}{state}"))
    lines += [("weakness", weakness) for weakness in gate.weaknesses]
    lines += [("earlier key from", source) for source in previous]
    if census is None:
        return [*lines, ("credentials", NOT_VISIBLE)]
    lines.append(("credentials", census.total))
    lines += [(f"in format {name}", count) for name, count in census.by_format.items()]
    lines += [("opened by", f"{name}: {count}") for name, count in census.by_key.items()]
    lines.append(("unreadable", len(census.unreadable)))
    return lines + [("", f"{row_id} ({reason})") for row_id, reason in census.unreadable]
