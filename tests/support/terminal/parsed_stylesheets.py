"""Textual's style sheets, parsed once for all apps of a process; each app would parse all of them four times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from collections.abc import Hashable

    from textual.css.model import RuleSet

_parsed: dict[Hashable, list[RuleSet]] = {}
_parse_rules = Stylesheet._parse_rules


def share() -> None:
    """Let every app use what an earlier one has parsed of the same text with the same variables."""
    Stylesheet._parse_rules = _shared_rules  # type: ignore[method-assign]


def _shared_rules(sheet: Stylesheet, css: str, *arguments: Any, **named: Any) -> list[RuleSet]:
    key = (css, arguments, tuple(sorted(named.items())), tuple(sheet._variables.items()))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, *arguments, **named)
    return _parsed[key]
