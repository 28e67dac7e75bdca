"""Whether a secret that somebody knew is what is stored now: through changes of its field, roll-backs and restores."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class CredentialChange(NamedTuple):
    """A change of a credential, as the log has it.

    `fields` are the names of the fields that were in it, None where the log does not say. `goes_back` says that a
    content which was kept at `kept_at` was put in its place again, one that a delete had kept where `from_delete`.
    """

    moment: datetime
    fields: frozenset[str] | None
    goes_back: bool = False
    from_delete: bool = False
    kept_at: datetime | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> CredentialChange:
        """Return it of a row of the log."""
        fields = None if row["fields"] is None else frozenset(map(str, row["fields"]))
        is_restore = row["action"] == "credential_restored"
        goes_back = is_restore or row["action"] == "credential_rolled_back"
        # After a rotation a version that a delete kept can be rolled back to.
        from_delete = is_restore if row["version_kind"] is None else row["version_kind"] == "deleted"
        return cls(row["moment"], fields, goes_back, from_delete, _moment(row["kept_at"]))


class Standing(NamedTuple):
    """What became of a secret since somebody knew it last.

    `changed_at` is None where it may be what is stored now; `perhaps_changed_at` is when the credential was changed
    without a word on its fields. `live_again_at` is when it was brought back after it had been changed.
    """

    changed_at: datetime | None
    perhaps_changed_at: datetime | None
    live_again_at: datetime | None


def standing_of(field: str, known_at: Sequence[datetime], changes: Sequence[CredentialChange]) -> Standing:
    """Return what became of a field that somebody knew at these moments; `changes` are in the order of time."""
    if not known_at:
        return Standing(None, None, None)
    moments = [change.moment for change in changes]
    places = {moment: _origin(changes, field, bisect_right(moments, moment)) for moment in known_at}
    last_at = max(places)
    now = _origin(changes, field, len(changes))
    later = [change for change in changes if change.moment > last_at]
    perhaps = [change.moment for change in later if change.fields is None and not change.goes_back]
    still_known = [moment for moment, place in places.items() if place == now or None in (place, now)]
    if not still_known:
        changed = [change.moment for change in later if change.goes_back or field in (change.fields or ())]
        return Standing(max(changed), max(perhaps, default=None), None)
    returns = [change.moment for change in changes if change.goes_back and change.moment > max(still_known)]
    was_changed = any(
        field in (change.fields or ()) and not change.goes_back and max(still_known) < change.moment < returns[-1]
        for change in changes[: None if returns else 0]
    )
    return Standing(None, max(perhaps, default=None), returns[-1] if was_changed else None)


def _origin(changes: Sequence[CredentialChange], field: str, count: int) -> int | None:
    """The place of the change that gave the field what it had after so many changes.

    0 where that was before all of them, None where nobody knows what was put back.
    """
    while count > 0:
        change = changes[count - 1]
        if change.goes_back:
            if change.kept_at is None:
                return None
            kept = bisect_right(changes, change.kept_at, key=lambda earlier: earlier.moment)
            # An update has its row in the log just before what it replaced is kept, a delete just after.
            count = min(count - 1, kept if change.from_delete else kept - 1)
        elif field in (change.fields or ()):
            return count
        else:
            count -= 1
    return 0


def _moment(text: object) -> datetime | None:
    """A point in time as the database writes it in JSON; None for what is none, since others may write to the log."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
