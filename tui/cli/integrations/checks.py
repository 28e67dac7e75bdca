"""What tests and checks found of an integration over time, on the command line: fields of JSON, and a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.observed import observed_record
from tui.words.integrations.seen_checks import strip, warnings

if TYPE_CHECKING:
    from tui.models.integrations import Integration


def check_record(integration: Integration) -> dict[str, Any]:
    """Return what JSON has of it: all None where it is not set up or nobody read that.

    `standing_since` is None where it may have been so before the 30 days; `next_check_at` where nothing asks by itself,
    and past where a check is due. `observed` has what the provider said besides, by the names of
    docs/provider_answers.md, each with its value and when it was read: what is not there was not asked. It and
    `warnings` are None where the role may not read them.
    """
    checks = integration.checks
    if checks is None:
        names = ("standing", "standing_since", "last_30_days", "checked_at", "next_check_at", "warnings", "observed")
        return dict.fromkeys(names)
    return {
        "standing": checks.standing,
        "standing_since": checks.since if checks.since_exactly else None,
        "last_30_days": list(checks.days),
        "checked_at": checks.begun_at,
        "next_check_at": checks.next_at,
        "warnings": list(warnings(integration)) if checks.is_visible else None,
        "observed": observed_record(checks.observed) if checks.is_visible else None,
    }


def month(integration: Integration) -> str:
    """Return a character for each of the last 30 days: + works, x refused, ? no answer, . not asked."""
    return strip(integration.checks.days) if integration.checks is not None else ""
