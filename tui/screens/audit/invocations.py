"""The commands for what section 4 shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.data.audit.filter import command_words, parse_filter
from tui.words.log.invocation import Invocation

if TYPE_CHECKING:
    from uuid import UUID


def log_invocation(command: str, filter_text: str, organization_id: UUID | None, **values: str) -> Invocation:
    """Return a command on the rows of a filter, of that organisation where the filter names none.

    Raises FilterError.
    """
    names_organization = any(term.name == "org" for term in parse_filter(filter_text).terms)
    words = {"words": command_words(filter_text)}
    return Invocation(command, {**words, **values}, None if names_organization else organization_id)
