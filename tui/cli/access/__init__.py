"""The commands `access`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.access.list:list_",
        "add": "tui.cli.access.add:add",
        "edit": "tui.cli.access.edit:edit",
        "remove": "tui.cli.access.remove:remove",
        "administrators": "tui.cli.access.administrators:administrators",
        "appoint": "tui.cli.access.administrators:appoint",
        "dismiss": "tui.cli.access.administrators:dismiss",
    },
)
def access() -> None:
    """Logins of the database that are people.

    LOGIN is the name of a role of the server. Once one login is a person, whoever is in a group and is nobody sees
    nothing any more; the owner of the tables does.
    """
