"""Exporting the audit log: announced in it before it starts, streamed from one snapshot, accounted for at its end."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from psycopg import AsyncClientCursor, pq
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many
from psycopg.waiting import Wait

from tui import __version__
from tui.data.audit.archived import archived_before
from tui.data.audit.counts import Count, count_rows
from tui.data.audit.export.file import StreamBroken
from tui.data.audit.export.format import FORMATS, NOTHING_TOLD, moment_of
from tui.data.audit.export.summary import Summaries
from tui.data.audit.qualifiers import EVERY
from tui.data.audit.where import Where, where
from tui.data.log_act import NO_ORGANIZATION, log_act
from tui.data.seals.proofs.checkpoints import SealEvidence, read_seal_evidence
from tui.errors import ConnectionFailed, ExportFailed, PermissionDenied, SwitchboardError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from psycopg import AsyncCopy
    from psycopg.abc import PQGen

    from tui.data.audit.export.file import Destination
    from tui.data.audit.export.format import Format, FormatName
    from tui.data.audit.filter import AuditFilter
    from tui.data.postgres.database import Connection, Database
    from tui.models.people import Login

# For each of the two statements: 10,000,000 rows take minutes, over a slow line hours.
STATEMENT_TIMEOUT_MS = 6 * 3_600_000
# The server goes on meanwhile only as far as its socket takes it, 200 KB by default on Linux.
BLOCK_BYTES = 64 * 1024
REPORTED_EVERY_S = 1.0
LAST_ROW_WITHIN_S = 5.0
# Whoever presses ctrl+c has control back within three seconds, one of which is for cancelling on the server.
LAST_ROW_OF_CANCELLED_WITHIN_S = 1.5

CLOCK = "select clock_timestamp() as now"
TIMED = ("l.created_at is not null", "l.created_at desc, l.id desc")
# In a statement of their own, since no index serves "nulls last".
TIMELESS = ("l.created_at is null", "l.id desc")


@dataclass(slots=True)
class Progress:
    """How far an export has come in `seconds`, `size` in bytes; `expected` was counted or estimated before it began."""

    expected: Count
    rows: int = 0
    seconds: float = 0.0
    size: int = 0
    newest: bytes | None = None
    oldest: bytes | None = None
    finished_at: datetime | None = None
    digest: Any = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class ExportResult:
    """An export that has come to its end, of `size` bytes; `manifest` is ready for JSON."""

    rows: int
    size: int
    sha256: str
    manifest: dict[str, Any]


async def export_audit_log(
    database: Database,
    audit_filter: AuditFilter,
    form: FormatName,
    destination: Destination,
    *,
    title_of: Callable[[str], str] = str,
    on_progress: Callable[[Progress], None] | None = None,
    progress_every_s: float = 0.0,
) -> ExportResult:
    """Write the rows of a resolved filter to a destination, newest first, those without a time last.

    Commits a pending row log_exported with the filter first, and exports nothing where that fails. All rows come from
    one snapshot taken after it; that row itself is left out. A second row of the same operation says how the export
    ended, also when it was cancelled; without one, it was killed or the server was out of reach. Works in read-only
    mode. Memory does not grow with the number of rows. `title_of` says what summaries call a type. Calls `on_progress`
    after each block and every second, but not more often than `progress_every_s`.

    Raises InvalidInput and ExportFailed of the destination, PermissionDenied, ExportFailed where the connection broke,
    and OSError where a stream takes no more.
    """
    act = _ExportRecord(database, audit_filter, form, destination.name)
    destination.prepare()
    try:
        started_at = await act.announce()
        evidence, before = await _read_evidence(database), await archived_before(database, audit_filter)
        progress = Progress(await count_rows(database, audit_filter))
        await _write_rows(
            database,
            where(audit_filter).also("l.id is distinct from %(own_row)s", own_row=act.row_id),
            audit_filter.bounds_time,
            FORMATS[form],
            Summaries(database, title_of),
            destination,
            progress,
            _reporter(progress, on_progress, progress_every_s),
        )
        manifest = act.manifest(progress, started_at, evidence, before)
        destination.publish(manifest)
    except BaseException as failure:
        destination.discard()
        await act.fail(failure)
        if isinstance(failure, StreamBroken):
            raise failure.error from None
        raise
    await act.succeed(manifest)
    return ExportResult(progress.rows, progress.size, manifest["sha256"], manifest)


class _ExportRecord:
    """The rows of the log about one export, and its manifest."""

    def __init__(self, database: Database, audit_filter: AuditFilter, form: FormatName, output: str) -> None:
        self._database = database
        self._form = form
        self._operation = uuid4()
        self.row_id: UUID | None = None
        self._organizations = organizations_of(audit_filter, database.login)
        self._asked = {"filter": audit_filter.canonical(), "typed": audit_filter.text}
        self._details = {**self._asked, "format": form, "output": output}

    async def announce(self) -> datetime:
        """Commit the row that comes before everything; return when it was written."""

        async def unit(connection: Connection) -> tuple[UUID, datetime]:
            row_id = await self._log(connection, "pending", {})
            now: datetime = (await (await connection.execute(CLOCK)).fetchone() or {})["now"]
            return row_id, now

        self.row_id, now = await self._database.write(unit, operation_id=self._operation, log_only=True)
        return now

    async def succeed(self, manifest: dict[str, Any]) -> None:
        """Add the row of an export that is complete. Raises ExportFailed, which says that it is."""
        names = ("rows", "bytes", "sha256", "first", "last")
        try:
            await self._end("success", {name: manifest[name] for name in names})
        except SwitchboardError as failure:
            raise failure.rephrased(
                ExportFailed,
                "The export is complete, but its end could not be written to the log, where it stays pending.",
            ) from None

    async def fail(self, failure: BaseException) -> None:
        """Add the row of an export that broke off, where the server can still be told."""
        if self.row_id is None or self._database.is_silent:
            return
        within = LAST_ROW_WITHIN_S
        reason = failure.sentence if isinstance(failure, SwitchboardError) else "the output took no more"
        if isinstance(failure, asyncio.CancelledError):
            reason, within = "cancelled", LAST_ROW_OF_CANCELLED_WITHIN_S
        last_row = asyncio.ensure_future(self._end("failed", {"error": reason}))
        ends = asyncio.get_running_loop().time() + within
        while not last_row.done() and (seconds_left := ends - asyncio.get_running_loop().time()) > 0:
            # A console that ends cancels more than once.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait({last_row}, timeout=seconds_left)
        last_row.cancel()
        with contextlib.suppress(SwitchboardError, asyncio.CancelledError):
            await last_row

    def manifest(
        self, progress: Progress, started_at: datetime, evidence: SealEvidence, before: datetime | None
    ) -> dict[str, Any]:
        """Return what somebody needs to check the export; times are the server's."""
        form, operator, info = FORMATS[self._form], self._database.operator, self._database.info
        return {
            "filter": self._asked["filter"],
            "filter_as_typed": self._asked["typed"],
            "organizations": self._organizations,
            "archived_before": before.isoformat() if before else None,
            "rows": progress.rows,
            "first": moment_of(progress.oldest, form) if progress.oldest else None,
            "last": moment_of(progress.newest, form) if progress.newest else None,
            "bytes": progress.size,
            "sha256": progress.digest.hexdigest(),
            "format": form.name,
            "altered": form.altered is not None,
            "how_altered": form.altered,
            "seals": evidence.as_record(),
            "exported_by": {
                "operator": operator.label,
                "operator_from": operator.origin.kind,
                "user_id": None if operator.user_id is None else str(operator.user_id),
                "role": info.role if info else None,
                "source_address": operator.source_address,
                "user_agent": operator.user_agent,
            },
            "database": info.database if info else None,
            "operation_id": str(self._operation),
            "started_at": started_at.isoformat(),
            "finished_at": progress.finished_at.isoformat() if progress.finished_at else None,
            "switchboard": __version__,
        }

    async def _end(self, status: str, details: dict[str, Any]) -> None:
        async def unit(connection: Connection) -> None:
            await self._log(connection, status, details)

        await self._database.write(unit, operation_id=self._operation, log_only=True)

    async def _log(self, connection: Connection, status: str, details: dict[str, Any]) -> UUID:
        only = self._organizations or []
        organization = UUID(only[0]) if len(only) == 1 else NO_ORGANIZATION
        about = {**self._details, "organizations": self._organizations, **details}
        return await log_act(connection, "log_exported", organization, "none", status=status, details=about)


def organizations_of(audit_filter: AuditFilter, login: Login | None) -> list[str] | None:
    """Return the ids of the organisations whose rows a resolved filter may have, None for all that there are."""
    positive = [term for term in audit_filter.terms if term.name == "org" and not term.negated]
    restricting = [term for term in positive if term.ids and EVERY not in term.values]
    sets = [{str(id_) for id_ in term.ids or ()} for term in restricting]
    if login is not None and login.organizations is not None:
        sets.append({str(id_) for id_ in login.organizations})
    return sorted(set.intersection(*sets)) if sets else None


async def _read_evidence(database: Database) -> SealEvidence:
    try:
        return await read_seal_evidence(database)
    except PermissionDenied:
        return SealEvidence(None, None, (), None)


async def _write_rows(
    database: Database,
    conditions: Where,
    bounds_time: bool,
    form: Format,
    summaries: Summaries,
    destination: Destination,
    progress: Progress,
    report: Callable[[], None],
) -> None:
    """Stream everything. Raises ExportFailed where the connection broke, or it took too long."""

    async def put(rows: list[bytes]) -> None:
        block = form.block(rows, await summaries.of(rows) if form.is_summarized else NOTHING_TOLD)
        database.note_traffic()
        await destination.write(block)
        _account(progress, block, len(rows))
        report()

    async def unit(connection: Connection) -> None:
        if form.header:
            await destination.write(form.header)
            _account(progress, form.header, 0)
        progress.newest, progress.oldest = await _copy_rows(connection, form, conditions, TIMED, put)
        if not bounds_time:
            await _copy_rows(connection, form, conditions, TIMELESS, put)
        row = await (await connection.execute(CLOCK)).fetchone()
        progress.finished_at = row["now"] if row else None

    work = database.read_at_length(unit, statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    try:
        await _await_reporting(work, report)
    except (ConnectionFailed, TimedOut) as failure:
        raise failure.rephrased(
            ExportFailed, f"The export stopped after {progress.rows:,} rows and is incomplete: {failure.sentence}"
        ) from None


def _account(progress: Progress, block: bytes, rows: int) -> None:
    progress.digest.update(block)
    progress.size += len(block)
    progress.rows += rows


async def _copy_rows(
    connection: Connection,
    form: Format,
    base: Where,
    section: tuple[str, str],
    put: Callable[[list[bytes]], Awaitable[None]],
) -> tuple[bytes | None, bytes | None]:
    """Pass the rows of one section on in blocks; return the first and the last of them as COPY sent them."""
    condition, order = section
    conditions = base.also(condition, **form.parameters)
    # COPY gives 183,000 rows a second, a named cursor 61,000, pages 52,000. It takes no parameters, so they become
    # literals here.
    statement = AsyncClientCursor(connection).mogrify(form.query(conditions.sql, order), conditions.parameters)
    ends: tuple[bytes | None, bytes | None] = (None, None)
    async with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
        # The server sends a message for each row: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY
        while rows := await connection.wait(next_rows(copy)):
            ends = ends[0] or rows[0], rows[-1]
            await put(rows)
    return ends


def next_rows(copy: AsyncCopy) -> PQGen[list[bytes]]:
    """Read rows up to BLOCK_BYTES, none at the end.

    From libpq itself: `AsyncCopy.read` takes two microseconds for each row, nearly half of what an export spends here.
    """
    server = copy.connection.pgconn
    rows: list[bytes] = []
    if server.transaction_status != pq.TransactionStatus.ACTIVE:
        return rows
    receive = server.get_copy_data
    size = 0
    while size < BLOCK_BYTES:
        length, row = receive(1)
        if not length:
            # What has come meanwhile, before a turn of the event loop, which takes as long as five rows.
            server.consume_input()
            length, row = receive(1)
        while not length:
            if (yield Wait.R):
                server.consume_input()
            length, row = receive(1)
        if length < 0:
            for result in (yield from fetch_many(server)):
                if result.status != pq.ExecStatus.COMMAND_OK:
                    raise error_from_result(result, encoding=copy.connection.info.encoding)
            break
        rows.append(bytes(row))
        size += length
    return rows


def _reporter(progress: Progress, on_progress: Callable[[Progress], None] | None, every_s: float) -> Callable[[], None]:
    begun = reported = time.monotonic()

    def report() -> None:
        nonlocal reported
        now = time.monotonic()
        if on_progress is not None and now - reported >= every_s:
            reported, progress.seconds = now, now - begun
            on_progress(progress)

    return report


async def _await_reporting(work: Awaitable[None], report: Callable[[], None]) -> None:
    """Await the work; report also while nothing comes, as when the server sorts all rows before the first."""
    task = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({task}, timeout=REPORTED_EVERY_S))[0]:
            report()
        task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
