"""The command `setup`: plans the schema, shows the plan, installs or adopts, and proves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.cli.confirm import confirm
from tui.cli.parsing import command, option
from tui.cli.requirements import Requirements
from tui.data.postgres.conninfo.settings import make_conninfo
from tui.data.postgres.conninfo.string import from_environment
from tui.data.schema.accepted import what_to_do
from tui.data.schema.adoption import SHAPE_SENTENCES
from tui.data.schema.install import install
from tui.errors import SchemaInTheWay
from tui.session.session import require_configured
from tui.words.counts import counted_kinds

if TYPE_CHECKING:
    from tui.cli.output import Output
    from tui.data.schema.apply import Progress
    from tui.data.schema.install import InstallReport
    from tui.data.schema.plan import Plan
    from tui.data.schema.verify import Drift
    from tui.session.session import Session

NO_KEY = (
    "No master key is configured. Setting up needs none, saving a credential does: give the one that this database's "
    "credentials were written with, or, where there are none yet, make one with `switchboard keys generate`."
)


@command(needs=Requirements("owner", key="optional", writes="data", installs=True, connects=False))
@option(
    "--dry-run",
    needs=Requirements("owner", key="optional", installs=True, connects=False),
    help="Only say what would be done.",
)
@option("--roles", help="Also create the groups for administrators, support and auditors.")
@option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Accept the object of another program that the doctor calls NAME; may be given again.",
)
async def setup(session: Session, out: Output, dry_run: bool, roles: bool, accept: tuple[str, ...]) -> None:
    """Set the database up, or bring it up to date.

    Shows what is there and what will be done, asks, does it in one transaction, and checks the outcome. What is
    there is kept: no row is changed, and the other program goes on working. A second run changes nothing.

    The first run accepts what other programs have hung on the tables (columns, triggers, policies, grants). What is
    added or changed later is accepted by its name alone (--accept); until then `doctor` and `audit verify` name it.
    What can drop, rewrite or hide rows of the log is never accepted.
    """
    require_configured(session)
    target = from_environment(session.settings.database_url, session.settings.libpq)
    conninfo = make_conninfo(target, application_name=session.operator.user_agent)
    label = session.operator.label
    planned = await install(conninfo, operator_label=label, dry_run=True, roles=roles, accept=accept)
    plan = planned.plan
    _show_plan(out, plan, every_line=dry_run)
    if dry_run:
        _write_report(out, session, planned)
        return
    _refuse_obstacles(plan)
    if not plan.is_empty:
        if plan.missing or plan.different:
            why = "The database is not set up yet, and setting it up changes it."
        else:
            why = "Objects of another program are not accepted yet."
        await confirm(out, "Do this now, in one transaction?", why)
    steps = None if plan.is_empty else _ProgressLines(out)
    report = await install(
        conninfo, operator_label=label, progress=steps, roles=roles, accept=accept, agreed=plan.accepts
    )
    _write_report(out, session, report)


class _ProgressLines:
    """Says which file is being run, once each."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._file = ""

    def __call__(self, progress: Progress) -> None:
        if progress.file != self._file:
            self._file = progress.file
            self._out.say(f"{progress.done:4} of {progress.total} statements done; now {progress.file}")


def _show_plan(out: Output, plan: Plan, *, every_line: bool) -> None:
    """Write the plan: what is there, what will be made and changed, what is in the way, and the holes."""
    if not out.as_table:
        return
    server = plan.facts.server
    out.text(f"Database {server.database} as {server.role}, PostgreSQL {server.version_text}")
    out.text(SHAPE_SENTENCES[plan.starting_shape])
    out.text(f"Present: {counted_kinds(line.kind for line in plan.present)}")
    unknown = "not known while something is in the way" if plan.in_the_way else ""
    out.text(f"To be created: {unknown or counted_kinds(line.kind for line in plan.missing)}")
    if every_line:
        for line in plan.missing:
            out.text(f"  + {line}")
    out.text(f"To be changed: {unknown or counted_kinds(line.kind for line in plan.different)}")
    for line in plan.different:
        out.text(f"  ~ {line}")
    for name in plan.log_indexes:
        out.text(f"  + index {name}, built afterwards without blocking anybody")
    for line in plan.in_the_way:
        out.text(f"  ! {line.text}")
    if plan.accepts:
        out.text("Not Switchboard's, and accepted with this plan:")
    for line in plan.accepts:
        out.text(f"  = {line}")
    # Where there is nothing to do the same is said at the end.
    for drift in plan.foreign if every_line or not plan.is_empty else ():
        out.text(f"  ? {drift.sentence}{_advice(drift)}")
    for hole in plan.holes:
        out.text(f"Hole: {hole.title}. {hole.sentence}")
        out.text(f"  {hole.way_out}")
        out.text(f"  Shown by: {' '.join(hole.query.split())}")


def _advice(drift: Drift) -> str:
    return f" {what_to_do(drift.actual)}" if drift.expected is None and drift.actual else ""


def _write_report(out: Output, session: Session, report: InstallReport) -> None:
    """Write what it came to; the last line says how to get a key where there is none."""
    plan, verification = report.plan, report.verification
    has_key = session.keyring.current is not None
    out.result(_record(report, has_key=has_key), _summary(report))
    if verification is not None and out.as_table:
        for drift in verification.drifts:
            out.warn(drift.sentence, _advice(drift).strip())
        for hole in verification.holes:
            out.warn(f"{hole.title}: {hole.sentence}", hole.way_out)
        for sentence, what_to_do in report.notes:
            out.warn(sentence, what_to_do)
    _refuse_obstacles(plan)
    if not has_key:
        out.say(NO_KEY)


def _refuse_obstacles(plan: Plan) -> None:
    if plan.in_the_way:
        raise SchemaInTheWay(plan.in_the_way[0].text, plan.way_out)


def _summary(report: InstallReport) -> str:
    if report.verification is None:
        return "Nothing is left to do." if report.plan.is_empty else "Nothing was done: this was a dry run."
    if not report.applied:
        return "Nothing was left to do."
    roles = f" The groups {', '.join(report.roles_created)} were created." if report.roles_created else ""
    built = f" {len(report.indexes_built)} indexes were built." if report.indexes_built else ""
    verdict = "and is as expected" if report.verification.is_well else "but is not as expected"
    return f"The database is set up {verdict} ({report.seconds:.1f} s).{roles}{built}"


def _record(report: InstallReport, *, has_key: bool) -> dict[str, Any]:
    plan, verification = report.plan, report.verification
    return {
        "starting_shape": plan.starting_shape.value,
        "present": [str(line) for line in plan.present],
        "missing": [str(line) for line in plan.missing],
        "different": [str(line) for line in plan.different],
        "in_the_way": [line.text for line in plan.in_the_way],
        "holes": [
            {"title": hole.title, "sentence": hole.sentence, "query": hole.query, "closed_by": hole.closed_by}
            for hole in plan.holes
        ],
        "log_indexes": list(plan.log_indexes),
        "accepted": [f"{line.kind} {line.name}" for line in plan.accepts],
        "not_accepted": [drift.sentence for drift in plan.foreign],
        "dry_run": verification is None,
        "applied": report.applied,
        "statements_run": report.statements_run,
        "roles_created": list(report.roles_created),
        "indexes_built": list(report.indexes_built),
        "drifts": None if verification is None else [drift.sentence for drift in verification.drifts],
        "holes_left": None if verification is None else [hole.title for hole in verification.holes],
        "notes": [sentence for sentence, _ in report.notes],
        "seconds": round(report.seconds, 3),
        "master_key": "configured" if has_key else "missing",
        "next_step": None if has_key else "switchboard keys generate",
    }
