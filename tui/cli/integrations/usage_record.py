"""What JSON has of the last use of a credential, and of whoever depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.data.integrations.usage import NamedDependents, Usage


def usage_record(usage: Usage, dependents: NamedDependents) -> dict[str, Any]:
    """Return `last_used` and `dependents`; what this login does not see is None in both, and never nothing."""
    use = usage.last
    last_used = {
        "at": use.at if use else None,
        "by": use.by if use else None,
        "program": use.program if use else None,
        "action": use.action if use else None,
        "log_since": usage.log_since,
    }
    people = dependents.people
    return {
        "last_used": None if usage.unknown else last_used,
        "dependents": {
            "people": None if people is None else [{"user_id": user_id, "name": name} for user_id, name in people],
            "phone_numbers": dependents.phone_numbers,
            "programs": None if usage.unknown else [program._asdict() for program in usage.programs],
        },
    }
