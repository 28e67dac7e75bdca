"""Killed with -9 at every step of archiving and removing, no row is lost, and the next run goes on to the end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.support.commands import execute
from tests.support.database.archives import JANUARY, archive, check_with_files, remove, seal_acts, sealed_january
from tests.support.database.seal_tampering import HOURS, LOG
from tui.data.archive import folder as archive_folder
from tui.data.archive import remove as archive_remove
from tui.data.archive.hours_in_file import Lines
from tui.data.archive.lines import ID_IN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    Phase = Callable[[str, Path], Awaitable[object]]

ROWS = sum(HOURS.values())


class Steps:
    """Counts what a run asks of the server and of the disk, and kills the process at one of these steps."""

    def __init__(self, kill_at: int, *, after: bool) -> None:
        self.names: list[str] = []
        self._kill_at = kill_at
        self._after = after

    def _before(self, name: str) -> bool:
        self.names.append(name)
        is_last = len(self.names) == self._kill_at
        if is_last and not self._after:
            os.kill(os.getpid(), signal.SIGKILL)
        return is_last

    def watch(self) -> None:
        """Count from now on, in this process for good."""
        run = psycopg.AsyncConnection.execute

        async def counted(connection: Any, query: Any, *values: Any, **options: Any) -> Any:
            is_last = self._before(str(query)[:40])
            result = await run(connection, query, *values, **options)
            if is_last:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        psycopg.AsyncConnection.execute = counted  # type: ignore[method-assign]
        for name in ("fsync", "link", "unlink", "ftruncate"):
            setattr(os, name, partial(self._on_disk, name, getattr(os, name)))
        archive_folder.write_all = partial(self._on_disk, "write", archive_folder.write_all)

    def _on_disk(self, name: str, do: Callable[..., Any], *values: Any, **options: Any) -> Any:
        is_last = self._before(name)
        result = do(*values, **options)
        if is_last:
            os.kill(os.getpid(), signal.SIGKILL)
        return result


def in_a_child(phase: Phase, conninfo: str, folder: Path, kill_at: int, *, after: bool) -> int:
    """The child's exit status, negative where a signal ended it; else how many steps there were."""
    pid = os.fork()
    if pid == 0:
        try:
            # Each hour by itself.
            archive_remove.ROWS_PER_COMMIT = 1
            steps = Steps(kill_at, after=after)
            steps.watch()
            asyncio.run(phase(conninfo, folder))  # type: ignore[arg-type]
            os._exit(len(steps.names))
        finally:
            os._exit(255)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.fixture
def copies(installed_database: str, tmp_path: Path) -> Iterator[Callable[[str, Path], tuple[str, Path]]]:
    """What copies a database and a folder; the copies of one test are dropped at its end."""
    made = []

    def copy(conninfo: str, folder: Path) -> tuple[str, Path]:
        name = f"copy_{uuid4().hex}"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            origin = connection.info.dbname
        with psycopg.connect(make_conninfo(conninfo, dbname="postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name} template {origin}".encode())
        made.append(name)
        return make_conninfo(conninfo, dbname=name), shutil.copytree(folder, tmp_path / name)

    yield copy
    with psycopg.connect(make_conninfo(installed_database, dbname="postgres"), autocommit=True) as connection:
        for name in made:
            connection.execute(f"drop database {name} with (force)".encode())


def in_log(conninfo: str) -> set[str]:
    return {row for (row,) in execute(conninfo, f"select id::text from {LOG} where created_at < '2026-02-01'")}


def in_file(folder: Path) -> set[str]:
    """The rows of the file that has the name of the archive, if there is one."""
    file = folder / JANUARY.file
    rows: set[str] = set()
    place = 0
    if file.exists():
        with file.open("rb") as opened:
            while place < file.stat().st_size:
                lines = Lines(opened.fileno(), place)
                rows |= {found[1].decode() for part in lines for line in part if (found := ID_IN.search(line))}
                assert lines.end is not None
                place = lines.end
    return rows


def kill_and_go_on(
    phase: Phase, conninfo: str, folder: Path, copies: Callable[[str, Path], tuple[str, Path]], places: list[int] | None
) -> Counter[str]:
    """Kill a run at some of its steps (all: None), each on a copy, and then let it run to its end.

    Returns how often which part of the rows was where after a kill.
    """
    whole = in_log(conninfo)
    steps = in_a_child(phase, *copies(conninfo, folder), 0, after=False)
    assert 0 < steps < 255
    found: Counter[str] = Counter()
    for number in places or range(1, steps + 1):
        for after in (False, True):
            database, files = copies(conninfo, folder)
            kill_at = number if number > 0 else steps + number
            assert in_a_child(phase, database, files, kill_at, after=after) == -signal.SIGKILL, (kill_at, after)
            log, file = in_log(database), in_file(files)
            assert log | file == whole, (kill_at, after)
            found[f"{len(log)} in the log, {len(file)} in the file"] += 1
            asyncio.run(phase(database, files))  # type: ignore[arg-type]
            assert in_file(files) == whole, (kill_at, after)
            assert sorted(file.name for file in files.iterdir()) == [JANUARY.file, JANUARY.seals_file], (kill_at, after)
            report = asyncio.run(check_with_files(database, files))
            assert report.findings == [], (kill_at, after, report.findings)
    return found


def archived(conninfo: str, folder: Path) -> None:
    asyncio.run(archive(conninfo, folder))
    asyncio.run(seal_acts(conninfo))


def test_killed_while_it_archives_or_removes_nothing_is_lost(
    installed_database: str, tmp_path: Path, copies: Callable[[str, Path], tuple[str, Path]]
) -> None:
    """Around the last steps of both: giving the files their names, and the commits."""
    folder = tmp_path / "archive"
    folder.mkdir()
    asyncio.run(sealed_january(installed_database))
    kill_and_go_on(archive, installed_database, folder, copies, [-10, -7])
    archived(installed_database, folder)
    kill_and_go_on(remove, installed_database, folder, copies, [-4])


@pytest.mark.long
def test_killed_at_every_step_nothing_is_lost_and_it_goes_on(
    installed_database: str, tmp_path: Path, copies: Callable[[str, Path], tuple[str, Path]]
) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    asyncio.run(sealed_january(installed_database))
    while_archiving = kill_and_go_on(archive, installed_database, folder, copies, None)
    archived(installed_database, folder)
    while_removing = kill_and_go_on(remove, installed_database, folder, copies, None)
    print("archiving", while_archiving, "removing", while_removing, sep="\n")
    assert while_archiving.keys() == {f"{ROWS} in the log, {rows} in the file" for rows in (0, ROWS)}
    rest = [ROWS, ROWS - HOURS[8], ROWS - HOURS[8] - HOURS[9], 0]
    assert while_removing.keys() == {f"{rows} in the log, {ROWS} in the file" for rows in rest}
