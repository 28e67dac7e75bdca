"""The commands `integrations`."""

from tui.cli.root import switchboard


@switchboard.group(
    "integrations",
    locked=True,
    order=("list", "show", "configure", "test", "enable", "disable", "delete"),
)
def integrations() -> None:
    """The integrations of an organisation and their credentials."""
