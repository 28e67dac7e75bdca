"""The commands `integrations`."""

from tui.cli.parsing import Group
from tui.cli.root import switchboard


@switchboard.group(
    "integrations",
    locked=True,
    cls=Group,
    order=("list", "show", "configure", "test", "enable", "disable", "delete"),
)
def integrations() -> None:
    """The integrations of an organisation and their credentials."""
