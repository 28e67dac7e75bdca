"""The commands `audit`."""

from tui.cli.root import switchboard


@switchboard.group("audit", locked=True, order=("list", "export", "tail", "stats", "seal", "verify"))
def audit() -> None:
    """Who did what, and when."""
