"""The command `keys status`: which keys this database and this machine have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.integrations.role_privileges import read_privileges
from tui.data.keys.gate import check_gate, take_census
from tui.data.keys.inventory import age_warning, days_of_active_key, read_key_inventory
from tui.data.scope import sees_everything
from tui.data.seals.sealing_keys import recorded_keys
from tui.words.integrations.description import NOT_VISIBLE
from tui.words.keys import configured_key, opened_by, recorded_key, without_key_id

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.keys.gate import Gate
    from tui.data.keys.inventory import KeyInventory
    from tui.models.envelopes import Census
    from tui.session.session import Session

LISTED_UNREADABLE = 20


@command(locked=True, needs=Requirements("any", key="required", organization=False))
async def status(session: Session, out: Output) -> None:
    """Show which key is configured, which one is in use, how old each is, and what it opens.

    Of each key that the database knows it shows the age, and how many credentials and kept versions are under it; of
    the legacy format, which programs wrote it in the last 90 days. Exits with 4 where the key is missing, too weak to
    write with, or not the one in use.
    """
    gate = await check_gate(session.database, session.keyring)
    privileges = await read_privileges(session.database)
    # Of the whole database, or not at all: a number of some organisations would read as one of all.
    counts = privileges.envelopes and await sees_everything(session.database)
    census = await take_census(session.database, session.keyring) if counts else None
    inventory = await read_key_inventory(session.database) if counts else None
    warning = age_warning(await days_of_active_key(session.database), session.settings.key_days)
    previous = [key.source for key in session.keyring.previous]
    sealing = await session.database.read(recorded_keys)
    out.record(
        _record(gate, census, inventory, previous)
        | {
            "sealing_keys": [
                {"key_id": key_id, "public_key": public_key.hex(), "state": state}
                for key_id, public_key, state in sealing
            ],
        },
        [
            *_lines(gate, census, inventory, previous),
            *(("sealing key", f"{key_id} ({state})") for key_id, _, state in sealing),
        ],
    )
    if warning:
        out.warn(*warning)
    gate.require_write()


def _record(gate: Gate, census: Census | None, inventory: KeyInventory | None, previous: list[str]) -> dict[str, Any]:
    return {
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
        "unreadable": [{"id": row_id, "reason": reason} for row_id, reason in census.unreadable] if census else None,
        "keys": [key._asdict() for key in inventory.keys] if inventory else None,
        "legacy": {"credentials": inventory.legacy_credentials, "versions": inventory.legacy_versions}
        if inventory
        else None,
        "malformed": {"credentials": inventory.malformed_credentials, "versions": inventory.malformed_versions}
        if inventory
        else None,
        "legacy_writers": [writer._asdict() for writer in inventory.legacy_writers] if inventory else None,
    }


def _lines(
    gate: Gate, census: Census | None, inventory: KeyInventory | None, previous: list[str]
) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [*configured_key(gate, previous)]
    if census is None or inventory is None:
        return [*lines, ("credentials", NOT_VISIBLE)]
    lines += [*map(recorded_key, inventory.keys), *without_key_id(inventory)]
    lines.append(("credentials", census.total))
    lines += [(f"in format {name}", count) for name, count in census.by_format.items()]
    lines += [("opened by", opened_by(name, count)) for name, count in census.by_key.items()]
    lines.append(("unreadable", len(census.unreadable)))
    lines += [("", f"{row_id} ({reason})") for row_id, reason in census.unreadable[:LISTED_UNREADABLE]]
    unlisted = len(census.unreadable) - LISTED_UNREADABLE
    return [*lines, ("", f"and {unlisted} more, which --json lists")] if unlisted > 0 else lines
