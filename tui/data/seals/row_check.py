"""Whether one row of the log is as it was sealed: its hour alone is compared with the seal of that hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from tui.data.seals.chain import Seal, newest_seal, seal_of_hour
from tui.data.seals.changed_rows import changed_rows
from tui.data.seals.hours import digest_in_pages, hour_of
from tui.data.seals.sealing_keys import is_signed, key_id_of, recorded_keys
from tui.data.seals.whole_log import require_whole_log

if TYPE_CHECKING:
    from tui.data.postgres.database import Database
    from tui.models.log import AuditRow

NO_HOUR = (None, "", "infinity", "-infinity")

RowSeal = Literal["as sealed", "not sealed yet", "altered", "added", "hour altered", "seal missing", "seal altered"]
"""as sealed: every row of its hour is. hour altered: another row of its hour is not, or it cannot be told which.
seal missing: later hours are sealed, and this one was without rows then, or its seal is gone. seal altered: it is not
signed with a key that the database has recorded."""


async def check_row(database: Database, row: AuditRow) -> RowSeal | None:
    """Compare the hour of a row with its seal; None for a time that Python cannot hold.

    Neither the chain nor any other hour is looked at: that is what `verify_log` does. Raises PermissionDenied where
    this role does not see the whole log or its seals, and what Database.read raises.
    """
    await database.read(require_whole_log)
    if row.created_at is None and row.created_at_text not in NO_HOUR:
        return None
    # Without a time a row is sealed apart from all hours.
    newest, hour = await newest_seal(database), hour_of(row.created_at)
    if newest is None or (hour is not None and (newest.hour is None or hour > newest.hour)):
        return "not sealed yet"
    seal = await seal_of_hour(database, hour)
    return "seal missing" if seal is None else await _compare(database, row, seal)


async def _compare(database: Database, row: AuditRow, seal: Seal) -> RowSeal:
    keys = {key_id_of(public_key): public_key for _, public_key, _ in await database.read(recorded_keys)}
    public_key = keys.get(seal.key_id)
    if public_key is None or not is_signed(public_key, seal.signature, seal.statement()):
        return "seal altered"
    if seal.holds(await digest_in_pages(database, seal.hour, seal.version)):
        return "as sealed"
    changed = await changed_rows(database, seal)
    for one in changed.rows if changed else ():
        if one.id == row.id and one.change in ("altered", "added"):
            return one.change
    return "hour altered"
