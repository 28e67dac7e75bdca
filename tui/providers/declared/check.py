"""A placeholder until what asks a provider by a definition is merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.errors import ProviderFailed

if TYPE_CHECKING:
    from tui.providers.declared.definition import Definition
    from tui.providers.observations import Observe
    from tui.providers.verdicts import ConnectionTest


def make_test(definition: Definition, *, is_watched: bool = True) -> ConnectionTest:
    """Raise ProviderFailed."""
    raise ProviderFailed("Not built yet.", "Wait.")


def make_observe(definition: Definition) -> Observe:
    """Raise ProviderFailed."""
    raise ProviderFailed("Not built yet.", "Wait.")
