"""The commands `audit`."""

from tui.cli.parsing import group


@group(
    locked=True,
    lazy_commands={
        "list": "tui.cli.audit.list:list_",
        "export": "tui.cli.audit.export:export",
        "tail": "tui.cli.audit.tail:tail",
        "stats": "tui.cli.audit.stats:stats",
        "seal": "tui.cli.audit.seal:seal",
        "verify": "tui.cli.audit.verify:verify",
        "prove": "tui.cli.audit.prove:prove",
        "checkpoint": "tui.cli.audit.checkpoints:checkpoint",
        "cosign": "tui.cli.audit.checkpoints:cosign",
        "archive": "tui.cli.audit.archive:archive",
        "retention": "tui.cli.audit.retention:retention",
    },
)
def audit() -> None:
    """The audit log: who did what, and when."""
