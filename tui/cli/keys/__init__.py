"""The commands `keys`."""

from tui.cli.parsing import Group
from tui.cli.root import switchboard


@switchboard.group("keys", locked=True, cls=Group, order=("generate", "status"))
def keys() -> None:
    """The master key that credentials are encrypted with."""
