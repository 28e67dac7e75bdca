"""The option that names a file which a command writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.parsing import Text, is_locked
from tui.locked.export_place import require_plain_name

if TYPE_CHECKING:
    import click


class NewFileName(Text):
    """The name of a file to write: any path, or in the locked console a plain name in the folder for exports."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text. Raises InvalidInput."""
        text = super().convert(value, param, ctx)
        if is_locked(ctx):
            require_plain_name(text)
        return text
