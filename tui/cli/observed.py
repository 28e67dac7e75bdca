"""What providers said of an account or a number beside yes and no, as JSON has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.models.integrations import Observed


def observed_record(observed: Mapping[str, Observed]) -> dict[str, Any]:
    """Return each value with when it was read, by its name."""
    return {name: {"value": said.value, "at": said.at} for name, said in sorted(observed.items())}
