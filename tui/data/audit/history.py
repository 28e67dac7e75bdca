"""The filters that leave the rows of the log about one thing, as a person would type them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.quoting import quoted

if TYPE_CHECKING:
    from uuid import UUID


def history_of_type(integration_type: str) -> str:
    """Return the filter of an organisation's integration of that type, with what was done through it."""
    return f"type:{quoted(integration_type)}"


def history_of_person(person_id: UUID) -> str:
    """Return the filter of what was done for a person: a word that is their id, wherever in the details it stands."""
    return f'"{person_id}"'


def history_of_number(phone_number: str) -> str:
    """Return the filter of what was done to a phone number, as its row has it."""
    return f"details.row.phone_number:{quoted(phone_number)}"


def of_own_rows(history: str) -> str:
    """Return the filter of those rows of a history that Switchboard itself wrote, to which an index leads."""
    return f"{history} has:login"
