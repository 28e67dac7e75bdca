"""A command of the command line as screens name it: how its options are spelled, the command itself knows."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID


class Invocation(NamedTuple):
    """A command such as "integrations show", and values by the names of its parameters.

    A value is a text, several texts, or whether a flag is set; an empty one counts as not given. `organization_id` is
    None where no organisation is named.
    """

    command: str
    values: Mapping[str, str | bool | Sequence[str]] = MappingProxyType({})
    organization_id: UUID | None = None
