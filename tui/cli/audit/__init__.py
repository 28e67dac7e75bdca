"""The commands `audit`."""

from tui.cli.root import switchboard


@switchboard.group("audit", locked=True, order=("list", "export", "tail", "stats", "seal", "verify"))
def audit() -> None:
    """The audit log: who did what, and when."""
