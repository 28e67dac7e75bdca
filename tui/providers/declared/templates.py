"""Texts of a definition in which {name} stands for the value of a field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tui.errors import ProviderFailed
from tui.providers.declared.definition import TEMPLATE_PART
from tui.providers.field_kinds import as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tui.providers.declared.definition import Definition, Template


def values_of(definition: Definition, credential: Mapping[str, Any]) -> dict[str, str]:
    """Return the value of each field as text, its default where it is absent."""
    return {field.name: as_text(credential.get(field.name)) or field.default or "" for field in definition.fields}


def names_in(template: Template) -> tuple[str, ...]:
    """Return the fields that a template names."""
    return tuple(match[1] for match in TEMPLATE_PART.finditer(template) if match[1])


def labels_in(template: Template, definition: Definition) -> str:
    """Return what people call the fields that a template names."""
    labels = {field.name: field.label for field in definition.fields}
    return " and ".join(labels[name] for name in names_in(template)) or "fixed value"


def render(template: Template, values: Mapping[str, str], put: Callable[[str], str] = str) -> str:
    """Return the text with the values in it, each as `put` writes it."""

    def part(match: re.Match[str]) -> str:
        return put(values[match[1]]) if match[1] else match[0][0]

    return TEMPLATE_PART.sub(part, template)


def rendered_whole(template: Template, definition: Definition, values: Mapping[str, str]) -> str:
    """Return the text with the values in it. Raises ProviderFailed where a field that it names is empty."""
    if not all(values[name] for name in names_in(template)):
        raise ProviderFailed(f"The {labels_in(template, definition)} is empty, so nothing was asked.", "Enter it.")
    return render(template, values)


def render_path(template: Template, definition: Definition, values: Mapping[str, str]) -> str:
    """Return a path and query with each value quoted, so that it stays within its place.

    Raises ProviderFailed where one is empty or leads to another directory: something else would be asked.
    """
    rendered_whole(template, definition, values)
    path = render(template, values, lambda value: quote(value, safe="", errors="replace"))
    # Dots alone are what quoting leaves with a meaning of its own; some servers unquote before they look for them, even
    # twice, and some leave out what follows a semicolon.
    unquoted = unquote(unquote(path.partition("?")[0], errors="replace"), errors="replace")
    if not {".", ".."}.isdisjoint(step.partition(";")[0] for step in re.split(r"[/\\]", unquoted)):
        raise ProviderFailed(
            f"The {labels_in(template, definition)} would lead to another address of the provider; nothing was asked.",
            "Copy it once more: it has a step of dots in it.",
        )
    return path
