"""Every class of ours that a person's keys can reach."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

from textual.dom import DOMNode

import tui

if TYPE_CHECKING:
    from collections.abc import Iterator


def every_node_type() -> set[type[DOMNode]]:
    """The app, every screen and every widget of ours, also those that nothing has imported yet."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name != "tui.__main__":
            importlib.import_module(module.name)

    def below(node_type: type[DOMNode]) -> Iterator[type[DOMNode]]:
        for subclass in node_type.__subclasses__():
            yield subclass
            yield from below(subclass)

    return {node_type for node_type in below(DOMNode) if node_type.__module__.startswith("tui.")}
