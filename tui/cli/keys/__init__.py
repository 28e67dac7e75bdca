"""The commands `keys`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "generate": "tui.cli.keys.generate:generate",
        "retire": "tui.cli.keys.retire:retire",
        "rotate": "tui.cli.keys.rotate:rotate",
        "status": "tui.cli.keys.status:status",
    },
)
def keys() -> None:
    """The master key that credentials are encrypted with."""
