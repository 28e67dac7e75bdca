"""`audit tail --position`: killed at any moment, it goes on without losing a row, and each comes under its own id."""

from __future__ import annotations

import fcntl
import json
import os
import random
import subprocess
import sys
import termios
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.acme import ACME
from tests.support.commands import PROGRAM, execute
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.commands import Shell
    from tests.support.terminal.forked_program import ForkedProcess

MANY = f"""insert into integration_audit_logs (organization_id, integration_type, action, status, details)
 select '{ACME}', 'exotel_phone', 'call_made', 'success', jsonb_build_object('n', n) from generate_series(1, %s) as n"""
LONGEST_S = 900
LINES = ("audit", "tail", "--format", "ocsf", "--position", "position")


class Writers:
    """Other programs that write until there are so many rows: in short transactions, in long ones, and in odd ones.

    The long ones get their time first, and commit, or do not, after others have committed many rows of later times.
    Nobody is further ahead of the reader than `ahead` rows.
    """

    def __init__(self, conninfo: str, rows: int, ahead: int) -> None:
        self._conninfo = conninfo
        self._rows = rows
        self._ahead = ahead
        self._committed = 0
        self._lock = threading.Lock()
        self.read = 0
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(3)]
        for thread in self._threads:
            thread.start()

    @property
    def are_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self._rows} {number}")
        try:
            with psycopg.connect(self._conninfo) as connection:
                while self._goes_on:
                    (self._write_short if number else self._write_late)(connection, chance)
        except BaseException as failure:
            self.failures.append(failure)

    @property
    def _goes_on(self) -> bool:
        return self._committed < self._rows and not self.failures

    def _end(self, connection: psycopg.Connection, rows: int, chance: random.Random) -> None:
        if chance.random() < 0.1:
            connection.rollback()
            return
        connection.commit()
        with self._lock:
            self._committed += rows

    def _write_short(self, connection: psycopg.Connection, chance: random.Random) -> None:
        wait_until(lambda: self._committed - self.read < self._ahead or not self._goes_on, LONGEST_S)
        rows = chance.randrange(1, 200)
        connection.execute(MANY, [rows])
        self._end(connection, rows, chance)

    def _write_late(self, connection: psycopg.Connection, chance: random.Random) -> None:
        """Begin, let others write, write, let others write, and end."""
        rows = chance.randrange(1, 20)
        connection.execute("select now()")
        self._let_others_write(chance)
        connection.execute("savepoint inner_one")
        connection.execute(MANY, [rows])
        connection.execute("release inner_one")
        self._let_others_write(chance)
        if chance.random() < 0.8:
            self._end(connection, rows, chance)
            return
        connection.execute("prepare transaction 'late'")
        connection.commit()
        self._let_others_write(chance)
        connection.autocommit = True
        connection.execute("commit prepared 'late'")
        connection.autocommit = False

    def _let_others_write(self, chance: random.Random) -> None:
        goal = self._committed + chance.randrange(1, self._ahead)
        wait_until(lambda: self._committed >= goal or not self._goes_on, LONGEST_S)


class Reader:
    """What somebody keeps of the tails that write to one file, one after the other: whole lines, and nothing else."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self.file = shell.folder / "events"
        self.file.touch()
        self._read = self.file.open("rb")
        self.ids: dict[str, int] = {}
        self.broken = 0

    def start(self) -> ForkedProcess:
        with self.file.open("ab") as out:
            return self._shell.start(*LINES, "org:*", stdout=out.fileno())

    def take_lines(self) -> None:
        while (line := self._read.readline()).endswith(b"\n"):
            try:
                uid = json.loads(line)["metadata"]["uid"]
            except ValueError:
                self.broken += 1
            else:
                self.ids[uid] = self.ids.get(uid, 0) + 1
        self._read.seek(-len(line), os.SEEK_CUR)


@pytest.mark.parametrize(
    ("rows", "kills"), [(3_000, 3), pytest.param(1_000_000, 60, marks=pytest.mark.long)], ids=["", "a million"]
)
def test_no_row_is_lost_by_kills_at_any_moment(acme_shell: Shell, rows: int, kills: int) -> None:
    database = acme_shell.environment["DATABASE_URL"]
    chance = random.Random(rows)
    reader = Reader(acme_shell)
    writers = Writers(database, rows, ahead=rows // 8)

    def size_read() -> int:
        size = reader.file.stat().st_size
        reader.take_lines()
        writers.read = len(reader.ids)
        return size

    for _ in range(kills):
        goal = size_read() + chance.randrange(1, 2_000 * rows // kills)
        process = reader.start()
        wait_until(lambda goal=goal: size_read() >= goal or writers.are_done, LONGEST_S)  # type: ignore[misc]
        process.kill()
        process.communicate()
    process = reader.start()
    try:
        wait_until(lambda: size_read() and writers.are_done, LONGEST_S)
        assert writers.failures == []
        written = {str(row_id) for (row_id,) in execute(database, "select id from integration_audit_logs")}
        wait_until(lambda: size_read() and written <= reader.ids.keys(), LONGEST_S)
    finally:
        process.kill()
        assert process.communicate()[1] == b""
    again = sum(reader.ids.values()) - len(reader.ids)
    print(f"{len(written):,} rows, {kills} kills, {again:,} came again, {reader.broken} half lines")
    assert reader.ids.keys() == written and len(written) >= rows


def test_the_position_stays_behind_what_nobody_has_taken_yet(acme_shell: Shell) -> None:
    written = {
        str(row_id) for (row_id,) in execute(acme_shell.environment["DATABASE_URL"], MANY + " returning id", 700)
    }
    # Nor behind what a file could not take, which is no crash (512 bytes a block).
    with (acme_shell.folder / "short").open("wb") as short:
        ended = subprocess.run(
            ["/bin/sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *PROGRAM, *LINES, "org:*"],
            check=False,
            stdout=short,
            stderr=subprocess.PIPE,
            cwd=acme_shell.folder,
            env=acme_shell.environment,
        )
    assert (ended.returncode, b"The output could not be written: File too large" in ended.stderr) == (1, True)
    assert b"crash" not in ended.stderr
    process = acme_shell.start(*LINES, "org:*")
    assert process.stdout is not None
    pipe = process.stdout.fileno()
    wait_until(lambda: fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)) >= (65_536).to_bytes(4, sys.byteorder))
    process.kill()
    taken = process.communicate()[0].rpartition(b"\n")[0].splitlines()
    reader = Reader(acme_shell)
    reader.ids = {json.loads(line)["metadata"]["uid"]: 1 for line in taken}
    assert len(reader.ids) < 100
    process = reader.start()
    try:
        wait_until(lambda: reader.take_lines() or written <= reader.ids.keys())
    finally:
        process.kill()
        process.communicate()


def test_a_file_that_is_no_position_of_this_filter_is_refused_and_left_alone(acme_shell: Shell) -> None:
    process = acme_shell.start(*LINES, "status:failed")
    wait_until((acme_shell.folder / "position").exists)
    process.terminate()
    assert process.communicate() == (b"", b"")
    kept = (acme_shell.folder / "position").read_bytes()
    (acme_shell.folder / "position.0123456789ab.tmp").touch()
    (acme_shell.folder / "position.of.mine.tmp").touch()
    refused = acme_shell.run(*LINES, "status:success").refusal(2)
    assert [file.name for file in acme_shell.folder.glob("*.tmp")] == ["position.of.mine.tmp"]
    assert "the position of another filter" in refused and "status:failed" in refused
    for content in (b"", b"[]", b'{"position": 1}', kept.replace(b'"xid": ', b'"xid": "x'), b'{"position": 2}'):
        (acme_shell.folder / "other").write_bytes(content)
        assert "is not the position of a tail" in acme_shell.run("audit", "tail", "--position", "other").refusal(2)
        assert (acme_shell.folder / "other").read_bytes() == content
    assert "cannot be read" in acme_shell.run("audit", "tail", "--position", ".").refusal(2)
    assert "cannot be opened" in acme_shell.run("audit", "tail", "--position", "no/file").refusal(2)
    assert "contradict" in acme_shell.run("audit", "tail", "--json", "-oocsf").refusal(2)
    assert (acme_shell.folder / "position").read_bytes() == kept
    assert (acme_shell.folder / "position").stat().st_mode & 0o777 == 0o600


def test_half_a_line_that_a_kill_left_is_ended_before_the_next_row(acme_shell: Shell) -> None:
    reader = Reader(acme_shell)
    first = str(execute(acme_shell.environment["DATABASE_URL"], MANY + " returning id", 1)[0][0])
    process = reader.start()
    wait_until(lambda: reader.take_lines() or first in reader.ids)
    process.kill()
    process.communicate()
    whole = reader.file.read_bytes()
    second = str(execute(acme_shell.environment["DATABASE_URL"], MANY + " returning id", 1)[0][0])
    reader.file.write_bytes(whole + b'{"class_uid"')
    process = reader.start()
    wait_until(lambda: reader.take_lines() or second in reader.ids)
    process.kill()
    process.communicate()
    assert reader.file.read_bytes().startswith(whole + b'{"class_uid"\n{')
    assert reader.broken == 1
