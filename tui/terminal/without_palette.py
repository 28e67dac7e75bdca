"""Textual without its command palette, which is switched off, and which a fifteenth of Textual's import goes into."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

PALETTE = "textual.command"


class _Palette(ModuleType):
    """Stands for the module: has the names that Textual's own modules import, and becomes the real one for others."""

    class Provider:
        """What the providers of themes and commands are derived from."""

    CommandListItem = CommandPalette = DiscoveryHit = Hit = Hits = SimpleProvider = Provider

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(PALETTE) is self:
            del sys.modules[PALETTE]
        return getattr(import_module(PALETTE), name)


def leave_out_palette() -> None:
    """Let no module of Textual's import the palette; to be called before the first of them."""
    sys.modules.setdefault(PALETTE, _Palette(PALETTE))
