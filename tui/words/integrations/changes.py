"""What a check tells, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def _expiring(value: str) -> str:
    expires_at = value.partition(" ")[2]
    return f": a permission expires on {expires_at[:10]} at {expires_at[11:16]} UTC"


_ENDS: dict[str, Callable[[str], str]] = {
    "broke": lambda _: " does not work any more",
    "recovered": lambda _: " works again",
    "cut_off": lambda _: ": a check was cut off, and only a test by hand may ask again",
    "permission_expiring": _expiring,
    "balance_low": lambda value: f": the balance is {value}, under its threshold",
    "balance_recovered": lambda value: f": the balance is {value}, no longer under its threshold",
    "number_outage": lambda value: f": {value} calls are out",
    "number_recovered": lambda value: f": calls{f' of {value}' if value else ''} work again",
}
"""For each kind of change how a sentence ends that begins with the integration."""


def change_sentence(title: str, kind: str, number: str, value: str) -> str:
    """Say what changed about an integration, without a full stop; "" where the kind is not known."""
    if kind not in _ENDS:
        return ""
    if kind == "number_outage" and not number:
        return f"{title}: calls of {value} are out"
    return f"{title}{f', {number}' if number else ''}{_ENDS[kind](value)}"
