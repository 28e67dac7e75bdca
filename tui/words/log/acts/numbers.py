"""What the log says of phone numbers: added, changed, handed out and synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.words.log.acts.parts import arrow, changes_in_words, switched, why_failed, with_more
from tui.words.log.details import number_words

if TYPE_CHECKING:
    from tui.words.log.acts.parts import ColumnWords, Sentence
    from tui.words.log.details import Told

_NUMBER_COLUMNS: ColumnWords = {
    "display_name": lambda before, after: arrow(before, after, "display_name", "display name"),
    "is_primary": lambda _before, after: switched(after, "is_primary", "primary", "no longer primary"),
    "is_active": lambda _before, after: switched(after, "is_active", "activated", "deactivated"),
    "can_call": lambda _before, after: switched(after, "can_call", "calls allowed", "calls not allowed"),
    "can_sms": lambda _before, after: switched(after, "can_sms", "SMS allowed", "SMS not allowed"),
    "number_type": lambda before, after: arrow(before, after, "number_type", "type"),
    "phone_number": lambda before, after: arrow(before, after, "phone_number", "number"),
    "integration_id": lambda _before, _after: "of another integration",
    "assigned_to_user_id": lambda _before, _after: "",
}


def _number(told: Told) -> str:
    for value in (told.side("row").get("phone_number"), told.details.get("phone_number")):
        if value:
            return number_words(value)
    return "a number"


def _assignment(told: Told) -> str:
    """Who has it now, where that changed, and who had it."""
    before, after = told.side("before"), told.side("after")
    if "assigned_to_user_id" not in after:
        return ""
    now, then = after["assigned_to_user_id"], before.get("assigned_to_user_id")
    had = f"from {told.person(then)}" if then else ""
    return f"to {told.person(now)}{', ' * bool(had)}{had}" if now else with_more(had, "to the pool", " ")


def _number_added(told: Told) -> str:
    after = told.side("after")
    assignee = after.get("assigned_to_user_id")
    primary = ", primary" if after.get("is_primary") is True else ""
    return f"{_number(told)} added {f'for {told.person(assignee)}' if assignee else 'to the pool'}{primary}"


def _number_assigned(told: Told) -> str:
    others = "; ".join(changes_in_words(told, _NUMBER_COLUMNS))
    return with_more(f"{_number(told)} {_assignment(told) or 'assigned'}", others, "; ")


def _number_updated(told: Told) -> str:
    parts = [part for part in (_assignment(told), *changes_in_words(told, _NUMBER_COLUMNS)) if part]
    return with_more(_number(told), "; ".join(parts) or "nothing important changed", ", ")


def _number_deactivated(told: Told) -> str:
    if told.details.get("change") == "delete":
        return f"{_number(told)} deleted{', with its integration' if told.details.get('cascade') is True else ''}"
    return f"{_number(told)} deactivated"


def _synced(told: Told) -> str:
    if told.status == "pending":
        return f"{told.on}: sync of numbers started"
    if told.status != "success":
        return with_more(f"{told.on}: numbers not synced", why_failed(told) or told.text("outcome"))
    kinds = (("new_numbers", "new"), ("updated_numbers", "changed"), ("deactivated_numbers", "no longer listed"))
    done = ", ".join(f"{count:,} {word}" for name, word in kinds if (count := told.count(name)))
    return f"{told.on} numbers synced: {done or 'nothing to change'}"


OF_NUMBERS: dict[str, Sentence] = {
    "number_added": _number_added,
    "number_updated": _number_updated,
    "number_assigned": _number_assigned,
    "number_unassigned": _number_assigned,
    "number_deactivated": _number_deactivated,
    "numbers_synced": _synced,
}
