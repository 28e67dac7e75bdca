"""The commands `phone-numbers`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.numbers.list:list_",
        "sync": "tui.cli.numbers.sync:sync",
        "add": "tui.cli.numbers.commands:add",
        "edit": "tui.cli.numbers.commands:edit",
        "deactivate": "tui.cli.numbers.commands:deactivate",
        "assign": "tui.cli.numbers.commands:assign",
        "unassign": "tui.cli.numbers.commands:unassign",
        "primary": "tui.cli.numbers.commands:primary",
    },
)
def phone_numbers() -> None:
    """The phone numbers of an organisation, and whose they are.

    NUMBER is a number in any format, such as 011-4116 9368, or the id of its row.
    """
