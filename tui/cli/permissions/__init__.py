"""The commands `permissions`."""

from tui.cli.root import switchboard


@switchboard.group("permissions", locked=True, order=("list", "grant", "revoke", "copy", "report"))
def permissions() -> None:
    """Who may use which integration, for how long and how much.

    USER is an id or an e-mail. Limits are sends per day and month in UTC.
    """
