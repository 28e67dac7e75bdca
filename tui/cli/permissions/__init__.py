"""The commands `permissions`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.permissions.list:list_",
        "grant": "tui.cli.permissions.commands:grant",
        "revoke": "tui.cli.permissions.commands:revoke",
        "copy": "tui.cli.permissions.commands:copy",
        "report": "tui.cli.permissions.report:report",
        "offboard": "tui.cli.permissions.offboard:offboard",
    },
)
def permissions() -> None:
    """Who may use which integration, for how long and how much.

    USER is an id or an e-mail. Limits are sends per day and month in UTC.
    """
