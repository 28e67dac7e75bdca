"""The commands `audit`."""

from tui.cli.parsing import Group
from tui.cli.root import switchboard


@switchboard.group("audit", locked=True, cls=Group, order=("list", "export", "tail", "stats", "seal", "verify"))
def audit() -> None:
    """Who did what, and when."""
