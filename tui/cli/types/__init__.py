"""The commands `types`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.types.list:list_",
        "show": "tui.cli.types.show:show",
        "new": "tui.cli.types.new:new",
        "check": "tui.cli.types.check:check",
    },
)
def types() -> None:
    """Integration types: the built-in ones, and those that files declare.

    A file NAME.toml in the folder `types` of your configuration declares one more (docs/types.md).
    """
