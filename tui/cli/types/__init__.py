"""The commands `types`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.types.list:list_",
        "show": "tui.cli.types.show:show",
        "new": "tui.cli.types.new:new",
        "check": "tui.cli.types.check:check",
        "record": "tui.cli.types.record:record",
    },
)
def types() -> None:
    """Integration types, built in and declared by files.

    A file NAME.toml in the folder `types` of your configuration declares one more (docs/types.md).
    """
