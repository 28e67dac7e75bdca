"""What an installation would do: the catalogue before against the catalogue after a run that is rolled back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from tui.data.schema.accepted import NEVER, object_of
from tui.data.schema.adoption import StartingShape, starting_shape, was_installed
from tui.data.schema.apply import limited_transaction, run_files, take_lock, with_retries
from tui.data.schema.files import Statement, schema_files, schema_text
from tui.data.schema.holes import Hole, find_hidden_rows, find_holes
from tui.data.schema.preflight import Preflight, preflight
from tui.data.schema.roles import create_roles
from tui.data.schema.rows import rows
from tui.data.schema.shape import Line, read_shape
from tui.data.schema.verify import Drift, find_foreign
from tui.errors import InvalidInput, SchemaInTheWay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

# Several of one table have one name in the shape.
_NAMELESS = ("constraint", "index")


@dataclass(frozen=True, slots=True)
class Changes:
    """What one shape has that the other has not, by what becomes of it."""

    present: tuple[Line, ...]
    missing: tuple[Line, ...]
    different: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there, what will be made, what will be changed, and what prevents it.

    `different` shows "what is -> what will be", or "-> taken away". `log_indexes` are built after the commit,
    without blocking writers, because the log is large. `sql_text` is what to hand to whoever may run it. `way_out`
    says what to do about `in_the_way`; where something is, nothing is known of what would be made and changed.
    `accepts` is what others have put there and confirming the plan accepts; `foreign` what it leaves unaccepted.
    """

    facts: Preflight
    starting_shape: StartingShape
    present: tuple[Line, ...]
    missing: tuple[Line, ...]
    different: tuple[Line, ...]
    in_the_way: tuple[Line, ...]
    holes: tuple[Hole, ...]
    log_indexes: tuple[str, ...] = ()
    way_out: str = ""
    accepts: tuple[Line, ...] = ()
    foreign: tuple[Drift, ...] = ()
    statements: tuple[Statement, ...] = field(
        default_factory=lambda: tuple(statement for file in schema_files() for statement in file.statements)
    )
    sql_text: str = field(default_factory=schema_text)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing left to do and nothing in the way."""
        return not (self.missing or self.different or self.in_the_way or self.log_indexes or self.accepts)


async def make_plan(conn: AsyncConnection[Any], *, roles: bool = False, accept: Sequence[str] = ()) -> Plan:
    """Find out what `install` would do, by doing it and rolling back: about 50 ms, with brief locks on the tables.

    Where an installation cannot run, `in_the_way` says why, and only the holes are looked for. `accept` names what of
    others is to be accepted; where Switchboard was not installed, all that is harmless is.
    Raises InvalidInput for a name that cannot be accepted, Locked, PermissionDenied and other errors of
    `tui.errors`.
    """

    async def plan() -> Plan:
        # Also around what only reads the catalogue: how that names things depends on settings.
        async with limited_transaction(conn):
            facts = await preflight(conn, roles=roles)
            shape = await starting_shape(conn, facts)
            adopting = shape not in ("installed by Switchboard", "not the owner") and not await was_installed(conn)
            holes = (*await find_holes(conn), *await find_hidden_rows(conn))
            before = await read_shape(conn)
            in_the_way = tuple(Line("problem", problem.error.title, problem.sentence) for problem in facts.problems)
            way_out = facts.problems[0].what_to_do if facts.problems else ""
            log_indexes: tuple[str, ...] = ()
            foreign: tuple[Drift, ...] = ()
            after = before
            if not in_the_way:
                try:
                    async with conn.transaction(force_rollback=True):
                        await take_lock(conn)
                        if roles:
                            await create_roles(conn)
                        await run_files(conn)
                        log_indexes = await missing_log_indexes(conn)
                        after = await read_shape(conn)
                        foreign = await find_foreign(conn, after)
                except SchemaInTheWay as failure:
                    way_out = failure.what_to_do
                    in_the_way = tuple(
                        Line("problem", failure.title, f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}.")
                        for sentence in (failure.details or failure.sentence).splitlines()
                    )
        changes = compare(before, after)
        accepts = _accepted(foreign, accept, adopting=adopting) if not in_the_way else ()
        return Plan(
            facts,
            shape,
            changes.present,
            changes.missing,
            changes.different,
            in_the_way,
            holes,
            log_indexes,
            way_out,
            accepts,
            tuple(drift for drift in foreign if drift.found not in accepts),
        )

    return await with_retries(conn, plan)


def _accepted(foreign: tuple[Drift, ...], names: Sequence[str], *, adopting: bool) -> tuple[Line, ...]:
    """What of the foreign things is accepted: all that is harmless where the tables are adopted, else what is named."""
    by_name = {object_of(drift.found): drift for drift in foreign if drift.found}
    for name in names:
        if name not in by_name:
            raise InvalidInput(
                f"There is nothing to accept by the name {name}.",
                "Give the whole name as `switchboard doctor` says it, in quotes: what it names is not accepted yet.",
            )
        if by_name[name].acceptable is None:
            raise InvalidInput(by_name[name].sentence, NEVER)
    lines = [drift.acceptable for name, drift in by_name.items() if adopting or name in names]
    return tuple(line for line in lines if line)


def compare(before: frozenset[Line], after: frozenset[Line]) -> Changes:
    """Sort the lines of two shapes into those that stay, those that are made, and those that change."""
    gone = {(line.kind, line.name): line for line in before - after if line.kind not in _NAMELESS}
    missing, different = [], []
    for line in sorted(after - before):
        old = gone.pop((line.kind, line.name), None)
        if old is None:
            missing.append(line)
        else:
            different.append(Line(line.kind, line.name, f"{old.text} -> {line.text}"))
    taken = [line for line in before - after if line.kind in _NAMELESS] + list(gone.values())
    different += [Line(line.kind, line.name, f"{line.text} -> taken away") for line in taken]
    return Changes(tuple(sorted(before & after)), tuple(missing), tuple(sorted(different)))


async def missing_log_indexes(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Names of the log's indexes that are still to be built; needs the schema installed. Raises psycopg.Error."""
    try:
        return tuple(name for (name,) in await rows(conn, "select name from switchboard.missing_log_indexes()"))
    except psycopg.errors.InsufficientPrivilege:
        return ()
