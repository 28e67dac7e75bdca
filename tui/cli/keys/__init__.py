"""The commands `keys`."""

from tui.cli.root import switchboard


@switchboard.group("keys", locked=True, order=("generate", "status"))
def keys() -> None:
    """The master key that credentials are encrypted with."""
