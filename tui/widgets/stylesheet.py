"""Textual's style sheet, which parses each text once in a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from collections.abc import Hashable

    from textual.css.model import RuleSet


class ParsedOnce(Stylesheet):
    """A style sheet for texts that never change while the program runs; Textual 8.2 would parse all seven times."""

    _parsed: ClassVar[dict[Hashable, list[RuleSet]]] = {}

    def _parse_rules(self, css: str, *arguments: Any, **named: Any) -> list[RuleSet]:
        key = (css, arguments, tuple(named.items()), tuple(self._variables.items()))
        if key not in self._parsed:
            self._parsed[key] = super()._parse_rules(css, *arguments, **named)
        return self._parsed[key]

    def reparse(self) -> None:
        """Apply new variables. Textual's own parses in a copy, which spares a sheet that works an edited file."""
        self.parse()
