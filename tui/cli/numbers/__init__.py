"""The commands `phone-numbers`."""

from tui.cli.root import switchboard


@switchboard.group(
    "phone-numbers",
    locked=True,
    order=("list", "sync", "add", "edit", "deactivate", "assign", "unassign", "primary"),
)
def phone_numbers() -> None:
    """The phone numbers of an organisation, and whose they are.

    NUMBER is a number in any notation, such as 011-4116 9368, or the id of its row.
    """
