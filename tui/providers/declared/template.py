"""The definition file that somebody begins with."""

from __future__ import annotations

from pathlib import Path

from tui.errors import InvalidInput
from tui.providers.declared.fields import NAME, NAME_RULE

_TEMPLATE = Path(__file__).with_name("template.toml")
_NAME = "acme_voice"
_TITLE = "Acme voice"


def template_for(name: str) -> str:
    """Return a definition file of that name with comments, which has no mistake. Raises InvalidInput."""
    if not NAME.fullmatch(name):
        raise InvalidInput("That is no name of a type.", f"It {NAME_RULE}.")
    title = name.replace("_", " ").capitalize()
    return _TEMPLATE.read_text(encoding="utf-8").replace(_NAME, name).replace(_TITLE, title)
