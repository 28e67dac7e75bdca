"""The commands `keys`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "generate": "tui.cli.keys.generate:generate",
        "status": "tui.cli.keys.status:status",
    },
)
def keys() -> None:
    """The master key that credentials are encrypted with."""
