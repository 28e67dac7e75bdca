"""What an installation would do: the catalogue before against the catalogue after a run that is rolled back."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from tui.data.postgres.session_settings import begin
from tui.data.schema.accepted import NEVER, object_of
from tui.data.schema.adoption import StartingShape, starting_shape, was_installed
from tui.data.schema.apply import LIMITS, run_files, take_lock, with_retries
from tui.data.schema.catalogue_queries import execute, fetch_rows
from tui.data.schema.files import Statement, schema_files, schema_text
from tui.data.schema.holes import Hole, find_hidden_rows, find_holes
from tui.data.schema.preflight import Preflight, preflight
from tui.data.schema.roles import create_roles
from tui.data.schema.shape import CatalogueEntry, read_shape
from tui.data.schema.state import schema_state
from tui.data.schema.verify import Drift, find_foreign
from tui.errors import InvalidInput, SchemaInTheWay, SchemaNewer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import AsyncConnection

    from tui.data.schema.apply import Progress

# Several of one table have one name in the shape.
_NAMELESS = ("constraint", "index")


@dataclass(frozen=True, slots=True)
class Changes:
    """What one shape has that the other has not, by what becomes of it."""

    present: tuple[CatalogueEntry, ...]
    missing: tuple[CatalogueEntry, ...]
    different: tuple[CatalogueEntry, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there, what will be made, what will be changed, and what prevents it.

    `different` shows "what is -> what will be", or "-> revoked". `log_indexes` are built after the commit,
    without blocking writers, because the log is large. `sql_text` is what to hand to whoever may run it. `way_out`
    says what to do about `in_the_way`; where something is, nothing is known of what would be made and changed.
    `accepts` is what others have put there and confirming the plan accepts; `foreign` what it leaves unaccepted.
    """

    facts: Preflight
    starting_shape: StartingShape
    present: tuple[CatalogueEntry, ...]
    missing: tuple[CatalogueEntry, ...]
    different: tuple[CatalogueEntry, ...]
    in_the_way: tuple[CatalogueEntry, ...]
    holes: tuple[Hole, ...]
    log_indexes: tuple[str, ...] = ()
    way_out: str = ""
    accepts: tuple[CatalogueEntry, ...] = ()
    foreign: tuple[Drift, ...] = ()
    statements: tuple[Statement, ...] = field(
        default_factory=lambda: tuple(statement for file in schema_files() for statement in file.statements)
    )
    sql_text: str = field(default_factory=schema_text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing left to do and nothing in the way."""
        return not (self.missing or self.different or self.in_the_way or self.log_indexes or self.accepts)


@dataclass(frozen=True, slots=True)
class FilesRun:
    """One run of the files in a transaction that is still open: what it showed, and what it made."""

    plan: Plan
    statements: int = 0
    roles_created: tuple[str, ...] = ()
    failure: SchemaInTheWay | None = None
    """Why the files gave up; nothing of them is left then."""
    shape: frozenset[CatalogueEntry] | None = None
    """What the catalogue says after them."""


async def make_plan(conn: AsyncConnection[Any], *, roles: bool = False, accept: Sequence[str] = ()) -> Plan:
    """Find out what `install` would do, by doing it and rolling back: about 50 ms, with brief locks on the tables.

    Where an installation cannot run, `in_the_way` says why, and only the holes are looked for. `accept` names what of
    others is to be accepted; where Switchboard was not installed, all that is harmless is.
    Raises InvalidInput for a name that cannot be accepted, Locked, PermissionDenied and other errors of
    `tui.errors`.
    """

    async def plan() -> Plan:
        # Also around what only reads the catalogue: how that names things depends on settings.
        await begin(conn, LIMITS)
        try:
            return (await run_and_plan(conn, roles=roles, accept=accept)).plan
        finally:
            with contextlib.suppress(psycopg.Error):
                await execute(conn, "rollback")

    return await with_retries(conn, plan)


async def run_and_plan(
    conn: AsyncConnection[Any],
    *,
    roles: bool,
    accept: Sequence[str],
    progress: Callable[[Progress], None] | None = None,
) -> FilesRun:
    """Run the files in the open transaction, and compare the catalogue after with the one before.

    Two readings of the catalogue take nearly as long as the files, so whoever commits does not plan first and run
    again: this is both. Where `facts.problems` prevents it, nothing is run. Raises as `make_plan`.
    """
    facts = await preflight(conn, roles=roles)
    shape = await starting_shape(conn, facts)
    adopting = shape not in (StartingShape.INSTALLED, StartingShape.NOT_THE_OWNER) and not await was_installed(conn)
    holes = (*await find_holes(conn), *await find_hidden_rows(conn))
    if facts.problems:
        present = tuple(sorted(await read_shape(conn)))
        in_the_way = tuple(
            CatalogueEntry("problem", problem.error.title, problem.sentence) for problem in facts.problems
        )
        return FilesRun(Plan(facts, shape, present, (), (), in_the_way, holes, way_out=facts.problems[0].what_to_do))
    await take_lock(conn)
    # Somebody else may have installed before the lock was to be had, with a newer version even.
    if await schema_state(conn) == "newer":
        raise SchemaNewer
    before = await read_shape(conn)
    try:
        async with conn.transaction():
            created = await create_roles(conn) if roles else ()
            statements = await run_files(conn, progress)
    except SchemaInTheWay as failure:
        in_the_way = tuple(
            CatalogueEntry("problem", failure.title, f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}.")
            for sentence in (failure.details or failure.sentence).splitlines()
        )
        present = tuple(sorted(before))
        plan = Plan(facts, shape, present, (), (), in_the_way, holes, way_out=failure.what_to_do)
        return FilesRun(plan, failure=failure)
    log_indexes = await missing_log_indexes(conn)
    after = await read_shape(conn)
    foreign = await find_foreign(conn, after)
    changes = compare(before, after)
    accepts = _select_accepted(foreign, accept, adopting=adopting)
    plan = Plan(
        facts,
        shape,
        changes.present,
        changes.missing,
        changes.different,
        (),
        holes,
        log_indexes,
        accepts=accepts,
        foreign=tuple(drift for drift in foreign if drift.actual not in accepts),
    )
    return FilesRun(plan, statements, created, shape=after)


def _select_accepted(foreign: tuple[Drift, ...], names: Sequence[str], *, adopting: bool) -> tuple[CatalogueEntry, ...]:
    """What of the foreign things is accepted: all that is harmless where the tables are adopted, else what is named."""
    by_name = {object_of(drift.actual): drift for drift in foreign if drift.actual}
    for name in names:
        if name not in by_name:
            raise InvalidInput(
                f"There is nothing to accept with the name {name}.",
                "Give the whole name as `switchboard doctor` says it, in quotes: what it names is not accepted yet.",
            )
        if by_name[name].acceptable is None:
            raise InvalidInput(by_name[name].sentence, NEVER)
    entries = [drift.acceptable for name, drift in by_name.items() if adopting or name in names]
    return tuple(entry for entry in entries if entry)


def compare(before: frozenset[CatalogueEntry], after: frozenset[CatalogueEntry]) -> Changes:
    """Sort the entries of two shapes into those that stay, those that are made, and those that change."""
    replaceable = {(entry.kind, entry.name): entry for entry in before - after if entry.kind not in _NAMELESS}
    missing, different = [], []
    for entry in sorted(after - before):
        old = replaceable.pop((entry.kind, entry.name), None)
        if old is None:
            missing.append(entry)
        else:
            different.append(CatalogueEntry(entry.kind, entry.name, f"{old.text} -> {entry.text}"))
    removed = [entry for entry in before - after if entry.kind in _NAMELESS] + list(replaceable.values())
    different += [CatalogueEntry(entry.kind, entry.name, f"{entry.text} -> revoked") for entry in removed]
    return Changes(tuple(sorted(before & after)), tuple(missing), tuple(sorted(different)))


async def missing_log_indexes(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Names of the log's indexes that are still to be built; needs the schema installed. Raises psycopg.Error."""
    try:
        return tuple(name for (name,) in await fetch_rows(conn, "select name from switchboard.missing_log_indexes()"))
    except psycopg.errors.InsufficientPrivilege:
        return ()
