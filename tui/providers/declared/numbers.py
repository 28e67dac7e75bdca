"""A placeholder until what lists numbers by a definition is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ProviderFailed

if TYPE_CHECKING:
    from tui.providers.declared.definition import Definition
    from tui.providers.verdicts import NumberListing


def make_listing(definition: Definition) -> NumberListing:
    """Raise ProviderFailed."""
    raise ProviderFailed("Not built yet.", "Wait.")
