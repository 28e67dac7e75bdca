"""The command `doctor`: looks at everything that an installation depends on, and names the problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.output import Column
from tui.cli.parsing import command
from tui.cli.requirements import Requirements
from tui.data.postgres.conninfo.string import from_environment
from tui.data.setup.doctor import examine
from tui.errors import CheckFailed, SwitchboardError
from tui.providers import definitions
from tui.session.session import require_configured
from tui.words.counts import counted

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.setup.findings import Finding
    from tui.session.session import Session


@command(locked=True, needs=Requirements("any", key="optional", finds=True, connects=False))
async def doctor(session: Session, out: Output) -> None:
    """Look at connection, schema, key, access and files.

    Exits with 5 where it finds a problem; with warnings alone it exits with 0.
    """
    failure: SwitchboardError | None = None
    connection = None
    try:
        require_configured(session)
        connection = from_environment(session.settings.database_url, session.settings.libpq)
        await session.connect()
    except SwitchboardError as error:
        failure = error
    findings = await examine(
        session.database if session.is_connected else None,
        session.keyring,
        connection=connection,
        env_file=session.settings.env_file_to_write,
        failure=failure,
        key_days=session.settings.key_days,
        definitions=definitions(),
    )
    out.rows(
        findings,
        [
            Column("STATE", lambda finding: finding.state),
            Column("WHAT", lambda finding: finding.title),
            Column("RESULT", lambda finding: f"{finding.sentence} {finding.what_to_do}".rstrip(), wraps=True),
        ],
        record=_record,
        empty="There was nothing to look at.",
    )
    problems = sum(finding.state == "problem" for finding in findings)
    if problems:
        raise CheckFailed(
            f"The doctor found {counted(problems, 'problem')}.", "The output above says what to do about each."
        )


def _record(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("area", "title", "state", "sentence", "what_to_do")}
