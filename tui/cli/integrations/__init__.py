"""The commands `integrations`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.integrations.list:list_",
        "show": "tui.cli.integrations.commands:show",
        "configure": "tui.cli.integrations.configure:configure",
        "test": "tui.cli.integrations.test:test",
        "enable": "tui.cli.integrations.commands:enable",
        "disable": "tui.cli.integrations.commands:disable",
        "delete": "tui.cli.integrations.commands:delete",
        "threshold": "tui.cli.integrations.threshold:threshold",
        "restore": "tui.cli.integrations.restore:restore",
        "history": "tui.cli.integrations.versions:history",
        "rollback": "tui.cli.integrations.versions:rollback",
        "forget": "tui.cli.integrations.versions:forget",
        "versions": "tui.cli.integrations.versions:versions",
    },
)
def integrations() -> None:
    """The integrations of an organisation and their credentials."""
