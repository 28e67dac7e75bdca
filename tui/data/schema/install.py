"""The installation: plan and act in one transaction under a lock, the log's indexes afterwards, and the proof."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg

from tui.data.directory_source import DIRECTORY_SOURCES, Source
from tui.data.postgres.commit import Commit
from tui.data.postgres.session_settings import begin, pinned_transaction
from tui.data.schema.accepted import definition_of, object_of
from tui.data.schema.apply import LIMITS, LOCK_KEY, Progress, with_retries
from tui.data.schema.catalogue_queries import execute, fetch_rows
from tui.data.schema.files import schema_files
from tui.data.schema.plan import Changes, FilesRun, Plan, make_plan, run_and_plan
from tui.data.schema.server import Server
from tui.data.schema.verify import Verification, verify
from tui.errors import CommitInDoubt, ConnectionFailed, ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import AsyncConnection

    from tui.data.schema.shape import CatalogueEntry

_RECORD_FILE = """
insert into switchboard.schema_version (file, sha256, operator)
select %(file)s, %(sha256)s, %(operator)s
where %(sha256)s is distinct from (select v.sha256 from switchboard.schema_version v
                                   where v.file = %(file)s order by v.id desc limit 1)
"""

_ACCEPT = "select switchboard.accept(%(object)s::text, %(definition)s::text)"
_LOG = "select switchboard.log_act('schema_changed'::text, null::uuid, null::text, 'success'::text, %(details)s::jsonb)"

# None where the name is free; else whether what has it is left of a build of the log's index that failed.
_NAME_HOLDER = """
select coalesce(i.indrelid = 'public.integration_audit_logs'::regclass and not i.indisvalid, false)
from pg_class c left join pg_index i on i.indexrelid = c.oid
where c.relnamespace = 'public'::regnamespace and c.relname = %(name)s
"""

_CLAIM = """
select set_config('switchboard.operator_label', %(operator)s, true),
       set_config('switchboard.operation_id', %(operation)s, true)
"""


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What an installation did. `changes` is None where it did nothing: a dry run, or nothing was left to do."""

    plan: Plan
    changes: Changes | None
    statements_run: int
    roles_created: tuple[str, ...]
    indexes_built: tuple[str, ...]
    verification: Verification | None
    seconds: float
    notes: tuple[tuple[str, str], ...] = ()
    """What people and organisations do not come from although it is there, and what to do, a sentence each."""

    @property
    def applied(self) -> bool:
        """Whether anything was changed."""
        return self.changes is not None or bool(self.indexes_built)


async def install(
    conninfo: str,
    *,
    operator_label: str,
    progress: Callable[[Progress], None] | None = None,
    dry_run: bool = False,
    roles: bool = False,
    accept: Sequence[str] = (),
    agreed: Sequence[CatalogueEntry] | None = None,
) -> InstallReport:
    """Install, adopt or upgrade: all of it or nothing, and nothing at all on a second run.

    `roles` also creates the three groups. `accept` names objects of others to accept, see `make_plan`; `agreed` limits
    them to those of a plan that a person has seen. What prevents an installation is found before anything runs:
    InvalidInput, PermissionDenied, ServerUnsuitable, SchemaInTheWay, SchemaNewer. When the answer to COMMIT is lost,
    the server is asked how it ended. Raises Locked after five attempts, CommitInDoubt, and other errors of
    `tui.errors`; none carries a row.
    """
    started = time.monotonic()
    with contextlib.closing(Server(conninfo)) as server:
        if dry_run:
            plan = await server.run(partial(make_plan, roles=roles, accept=accept))
            _refuse_problems(plan)
            return InstallReport(plan, None, 0, (), (), None, time.monotonic() - started)
        commit = Commit()
        files_run = await _run_and_commit(
            server, commit, operator_label, progress, roles=roles, accept=accept, agreed=agreed
        )
        plan = files_run.plan
        changes = Changes(plan.present, plan.missing, plan.different) if commit.sent else None
        try:
            built = await server.run(_build_log_indexes) if plan.log_indexes else ()
            # Indexes built since are in no earlier reading of the catalogue, and one takes as long as the files.
            shape = None if plan.log_indexes else files_run.shape
            verification, notes = await server.run(lambda conn: _verify_installation(conn, shape))
        except ConnectionFailed as failure:
            if changes is None:
                raise
            # Not the failure itself: nobody is to think that all of it was lost.
            raise ConnectionLost(
                "The tables are set up; the connection broke while the log was indexed or the result was checked.",
                "Run `switchboard setup` again: it continues with what is missing.",
                details=failure.details,
            ) from None
        seconds = time.monotonic() - started
        statements, created = (files_run.statements, files_run.roles_created) if changes else (0, ())
        return InstallReport(plan, changes, statements, created, built, verification, seconds, notes)


def _refuse_problems(plan: Plan) -> None:
    if problems := plan.facts.problems:
        sentences = "\n".join(problem.sentence for problem in problems)
        raise problems[0].error(problems[0].sentence, problems[0].what_to_do, details=sentences)


async def _run_and_commit(
    server: Server,
    commit: Commit,
    operator_label: str,
    progress: Callable[[Progress], None] | None,
    *,
    roles: bool,
    accept: Sequence[str],
    agreed: Sequence[CatalogueEntry] | None,
) -> FilesRun:
    """Run the files in one transaction, which is rolled back where they changed nothing and nothing is accepted."""
    runs: list[FilesRun] = []

    async def transaction(conn: AsyncConnection[Any]) -> None:
        await begin(conn, LIMITS)
        try:
            await execute(conn, _CLAIM, {"operator": operator_label, "operation": str(uuid4())})
            files_run = await run_and_plan(conn, roles=roles, accept=accept, progress=progress)
            plan = files_run.plan
            _refuse_problems(plan)
            if files_run.failure is not None:
                raise files_run.failure
            if agreed is not None:
                plan = replace(plan, accepts=tuple(entry for entry in plan.accepts if entry in agreed))
            runs.append(replace(files_run, plan=plan))
            if not (plan.missing or plan.different or plan.accepts):
                await execute(conn, "rollback")
                return
            await _record(conn, runs[-1], operator_label)
            await commit.note(conn)
        except BaseException:
            with contextlib.suppress(psycopg.Error):
                await execute(conn, "rollback")
            raise
        await commit.send(conn, server.connect)

    try:
        await server.run(lambda conn: with_retries(conn, lambda: transaction(conn)), commit=commit)
    except ConnectionFailed as failure:
        if not commit.sent:
            raise
        if not await _was_made(server, commit):
            raise ConnectionLost(
                "The connection broke while setting up; nothing was changed.",
                "Run it again once the connection is back.",
                details=failure.details,
            ) from None
    except asyncio.CancelledError:
        if commit.sent:
            await commit.ask_after_interruption(server.connect)
        raise
    return runs[-1]


async def _was_made(server: Server, commit: Commit) -> bool:
    try:
        return await commit.was_committed(server.connect, server.liveness)
    except CommitInDoubt:
        raise CommitInDoubt(
            "The connection broke while setting up, and the server could not be asked whether it was done.",
            "Run `switchboard setup --dry-run` once the connection is back: it says what is there.",
        ) from None


async def _record(conn: AsyncConnection[Any], files_run: FilesRun, operator_label: str) -> None:
    """Write down, in the transaction of the files, what is accepted, which files were run, and what they did."""
    plan = files_run.plan
    for entry in plan.accepts:
        await execute(conn, _ACCEPT, {"object": object_of(entry), "definition": definition_of(entry)})
    for file in schema_files():
        await execute(conn, _RECORD_FILE, {"file": file.name, "sha256": file.sha256, "operator": operator_label})
    details = {
        "starting_shape": plan.starting_shape.value,
        "made": len(plan.missing),
        "changed": len(plan.different),
        "schema_number": schema_files()[-1].number,
        "roles_created": list(files_run.roles_created),
    }
    await execute(conn, _LOG, {"details": json.dumps(details)})


async def _verify_installation(
    conn: AsyncConnection[Any], shape: frozenset[CatalogueEntry] | None
) -> tuple[Verification, tuple[tuple[str, str], ...]]:
    """What a verification finds, and what people and organisations do not come from although it is there."""
    async with pinned_transaction(conn, LIMITS):
        verification = await verify(conn, shape)
        sources = [Source(*row) for row in await fetch_rows(conn, DIRECTORY_SOURCES)]
    return verification, tuple(source.note for source in sources if source.note is not None)


async def _build_log_indexes(conn: AsyncConnection[Any]) -> tuple[str, ...]:
    """Build what is missing while others write; return the names.

    With 10,000,000 rows a plain create index keeps writers waiting for 5.5 s, a concurrent one for 95 ms at most.

    An index of the log that was left invalid is dropped and built again; a name that something else has gets a number.
    """
    locked = False
    try:
        # A build cannot run in a transaction, so these are the session's until they are reset below.
        await execute(conn, "set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0")
        # Waiting inside pg_advisory_lock would hold a snapshot, which the build of another one waits for.
        while not locked:
            ((locked,),) = await fetch_rows(conn, "select pg_try_advisory_lock(%(key)s)", {"key": LOCK_KEY})
            await asyncio.sleep(0 if locked else 0.2)
        async with pinned_transaction(conn, LIMITS):
            missing = await fetch_rows(conn, "select name, definition from switchboard.missing_log_indexes()")
        built = []
        for standard_name, definition in missing:
            name, place = standard_name, 1
            while holders := await fetch_rows(conn, _NAME_HOLDER, {"name": name}):
                if holders[0][0]:
                    await execute(conn, f"drop index concurrently if exists public.{name}")
                else:
                    place += 1
                    name = f"{standard_name}_{place}"
            built.append(name)
            await execute(conn, f"create index concurrently {name} on public.integration_audit_logs {definition}")
    finally:
        if locked:
            await execute(conn, "select pg_advisory_unlock(%(key)s)", {"key": LOCK_KEY})
        # Through a session pooler the next program gets this session.
        await execute(conn, "reset statement_timeout; reset lock_timeout; reset idle_session_timeout")
    return tuple(built)
